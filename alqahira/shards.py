"""A backfill in shares: each section's months, and the calls that give them to Scrapyd nodes. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import cycle
from urllib.parse import urlsplit

from alqahira.arguments import CrawlArguments
from alqahira.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Shard:
    """One run: a section, and the days of one month that are asked for, both included."""

    section: str
    since: date
    until: date

    @property
    def share(self) -> str:
        return CrawlArguments(since=self.since, until=self.until).share(self.section)


def shards(sections: Sequence[str], since: date, until: date) -> Iterator[Shard]:
    """Every section's months between the two days, the newest first, sections side by side."""
    end = until
    while end >= since:
        begin = max(since, end.replace(day=1))
        yield from (Shard(section, begin, end) for section in sections)
        end = begin - timedelta(days=1)


def schedule_calls(
    shards: Iterable[Shard], nodes: Sequence[str], project: str, settings: Sequence[str] = ()
) -> Iterator[str]:
    """One shell command a shard, by turns over the nodes. The login comes from ~/.netrc.

    https://scrapyd.readthedocs.io/en/latest/api.html#schedule-json
    """
    for shard, node in zip(shards, cycle(nodes), strict=False):
        fields = [f"project={project}", f"spider={shard.section}", f"since={shard.since}", f"until={shard.until}"]
        fields += [f"setting={setting}" for setting in settings]
        given = " ".join(f"--data-urlencode {shlex.quote(field)}" for field in fields)
        yield f"curl -fsS --netrc {shlex.quote(node + '/schedule.json')} {given}"


def check_node(value: str) -> str:
    """A Scrapyd's address without a trailing slash; ConfigurationError where it is no http(s) URL or holds a login."""
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or "@" in value or parts.query or parts.fragment:
        shown = value.rpartition("@")[2][:80]
        raise ConfigurationError(f"--node {shown!r} must be a Scrapyd's http(s) address, without a login")
    return value.rstrip("/")
