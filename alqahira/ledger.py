"""The durable state of the crawl: frontier, pages seen, articles and revisions, near-duplicate index, outbox, runs.

Whatever dies, the ledger says what was accepted. Accepting an article is one transaction; what is in
the outbox reaches the output exactly once (`parts.py`). One writer at a time: a lock that the system
lets go when its holder dies.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError, SQLAlchemyError

from alqahira.article import Article, rfc3339
from alqahira.dates import cairo_day
from alqahira.errors import ConfigurationError, LedgerBusy, LedgerMissing, LedgerUnusable, LedgerUnwritable
from alqahira.page import CrawledArticle, PageVisit
from alqahira.record import from_record, to_json_line, to_record
from alqahira.similarity import Fingerprint, features, fingerprint, same_story
from alqahira.tables import STATE_VERSION, articles, bands, meta, metadata, outbox, pages, parts, runs

# The same wire story elsewhere counts as a duplicate within this time; later it is news again.
STORY_WINDOW = timedelta(hours=72)
# A page that fails is tried again by this many runs, then left alone.
MAX_ATTEMPTS = 5
# The exact rule is asked of at most this many candidates, most shared bands first.
_MAX_CANDIDATES = 16
_CHUNK = 500  # SQLite's oldest limit on bound parameters is 999

# Steps from an older state to the next version, by the version they start from.
MIGRATIONS: dict[int, Callable[[Connection], None]] = {}


class Standing(StrEnum):
    """How a discovered page stands in the ledger."""

    NEW = "new"
    PENDING = "pending"
    DUE = "due"
    RESTING = "resting"
    SET_ASIDE = "set_aside"


@dataclass(frozen=True, slots=True)
class Link:
    """An article page as a listing, sitemap or feed names it.

    `date` and `modified` are what that says of its publication and last change. `is_listed`: a listing shows it now.
    """

    key: str
    url: str
    discovered_on: str | None = None
    date: datetime | None = None
    modified: datetime | None = None
    is_listed: bool = False


@dataclass(frozen=True, slots=True)
class Discovery:
    """A link and how the ledger knows it. `settled`: runs that ended well have dealt with it."""

    link: Link
    standing: Standing
    settled: bool
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `accept` decided: accepted, revised, unchanged or duplicate; `article` has its revision filled in."""

    outcome: str
    article: Article
    cause: str = ""

    @property
    def is_emitted(self) -> bool:
        return self.outcome in ("accepted", "revised")


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run of the past with its account, as `Account.as_dict` gave it. `complete`: it saw all it set out to see."""

    run_id: str
    spider: str
    started: str
    exit_status: int
    complete: bool
    account: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RevisitSchedule:
    """When a known article is asked about again: often while it is young, never when it is old."""

    steps: tuple[tuple[timedelta, timedelta], ...]

    @classmethod
    def from_steps(cls, steps: Iterable[Sequence[float]]) -> RevisitSchedule:
        """From (age in days up to which it holds, hours between visits)."""
        return cls(tuple((timedelta(days=days), timedelta(hours=hours)) for days, hours in steps))

    def next_visit(self, published: datetime, visited: datetime) -> datetime | None:
        age = visited - published
        return next((visited + pause for limit, pause in self.steps if age <= limit), None)


def open_ledger(state_url: str, *, revisit: RevisitSchedule | None = None, read_only: bool = False) -> Ledger:
    """The ledger at a database URL, made where it is missing. `read_only` takes no lock and works beside a run.

    Raises LedgerBusy where another run holds it, LedgerUnusable where it is corrupt or of a newer version,
    LedgerMissing where there is none to be read, ConfigurationError where the URL is none.
    """
    try:
        url = make_url(state_url)
        if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
            raise ConfigurationError(f"ALQAHIRA_STATE_URL must be sqlite:///<file>, not {state_url[:80]!r}")
    except ArgumentError:
        raise ConfigurationError(f"ALQAHIRA_STATE_URL={state_url[:80]!r} is no database URL") from None
    path = Path(url.database)
    if read_only and not path.exists():
        raise LedgerMissing(f"there is no state at {path}: no run has written there")
    lock = None if read_only else hold(path)
    try:
        engine = _engine(url)
        _prepare(engine, read_only=read_only)
    except DatabaseError as error:
        let_go(lock)
        wrong = LedgerUnwritable if isinstance(error, OperationalError) else LedgerUnusable
        raise wrong(f"the state at {path} cannot be read: {error.orig}") from None
    except Exception:
        let_go(lock)
        raise
    return Ledger(engine, revisit or RevisitSchedule(()), lock)


def hold(path: Path) -> int:
    """An exclusive lock on a file beside a path; the system lets it go when this process dies. Raises LedgerBusy."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise ConfigurationError(f"the state folder {path.parent} cannot be written: {error.strerror}") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(handle, 200, 0).decode(errors="replace").strip()
        os.close(handle)
        raise LedgerBusy(f"another run holds the state {path}: {holder or 'it does not say which'}") from None
    _sign(handle, f"process {os.getpid()} since {rfc3339(datetime.now(UTC))}")
    return handle


