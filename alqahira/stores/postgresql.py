"""A ledger in PostgreSQL: many runs on many nodes, each holding a share of the work.

A share is held by a session-level advisory lock on a connection of its own: the server lets it go when that
connection ends, however its process died. Who takes a share also raises its token, and every transaction of a run
begins by asking whether its token still holds: a run that was thought dead and is not writes nothing any more.
"""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from time import monotonic, sleep
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DatabaseError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from alqahira import settings
from alqahira.article import rfc3339
from alqahira.errors import AlqahiraError, LedgerBusy, LedgerLost, LedgerUnreachable, LedgerUnusable, one_line
from alqahira.stores.pace import Pace
from alqahira.stores.store import Store
from alqahira.stores.url import redact
from alqahira.tables import claims, outbox, pages, parts, shared_metadata, shares

# PostgreSQL's error codes (appendix A) for what may succeed in a moment: a server that stops or starts, a connection
# that broke, a deadlock that was resolved against us, a lock that was not had in time.
_PASSING = frozenset({"57P01", "57P02", "57P03", "40001", "40P01", "55P03", "25P03", "53300"})
_CONNECTION_CODES = "08"
# Seconds between two looks whether the connection that holds the lock still lives.
_LOOK = 5.0
# Seconds for the server to notice that a worker was killed.
_GRACE = 1.0
_SEALING = "sealing"
# A restart takes everybody's lock: for as long as a run tries to come back, it is not taken for dead.
_LIVING = sa.text(
    "select share from shares where share <> :mine and (exists (select from pg_locks where locktype = 'advisory' "
    "and objsubid = 1 and granted and (classid::bigint << 32 | objid::bigint) = lock_key "
    "and database = (select oid from pg_database where datname = current_database())) "
    "or holder is not null and since::timestamptz < pg_postmaster_start_time() "
    "and pg_postmaster_start_time() > clock_timestamp() - make_interval(secs => :patience))"
)


