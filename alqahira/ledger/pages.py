"""The pages of a ledger: the frontier, when each page is fetched again, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from alqahira import site
from alqahira.article import rfc3339
from alqahira.extraction.items import ArticleItem, Fetch
from alqahira.extraction.urls import article_number, canonical_url
from alqahira.ledger.backends.store import Store
from alqahira.ledger.decisions import Outcome
from alqahira.ledger.frontier import (
    GONE,
    MAX_UNFINISHED,
    REMOVED_PAUSE,
    Backlog,
    Discovery,
    Link,
    RevisitSchedule,
    Standing,
    discovery,
    is_given_up,
    is_left,
    link_of,
    stored_link,
)
from alqahira.ledger.runs import complete_runs
from alqahira.ledger.tables import PageRow, PageState, articles, pages, quarantine
from alqahira.ledger.transactions import Transactions, transactional

_NO_FAILURE = {"attempts": 0, "failing_since": None, "gone_since": None, "unfinished": 0}
NO_VALIDATORS = {"etag": None, "last_modified": None}
_DATES_BESIDE_PAGES = ("listing", "sitemap")
# The next visit of a page whose visit has no known time: at once, by a run whose clock is right.
AT_ONCE = datetime.fromtimestamp(0, UTC)
_CHUNK = 500  # SQLite's oldest limit on bound parameters is 999

# Built once: building a statement costs several times as much as running it. The update sets the columns that it is
# given beside `page`.
_LINK = (pages.c.key, pages.c.url, pages.c.discovered_on, pages.c.hint_date, pages.c.hint_from)
_PAGE = sa.select(pages).where(pages.c.key == sa.bindparam("page"))
_SET_PAGE = pages.update().where(pages.c.key == sa.bindparam("page"))
ACCEPTED = (
    sa.select(articles.c.revision)
    .where(articles.c.article_id == sa.bindparam("article_id"), articles.c.status == Outcome.ACCEPTED.value)
    .limit(1)
)
_LEAVE_QUARANTINE = quarantine.delete().where(quarantine.c.key == sa.bindparam("page"))
_BEGIN = _SET_PAGE.values(unfinished=pages.c.unfinished + 1)
_LEAVE = _SET_PAGE.values(unfinished=pages.c.unfinished - 1).where(pages.c.unfinished > 0)


class Pages(Transactions):
    """The part of the ledger that knows of pages.

    `is_clock_right`: False if the run's clock is known to be wrong. Then no schedule is read or written: nothing is
    due by the time, no failure is an attempt, and what is visited is due again for the next run whose clock is right.
    """

    def __init__(self, store: Store, revisit: RevisitSchedule) -> None:
        super().__init__(store, revisit)
        self.is_clock_right = True
        self._claimed: set[str] = set()  # pages that are due only because a sitemap or a feed says that they changed
        self._moved: set[str] = set()  # pages whose article has an id other than that of their address

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
        complete = complete_runs(connection)
        others = {link.key: link.other_kind for link in links if link.other_kind}
        is_article = {link.key for link in links if link.kind == site.ARTICLE_KIND.value}
        new: dict[str, Link] = {}
        for link in links:
            if link.key not in known:
                new.setdefault(link.key, link)
        if new:
            known_before = max(complete.values(), default=0)
            rows = [_new_page(link, others, section, run_id) for link in new.values()]
            connection.execute(pages.insert(), [{**row, "complete_before": known_before} for row in rows])
        for key, row in known.items():
            if key in others and row.state == PageState.PENDING:
                self._set_page(connection, key, state=PageState.NOT_ARTICLE, cause=others[key])
            elif key in is_article and row.state == PageState.NOT_ARTICLE:
                self._set_page(connection, key, state=PageState.PENDING, cause=None)
        for link in links:
            page = known.get(link.key)
            if page is not None and page.state == PageState.DONE:
                continue
            if link.url != (page or new[link.key]).url:  # its words are what the page has to tell
                self._set_page(connection, link.key, url=link.url)
            if page is None:
                continue
            if link.date and page.state == PageState.PENDING and page.hint_date is None:
                # It may be the only date of the article, and the run may die before it is fetched.
                self._set_page(connection, link.key, hint_date=rfc3339(link.date), hint_from=link.discovered_on)
        moment = now if self.is_clock_right else None
        as_known = partial(discovery, now=moment, retry=retry, last_complete=complete.get(section, 0))
        discoveries = []
        for link in links:
            page = known.get(link.key)
            if link.key in others and (page is None or page.state == PageState.PENDING):
                was_left = page is not None and is_left(page)
                discoveries.append(Discovery(link, Standing.NOT_ARTICLE, kind=link.other_kind, is_left=was_left))
            else:
                discoveries.append(as_known(page, link) if page else Discovery(link, Standing.NEW))
        self._claimed |= {each.link.key for each in discoveries if each.is_claim}
        self._moved |= {key for key, row in known.items() if row.article_id not in (None, key)}
        return discoveries

    @transactional()
    def backlog(self, connection: Connection) -> Backlog:
        """The pages that earlier runs of any section left unprocessed, newest first, those without a date last."""
        is_readable = pages.c.unfinished < MAX_UNFINISHED
        query = sa.select(pages.c.key, pages.c.hint_date).where(pages.c.state == PageState.PENDING, is_readable)
        query = query.order_by(pages.c.hint_date.desc().nulls_last(), pages.c.first_run, pages.c.key)
        rows = connection.execute(query.execution_options(yield_per=10 * _CHUNK))
        return Backlog((key, date) for key, date in rows)

    @transactional(grouped=True)
    def links(self, connection: Connection, keys: Iterable[str]) -> dict[str, Link]:
        """The pages as they were first named, at the addresses by which they were named last, by key."""
        query, wanted = sa.select(*_LINK), list(keys)
        chunks = [wanted[start : start + _CHUNK] for start in range(0, len(wanted), _CHUNK)]
        found = chain.from_iterable(connection.execute(query.where(pages.c.key.in_(chunk))) for chunk in chunks)
        return {row[0]: stored_link(*row) for row in found}

    @transactional()
    def due(self, connection: Connection, now: datetime, limit: int) -> list[Discovery]:
        """Known pages of any section that are due for a revisit, longest due first; none if the clock is wrong."""
        if not self.is_clock_right:
            return []
        is_due = (
            pages.c.next_visit <= rfc3339(now),
            pages.c.state != PageState.PENDING,
            pages.c.unfinished < MAX_UNFINISHED,
        )
        query = sa.select(pages).where(*is_due).order_by(pages.c.next_visit).limit(limit)
        rows = [PageRow._make(row) for row in connection.execute(query)]
        self._moved |= {row.key for row in rows if row.article_id not in (None, row.key)}
        return [discovery(row, link_of(row), now) for row in rows]

    @transactional()
    def give_up_unfinished(self, connection: Connection, now: datetime) -> list[Link]:
        """Give up the pages that would be fetched now, had not MAX_UNFINISHED runs died while they read them.

        Each is returned once, and then fetched only if a run with `retry` finds it named.
        """
        is_due = sa.or_(pages.c.state == PageState.PENDING, pages.c.next_visit <= rfc3339(now))
        query = sa.select(pages).where(pages.c.unfinished >= MAX_UNFINISHED, is_due)
        rows = [*map(PageRow._make, connection.execute(query))]
        for row in rows:
            state = PageState.FAILED if row.state == PageState.PENDING else row.state
            self._set_page(connection, row.key, state=state, cause="unfinished", next_visit=None)
        return [link_of(row) for row in rows]

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
        kept = {name: value for name, value in _validators(fetch).items() if value}
        self._visited(connection, self._row_of(connection, fetch), fetch, published, is_news=False, **kept)

    @transactional(grouped=True)
    def begin(self, connection: Connection, key: str) -> None:
        """Count that a page is about to be read. Every outcome resets the count.

        So it is the number of runs in a row that died while they read the page.
        """
        self.store.execute(connection, _BEGIN, {"page": key})

    @transactional()
    def leave(self, connection: Connection, keys: Iterable[str]) -> None:
        """Take `begin` back for pages that a run read and leaves to the next one, since it was stopped in order."""
        for key in keys:
            self.store.execute(connection, _LEAVE, {"page": key})

    @transactional(grouped=True)
    def fail(
        self, connection: Connection, key: str, cause: str, *, retry: bool, now: datetime, is_attempt: bool = True
    ) -> bool:
        """Record that a page gave no article. Returns whether it is given up by that, and was not before.

        `retry`: it stays pending until it is given up. `is_attempt`: the cause is the page, not the host, the network
        or robots.txt, which change nothing but the cause that is noted.
        """
        row = self._page(connection, key)
        if row is None or not is_attempt or not self.is_clock_right:
            self._set_page(connection, key, cause=cause, unfinished=0)
            return False
        attempts, failing_since = row.attempts + 1, row.failing_since or rfc3339(now)
        pause = timedelta(days=2 ** min(attempts, 10))
        is_last = is_given_up(attempts, failing_since, now)
        if row.article_id is not None and cause in GONE:
            due: datetime | None = now + min(pause, REMOVED_PAUSE)  # it may return, however late
        else:
            due = None if is_last else now + pause
        was_last = row.attempts > 0 and row.next_visit is None
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
            empty_claims=self._empty_claims(row, is_news=False),
            last_visit=rfc3339(now),
            next_visit=rfc3339(due),
        )
        return is_last and not was_last and state is not PageState.DONE

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

    def _fetched(
        self, connection: Connection, row: PageRow | None, item: ArticleItem, published: datetime, *, is_news: bool
    ) -> None:
        """A page gave an article. Both validators are this response's: an earlier one's would match another text.

        If the page gives no date there are none, so that it is read again: its date may be of the future yet, or it is
        no article at all but a notice that was served in its place, and that a 304 would confirm.
        """
        fetch, article = item.fetch, item.article
        is_dated = article.date_published_source not in (None, *_DATES_BESIDE_PAGES)
        validators = _validators(fetch) if is_dated else NO_VALIDATORS
        self._visited(connection, row, fetch, published, is_news=is_news, article_id=article.article_id, **validators)

    def _visited(
        self,
        connection: Connection,
        row: PageRow | None,
        fetch: Fetch,
        published: datetime,
        *,
        is_news: bool,
        **more: str | None,
    ) -> None:
        """A page answered with its article, or with 304. `row`: of `_row_of`. `is_news`: not with what is known."""
        values: dict[str, object] = {
            **_NO_FAILURE,
            "state": PageState.DONE,
            "cause": None,
            "last_visit": rfc3339(fetch.fetched),
            "next_visit": rfc3339(self._revisit.next_visit(published, fetch.fetched)),
            **more,
        }
        if is_news:
            values["empty_claims"] = 0
        if row is not None:
            values["empty_claims"] = self._empty_claims(row, is_news=is_news)
            if not self.is_clock_right:
                values["next_visit"] = row.next_visit if row.last_visit else rfc3339(AT_ONCE)
            if (home := _home(fetch)) != fetch.key:
                self._move(connection, row, home, fetch.url, values)
                # The old address is asked no more by itself.
                values |= {"next_visit": None, **NO_VALIDATORS}
        self._set_page(connection, fetch.key, **values)
        self.store.execute(connection, _LEAVE_QUARANTINE, {"page": fetch.key})

    def _move(self, connection: Connection, row: PageRow, home: str, url: str, values: Mapping[str, object]) -> None:
        """Pass on to the address that a page redirects to what is known of the page, and the values of this visit."""
        if self._page(connection, home) is None:
            named = {**row._asdict(), "key": home, "url": canonical_url(url)}
            connection.execute(pages.insert().values(named))
        article_id = self._article_id(connection, row, home)
        known = {"etag": row.etag, "last_modified": row.last_modified, "article_id": article_id}
        self._set_page(connection, home, **known | dict(values))
        self._moved.add(home)

    def _row_of(self, connection: Connection, fetch: Fetch) -> PageRow | None:
        """The row of a fetched page if anything in it decides what this visit changes: seldom, so seldom read."""
        is_notable = fetch.key in self._claimed or fetch.key in self._moved or _home(fetch) != fetch.key
        return self._page(connection, fetch.key) if is_notable or not self.is_clock_right else None

    def _article_id(self, connection: Connection, row: PageRow | None, own: str) -> str:
        """The id of the article of a page: that which it gave before it moved, unless `own` is in the corpus.

        `own` is the id by the address that answered.
        """
        before = row.article_id if row else None
        if before in (None, own) or self.store.execute(connection, ACCEPTED, {"article_id": own}):
            return own
        return str(before)

    def _empty_claims(self, row: PageRow, *, is_news: bool) -> int:
        """How many visits in a row found nothing new of the change that a sitemap or a feed dated."""
        return 0 if is_news else row.empty_claims + (row.key in self._claimed)

    def _page(self, connection: Connection, key: str) -> PageRow | None:
        return next(map(PageRow._make, self.store.execute(connection, _PAGE, {"page": key})), None)

    def _set_page(self, connection: Connection, key: str, **values: object) -> None:
        self.store.execute(connection, _SET_PAGE, {"page": key, **values})


def _new_page(link: Link, others: Mapping[str, str], section: str, run_id: str) -> dict[str, object]:
    """The row of a link that was never seen. `others`: the kinds of those that are no articles, by key."""
    return {
        "key": link.key,
        "url": link.url,
        "section": section,
        "state": PageState.NOT_ARTICLE if link.key in others else PageState.PENDING,
        "cause": others.get(link.key),
        "discovered_on": link.discovered_on,
        "hint_date": rfc3339(link.date),
        "first_run": run_id,
    }


def _home(fetch: Fetch) -> str:
    """The key of the address that answered."""
    return article_number(fetch.url) or fetch.key


def _validators(fetch: Fetch) -> dict[str, str | None]:
    return {"etag": fetch.etag, "last_modified": fetch.last_modified}


def _pages_by_key(connection: Connection, keys: Sequence[str]) -> dict[str, PageRow]:
    rows: dict[str, PageRow] = {}
    for start in range(0, len(keys), _CHUNK):
        query = sa.select(pages).where(pages.c.key.in_(keys[start : start + _CHUNK]))
        rows |= {row.key: row for row in map(PageRow._make, connection.execute(query))}
    return rows