def _sign(lock: int, holder: str) -> None:
    """Say in the locked file who holds it, for a run that finds it locked."""
    with suppress(OSError):  # a full disk is told of where something is lost
        os.ftruncate(lock, 0)
        os.pwrite(lock, holder.encode(), 0)


def let_go(lock: int | None) -> None:
    if lock is not None:
        os.close(lock)


def _engine(url: URL) -> Engine:
    engine = sa.create_engine(url, connect_args={"timeout": 30})

    @sa.event.listens_for(engine, "connect")
    def configure(connection: Any, record: Any) -> None:
        # The driver would begin a transaction at the first change of rows only: a change of tables must be in it, too.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        # A commit is on the disk before anything is told of it: a part must never know more than the ledger.
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def _prepare(engine: Engine, *, read_only: bool) -> None:
    """Make the tables, or bring an older state to this version; all steps are one transaction."""
    with engine.connect() as connection:
        has_meta = sa.inspect(connection).has_table("meta")
        found = int(connection.scalar(sa.select(meta.c.value).where(meta.c.name == "version")) or 0) if has_meta else 0
    if found > STATE_VERSION:
        raise LedgerUnusable(f"the state is of version {found}, newer than this program's {STATE_VERSION}: upgrade it")
    if read_only:
        if found < STATE_VERSION:
            raise LedgerUnusable(f"the state is of version {found}, not {STATE_VERSION}: the next run brings it there")
        return
    steps = range(found or STATE_VERSION, STATE_VERSION)
    if missing := [version for version in steps if version not in MIGRATIONS]:
        raise LedgerUnusable(f"the state is of version {found}, and no step leads on from version {missing[0]}")
    with engine.begin() as connection:
        if not found:
            metadata.create_all(connection)
        for version in steps:
            MIGRATIONS[version](connection)
        connection.execute(meta.delete().where(meta.c.name == "version"))
        connection.execute(meta.insert().values(name="version", value=str(STATE_VERSION)))


