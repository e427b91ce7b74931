"""What a ledger holds of articles, for commands, report and replay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from alqahira.article import Article, from_record
from alqahira.ledger.decisions import Outcome
from alqahira.ledger.tables import ArticleRow, articles, outbox
from alqahira.ledger.transactions import Transactions, transactional

_NEWEST = (
    sa.select(articles)
    .where(articles.c.article_id == sa.bindparam("article_id"))
    .order_by(articles.c.revision.desc())
    .limit(1)
)
_DROPPED = articles.c.status == Outcome.DUPLICATE


class Reading(Transactions):
    """The part of the ledger that gives what it holds."""

    @transactional()
    def article(self, connection: Connection, article_id: str, revision: int | None = None) -> Article | None:
        """A revision of an article, the newest where none is named; None where it is not known."""
        query = sa.select(articles.c.record).where(articles.c.article_id == article_id)
        if revision is not None:
            query = query.where(articles.c.revision == revision)
        record = connection.scalar(query.order_by(articles.c.revision.desc()).limit(1))
        return from_record(json.loads(record)) if record else None

    @transactional()
    def latest(self, connection: Connection, count: int) -> list[Article]:
        """The articles accepted last, each in its newest revision."""
        position = sa.func.max(outbox.c.position)
        newest = sa.select(outbox.c.article_id).group_by(outbox.c.article_id).order_by(position.desc()).limit(count)
        rows = [self._newest(connection, article_id) for article_id in connection.scalars(newest)]
        return [from_record(json.loads(row.record)) for row in rows if row]

    def newest_revisions(self) -> dict[str, int]:
        """The highest revision of every article that was accepted or dropped."""
        with self.engine.connect() as connection:
            newest = sa.func.max(articles.c.revision).label("newest")
            query = sa.select(articles.c.article_id, newest)
            return {row.article_id: row.newest for row in connection.execute(query.group_by(articles.c.article_id))}

    def is_empty(self) -> bool:
        """Whether no article was ever accepted or dropped here."""
        with self.engine.connect() as connection:
            return connection.scalar(sa.select(articles.c.article_id).limit(1)) is None

    def record_count(self, *, duplicates: bool = False) -> int:
        """How many records `records` gives."""
        with self.engine.connect() as connection:
            published = connection.scalar(sa.select(sa.func.count()).select_from(outbox)) or 0
            dropped = sa.select(sa.func.count()).select_from(articles).where(_DROPPED)
            return published + ((connection.scalar(dropped) or 0) if duplicates else 0)

    def records(self, *, duplicates: bool = False) -> Iterator[dict[str, Any]]:
        """Every published record, all revisions, in the order accepted; `duplicates`: the dropped ones too, last."""
        with self.engine.connect() as connection:
            query = sa.select(articles.c.record).join(
                outbox, (outbox.c.article_id == articles.c.article_id) & (outbox.c.revision == articles.c.revision)
            )
            for record in connection.execution_options(yield_per=1000).scalars(query.order_by(outbox.c.position)):
                yield json.loads(record)
            if duplicates:
                dropped = sa.select(articles.c.record).where(_DROPPED)
                ordered = dropped.order_by(articles.c.date_crawled, articles.c.article_id, articles.c.revision)
                for record in connection.scalars(ordered):
                    yield json.loads(record)

    def _newest(self, connection: Connection, article_id: str) -> ArticleRow | None:
        """The newest revision, published or dropped."""
        rows = self.store.execute(connection, _NEWEST, {"article_id": article_id})
        return next(map(ArticleRow._make, rows), None)
