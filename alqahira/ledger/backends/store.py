"""What a ledger asks of its database beyond SQL that both understand."""

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

# The holders that this process has named.
_named: set[str] = set()


class Store:
    """A database that holds a ledger, and this process' lock on it.

    Transactions go over one connection for as long as the store is open; readers may use `engine` beside it.
    """

    engine: Engine
    name: str  # as it may be shown to anybody
    location: str  # the same, wherever it is read
    _connection: Connection | None = None

    def open(self, prepare: Callable[[Connection], None]) -> None:
        """Prepare the tables, under the lock. Raises LedgerBusy."""
        self._connection = self.engine.connect()
        with self._connection.begin():
            prepare(self._connection)

    def close(self) -> None:
        """Release everything."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        self.engine.dispose()

    def open_error(self, error: DatabaseError) -> AlqahiraError:
        """The one-line error for what the database raised on opening."""
        return LedgerUnusable(f"the state at {self.name} cannot be read: {error.orig}")

    @contextmanager
    def begin(self, *, grouped: bool = False) -> Iterator[Connection]:
        """A transaction: committed at the end, rolled back by whatever is raised.

        It is on the disk when this returns. With `grouped` it is then safe from the death of this process, and on the
        disk with the next one that is not grouped, where the store saves a sync by that.
        """
        if self._connection is None:
            raise LedgerUnreachable(f"the state {self.name} is not held")
        with self._connection.begin():
            yield self._connection

    # --- within a transaction -----------------------------------------------------------------

    def execute(
        self, connection: Connection, statement: Executable, *values: Mapping[str, object]
    ) -> Sequence[Sequence[object]]:
        """Run a statement that is built once and used for every page; its rows where it gives any.

        With several `values` it is run once for each of them.
        """
        result = connection.execute(statement, values)
        return result.all() if result.returns_rows else []

    def set_run(self, connection: Connection, run_id: str) -> None:
        """Name the run that holds the lock, for those who find it taken."""

    def restored(self, connection: Connection) -> None:
        """Continue the database's own numbers after rows that were inserted with theirs."""

    # --- beside transactions ------------------------------------------------------------------

    def is_transient(self, error: BaseException) -> bool:
        """Whether the same transaction may well succeed a little later."""
        return False

    def reconnect(self, error: BaseException, transaction: int = 0) -> bool:
        """Wait until the database answers and the lock is held again, or raise what ends the run.

        Whether a transaction of the lost connection, by the database's number, was committed.
        """
        raise error


def describe_holder(owner: str, host: str = "") -> str:
    """Who holds a lock from now on, for others to read: the process, and the command that it runs."""
    process = f"process {os.getpid()}" + (f" on {host}" if host else "")
    holder = f"{process} since {rfc3339(datetime.now(UTC))}, {owner or 'another command'}"
    _named.add(holder)
    return holder


def busy(name: str, holder: str) -> LedgerBusy:
    """The error for who finds the lock taken; `holder` as `describe_holder` gave it, and perhaps a run after it."""
    owner = holder.split(", ")[1] if ", " in holder else ""
    is_own = any(holder.startswith(named) for named in _named)
    return LedgerBusy(f"another run holds the state {name}: {holder or 'it does not say which'}", owner, is_own=is_own)
