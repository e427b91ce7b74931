"""What a ledger asks of its database beyond SQL that both understand."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Executable
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DatabaseError

from alqahira.article import rfc3339
from alqahira.exceptions import AlqahiraError, LedgerBusy, LedgerUnusable

# The holders that this process has named.
_named: set[str] = set()


class Store:
    """A database that holds a ledger, and this process' lock on it."""

    engine: Engine
    name: str  # as it may be shown to anybody
    where: str  # the same, wherever it is read

    def open(self, prepare: Callable[[Connection], None]) -> None:
        """Prepare the tables, under the lock. Raises LedgerBusy."""
        with self.engine.begin() as connection:
            prepare(connection)

    def close(self) -> None:
        """Release everything."""
        self.engine.dispose()

    def open_error(self, error: DatabaseError) -> AlqahiraError:
        """The one line for an error of the database on opening."""
        return LedgerUnusable(f"the state at {self.name} cannot be read: {error.orig}")

    @contextmanager
    def begin(self, *, grouped: bool = False) -> Iterator[Connection]:
        """A transaction: committed at the end, rolled back by whatever is raised.

        On the disk when that is done; `grouped`: safe from the death of this process then, and on the disk together
        with the next one that is not grouped, where the store can save by it.
        """
        with self.engine.begin() as connection:
            yield connection

    # --- within a transaction -----------------------------------------------------------------

    def rows(self, connection: Connection, statement: Executable, values: Mapping[str, Any]) -> Sequence[Any]:
        """The rows of a statement of `queries`; their columns are attributes."""
        return connection.execute(statement, values).all()

    def change(
        self, connection: Connection, statement: Executable, values: Mapping[str, Any] | Sequence[Mapping[str, Any]]
    ) -> None:
        """Run a statement of `queries` that gives no rows, once for each of the values."""
        connection.execute(statement, values)

    def guard(self, connection: Connection) -> None:
        """Begin a transaction: raises LedgerLost where another process has taken the lock since."""

    def set_run(self, connection: Connection, run_id: str) -> None:
        """Name the run that holds the lock, for those who find it taken."""

    def restored(self, connection: Connection) -> None:
        """Rows with numbers of their own have been inserted: go on counting after them."""

    # --- beside transactions ------------------------------------------------------------------

    def is_transient(self, error: BaseException) -> bool:
        """Whether the same transaction may well succeed a little later."""
        return False

    def reconnect(self, error: AlqahiraError) -> None:
        """Wait until the database answers and the lock is held again, or raise what ends the run."""
        raise error


def describe_holder(owner: str, host: str = "") -> str:
    """Who holds a lock from now on, as others are told: the process, and the command that it runs."""
    process = f"process {os.getpid()}" + (f" on {host}" if host else "")
    holder = f"{process} since {rfc3339(datetime.now(UTC))}, {owner or 'another command'}"
    _named.add(holder)
    return holder


def busy(name: str, holder: str) -> LedgerBusy:
    """The error for who finds the lock taken; `holder` as `describe_holder` gave it, and perhaps a run after it."""
    owner = holder.split(", ")[1] if ", " in holder else ""
    is_own = any(holder.startswith(named) for named in _named)
    return LedgerBusy(f"another run holds the state {name}: {holder or 'it does not say which'}", owner, is_own=is_own)
