"""The frontier: links to article pages, how the ledger knows each, and when it is fetched again. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
    GIVEN_UP = "given_up"  # it failed too often and for too long, and is not to be fetched again yet


@dataclass(frozen=True, slots=True)
class Link:
    """An article page as a listing, sitemap or feed names it.

    `date`, `modified`: its publication and last change by that source. `is_listed`: it is on a listing now. `kind`: the
    site's word for it, if known. `is_pinned`: it stays on top of the listing whatever its age.
    """

    key: str
    url: str
    discovered_on: str | None = None
    date: datetime | None = None
    modified: datetime | None = None
    is_listed: bool = False
    kind: str | None = None
    is_pinned: bool = False

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
# A page during whose reading this many runs died is not read again by itself.
MAX_UNFINISHED = 3


def is_given_up(row: PageRow, now: datetime) -> bool:
    """Whether a page without an article has failed too often and for too long."""
    if row.unfinished >= MAX_UNFINISHED:
        return True
    since = datetime.fromisoformat(row.failing_since) if row.failing_since else now
    return row.attempts >= MAX_ATTEMPTS and now - since >= MIN_FAILING


def discovery(row: PageRow, link: Link, now: datetime, *, retry: bool = False) -> Discovery:
    """The standing of a page in the ledger that is named again by a listing, a sitemap or a feed.

    With `retry` pages that were given up are fetched again.
    """
    if row.state == PageState.NOT_ARTICLE and link.kind != site.ARTICLE_KIND.value:
        return Discovery(link, Standing.NOT_ARTICLE, bool(row.processed), kind=row.cause)
    is_done = row.state == PageState.DONE
    if row.article_id is None and is_given_up(row, now) and not retry:
        is_long_ago = (row.last_visit or "") <= rfc3339(now - GIVEN_UP_PAUSE)
        standing = Standing.DUE if is_long_ago and row.unfinished < MAX_UNFINISHED else Standing.GIVEN_UP
    elif row.state in (PageState.PENDING, PageState.NOT_ARTICLE):
        standing = Standing.PENDING  # what was no article has become one
    elif row.state == PageState.FAILED and row.article_id is None:
        standing = Standing.DUE  # it never gave an article, and the site still names it
    elif row.next_visit is not None and row.next_visit <= rfc3339(now):
        standing = Standing.DUE
    elif is_done and link.modified and (row.last_visit or "") <= rfc3339(link.modified):
        standing = Standing.DUE  # the site says that it has changed since
    elif is_done and link.is_listed and (row.etag or row.last_modified):
        standing = Standing.DUE  # listed now, and if unchanged it costs only a 304
    else:
        standing = Standing.FRESH
    return Discovery(link, standing, bool(row.processed), row.etag, row.last_modified)


def link_of(row: PageRow) -> Link:
    """A page of the ledger as it was first named."""
    hint = datetime.fromisoformat(row.hint_date) if row.hint_date else None
    return Link(row.key, row.url, row.discovered_on, hint)
