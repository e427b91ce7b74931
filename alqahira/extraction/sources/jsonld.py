"""JSON-LD: schema.org data in `script type="application/ld+json"`.

The standard library's JSON, read leniently, serves: extruct parses the page again for every syntax it knows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from alqahira import site
from alqahira.extraction.sources import Document, ExtractedFields
from alqahira.extraction.sources.blocks import paragraphs_of
from alqahira.extraction.urls import article_number, image_url
from alqahira.text.dates import parse_date
from alqahira.text.normalization import clean_line, fold_text

# schema.org: Article and what is more special, as far as news sites use it.
_ARTICLES = frozenset(
    [
        "Article",
        "NewsArticle",
        "ReportageNewsArticle",
        "AnalysisNewsArticle",
        "BackgroundNewsArticle",
        "OpinionNewsArticle",
        "BlogPosting",
        "LiveBlogPosting",
        "Report",
    ]
)


def read(page: Document) -> ExtractedFields | None:
    """What the article object of this page says; None where there is none, or where all are of other pages."""
    articles = [
        thing
        for kind, _, text in page.scripts
        if "ld+json" in kind
        for data in _loads(text)
        for thing in _things(data)
        if _types(thing) & _ARTICLES
    ]
    ranked = [(rank, thing) for thing in articles if (rank := _rank(thing, page)) is not None]
    return _article(max(ranked, key=lambda pair: pair[0])[1], page) if ranked else None


def _types(thing: dict[str, Any]) -> set[str]:
    """schema.org names, also where they are written as addresses or with a prefix."""
    said = thing.get("@type")
    names = said if isinstance(said, list) else [said]
    return {re.split("[/:#]", name)[-1] for name in names if isinstance(name, str)}


def _rank(thing: dict[str, Any], page: Document) -> int | None:
    """How surely an object is of this page: by its address, else by the headline; None where it is of another."""
    number, numbers = article_number(page.url), set()
    for name in ("url", "@id", "mainEntityOfPage"):
        value = thing.get(name)
        address = value.get("@id") if isinstance(value, dict) else value
        if isinstance(address, str) and (found := article_number(address)):
            numbers.add(found)
    if number and numbers:
        return 2 if number in numbers else None
    return int(fold_text(string(thing.get("headline")) or "") in page.headings)


# What may stand before the data: space, and the beginning of a CDATA section or a comment.
_BEFORE = re.compile(r"\s*(?:(?://|/\*)?\s*(?:<!\[CDATA\[|<!--)\s*(?:\*/)?\s*)?")
_SPACE = re.compile(r"\s*")
# strict=False: real pages hold raw line ends inside strings.
_DECODER = json.JSONDecoder(strict=False)
# A page has one or two.
_MOST_DOCUMENTS = 20


def _loads(text: str) -> list[Any]:
    """The documents of a script; [] where it is no JSON."""
    found: list[Any] = []
    at = _BEFORE.match(text).end()  # type: ignore[union-attr]
    with suppress(ValueError, RecursionError):
        while len(found) < _MOST_DOCUMENTS and text.startswith(("[", "{"), at):
            data, end = _DECODER.raw_decode(text, at)
            found.append(data)
            at = _SPACE.match(text, end).end()  # type: ignore[union-attr]
    return found


def _things(data: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    if isinstance(data, list) and depth < 5:
        for entry in data[:100]:
            yield from _things(entry, depth + 1)
    elif isinstance(data, dict):
        yield data
        for key in ("@graph", "mainEntity"):
            yield from _things(data.get(key), depth + 1) if depth < 5 else ()


def _article(thing: dict[str, Any], page: Document) -> ExtractedFields:
    body = thing.get("articleBody")
    return ExtractedFields(
        headline=string(thing.get("headline")) or string(thing.get("name")),
        description=string(thing.get("description")),
        paragraphs=paragraphs_of(body) if isinstance(body, str) else [],
        credit_line=_credit(thing.get("author")),
        published=_date(thing.get("datePublished"), page),
        modified=_date(thing.get("dateModified"), page),
        image_url=_image(thing.get("image"), page),
        sections=strings(thing.get("articleSection")),
        keywords=strings(thing.get("keywords"), split=True),
    )


def _credit(value: Any) -> str | None:
    """The credit of an author whose address is the site itself: so the site names its writers."""
    author = value[0] if isinstance(value, list) and value else value
    if not isinstance(author, dict) or author.get("@type") != "Person":
        return None
    address = author.get("url")
    return site_credit(string(author.get("name"))) if address in (site.ROOT.value, f"{site.ROOT.value}/") else None


def site_credit(writer: str | None) -> str | None:
    """The credit line that the site prints for a writer: «القاهرة الإخبارية - متابعات»."""
    return f"{site.NAME.value} - {writer}" if writer else None


def string(value: Any) -> str | None:
    """Display text on one line, or None."""
    return (clean_line(value) or None) if isinstance(value, str) else None


def strings(value: Any, *, split: bool = False) -> list[str]:
    """A list of texts however it is given; `split`: one text may hold several, between commas."""
    found: list[str] = []
    for entry in value if isinstance(value, list) else [value]:
        text = string(entry.get("name") if isinstance(entry, dict) else entry)
        if text:
            found += [part.strip() for part in text.replace("،", ",").split(",")] if split else [text]
    return list(dict.fromkeys(filter(None, found)))


def _date(value: Any, page: Document) -> Any:
    return parse_date(value, now=page.now) if isinstance(value, str) else None


def _image(value: Any, page: Document) -> str | None:
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        value = value.get("url") or value.get("contentUrl")
    return image_url(value, base=page.url) if isinstance(value, str) else None
