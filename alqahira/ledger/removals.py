"""Articles that are gone from the site: a revision says so, and a dropped duplicate takes the article's place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from alqahira.article import Article, rfc3339
from alqahira.ledger.articles import Articles, is_removed, stored_article
from alqahira.ledger.decisions import Outcome, publication_day, published_day, removal
from alqahira.ledger.frontier import GONE_FOR
from alqahira.ledger.pages import NO_VALIDATORS
from alqahira.ledger.stored_records import article_of, pack_article
from alqahira.ledger.tables import ArticleRow, PageRow, articles, pages
from alqahira.ledger.transactions import transactional
from alqahira.text.near_duplicates import fingerprint


class Removals(Articles):
    """The part of the ledger that removes articles; nothing that was published is deleted."""

    @transactional()
    def gone_for_good(self, connection: Connection, keys: Iterable[str], when: datetime) -> list[str]:
        """The ids of the articles whose pages are gone for GONE_FOR; of other pages, note since when they are gone.

        To be called if the site is well.
        """
        gone = dict[str, None]()
        for key in keys:
            row = self._page(connection, key)
            newest = self._newest(connection, row.article_id) if row and row.article_id else None
            if row is None or newest is None or newest.status != Outcome.ACCEPTED or is_removed(newest):
                continue
            if self._lives_elsewhere(connection, row):
                continue
            if row.gone_since is None or when - datetime.fromisoformat(row.gone_since) < GONE_FOR:
                self._set_page(connection, key, gone_since=row.gone_since or rfc3339(when))
            else:
                gone.setdefault(newest.article_id)
        return [*gone]

    @transactional()
    def remove(
        self, connection: Connection, article_ids: Iterable[str], when: datetime, run_id: str
    ) -> list[tuple[Article, bool]]:
        """Queue the removal of articles, and what was dropped as a duplicate of one, which is no duplicate any more.

        Returns what was queued, in order, each with whether it is a removal. What is not in the corpus is left alone.
        """
        queued: list[tuple[Article, bool]] = []
        for article_id in article_ids:
            newest = self._newest(connection, article_id)
            if newest is None or newest.status != Outcome.ACCEPTED or is_removed(newest):
                continue
            article = removal(stored_article(newest), when, run_id)
            self._unindex(connection, newest)
            self._store(connection, article, Outcome.ACCEPTED)
            self._queue(connection, article, day=publication_day(article))
            # Without validators, so that a page that returns is read.
            connection.execute(pages.update().where(pages.c.article_id == article_id).values(NO_VALIDATORS))
            queued.append((article, True))
            if successor := self._accept_duplicate(connection, article_id):
                queued.append((successor, False))
        return queued

    # --- within a transaction --------------------------------------------------------------------

    def _lives_elsewhere(self, connection: Connection, row: PageRow) -> bool:
        """Whether the article has moved from this page to another, which is asked now and answers."""
        others = sa.select(pages).where(pages.c.article_id == row.article_id, pages.c.key != row.key)
        return any(
            other.attempts == 0
            and (other.next_visit is not None or (other.last_visit or "") > (row.failing_since or ""))
            for other in map(PageRow._make, connection.execute(others))
        )

    def _accept_duplicate(self, connection: Connection, article_id: str) -> Article | None:
        """Queue the first article that was dropped as a duplicate of this one; the others are duplicates of that."""
        is_dropped = (articles.c.duplicate_of == article_id, articles.c.status == Outcome.DUPLICATE.value)
        query = sa.select(articles).where(*is_dropped).order_by(articles.c.date_crawled, articles.c.article_id)
        successor: Article | None = None
        for row in map(ArticleRow._make, connection.execute(query).all()):
            if self._newest(connection, row.article_id) != row:
                continue
            original = successor.article_id if successor else None
            article = replace(article_of(row.record), duplicate_of=original)
            article.published_day = published_day(article)  # which lines of older versions lack
            status = Outcome.DUPLICATE if successor else Outcome.ACCEPTED
            record = pack_article(article)
            values = {"status": status.value, "duplicate_of": article.duplicate_of, "record": record}
            of_row = (articles.c.article_id == row.article_id, articles.c.revision == row.revision)
            connection.execute(articles.update().where(*of_row).values(values))
            if successor is None:
                successor = article
                self._index(connection, article.article_id, fingerprint(article.article_body), None)
                self._queue(connection, article, day=publication_day(article))
        return successor
