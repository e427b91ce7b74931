"""A ledger in PostgreSQL, for nodes that have no disk of their own to keep: one writer at a time, as in a file.

The writer holds a session-level advisory lock on a connection of its own: the server releases it when that connection
ends, however its process died. Who takes the lock also writes a new token, and every transaction begins by asking
whether its token is still the ledger's: a writer that was thought dead and is not writes nothing any more.
"""

from __future__ import annotations

import hashlib
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from time import monotonic, sleep

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DatabaseError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from alqahira import settings
from alqahira.exceptions import AlqahiraError, LedgerBusy, LedgerLost, LedgerUnreachable, LedgerUnusable, one_line
from alqahira.ledger.backends.store import Store, busy, describe_holder
from alqahira.ledger.tables import meta, outbox, parts
from alqahira.settings.state_url import redact

# PostgreSQL's error codes (appendix A) for what may succeed in a moment: a server that stops or starts, a connection
# that broke, a deadlock that was resolved against us, a lock that was not had in time.
_TRANSIENT = frozenset({"57P01", "57P02", "57P03", "40001", "40P01", "55P03", "25P03", "53300"})
_CONNECTION_CODES = "08"
_LOCK_TIMEOUT = "55P03"
# Seconds between two looks whether the connection that holds the lock still lives.
_LOOK = 5.0
# Seconds for the server to notice that a writer was killed.
_GRACE = 1.0
# In the table `meta`: who writes (empty: nobody), and the token, which begins with the server's start.
_WRITER, _TOKEN = "writer", "writer_token"
_SERVER_START = sa.text("select extract(epoch from pg_postmaster_start_time())::text")
_SERVER_AGE = sa.text("select extract(epoch from clock_timestamp() - pg_postmaster_start_time())::float8")


