"""An article as a plain record, as one line of JSON, and back.

Every line this project writes, in parts and in feeds alike, is made here, so that a byte never
depends on who wrote it.
"""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime
from typing import Any

from alqahira.article import Article, rfc3339

_NAMES = tuple(f.name for f in fields(Article))
_TIMESTAMPS = frozenset(f.name for f in fields(Article) if f.metadata.get("serializer") is rfc3339)
# Legal in JSON, yet readers that split at Unicode's line ends would cut a line there.
_LINE_SEPARATORS = {"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"}
# What json.dumps would make anew for every line.
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(", ", ": "))


def to_record(article: Article) -> dict[str, Any]:
    """The article as JSON types, keys in the dataclass' order."""
    record = {name: getattr(article, name) for name in _NAMES}
    for name in _TIMESTAMPS:
        record[name] = rfc3339(record[name])
    return record


def to_json_line(record: dict[str, Any]) -> str:
    """One line of JSON without its line end: UTF-8 text, not ASCII-escaped, U+0085, U+2028 and U+2029 escaped."""
    line = _ENCODER.encode(record)
    for separator, escaped in _LINE_SEPARATORS.items():
        line = line.replace(separator, escaped)
    return line


def from_record(record: dict[str, Any]) -> Article:
    """The article that `to_record` gave. Unknown keys are an error (TypeError), absent ones take the default."""
    values = dict(record)
    for name in _TIMESTAMPS:
        if isinstance(values.get(name), str):
            values[name] = datetime.fromisoformat(values[name])
    return Article(**values)
