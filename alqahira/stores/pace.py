"""The rate at which a host is asked, kept over all nodes together: who wants to ask takes the next free moment.

The database's clock rules, so that the nodes' own need not agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from alqahira.errors import LedgerUnreachable, LedgerUnwritable, one_line

if TYPE_CHECKING:
    from alqahira.stores.store import Store

_RESERVE = sa.text(
    "insert into pace as p (host, next_slot, held_until) "
    "values (:host, clock_timestamp() + make_interval(secs => :delay), '-infinity') "
    "on conflict (host) do update set next_slot = "
    "greatest(p.next_slot, p.held_until, clock_timestamp()) + make_interval(secs => :delay) "
    "returning extract(epoch from next_slot - make_interval(secs => :delay) - clock_timestamp())::float8, "
    "extract(epoch from greatest(held_until, clock_timestamp()) - clock_timestamp())::float8"
)
_HOLD = sa.text(
    "insert into pace as p (host, next_slot, held_until) "
    "values (:host, clock_timestamp(), clock_timestamp() + make_interval(secs => :seconds)) "
    "on conflict (host) do update set held_until = greatest(p.held_until, excluded.held_until)"
)
_HELD = sa.text(
    "select extract(epoch from held_until - clock_timestamp())::float8 from pace "
    "where host = :host and held_until > clock_timestamp()"
)


class Pace:
    """Each method is one short transaction, for any thread. LedgerUnreachable: ask again."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def reserve(self, host: str, delay: float) -> tuple[float, float]:
        """Take the host's next free moment: the seconds until then, and those for which it is not to be asked at all.

        The moment after it is `delay` seconds later.
        """
        wait, held = self._ask(_RESERVE, host=host, delay=delay)[0]
        return max(0.0, wait), max(0.0, held)

    def hold(self, host: str, seconds: float) -> None:
        """Let nobody ask the host for so long."""
        self._ask(_HOLD, host=host, seconds=seconds)

    def held(self, host: str) -> float:
        """Seconds for which the host is still not to be asked."""
        return next((float(seconds) for (seconds,) in self._ask(_HELD, host=host)), 0.0)

    def _ask(self, statement: sa.TextClause, **given: object) -> Sequence[Any]:
        try:
            with self._store.engine.begin() as connection:
                result = connection.execute(statement, given)
                return result.all() if result.returns_rows else ()
        except SQLAlchemyError as error:
            kind = LedgerUnreachable if self._store.is_passing(error) else LedgerUnwritable
            said = one_line(getattr(error, "orig", None) or error)
            raise kind(f"the state at {self._store.name} does not answer: {said}") from error
