"""The runs of a ledger: when each began, how it ended, and what is known of the site and of the corpus."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, count
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from alqahira.article import rfc3339
from alqahira.exceptions import ConfigurationError
from alqahira.ledger.frontier import CLOCK_TOLERANCE
from alqahira.ledger.tables import PageState, articles, meta, pages, parts, runs
from alqahira.ledger.transactions import Transactions, transactional

_RUN_TIMES = (runs.c.started, runs.c.ended)

# The last number of each spider, by a search of the index for each: `GROUP BY` would read all of it.
_first = sa.select(sa.func.min(runs.c.spider).label("spider")).cte("spiders", recursive=True)
_next = sa.select(sa.func.min(runs.c.spider)).where(runs.c.spider > _first.c.spider).scalar_subquery()
_spiders = _first.union_all(sa.select(_next).where(_first.c.spider.is_not(None)))
_last = sa.select(sa.func.max(runs.c.complete)).where(runs.c.spider == _spiders.c.spider).scalar_subquery()
_COMPLETE_RUNS = sa.select(_spiders.c.spider, _last).where(_spiders.c.spider.is_not(None))

# In the table `meta`.
CORPUS_ID, CORPUS_FOLDER, GENERATION = "corpus_id", "corpus_folder", "generation"
CHECKPOINTS = "checkpoints"  # of the last manifest, as JSON
# Of the manifest that lists all sealed parts; none between the sealing of a part and the next manifest.
MANIFEST_SHA256 = "manifest_sha256"


@dataclass(frozen=True, slots=True)
class EndedRun:
    """An earlier run with its account, made by `RunStats.as_dict`. `complete`: it saw all that it set out to see."""

    run_id: str
    spider: str
    started: str
    exit_status: int
    complete: bool
    account: dict[str, Any]


class KnownPart(NamedTuple):
    """A part, as the ledger planned it. `replaced_by`: the number of the part that has its lines now."""

    path: str
    bytes: int
    sha256: str
    sealed: bool
    replaced_by: int | None = None


@dataclass(frozen=True, slots=True)
class KnownCorpus:
    """What the ledger `name` knows of its corpus: id, absolute folder, parts by path, its last manifest's SHA-256."""

    name: str
    corpus_id: str | None = None
    folder: str | None = None
    parts: Mapping[str, KnownPart] = field(default_factory=dict)
    manifest: str | None = None


class Runs(Transactions):
    """The part of the ledger that knows of runs."""

    @transactional()
    def corpus(self, connection: Connection) -> KnownCorpus:
        """What is known of the corpus."""
        return read_known_corpus(connection, self.store.name)

    @transactional()
    def bind_corpus(self, connection: Connection, corpus_id: str, folder: str) -> None:
        """Bind the ledger to a corpus and its folder."""
        set_meta_value(connection, CORPUS_ID, corpus_id)
        set_meta_value(connection, CORPUS_FOLDER, folder)

    @transactional()
    def set_generation(self, connection: Connection, generation: int) -> None:
        """Make the corpus one of another generation."""
        set_meta_value(connection, MANIFEST_SHA256, None)
        set_meta_value(connection, GENERATION, str(generation))

    @transactional()
    def claim_site(self, connection: Connection, host: str) -> None:
        """Bind the ledger to one site. Raises ConfigurationError if it holds articles of another."""
        claimed = _meta_value(connection, "site")
        if claimed not in (None, host) and connection.scalar(sa.select(articles.c.article_id).limit(1)) is not None:
            raise ConfigurationError(
                f"this state holds articles of {claimed}, not of {host}: give each its own ALQAHIRA_OUTPUT_DIR"
            )
        if claimed != host:
            set_meta_value(connection, "site", host)

    @transactional()
    def remembered(self, connection: Connection, name: str) -> str | None:
        """A value that an earlier run stored by `remember`; None if there is none."""
        return _meta_value(connection, f"learned/{name}")

    @transactional()
    def remember(self, connection: Connection, name: str, value: str | None) -> None:
        """Store what was learned about the site for later runs; None removes it."""
        set_meta_value(connection, f"learned/{name}", value)

    @transactional()
    def start_run(self, connection: Connection, run_id: str, spider: str, now: datetime) -> str:
        """Open a run; returns its id, with a number added if there is a run of that id already."""
        free = unused_run_id(run_id, lambda name: _has_run(connection, name))
        connection.execute(runs.insert().values(run_id=free, spider=spider, started=rfc3339(now), complete=0))
        self.store.set_run(connection, free)
        return free

    @transactional()
    def finish_run(
        self,
        connection: Connection,
        run_id: str,
        account: Mapping[str, Any],
        exit_status: int,
        now: datetime,
        *,
        complete: bool,
    ) -> None:
        """Close a run. `complete`: it saw all that it set out to see, so its number is the next one."""
        number = max(complete_runs(connection).values(), default=0) + 1 if complete else 0
        ended = {"ended": rfc3339(now), "exit_status": exit_status, "complete": number}
        connection.execute(runs.update().where(runs.c.run_id == run_id).values(account=json.dumps(account), **ended))

    @transactional()
    def forget_runs(self, connection: Connection, before: datetime, most: int) -> int:
        """Remove the oldest runs that began before a moment, at most so many; returns how many.

        The first run of all stays, and the last complete one of each spider, whose number later runs need.
        """
        is_needed = runs.c.complete.in_(complete_runs(connection).values())
        first = sa.select(sa.func.min(runs.c.started)).scalar_subquery()
        is_old = (runs.c.started < rfc3339(before), runs.c.started > first, sa.not_(is_needed))
        old = sa.select(runs.c.run_id).where(*is_old).order_by(runs.c.started).limit(most)
        return connection.execute(runs.delete().where(runs.c.run_id.in_(old))).rowcount

    @transactional()
    def latest_time(self, connection: Connection) -> datetime | None:
        """When a run last began or ended."""
        # One query for each, as an index gives the maximum of one column alone.
        times = [time for column in _RUN_TIMES if (time := connection.scalar(sa.select(sa.func.max(column))))]
        return datetime.fromisoformat(max(times)) if times else None

    @transactional()
    def correct_future(self, connection: Connection, now: datetime) -> int:
        """Undo what a run whose clock was ahead has scheduled; `now` is sure.

        Its pages are due at once; its own times, and those of its parts, become `now`. Returns how many pages it were.
        """
        future = rfc3339(now + CLOCK_TOLERANCE)
        for column in (*_RUN_TIMES, parts.c.sealed_at):
            connection.execute(column.table.update().where(column > future).values({column: rfc3339(now)}))
        set_meta_value(connection, MANIFEST_SHA256, None)  # the next run lists the parts with these times
        is_wrong = (pages.c.last_visit > future, pages.c.state.in_([PageState.DONE, PageState.FAILED]))
        due = {"next_visit": rfc3339(now), "attempts": 0, "failing_since": None}
        return connection.execute(pages.update().where(*is_wrong).values(due)).rowcount

    @transactional()
    def last_completed_run(self, connection: Connection, spider: str) -> str | None:
        """When the last complete run of a spider began, as RFC 3339; None if there was none."""
        query = sa.select(runs.c.started).where(runs.c.spider == spider, runs.c.complete > 0)
        started: str | None = connection.scalar(query.order_by(runs.c.complete.desc(), runs.c.started.desc()).limit(1))
        return started

    @transactional()
    def has_run(self, connection: Connection, run_id: str) -> bool:
        """Whether a run began, and is not so old that it was forgotten."""
        return connection.scalar(sa.select(runs.c.run_id).where(runs.c.run_id == run_id)) is not None

    @transactional()
    def ended_runs(
        self, connection: Connection, since: datetime, spider: str | None = None, *, until: datetime | None = None
    ) -> list[EndedRun]:
        """The ended runs that began at `since` or later, of one spider or of all, in the order they began.

        `until`: only those that began before it.
        """
        query = sa.select(runs).where(runs.c.started >= rfc3339(since), runs.c.account.is_not(None))
        if until is not None:
            query = query.where(runs.c.started < rfc3339(until))
        if spider is not None:
            query = query.where(runs.c.spider == spider)
        return [
            EndedRun(r.run_id, r.spider, r.started, r.exit_status, bool(r.complete), json.loads(r.account))
            for r in connection.execute(query.order_by(runs.c.started, runs.c.run_id))
        ]


