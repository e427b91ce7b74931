"""The pages of a ledger: the frontier, when each is asked for again, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from alqahira import site
from alqahira.article import rfc3339
from alqahira.extraction.items import Fetch
from alqahira.ledger import queries
from alqahira.ledger.frontier import Discovery, Link, Standing, discovery, link_of
from alqahira.ledger.tables import articles, pages
from alqahira.ledger.transactions import Transactions, persistent

# A page that fails is tried again by this many runs, then left alone.
MAX_ATTEMPTS = 5
_CHUNK = 500  # SQLite's oldest limit on bound parameters is 999


class Pages(Transactions):
    """The part of the ledger that knows of pages."""

    @persistent
    def discover(self, links: Iterable[Link], *, section: str, run_id: str, now: datetime) -> list[Discovery]:
        """How each link stands; those never met become pending, or are written down as no articles."""
        links = list(links)
        with self.transaction(grouped=True) as connection:
            known = _pages_by_key(connection, [link.key for link in links])
            fresh = {}
            for link in links:
                if link.key not in known and link.key not in fresh:
                    fresh[link.key] = {
                        "key": link.key,
                        "url": link.url,
                        "section": section,
                        "state": "not_article" if link.other_kind else "pending",
                        "cause": link.other_kind,
                        "discovered_on": link.discovered_on,
                        "hint_date": rfc3339(link.date),
                        "first_run": run_id,
                    }
            if fresh:
                connection.execute(pages.insert(), [*fresh.values()])
            others = {link.key: link.other_kind for link in links if link.other_kind}
            articles_now = {link.key for link in links if link.kind == site.ARTICLE_KIND.value}
            for key in known:
                update = pages.update().where(pages.c.key == key)
                if key in others and known[key].state == "pending":
                    connection.execute(update.values(state="not_article", cause=others[key]))
                elif key in articles_now and known[key].state == "not_article":
                    connection.execute(update.values(state="pending", cause=None))
            known_waiting = {key for key, row in known.items() if row.state == "pending"}
            found = []
            for link in links:
                if link.key in others and (link.key in fresh or link.key in known_waiting):
                    found.append(Discovery(link, Standing.NOT_ARTICLE, settled=False, kind=link.other_kind))
                elif link.key in fresh:
                    found.append(Discovery(link, Standing.NEW, settled=False))
                else:
                    found.append(discovery(known[link.key], link, now))
        return found

    @persistent
    def pending(self) -> list[Link]:
        """What earlier runs left behind, of whichever section, oldest first."""
        with self.transaction() as connection:
            query = sa.select(pages).where(pages.c.state == "pending").order_by(pages.c.first_run, pages.c.key)
            return [link_of(row) for row in connection.execute(query)]

    @persistent
    def due(self, now: datetime, limit: int) -> list[Discovery]:
        """Known pages whose revisit is due, of whichever section, longest due first."""
        with self.transaction() as connection:
            query = (
                sa.select(pages)
                .where(pages.c.next_visit <= rfc3339(now), pages.c.state != "pending")
                .order_by(pages.c.next_visit)
                .limit(limit)
            )
            return [discovery(row, link_of(row), now) for row in connection.execute(query)]

    @persistent
    def unchanged(self, visit: Fetch, run_id: str) -> None:
        """The site said 304, or gave the same article again."""
        with self.transaction(grouped=True) as connection:
            self._visited(connection, visit, self._published(connection, visit.key))

    @persistent
    def fail(self, key: str, cause: str, *, retry: bool, now: datetime, run_id: str) -> bool:
        """A page gave no article. With `retry` it stays pending for the next run, up to MAX_ATTEMPTS runs.

        True where this was the last of them: the page is given up.
        """
        with self.transaction(grouped=True) as connection:
            row = self._page(connection, key)
            if self._is_repeat and row is not None and (row.cause, row.last_visit) == (cause, rfc3339(now)):
                return retry and row.state == "failed"
            attempts = (row.attempts if row else 0) + 1
            again = attempts < MAX_ATTEMPTS
            known = row is not None and row.article_id is not None
            values = {
                # An article once accepted stays so, whatever becomes of its page.
                "state": "done" if known else "pending" if retry and again else "failed",
                "attempts": attempts,
                "cause": cause,
                "last_visit": rfc3339(now),
                "next_visit": rfc3339(now + timedelta(days=2**attempts)) if again else None,
            }
            self.store.change(connection, queries.SET_PAGE, {"page": key, **values})
        return retry and not again and not known

    @persistent
    def not_article(self, key: str, kind: str, *, now: datetime) -> None:
        """A page is an infographic, an album or a video: it is never asked for again, unless it once was an article."""
        with self.transaction(grouped=True) as connection:
            row = self._page(connection, key)
            known = row is not None and row.article_id is not None
            values = {
                "state": "done" if known else "not_article",
                "attempts": 0,
                "cause": kind,
                "last_visit": rfc3339(now),
                "next_visit": None,
            }
            self.store.change(connection, queries.SET_PAGE, {"page": key, **values})

    @persistent
    def was_visited(self, key: str, when: datetime) -> bool:
        """Whether something became of a page that was read at a moment, or later."""
        with self.transaction() as connection:
            page = self._page(connection, key)
        return page is not None and (page.last_visit or "") >= rfc3339(when)

    def _visited(
        self, connection: Connection, visit: Fetch, published: datetime, article_id: str | None = None
    ) -> None:
        values: dict[str, Any] = {
            "state": "done",
            "attempts": 0,
            "cause": None,
            "last_visit": rfc3339(visit.fetched),
            "next_visit": rfc3339(self._revisit.next_visit(published, visit.fetched)),
        }
        if visit.etag or visit.last_modified:
            values |= {"etag": visit.etag, "last_modified": visit.last_modified}
        if article_id is not None:
            values["article_id"] = article_id
        self.store.change(connection, queries.SET_PAGE, {"page": visit.key, **values})

    def _published(self, connection: Connection, key: str) -> datetime:
        query = (
            sa.select(articles.c.story_time)
            .join(pages, pages.c.article_id == articles.c.article_id)
            .where(pages.c.key == key)
            .order_by(articles.c.revision.desc())
            .limit(1)
        )
        found = connection.scalar(query)
        return datetime.fromisoformat(found) if found else datetime.fromtimestamp(0, UTC)

    def _page(self, connection: Connection, key: str) -> Any:
        return next(iter(self.store.rows(connection, queries.PAGE, {"page": key})), None)


def _pages_by_key(connection: Connection, keys: Sequence[str]) -> dict[str, Any]:
    found = {}
    for start in range(0, len(keys), _CHUNK):
        for row in connection.execute(sa.select(pages).where(pages.c.key.in_(keys[start : start + _CHUNK]))):
            found[row.key] = row
    return found
