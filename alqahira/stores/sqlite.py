"""A ledger in a file: one writer at a time, by a lock that the system lets go when its holder dies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import DatabaseError, OperationalError

from alqahira.article import rfc3339
from alqahira.errors import AlqahiraError, LedgerMissing, LedgerUnwritable
from alqahira.stores.file_lock import hold, let_go, sign
from alqahira.stores.store import Store


class SqliteStore(Store):
    """Readers need no lock: the write-ahead log lets them read beside a run."""

    def __init__(self, url: URL, *, read_only: bool) -> None:
        path = Path(str(url.database))
        self.name, self.where = str(path), str(path.absolute())
        if read_only and not path.exists():
            raise LedgerMissing(f"there is no state at {path}: no run has written there")
        self._lock = None if read_only else hold(path)
        self.engine = _engine(url)
        self._connection: Connection | None = None

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """On one connection as long as the store is open: to take one from the pool costs as much as a short query."""
        if self._connection is None:
            self._connection = self.engine.connect()
        with self._connection.begin():
            yield self._connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        super().close()
        let_go(self._lock)
        self._lock = None

    def sign(self, connection: Connection, run_id: str, now: datetime) -> None:
        if self._lock is not None:
            sign(self._lock, f"process {os.getpid()} since {rfc3339(now)}, run {run_id}")

    def why_not_opened(self, error: DatabaseError) -> AlqahiraError:
        found = super().why_not_opened(error)
        return LedgerUnwritable(str(found)) if isinstance(error, OperationalError) else found


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
