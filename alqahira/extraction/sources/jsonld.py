"""JSON-LD: schema.org data in `script type="application/ld+json"`.

The standard library's JSON, read leniently, serves: extruct parses the page again for every syntax it knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

from alqahira import site
from alqahira.extraction.sources import Document, ExtractedFields, TooLarge
from alqahira.extraction.sources.blocks import paragraphs_of
from alqahira.extraction.sources.values import (
    MOST_OBJECTS,
    documents_of_script,
    image,
    moment,
    plain,
    site_credit,
    string,
    strings,
)
from alqahira.extraction.urls import article_number
from alqahira.text.normalization import fold_text

# schema.org: Article and those of its subtypes that news sites use.
_ARTICLES = frozenset([
    "Article", "NewsArticle", "ReportageNewsArticle", "AnalysisNewsArticle", "BackgroundNewsArticle",
    "OpinionNewsArticle", "BlogPosting", "LiveBlogPosting", "Report",
])  # fmt: skip
# A story under another headline shares a long word with it; a heading of fewer words may be the site's or a section's.
_LONG_WORD, _WORDS_OF_A_HEADLINE = 4, 4
# Where a page or site holds its article.
_NESTED = ("@graph", "mainEntity", "mainEntityOfPage", "hasPart", "subjectOf", "itemListElement", "item")


def read(page: Document) -> ExtractedFields | None:
    """The fields of this page's article object; None if it has none but of other pages. Raises TooLarge."""
    things = (
        thing
        for kind, _, text in page.scripts
        if "ld+json" in kind
        for data in documents_of_script(text)
        for thing in _things(data)
    )
    articles = []
    for number, thing in enumerate(things):
        if number == MOST_OBJECTS:
            raise TooLarge(f"more than {MOST_OBJECTS} objects of JSON-LD")
        if _types(thing) & _ARTICLES:
            articles.append(thing)
    ranked = [(rank, thing) for thing in articles if (rank := _rank(thing, page)) is not None]
    return _article(max(ranked, key=lambda pair: pair[0])[1], page) if ranked else None


def _types(thing: dict[str, Any]) -> set[str]:
    """The object's schema.org types, without the address or prefix in front."""
    value = thing.get("@type")
    names = value if isinstance(value, list) else [value]
    return {re.split("[/:#]", name)[-1] for name in names if isinstance(name, str)}


def _rank(thing: dict[str, Any], page: Document) -> int | None:
    """2 for an object with this page's address, 1 with its headline, 0 with neither; None for another page's."""
    addresses = [text for name in ("url", "@id", "mainEntityOfPage") for text in _addresses(thing.get(name))]
    numbers = {number for address in addresses if (number := article_number(address))}
    if numbers and (number := article_number(page.url)):
        return 2 if number in numbers else None
    headline = fold_text(string(thing.get("headline")) or string(thing.get("name")) or "")
    if headline in page.headings:
        return 1
    headings = [words for heading in page.headings if len(words := heading.split()) >= _WORDS_OF_A_HEADLINE]
    named = {word for word in headline.split() if len(word) >= _LONG_WORD}
    return None if named and headings and named.isdisjoint(chain(*headings)) else 0


def _addresses(value: Any) -> Iterator[str]:
    """The addresses in a text, an object with `@id` or `url`, or a list of either."""
    for entry in value if isinstance(value, list) else [value]:
        names = [entry.get("@id"), entry.get("url")] if isinstance(entry, dict) else [entry]
        yield from (name for name in names if isinstance(name, str))


def _things(data: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    if isinstance(data, list) and depth < 5:
        for entry in data:
            yield from _things(entry, depth + 1)
    elif isinstance(data, dict):
        yield data
        for key in _NESTED:
            if key in data and depth < 5:
                yield from _things(data[key], depth + 1)


def _article(thing: dict[str, Any], page: Document) -> ExtractedFields:
    body = plain(thing.get("articleBody"))
    return ExtractedFields(
        headline=string(thing.get("headline")) or string(thing.get("name")),
        description=string(thing.get("description")),
        paragraphs=paragraphs_of(body) if isinstance(body, str) else [],
        credit_line=_credit(thing.get("author")),
        authors=strings(thing.get("author")),
        published=moment(thing.get("datePublished"), page.now),
        modified=moment(thing.get("dateModified"), page.now),
        image_url=image(thing.get("image"), page.url),
        sections=strings(thing.get("articleSection")),
        keywords=strings(thing.get("keywords"), split=True),
    )


def _credit(value: Any) -> str | None:
    """The credit of an author whose `url` is the site itself, as the site marks its writers."""
    author = value[0] if isinstance(value, list) and value else value
    if not isinstance(author, dict) or author.get("@type") != "Person":
        return None
    address = author.get("url")
    return site_credit(string(author.get("name"))) if address in (site.ROOT.value, f"{site.ROOT.value}/") else None