class Ledger:
    """See the module. Every public method is one transaction."""

    def __init__(self, engine: Engine, revisit: RevisitSchedule, lock: int | None) -> None:
        self.engine = engine
        self._revisit = revisit
        self._lock = lock
        # Told of every write that failed, so that a run ends whoever's write it was.
        self.on_failure: Callable[[LedgerUnwritable], None] = lambda _: None

    @property
    def path(self) -> Path:
        """The file of the state."""
        return Path(str(self.engine.url.database))

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.engine.dispose()
        let_go(self._lock)
        self._lock = None

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction; a full or failing disk is LedgerUnwritable, and nothing of it stays."""
        try:
            with self.engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            cause = getattr(error, "orig", None) or error
            failure = LedgerUnwritable(f"the state cannot be written: {cause}; the next run goes on from here")
            self.on_failure(failure)
            raise failure from error

    # --- runs ---------------------------------------------------------------------------------

    def claim_site(self, host: str) -> None:
        """Bind the state to one site. Raises ConfigurationError where it holds another's articles."""
        with self.transaction() as connection:
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

    def start_run(self, run_id: str, spider: str, now: datetime) -> str:
        """Open a run; its id, with a number added where the same second had one already."""
        with self.transaction() as connection:
            taken = set(connection.scalars(sa.select(runs.c.run_id).where(runs.c.run_id.startswith(run_id))))
            free = next(name for name in (run_id, *(f"{run_id}-{n}" for n in range(2, 10_000))) if name not in taken)
            connection.execute(runs.insert().values(run_id=free, spider=spider, started=rfc3339(now), complete=0))
        if self._lock is not None:
            _sign(self._lock, f"process {os.getpid()} since {rfc3339(now)}, run {free}")
        return free

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
                connection.execute(
                    pages.update()
                    .where(pages.c.section == section, pages.c.settled == 0, pages.c.state != "pending")
                    .values(settled=1)
                )

    def has_completed_run(self, spider: str) -> bool:
        with self.transaction() as connection:
            query = sa.select(runs.c.run_id).where(runs.c.spider == spider, runs.c.complete == 1).limit(1)
            return connection.scalar(query) is not None

    def last_completed_run(self, spider: str) -> str | None:
        """When the last run that saw all it set out to see began, as RFC 3339."""
        with self.transaction() as connection:
            query = sa.select(sa.func.max(runs.c.started)).where(runs.c.spider == spider, runs.c.complete == 1)
            found: str | None = connection.scalar(query)
        return found

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

    def discover(self, links: Iterable[Link], *, section: str, run_id: str, now: datetime) -> list[Discovery]:
        """How each link stands; those never met become pending."""
        links = list(links)
        with self.transaction() as connection:
            known = _pages_by_key(connection, [link.key for link in links])
            found, fresh = [], {}
            for link in links:
                row = known.get(link.key)
                if row is None:
                    if link.key not in fresh:
                        fresh[link.key] = {
                            "key": link.key,
                            "url": link.url,
                            "section": section,
                            "state": "pending",
                            "discovered_on": link.discovered_on,
                            "hint_date": rfc3339(link.date),
                            "first_run": run_id,
                        }
                    found.append(Discovery(link, Standing.NEW, settled=False))
                else:
                    found.append(_discovery(row, link, section, now))
            if fresh:
                connection.execute(pages.insert(), list(fresh.values()))
        return found

    def pending(self, section: str) -> list[Link]:
        """What earlier runs of the section left behind, oldest first."""
        with self.transaction() as connection:
            query = sa.select(pages).where(pages.c.section == section, pages.c.state == "pending")
            return [_link(row) for row in connection.execute(query.order_by(pages.c.first_run, pages.c.key))]

    def due(self, section: str, now: datetime, limit: int) -> list[Discovery]:
        """Known pages whose revisit is due, longest due first."""
        with self.transaction() as connection:
            query = (
                sa.select(pages)
                .where(pages.c.section == section, pages.c.next_visit <= rfc3339(now), pages.c.state != "pending")
                .order_by(pages.c.next_visit)
                .limit(limit)
            )
            return [_discovery(row, _link(row), section, now) for row in connection.execute(query)]

    def unchanged(self, visit: PageVisit, run_id: str) -> None:
        """The site said 304, or gave the same article again."""
        with self.transaction() as connection:
            self._visited(connection, visit, self._published(connection, visit.key))

    def fail(self, key: str, cause: str, *, retry: bool, now: datetime, run_id: str) -> bool:
        """A page gave no article. With `retry` it stays pending for the next run, up to MAX_ATTEMPTS runs.

        True where this was the last of them: the page is given up.
        """
        with self.transaction() as connection:
            row = _pages_by_key(connection, [key]).get(key)
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
            connection.execute(pages.update().where(pages.c.key == key).values(values))
        return retry and not again and not known

    # --- articles -----------------------------------------------------------------------------

    def is_published(self, article_id: str) -> bool:
        """Whether a revision of the article is in the corpus, or on its way there."""
        with self.transaction() as connection:
            accepted = (articles.c.article_id == article_id) & (articles.c.status == "accepted")
            query = sa.select(articles.c.revision).where(accepted).limit(1)
            return connection.scalar(query) is not None

    def set_aside(self, crawled: CrawledArticle, run_id: str) -> None:
        """Keep an article that this run does not cover, so that one that does need not download it."""
        article, visit = crawled.article, crawled.visit
        with self.transaction() as connection:
            newest = _newest(connection, article.article_id)
            topics = f",{','.join(article.topics)}," if article.topics else ""
            if newest is None or newest.status == "set_aside":
                connection.execute(
                    articles.delete().where(
                        articles.c.article_id == article.article_id, articles.c.status == "set_aside"
                    )
                )
                if article.topics:
                    _store(connection, article, "set_aside")
            else:
                topics = ""  # its record is in the corpus already
            self._visited(connection, visit, article.date_published or visit.fetched, article.article_id, topics)

    def set_aside_article(self, key: str, topic: str) -> CrawledArticle | None:
        """The article that was set aside under that page, if it has the topic."""
        with self.transaction() as connection:
            page = _pages_by_key(connection, [key]).get(key)
            newest = _newest(connection, page.article_id) if page is not None and page.article_id else None
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

    def was_visited(self, key: str, when: datetime) -> bool:
        """Whether something became of a page that was read at a moment, or later."""
        with self.transaction() as connection:
            page = _pages_by_key(connection, [key]).get(key)
        return page is not None and (page.last_visit or "") >= (rfc3339(when) or "")

    def is_set_aside(self, key: str) -> bool:
        """Whether the article of a page waits for the run of another section."""
        with self.transaction() as connection:
            page = _pages_by_key(connection, [key]).get(key)
        return page is not None and bool(page.aside_topics)

    def accept(
        self, crawled: CrawledArticle, fingerprint: Fingerprint, *, near_duplicates: str, run_id: str
    ) -> Verdict:
        """Decide and record, in one transaction: revision or duplicate, outbox row, page done."""
        article, visit = crawled.article, crawled.visit
        with self.transaction() as connection:
            verdict = self._judge(connection, article, fingerprint, near_duplicates)
            if verdict.outcome != "unchanged":
                self._write(connection, verdict, fingerprint)
            self._visited(
                connection,
                visit,
                article.date_published or article.date_first_seen or visit.fetched,
                article.article_id,
            )
        return verdict

    def _judge(
        self, connection: Connection, article: Article, fingerprint: Fingerprint, near_duplicates: str
    ) -> Verdict:
        newest = _newest(connection, article.article_id)
        if newest is not None:
            before = json.loads(newest.record)
            article.date_first_seen = datetime.fromisoformat(before["date_first_seen"])
            if newest.status != "set_aside" and newest.content_hash == article.content_hash:
                article.revision = newest.revision
                return Verdict("unchanged", article, "same_content")
            article.revision = newest.revision + (newest.content_hash != article.content_hash)
            if newest.status == "accepted":
                article.duplicate_of = newest.duplicate_of
                return Verdict("revised", article, "revision")
        original = None if near_duplicates == "off" else self._original(connection, article, fingerprint)
        if original is None:
            return Verdict("accepted", article)
        article.duplicate_of, cause = original
        return Verdict("accepted" if near_duplicates == "mark" else "duplicate", article, cause)

    def _original(self, connection: Connection, article: Article, fingerprint: Fingerprint) -> tuple[str, str] | None:
        """The earlier article that this one repeats, and how: `same_content` or `near_duplicate`."""
        same = sa.select(articles.c.article_id, articles.c.duplicate_of).where(
            articles.c.content_hash == article.content_hash,
            articles.c.article_id != article.article_id,
            articles.c.status != "set_aside",
        )
        if row := connection.execute(same.order_by(articles.c.date_crawled).limit(1)).first():
            return row.duplicate_of or row.article_id, "same_content"
        shared = (
            sa.select(bands.c.article_id)
            .where(bands.c.band.in_(fingerprint.bands), bands.c.article_id != article.article_id)
            .group_by(bands.c.article_id)
            .order_by(sa.func.count().desc(), bands.c.article_id)
            .limit(_MAX_CANDIDATES)
        )
        moment = article.date_published or article.date_first_seen
        assert moment is not None
        for candidate in connection.scalars(shared).all():
            row = _newest(connection, candidate)
            if row is None or abs(datetime.fromisoformat(row.story_time) - moment) > STORY_WINDOW:
                continue
            if same_story(fingerprint.features, features(json.loads(row.record)["article_body"])):
                return candidate, "near_duplicate"
        return None

    def _write(self, connection: Connection, verdict: Verdict, found: Fingerprint) -> None:
        article = verdict.article
        before = _newest(connection, article.article_id)
        connection.execute(
            articles.delete().where(articles.c.article_id == article.article_id, articles.c.status == "set_aside")
        )
        _store(connection, article, "accepted" if verdict.is_emitted else "duplicate")
        if article.duplicate_of is None:
            self._index(connection, article.article_id, found, before)
        if verdict.is_emitted:
            day = str(cairo_day(article.date_published)) if article.date_published else "unknown"
            connection.execute(
                outbox.insert().values(
                    article_id=article.article_id,
                    revision=article.revision,
                    day=day,
                    accepted=rfc3339(article.date_crawled),
                )
            )

    def _index(self, connection: Connection, article_id: str, found: Fingerprint, before: Any) -> None:
        """Make the article a candidate by its bands, and no longer by those of its row `before`."""
        if before is not None and before.status == "accepted" and before.duplicate_of is None:
            # By the key, which begins with the band: by the article alone, the whole table would be read.
            old = fingerprint(json.loads(before.record)["article_body"]).bands
            connection.execute(bands.delete().where(bands.c.band.in_(old), bands.c.article_id == article_id))
        rows = [{"band": band, "article_id": article_id} for band in dict.fromkeys(found.bands)]
        connection.execute(bands.insert(), rows)

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
        connection.execute(pages.update().where(pages.c.key == visit.key).values(values))

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

    def article(self, article_id: str, revision: int | None = None) -> Article | None:
        """A revision of an article, the newest where none is named; None where it is not known."""
        query = sa.select(articles.c.record).where(articles.c.article_id == article_id)
        if revision is not None:
            query = query.where(articles.c.revision == revision)
        with self.transaction() as connection:
            found = connection.scalar(query.order_by(articles.c.revision.desc()).limit(1))
        return from_record(json.loads(found)) if found else None

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

    def latest(self, count: int) -> list[Article]:
        """The articles accepted last, each as its newest revision has it."""
        newest = sa.select(outbox.c.article_id, sa.func.max(outbox.c.position).label("position"))
        newest = newest.group_by(outbox.c.article_id).order_by(sa.desc("position")).limit(count)
        with self.transaction() as connection:
            rows = [_newest(connection, row.article_id) for row in connection.execute(newest)]
        return [from_record(json.loads(row.record)) for row in rows]

    def newest_revisions(self) -> dict[str, int]:
        """The highest revision of every article that was accepted or dropped."""
        with self.engine.connect() as connection:
            newest = sa.func.max(articles.c.revision).label("newest")
            query = sa.select(articles.c.article_id, newest).where(articles.c.status != "set_aside")
            return {row.article_id: row.newest for row in connection.execute(query.group_by(articles.c.article_id))}

    def restore_part(self, part: Any, published: Sequence[Article]) -> None:
        """Take a sealed part (`parts.Part`) and its articles into an empty ledger, as if it had published them."""
        sequence = int(Path(part.path).name.removeprefix("part-").partition(".")[0])
        day = Path(part.path).parent.name.removeprefix("date_published=")
        with self.transaction() as connection:
            connection.execute(parts.insert().values(sequence=sequence, sealed=1, **asdict(part)))
            for article in published:
                before = _newest(connection, article.article_id)
                _store(connection, article, "accepted")
                # A revision may stand in an earlier part than the one before it, if its day changed.
                if article.duplicate_of is None and (before is None or before.revision < article.revision):
                    self._index(connection, article.article_id, fingerprint(article.article_body), before)
                row = {"article_id": article.article_id, "revision": article.revision, "day": day, "part": sequence}
                connection.execute(outbox.insert().values(accepted=rfc3339(article.date_crawled), **row))

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


