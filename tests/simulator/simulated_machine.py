"""A machine in memory: its clock, the faults of its disk, and its death at any of the places where state changes."""

from __future__ import annotations

import asyncio
import errno
import os
import pathlib
import random
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pytest
import scrapy.utils.asyncio
import sqlalchemy as sa

from alqahira.ledger.backends import sqlite
from alqahira.ledger.backends.sqlite import SqliteStore

# A quiet Monday noon. All histories begin here.
START = datetime(2026, 3, 2, 12, tzinfo=UTC)
_CLOCKED = ("alqahira.crawling", "alqahira.ledger", "alqahira.publishing", "spiders", "pipelines", "scrapy.core")


class Killed(BaseException):
    """The process has died. Raised at the place of its death, and at all places that code reaches afterwards."""


class Place(NamedTuple):
    """The n-th time, from 1, that a process comes to a place of that kind."""

    kind: str
    n: int

    def __str__(self) -> str:
        return f"{self.kind} {self.n}"


# Where a process may die, and how many of them a run passes.
PLACES = {"request": 14, "page": 6, "transaction": 60, "file": 30}


class Machine:
    """Clock and faults. `skew`: how far the machine's clock is ahead of the true time."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)
        self.seconds = 1000.0  # since START; a monotonic clock, too
        self.skew = timedelta(0)
        self.stores: list[SqliteStore] = []
        self.start_process()

    def true_time(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def start_process(self, *, kill_at: Place | None = None, full_at: Place | None = None) -> None:
        """From now on the process dies at a place, or the disk is full from it on."""
        self.passed: Counter[str] = Counter()
        self.is_dead = self.is_full = False
        self._kill_at, self._full_at = kill_at, full_at

    def pass_by(self, kind: str) -> None:
        """The process comes to a place of one of PLACES. Raises Killed if it dies there, or is dead."""
        if not self.is_dead:
            self.passed[kind] += 1
            here = Place(kind, self.passed[kind])
            self.is_dead, self.is_full = here == self._kill_at, self.is_full or here == self._full_at
        if self.is_dead:
            raise Killed

    def bury(self) -> None:
        """What the system does after the death of a process: transactions are rolled back, locks are released."""
        for store in self.stores:
            connection, store._connection = store._connection, None
            if connection is not None:
                connection.invalidate()
                connection.close()
            store.engine.dispose()
            store._lock and store._lock.release()
        self.stores.clear()


class Loop(asyncio.base_events.BaseEventLoop):
    """An event loop without sockets, whose time passes as soon as nothing else is left to do."""

    def __init__(self, machine: Machine) -> None:
        super().__init__()
        self._machine, self._selector = machine, self
        self.set_exception_handler(lambda loop, context: None)

    def time(self) -> float:
        return self._machine.seconds

    def select(self, timeout: float | None) -> list[object]:
        if timeout is None:
            raise RuntimeError("the crawl waits for something that never comes")
        # A little more, so that rounding never leaves a timer that is due in no time.
        self._machine.seconds += timeout and timeout + 1e-6
        return []

    def _run_once(self) -> None:
        if self._machine.is_dead:
            raise Killed
        super()._run_once()

    def _process_events(self, events: object) -> None:
        pass

    def _check_closed(self) -> None:
        """Never closed: what a dead process leaves behind may still call it, to no effect."""

    def __del__(self) -> None:
        pass

    def _write_to_self(self) -> None:
        pass


@contextmanager
def running_on(machine: Machine) -> Iterator[None]:
    """Everything in this process that asks for the time or writes below the machine's folder uses this machine."""
    before = random.getstate()
    random.seed(0)  # of jitter
    try:
        with pytest.MonkeyPatch.context() as patch:
            _set_clock(patch, machine)
            _set_disk(patch, machine)
            _set_store(patch, machine)
            yield
    finally:
        random.setstate(before)


class _AnyDatetime(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, datetime)


def _set_clock(patch: pytest.MonkeyPatch, machine: Machine) -> None:
    class Clock(datetime, metaclass=_AnyDatetime):
        @classmethod
        def now(cls, tz=None):
            return (machine.true_time() + machine.skew).astimezone(tz)

    for name, module in [*sys.modules.items()]:
        if name.startswith(_CLOCKED):
            if vars(module).get("datetime") is datetime:
                patch.setattr(module, "datetime", Clock)
            if vars(module).get("monotonic") is time.monotonic:
                patch.setattr(module, "monotonic", lambda: machine.seconds)
    # Of Scrapy's looping calls, which would begin by the real clock and so wait for a part of their interval alone.
    patch.setattr(scrapy.utils.asyncio, "time", SimpleNamespace(monotonic=lambda: machine.seconds))


def _set_disk(patch: pytest.MonkeyPatch, machine: Machine) -> None:
    """Each change of the disk is a place to die at; a full disk refuses what needs room."""
    write_bytes = pathlib.Path.write_bytes

    def refuse_if_full() -> None:
        if machine.is_full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def write(path, content):
        if not str(path).startswith(machine.folder):
            return write_bytes(path, content)
        try:
            machine.pass_by("file")
            refuse_if_full()
        except (Killed, OSError):
            write_bytes(path, content[: len(content) // 2])
            raise
        return write_bytes(path, content)

    def place_at(do):
        def changed(path, *more, **options):
            if not str(path).startswith(machine.folder):
                return do(path, *more, **options)
            machine.pass_by("file")
            return do(path, *more, **options)

        return changed

    patch.setattr(pathlib.Path, "write_bytes", write)
    for name in ("replace", "rename", "link", "unlink"):
        patch.setattr(os, name, place_at(getattr(os, name)))
    patch.setattr(os, "fsync", lambda handle: machine.pass_by("file"))  # no power cuts here, so nothing need be synced


# Statements compiled once for all histories, and one engine for each path.
_statements: dict[tuple[object, ...], tuple[str, dict[str, object]]] = {}


@cache
def _engine(url: sa.URL, *, read_only: bool) -> sa.Engine:
    """As the real one, but for what guards against power cuts and other readers."""
    engine = sa.create_engine(url)

    @sa.event.listens_for(engine, "connect")
    def configure(driver, record):
        driver.isolation_level = None
        driver.execute("PRAGMA journal_mode=MEMORY")
        driver.execute("PRAGMA synchronous=OFF")

    @sa.event.listens_for(engine, "begin")
    def begin(connection):
        connection.exec_driver_sql("BEGIN")

    return engine


def _set_store(patch: pytest.MonkeyPatch, machine: Machine) -> None:
    """The real SQLite; the process may die before, in and after each transaction."""
    construct, begin = SqliteStore.__init__, SqliteStore.begin

    def construct_store(store, url, *, owner, read_only):
        construct(store, url, owner=owner, read_only=read_only)
        store._statements = _statements
        if not read_only:
            machine.stores.append(store)

    @contextmanager
    def begin_or_die(store, *, grouped=False):
        machine.pass_by("transaction")
        with begin(store, grouped=grouped) as connection:
            yield connection
            machine.pass_by("transaction")
            if machine.is_full:
                full = sqlite3.OperationalError("database or disk is full")
                raise sa.exc.OperationalError("COMMIT", None, full)
        machine.pass_by("transaction")

    patch.setattr(sqlite, "_engine", _engine)
    patch.setattr(SqliteStore, "__init__", construct_store)
    patch.setattr(SqliteStore, "begin", begin_or_die)
    patch.setattr(SqliteStore, "_sync", lambda store, connection, wanted: None)
