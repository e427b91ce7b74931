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
    documents_of_script,
    image,
    moment,
    objects,
    plain,
    site_credit,
    string,
    strings,
)
from alqahira.extraction.urls import article_number, resolve
from alqahira.text.normalization import fold_text

# schema.org: Article and its subtypes, in lower case.
_ARTICLES = frozenset([
    "advertisercontentarticle", "analysisnewsarticle", "article", "askpublicnewsarticle", "backgroundnewsarticle",
    "blogposting", "liveblogposting", "newsarticle", "opinionnewsarticle", "report", "reportagenewsarticle",
    "reviewnewsarticle", "satiricalarticle", "scholarlyarticle", "socialmediaposting", "techarticle",
])  # fmt: skip
# A story under another headline shares a long word with it; a heading of fewer words may be the site's or a section's.
_LONG_WORD, _WORDS_OF_A_HEADLINE = 4, 4
_ALIASES = {"type": "@type", "id": "@id"}  # by schema.org's context
# Names that are read, by their lower case.
_NAMES = {
    name.lower(): name
    for name in (
        "@graph", "@id", "@type", "articleBody", "articleSection", "author", "dateCreated", "dateModified",
        "datePublished", "description", "headline", "image", "keywords", "mainEntityOfPage", "name", "url",
    )
}  # fmt: skip
_READ, _OTHERS = frozenset(_NAMES.values()), _NAMES.keys() | _ALIASES.keys()
_PAGES = frozenset({"itempage", "webpage"})
_PREFIX = re.compile(r"\A.*[/:#]", re.DOTALL)
_MOST_ARTICLES = 10_000  # on a page, which has one or a few


def read(page: Document) -> ExtractedFields | None:
    """The fields of this page's article object; None if it has none but of other pages. Raises TooLarge."""
    data = [documents_of_script(text) for kind, _, text in page.scripts if "ld+json" in kind]
    things = [(_types(thing), thing) for thing in map(_named, objects(data))]
    articles = [thing for types, thing in things if types & _ARTICLES]
    if len(articles) > _MOST_ARTICLES:
        raise TooLarge(f"more than {_MOST_ARTICLES} articles of JSON-LD")
    ranked = [(rank, thing) for thing in articles if (rank := _rank(thing, page)) is not None]
    # Of two objects for one story, by a theme and a plugin, that with the time says more.
    best = max(ranked, key=lambda pair: (pair[0], ":" in str(pair[1].get("datePublished"))), default=None)
    if best is None:
        return None
    fields = _article(best[1], page)
    if fields.published is None:  # the page of the story may have it
        pages = (thing for types, thing in things if types & _PAGES and _rank(thing, page) is not None)
        dates = (moment(thing.get("datePublished"), page.now) for thing in pages)
        fields.published = next(filter(None, dates), None)
    return fields


def _named(thing: dict[str, Any]) -> dict[str, Any]:
    """The object with schema.org's names alone, without their address or prefix, and as schema.org writes them."""
    if all(name in _READ or (name.isalpha() and name.lower() not in _OTHERS) for name in thing):
        return thing
    bare = ((_PREFIX.sub("", name).strip(), value) for name, value in thing.items())
    return {_NAMES.get(name.lower(), _ALIASES.get(name, name)): value for name, value in bare}


def _types(thing: dict[str, Any]) -> set[str]:
    """The object's schema.org types in lower case, without the address or prefix in front."""
    value = thing.get("@type")
    names = [
        name.get("@id") if isinstance(name, dict) else name for name in (value if isinstance(value, list) else [value])
    ]
    return {_PREFIX.sub("", name.rstrip("/ ")).lower() for name in names if isinstance(name, str)}


def _rank(thing: dict[str, Any], page: Document) -> int | None:
    """2 for an object with this page's address, 1 with its headline, 0 with neither; None for another page's."""
    addresses = [text for name in ("url", "@id", "mainEntityOfPage") for text in _addresses(thing.get(name))]
    # Without a slash it is a name inside the data, not an address.
    resolved = (resolve(address, base=page.base) for address in addresses if "/" in address)
    numbers = {number for address in resolved if address and (number := article_number(address))}
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


def _article(thing: dict[str, Any], page: Document) -> ExtractedFields:
    body = plain(thing.get("articleBody"))
    return ExtractedFields(
        headline=string(thing.get("headline")) or string(thing.get("name")),
        description=string(thing.get("description")),
        paragraphs=paragraphs_of(body) if isinstance(body, str) else [],
        credit_line=_credit(thing.get("author")),
        authors=strings(thing.get("author")),
        published=moment(thing.get("datePublished"), page.now) or moment(thing.get("dateCreated"), page.now),
        modified=moment(thing.get("dateModified"), page.now),
        image_url=image(thing.get("image"), page.base),
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
