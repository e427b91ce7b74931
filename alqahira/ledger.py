"""The durable state of the crawl: frontier, pages seen, articles and revisions, near-duplicate index, outbox, runs.

Whatever dies, the ledger says what was accepted. Accepting an article is one transaction; what is in
the outbox reaches the output exactly once (`parts.py`). Each run holds what it works on, by a lock that is
let go when its holder dies: the whole of SQLite, or a share of PostgreSQL (`stores`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial, wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from alqahira import queries
from alqahira.article import Article, rfc3339
from alqahira.dates import cairo_day
from alqahira.decisions import Candidate, Known, Verdict, first_repeated, judge, story_time
from alqahira.errors import (
    AlqahiraError,
    ConfigurationError,
    LedgerLost,
    LedgerUnreachable,
    LedgerUnwritable,
    one_line,
)
from alqahira.frontier import Discovery, Link, RevisitSchedule, Standing, discovery, link_of
from alqahira.migrations import prepare
from alqahira.page import CrawledArticle, PageVisit
from alqahira.record import from_record, to_json_line, to_record
from alqahira.similarity import Fingerprint, fingerprint
from alqahira.stores import Store, open_store
from alqahira.tables import articles, bands, meta, outbox, pages, parts, runs

# A page that fails is tried again by this many runs, then left alone.
MAX_ATTEMPTS = 5
_CHUNK = 500  # SQLite's oldest limit on bound parameters is 999
# What is decided about articles is decided in one order, whoever decides.
ARTICLES_IN_ORDER = "articles"
# What goes on failing in the same way after so many tries will not succeed.
_MAX_TRIES = 20

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run of the past with its account, as `Account.as_dict` gave it. `complete`: it saw all it set out to see."""

    run_id: str
    spider: str
    started: str
    exit_status: int
    complete: bool
    account: dict[str, Any]


def open_ledger(
    state_url: str, *, revisit: RevisitSchedule | None = None, read_only: bool = False, share: str = ""
) -> Ledger:
    """The ledger at a database URL, made where it is missing.

    `share`: the part of the work that the run means to hold, where runs can share it (docs/scaling.md).
    `read_only` takes no lock and works beside runs.
    Raises LedgerBusy where another run holds it, LedgerUnusable where it is corrupt, of a newer version or does not
    answer, LedgerMissing where there is none to be read, ConfigurationError where the URL is none.
    """
    store = open_store(state_url, share=share, read_only=read_only)
    try:
        store.open(lambda: prepare(store, read_only=read_only))
    except DatabaseError as error:
        store.close()
        raise store.why_not_opened(error) from None
    except BaseException:
        store.close()
        raise
    return Ledger(store, revisit or RevisitSchedule(()))


