"""The record's columns and JSON Schema, generated from its dataclass, and a check for breaking changes. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from types import NoneType
from typing import Any, NamedTuple, get_args, get_type_hints

from alqahira.article import SCHEMA_VERSION, Article
from alqahira.text.lexicon import TOPICS

# RFC 3339 in UTC, to the second: what `article.rfc3339` writes.
_TIMESTAMP = {"type": "string", "format": "date-time", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}
_JSON_TYPES: dict[object, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    datetime: _TIMESTAMP,
    list[str]: {"type": "array", "items": {"type": "string"}},
}
# Constraints beyond the type.
_JSON_EXTRAS: dict[str, dict[str, Any]] = {
    "schema_version": {"const": SCHEMA_VERSION},
    "article_id": {"pattern": r"^(\d+|u[0-9a-f]{16})$"},
    "revision": {"minimum": 1},
    "url": {"format": "uri"},
    "headline": {"minLength": 1},
    "article_body": {"minLength": 1},
    "word_count": {"minimum": 1},
    "content_hash": {"pattern": "^[0-9a-f]{64}$"},
    "date_published_source": {"enum": ["page_data", "jsonld", "meta", "visible", "sitemap", "listing", None]},
    "topics": {"items": {"enum": [*TOPICS]}, "uniqueItems": True},
    "countries": {"items": {"pattern": "^[A-Z]{2}$"}, "uniqueItems": True},
    "organizations": {"items": {"pattern": "^[a-z][a-z0-9_]*$"}, "uniqueItems": True},
    "layout": {"enum": ["site", "page_data", "jsonld", "generic"]},
    "in_language": {"const": "ar"},
    "published_day": {"pattern": r"^\d{4}-\d\d-\d\d$"},
    "position": {"minimum": 1},
}


class Column(NamedTuple):
    """A field of the record. `kind`: its type, without None."""

    name: str
    kind: object
    nullable: bool
    doc: str


def columns() -> list[Column]:
    """The fields of the record, in order."""
    listed = []
    for field in fields(Article):
        hint = get_type_hints(Article)[field.name]
        options = get_args(hint)
        is_optional = NoneType in options
        nullable = is_optional and not field.metadata.get("always")
        listed.append(Column(field.name, options[0] if is_optional else hint, nullable, field.metadata["doc"]))
    return listed


def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of one line of the corpus."""
    properties = {}
    for column in columns():
        definition = dict(_JSON_TYPES[column.kind])
        if column.nullable:
            definition["type"] = [definition["type"], "null"]
        extras = dict(_JSON_EXTRAS.get(column.name, {}))
        if "items" in extras:
            extras["items"] = definition["items"] | extras["items"]
        properties[column.name] = {"description": column.doc, **definition, **extras}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Article",
        "description": "One article of the alqahira corpus: one line of a part file.",
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


# --- compatibility ------------------------------------------------------------------------------


def breaking_changes(published: dict[str, Any], current: dict[str, Any]) -> list[str]:
    """The changes that would break a table loaded under the JSON Schema `published`, one line for each.

    Within one `schema_version` only a new nullable column at the end is allowed: older parts give null, or an empty
    list in an engine without null lists, and older tables lack it until they are altered. Another name, type, position
    or nullability of a column needs a new version. Descriptions, patterns and enumerations may change.
    """
    return list(_breaking(published["properties"], current["properties"]))


def _breaking(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    kept = [name for name in before if name in after]
    for name in before:
        if name not in after:
            yield f"{name} is gone"
        elif _type(before[name]) != _type(after[name]):
            yield f"{name} was {_type(before[name])} and is {_type(after[name])}"
    if kept != [name for name in after if name in before]:
        yield "the columns are in another order"
    for position, name in enumerate(after):
        if name not in before:
            if position < len(before):
                yield f"{name} is new and not at the end"
            if not _type(after[name]).endswith("or null"):
                yield f"{name} is new and may not be null, but is null in older parts"


def _type(definition: dict[str, Any]) -> str:
    """The column's type in a table, such as `timestamp or null`."""
    types = definition["type"]
    names = [types] if isinstance(types, str) else types
    kind = next(name for name in names if name != "null")
    if kind == "array":
        kind = f"list of {definition['items']['type']}"
    elif definition.get("format") == "date-time":
        kind = "timestamp"
    return f"{kind} or null" if "null" in names else kind
