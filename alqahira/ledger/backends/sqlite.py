"""A ledger in a file, with a lock on another file beside it.

A commit of `begin(grouped=True)` survives the death of the process at once, and a power cut after the next synced
commit: one that is not grouped, or the first a second after the last sync. A sync includes all commits before it, so a
power cut leaves the ledger as it was at an earlier moment (sqlite.org/wal.html, `synchronous=NORMAL`).

A reader that may not write to the folder can neither create nor update the index of the write-ahead log. Beside a run,
or after one that was killed, it reads the index that is there (`mode=ro`); otherwise there is no log, and it reads the
file alone (`immutable=1`), and checks afterwards that no run has changed it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql import ClauseElement

from alqahira.exceptions import AlqahiraError, LedgerMissing, LedgerRemoved, LedgerUnusable, LedgerUnwritable
from alqahira.ledger.backends.file_lock import FileLock
from alqahira.ledger.backends.store import Store

# Seconds between two syncs; after a power cut, the pages finished since the last one are fetched again.
_UNSYNCED = 1.0
_NAMED_PARAMETERS = dialect(paramstyle="named")


class SqliteStore(Store):
    """A writer holds the lock; readers need none, as the write-ahead log lets them read beside a run."""

    def __init__(self, url: URL, *, owner: str, read_only: bool) -> None:
        path = Path(str(url.database))
        self.name, self.location = str(path), str(path.absolute())
        self._path = path
        self._unchanging: os.stat_result | None = None
        if read_only:
            url = self._url_for_reading(url)
        self._lock = None if read_only else FileLock(path, owner)
        self.engine = _engine(url, read_only=read_only)
        self._statements: dict[tuple[object, ...], tuple[str, dict[str, object]]] = {}
        self._is_syncing = True
        self._synced = monotonic()

    def _url_for_reading(self, url: URL) -> URL:
        try:
            status = self._path.stat()
        except (FileNotFoundError, NotADirectoryError):
            raise LedgerMissing(f"there is no state at {self._path}: no run has written there") from None
        except OSError as error:
            raise LedgerUnusable(f"the state at {self._path} cannot be read: {error.strerror}") from None
        if os.access(self._path.parent, os.W_OK) and os.access(self._path, os.W_OK):
            return url
        if beside(self._path, "-wal").exists():
            mode = {"mode": "ro"}
        else:
            self._unchanging, mode = status, {"immutable": "1"}
        return url.set(database=f"file:{quote(self.location)}", query={"uri": "true", **mode})

    def open(self, prepare: Callable[[Connection], None]) -> None:
        super().open(prepare)
        if self._lock is not None:
            self._inode = self._path.stat().st_ino

    def check_unchanged(self) -> None:
        if self._unchanging is not None:
            now, before = self._path.stat(), self._unchanging
            if (now.st_mtime_ns, now.st_size) != (before.st_mtime_ns, before.st_size):
                raise LedgerUnusable(f"a run has changed the state {self.name} while it was read: try again")

    def _check_place(self) -> None:
        """Raise LedgerRemoved if the file or its lock was removed, as another run may then take its place."""
        try:
            is_there = self._lock is None or (self._path.stat().st_ino == self._inode and self._lock.is_in_place())
        except OSError:
            is_there = False
        if not is_there:
            raise LedgerRemoved(
                f"the state {self.name} or its lock was removed during the run: nothing more is written"
            )

    @contextmanager
    def begin(self, *, grouped: bool = False) -> Iterator[Connection]:
        if self._connection is not None:
            self._check_place()
            self._sync(self._connection, not grouped or monotonic() >= self._synced + _UNSYNCED)
        with super().begin() as connection:
            yield connection
        if self._is_syncing:
            self._synced = monotonic()

    def _sync(self, connection: Connection, wanted: bool) -> None:
        """Set whether commits are on the disk before they return. Not to be called within a transaction."""
        if wanted != self._is_syncing:
            _driver(connection).execute(f"PRAGMA synchronous={'FULL' if wanted else 'NORMAL'}")
            self._is_syncing = wanted

    def execute(
        self, connection: Connection, statement: sa.Executable, *values: Mapping[str, object]
    ) -> Sequence[Sequence[object]]:
        """By the driver itself: SQLAlchemy takes ten times as long, 6 % of a crawl (docs/performance.md)."""
        # The text of an update depends on the columns that it sets.
        key = statement, *values[0]
        if key not in self._statements:
            assert isinstance(statement, ClauseElement)
            compiled = statement.compile(dialect=_NAMED_PARAMETERS, column_keys=list(values[0]))
            self._statements[key] = str(compiled), dict(compiled.params)
        text, defaults = self._statements[key]
        driver = _driver(connection)
        try:
            if len(values) == 1:
                return driver.execute(text, {**defaults, **values[0]}).fetchall()
            driver.executemany(text, values)
        except sqlite3.Error as error:
            raise DBAPIError.instance(text, None, error, sqlite3.Error) from error
        return []

    def close(self) -> None:
        super().close()
        if self._lock is not None:
            self._lock.release()

    def set_run(self, connection: Connection, run_id: str) -> None:
        if self._lock is not None:
            self._lock.set_run(run_id)

    def open_error(self, error: DatabaseError) -> AlqahiraError:
        unusable = super().open_error(error)
        return LedgerUnwritable(str(unusable)) if isinstance(error, OperationalError) else unusable


def beside(path: Path, ending: str) -> Path:
    """SQLite's file of this ending (`-wal`, `-shm`) beside the database."""
    return path.with_name(path.name + ending)


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def _engine(url: URL, *, read_only: bool) -> Engine:
    engine = sa.create_engine(url, connect_args={"timeout": 30})

    @sa.event.listens_for(engine, "connect")
    def configure(driver: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
        # Off: the driver begins no transaction before a change of tables, and such a change must be in one, too.
        driver.isolation_level = None
        if read_only:
            driver.execute("PRAGMA query_only=ON")
            return
        driver.execute("PRAGMA journal_mode=WAL")
        # The same pages of the near-duplicate index change again and again: copy them into the file less often.
        driver.execute("PRAGMA wal_autocheckpoint=4000")
        # A part must never contain what the ledger could still lose.
        driver.execute("PRAGMA synchronous=FULL")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine
