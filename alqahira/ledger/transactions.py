"""What the parts of the ledger stand on: a transaction at a time, and again where the database went away under it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from alqahira.exceptions import AlqahiraError, LedgerLost, LedgerUnreachable, LedgerUnwritable, one_line
from alqahira.ledger.backends import Store
from alqahira.ledger.frontier import RevisitSchedule

# What goes on failing in the same way after so many tries will not succeed.
_MAX_TRIES = 20

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound="Transactions")


def persistent(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """A method that outlives its connection; see `Transactions.persist`."""

    @wraps(method)
    def persisting(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.persist(lambda: method(self, *args, **kwargs))

    return persisting


class Transactions:
    """A store, and how what is done in it is done whole or not at all."""

    def __init__(self, store: Store, revisit: RevisitSchedule) -> None:
        self.store = store
        self.engine = store.engine
        self._revisit = revisit
        # Whether what is being done was tried before, and may have been committed without our knowing.
        self._is_repeat = False
        self._is_persisting = False
        # Told of every write that failed, so that a run ends whoever's write it was.
        self.on_failure: Callable[[AlqahiraError], None] = lambda _: None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.store.close()

    def persist(self, do: Callable[[], R]) -> R:
        """Do it; where the database went away under it, again when it is back. One transaction, or safe to repeat."""
        if self._is_persisting:
            return do()
        self._is_persisting = True
        try:
            for tries_left in reversed(range(_MAX_TRIES)):
                try:
                    return do()
                except LedgerUnreachable as error:
                    if not tries_left:
                        raise
                    self.store.reconnect(error)
                    self._is_repeat = True
        except (LedgerUnreachable, LedgerLost) as error:
            self.on_failure(error)
            raise
        finally:
            self._is_repeat = self._is_persisting = False
        raise AssertionError("unreachable")

    @contextmanager
    def transaction(self, *, grouped: bool = False) -> Iterator[Connection]:
        """One transaction; a full or failing disk is LedgerUnwritable, and nothing of it stays.

        `grouped`: of many that the crawl itself makes again where the power fails (`Store.begin`).
        """
        try:
            with self.store.begin(grouped=grouped) as connection:
                self.store.guard(connection)
                yield connection
        except SQLAlchemyError as error:
            cause = getattr(error, "orig", None) or error
            if self.store.is_transient(error):
                raise LedgerUnreachable(f"the state at {self.store.name} does not answer: {one_line(cause)}") from error
            failure = LedgerUnwritable(f"the state cannot be written: {cause}; the next run goes on from here")
            self.on_failure(failure)
            raise failure from error
