"""The spider arguments of one run, checked before any request. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator

from alqahira.exceptions import ConfigurationError
from alqahira.settings.types import Count, Day, validate

# Scrapyd passes the id of its job in this one (`crawling/scrapyd/jobs.py`).
JOB_ARGUMENT = "_job"


class CrawlArguments(BaseModel):
    """The spider arguments of one run. `since` and `until` are Cairo days, both included."""

    model_config = ConfigDict(frozen=True)

    since: Day = None
    until: Day = None
    max_articles: Count = None

    @classmethod
    def parse(cls, given: Mapping[str, object], *, today: date) -> Self:
        """The arguments given with `-a name=value`; `today` is Cairo's.

        Raises ConfigurationError for an unknown name, a malformed date, a count below 1, `since` after `until` or after
        today.
        """
        for name in given:
            if name not in (*cls.model_fields, JOB_ARGUMENT):
                raise ConfigurationError(f"unknown spider argument {name!r}; known: {', '.join(cls.model_fields)}")
        arguments = validate(cls, given)
        if arguments.since and arguments.since > today:
            raise ConfigurationError(f"since={arguments.since} is after today, {today} in Cairo")
        return arguments

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.since and self.until and self.since > self.until:
            raise ConfigurationError(f"since={self.since} is after until={self.until}")
        return self

    def covers(self, day: date | None) -> bool:
        """Whether a Cairo day is within both; None, an unknown day, always is."""
        return day is None or ((not self.since or day >= self.since) and (not self.until or day <= self.until))
