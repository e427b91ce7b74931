"""The served copy of the corpus: a SQLite file with an index of the folded text, made from the ledger in one reading.

A file of its own, because the ledger may be PostgreSQL's, may be on a read-only file system, and is written by the next
run meanwhile.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from alqahira.exceptions import ConfigurationError, LedgerUnusable
from alqahira.ledger import Ledger
from alqahira.ledger.decisions import Outcome
from alqahira.ledger.stored_records import record_of
from alqahira.ledger.tables import articles, meta, outbox, runs
from alqahira.monitoring.report.figures import FIELDS
from alqahira.text.dates import cairo_day
from alqahira.text.normalization import fold_text

# The labels that articles are filtered by, and the field of the record that has each.
KINDS = {
    "topic": "topics",
    "day": "published_day",
    "agency": "agencies",
    "desk": "article_sections",
    "country": "countries",
    "organization": "organizations",
}
RUNS_KEPT = 120
LEAD_LETTERS = 240
_ROWS_AT_ONCE = 500

# `articles`: each published one in its highest published revision; `revisions`: all, dropped duplicates too.
_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE articles (
    id INTEGER PRIMARY KEY, article_id TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL, time TEXT NOT NULL,
    date_published TEXT, published_day TEXT, headline TEXT NOT NULL, lead TEXT NOT NULL, url TEXT NOT NULL,
    duplicate_of TEXT, date_removed TEXT
);
CREATE TABLE revisions (
    article_id TEXT NOT NULL, revision INTEGER NOT NULL, is_published INTEGER NOT NULL, duplicate_of TEXT,
    record TEXT NOT NULL, UNIQUE (article_id, revision)
);
CREATE TABLE labels (
    label INTEGER PRIMARY KEY, kind TEXT NOT NULL, value TEXT NOT NULL, articles INTEGER, UNIQUE (kind, value)
);
CREATE TABLE labelled (id INTEGER, label INTEGER, PRIMARY KEY (id, label)) WITHOUT ROWID;
CREATE TABLE runs (
    run_id TEXT PRIMARY KEY, spider TEXT NOT NULL, started TEXT NOT NULL, ended TEXT, exit_status INTEGER,
    complete INTEGER NOT NULL, account TEXT NOT NULL
);
CREATE VIRTUAL TABLE search USING fts5 (headline, body, content = '', tokenize = "unicode61 remove_diacritics 0");
"""
# Labels that no other article has go with those that are left out.
_KEEP_NEWEST = """
DELETE FROM articles WHERE id NOT IN (SELECT id FROM articles ORDER BY time DESC, id DESC LIMIT ?);
DELETE FROM labelled WHERE id NOT IN (SELECT id FROM articles);
DELETE FROM labels WHERE label NOT IN (SELECT label FROM labelled);
"""
# When all rows are there: building them at once is faster.
_INDEXES = """
CREATE INDEX articles_time ON articles (time);
CREATE INDEX revisions_duplicates ON revisions (duplicate_of) WHERE duplicate_of IS NOT NULL;
CREATE INDEX labelled_label ON labelled (label, id);
UPDATE labels SET articles = (SELECT count(*) FROM labelled WHERE labelled.label = labels.label);
ANALYZE;
"""

Watch = Callable[[Iterable[str], int], Iterable[str]]


def build(ledger: Ledger, path: Path, *, newest: int | None = None, watch: Watch = lambda ids, total: ids) -> int:
    """Write the served copy of a ledger to a new file; returns the number of published articles in it.

    `newest`: keep so many published articles; the words of the others stay in the full-text index.
    `watch` is handed the ids of the articles as they are copied, and their number, to show progress.
    Raises ConfigurationError if the file cannot be written or this Python's SQLite has no FTS5, LedgerUnusable if the
    state is damaged, LedgerUnreachable if the database is gone.
    """
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as target:
            # The file is of no use unless it is complete, so nothing is synced.
            target.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {_SCHEMA}")
            target.execute("BEGIN")
            published = _copy(ledger, target, watch)
            if newest is not None and published > newest:
                for statement in _KEEP_NEWEST.strip().splitlines():
                    target.execute(statement, [newest] * statement.count("?"))
                published = newest
            target.execute("COMMIT")
            target.executescript(f"BEGIN; {_INDEXES} COMMIT;")
        return published
    except sqlite3.OperationalError as error:
        if "fts5" in str(error):
            raise ConfigurationError("this Python's SQLite has no FTS5, which the search needs") from None
        raise ConfigurationError(f"{path} cannot be written: {error}") from None
    except json.JSONDecodeError as error:
        raise LedgerUnusable(f"the state cannot be read: {error}") from None


