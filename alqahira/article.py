"""The record of one article, and its line of JSON.

Names are those of schema.org's ``NewsArticle`` in snake_case; keys are in the order of the fields. Every schema (JSON
Schema, SQL, …) is made from this class, so a change here changes public behaviour and ``SCHEMA_VERSION``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, overload

from alqahira.text.lexicon import TOPICS

SCHEMA_VERSION = 2
_TO_THE_SECOND = len("2023-08-09T08:20:00")


@overload
def rfc3339(value: datetime) -> str: ...
@overload
def rfc3339(value: None) -> None: ...
def rfc3339(value: datetime | None) -> str | None:
    """``2023-08-09T08:20:00Z``: UTC, to the second. Scrapy's exporters call it for every timestamp."""
    if value is None:
        return None
    return value.astimezone(UTC).isoformat()[:_TO_THE_SECOND] + "Z"


def _field(doc: str, default: Any = None, **metadata: Any) -> Any:
    if default is list:
        return field(default_factory=list, metadata={"doc": doc, **metadata})
    return field(default=default, metadata={"doc": doc, **metadata})


def _timestamp(doc: str, *, always: bool = False) -> Any:
    """`always`: it is set in every published record, though not yet in an article just extracted."""
    return _field(doc, serializer=rfc3339, always=always)


@dataclass(kw_only=True)
class Article:
    """One article of the corpus. Unknown is None, lists may be empty, every field is always there."""

    schema_version: int = _field("Version of this record's shape.", SCHEMA_VERSION)
    article_id: str = _field(
        "The site's own number as text; without one, `u` and 16 hex digits of the canonical URL's SHA-256.", ""
    )
    revision: int = _field("1, then one more for each change that revision_reason names; readers keep the highest.", 1)
    url: str = _field(
        "Canonical: no fragment, no tracking parameters, percent-encoded UTF-8, the site's scheme and host.", ""
    )
    headline: str = _field("The headline as printed.", "")
    description: str | None = _field("Standfirst or meta description, unless it is the beginning of the body.")
    article_body: str = _field("Paragraphs as printed, joined by a blank line, without boilerplate.", "")
    credit_line: str | None = _field("The credit as printed: «القاهرة الإخبارية - وكالات».")
    authors: list[str] = _field("People named in the credit line.", list)
    agencies: list[str] = _field(
        "Codes of the news agencies named in the credit line: mena, reuters, afp, wires, …", list
    )
    date_published: datetime | None = _timestamp("When the article was published, UTC, to the second.")
    date_published_source: str | None = _field(
        "Source of date_published: page_data, jsonld, meta, visible, sitemap or listing."
    )
    date_modified: datetime | None = _timestamp("When the site says it last changed the article, UTC.")
    image_url: str | None = _field("The main image.")
    image_caption: str | None = _field("The main image's caption as printed.")
    article_sections: list[str] = _field("The site's own category names.", list)
    keywords: list[str] = _field("The site's tags.", list)
    topics: list[str] = _field(
        f"{', '.join(TOPICS)}: decided by the topic test, whichever spider found the article.", list
    )
    topic_terms: list[str] = _field("The terms that decided the topics.", list)
    in_language: str = _field("BCP 47 language tag.", "ar")
    word_count: int = _field("Words of article_body, split at white space.", 0)
    content_hash: str = _field("SHA-256 (hex) of the folded headline and body.", "")
    duplicate_of: str | None = _field("article_id of the earlier near-duplicate, if any.")
    layout: str = _field("Which extractor gave the body: site, page_data, jsonld or generic.", "")
    discovered_on: str | None = _field("The listing, sitemap or feed that led to the page.")
    date_first_seen: datetime | None = _timestamp("When a run first accepted this article, UTC.", always=True)
    date_crawled: datetime | None = _timestamp("When the page that gave this revision was fetched, UTC.", always=True)
    run_id: str = _field("The run that fetched this revision, or found its page gone.", "")
    revision_reason: str | None = _field(
        "Why there is this revision: text (headline or body), metadata (date, topics, tags, caption, image), removed "
        "or returned; null in the first."
    )
    date_removed: datetime | None = _timestamp("When the article was found to be gone from the site, UTC.")
    published_day: str | None = _field("Cairo's day of date_published, YYYY-MM-DD; the day of the line's folder.")
    position: int | None = _field(
        "The line's place in the order of publication, from 1, for loads of what is new; null in a feed and in lines of older parts."
    )
    # May be null, as lines of older parts lack them; lines of today have lists.
    countries: list[str] | None = _field(
        "ISO 3166-1 alpha-2 codes of the states that the article is about, most prominent first; XK is Kosovo.", list
    )
    organizations: list[str] | None = _field(
        "Codes of the organizations, armies and movements that it is about (docs/entities.md), most prominent first.",
        list,
    )
    mentions: list[str] | None = _field(
        "The words that gave each code of countries and organizations, as printed: IQ:العراقية.", list
    )


# --- one line of JSON ---------------------------------------------------------------------------
# All lines of parts and feeds are made here, so that they are equal byte for byte.

_NAMES = tuple(f.name for f in fields(Article))
_TIMESTAMPS = frozenset(f.name for f in fields(Article) if f.metadata.get("serializer") is rfc3339)
# Legal in JSON, but readers that split at Unicode's line ends would break the line there.
_LINE_SEPARATORS = {"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def to_record(article: Article) -> dict[str, Any]:
    """The article in JSON's types, keys in the order of the fields."""
    record = {name: getattr(article, name) for name in _NAMES}
    for name in _TIMESTAMPS:
        record[name] = rfc3339(record[name])
    return record


def to_json_line(record: dict[str, Any]) -> str:
    """One line of JSON without its line end. Only U+0085, U+2028 and U+2029 are escaped beyond what JSON requires."""
    line = json.dumps(record, ensure_ascii=False)
    for separator, escaped in _LINE_SEPARATORS.items():
        line = line.replace(separator, escaped)
    return line


def with_position(line: str, position: int | None) -> str:
    """A line of JSON with its position, which was null. No text looks like the key, as JSON escapes quotes."""
    return line if position is None else line.replace('"position": null', f'"position": {position}', 1)


def from_record(record: dict[str, Any]) -> Article:
    """The article of a record made by `to_record`. Raises TypeError for unknown keys; missing ones take the default."""
    values = dict(record)
    for name in _TIMESTAMPS:
        if isinstance(values.get(name), str):
            values[name] = datetime.fromisoformat(values[name])
    return Article(**values)