def _persistent(method: Callable[Concatenate[Ledger, P], R]) -> Callable[Concatenate[Ledger, P], R]:
    """A method of the ledger that outlives its connection; see `Ledger.persist`."""

    @wraps(method)
    def persistent(self: Ledger, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.persist(lambda: method(self, *args, **kwargs))

    return persistent


class Ledger:
    """See the module. Every public method is one transaction."""

    def __init__(self, store: Store, revisit: RevisitSchedule) -> None:
        self.store = store
        self.engine = store.engine
        self._revisit = revisit
        # Whether what is being done was tried before, and may have been committed without our knowing.
        self._is_repeat = False
        self._is_persisting = False
        # Told of every write that failed, so that a run ends whoever's write it was.
        self.on_failure: Callable[[AlqahiraError], None] = lambda _: None

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.store.close()

    def persist(self, do: Callable[[], R]) -> R:
        """Do it; where the database went away under it, again when it is back. One transaction, or safe to repeat."""
        if self._is_persisting:
            return do()
        self._is_persisting = True
        try:
            for tries_left in reversed(range(_MAX_TRIES)):
                try:
                    return do()
                except LedgerUnreachable as error:
                    if not tries_left:
                        raise
                    self.store.come_back(error)
                    self._is_repeat = True
        except (LedgerUnreachable, LedgerLost) as error:
            self.on_failure(error)
            raise
        finally:
            self._is_repeat = self._is_persisting = False
        raise AssertionError("unreachable")

    @contextmanager
    def transaction(self, *, grouped: bool = False) -> Iterator[Connection]:
        """One transaction; a full or failing disk is LedgerUnwritable, and nothing of it stays.

        `grouped`: of many that the crawl itself makes again where the power fails (`Store.begin`).
        """
        try:
            with self.store.begin(grouped=grouped) as connection:
                self.store.guard(connection)
                yield connection
        except SQLAlchemyError as error:
            cause = getattr(error, "orig", None) or error
            if self.store.is_passing(error):
                raise LedgerUnreachable(f"the state at {self.store.name} does not answer: {one_line(cause)}") from error
            failure = LedgerUnwritable(f"the state cannot be written: {cause}; the next run goes on from here")
            self.on_failure(failure)
            raise failure from error

    # --- runs ---------------------------------------------------------------------------------

    @_persistent
    def claim_site(self, host: str) -> None:
        """Bind the state to one site. Raises ConfigurationError where it holds another's articles."""
        with self.transaction() as connection:
            self.store.serialize(connection, "tables")
            found = connection.scalar(sa.select(meta.c.value).where(meta.c.name == "site"))
            if found is None:
                connection.execute(meta.insert().values(name="site", value=host))
            elif found == host:
                return
            elif connection.scalar(sa.select(articles.c.article_id).limit(1)) is None:
                connection.execute(meta.update().where(meta.c.name == "site").values(value=host))
            else:
                raise ConfigurationError(
                    f"this state holds articles of {found}, not of {host}: give each its own ALQAHIRA_OUTPUT_DIR"
                )

    @_persistent
    def start_run(self, run_id: str, spider: str, now: datetime) -> str:
        """Open a run; its id, with a number added where the same second had one already."""
        with self.transaction() as connection:
            self.store.serialize(connection, "runs")
            if self._is_repeat and (signed := self.store.signed(connection)):
                return signed
            taken = set(connection.scalars(sa.select(runs.c.run_id).where(runs.c.run_id.startswith(run_id))))
            free = next(name for name in (run_id, *(f"{run_id}-{n}" for n in range(2, 10_000))) if name not in taken)
            connection.execute(runs.insert().values(run_id=free, spider=spider, started=rfc3339(now), complete=0))
            self.store.sign(connection, free, now)
        return free

    @_persistent
    def finish_run(
        self, run_id: str, account: Mapping[str, Any], exit_status: int, now: datetime, *, complete: bool
    ) -> None:
        """Close a run. `complete`: it saw all that it set out to see, so what it met is settled."""
        with self.transaction() as connection:
            connection.execute(
                runs.update()
                .where(runs.c.run_id == run_id)
                .values(
                    ended=rfc3339(now), exit_status=exit_status, complete=int(complete), account=json.dumps(account)
                )
            )
            if complete:
                section = sa.select(runs.c.spider).where(runs.c.run_id == run_id).scalar_subquery()
                met = (pages.c.section == section, pages.c.settled == 0, pages.c.state != "pending")
                own = self.store.own_pages(connection)
                connection.execute(pages.update().where(*met, *own).values(settled=1))
                self.store.settled(connection)

    @_persistent
    def has_completed_run(self, spider: str) -> bool:
        with self.transaction() as connection:
            query = sa.select(runs.c.run_id).where(runs.c.spider == spider, runs.c.complete == 1).limit(1)
            return connection.scalar(query) is not None

    @_persistent
    def last_completed_run(self, spider: str) -> str | None:
        """When the last run that saw all it set out to see began, as RFC 3339."""
        with self.transaction() as connection:
            query = sa.select(sa.func.max(runs.c.started)).where(runs.c.spider == spider, runs.c.complete == 1)
            found: str | None = connection.scalar(query)
        return found

    @_persistent
    def ended_runs(self, since: datetime, spider: str | None = None) -> list[EndedRun]:
        """The runs that began at or after a moment and have ended, of one spider or of all, in the order they began."""
        query = sa.select(runs).where(runs.c.started >= rfc3339(since), runs.c.account.is_not(None))
        if spider is not None:
            query = query.where(runs.c.spider == spider)
        with self.transaction() as connection:
            rows = connection.execute(query.order_by(runs.c.started, runs.c.run_id)).all()
        return [
            EndedRun(r.run_id, r.spider, r.started, r.exit_status, bool(r.complete), json.loads(r.account))
            for r in rows
        ]

    # --- frontier -----------------------------------------------------------------------------

    @_persistent
    def discover(self, links: Iterable[Link], *, section: str, run_id: str, now: datetime) -> list[Discovery]:
        """How each link stands; those never met become pending."""
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
                        "state": "pending",
                        "discovered_on": link.discovered_on,
                        "hint_date": rfc3339(link.date),
                        "first_run": run_id,
                    }
            if fresh:
                # Sorted, so that two runs that find the same pages never wait for each other.
                self.store.insert_new(connection, pages, [fresh[key] for key in sorted(fresh)])
            waiting = fresh.keys() | {key for key, row in known.items() if row.state == "pending"}
            own = self.store.claim(connection, waiting, section) if waiting else set()
            found = []
            for link in links:
                if link.key in waiting and link.key not in own:
                    found.append(Discovery(link, Standing.ELSEWHERE, settled=False))
                elif link.key in fresh:
                    found.append(Discovery(link, Standing.NEW, settled=False))
                else:
                    found.append(discovery(known[link.key], link, section, now))
        return found

    @_persistent
    def pending(self, section: str) -> list[Link]:
        """What earlier runs of the section, or of this run's share of it, left behind, oldest first."""
        with self.transaction() as connection:
            mine = (pages.c.section == section, pages.c.state == "pending", *self.store.own_pages(connection))
            query = sa.select(pages).where(*mine).order_by(pages.c.first_run, pages.c.key)
            rows = connection.execute(query).all()
            own = self.store.claim(connection, [row.key for row in rows], section) if rows else set()
        return [link_of(row) for row in rows if row.key in own]

    @_persistent
    def due(self, section: str, now: datetime, limit: int) -> list[Discovery]:
        """Known pages whose revisit is due, longest due first."""
        if not self.store.takes_revisits:
            return []
        with self.transaction() as connection:
            query = (
                sa.select(pages)
                .where(pages.c.section == section, pages.c.next_visit <= rfc3339(now), pages.c.state != "pending")
                .order_by(pages.c.next_visit)
                .limit(limit)
            )
            return [discovery(row, link_of(row), section, now) for row in connection.execute(query)]

    @_persistent
    def unchanged(self, visit: PageVisit, run_id: str) -> None:
        """The site said 304, or gave the same article again."""
        with self.transaction(grouped=True) as connection:
            self._visited(connection, visit, self._published(connection, visit.key))

    @_persistent
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
            self.store.release(connection, key)
        return retry and not again and not known

    # --- articles -----------------------------------------------------------------------------

    @_persistent
    def set_aside(self, crawled: CrawledArticle, run_id: str) -> bool:
        """Keep an article that this run does not cover, so that one that does need not download it.

        False, and nothing done, where a revision of it is in the corpus or on its way there.
        """
        article, visit = crawled.article, crawled.visit
        with self.transaction(grouped=True) as connection:
            self.store.serialize(connection, ARTICLES_IN_ORDER)
            newest = self._newest(connection, article.article_id)
            topics = f",{','.join(article.topics)}," if article.topics else ""
            if newest is None or newest.status == "set_aside":
                self._drop_set_aside(connection, newest)
                if article.topics:
                    self._store(connection, article, "set_aside")
            elif self.store.rows(connection, queries.ACCEPTED, {"article_id": article.article_id}):
                return False
            else:
                topics = ""  # it was told already, and dropped
            self._visited(connection, visit, article.date_published or visit.fetched, article.article_id, topics)
        return True

    @_persistent
    def set_aside_article(self, key: str, topic: str) -> CrawledArticle | None:
        """The article that was set aside under that page, if it has the topic."""
        with self.transaction() as connection:
            page = self._page(connection, key)
            newest = self._newest(connection, page.article_id) if page is not None and page.article_id else None
        if page is None or newest is None or newest.status != "set_aside":
            return None
        article = from_record(json.loads(newest.record))
        if topic not in article.topics:
            return None
        visit = PageVisit(
            key=key,
            url=page.url,
            fetched=datetime.fromisoformat(newest.date_crawled),
            etag=page.etag,
            last_modified=page.last_modified,
            discovered_on=page.discovered_on,
        )
        return CrawledArticle(article=article, visit=visit)

    @_persistent
    def was_visited(self, key: str, when: datetime) -> bool:
        """Whether something became of a page that was read at a moment, or later."""
        with self.transaction() as connection:
            page = self._page(connection, key)
        return page is not None and (page.last_visit or "") >= rfc3339(when)

    @_persistent
    def is_set_aside(self, key: str) -> bool:
        """Whether the article of a page waits for the run of another section."""
        with self.transaction() as connection:
            page = self._page(connection, key)
        return page is not None and bool(page.aside_topics)

    @_persistent
    def set_aside_pages(self, section: str, since: datetime, until: datetime) -> list[Link]:
        """Pages whose article was set aside though it is the section's, because its day lay outside what was asked.

        `since` and `until`: its moment, the second excluded.
        """
        moment = articles.c.story_time
        with self.transaction() as connection:
            query = (
                sa.select(pages)
                .join(articles, articles.c.article_id == pages.c.article_id)
                .where(articles.c.status == "set_aside", pages.c.aside_topics.contains(f",{section},"))
                .where(moment >= rfc3339(since), moment < rfc3339(until))
            )
            return [link_of(row) for row in connection.execute(query.order_by(pages.c.key))]

    @_persistent
    def accept(
        self, crawled: CrawledArticle, fingerprint: Fingerprint, *, near_duplicates: str, run_id: str
    ) -> Verdict:
        """Decide and record, in one transaction: revision or duplicate, outbox row, page done."""
        article, visit = crawled.article, crawled.visit
        with self.transaction(grouped=True) as connection:
            self.store.serialize(connection, ARTICLES_IN_ORDER)
            if self._is_repeat and (before := self._decided(connection, article, run_id)):
                return before
            newest = self._newest(connection, article.article_id)
            verdict = self._judge(connection, article, newest, fingerprint, near_duplicates)
            if verdict.outcome != "unchanged":
                self._write(connection, verdict, newest, fingerprint)
            self._visited(
                connection,
                visit,
                article.date_published or article.date_first_seen or visit.fetched,
                article.article_id,
            )
        return verdict

    def _judge(
        self, connection: Connection, article: Article, newest: Any, fingerprint: Fingerprint, near_duplicates: str
    ) -> Verdict:
        """`newest`: the row of the article's newest revision, or None."""
        known = None
        if newest is not None:
            seen = datetime.fromisoformat(json.loads(newest.record)["date_first_seen"])
            known = Known(newest.status, newest.revision, newest.content_hash, newest.duplicate_of, seen)
        return judge(article, known, lambda: self._original(connection, article, fingerprint), near_duplicates)

    def _original(self, connection: Connection, article: Article, fingerprint: Fingerprint) -> tuple[str, str] | None:
        """The earlier article that this one repeats, and how: `same_content` or `near_duplicate`."""
        this = {"article_id": article.article_id}
        if rows := self.store.rows(connection, queries.SAME_CONTENT, {"content_hash": article.content_hash, **this}):
            row = rows[0]
            return row.duplicate_of or row.article_id, "same_content"
        found = self.store.rows(connection, queries.CANDIDATES, {"bands": fingerprint.bands, **this})
        shared = [row.article_id for row in found]
        near = first_repeated(article, fingerprint.features, self._candidates(connection, shared))
        return (near, "near_duplicate") if near else None

    def _candidates(self, connection: Connection, shared: Iterable[str]) -> Iterator[Candidate]:
        for candidate in shared:
            if row := self._newest(connection, candidate):
                yield Candidate(candidate, datetime.fromisoformat(row.story_time), partial(_body_of, row.record))

    def _write(self, connection: Connection, verdict: Verdict, before: Any, found: Fingerprint) -> None:
        """`before`: the row of the revision before, or None."""
        article = verdict.article
        self._drop_set_aside(connection, before)
        self._store(connection, article, "accepted" if verdict.is_emitted else "duplicate")
        if article.duplicate_of is None:
            self._index(connection, article.article_id, found, before)
        if verdict.is_emitted:
            day = str(cairo_day(article.date_published)) if article.date_published else "unknown"
            row = {"article_id": article.article_id, "revision": article.revision, "day": day}
            self.store.change(connection, queries.STORE_OUTBOX, {**row, "accepted": rfc3339(article.date_crawled)})

    def _index(self, connection: Connection, article_id: str, found: Fingerprint, before: Any) -> None:
        """Make the article a candidate by its bands, and no longer by those of its row `before`."""
        if before is not None and before.status == "accepted" and before.duplicate_of is None:
            # By the key, which begins with the band: by the article alone, the whole table would be read.
            old = fingerprint(json.loads(before.record)["article_body"]).bands
            connection.execute(bands.delete().where(bands.c.band.in_(old), bands.c.article_id == article_id))
        rows = [{"band": band, "article_id": article_id} for band in dict.fromkeys(found.bands)]
        self.store.change(connection, queries.STORE_BANDS, rows)

    def _visited(
        self,
        connection: Connection,
        visit: PageVisit,
        published: datetime,
        article_id: str | None = None,
        aside_topics: str | None = None,
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
            values |= {"article_id": article_id, "aside_topics": aside_topics or ""}
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

    # --- reading ------------------------------------------------------------------------------

    @_persistent
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

    @_persistent
    def article(self, article_id: str, revision: int | None = None) -> Article | None:
        """A revision of an article, the newest where none is named; None where it is not known."""
        query = sa.select(articles.c.record).where(articles.c.article_id == article_id)
        if revision is not None:
            query = query.where(articles.c.revision == revision)
        with self.transaction() as connection:
            found = connection.scalar(query.order_by(articles.c.revision.desc()).limit(1))
        return from_record(json.loads(found)) if found else None

    @_persistent
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
            query = sa.select(articles.c.article_id, newest).where(articles.c.status != "set_aside")
            return {row.article_id: row.newest for row in connection.execute(query.group_by(articles.c.article_id))}

    def is_empty(self) -> bool:
        """Whether no article was ever accepted or dropped here."""
        with self.engine.connect() as connection:
            return connection.scalar(sa.select(articles.c.article_id).limit(1)) is None

    @_persistent
    def restore_part(self, part: Any, published: Sequence[Article]) -> None:
        """Take a sealed part (`parts.Part`) and its articles into an empty ledger, as if it had published them."""
        sequence = int(Path(part.path).name.removeprefix("part-").partition(".")[0])
        day = Path(part.path).parent.name.removeprefix("date_published=")
        with self.transaction() as connection:
            connection.execute(parts.insert().values(sequence=sequence, sealed=1, **asdict(part)))
            for article in published:
                before = self._newest(connection, article.article_id)
                self._store(connection, article, "accepted")
                # A revision may stand in an earlier part than the one before it, if its day changed.
                if article.duplicate_of is None and (before is None or before.revision < article.revision):
                    self._index(connection, article.article_id, fingerprint(article.article_body), before)
                row = {"article_id": article.article_id, "revision": article.revision, "day": day, "part": sequence}
                connection.execute(outbox.insert().values(accepted=rfc3339(article.date_crawled), **row))
            self.store.restored(connection)

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

    # --- rows ---------------------------------------------------------------------------------

    def _page(self, connection: Connection, key: str) -> Any:
        return next(iter(self.store.rows(connection, queries.PAGE, {"page": key})), None)

    def _newest(self, connection: Connection, article_id: str) -> Any:
        return next(iter(self.store.rows(connection, queries.NEWEST, {"article_id": article_id})), None)

    def _drop_set_aside(self, connection: Connection, newest: Any) -> None:
        """A record that was set aside makes room for another; it is the newest, for nothing follows it."""
        if newest is not None:
            self.store.change(connection, queries.DROP_SET_ASIDE, {"article_id": newest.article_id})

    def _decided(self, connection: Connection, article: Article, run_id: str) -> Verdict | None:
        """What the same run has decided of the same visit, in a transaction whose end it was not told; else None."""
        newest = self._newest(connection, article.article_id)
        if newest is None or newest.status == "set_aside" or newest.content_hash != article.content_hash:
            return None
        found = from_record(json.loads(newest.record))
        if (found.run_id, found.date_crawled) != (run_id, article.date_crawled):
            return None
        if newest.status == "accepted":
            earlier = (articles.c.article_id == found.article_id, articles.c.revision < found.revision)
            accepted = sa.select(articles.c.revision).where(*earlier, articles.c.status == "accepted").limit(1)
            if connection.scalar(accepted) is not None:
                return Verdict("revised", found, "revision")
        cause = ""
        if found.duplicate_of:
            same = self._newest(connection, found.duplicate_of).content_hash == found.content_hash
            cause = "same_content" if same else "near_duplicate"
        return Verdict(newest.status, found, cause)

    def _store(self, connection: Connection, article: Article, status: str) -> None:
        row = {
            "article_id": article.article_id,
            "revision": article.revision,
            "status": status,
            "content_hash": article.content_hash,
            "duplicate_of": article.duplicate_of,
            "story_time": rfc3339(story_time(article)),
            "date_crawled": rfc3339(article.date_crawled),
            "record": to_json_line(to_record(article)),
        }
        self.store.change(connection, queries.STORE_ARTICLE, row)


def _pages_by_key(connection: Connection, keys: Sequence[str]) -> dict[str, Any]:
    found = {}
    for start in range(0, len(keys), _CHUNK):
        for row in connection.execute(sa.select(pages).where(pages.c.key.in_(keys[start : start + _CHUNK]))):
            found[row.key] = row
    return found


def _body_of(line: str) -> str:
    body: str = json.loads(line)["article_body"]
    return body