def open_copy(path: Path) -> sqlite3.Connection:
    """The copy, for reading alone; its file may be removed afterwards. `chosen` is a table of the connection's own."""
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None)
    connection.row_factory = sqlite3.Row
    # In memory, so that no file is ever written. The first read opens the file, which may then go.
    connection.executescript("PRAGMA temp_store = MEMORY; SELECT * FROM meta;")
    connection.execute("CREATE TEMP TABLE chosen (id INTEGER PRIMARY KEY)")
    return connection


def labels_of(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(kind, value) of each label of a record, once each."""
    for kind, name in KINDS.items():
        values = record[name] or ()
        for value in dict.fromkeys([values] if isinstance(values, str) else values):
            yield kind, value


def _day(date_published: str | None) -> str | None:
    """Cairo's day, which lines of older versions lack."""
    return cairo_day(datetime.fromisoformat(date_published)).isoformat() if date_published else None


def _rows(connection: Connection) -> Iterator[Row[Any]]:
    """Every revision of every article, those of one article together; `position` as in its line, if it has one."""
    same = (outbox.c.article_id == articles.c.article_id) & (outbox.c.revision == articles.c.revision)
    columns = (articles.c.article_id, articles.c.revision, articles.c.status, articles.c.record)
    query = sa.select(*columns, outbox.c.published_position).outerjoin(outbox, same)
    query = query.order_by(articles.c.article_id, articles.c.revision)
    return iter(connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(query))


def _copy(ledger: Ledger, target: sqlite3.Connection, watch: Watch) -> int:
    with ledger.reading() as connection:
        site = connection.scalar(sa.select(meta.c.value).where(meta.c.name == "site"))
        target.execute("INSERT INTO meta VALUES ('site', ?)", (site or "",))
        _copy_runs(connection, target)
        total = connection.scalar(sa.select(sa.func.count(sa.distinct(articles.c.article_id)))) or 0
        copy = _Copy(target)
        for _ in watch(copy.articles(_rows(connection)), total):
            pass
    return copy.published


class _Copy:
    """Writes articles to the copy, one after the other."""

    def __init__(self, target: sqlite3.Connection) -> None:
        self._target = target
        self._labels: dict[tuple[str, str], int] = {}
        self.published = 0

    def articles(self, rows: Iterable[Row[Any]]) -> Iterator[str]:
        """Copy all rows; yields the id of each article that is copied."""
        for article_id, revisions in groupby(rows, key=attrgetter("article_id")):
            newest = None
            for row in revisions:
                record = dict.fromkeys(FIELDS) | record_of(row.record) | {"position": row.published_position}
                record["published_day"] = record["published_day"] or _day(record["date_published"])
                is_published = row.status == Outcome.ACCEPTED
                line = json.dumps(record, ensure_ascii=False)
                values = (article_id, row.revision, is_published, record["duplicate_of"], line)
                self._target.execute("INSERT INTO revisions VALUES (?, ?, ?, ?, ?)", values)
                newest = record if is_published else newest
            if newest is not None:
                self._publish(newest)
            yield article_id

    def _publish(self, record: Mapping[str, Any]) -> None:
        self.published += 1
        headline, body = record["headline"] or "", record["article_body"] or ""
        lead = record["description"] or body
        row = (
            self.published,
            record["article_id"],
            record["revision"],
            record["date_published"] or record["date_first_seen"] or "",
            record["date_published"],
            record["published_day"],
            headline,
            f"{lead[:LEAD_LETTERS].rstrip()}…" if len(lead) > LEAD_LETTERS else lead,
            record["url"] or "",
            record["duplicate_of"],
            record["date_removed"],
        )
        self._target.execute(f"INSERT INTO articles VALUES ({', '.join('?' * len(row))})", row)
        folded = (self.published, fold_text(headline), fold_text(body))
        self._target.execute("INSERT INTO search (rowid, headline, body) VALUES (?, ?, ?)", folded)
        labels = [(self.published, self._label(*label)) for label in labels_of(record)]
        self._target.executemany("INSERT INTO labelled VALUES (?, ?)", labels)

    def _label(self, kind: str, value: str) -> int:
        if (kind, value) not in self._labels:
            self._labels[kind, value] = number = len(self._labels) + 1
            self._target.execute("INSERT INTO labels VALUES (?, ?, ?, 0)", (number, kind, value))
        return self._labels[kind, value]


def _copy_runs(connection: Connection, target: sqlite3.Connection) -> None:
    columns = (runs.c.run_id, runs.c.spider, runs.c.started, runs.c.ended, runs.c.exit_status, runs.c.complete)
    query = sa.select(*columns, sa.func.coalesce(runs.c.account, "{}"))
    query = query.order_by(runs.c.started.desc(), runs.c.run_id.desc()).limit(RUNS_KEPT)
    rows = [tuple(row) for row in connection.execute(query)]
    target.executemany("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
