"""The ledger's tables, for SQLite and PostgreSQL alike. Timestamps are text in UTC as in the record, so they sort."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text

# 2: no articles set aside, no tables for parallel runs. 3: `complete_before` for `settled`; failures have a time;
# quarantine; compressed records. A change of the tables needs the next number and a step in `migrations.MIGRATIONS`.
STATE_VERSION = 3

metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("spider", String, nullable=False),
    Column("started", String, nullable=False),
    Column("ended", String),
    Column("exit_status", Integer),
    # Its number among the runs that saw all that they set out to see, from 1; 0: it did not.
    Column("complete", Integer, nullable=False, default=0),
    Column("account", Text),
    # A run asks for the last times, the runs of a spider since a day, and the last number of each spider.
    Index("runs_started", "started"),
    Index("runs_ended", "ended"),
    Index("runs_of_spider", "spider", "started"),
    Index("runs_complete", "spider", "complete", "started"),
)


class PageState(StrEnum):
    """What became of a page."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"
    NOT_ARTICLE = "not_article"


# The frontier and every page ever seen. `key` is `urls.article_id` of the page's canonical URL.
pages = Table(
    "pages",
    metadata,
    Column("key", String, primary_key=True),
    Column("url", Text, nullable=False),
    Column("section", String, nullable=False),  # of the run that saw it first
    Column("state", String, nullable=False),  # a PageState
    Column("discovered_on", Text),
    Column("hint_date", String),  # of publication, by the listing, sitemap or feed
    Column("first_run", String, nullable=False),
    Column("complete_before", Integer, nullable=False, default=0),  # number of the last complete run before that one
    Column("etag", Text),
    Column("last_modified", Text),
    Column("last_visit", String),
    Column("next_visit", String),
    Column("attempts", Integer, nullable=False, default=0),  # tries in a row in which the page failed
    Column("cause", Text),  # of the last failure; for NOT_ARTICLE, the kind of page
    Column("article_id", String),
    Column("failing_since", String),  # the first of those attempts
    Column("unfinished", Integer, nullable=False, server_default="0"),  # times that a run died while it read the page
    # Visits in a row that a sitemap's date of change asked for, and that found nothing new.
    Column("empty_claims", Integer, nullable=False, server_default="0"),
    Column("gone_since", String),  # when a run in which the site was well first found it gone
    Column("hint_from", Text),  # the listing, sitemap or feed of `hint_date`, if that is not `discovered_on`
    Index("pages_frontier", "state"),
    Index("pages_next_visit", "next_visit"),
    Index("pages_article", "article_id"),
)


class PageRow(NamedTuple):
    """A row of `pages`, in the order of its columns."""

    key: str
    url: str
    section: str
    state: str
    discovered_on: str | None
    hint_date: str | None
    first_run: str
    complete_before: int
    etag: str | None
    last_modified: str | None
    last_visit: str | None
    next_visit: str | None
    attempts: int
    cause: str | None
    article_id: str | None
    failing_since: str | None
    unfinished: int
    empty_claims: int
    gone_since: str | None
    hint_from: str | None


# Every revision of every article, published or not. `record` is made by `stored_records.pack`.
articles = Table(
    "articles",
    metadata,
    Column("article_id", String, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("status", String, nullable=False),  # Outcome.ACCEPTED or Outcome.DUPLICATE
    Column("content_hash", String, nullable=False),
    Column("duplicate_of", String),
    Column("story_time", String, nullable=False),  # published, or else first seen
    Column("date_crawled", String, nullable=False),
    Column("record", LargeBinary, nullable=False),
    Index("articles_content", "content_hash"),
    Index("articles_duplicates", "duplicate_of"),
)


class ArticleRow(NamedTuple):
    """A row of `articles`, in the order of its columns."""

    article_id: str
    revision: int
    status: str
    content_hash: str
    duplicate_of: str | None
    story_time: str
    date_crawled: str
    record: bytes


# The near-duplicate index: articles that share a band are candidates.
bands = Table(
    "bands",
    metadata,
    Column("band", BigInteger, primary_key=True),
    Column("article_id", String, primary_key=True),
    sqlite_with_rowid=False,
)

# Pages that answered with something that is not the article that was asked for: the last answer of each.
quarantine = Table(
    "quarantine",
    metadata,
    Column("key", String, primary_key=True),  # of the page
    Column("cause", String, nullable=False),
    Column("fetched", String, nullable=False),
    Column("record", LargeBinary, nullable=False),  # that it would have been; made by `stored_records.pack`
)


class QuarantinedPage(NamedTuple):
    """A row of `quarantine`, in the order of its columns."""

    key: str
    cause: str
    fetched: str
    record: bytes


parts = Table(
    "parts",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("path", Text, nullable=False),  # below the output folder, with forward slashes
    Column("rows", Integer, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("sha256", String, nullable=False),
    Column("lines_sha256", String),  # before compression; null in a part of an older version
    Column("schema_version", Integer, nullable=False),
    Column("sealed", Integer, nullable=False, default=0),  # 0: planned, 1: in place
    Column("day", String),  # that of its rows in the outbox
    Column("first_position", Integer),  # of its lines; null in a part of an older version
    Column("last_position", Integer),
    Column("sealed_at", String),  # when it was planned
    Column("replaces", Text),  # sequences of the parts that it replaces, with commas between them
    Column("replaced_by", Integer),  # the part that has its lines now; it is removed after a time
    Index("parts_planned", "sealed"),
    sqlite_autoincrement=True,  # a number is never used twice
)

# Revisions to publish, in the order they were accepted (`position`); `part` is null until a part is planned.
outbox = Table(
    "outbox",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=True),
    Column("article_id", String, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("day", String, nullable=False),  # of publication in Cairo, or `unknown`
    Column("accepted", String, nullable=False),  # when its page was fetched; the oldest row decides when a part is due
    Column("part", Integer),
    Column("published_position", Integer),  # the record's `position`, given when its part is planned
    Index("outbox_part", "part", "day"),
    Index("outbox_published", "published_position"),
    sqlite_autoincrement=True,
)
