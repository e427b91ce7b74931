"""What a ledger needs of its database beyond common SQL."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import Executable
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DatabaseError

from alqahira.article import rfc3339
from alqahira.exceptions import AlqahiraError, LedgerBusy, LedgerUnreachable, LedgerUnusable

# The holders that `describe_holder` has named in this process.
_named: set[str] = set()


class Store:
    """A database with a ledger, and this process' lock on it.

    All transactions go over one connection, from `open` to `close`; for reading, `engine` gives others.
    """

    engine: Engine
    name: str  # as given, without secrets
    location: str  # the same, but a path is absolute
    _connection: Connection | None = None

    def open(self, prepare: Callable[[Connection], None]) -> None:
        """Prepare the tables, under the lock. Raises LedgerBusy."""
        self._connection = self.engine.connect()
        with self._connection.begin():
            prepare(self._connection)

    def close(self) -> None:
        """End the connections and release the lock."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        self.engine.dispose()

    def open_error(self, error: DatabaseError) -> AlqahiraError:
        """The error to report, in one line, for one that the database raised on opening."""
        return LedgerUnusable(f"the state at {self.name} cannot be read: {error.orig}")

    @contextmanager
    def begin(self, *, grouped: bool = False) -> Iterator[Connection]:
        """A transaction: committed at the end, rolled back by whatever is raised.

        It is on the disk when this returns. With `grouped` it may, until the next transaction that is not grouped, be
        lost in a power cut, though not by the death of this process.
        """
        # SQLAlchemy would replace a lost connection by a new one, which does not have the lock.
        if self._connection is None or self._connection.invalidated:
            raise LedgerUnreachable(f"the state {self.name} is not held")
        with self._connection.begin():
            yield self._connection

    # --- within a transaction -----------------------------------------------------------------

    def execute(
        self, connection: Connection, statement: Executable, *values: Mapping[str, object]
    ) -> Sequence[Sequence[object]]:
        """Run a statement that is built once and used for every page, once for each of `values`; its rows, if any."""
        result = connection.execute(statement, values)
        return result.all() if result.returns_rows else []

    def set_run(self, connection: Connection, run_id: str) -> None:
        """Name the run that holds the lock, for those who find the lock taken."""

    def restored(self, connection: Connection) -> None:
        """Continue the database's automatic numbering after rows that were inserted with numbers of their own."""

    # --- beside transactions ------------------------------------------------------------------

    def check_unchanged(self) -> None:
        """To be called after reading. Raises LedgerUnusable if what was read may be of different moments."""

    def is_transient(self, error: BaseException) -> bool:
        """Whether the same transaction may well succeed a little later."""
        return False

    def reconnect(self, error: BaseException, transaction: int = 0) -> bool:
        """Wait until the database answers and the lock is held again; raise what ends the run otherwise.

        Returns whether a transaction of the lost connection, given by the database's number of it, was committed.
        """
        raise error


def describe_holder(owner: str, host: str = "") -> str:
    """A line that names this process and its command as the holder of a lock from now on."""
    process = f"process {os.getpid()}" + (f" on {host}" if host else "")
    holder = f"{process} since {rfc3339(datetime.now(UTC))}, {owner or 'another command'}"
    _named.add(holder)
    return holder


def busy(name: str, holder: str) -> LedgerBusy:
    """The error for a lock that is taken; `holder`: the line of `describe_holder`, perhaps with a run after it."""
    owner = holder.split(", ")[1] if ", " in holder else ""
    is_own = any(holder.startswith(named) for named in _named)
    return LedgerBusy(f"another run holds the state {name}: {holder or 'unknown'}", owner, is_own=is_own)
