"""The report's figures from the ledger: what SQL counts well is counted there, records are streamed.

All of it is read in one transaction, so that the figures agree with each other beside a running crawl.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from alqahira.exceptions import LedgerUnusable
from alqahira.ledger import Ledger
from alqahira.ledger.tables import articles, meta, outbox, pages, parts, runs
from alqahira.monitoring.report.figures import Corpus, Figures, Headline, RecordedRun

RUNS_SHOWN = 30
HEADLINES_SHOWN = 20
REPEATED_SHOWN = 5
_ROWS_AT_ONCE = 500

Watch = Callable[[Iterable[Any], int], Iterator[Any]]


def _unwatched(items: Iterable[Any], total: int) -> Iterator[Any]:
    yield from items


def collect(ledger: Ledger, *, now: datetime, watch: Watch = _unwatched) -> Figures:
    """The figures at this moment. `watch` is handed the stream of records and their number, to show progress.

    Raises LedgerUnusable where the state is damaged.
    """
    try:
        with ledger.engine.connect() as connection:
            return _collect(connection, now, watch)
    except (SQLAlchemyError, json.JSONDecodeError) as error:
        raise LedgerUnusable(f"the state cannot be read: {getattr(error, 'orig', None) or error}") from None


def _collect(connection: Connection, now: datetime, watch: Watch) -> Figures:
    figures = Figures(now=now)
    figures.site = connection.scalar(sa.select(meta.c.value).where(meta.c.name == "site")) or ""
    first_run = connection.scalar(sa.select(sa.func.min(runs.c.started)))
    figures.corpus = Corpus(first_run=datetime.fromisoformat(first_run) if first_run else None)
    _count_rows(connection, figures)
    for record in watch(_records(connection), figures.revisions.total()):
        figures.corpus.add(record)
    figures.runs = _runs(connection)
    figures.latest = [Headline.of(record, figures.site) for record in _latest(connection)]
    figures.repeated = _repeated(connection, figures.site)
    return figures


def _newest() -> sa.Subquery:
    """article_id and highest published revision of every published article."""
    query = sa.select(articles.c.article_id, sa.func.max(articles.c.revision).label("revision"))
    return query.where(articles.c.status == "accepted").group_by(articles.c.article_id).subquery("newest")


def _records(connection: Connection) -> Iterator[dict[str, Any]]:
    """The record of every published article, in its highest revision."""
    query = _joined(sa.select(articles.c.record), _newest()).execution_options(yield_per=_ROWS_AT_ONCE)
    return (json.loads(line) for line in connection.scalars(query))


def _joined(query: sa.Select[Any], revisions: sa.Subquery) -> sa.Select[Any]:
    """A query of `articles`, of these revisions alone."""
    same = (articles.c.article_id == revisions.c.article_id) & (articles.c.revision == revisions.c.revision)
    return query.join(revisions, same)


def _count_rows(connection: Connection, figures: Figures) -> None:
    count = sa.func.count()
    newest = _newest()
    figures.revisions = _counter(connection, sa.select(newest.c.revision, count).group_by(newest.c.revision))
    figures.pages = _counter(connection, sa.select(pages.c.state, count).group_by(pages.c.state))
    figures.lines = _number(connection, sa.select(count).select_from(outbox))
    figures.waiting = _number(connection, sa.select(count).select_from(outbox).where(outbox.c.part.is_(None)))
    figures.part_bytes = _number(connection, sa.select(sa.func.sum(parts.c.bytes)).where(parts.c.sealed == 1))
    distinct = sa.select(sa.func.count(sa.distinct(articles.c.article_id)))
    figures.dropped = _number(connection, distinct.where(articles.c.status == "duplicate"))
    figures.run_total = _number(connection, sa.select(count).select_from(runs))


def _counter(connection: Connection, query: sa.Select[Any]) -> Counter[Any]:
    return Counter({row[0]: row[1] for row in connection.execute(query)})


def _number(connection: Connection, query: sa.Select[Any]) -> int:
    return int(connection.scalar(query) or 0)


def _runs(connection: Connection) -> list[RecordedRun]:
    """The last runs, newest first."""
    query = sa.select(runs).order_by(runs.c.started.desc(), runs.c.run_id.desc()).limit(RUNS_SHOWN)
    return [
        RecordedRun(
            run_id=row.run_id,
            spider=row.spider,
            started=datetime.fromisoformat(row.started),
            ended=datetime.fromisoformat(row.ended) if row.ended else None,
            exit_status=row.exit_status,
            complete=bool(row.complete),
            account=json.loads(row.account) if row.account else {},
        )
        for row in connection.execute(query)
    ]


def _latest(connection: Connection) -> Iterator[dict[str, Any]]:
    order = (articles.c.story_time.desc(), articles.c.article_id.desc())
    # The keys first: a database that sorts would carry every record along.
    keys = _joined(sa.select(articles.c.article_id, articles.c.revision), _newest())
    chosen = keys.order_by(*order).limit(HEADLINES_SHOWN).subquery("chosen")
    query = _joined(sa.select(articles.c.record), chosen).order_by(*order)
    return (json.loads(line) for line in connection.scalars(query).all())


def _repeated(connection: Connection, site: str) -> list[tuple[Headline, int]]:
    """The stories that were told most often, and how many times again."""
    again = sa.func.count(sa.distinct(articles.c.article_id))
    told = sa.select(articles.c.duplicate_of, again).where(articles.c.duplicate_of.is_not(None))
    told = told.group_by(articles.c.duplicate_of).order_by(again.desc(), articles.c.duplicate_of)
    found = []
    for original, number in connection.execute(told.limit(REPEATED_SHOWN)).all():
        published = (articles.c.article_id == original, articles.c.status == "accepted")
        query = sa.select(articles.c.record).where(*published).order_by(articles.c.revision.desc()).limit(1)
        line = connection.scalar(query)
        if line is not None:
            found.append((Headline.of(json.loads(line), site), number))
    return found
