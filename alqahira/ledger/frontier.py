"""The frontier: links to article pages, how the ledger knows each, and when it is fetched again. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from struct import Struct

from alqahira import site
from alqahira.article import rfc3339
from alqahira.ledger.tables import PageRow, PageState


class Standing(StrEnum):
    """How a discovered page stands in the ledger."""

    NEW = "new"  # never seen before
    PENDING = "pending"  # seen, and not processed yet
    DUE = "due"  # known, and to be fetched again now
    FRESH = "fresh"  # known, and not to be fetched again yet
    NOT_ARTICLE = "not_article"  # an infographic, an album or a video: never fetched
    GIVEN_UP = "given_up"  # it failed too often and for too long, or ended runs: not to be fetched again yet


@dataclass(frozen=True, slots=True)
class Link:
    """An article page as a listing, sitemap or feed names it.

    `date`, `modified`: its publication and last change by that source. `is_listed`: it is on a listing now. `kind`: the
    site's word for it, if known. `is_pinned`: it stays on top of the listing whatever its age. `dated_on`: another
    source, if `date` is of that one.
    """

    key: str
    url: str
    discovered_on: str | None = None
    date: datetime | None = None
    modified: datetime | None = None
    is_listed: bool = False
    kind: str | None = None
    is_pinned: bool = False
    dated_on: str | None = None

    @property
    def other_kind(self) -> str | None:
        """Its kind, if it is not an article."""
        return self.kind if self.kind in site.OTHER_KINDS.value else None


@dataclass(frozen=True, slots=True)
class Discovery:
    """A link and how the ledger knows it.

    `processed`: the last complete run of the section knew it. `kind`: what the page is if its standing is NOT_ARTICLE.
    `is_claim`: it is due only because a sitemap or a feed dates a change after the last visit. `is_left`: it was in the
    backlog.
    """

    link: Link
    standing: Standing
    processed: bool = False
    etag: str | None = None
    last_modified: str | None = None
    kind: str | None = None
    is_claim: bool = False
    is_left: bool = False


_AGE = Struct("d")


class Backlog:
    """The keys of pages that wait, in the order of their requests; `age` is the next one's.

    Some 20 bytes each, as there may be a million of them: their links stay in the ledger. What is taken out is freed.
    """

    def __init__(self, pages: Iterable[tuple[str, str | None]] = ()) -> None:
        """From keys and dates (RFC 3339), the newest first."""
        self._waiting, self._number = bytearray(), 0  # of each its age, its key and a line end
        for key, date in pages:
            self._waiting += _AGE.pack(age_of(datetime.fromisoformat(date) if date else None)) + f"{key}\n".encode()
            self._number += 1

    def __len__(self) -> int:
        return self._number

    def __iter__(self) -> Iterator[str]:
        begin = 0
        for _ in range(self._number):
            end = self._waiting.index(b"\n", begin + _AGE.size)
            yield self._waiting[begin + _AGE.size : end].decode()
            begin = end + 1

    @property
    def age(self) -> float:
        (age,) = _AGE.unpack_from(self._waiting)
        return float(age)

    def pop(self) -> str:
        """Take the next key out."""
        end = self._waiting.index(b"\n", _AGE.size)
        key = self._waiting[_AGE.size : end].decode()
        del self._waiting[: end + 1]  # moves the beginning, not the rest
        self._number -= 1
        return key


def age_of(date: datetime | None) -> float:
    """Smaller for a newer date, and the largest without one: of two pages the smaller is requested first."""
    return math.inf if date is None else -date.timestamp()


# Two clocks that differ by no more than this agree; a time further ahead is one of the future.
CLOCK_TOLERANCE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RevisitSchedule:
    """When a known article is fetched again: often while it is young, never when it is old."""

    steps: tuple[tuple[timedelta, timedelta], ...]

    @classmethod
    def from_steps(cls, steps: Iterable[Sequence[float]]) -> RevisitSchedule:
        """From pairs (age in days up to which the pair applies, hours between visits)."""
        return cls(tuple((timedelta(days=days), timedelta(hours=hours)) for days, hours in steps))

    def next_visit(self, published: datetime, visited: datetime) -> datetime | None:
        """When to fetch an article again after a visit; None: never.

        After the longest pause for one whose time is yet to come, as its age is unknown.
        """
        age = visited - published
        if age < -CLOCK_TOLERANCE and self.steps:
            return visited + max(pause for _, pause in self.steps)
        return next((visited + pause for limit, pause in self.steps if age <= limit), None)


# A failing page is given up after this many attempts over at least this time, whichever comes later.
MAX_ATTEMPTS, MIN_FAILING = 5, timedelta(days=3)
# A page that was given up and is still named is fetched again after this time.
GIVEN_UP_PAUSE = timedelta(days=1)
# A page during whose reading this many runs died, one after the other, is not read again by itself.
MAX_UNFINISHED = 3
# An article is removed when its page is gone in two runs that are this far apart, while the site is well. Its page is
# fetched again after pauses that double, up to this one.
GONE = frozenset(("http_404", "http_410"))
GONE_FOR, REMOVED_PAUSE = timedelta(days=1), timedelta(days=30)
# A visit that a date of change asked for, and that found nothing new, delays the next such visit by this time, which
# doubles with each of them in a row, six times at most.
CLAIM_PAUSE, _MAX_DOUBLINGS = timedelta(days=1), 6


def is_given_up(attempts: int, failing_since: str | None, now: datetime) -> bool:
    """Whether a page has failed too often and for too long."""
    since = datetime.fromisoformat(failing_since) if failing_since else now
    return attempts >= MAX_ATTEMPTS and now - since >= MIN_FAILING


def discovery(
    row: PageRow, link: Link, now: datetime | None, *, retry: bool = False, last_complete: int = 0
) -> Discovery:
    """The standing of a page in the ledger that is named again by a listing, a sitemap or a feed.

    `now` is None if the clock is wrong: then nothing is due by the time. With `retry` pages that were given up are
    fetched again. A link without a date gets the ledger's. `last_complete`: the number of the section's last such run.
    """
    known = link_of(row)
    if link.date is None and known.date is not None:
        link = replace(link, date=known.date, dated_on=known.dated_on or known.discovered_on)
    standing = _standing(row, link, now, retry=retry)
    kind = row.cause if standing is Standing.NOT_ARTICLE else None
    is_claim = standing is Standing.DUE and row.state == PageState.DONE and not _is_due_by_itself(row, link, now)
    is_processed = row.complete_before < last_complete
    return Discovery(link, standing, is_processed, row.etag, row.last_modified, kind, is_claim, is_left(row))


def is_left(row: PageRow) -> bool:
    """Whether a page waits for its first request that ends, and none of its requests ended too many runs."""
    return row.state == PageState.PENDING and row.unfinished < MAX_UNFINISHED


def _standing(row: PageRow, link: Link, now: datetime | None, *, retry: bool) -> Standing:
    if row.state == PageState.NOT_ARTICLE and link.kind != site.ARTICLE_KIND.value:
        return Standing.NOT_ARTICLE
    if row.unfinished >= MAX_UNFINISHED and not retry:
        return Standing.GIVEN_UP
    match PageState(row.state):
        case PageState.PENDING | PageState.NOT_ARTICLE:  # what was no article has become one
            return Standing.PENDING
        case PageState.FAILED:  # it never gave an article, and the site still names it
            return Standing.GIVEN_UP if _is_resting(row, now) and not retry else Standing.DUE
        case PageState.DONE:
            is_due = _is_due_by_itself(row, link, now) or _is_claimed(row, link, now)
            return Standing.DUE if is_due else Standing.FRESH


def _is_resting(row: PageRow, now: datetime | None) -> bool:
    """Whether a page was given up, and not fetched since a short time."""
    if now is None:
        return row.attempts >= MAX_ATTEMPTS
    is_recent = _last_visit(row, now) > rfc3339(now - GIVEN_UP_PAUSE)
    return is_given_up(row.attempts, row.failing_since, now) and is_recent


def _is_due_by_itself(row: PageRow, link: Link, now: datetime | None) -> bool:
    """Whether a known article's schedule says so, or a listing shows it and it costs only a 304 if it is unchanged."""
    is_overdue = now is not None and row.next_visit is not None and row.next_visit <= rfc3339(now)
    return is_overdue or (link.is_listed and bool(row.etag or row.last_modified))


