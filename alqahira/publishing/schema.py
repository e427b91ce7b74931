"""Schemas generated from the record's dataclass. Pure."""

from __future__ import annotations

import types
import typing
from dataclasses import Field, fields
from datetime import datetime
from typing import Any, get_args, get_origin, get_type_hints

from alqahira.article import SCHEMA_VERSION, Article
from alqahira.text.lexicon import TOPICS

# RFC 3339 in UTC, to the second: what `article.rfc3339` writes.
_TIMESTAMP = {"type": "string", "format": "date-time", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}
_JSON_TYPES: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    datetime: _TIMESTAMP,
    list[str]: {"type": "array", "items": {"type": "string"}},
}
# What the type alone does not say.
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
    "layout": {"enum": ["site", "page_data", "jsonld", "generic"]},
    "in_language": {"const": "ar"},
}


def base_type(annotation: Any) -> tuple[Any, bool]:
    """The type of a field without None, and whether None may stand there."""
    if get_origin(annotation) in (typing.Union, types.UnionType):
        (only,) = (arg for arg in get_args(annotation) if arg is not type(None))
        return only, True
    return annotation, False


def record_fields() -> list[tuple[Field[Any], Any, bool]]:
    """Each field of the record in order, with its type and whether it may be null."""
    hints = get_type_hints(Article)
    described = [(field, *base_type(hints[field.name])) for field in fields(Article)]
    return [(field, kind, can_be_none and not field.metadata.get("always")) for field, kind, can_be_none in described]


def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of one line of the corpus."""
    properties = {}
    for field, kind, nullable in record_fields():
        definition = dict(_JSON_TYPES[kind])
        if nullable:
            definition["type"] = [definition["type"], "null"]
        extras = dict(_JSON_EXTRAS.get(field.name, {}))
        if "items" in extras:
            extras["items"] = definition["items"] | extras["items"]
        properties[field.name] = {"description": field.metadata["doc"], **definition, **extras}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Article",
        "description": "One article of the alqahira corpus: one line of a part file.",
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
