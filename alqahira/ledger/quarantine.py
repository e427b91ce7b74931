"""Pages in quarantine: what they answered is kept with its cause, and is no article until somebody releases it."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from alqahira.article import Article, rfc3339
from alqahira.extraction.urls import article_number
from alqahira.ledger.frontier import GIVEN_UP_PAUSE, is_given_up
from alqahira.ledger.pages import AT_ONCE, Pages
from alqahira.ledger.same_article import SAME_TEXT, SeenPage
from alqahira.ledger.stored_records import article_of, pack_article
from alqahira.ledger.tables import PageState, QuarantinedPage, articles, quarantine
from alqahira.ledger.transactions import transactional


class Quarantine(Pages):
    """The part of the ledger that keeps pages that did not answer with the article that was asked for."""

    @transactional()
    def quarantined(self, connection: Connection) -> list[QuarantinedPage]:
        """All pages in quarantine, in the order in which they were fetched."""
        query = sa.select(quarantine).order_by(quarantine.c.fetched, quarantine.c.key)
        return [QuarantinedPage._make(row) for row in connection.execute(query)]

    @transactional()
    def drop(self, connection: Connection, key: str) -> bool:
        """Forget what a page answered, and ask it again by its schedule. False if it is not in quarantine."""
        row = self._quarantined(connection, key)
        if row is None:
            return False
        published, fetched = article_of(row.record).date_published, datetime.fromisoformat(row.fetched)
        due = self._revisit.next_visit(published or fetched, fetched)
        self._set_page(connection, key, cause=None, next_visit=rfc3339(due))
        connection.execute(quarantine.delete().where(quarantine.c.key == key))
        return True

    @transactional()
    def repeated_texts(self, connection: Connection) -> list[Article]:
        """What those pages answered that were found to show the text of many."""
        query = sa.select(quarantine.c.record).where(quarantine.c.cause == SAME_TEXT)
        return [article_of(record) for record in connection.scalars(query)]

    # --- within a transaction --------------------------------------------------------------------

    def _quarantined(self, connection: Connection, key: str) -> QuarantinedPage | None:
        rows = connection.execute(sa.select(quarantine).where(quarantine.c.key == key))
        return next(map(QuarantinedPage._make, rows), None)

    def _leave_home(self, connection: Connection, page: SeenPage) -> None:
        """Have the address to which a lying page was redirected asked for as if this visit had not been."""
        home = self._page(connection, article_number(page.url) or page.key)
        if home is None or home.key == page.key:
            return
        known = sa.select(articles.c.revision).where(articles.c.article_id == home.article_id).limit(1)
        never = {"etag": None, "last_modified": None, "next_visit": rfc3339(page.fetched)}
        if connection.scalar(known) is None:
            never |= {"state": PageState.PENDING, "article_id": None, "last_visit": None}
        self._set_page(connection, home.key, **never)

    def _quarantine(self, connection: Connection, key: str, fetched: datetime, article: Article, cause: str) -> None:
        """Keep a page's answer. The next run asks for it again, without validators, as after a failure.

        SAME_TEXT says nothing of the page, so it is no attempt at it.
        """
        row = self._page(connection, key)
        attempts, failing_since = (row.attempts, row.failing_since) if row else (0, None)
        article_id = row.article_id if row else None
        if cause != SAME_TEXT and self.is_clock_right:
            attempts, failing_since = attempts + 1, failing_since or rfc3339(fetched)
        is_resting = is_given_up(attempts, failing_since, fetched)
        due = fetched + (GIVEN_UP_PAUSE if is_resting else timedelta(0)) if self.is_clock_right else AT_ONCE
        stored = sa.select(articles.c.revision).where(articles.c.article_id == article_id).limit(1)
        if connection.scalar(stored) is not None:
            state = PageState.DONE
        else:
            state, article_id = PageState.FAILED if is_resting else PageState.PENDING, None
        self._set_page(
            connection,
            key,
            state=state,
            article_id=article_id,
            attempts=attempts,
            failing_since=failing_since,
            unfinished=0,
            cause=cause,
            etag=None,
            last_modified=None,
            last_visit=rfc3339(fetched),
            next_visit=rfc3339(due),
        )
        connection.execute(quarantine.delete().where(quarantine.c.key == key))
        kept = QuarantinedPage(key, cause, rfc3339(fetched), pack_article(article))
        connection.execute(quarantine.insert().values(kept._asdict()))