def _is_claimed(row: PageRow, link: Link, now: datetime | None) -> bool:
    """Whether a sitemap or a feed dates a change after the last visit, and such dates were not wrong lately."""
    visited = _last_visit(row, now)
    if link.modified is None or visited > rfc3339(link.modified):
        return False
    if not row.empty_claims:
        return True
    pause = CLAIM_PAUSE * 2 ** min(row.empty_claims - 1, _MAX_DOUBLINGS)
    return now is not None and visited <= rfc3339(now - pause)


def _last_visit(row: PageRow, now: datetime | None) -> str:
    """When a page was last visited; empty for never, or if a clock was wrong then and that is yet to come."""
    visited = row.last_visit or ""
    return "" if now is not None and visited > rfc3339(now + CLOCK_TOLERANCE) else visited


def link_of(row: PageRow) -> Link:
    """A page of the ledger as it was first named, with the first date that was given of it."""
    return stored_link(row.key, row.url, row.discovered_on, row.hint_date, row.hint_from)


def stored_link(key: str, url: str, discovered_on: str | None, hint_date: str | None, hint_from: str | None) -> Link:
    """The link of these columns of `pages`."""
    date = datetime.fromisoformat(hint_date) if hint_date else None
    return Link(key, url, discovered_on, date, dated_on=hint_from)
