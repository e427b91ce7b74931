"""The report's figures from the ledger: pages, runs and parts are counted in SQL, records are streamed.

All are read in one transaction, so that they agree with each other during a crawl.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from alqahira.exceptions import LedgerUnusable
from alqahira.ledger import Ledger
from alqahira.ledger.decisions import Outcome
from alqahira.ledger.stored_records import record_of
from alqahira.ledger.tables import articles, meta, outbox, pages, parts, runs
from alqahira.monitoring.report.figures import FIELDS, Corpus, Figures, Record, RecordedRun

RUNS_SHOWN = 30
HEADLINES_SHOWN = 20
REPEATED_SHOWN = 5
_ROWS_AT_ONCE = 500

Watch = Callable[[Iterable[Record], int], Iterable[Record]]


def collect(ledger: Ledger, *, now: datetime, watch: Watch = lambda records, total: records) -> Figures:
    """The figures at this moment. `watch` is handed the stream of records and their number, to show progress.

    Raises LedgerUnusable if the state is damaged, LedgerUnreachable if the database is gone.
    """
    try:
        with ledger.reading() as connection:
            return _collect(connection, now, watch)
    except json.JSONDecodeError as error:
        raise LedgerUnusable(f"the state cannot be read: {error}") from None


def _collect(connection: Connection, now: datetime, watch: Watch) -> Figures:
    def number(expression: sa.ColumnElement[int], *conditions: sa.ColumnElement[bool]) -> int:
        return int(connection.scalar(sa.select(expression).where(*conditions)) or 0)

    def counter(column: sa.ColumnElement[Any]) -> Counter[Any]:
        rows = connection.execute(sa.select(column, sa.func.count()).group_by(column))
        return Counter({row[0]: row[1] for row in rows})

    # The highest published revision of every published article.
    newest = sa.select(articles.c.article_id, sa.func.max(articles.c.revision).label("revision"))
    newest_revisions = (
        newest.where(articles.c.status == Outcome.ACCEPTED).group_by(articles.c.article_id).subquery("newest")
    )
    first_run = connection.scalar(sa.select(sa.func.min(runs.c.started)))
    figures = Figures(
        now,
        site=connection.scalar(sa.select(meta.c.value).where(meta.c.name == "site")) or "",
        corpus=Corpus(first_run=datetime.fromisoformat(first_run) if first_run else None),
        lines=number(sa.func.count(outbox.c.position)),
        waiting=number(sa.func.count(outbox.c.position), outbox.c.part.is_(None)),
        part_bytes=number(sa.func.sum(parts.c.bytes), parts.c.sealed == 1),
        revisions=counter(newest_revisions.c.revision),
        dropped=number(sa.func.count(sa.distinct(articles.c.article_id)), articles.c.status == Outcome.DUPLICATE),
        repeated=_repeated(connection),
        pages=counter(pages.c.state),
        run_total=number(sa.func.count(runs.c.run_id)),
        runs=_runs(connection),
        latest=list(_latest(connection, newest_revisions)),
    )
    every = _joined(sa.select(articles.c.record), newest_revisions).execution_options(yield_per=_ROWS_AT_ONCE)
    for record in watch(_records(connection, every), figures.revisions.total()):
        figures.corpus.add(record)
    return figures


def _records(connection: Connection, query: sa.Select[Any]) -> Iterator[Record]:
    """The records that a query of `articles.record` selects, with every field, those of older schemas too."""
    return (dict.fromkeys(FIELDS) | record_of(stored) for stored in connection.scalars(query))


def _joined(query: sa.Select[Any], revisions: sa.Subquery) -> sa.Select[Any]:
    """A query of `articles`, of these revisions alone."""
    same = (articles.c.article_id == revisions.c.article_id) & (articles.c.revision == revisions.c.revision)
    return query.join(revisions, same)


def _runs(connection: Connection) -> list[RecordedRun]:
    query = sa.select(runs).order_by(runs.c.started.desc(), runs.c.run_id.desc()).limit(RUNS_SHOWN)
    return [
        RecordedRun(
            run_id=row.run_id,
            started=datetime.fromisoformat(row.started),
            ended=datetime.fromisoformat(row.ended) if row.ended else None,
            exit_status=row.exit_status,
            complete=bool(row.complete),
            account=json.loads(row.account) if row.account else {},
        )
        for row in connection.execute(query)
    ]


def _latest(connection: Connection, newest_revisions: sa.Subquery) -> Iterator[Record]:
    order = (articles.c.story_time.desc(), articles.c.article_id.desc())
    # Sort the keys alone: with the records the database would sort all of them.
    keys = _joined(sa.select(articles.c.article_id, articles.c.revision), newest_revisions)
    chosen = keys.order_by(*order).limit(HEADLINES_SHOWN).subquery("chosen")
    return _records(connection, _joined(sa.select(articles.c.record), chosen).order_by(*order))


def _repeated(connection: Connection) -> list[tuple[Record, int]]:
    """The stories with the most duplicates, and how many each has."""
    count = sa.func.count(sa.distinct(articles.c.article_id))
    duplicates = sa.select(articles.c.duplicate_of, count).where(articles.c.duplicate_of.is_not(None))
    duplicates = duplicates.group_by(articles.c.duplicate_of).order_by(count.desc(), articles.c.duplicate_of)
    repeated = []
    for original, number in connection.execute(duplicates.limit(REPEATED_SHOWN)).all():
        published = (articles.c.article_id == original, articles.c.status == Outcome.ACCEPTED)
        query = sa.select(articles.c.record).where(*published).order_by(articles.c.revision.desc()).limit(1)
        repeated += [(record, number) for record in _records(connection, query)]
    return repeated
