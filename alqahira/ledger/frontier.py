"""The frontier: which article pages there are, how each stands, and when it is asked about again. Pure.

`row` is a row of the ledger's `pages` (`tables.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from alqahira import site
from alqahira.article import rfc3339


class Standing(StrEnum):
    """How a discovered page stands in the ledger."""

    NEW = "new"  # never met before
    PENDING = "pending"  # met, and nothing has become of it yet
    DUE = "due"  # known, and to be asked about now
    FRESH = "fresh"  # known, and not to be asked about yet
    NOT_ARTICLE = "not_article"  # an infographic, an album or a video: never to be asked for


@dataclass(frozen=True, slots=True)
class Link:
    """An article page as a listing, sitemap or feed names it.

    `date` and `modified` are what that says of its publication and last change. `is_listed`: a listing shows it now.
    `kind` is the site's word for what it is, where it is known. `is_pinned`: it stands on top whatever its age.
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
        """What it is, where that is no article."""
        return self.kind if self.kind in site.OTHER_KINDS.value else None


@dataclass(frozen=True, slots=True)
class Discovery:
    """A link and how the ledger knows it. `settled`: runs that ended well have dealt with it.

    `kind`: what the page is where it stands as NOT_ARTICLE.
    """

    link: Link
    standing: Standing
    settled: bool
    etag: str | None = None
    last_modified: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class RevisitSchedule:
    """When a known article is asked about again: often while it is young, never when it is old."""

    steps: tuple[tuple[timedelta, timedelta], ...]

    @classmethod
    def from_steps(cls, steps: Iterable[Sequence[float]]) -> RevisitSchedule:
        """From (age in days up to which it holds, hours between visits)."""
        return cls(tuple((timedelta(days=days), timedelta(hours=hours)) for days, hours in steps))

    def next_visit(self, published: datetime, visited: datetime) -> datetime | None:
        age = visited - published
        return next((visited + pause for limit, pause in self.steps if age <= limit), None)


def discovery(row: Any, link: Link, now: datetime) -> Discovery:
    """How a page that the ledger knows stands, now that a listing, a sitemap or a feed names it again."""
    if row.state == "not_article" and link.kind == site.ARTICLE_KIND.value:
        standing = Standing.PENDING  # its editors have made an article of it
    elif row.state == "not_article":
        return Discovery(link, Standing.NOT_ARTICLE, bool(row.settled), kind=row.cause)
    elif row.state == "pending":
        standing = Standing.PENDING
    elif row.next_visit is not None and row.next_visit <= rfc3339(now):
        standing = Standing.DUE
    elif link.modified and row.state == "done" and row.last_visit <= rfc3339(link.modified):
        standing = Standing.DUE  # the site says that it has changed since
    elif link.is_listed and row.state == "done" and (row.etag or row.last_modified):
        standing = Standing.DUE  # the site shows it now, and an unchanged one costs it no more than a 304
    else:
        standing = Standing.FRESH
    return Discovery(link, standing, bool(row.settled), row.etag, row.last_modified)


def link_of(row: Any) -> Link:
    """A page of the ledger as the door that led to it named it."""
    hint = datetime.fromisoformat(row.hint_date) if row.hint_date else None
    return Link(row.key, row.url, row.discovered_on, hint)