def _pages_by_key(connection: Connection, keys: Sequence[str]) -> dict[str, Any]:
    found = {}
    for start in range(0, len(keys), _CHUNK):
        for row in connection.execute(sa.select(pages).where(pages.c.key.in_(keys[start : start + _CHUNK]))):
            found[row.key] = row
    return found


def _discovery(row: Any, link: Link, section: str, now: datetime) -> Discovery:
    if row.state == "pending":
        standing = Standing.PENDING
    elif f",{section}," in row.aside_topics:
        standing = Standing.SET_ASIDE
    elif row.next_visit is not None and row.next_visit <= (rfc3339(now) or ""):
        standing = Standing.DUE
    elif link.modified and row.state == "done" and row.last_visit <= (rfc3339(link.modified) or ""):
        standing = Standing.DUE  # the site says that it has changed since
    elif link.is_listed and row.state == "done" and (row.etag or row.last_modified):
        standing = Standing.DUE  # the site shows it now, and an unchanged one costs it no more than a 304
    else:
        standing = Standing.RESTING
    return Discovery(link, standing, bool(row.settled), row.etag, row.last_modified)


def _link(row: Any) -> Link:
    hint = datetime.fromisoformat(row.hint_date) if row.hint_date else None
    return Link(row.key, row.url, row.discovered_on, hint)


def _newest(connection: Connection, article_id: str) -> Any:
    query = sa.select(articles).where(articles.c.article_id == article_id)
    return connection.execute(query.order_by(articles.c.revision.desc()).limit(1)).first()


def _store(connection: Connection, article: Article, status: str) -> None:
    connection.execute(
        articles.insert().values(
            article_id=article.article_id,
            revision=article.revision,
            status=status,
            content_hash=article.content_hash,
            duplicate_of=article.duplicate_of,
            story_time=rfc3339(article.date_published or article.date_first_seen),
            date_crawled=rfc3339(article.date_crawled),
            record=to_json_line(to_record(article)),
        )
    )
