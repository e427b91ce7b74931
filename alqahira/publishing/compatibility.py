"""Whether tables loaded under a published JSON Schema of the record still load under another. Pure.

Within one `schema_version`, one change is allowed: a nullable column that is no list, at the end. Older parts
lack its key and give null; tables made before it leave it out until they are altered; loads by position keep
theirs. Whatever else a column is, its name, type, place, or whether it may be null, needs a new version.
Descriptions, patterns and lists of values may change: a table holds text there either way.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def breaking_changes(published: dict[str, Any], current: dict[str, Any]) -> list[str]:
    """What would break a table loaded under `published`, a line each; empty where nothing would."""
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
                yield f"{name} is new and may not be null, which it is in older parts"


def _type(definition: dict[str, Any]) -> str:
    """The column's type as a table sees it: `timestamp or null`."""
    given = definition["type"]
    names = [given] if isinstance(given, str) else list(given)
    kind = next(name for name in names if name != "null")
    if kind == "array":
        kind = f"list of {definition['items']['type']}"
    elif definition.get("format") == "date-time":
        kind = "timestamp"
    return f"{kind} or null" if "null" in names else kind
