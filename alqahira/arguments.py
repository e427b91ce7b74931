"""What one run is asked for: the spider's arguments, checked before any request. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from alqahira.checks import read_day
from alqahira.errors import ConfigurationError

KNOWN = ("since", "until", "max_articles")
# By this one Scrapyd names its job: no business of the crawl's, but of what the job may set (`api_settings.py`).
JOB_ARGUMENT = "_job"
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
        since, until = read_day("since", given.get("since")), read_day("until", given.get("until"))
        if since and until and since > until:
            raise ConfigurationError(f"since={since} is after until={until}")
        if since and since > today:
            raise ConfigurationError(f"since={since} is after today, {today} in Cairo")
        return cls(since, until, _count("max_articles", given.get("max_articles")))

    def covers(self, day: date | None) -> bool:
        """Whether an article of that Cairo day is asked for; one without a date always is."""
        return day is None or ((not self.since or day >= self.since) and (not self.until or day <= self.until))


def _count(name: str, value: object) -> int | None:
    if value in (None, ""):
        return None
    if not _COUNT.fullmatch(str(value)) or int(str(value)) < 1:
        raise ConfigurationError(f"{name}={str(value)[:40]!r} is no count: write a whole number from 1")
    return int(str(value))
