"""The frontier: links to article pages, how the ledger knows each, and when it is fetched again. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

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

    `processed`: a complete run has dealt with it. `kind`: what the page is if its standing is NOT_ARTICLE.
    """

    link: Link
    standing: Standing
    processed: bool = False
    etag: str | None = None
    last_modified: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class RevisitSchedule:
    """When a known article is fetched again: often while it is young, never when it is old."""

    steps: tuple[tuple[timedelta, timedelta], ...]

    @classmethod
    def from_steps(cls, steps: Iterable[Sequence[float]]) -> RevisitSchedule:
        """From pairs (age in days up to which the pair applies, hours between visits)."""
        return cls(tuple((timedelta(days=days), timedelta(hours=hours)) for days, hours in steps))

    def next_visit(self, published: datetime, visited: datetime) -> datetime | None:
        """When to fetch an article again after a visit; None: never."""
        age = visited - published
        return next((visited + pause for limit, pause in self.steps if age <= limit), None)


# A failing page is given up after this many attempts over at least this time, whichever comes later.
MAX_ATTEMPTS, MIN_FAILING = 5, timedelta(days=3)
# A page that was given up and is still named is fetched again after this time.
GIVEN_UP_PAUSE = timedelta(days=1)
# A page during whose reading this many runs died, one after the other, is not read again by itself.
MAX_UNFINISHED = 3


def is_given_up(attempts: int, failing_since: str | None, now: datetime) -> bool:
    """Whether a page has failed too often and for too long."""
    since = datetime.fromisoformat(failing_since) if failing_since else now
    return attempts >= MAX_ATTEMPTS and now - since >= MIN_FAILING


def discovery(row: PageRow, link: Link, now: datetime, *, retry: bool = False) -> Discovery:
    """The standing of a page in the ledger that is named again by a listing, a sitemap or a feed.

    With `retry` pages that were given up are fetched again. A link without a date gets the ledger's.
    """
    known = link_of(row)
    if link.date is None and known.date is not None:
        link = replace(link, date=known.date, dated_on=known.dated_on or known.discovered_on)
    standing = _standing(row, link, now, retry=retry)
    kind = row.cause if standing is Standing.NOT_ARTICLE else None
    return Discovery(link, standing, bool(row.processed), row.etag, row.last_modified, kind)


def _standing(row: PageRow, link: Link, now: datetime, *, retry: bool) -> Standing:
    if row.state == PageState.NOT_ARTICLE and link.kind != site.ARTICLE_KIND.value:
        return Standing.NOT_ARTICLE
    if row.unfinished >= MAX_UNFINISHED and not retry:
        return Standing.GIVEN_UP
    visited = row.last_visit or ""
    match PageState(row.state):
        case PageState.PENDING | PageState.NOT_ARTICLE:  # what was no article has become one
            return Standing.PENDING
        case PageState.FAILED:  # it never gave an article, and the site still names it
            is_resting = is_given_up(row.attempts, row.failing_since, now) and visited > rfc3339(now - GIVEN_UP_PAUSE)
            return Standing.GIVEN_UP if is_resting and not retry else Standing.DUE
        case PageState.DONE:
            is_overdue = row.next_visit is not None and row.next_visit <= rfc3339(now)
            is_changed = link.modified is not None and visited <= rfc3339(link.modified)
            # If it is unchanged, it costs only a 304.
            is_cheap = link.is_listed and bool(row.etag or row.last_modified)
            return Standing.DUE if is_overdue or is_changed or is_cheap else Standing.FRESH


def link_of(row: PageRow) -> Link:
    """A page of the ledger as it was first named, with the first date that was given of it."""
    hint = datetime.fromisoformat(row.hint_date) if row.hint_date else None
    return Link(row.key, row.url, row.discovered_on, hint, dated_on=row.hint_from)
