"""The zone of a time that a page of another site shows without one. Pure.

`parse_date` reads such a time as Cairo's, where the site is. On another site its host's country or the names of its
months say more.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from alqahira.text.dates import CAIRO

# By the top-level domains of countries with one zone that use Arabic, and of some whose sites write it.
_COUNTRIES = {
    "ae": "Asia/Dubai", "bh": "Asia/Bahrain", "cn": "Asia/Shanghai", "dz": "Africa/Algiers", "eg": "Africa/Cairo",
    "fr": "Europe/Paris", "iq": "Asia/Baghdad", "ir": "Asia/Tehran", "jo": "Asia/Amman", "jp": "Asia/Tokyo",
    "kw": "Asia/Kuwait", "lb": "Asia/Beirut",
    "ly": "Africa/Tripoli", "ma": "Africa/Casablanca", "om": "Asia/Muscat", "ps": "Asia/Gaza", "qa": "Asia/Qatar",
    "sa": "Asia/Riyadh", "sd": "Africa/Khartoum", "sy": "Asia/Damascus", "tn": "Africa/Tunis", "tr": "Europe/Istanbul",
    "uk": "Europe/London", "ye": "Asia/Aden",
}  # fmt: skip
# The Levant's names of months, before others or alone: «24 نيسان / أبريل».
_LEVANT = re.compile(r"\d\s*(?:كانون|شباط|[آا]ذار|نيسان|[أا]يار|حزيران|تموز|[آا]ب|[أا]يلول|تشرين)(?!\w)")
# A zone of its own, or a form that needs none.
_HAS_ZONE = re.compile(
    r"\d\s*z$|[+-]\s?\d\d:?\d\d$|gmt|utc|\b[ec]e?s?t\b|توقيت|[جغ]رين|قبل|منذ|\bago\b|اليوم|أمس", re.IGNORECASE
)


def in_its_zone(text: str, moment: datetime, url: str) -> datetime:
    """The moment of a printed date that `parse_date` read as Cairo's, in the zone of the page at `url`."""
    zone = _zone(text, url)
    if zone is CAIRO or _HAS_ZONE.search(text.strip()):
        return moment
    return moment.astimezone(CAIRO).replace(tzinfo=zone).astimezone(UTC)


def _zone(text: str, url: str) -> tzinfo:
    country = (urlsplit(url).hostname or "").rpartition(".")[2]
    if name := _COUNTRIES.get(country):
        return ZoneInfo(name)
    return ZoneInfo("Asia/Amman") if _LEVANT.search(text) else CAIRO


def is_same_clock(machine: datetime, shown: datetime) -> bool:
    """Whether a machine's date in UTC has the hour and minute that the page shows as local: its zone is wrong then."""
    local = shown.astimezone(CAIRO)
    offset = local.utcoffset() or timedelta()
    return bool(offset) and abs(machine - offset - shown) < timedelta(minutes=1)
