"""The pages of a ledger: the frontier, when each page is fetched again, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from alqahira import site
from alqahira.article import rfc3339
from alqahira.extraction.items import ArticleItem, Fetch
from alqahira.ledger.frontier import MAX_UNFINISHED, Discovery, Link, Standing, discovery, is_given_up, link_of
from alqahira.ledger.tables import PageRow, PageState, articles, pages, quarantine
from alqahira.ledger.transactions import Transactions, transactional

_NO_FAILURE = {"attempts": 0, "failing_since": None, "unfinished": 0}
_CHUNK = 500  # SQLite's oldest limit on bound parameters is 999

# Built once: building a statement costs several times as much as running it. The update sets the columns that it is
# given beside `page`.
_PAGE = sa.select(pages).where(pages.c.key == sa.bindparam("page"))
_SET_PAGE = pages.update().where(pages.c.key == sa.bindparam("page"))
_LEAVE_QUARANTINE = quarantine.delete().where(quarantine.c.key == sa.bindparam("page"))
_BEGIN = _SET_PAGE.values(unfinished=pages.c.unfinished + 1)


class Pages(Transactions):
    """The part of the ledger that knows of pages."""

    @transactional(grouped=True)
    def discover(
        self,
        connection: Connection,
        links: Iterable[Link],
        *,
        section: str,
        run_id: str,
        now: datetime,
        retry: bool = False,
    ) -> list[Discovery]:
        """The standing of each link; links never seen become pending, or are recorded as no articles.

        With `retry` pages that were given up are fetched again.
        """
        links = list(links)
        known = _pages_by_key(connection, [link.key for link in links])
        others = {link.key: link.other_kind for link in links if link.other_kind}
        is_article = {link.key for link in links if link.kind == site.ARTICLE_KIND.value}
        new: dict[str, Link] = {}
        for link in links:
            if link.key not in known:
                new.setdefault(link.key, link)
        if new:
            rows = [
                {
                    "key": link.key,
                    "url": link.url,
                    "section": section,
                    "state": PageState.NOT_ARTICLE if link.key in others else PageState.PENDING,
                    "cause": others.get(link.key),
                    "discovered_on": link.discovered_on,
                    "hint_date": rfc3339(link.date),
                    "first_run": run_id,
                }
                for link in new.values()
            ]
            connection.execute(pages.insert(), rows)
        for key, row in known.items():
            if key in others and row.state == PageState.PENDING:
                self._set_page(connection, key, state=PageState.NOT_ARTICLE, cause=others[key])
            elif key in is_article and row.state == PageState.NOT_ARTICLE:
                self._set_page(connection, key, state=PageState.PENDING, cause=None)
        discoveries = []
        for link in links:
            page = known.get(link.key)
            if link.key in others and (page is None or page.state == PageState.PENDING):
                discoveries.append(Discovery(link, Standing.NOT_ARTICLE, kind=link.other_kind))
            else:
                discoveries.append(discovery(page, link, now, retry=retry) if page else Discovery(link, Standing.NEW))
        return discoveries

    @transactional()
    def pending(self, connection: Connection) -> list[Link]:
        """The pages that earlier runs of any section left unprocessed, oldest first."""
        is_readable = pages.c.unfinished < MAX_UNFINISHED
        query = sa.select(pages).where(pages.c.state == PageState.PENDING, is_readable)
        query = query.order_by(pages.c.first_run, pages.c.key)
        return [link_of(PageRow._make(row)) for row in connection.execute(query)]

    @transactional()
    def due(self, connection: Connection, now: datetime, limit: int) -> list[Discovery]:
        """Known pages of any section that are due for a revisit, longest due first."""
        is_due = (
            pages.c.next_visit <= rfc3339(now),
            pages.c.state != PageState.PENDING,
            pages.c.unfinished < MAX_UNFINISHED,
        )
        query = sa.select(pages).where(*is_due).order_by(pages.c.next_visit).limit(limit)
        rows = map(PageRow._make, connection.execute(query))
        return [discovery(row, link_of(row), now) for row in rows]

    @transactional(grouped=True)
    def unchanged(self, connection: Connection, fetch: Fetch) -> None:
        """Record that the site answered 304, or the same article again."""
        query = (
            sa.select(articles.c.story_time)
            .join(pages, pages.c.article_id == articles.c.article_id)
            .where(pages.c.key == fetch.key)
            .order_by(articles.c.revision.desc())
            .limit(1)
        )
        story_time = connection.scalar(query)
        published = datetime.fromisoformat(story_time) if story_time else datetime.fromtimestamp(0, UTC)
        kept = {name: value for name, value in (("etag", fetch.etag), ("last_modified", fetch.last_modified)) if value}
        self._visited(connection, fetch, published, **kept)

    @transactional(grouped=True)
    def begin(self, connection: Connection, key: str) -> None:
        """Count that a page is about to be read. Every outcome resets the count.

        So it is the number of runs in a row that died while they read the page.
        """
        self.store.execute(connection, _BEGIN, {"page": key})

    @transactional(grouped=True)
    def fail(
        self, connection: Connection, key: str, cause: str, *, retry: bool, now: datetime, is_attempt: bool = True
    ) -> bool:
        """Record that a page gave no article. Returns whether it is given up by that.

        `retry`: it stays pending until it is given up. `is_attempt`: the cause is the page, not the host, the network
        or robots.txt, which change nothing but the cause that is noted.
        """
        row = self._page(connection, key)
        if row is None or not is_attempt:
            self._set_page(connection, key, cause=cause, unfinished=0)
            return False
        attempts, failing_since = row.attempts + 1, row.failing_since or rfc3339(now)
        is_last = is_given_up(attempts, failing_since, now)
        self.store.execute(connection, _LEAVE_QUARANTINE, {"page": key})  # this is the page's answer now
        if row.article_id is not None:
            state = PageState.DONE  # an article once accepted stays so, whatever becomes of its page
        elif retry and not is_last:
            state = PageState.PENDING
        else:
            state = PageState.FAILED
        self._set_page(
            connection,
            key,
            state=state,
            attempts=attempts,
            failing_since=failing_since,
            unfinished=0,
            cause=cause,
            last_visit=rfc3339(now),
            next_visit=None if is_last else rfc3339(now + timedelta(days=2 ** min(attempts, 10))),
        )
        return is_last and state is not PageState.DONE

    @transactional(grouped=True)
    def not_article(self, connection: Connection, fetch: Fetch, kind: str) -> None:
        """Record that a page is an infographic, an album or a video.

        It is never fetched again, unless it once was an article.
        """
        row = self._page(connection, fetch.key)
        is_known = row is not None and row.article_id is not None
        self._set_page(
            connection,
            fetch.key,
            **_NO_FAILURE,
            **_validators(fetch),
            state=PageState.DONE if is_known else PageState.NOT_ARTICLE,
            cause=kind,
            last_visit=rfc3339(fetch.fetched),
            next_visit=None,
        )
        self.store.execute(connection, _LEAVE_QUARANTINE, {"page": fetch.key})

    @transactional()
    def was_visited(self, connection: Connection, key: str, when: datetime) -> bool:
        """Whether the ledger knows what became of a page fetched at that time, or later."""
        page = self._page(connection, key)
        return page is not None and (page.last_visit or "") >= rfc3339(when)

    def _fetched(self, connection: Connection, item: ArticleItem, published: datetime) -> None:
        """A page gave an article. Both validators are this response's: an earlier one's would match another text."""
        article_id = item.article.article_id
        self._visited(connection, item.fetch, published, article_id=article_id, **_validators(item.fetch))

    def _visited(self, connection: Connection, fetch: Fetch, published: datetime, **more: str | None) -> None:
        values: dict[str, object] = {
            **_NO_FAILURE,
            "state": PageState.DONE,
            "cause": None,
            "last_visit": rfc3339(fetch.fetched),
            "next_visit": rfc3339(self._revisit.next_visit(published, fetch.fetched)),
            **more,
        }
        self._set_page(connection, fetch.key, **values)
        self.store.execute(connection, _LEAVE_QUARANTINE, {"page": fetch.key})

    def _page(self, connection: Connection, key: str) -> PageRow | None:
        return next(map(PageRow._make, self.store.execute(connection, _PAGE, {"page": key})), None)

    def _set_page(self, connection: Connection, key: str, **values: object) -> None:
        self.store.execute(connection, _SET_PAGE, {"page": key, **values})


def _validators(fetch: Fetch) -> dict[str, str | None]:
    return {"etag": fetch.etag, "last_modified": fetch.last_modified}


def _pages_by_key(connection: Connection, keys: Sequence[str]) -> dict[str, PageRow]:
    rows: dict[str, PageRow] = {}
    for start in range(0, len(keys), _CHUNK):
        query = sa.select(pages).where(pages.c.key.in_(keys[start : start + _CHUNK]))
        rows |= {row.key: row for row in map(PageRow._make, connection.execute(query))}
    return rows