def complete_runs(connection: Connection) -> dict[str, int]:
    """The number of the last complete run of each spider that had one."""
    return {row[0]: row[1] for row in connection.execute(_COMPLETE_RUNS) if row[1]}


def read_known_corpus(connection: Connection, name: str, *, with_parts: bool = True) -> KnownCorpus:
    """What the ledger `name`, of any version, knows of its corpus; nothing if it has no tables yet."""
    if not sa.inspect(connection).has_table(meta.name):
        return KnownCorpus(name)
    corpus_id, folder, manifest = (_meta_value(connection, key) for key in (CORPUS_ID, CORPUS_FOLDER, MANIFEST_SHA256))
    known = {}
    if with_parts:
        has_replaced = int(_meta_value(connection, "version") or 0) >= 3
        columns = (parts.c.path, parts.c.bytes, parts.c.sha256, parts.c.sealed)
        rows = connection.execute(sa.select(*columns, parts.c.replaced_by if has_replaced else sa.null())).all()
        known = {path: KnownPart(path, size, sha256, bool(sealed), new) for path, size, sha256, sealed, new in rows}
    return KnownCorpus(name, corpus_id, folder, known, manifest)


def read_generation(connection: Connection) -> int:
    """The corpus' generation; lines of another have other positions, so that a warehouse loads them anew."""
    return int(_meta_value(connection, GENERATION) or 1)


def read_checkpoints(connection: Connection) -> list[str]:
    """The checkpoints of the last manifest."""
    return [str(checkpoint) for checkpoint in json.loads(_meta_value(connection, CHECKPOINTS) or "[]")]


def unused_run_id(run_id: str, is_taken: Callable[[str], bool]) -> str:
    """The id, or the id with the lowest number from 2 on that makes it a new one."""
    return next(name for name in chain([run_id], (f"{run_id}-{n}" for n in count(2))) if not is_taken(name))


def _has_run(connection: Connection, run_id: str) -> bool:
    return connection.scalar(sa.select(runs.c.run_id).where(runs.c.run_id == run_id)) is not None


def _meta_value(connection: Connection, name: str) -> str | None:
    value: str | None = connection.scalar(sa.select(meta.c.value).where(meta.c.name == name))
    return value


def set_meta_value(connection: Connection, name: str, value: str | None) -> None:
    """Set a value of `meta`; None removes it."""
    connection.execute(meta.delete().where(meta.c.name == name))
    if value is not None:
        connection.execute(meta.insert().values(name=name, value=value))
