"""JSON as pages hold it, read leniently, and the values in it. Pure."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from alqahira import site
from alqahira.extraction.sources import TooLarge, bounded
from alqahira.extraction.sources.near_json import mended
from alqahira.extraction.urls import image_url
from alqahira.text.dates import parse_date
from alqahira.text.normalization import clean_line

# Before a document: space, a byte order mark, the beginning of a CDATA section or a comment.
_BEFORE = re.compile(r"[\s\ufeff]*(?:(?://|/\*)?\s*(?:<!\[CDATA\[|<!--)\s*(?:\*/)?\s*)?")
# strict=False: real pages have raw line ends inside strings.
_DECODER = json.JSONDecoder(strict=False)
_EPOCH = re.compile(r"[1-9]\d{9}(?:\d{3})?", re.ASCII)  # seconds or milliseconds
_LONGEST_EPOCH = 13
_IMAGE_ADDRESSES = ("url", "contentUrl", "src", "@value", "@id")
MOST_OBJECTS = 200_000  # in the data of a page, which has hundreds


def json_documents(text: str) -> Iterator[Any]:
    """The objects and arrays at the beginning of a text, up to anything else."""
    at = 0
    with suppress(ValueError, RecursionError):
        while (before := _BEFORE.match(text, at)) and text.startswith(("[", "{"), before.end()):
            data, at = _DECODER.raw_decode(text, before.end())
            yield data


def documents_of_script(text: str) -> list[Any]:
    """As `json_documents`, of a script that people or templates wrote: mended where it is not JSON."""
    return list(json_documents(text)) or list(json_documents(mended(text)))


def read_json(text: str) -> Any:
    """The object or array at the beginning of a text, or None."""
    return next(json_documents(text), None)


def value_at(data: Any, path: Sequence[str]) -> Any:
    """The value at a path of names, or None."""
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    return data


def objects(data: Any, *, without: Collection[str] = ()) -> Iterator[dict[str, Any]]:
    """Every object in a value, breadth first; nothing below the names in `without`.

    Raises TooLarge after MOST_OBJECTS.
    """
    queue: deque[Any] = deque([data])
    count = 0
    while queue:
        value = queue.popleft()
        if isinstance(value, dict):
            if (count := count + 1) > MOST_OBJECTS:
                raise TooLarge(f"more than {MOST_OBJECTS} objects of data")
            yield value
            queue.extend(entry for name, entry in value.items() if name not in without)
        elif isinstance(value, list):
            queue.extend(value)


def string(value: Any) -> str | None:
    """Display text on one line, or None; of a list its first. Raises TooLarge."""
    if value is None:
        return None
    if not isinstance(value, str):
        value = plain(value)
        if not isinstance(value, str):
            return None
    return clean_line(bounded(value)) or None


def plain(value: Any, names: Iterable[str] = ("@value",)) -> Any:
    """The value in a list or an object of JSON-LD, by the first of `names` that it has, as deep as there is sense."""
    for _ in range(4):
        if value is None or isinstance(value, str):
            break
        if isinstance(value, list):
            value = value[0] if value else None
        elif isinstance(value, dict):
            value = next(filter(None, map(value.get, names)), None)
    return value


def strings(value: Any, *, split: bool = False) -> list[str]:
    """The texts of a text, an object with a name, or a list of them, each once; `split`: also at commas."""
    texts: list[str | None] = []
    for entry in value if isinstance(value, list) else [value]:
        if isinstance(entry, dict) and "@value" not in entry:
            texts.append(string(entry.get("name")))
        elif text := string(entry):
            texts += [part.strip() for part in text.replace("،", ",").split(",")] if split else [text]
    return list(dict.fromkeys(filter(None, texts)))


def moment(value: Any, now: datetime, *, guess: bool = True) -> datetime | None:
    """A date as text, or as seconds or milliseconds since 1970, also in a list or object of JSON-LD.

    None for anything else, and for numbers after `now`. `guess`: as of `parse_date`.
    """
    if value is None:
        return None
    value = plain(value)
    if isinstance(value, str):
        if len(value) > _LONGEST_EPOCH or not _EPOCH.fullmatch(value):
            return parse_date(value, now=now, guess=guess)
        value = int(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and 1e9 < value < 1e14:
        instant = datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
        return instant if instant <= now else None
    return None


def image(value: Any, base: str) -> str | None:
    """The absolute address of an image given as an address, an object, or a list of either, inside each other too."""
    value = plain(value, _IMAGE_ADDRESSES)
    return image_url(value, base=base) if isinstance(value, str) else None


def site_credit(writer: str | None) -> str | None:
    """The credit line that the site prints for a writer: «القاهرة الإخبارية - متابعات»."""
    return f"{site.NAME.value} - {writer}" if writer else None