class PostgresqlStore(Store):
    """See the module."""

    def __init__(self, url: URL, *, owner: str, read_only: bool) -> None:
        self.name = self.where = redact(url)
        self._holder = describe_holder(owner, socket.gethostname())
        self._read_only = read_only
        options = dict(settings.POSTGRESQL_CONNECT_ARGS)
        if not read_only:
            # A run that stops in the middle of a transaction must not keep its successor waiting.
            options["options"] = settings.POSTGRESQL_WRITER_OPTIONS
        if given := url.query.get("options"):
            options["options"] = f"{options.get('options', '')} {given if isinstance(given, str) else ' '.join(given)}"
        url = url.difference_update_query(["options"])
        self.engine = sa.create_engine(url, connect_args=options)
        self._locks = sa.create_engine(url, connect_args=options, poolclass=NullPool)
        self._lock: Connection | None = None
        self._token = ""
        self._looked = 0.0

    # --- the lock -----------------------------------------------------------------------------

    def open(self, prepare: Callable[[Connection], None]) -> None:
        """A server that is being restarted is waited for; one that refuses us is not."""
        begun = monotonic()
        while True:
            try:
                if self._read_only:
                    super().open(prepare)
                else:
                    self._acquire(prepare)
                return
            except LedgerBusy:
                self._drop_lock()
                if monotonic() > begun + _GRACE:
                    raise
            except DBAPIError as error:
                self._drop_lock()
                refused = "FATAL" in str(error.orig) and "the database system is" not in str(error.orig)
                if (
                    refused
                    or not self.is_transient(error)
                    or monotonic() > begun + settings.POSTGRESQL_OPENING_PATIENCE
                ):
                    raise
            sleep(0.2)

    def _acquire(self, prepare: Callable[[Connection], None]) -> None:
        """Take the lock, prepare the tables and name the writer: one step to everybody else."""
        self._lock = lock = self._locks.connect()
        with lock.begin():
            try:
                lock.execute(sa.select(sa.func.pg_advisory_xact_lock(_key(lock, "acquiring"))))
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) != _LOCK_TIMEOUT:
                    raise
                raise LedgerBusy(f"another run is bringing the state {self.name} to its version") from None
            if not _try(lock):
                raise busy(self.name, _value(lock, _WRITER))
            if self._may_come_back(lock):
                raise LedgerBusy(
                    f"the database at {self.name} has just been restarted under another run, which may go on: "
                    + _value(lock, _WRITER)
                )
            prepare(lock)
            self._token = f"{lock.scalar(_SERVER_START)} {secrets.token_hex(8)}"
            # Waits for the transactions of a writer that still has the old token.
            lock.execute(meta.delete().where(meta.c.name.in_((_WRITER, _TOKEN))))
            written = [{"name": _WRITER, "value": self._holder}, {"name": _TOKEN, "value": self._token}]
            lock.execute(meta.insert(), written)
        self._looked = monotonic()

    def _may_come_back(self, connection: Connection) -> bool:
        """Whether a restart of the server has taken the writer's lock so lately that it still tries to go on."""
        if not sa.inspect(connection).has_table(meta.name) or not _value(connection, _WRITER):
            return False
        is_older = not _value(connection, _TOKEN).startswith(f"{connection.scalar(_SERVER_START)} ")
        return is_older and (connection.scalar(_SERVER_AGE) or 0.0) < settings.POSTGRESQL_PATIENCE

    def close(self) -> None:
        if self._lock is not None:
            # Said, and not left to the server's noticing: the next run may come at once.
            with suppress(SQLAlchemyError), self._lock.begin():
                if self._is_ours(self._lock):
                    self._lock.execute(meta.update().where(meta.c.name == _WRITER).values(value=""))
            with suppress(SQLAlchemyError), self._lock.begin():
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

    def reconnect(self, error: AlqahiraError) -> None:
        """Hold the lock again, where nobody has taken it since; for a bounded time."""
        deadline = monotonic() + settings.POSTGRESQL_PATIENCE
        while True:
            try:
                self._acquire_again()
                return
            except (DBAPIError, LedgerUnreachable) as again:
                if monotonic() > deadline:
                    cause = one_line(getattr(again, "orig", None) or again)
                    raise LedgerUnreachable(
                        f"the state at {self.name} does not answer for {settings.POSTGRESQL_PATIENCE:g} s: {cause}; "
                        "the next run goes on from here"
                    ) from None
            sleep(0.2)

    def _acquire_again(self) -> None:
        if self._lock is not None and self._is_alive(self._lock):
            return
        self._drop_lock()
        connection = self._locks.connect()
        try:
            with connection.begin():
                # Shared with our other transactions; who writes a new token waits until this one has ended.
                self._check_token(connection)
                if not _try(connection):
                    # The server has not noticed yet that our old connection is dead, or somebody has just come.
                    raise LedgerUnreachable(f"the state {self.name} is still locked")
        except BaseException:
            connection.close()
            raise
        self._lock, self._looked = connection, monotonic()

    def _is_alive(self, lock: Connection) -> bool:
        try:
            with lock.begin():
                lock.execute(sa.select(1))
        except SQLAlchemyError:
            return False
        self._looked = monotonic()
        return True

    def _is_ours(self, connection: Connection) -> bool:
        mine = sa.select(meta.c.value).where(meta.c.name == _TOKEN, meta.c.value == self._token)
        return connection.scalar(mine.with_for_update(read=True)) is not None

    def _check_token(self, connection: Connection) -> None:
        if not self._is_ours(connection):
            holder = _value(connection, _WRITER) or "it has ended since"
            raise LedgerLost(f"another run has taken over the state {self.name}: {holder}")

    def open_error(self, error: DatabaseError) -> AlqahiraError:
        return LedgerUnusable(f"the state at {self.name} cannot be opened: {one_line(error.orig)}")

    # --- within a transaction -----------------------------------------------------------------

    def guard(self, connection: Connection) -> None:
        if self._read_only:
            return
        if self._lock is None:
            raise LedgerUnreachable(f"the state {self.name} is not held")
        if monotonic() - self._looked > _LOOK and not self._is_alive(self._lock):
            raise LedgerUnreachable(f"the connection that holds the state {self.name} has ended")
        self._check_token(connection)

    def set_run(self, connection: Connection, run_id: str) -> None:
        connection.execute(meta.update().where(meta.c.name == _WRITER).values(value=f"{self._holder}, run {run_id}"))

    def restored(self, connection: Connection) -> None:
        for column in (parts.c.sequence, outbox.c.position):
            sequence = sa.func.pg_get_serial_sequence(column.table.name, column.name)
            newest = sa.select(sa.func.coalesce(sa.func.max(column), 1)).scalar_subquery()
            connection.execute(sa.select(sa.func.setval(sequence, newest)))

    def is_transient(self, error: BaseException) -> bool:
        if not isinstance(error, DBAPIError):
            return isinstance(error, sa.exc.TimeoutError)
        code = getattr(error.orig, "sqlstate", None)
        if code is None:
            # What the driver says itself: no connection, or none any more.
            return error.connection_invalidated or isinstance(error, sa.exc.OperationalError)
        return error.connection_invalidated or code in _TRANSIENT or code.startswith(_CONNECTION_CODES)


def _try(connection: Connection) -> bool:
    """Whether this session has the writer's lock now."""
    return bool(connection.scalar(sa.select(sa.func.pg_try_advisory_lock(_key(connection, "writer")))))


def _key(connection: Connection, what: str) -> int:
    """A lock's number. Locks belong to a database; a ledger to a schema of it."""
    schema = connection.scalar(sa.select(sa.func.current_schema()))
    digest = hashlib.blake2b(f"alqahira:{schema}:{what}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def _value(connection: Connection, name: str) -> str:
    return connection.scalar(sa.select(meta.c.value).where(meta.c.name == name)) or ""
