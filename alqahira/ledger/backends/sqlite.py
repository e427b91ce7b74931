"""A ledger in a file: one writer at a time, by a lock that the system releases when its holder dies.

A commit of `begin(grouped=True)` is safe from the death of the process at once, and from the loss of power with the
next commit that is synced: each that is not grouped, and the first a second after the last. A sync carries all commits
before it, so what power leaves is always the ledger as it once was (sqlite.org/wal.html, `synchronous=NORMAL`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import DatabaseError, OperationalError

from alqahira.exceptions import AlqahiraError, LedgerMissing, LedgerUnwritable
from alqahira.ledger.backends.file_lock import FileLock
from alqahira.ledger.backends.prepared import Prepared, run
from alqahira.ledger.backends.store import Store

# Seconds: what a run settles in this time may be read from the site once more where the power fails.
_UNSYNCED = 1.0


class SqliteStore(Store):
    """Readers need no lock: the write-ahead log lets them read beside a run."""

    def __init__(self, url: URL, *, owner: str, read_only: bool) -> None:
        path = Path(str(url.database))
        self.name, self.where = str(path), str(path.absolute())
        if read_only and not path.exists():
            raise LedgerMissing(f"there is no state at {path}: no run has written there")
        self._lock = None if read_only else FileLock(path, owner)
        self.engine = _engine(url)
        self._connection: Connection | None = None
        self._statements: dict[Any, Prepared] = {}
        self._is_syncing = True
        self._synced = monotonic()

    @contextmanager
    def begin(self, *, grouped: bool = False) -> Iterator[Connection]:
        """On one connection as long as the store is open: to take one from the pool costs as much as a short query.

        Begun and committed by the driver, for the same reason.
        """
        if self._connection is None:
            self._connection = self.engine.connect()
        connection, driver = self._connection, _driver(self._connection)
        self._sync(not grouped or monotonic() >= self._synced + _UNSYNCED)
        run(driver, "BEGIN")
        try:
            yield connection
            if connection.in_transaction():  # SQLAlchemy's, which what it was asked in between has opened
                connection.commit()
            else:
                run(driver, "COMMIT")
        except BaseException:
            connection.rollback()
            driver.rollback()
            raise
        if self._is_syncing:
            self._synced = monotonic()

    def _sync(self, wanted: bool) -> None:
        """Whether commits are on the disk before they return; no transaction may be under way."""
        assert self._connection is not None
        if wanted != self._is_syncing:
            _driver(self._connection).execute(f"PRAGMA synchronous={'FULL' if wanted else 'NORMAL'}")
            self._is_syncing = wanted

    def rows(self, connection: Connection, statement: sa.Executable, values: Mapping[str, Any]) -> Sequence[Any]:
        return self._prepared(statement, values).rows(_driver(connection), values)

    def change(
        self, connection: Connection, statement: sa.Executable, values: Mapping[str, Any] | Sequence[Mapping[str, Any]]
    ) -> None:
        first = values if isinstance(values, Mapping) else values[0]
        self._prepared(statement, first).change(_driver(connection), values)

    def _prepared(self, statement: sa.Executable, values: Mapping[str, Any]) -> Prepared:
        # The columns that an update sets are those that it is given.
        key = statement, *values
        if key not in self._statements:
            self._statements[key] = Prepared(statement, values.keys(), self.engine.dialect)
        return self._statements[key]

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        super().close()
        if self._lock is not None:
            self._lock.release()

    def set_run(self, connection: Connection, run_id: str) -> None:
        if self._lock is not None:
            self._lock.set_run(run_id)

    def open_error(self, error: DatabaseError) -> AlqahiraError:
        found = super().open_error(error)
        return LedgerUnwritable(str(found)) if isinstance(error, OperationalError) else found


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def _engine(url: URL) -> Engine:
    engine = sa.create_engine(url, connect_args={"timeout": 30})

    @sa.event.listens_for(engine, "connect")
    def configure(connection: Any, record: Any) -> None:
        # The driver would begin a transaction at the first change of rows only: a change of tables must be in it, too.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        # The pages of the near-duplicate index come again and again: each is copied into the file less often.
        cursor.execute("PRAGMA wal_autocheckpoint=4000")
        # A commit is on the disk before a part is made of it: the output must never know more than the ledger.
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if not _driver(connection).in_transaction:
            connection.exec_driver_sql("BEGIN")

    return engine
