"""The tables of a state: made where there are none, brought to this version where they are older."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from alqahira.exceptions import LedgerMissing, LedgerUnusable
from alqahira.ledger.tables import STATE_VERSION, meta, metadata


def _fetch_set_aside_again(connection: Connection) -> None:
    """What was set aside for the other section or other days is asked for again: the corpus takes it all now.

    Without its validators, for a 304 would bring no article. Any run takes any page: the indexes leave out whose it is.
    """
    for statement in (
        "UPDATE pages SET state = 'pending', attempts = 0, cause = NULL, next_visit = NULL, etag = NULL, "
        "last_modified = NULL, article_id = NULL WHERE aside_topics <> ''",
        "DELETE FROM articles WHERE status = 'set_aside'",
        "ALTER TABLE pages DROP COLUMN aside_topics",
        "DROP INDEX pages_frontier",
        "CREATE INDEX pages_frontier ON pages (state)",
        "DROP INDEX pages_next_visit",
        "CREATE INDEX pages_next_visit ON pages (next_visit)",
    ):
        connection.execute(sa.text(statement))


def _drop_tables_of_runs_side_by_side(connection: Connection) -> None:
    """Only PostgreSQL had them. A run of version 1 that still goes on finds its token gone and writes no more."""
    for table in ("shares", "claims", "pace"):
        connection.execute(sa.text(f"drop table if exists {table}"))


def _to_version_2(connection: Connection) -> None:
    _fetch_set_aside_again(connection)
    _drop_tables_of_runs_side_by_side(connection)


# Steps from an older state to the next version, by the version they start from.
MIGRATIONS: dict[int, Callable[[Connection], None]] = {1: _to_version_2}


def prepare(connection: Connection, name: str, *, read_only: bool) -> None:
    """Make the tables of the state `name`, or bring an older one to this version; to be called in one transaction.

    `read_only`: nothing is made. Raises LedgerUnusable for a newer version, or an older one that may not be brought
    on; LedgerMissing where there is nothing to be read.
    """
    has_meta = sa.inspect(connection).has_table("meta")
    found = int(connection.scalar(sa.select(meta.c.value).where(meta.c.name == "version")) or 0) if has_meta else 0
    if found > STATE_VERSION:
        raise LedgerUnusable(f"the state is of version {found}, newer than this program's {STATE_VERSION}: upgrade it")
    if read_only and not found:
        raise LedgerMissing(f"there is no state at {name}: no run has written there")
    if read_only and found < STATE_VERSION:
        raise LedgerUnusable(f"the state is of version {found}, not {STATE_VERSION}: the next run brings it there")
    if read_only:
        return
    steps = range(found or STATE_VERSION, STATE_VERSION)
    if missing := [version for version in steps if version not in MIGRATIONS]:
        raise LedgerUnusable(f"the state is of version {found}, and no step leads on from version {missing[0]}")
    if not found:
        metadata.create_all(connection)
    for version in steps:
        MIGRATIONS[version](connection)
    connection.execute(meta.delete().where(meta.c.name == "version"))
    connection.execute(meta.insert().values(name="version", value=str(STATE_VERSION)))
