"""What a ledger holds of articles, for those who read: commands, report, replay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from alqahira.article import Article, from_record, rfc3339
from alqahira.ledger import queries
from alqahira.ledger.tables import articles, outbox
from alqahira.ledger.transactions import Transactions, persistent


class Reading(Transactions):
    """The part of the ledger that is asked what it holds."""

    @persistent
    def article_as_of(self, article_id: str, when: datetime) -> Article | None:
        """What the page said at a moment: the last revision crawled until then."""
        with self.transaction() as connection:
            query = (
                sa.select(articles.c.record)
                .where(articles.c.article_id == article_id, articles.c.date_crawled <= rfc3339(when))
                .order_by(articles.c.revision.desc())
                .limit(1)
            )
            found = connection.scalar(query)
        return from_record(json.loads(found)) if found else None

    @persistent
    def article(self, article_id: str, revision: int | None = None) -> Article | None:
        """A revision of an article, the newest where none is named; None where it is not known."""
        query = sa.select(articles.c.record).where(articles.c.article_id == article_id)
        if revision is not None:
            query = query.where(articles.c.revision == revision)
        with self.transaction() as connection:
            found = connection.scalar(query.order_by(articles.c.revision.desc()).limit(1))
        return from_record(json.loads(found)) if found else None

    @persistent
    def latest(self, count: int) -> list[Article]:
        """The articles accepted last, each as its newest revision has it."""
        newest = sa.select(outbox.c.article_id, sa.func.max(outbox.c.position).label("position"))
        newest = newest.group_by(outbox.c.article_id).order_by(sa.desc("position")).limit(count)
        with self.transaction() as connection:
            rows = [self._newest(connection, row.article_id) for row in connection.execute(newest)]
        return [from_record(json.loads(row.record)) for row in rows]

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
            dropped = sa.select(sa.func.count()).select_from(articles).where(articles.c.status == "duplicate")
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
                dropped = sa.select(articles.c.record).where(articles.c.status == "duplicate")
                ordered = dropped.order_by(articles.c.date_crawled, articles.c.article_id, articles.c.revision)
                for record in connection.scalars(ordered):
                    yield json.loads(record)

    def _newest(self, connection: Connection, article_id: str) -> Any:
        return next(iter(self.store.rows(connection, queries.NEWEST, {"article_id": article_id})), None)
