"""What a ledger asks of its database beyond SQL that both understand. The answers here are those of a sole writer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Executable, MetaData, Table
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DatabaseError

from alqahira.errors import AlqahiraError, LedgerUnusable

if TYPE_CHECKING:
    from alqahira.stores.pace import Pace


class Store:
    """A database that holds a ledger, and this run's hold on it."""

    engine: Engine
    name: str  # as it may be said aloud
    where: str  # the same, wherever it is read
    extra_tables: MetaData | None = None
    pace: Pace | None = None  # the rate that all nodes share
    takes_revisits = True  # whether this run asks about known pages that are due

    def open(self, prepare: Callable[[], None]) -> None:
        """Prepare the tables, and take what the run means to hold. Raises LedgerBusy."""
        prepare()

    def close(self) -> None:
        """Let go of everything."""
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
        """Begin a transaction: raises LedgerLost where this run no longer holds what it held."""

    def serialize(self, connection: Connection, what: str) -> None:
        """From here to the end of the transaction, no other run is at the same."""

    def sign(self, connection: Connection, run_id: str, now: datetime) -> None:
        """Say who holds it, for those who find it held."""

    def signed(self, connection: Connection) -> str | None:
        """The run that has signed since this hold began; None where the store does not tell."""
        return None

    def insert_new(self, connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows; those that another run has inserted meanwhile stay as they are."""
        connection.execute(table.insert(), list(rows))

    def claim(self, connection: Connection, keys: Collection[str], section: str) -> set[str]:
        """Those of the pending pages that are this run's; the others are left to a run that is at them."""
        return set(keys)

    def release(self, connection: Connection, key: str) -> None:
        """This run has done with a page that is still pending."""

    def own_pages(self, connection: Connection) -> list[ColumnElement[bool]]:
        """Which of a section's pages are this run's to take up and to settle, beyond their section."""
        return []

    def settled(self, connection: Connection) -> None:
        """A complete run has just marked pages as settled: nobody need remember whose they were."""

    def restored(self, connection: Connection) -> None:
        """Rows with numbers of their own have been inserted: go on counting after them."""

    # --- beside transactions ------------------------------------------------------------------

    @contextmanager
    def sealing(self, *, wait: bool) -> Iterator[bool]:
        """The right to seal parts, which one run has at a time; False where another has it (`wait`: for long)."""
        yield True

    def living_runs(self) -> set[str]:
        """The other runs that go on at this moment."""
        return set()

    def is_passing(self, error: BaseException) -> bool:
        """Whether the same transaction may well succeed a little later."""
        return False

    def come_back(self, error: AlqahiraError) -> None:
        """Wait until the database answers and this run holds again what it held, or raise what ends the run."""
        raise error
