"""The ledger's tables, for SQLite and PostgreSQL alike. Timestamps are UTC text as in the record, so they sort."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table, Text

# 1: the first shape. 2: nothing is set aside, nothing shared by runs side by side. A change needs the next number and a
# step in `migrations.MIGRATIONS`.
STATE_VERSION = 2

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
    Column("complete", Integer, nullable=False, default=0),  # it saw all that it set out to see
    Column("account", Text),
)

# The frontier and all pages ever met. `key` is `urls.article_id` of the page's canonical URL.
pages = Table(
    "pages",
    metadata,
    Column("key", String, primary_key=True),
    Column("url", Text, nullable=False),
    Column("section", String, nullable=False),  # of the run that met it first: its complete runs settle it
    Column("state", String, nullable=False),  # pending, done, failed, not_article
    Column("discovered_on", Text),
    Column("hint_date", String),  # of its publication, as what named it said
    Column("first_run", String, nullable=False),
    Column("settled", Integer, nullable=False, default=0),  # 1: a complete run of the section has dealt with it
    Column("etag", Text),
    Column("last_modified", Text),
    Column("last_visit", String),
    Column("next_visit", String),
    Column("attempts", Integer, nullable=False, default=0),  # runs in a row in which it failed
    Column("cause", Text),  # of the last failure; of no article its kind
    Column("article_id", String),
    Index("pages_frontier", "state"),
    Index("pages_next_visit", "next_visit"),
    Index("pages_unsettled", "section", "settled"),
)

# Every revision of every article, emitted or not. `record` is the line of JSON as it is (or would be) written.
articles = Table(
    "articles",
    metadata,
    Column("article_id", String, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("status", String, nullable=False),  # accepted, duplicate
    Column("content_hash", String, nullable=False),
    Column("duplicate_of", String),
    Column("story_time", String, nullable=False),  # published, or else first seen
    Column("date_crawled", String, nullable=False),
    Column("record", Text, nullable=False),
    Index("articles_content", "content_hash"),
)

# The near-duplicate index: articles that share a band are candidates.
bands = Table(
    "bands",
    metadata,
    Column("band", BigInteger, primary_key=True),
    Column("article_id", String, primary_key=True),
    sqlite_with_rowid=False,
)

parts = Table(
    "parts",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("path", Text, nullable=False),  # below the output folder, with forward slashes
    Column("rows", Integer, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("sha256", String, nullable=False),
    Column("schema_version", Integer, nullable=False),
    Column("sealed", Integer, nullable=False, default=0),  # 0: planned, 1: in place
    Index("parts_planned", "sealed"),
    sqlite_autoincrement=True,  # a number is never used twice
)

# What is to be published, in the order it was accepted; `part` is null until a part is planned for it.
outbox = Table(
    "outbox",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=True),
    Column("article_id", String, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("day", String, nullable=False),  # of publication in Cairo, or `unknown`
    Column("accepted", String, nullable=False),  # when its page was fetched: a part is due by its oldest row
    Column("part", Integer),
    Index("outbox_part", "part", "day"),
    sqlite_autoincrement=True,
)
