"""JSON as pages hold it, read leniently, and the values in it. Pure."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any

from alqahira import site
from alqahira.extraction.sources import TooLarge, plain_line
from alqahira.extraction.sources.near_json import mended, without_errors
from alqahira.extraction.sources.zones import is_same_clock
from alqahira.extraction.urls import image_url
from alqahira.text.dates import cairo_day, parse_date

# Before a document: space, a comma, a byte order mark, the beginning of a CDATA section or a comment.
_BEFORE = re.compile(r"[\s\ufeff\u200b,;]*(?:(?://|/\*)?\s*(?:<!\[CDATA\[|<!--)\s*(?:\*/)?\s*)?")
_BRACKET = re.compile(r"[{\[]")
# strict=False: real pages have raw line ends inside strings.
_DECODER = json.JSONDecoder(strict=False)
# Seconds, milliseconds or microseconds, also as .NET writes them: «/Date(1795161600000+0200)/».
_EPOCH = re.compile(r"(?:/Date\()?(?P<number>[1-9]\d{9}(?:\d{3}){0,2})(?:(?:[+-]\d{4})?\)/)?", re.ASCII)
_LONGEST_EPOCH = 30
# Where objects keep a date.
_MOMENTS = ("@value", "$date", "$numberLong", "_seconds", "seconds", "date", "value", "iso", "timestamp", "datetime")
_LISTS = ("@list", "@set")
_MOST_ENTRIES = 10  # of a list that stands for one value
_IMAGE_ADDRESSES = ("url", "contentUrl", "src", "@value", "@id")
_CONTAINERS = (dict, list)
MOST_OBJECTS = 200_000  # in the data of a page, which has hundreds
# Where markup keeps a date for machines.
_DATE_ATTRIBUTES = ("datetime", "data-datetime", "data-timestamp", "data-time", "data-date", "content", "title")
_MOST_HOLDERS = 20  # elements in one that shows a date
_DATED_TAGS = ("abbr", "i", "relative-time", "small", "span", "time", "time-ago")
_DIGIT = re.compile(r"\d")
_UTC = re.compile(r"Z$|\+00:?00$", re.IGNORECASE)


def json_documents(text: str) -> Iterator[Any]:
    """The objects and arrays at the beginning of a text, up to anything else."""
    at = 0
    with suppress(ValueError, RecursionError):
        while (before := _BEFORE.match(text, at)) and text.startswith(("[", "{"), before.end()):
            data, at = _DECODER.raw_decode(text, before.end())
            yield data


def documents_of_script(text: str) -> list[Any]:
    """As `json_documents`, of a script that people or templates wrote: mended where it is not JSON."""
    documents = list(json_documents(text))
    if documents:
        return documents
    near = mended(text)
    first = _BRACKET.search(near)  # in front of it may stand `var data =` or a notice of PHP
    return list(json_documents(without_errors(near[first.start() :]))) if first else []


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
            # By class, as JSON has no subclasses: an object has ten times as many texts as objects in it.
            queue += [entry for name, entry in value.items() if entry.__class__ in _CONTAINERS and name not in without]
        elif isinstance(value, list):
            queue += [entry for entry in value if entry.__class__ in _CONTAINERS]


def string(value: Any) -> str | None:
    """Display text on one line, or None; of a list the first in Arabic, else its first. Raises TooLarge."""
    if value is None:
        return None
    if not isinstance(value, str):
        value = plain(value, ("@value", "ar"))
        if not isinstance(value, str):
            return None
    return plain_line(value) or None


def plain(value: Any, names: Iterable[str] = ("@value",)) -> Any:
    """The value in a list or an object of JSON-LD, by the first of `names` that it has, as deep as there is sense."""
    for _ in range(5):
        if value is None or isinstance(value, str):
            break
        if isinstance(value, list):
            entries = [entry for entry in value[:_MOST_ENTRIES] if entry is not None]
            arabic = (entry for entry in entries if isinstance(entry, dict) and entry.get("@language") == "ar")
            value = next(chain(arabic, entries), None)
        elif isinstance(value, dict):
            value = next(filter(None, map(value.get, (*names, *_LISTS))), None)
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
    """A date as text, or as seconds, milliseconds or microseconds since 1970, also in a list or object.

    Of JSON-LD, of PHP (`date` and `timezone`), of MongoDB (`$date`) and of Firestore (`seconds`). Of a list the first
    that is one. None for anything else, and for numbers after `now`. `guess`: as of `parse_date`.
    """
    for _ in range(3):
        if isinstance(value, list):
            return next(filter(None, (moment(entry, now, guess=guess) for entry in value[:_MOST_ENTRIES])), None)
        if not isinstance(value, dict):
            break
        zone = value.get("timezone")
        value = next(filter(None, map(value.get, (*_MOMENTS, *_LISTS))), None)
        if isinstance(zone, str) and isinstance(value, str):
            value = f"{value} {zone}"
    if isinstance(value, str):
        epoch = _EPOCH.fullmatch(value) if len(value) <= _LONGEST_EPOCH else None
        if epoch is None:
            return parse_date(_with_signs(value), now=now, guess=guess)
        value = int(epoch["number"])
    if isinstance(value, int | float) and not isinstance(value, bool) and 1e9 < value < 1e17:
        while value > 1e11:
            value /= 1000
        instant = datetime.fromtimestamp(value, UTC)
        return instant if instant <= now else None
    return None


def _with_signs(text: str) -> str:
    """«20261128» or «20261128103000» as ISO 8601; on a page such a number may be anything, in data it is a date."""
    if len(text) not in (8, 14) or not text.isdecimal() or text[:2] not in ("19", "20"):
        return text
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 else f"{text[:8]}T{text[8:]}"


def date_stamps(tree: Any) -> dict[Any, str]:
    """The elements of a page that have a date for machines, with it as text."""
    stamps: dict[Any, str] = {}
    for element in tree.iter(*_DATED_TAGS):  # ten times as fast as all elements with such an attribute
        if value := next(filter(None, map(element.get, _DATE_ATTRIBUTES)), ""):
            epoch = _EPOCH.fullmatch(value) if len(value) <= _LONGEST_EPOCH else None
            if _DIGIT.search(value):
                stamps[element] = datetime.fromtimestamp(int(epoch["number"][:10]), UTC).isoformat() if epoch else value
    return stamps


def exact_date(elements: Iterable[Any], shown: datetime | None, now: datetime) -> datetime | None:
    """The date that elements have for machines, else `shown`, the one that readers see.

    A relative text («منذ ساعتين») counts from the moment when the page was made, which nobody knows. What is shown is
    right where the machine's is not exact: only the day, or local time as if it were UTC.
    """
    holders = (holder for element in elements for holder in islice(element.iter(), _MOST_HOLDERS) if holder.keys())
    values = (value for holder in holders for name in _DATE_ATTRIBUTES if (value := holder.get(name)))
    dates = ((value, instant) for value in values if (instant := moment(value, now, guess=False)))
    value, instant = next(dates, ("", None))
    if instant is None or shown is None:
        return instant or shown
    is_day = ":" not in value and not value.isdecimal()
    if is_day:
        return shown if cairo_day(shown) == cairo_day(instant) else instant
    return shown if _UTC.search(value) and is_same_clock(instant, shown) else instant


def image(value: Any, base: str) -> str | None:
    """The absolute address of an image given as an address, an object, or a list of either, inside each other too."""
    value = plain(value, _IMAGE_ADDRESSES)
    return image_url(value, base=base) if isinstance(value, str) else None


def site_credit(writer: str | None) -> str | None:
    """The credit line that the site prints for a writer: «القاهرة الإخبارية - متابعات»."""
    return f"{site.NAME.value} - {writer}" if writer else None
