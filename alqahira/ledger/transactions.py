"""Transactions of the ledger, repeated if their connection is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from alqahira.exceptions import (
    AlqahiraError,
    LedgerLost,
    LedgerRemoved,
    LedgerUnreachable,
    LedgerUnusable,
    LedgerUnwritable,
    one_line,
)
from alqahira.ledger.backends.store import Store
from alqahira.ledger.frontier import RevisitSchedule

# After so many failures of the same transaction, it will not succeed.
_MAX_TRIES = 20

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound="Transactions")
_Body = Callable[Concatenate[S, Connection, P], R]
_Method = Callable[Concatenate[S, P], R]


def transactional(*, grouped: bool = False) -> Callable[[_Body[S, P, R]], _Method[S, P, R]]:
    """Turn a body that takes a connection into a method that is one transaction; see `Transactions`."""

    def decorate(body: _Body[S, P, R]) -> _Method[S, P, R]:
        @wraps(body)
        def method(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
            def once() -> R:
                with self.transaction(grouped=grouped) as connection:
                    return body(self, connection, *args, **kwargs)

            return self.persist(once)

        return method

    return decorate


class Transactions:
    """A store whose work is done in whole transactions."""

    def __init__(self, store: Store, revisit: RevisitSchedule) -> None:
        self.store = store
        self.engine = store.engine
        self._revisit = revisit
        # Called for every write that failed, so that it ends the run, whoever made it.
        self.on_failure: Callable[[AlqahiraError], None] = lambda _: None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.store.close()

    def persist(self, do: Callable[[], R]) -> R:
        """Call `do`, again if the database was lost and is back. `do` is one transaction, or safe to repeat."""
        try:
            for _ in range(_MAX_TRIES - 1):
                try:
                    return do()
                except LedgerUnreachable as error:
                    self.store.reconnect(error)
            return do()
        except (LedgerUnreachable, LedgerLost, LedgerRemoved) as error:
            self.on_failure(error)
            raise

    @contextmanager
    def transaction(self, *, grouped: bool = False) -> Iterator[Connection]:
        """One transaction. Raises LedgerUnwritable if it cannot be written, LedgerUnreachable if the database is gone.

        `grouped`: see `Store.begin`; for what the next run does again if it is lost in a power cut.
        """
        try:
            with self.store.begin(grouped=grouped) as connection:
                yield connection
        except SQLAlchemyError as error:
            if self.store.is_transient(error):
                raise self._unreachable(error) from error
            cause = one_line(_cause(error))
            failure = LedgerUnwritable(f"the state cannot be written: {cause}; the next run continues from here")
            self.on_failure(failure)
            raise failure from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that reads beside the transactions, for more than should be read in one of them.

        Raises LedgerUnreachable if the database is gone, LedgerUnusable if it cannot be read.
        """
        try:
            with self.engine.connect() as connection:
                yield connection
            self.store.check_unchanged()
        except SQLAlchemyError as error:
            if self.store.is_transient(error):
                raise self._unreachable(error) from error
            raise LedgerUnusable(f"the state at {self.store.name} cannot be read: {one_line(_cause(error))}") from error

    def _unreachable(self, error: SQLAlchemyError) -> LedgerUnreachable:
        return LedgerUnreachable(f"the state at {self.store.name} does not answer: {one_line(_cause(error))}")


def _cause(error: SQLAlchemyError) -> object:
    """The driver's error, which says the same in fewer words, if there is one."""
    return getattr(error, "orig", None) or error
