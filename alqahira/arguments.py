"""Spider arguments and settings, checked before any request. Pure, but for `check_output_dir`."""

from __future__ import annotations

import json
import math
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from alqahira.dates import start_of_cairo_day
from alqahira.errors import ConfigurationError

KNOWN = ("since", "until", "max_articles")
# By this one Scrapyd names its job: no business of the crawl's, but of what the job may set (`api_settings.py`).
JOB_ARGUMENT = "_job"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_COUNT = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class CrawlArguments:
    """What one run was asked for. `since` and `until` are Cairo days, both included."""

    since: date | None = None
    until: date | None = None
    max_articles: int | None = None

    @classmethod
    def parse(cls, given: Mapping[str, object], *, today: date) -> CrawlArguments:
        """The arguments as given with `-a name=value`; `today` is Cairo's.

        Raises ConfigurationError for an unknown name, a date that is none, a count below 1, `since` after
        `until` or after today.
        """
        for name in given:
            if name not in (*KNOWN, JOB_ARGUMENT):
                raise ConfigurationError(f"unknown spider argument {name!r}; known are {', '.join(KNOWN)}")
        since, until = _day("since", given.get("since")), _day("until", given.get("until"))
        if since and until and since > until:
            raise ConfigurationError(f"since={since} is after until={until}")
        if since and since > today:
            raise ConfigurationError(f"since={since} is after today, {today} in Cairo")
        return cls(since, until, _count("max_articles", given.get("max_articles")))

    def share(self, section: str) -> str:
        """The part of the section's work that this is: a month of it, such as `defense/2025-03`, or the section.

        Runs of different shares may go on at once where the ledger is shared (docs/scaling.md).
        """
        if self.since and self.until and (self.since.year, self.since.month) == (self.until.year, self.until.month):
            return f"{section}/{self.since:%Y-%m}"
        return section

    def covers(self, day: date | None) -> bool:
        """Whether an article of that Cairo day is asked for; one without a date always is."""
        return day is None or ((not self.since or day >= self.since) and (not self.until or day <= self.until))


def _day(name: str, value: object) -> date | None:
    if value in (None, ""):
        return None
    try:
        if not _DAY.fullmatch(str(value)):
            raise ValueError
        return date.fromisoformat(str(value))
    except ValueError:
        raise ConfigurationError(f"{name}={str(value)[:40]!r} is no date: write YYYY-MM-DD") from None


def _count(name: str, value: object) -> int | None:
    if value in (None, ""):
        return None
    if not _COUNT.fullmatch(str(value)) or int(str(value)) < 1:
        raise ConfigurationError(f"{name}={str(value)[:40]!r} is no count: write a whole number from 1")
    return int(str(value))


def check_choice(name: str, value: str, choices: tuple[str, ...]) -> str:
    """The value in lower case; ConfigurationError where it is none of the choices."""
    if value.lower() not in choices:
        raise ConfigurationError(f"{name}={value[:40]!r} is none of {', '.join(choices)}")
    return value.lower()


def check_site_url(value: str) -> str:
    """The site's root without a trailing slash; ConfigurationError where it is no http(s) URL of a host alone."""
    try:
        parts = urlsplit(value.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or re.search(r"\s", value.strip()):
        raise ConfigurationError(f"ALQAHIRA_SITE_URL={_without_password(value)!r} is no http(s) URL")
    if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ConfigurationError(
            f"ALQAHIRA_SITE_URL={_without_password(value)!r} must be a site's root, such as https://example.org"
        )
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _without_password(url: str) -> str:
    return re.sub(r"//[^/]*@", "//…@", url)[:80]


def check_number(name: str, value: object, low: float, high: float, *, whole: bool = False) -> float:
    """The setting as a number between the two, both included; ConfigurationError where it is none."""
    try:
        number = float(str(value))
    except ValueError:
        number = math.nan
    if not low <= number <= high or (whole and number != int(number)):
        kind = "whole number" if whole else "number"
        raise ConfigurationError(f"{name}={str(value)[:40]!r} is no {kind} from {low:g} to {high:g}")
    return number


def check_flag(name: str, value: object) -> bool:
    """True, False, 1 or 0 as Scrapy reads them; ConfigurationError for anything else."""
    if str(value).lower() not in ("true", "false", "1", "0"):
        raise ConfigurationError(f"{name}={str(value)[:40]!r} is neither true nor false")
    return str(value).lower() in ("true", "1")


def check_day(name: str, value: object) -> datetime | None:
    """The beginning of a Cairo day written YYYY-MM-DD; None where it is empty, ConfigurationError where it is none."""
    day = _day(name, value)
    return start_of_cairo_day(day) if day else None


def check_revisit(value: Any) -> tuple[tuple[float, float], ...]:
    """ALQAHIRA_REVISIT as pairs (age in days up to which it holds, hours between visits), or as JSON of them."""
    name = "ALQAHIRA_REVISIT"
    try:
        steps = json.loads(value) if isinstance(value, str) else value
        pairs = [(days, hours) for days, hours in steps]
    except (TypeError, ValueError):
        raise ConfigurationError(f"{name}={str(value)[:40]!r} is no list of [days, hours]") from None
    return tuple((check_number(name, d, 0, 36_500), check_number(name, h, 0.01, 87_600)) for d, h in pairs)


def check_state_url(value: str) -> str:
    """A database URL as SQLAlchemy reads it, of a kind that the ledger knows; else ConfigurationError."""
    from alqahira.stores.url import read_state_url

    read_state_url(value)
    return value


def check_output_dir(value: str, name: str = "ALQAHIRA_OUTPUT_DIR") -> Path:
    """The folder, made where it is missing; ConfigurationError, with the setting's name, where it cannot be written."""
    folder = Path(value).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, probe = tempfile.mkstemp(prefix=".probe-", dir=folder)
        os.close(handle)
        os.unlink(probe)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigurationError(f"{name}={value[:80]!r} cannot be written: {reason}") from None
    return folder
