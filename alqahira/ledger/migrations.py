"""Creates the tables of a ledger, or migrates them to this version."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from alqahira.exceptions import LedgerMissing, LedgerUnusable
from alqahira.ledger.decisions import published_day
from alqahira.ledger.stored_records import article_of, pack, pack_article
from alqahira.ledger.tables import STATE_VERSION, articles, meta, metadata, outbox

# SQL that migrates a ledger to the next version, by the version it starts from.
_STEPS = {
    # Pages whose article was set aside for the other section or other days are fetched again, without validators, as a
    # 304 would bring no article. The indexes no longer include the section, as any run takes any page. The tables for
    # parallel runs existed in PostgreSQL only.
    1: (
        "UPDATE pages SET state = 'pending', attempts = 0, cause = NULL, next_visit = NULL, etag = NULL, "
        "last_modified = NULL, article_id = NULL WHERE aside_topics <> ''",
        "DELETE FROM articles WHERE status = 'set_aside'",
        "ALTER TABLE pages DROP COLUMN aside_topics",
        "DROP INDEX pages_frontier",
        "CREATE INDEX pages_frontier ON pages (state)",
        "DROP INDEX pages_next_visit",
        "CREATE INDEX pages_next_visit ON pages (next_visit)",
        "DROP TABLE IF EXISTS shares",
        "DROP TABLE IF EXISTS claims",
        "DROP TABLE IF EXISTS pace",
    ),
    2: (
        # All complete runs have the number 1.
        "ALTER TABLE pages RENAME COLUMN settled TO complete_before",
        "DROP INDEX pages_unsettled",
        "UPDATE pages SET complete_before = (1 - complete_before) * (SELECT COALESCE(MAX(complete), 0) FROM runs)",
        "ALTER TABLE pages ADD COLUMN failing_since VARCHAR",
        "ALTER TABLE pages ADD COLUMN unfinished INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE pages ADD COLUMN empty_claims INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE pages ADD COLUMN gone_since VARCHAR",
        "ALTER TABLE pages ADD COLUMN hint_from TEXT",
        "CREATE TABLE quarantine (key VARCHAR NOT NULL, cause VARCHAR NOT NULL, fetched VARCHAR NOT NULL, "
        "record {bytes} NOT NULL, PRIMARY KEY (key))",
        # Lines that are published have no position.
        "ALTER TABLE outbox ADD COLUMN published_position INTEGER",
        "CREATE INDEX outbox_published ON outbox (published_position)",
        "ALTER TABLE parts ADD COLUMN lines_sha256 VARCHAR",
        "ALTER TABLE parts ADD COLUMN day VARCHAR",
        "UPDATE parts SET day = (SELECT MIN(day) FROM outbox WHERE part = sequence)",
        "ALTER TABLE parts ADD COLUMN first_position INTEGER",
        "ALTER TABLE parts ADD COLUMN last_position INTEGER",
        "ALTER TABLE parts ADD COLUMN sealed_at VARCHAR",
        "ALTER TABLE parts ADD COLUMN replaces TEXT",
        "ALTER TABLE parts ADD COLUMN replaced_by INTEGER",
        "CREATE INDEX pages_article ON pages (article_id)",
        # Records are compressed (`_compress_records`), in a table of their own, as SQLite changes no column's type.
        "DROP INDEX articles_content",
        "ALTER TABLE articles RENAME TO articles_as_text",
        "CREATE TABLE articles (article_id VARCHAR NOT NULL, revision INTEGER NOT NULL, status VARCHAR NOT NULL, "
        "content_hash VARCHAR NOT NULL, duplicate_of VARCHAR, story_time VARCHAR NOT NULL, "
        "date_crawled VARCHAR NOT NULL, record {bytes} NOT NULL, PRIMARY KEY (article_id, revision))",
        "CREATE INDEX runs_started ON runs (started)",
        "CREATE INDEX runs_ended ON runs (ended)",
        "CREATE INDEX runs_of_spider ON runs (spider, started)",
        "CREATE INDEX runs_complete ON runs (spider, complete, started)",
    ),
}


_BYTES = {"sqlite": "BLOB", "postgresql": "BYTEA"}
# In the order of their keys these are made faster than row by row.
_INDEXES = (
    "DROP TABLE articles_as_text",
    "CREATE INDEX articles_content ON articles (content_hash)",
    "CREATE INDEX articles_duplicates ON articles (duplicate_of)",
)
_ROWS_AT_ONCE = 1000


def _execute(statements: tuple[str, ...], connection: Connection) -> None:
    for statement in statements:
        connection.execute(sa.text(statement.format(bytes=_BYTES[connection.dialect.name])))


def _compress_records(connection: Connection) -> None:
    """Copy the articles, whose records were lines of JSON, in their order."""
    before = sa.text("SELECT * FROM articles_as_text").execution_options(yield_per=_ROWS_AT_ONCE)
    for some in connection.execute(before).mappings().partitions():
        connection.execute(articles.insert(), [{**row, "record": pack(row["record"])} for row in some])


def _complete_waiting_lines(connection: Connection) -> None:
    """Give the lines that wait for their part the columns that the record has since; others stay as published."""
    same = (outbox.c.article_id == articles.c.article_id) & (outbox.c.revision == articles.c.revision)
    waiting = sa.select(articles).join(outbox, same).where(outbox.c.part.is_(None))
    for row in connection.execute(waiting).all():
        article = article_of(row.record)
        article.published_day = published_day(article)
        of_row = (articles.c.article_id == row.article_id, articles.c.revision == row.revision)
        connection.execute(articles.update().where(*of_row).values(record=pack_article(article)))


def _to_version_3(connection: Connection) -> None:
    _execute(_STEPS[2], connection)
    _compress_records(connection)
    _execute(_INDEXES, connection)
    _complete_waiting_lines(connection)


MIGRATIONS: dict[int, Callable[[Connection], None]] = {1: partial(_execute, _STEPS[1]), 2: _to_version_3}


def prepare(connection: Connection, name: str, *, read_only: bool) -> None:
    """Create the tables of the ledger `name`, or migrate older ones. To be called within one transaction.

    With `read_only` nothing is changed. Raises LedgerUnusable for a newer version or an older one that cannot be
    migrated, LedgerMissing if there is nothing to read.
    """
    has_meta = sa.inspect(connection).has_table("meta")
    current = int(connection.scalar(sa.select(meta.c.value).where(meta.c.name == "version")) or 0) if has_meta else 0
    if current > STATE_VERSION:
        raise LedgerUnusable(
            f"the state is of version {current}, newer than this program's {STATE_VERSION}: upgrade it"
        )
    if read_only and not current:
        raise LedgerMissing(f"there is no state at {name}: no run has written there")
    if read_only and current < STATE_VERSION:
        raise LedgerUnusable(f"the state is of version {current}, not {STATE_VERSION}: the next run brings it there")
    if read_only or current == STATE_VERSION:
        return
    steps = range(current or STATE_VERSION, STATE_VERSION)
    if missing := [version for version in steps if version not in MIGRATIONS]:
        raise LedgerUnusable(f"the state is of version {current}, and no step leads on from version {missing[0]}")
    if not current:
        metadata.create_all(connection)
    for version in steps:
        MIGRATIONS[version](connection)
    connection.execute(meta.delete().where(meta.c.name == "version"))
    connection.execute(meta.insert().values(name="version", value=str(STATE_VERSION)))
