"""A ledger in PostgreSQL, for nodes without a disk of their own to keep.

All transactions of a writer go over one session that holds an advisory lock. The server releases the lock when that
session ends. A session can also lose the lock and live on (DISCARD ALL of a pooler, pg_advisory_unlock_all), so each
transaction of a writer begins by checking that the ledger still has the token that the writer stored when it took the
lock. A writer that has lost its session takes the lock again under the same condition.
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic, sleep
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DatabaseError, DBAPIError, SQLAlchemyError

from alqahira.exceptions import AlqahiraError, LedgerBusy, LedgerLost, LedgerUnreachable, LedgerUnusable, one_line
from alqahira.ledger.backends.store import Store, busy, describe_holder
from alqahira.ledger.tables import meta, outbox, parts
from alqahira.settings.state_url import redact

# PostgreSQL's error codes (appendix A) for what may succeed a moment later: a server that stops or starts, a broken or
# idle connection, too many connections, a conflict with another transaction, a lock that was not granted in time.
_LOCK_TIMEOUT = "55P03"
_TRANSIENT = ("08", "57P01", "57P02", "57P03", "25P03", "53300", "40001", "40P01", _LOCK_TIMEOUT)
# Seconds between two tries, and for the server to notice that a writer was killed.
_PAUSE, _GRACE = 0.2, 1.0
# In the table `meta`: who writes (empty: nobody), and the token, which begins with the server's start.
_WRITER, _TOKEN = "writer", "writer_token"
# Locks the row until the transaction ends, so that a successor cannot store its token before that.
_HOLD_TOKEN = sa.select(meta.c.value).where(meta.c.name == _TOKEN).with_for_update(read=True)
_SERVER_START = sa.text("select extract(epoch from pg_postmaster_start_time())::text")
_SERVER_AGE = sa.text("select extract(epoch from clock_timestamp() - pg_postmaster_start_time())::float8")
# Locks belong to a database, ledgers to its schemas. The second lock lasts for one transaction, so that nobody sees the
# first one taken before the tables are prepared and the writer is named.
_TRY_LOCK = sa.text("select pg_try_advisory_lock(hashtextextended('alqahira:writer:' || current_schema(), 0))")
_WAIT_TO_ACQUIRE = sa.text(
    "select pg_advisory_xact_lock(hashtextextended('alqahira:acquiring:' || current_schema(), 0))"
)
_UNLOCK = sa.text("select pg_advisory_unlock_all()")
# Seconds that a run waits for a database that went away, before it ends and leaves its work to the next run.
PATIENCE = 60.0
# The same when a run begins: long enough for a server that is being restarted.
OPENING_PATIENCE = 5.0
# Notice a dead network within half a minute (libpq's names; seconds, but milliseconds for `tcp_user_timeout`).
CONNECT_ARGS: dict[str, Any] = {
    "application_name": "alqahira",
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}
# The server, too, notices a vanished node, within a minute, and then releases its lock. A commit is on the disk when it
# returns, whatever the server's default is. A run that stops within a transaction is cut off.
WRITER_OPTIONS = (
    "-c synchronous_commit=on -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3 "
    "-c lock_timeout=30s -c idle_in_transaction_session_timeout=60s"
)

_TRANSACTION = sa.text("select txid_current_if_assigned()")  # null where nothing was written
_IS_COMMITTED = sa.text("select txid_status(:transaction) = 'committed'")


class PostgresqlStore(Store):
    """One session for a writer, with the lock; one without it for a reader."""

    def __init__(self, url: URL, *, owner: str, read_only: bool) -> None:
        self.name = self.location = redact(url)
        self._holder = describe_holder(owner, socket.gethostname())
        self._read_only = read_only
        options = dict(CONNECT_ARGS)
        if not read_only:
            options["options"] = WRITER_OPTIONS
        if given := url.query.get("options"):
            options["options"] = f"{options.get('options', '')} {given if isinstance(given, str) else ' '.join(given)}"
        self.engine = sa.create_engine(url.difference_update_query(["options"]), connect_args=options)
        self._token = ""

    def open(self, prepare: Callable[[Connection], None]) -> None:
        """Wait for a server that is being restarted, but not for one that refuses the connection."""
        begun = monotonic()
        while True:
            try:
                if self._read_only:
                    super().open(prepare)
                else:
                    self._acquire(prepare)
                return
            except (LedgerBusy, DBAPIError) as error:
                self._disconnect()
                if monotonic() > begun + self._patience(error):
                    raise
            sleep(_PAUSE)

    def _patience(self, error: LedgerBusy | DBAPIError) -> float:
        if isinstance(error, LedgerBusy):
            return _GRACE
        is_refused = "FATAL" in str(error.orig) and "the database system is" not in str(error.orig)
        return OPENING_PATIENCE if self.is_transient(error) and not is_refused else 0.0

    def close(self) -> None:
        if self._connection is not None and not self._connection.invalidated and not self._read_only:
            # Released here, as the next run may start before the server notices that the session has ended.
            with suppress(SQLAlchemyError, LedgerLost), self._connection.begin():
                self._check_token(self._connection)
                self._connection.execute(meta.update().where(meta.c.name == _WRITER).values(value=""))
            with suppress(SQLAlchemyError), self._connection.begin():
                self._connection.execute(_UNLOCK)
        self._disconnect()
        super().close()

    def _disconnect(self) -> None:
        """End the session, and with it the lock: a connection returned to the pool would keep both."""
        connection, self._connection = self._connection, None
        if connection is not None:
            for end in (connection.invalidate, connection.close):
                with suppress(SQLAlchemyError):
                    end()

    # --- the lock -----------------------------------------------------------------------------

    def _acquire(self, prepare: Callable[[Connection], None]) -> None:
        """Take the lock, prepare the tables and name the writer."""
        self._connection = connection = self.engine.connect()
        with connection.begin():
            try:
                connection.execute(_WAIT_TO_ACQUIRE)
            except DBAPIError as error:
                if _code(error) != _LOCK_TIMEOUT:
                    raise
                raise LedgerBusy(f"another run is bringing the state {self.name} to its version") from None
            if not connection.scalar(_TRY_LOCK):
                raise busy(self.name, _value(connection, _WRITER))
            start = connection.scalar(_SERVER_START)
            if self._may_come_back(connection, f"{start} "):
                raise LedgerBusy(
                    f"the database at {self.name} has just been restarted under another run, which may go on: "
                    + _value(connection, _WRITER)
                )
            prepare(connection)
            self._token = f"{start} {secrets.token_hex(8)}"
            connection.execute(meta.delete().where(meta.c.name.in_((_WRITER, _TOKEN))))
            rows = [{"name": _WRITER, "value": self._holder}, {"name": _TOKEN, "value": self._token}]
            connection.execute(meta.insert(), rows)

    def _may_come_back(self, connection: Connection, start: str) -> bool:
        """Whether a restart of the server took the writer's lock so recently that the writer may still reconnect."""
        if not sa.inspect(connection).has_table(meta.name) or not _value(connection, _WRITER):
            return False
        is_older = not _value(connection, _TOKEN).startswith(start)
        return is_older and (connection.scalar(_SERVER_AGE) or 0.0) < PATIENCE

    def reconnect(self, error: BaseException, transaction: int = 0) -> bool:
        """For at most PATIENCE seconds, and only if nobody else has taken the lock since."""
        deadline = monotonic() + PATIENCE
        while True:
            try:
                return self._acquire_again(transaction)
            except (DBAPIError, LedgerUnreachable) as again:
                if monotonic() > deadline:
                    cause = one_line(getattr(again, "orig", None) or again)
                    raise LedgerUnreachable(
                        f"the state at {self.name} does not answer for {PATIENCE:g} s: {cause}; "
                        "the next run continues from here"
                    ) from None
            sleep(_PAUSE)

    def _acquire_again(self, transaction: int) -> bool:
        if self._connection is None or self._connection.invalidated:
            self._disconnect()
            self._connection = self.engine.connect()
        connection = self._connection
        try:
            with connection.begin():
                if self._read_only:
                    return False
                is_locked = bool(connection.scalar(_TRY_LOCK))
                self._check_token(connection)
                if not is_locked:
                    # The server has not noticed yet that our session is dead, or another run is just taking the lock.
                    raise LedgerUnreachable(f"the state {self.name} is still locked")
                return bool(transaction and connection.scalar(_IS_COMMITTED, {"transaction": transaction}))
        except BaseException:
            self._disconnect()
            raise

    def _check_token(self, connection: Connection) -> None:
        if connection.scalar(_HOLD_TOKEN) != self._token:
            holder = _value(connection, _WRITER) or "it has ended since"
            raise LedgerLost(f"another run has taken over the state {self.name}: {holder}")

    # --- transactions -------------------------------------------------------------------------

    @contextmanager
    def begin(self, *, grouped: bool = False) -> Iterator[Connection]:
        """As in `Store`; raises LedgerLost in a writer that was taken over.

        If the connection breaks during the commit, the server is asked whether the transaction was committed.
        """
        transaction = None
        try:
            with super().begin() as connection:
                if not self._read_only:
                    self._check_token(connection)
                yield connection
                transaction = connection.scalar(_TRANSACTION)
        except DBAPIError as error:
            if not (transaction and self.is_transient(error) and self.reconnect(error, transaction)):
                raise

    def open_error(self, error: DatabaseError) -> AlqahiraError:
        return LedgerUnusable(f"the state at {self.name} cannot be opened: {one_line(error.orig)}")

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
        if (code := _code(error)) is not None:
            return error.connection_invalidated or code.startswith(_TRANSIENT)
        # The driver's own errors have no code: no connection, or a lost one.
        return error.connection_invalidated or isinstance(error, sa.exc.OperationalError)


def _code(error: DBAPIError) -> str | None:
    code: str | None = getattr(error.orig, "sqlstate", None)
    return code


def _value(connection: Connection, name: str) -> str:
    return connection.scalar(sa.select(meta.c.value).where(meta.c.name == name)) or ""
