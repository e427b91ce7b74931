"""JSON-LD: schema.org data in `script type="application/ld+json"`.

The standard library's JSON, read leniently, serves: extruct parses the page again for every syntax it knows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from alqahira.arabic import clean_text
from alqahira.dates import parse_date
from alqahira.sources import Found, Page
from alqahira.urls import image_url

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


def read(page: Page) -> Found | None:
    """What the page's first article object says; None where there is none."""
    for kind, _, text in page.scripts:
        if "ld+json" not in kind:
            continue
        for thing in _things(_loads(text)):
            types = thing.get("@type")
            if _ARTICLES.intersection(types if isinstance(types, list) else [str(types)]):
                return _article(thing, page)
    return None


def _loads(text: str) -> Any:
    try:
        # strict=False: real pages hold raw line ends inside strings.
        return json.loads(text.strip().removesuffix(";"), strict=False)
    except (ValueError, RecursionError):
        return None


def _things(data: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    if isinstance(data, list) and depth < 5:
        for entry in data[:100]:
            yield from _things(entry, depth + 1)
    elif isinstance(data, dict):
        yield data
        for key in ("@graph", "mainEntity"):
            yield from _things(data.get(key), depth + 1) if depth < 5 else ()


def _article(thing: dict[str, Any], page: Page) -> Found:
    body = thing.get("articleBody")
    return Found(
        headline=string(thing.get("headline")) or string(thing.get("name")),
        description=string(thing.get("description")),
        paragraphs=[line for raw in clean_text(body).split("\n") if (line := raw.strip())]
        if isinstance(body, str)
        else [],
        published=_date(thing.get("datePublished"), page),
        modified=_date(thing.get("dateModified"), page),
        image_url=_image(thing.get("image"), page),
        sections=strings(thing.get("articleSection")),
        keywords=strings(thing.get("keywords"), split=True),
    )


def string(value: Any) -> str | None:
    """Display text on one line, or None."""
    return (" ".join(clean_text(value).split()) or None) if isinstance(value, str) else None


def strings(value: Any, *, split: bool = False) -> list[str]:
    """A list of texts however it is given; `split`: one text may hold several, between commas."""
    found: list[str] = []
    for entry in value if isinstance(value, list) else [value]:
        text = string(entry.get("name") if isinstance(entry, dict) else entry)
        if text:
            found += [part.strip() for part in text.replace("،", ",").split(",")] if split else [text]
    return list(dict.fromkeys(filter(None, found)))


def _date(value: Any, page: Page) -> Any:
    return parse_date(value, now=page.now) if isinstance(value, str) else None


def _image(value: Any, page: Page) -> str | None:
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        value = value.get("url") or value.get("contentUrl")
    return image_url(value, base=page.url) if isinstance(value, str) else None