class PostgresqlStore(Store):
    """See the module. `share` is «section» or «section/month»; a reader holds nothing."""

    extra_tables = shared_metadata

    def __init__(self, url: URL, *, share: str, read_only: bool) -> None:
        self.name = redact(url)
        self.where = f"{self.name}, share {share}" if share else self.name
        self.share = share
        self._is_month = "/" in share
        self.takes_revisits = not self._is_month
        self._read_only = read_only
        options = dict(settings.POSTGRESQL_CONNECT_ARGS)
        if not read_only:
            # A run that stops in the middle of a transaction must not stop all others.
            options["options"] = settings.POSTGRESQL_WRITER_OPTIONS
        if given := url.query.get("options"):
            options["options"] = f"{options.get('options', '')} {given if isinstance(given, str) else ' '.join(given)}"
        url = url.difference_update_query(["options"])
        self.engine = sa.create_engine(url, connect_args=options)
        self._locks = sa.create_engine(url, connect_args=options, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        self._lock: Connection | None = None
        self._token = 0
        self._schema = ""
        self._looked = 0.0
        self.pace = None if read_only else Pace(self)

    # --- holding ------------------------------------------------------------------------------

    def open(self, prepare: Callable[[], None]) -> None:
        """A server that is being restarted is waited for; one that refuses us is not."""
        deadline = monotonic() + settings.POSTGRESQL_OPENING_PATIENCE
        while True:
            try:
                prepare()
                if not self._read_only:
                    self._hold()
                return
            except DBAPIError as error:
                self._drop_lock()
                refused = "FATAL" in str(error.orig) and "the database system is" not in str(error.orig)
                if refused or not self.is_passing(error) or monotonic() > deadline:
                    raise
            sleep(0.2)

    def _hold(self) -> None:
        self._lock = self._locks.connect()
        key = self._key(self._lock, f"share:{self.share}")
        if not self._try(self._lock, key, seconds=_GRACE):
            row = self._lock.execute(sa.select(shares).where(shares.c.share == self.share)).first()
            raise LedgerBusy(f"another run holds {self._what}: {_said(row)}")
        values = {
            "share": self.share,
            "lock_key": key,
            "token": 1,
            "holder": f"process {os.getpid()} on {socket.gethostname()}",
            "since": rfc3339(datetime.now(UTC)),
            "run_id": None,
        }
        taken = insert(shares).values(values)
        taken = taken.on_conflict_do_update(index_elements=["share"], set_=values | {"token": shares.c.token + 1})
        self._token = self._lock.execute(taken.returning(shares.c.token)).scalar_one()
        self._looked = monotonic()

    @property
    def _what(self) -> str:
        return f"the share {self.share} of the state {self.name}" if self.share else f"the state {self.name}"

    def close(self) -> None:
        if self._lock is not None:
            with suppress(SQLAlchemyError):
                # Said, and not left to the server's noticing: the next run may come at once.
                mine = shares.update().where(shares.c.share == self.share, shares.c.token == self._token)
                self._lock.execute(mine.values(holder=None))
                self._lock.execute(sa.select(sa.func.pg_advisory_unlock_all()))
            self._drop_lock()
        self._locks.dispose()
        super().close()

    def _drop_lock(self) -> None:
        lock, self._lock = self._lock, None
        if lock is not None:
            with suppress(SQLAlchemyError):
                lock.invalidate()
            with suppress(SQLAlchemyError):
                lock.close()

    def come_back(self, error: AlqahiraError) -> None:
        """Hold the share again, where nobody has taken it since; for a bounded time."""
        deadline = monotonic() + settings.POSTGRESQL_PATIENCE
        while True:
            try:
                self._hold_again()
                return
            except (DBAPIError, LedgerUnreachable) as again:
                if monotonic() > deadline:
                    said = one_line(getattr(again, "orig", None) or again)
                    raise LedgerUnreachable(
                        f"the state at {self.name} does not answer for {settings.POSTGRESQL_PATIENCE:g} s: {said}; "
                        "the next run goes on from here"
                    ) from None
            sleep(0.2)

    def _hold_again(self) -> None:
        if self._lock is not None and self._is_alive(self._lock):
            return
        self._drop_lock()
        connection = self._locks.connect()
        try:
            self._check_token(connection)
            if not self._try(connection, self._key(connection, f"share:{self.share}")):
                # The server has not noticed yet that our old connection is dead, or somebody is taking the share now.
                raise LedgerUnreachable(f"{self._what} is still locked")
            self._check_token(connection)
        except BaseException:
            connection.close()
            raise
        self._lock, self._looked = connection, monotonic()

    def _is_alive(self, lock: Connection) -> bool:
        try:
            lock.execute(sa.select(1))
        except SQLAlchemyError:
            return False
        self._looked = monotonic()
        return True

    def _check_token(self, connection: Connection) -> None:
        mine = sa.select(shares.c.token).where(shares.c.share == self.share, shares.c.token == self._token)
        # Shared with our other transactions; who raises the token waits until those have ended.
        if connection.scalar(mine.with_for_update(read=True)) is None:
            row = connection.execute(sa.select(shares).where(shares.c.share == self.share)).first()
            raise LedgerLost(f"another run has taken over {self._what}: {_said(row)}")

    def _key(self, connection: Connection, what: str) -> int:
        """A lock's number. Locks belong to a database; a ledger to a schema of it."""
        if not self._schema:
            self._schema = str(connection.scalar(sa.select(sa.func.current_schema())))
        digest = hashlib.blake2b(f"alqahira:{self._schema}:{what}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") >> 1

    def _try(self, connection: Connection, key: int, *, seconds: float = 0.0) -> bool:
        """Whether the lock was had, within so many seconds."""
        deadline = monotonic() + seconds
        while not connection.scalar(sa.select(sa.func.pg_try_advisory_lock(key))):
            if monotonic() >= deadline:
                return False
            sleep(0.05)
        return True

    def open_error(self, error: DatabaseError) -> AlqahiraError:
        return LedgerUnusable(f"the state at {self.name} cannot be opened: {one_line(error.orig)}")

    # --- within a transaction -----------------------------------------------------------------

    def guard(self, connection: Connection) -> None:
        if self._lock is None:
            if self._read_only:
                return
            raise LedgerUnreachable(f"{self._what} is not held")
        if monotonic() - self._looked > _LOOK and not self._is_alive(self._lock):
            raise LedgerUnreachable(f"the connection that holds {self._what} has ended")
        self._check_token(connection)

    def serialize(self, connection: Connection, what: str) -> None:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(self._key(connection, what))))

    def sign(self, connection: Connection, run_id: str, now: datetime) -> None:
        connection.execute(shares.update().where(shares.c.share == self.share).values(run_id=run_id))

    def signed(self, connection: Connection) -> str | None:
        found: str | None = connection.scalar(sa.select(shares.c.run_id).where(shares.c.share == self.share))
        return found

    def insert_new(self, connection: Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
        connection.execute(insert(table).on_conflict_do_nothing(), list(rows))

    def claim(self, connection: Connection, keys: Collection[str], section: str) -> set[str]:
        # Sorted, so that two runs that claim the same pages never wait for each other.
        ordered = sorted(keys)
        before = self._claimed(connection, ordered)
        wanted = [key for key in ordered if key not in before]
        if not wanted:
            return before
        row = insert(claims)
        taken = row.on_conflict_do_update(
            index_elements=["key"],
            set_={"share": self.share, "released": 0},
            where=(claims.c.released == 1) | ~_is_any(claims.c.share, self._others(connection)),
        )
        connection.execute(taken, [{"key": key, "share": self.share} for key in wanted])
        new = self._claimed(connection, ordered) - before
        # Read again: whose claim was free may have just ended, with the page done.
        is_pending = (_is_any(pages.c.key, new), pages.c.state == "pending")
        pending = set(connection.scalars(sa.select(pages.c.key).where(*is_pending)))
        connection.execute(pages.update().where(*is_pending, pages.c.section != section).values(section=section))
        connection.execute(claims.delete().where(_is_any(claims.c.key, new - pending)))
        return before | pending

    def _claimed(self, connection: Connection, keys: Sequence[str]) -> set[str]:
        query = sa.select(claims.c.key).where(
            _is_any(claims.c.key, keys),
            claims.c.share == self.share,
            claims.c.released == 0,
        )
        return set(connection.scalars(query))

    def _others(self, connection: Connection) -> list[str]:
        """The other shares whose holder lives: whose lock is held, or was when the server was stopped a moment ago."""
        given = {"mine": self.share, "patience": settings.POSTGRESQL_PATIENCE}
        return list(connection.scalars(_LIVING, given))

    def release(self, connection: Connection, key: str) -> None:
        connection.execute(claims.update().where(claims.c.key == key, claims.c.share == self.share).values(released=1))

    def own_pages(self, connection: Connection) -> list[sa.ColumnElement[bool]]:
        """A month has its own; a section's share also what no living run is at."""
        if self._is_month:
            return [pages.c.key.in_(sa.select(claims.c.key).where(claims.c.share == self.share))]
        others = _is_any(claims.c.share, self._others(connection))
        return [pages.c.key.not_in(sa.select(claims.c.key).where(others, claims.c.released == 0))]

    def settled(self, connection: Connection) -> None:
        done = sa.select(pages.c.key).where(pages.c.settled == 1)
        connection.execute(claims.delete().where(claims.c.key.in_(done)))

    def restored(self, connection: Connection) -> None:
        for column in (parts.c.sequence, outbox.c.position):
            sequence = sa.func.pg_get_serial_sequence(column.table.name, column.name)
            newest = sa.select(sa.func.coalesce(sa.func.max(column), 1)).scalar_subquery()
            connection.execute(sa.select(sa.func.setval(sequence, newest)))

    # --- beside transactions ------------------------------------------------------------------

    @contextmanager
    def sealing(self, *, wait: bool) -> Iterator[bool]:
        """While it is held nobody else plans, writes or lists parts. Whoever lost it on the way does it all again."""
        lock = self._lock
        if lock is None:
            raise LedgerUnreachable(f"{self._what} is not held")
        try:
            key = self._key(lock, _SEALING)
            mine = self._try(lock, key, seconds=settings.POSTGRESQL_PATIENCE if wait else 0.0)
        except DBAPIError as error:
            raise LedgerUnreachable(f"the state at {self.name} does not answer: {one_line(error.orig)}") from error
        try:
            yield mine
        finally:
            if mine:
                self._stop_sealing(lock, key)

    def _stop_sealing(self, lock: Connection, key: int) -> None:
        try:
            kept = lock.scalar(sa.select(sa.func.pg_advisory_unlock(key)))
        except SQLAlchemyError:
            kept = False
        if not kept:
            raise LedgerUnreachable(f"the connection to {self.name} ended while parts were sealed")

    def living_runs(self) -> set[str]:
        with self.engine.connect() as connection:
            living = _is_any(shares.c.share, self._others(connection))
            return {run for run in connection.scalars(sa.select(shares.c.run_id).where(living)) if run}

    def is_passing(self, error: BaseException) -> bool:
        if not isinstance(error, DBAPIError):
            return isinstance(error, sa.exc.TimeoutError)
        code = getattr(error.orig, "sqlstate", None)
        if code is None:
            # What the driver says itself: no connection, or none any more.
            return error.connection_invalidated or isinstance(error, sa.exc.OperationalError)
        return error.connection_invalidated or code in _PASSING or code.startswith(_CONNECTION_CODES)


def _is_any(column: sa.Column[str], values: Collection[str]) -> sa.ColumnElement[bool]:
    """`in`, with one parameter however many values: a sitemap may name fifty thousand pages."""
    return column == sa.any_(sa.literal(list(values), sa.ARRAY(sa.String)))


def _said(row: Any) -> str:
    if row is None:
        return "it does not say which"
    return f"{row.holder} since {row.since}" + (f", run {row.run_id}" if row.run_id else "")
