"""The durable state of the crawl: frontier, pages seen, articles and revisions, near-duplicate index, outbox, runs.

Accepting an article is one transaction, and each row of the outbox reaches the output exactly once, whatever process
dies (`alqahira/publishing/parts.py`). One run at a time writes, under a lock that is released when its holder dies
(`backends`). Its parts are `runs`, `pages` (with the frontier), `quarantine`, `articles`, `removals` and `restoring`,
all built on `transactions`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DatabaseError

from alqahira.exceptions import LedgerMissing
from alqahira.ledger.backends.store import Store
from alqahira.ledger.frontier import RevisitSchedule
from alqahira.ledger.migrations import prepare
from alqahira.ledger.removals import Removals
from alqahira.ledger.restoring import Restoring
from alqahira.ledger.runs import EndedRun, KnownCorpus, Runs, read_known_corpus
from alqahira.settings.state_url import read_state_url

__all__ = ["EndedRun", "KnownCorpus", "Ledger", "known_corpus", "open_ledger"]


class Ledger(Runs, Removals, Restoring):
    """All of the ledger. Every method that writes is one transaction."""


def open_ledger(
    state_url: str,
    *,
    revisit: RevisitSchedule | None = None,
    read_only: bool = False,
    owner: str = "",
) -> Ledger:
    """Open the ledger at a database URL; create it if it is missing.

    `owner`: the command that writes, shown to those who find the lock taken. `read_only` takes no lock and works
    beside a run.
    Raises LedgerBusy if another process writes, LedgerUnusable if it is corrupt, of a newer version or does not answer,
    LedgerMissing if there is nothing to read, ConfigurationError for a wrong URL or a missing driver.
    """
    store = _store_of(state_url, owner=owner, read_only=read_only)
    _open(store, partial(prepare, name=store.name, read_only=read_only))
    return Ledger(store, revisit or RevisitSchedule(()))


def known_corpus(state_url: str, *, with_parts: bool = True) -> KnownCorpus:
    """What the ledger at a database URL, of any version, knows of its corpus; changes nothing, takes no lock.

    Raises LedgerUnusable if it cannot be read, ConfigurationError for a wrong URL.
    """
    known: list[KnownCorpus] = []
    try:
        store = _store_of(state_url, owner="", read_only=True)
    except LedgerMissing:
        return KnownCorpus(str(read_state_url(state_url).database))
    _open(store, lambda connection: known.append(read_known_corpus(connection, store.name, with_parts=with_parts)))
    store.close()
    return known[-1]


def _open(store: Store, prepare: Callable[[Connection], None]) -> None:
    try:
        store.open(prepare)
    except DatabaseError as error:
        store.close()
        raise store.open_error(error) from None
    except BaseException:
        store.close()
        raise


def _store_of(state_url: str, *, owner: str, read_only: bool) -> Store:
    url = read_state_url(state_url)
    if url.get_backend_name() == "sqlite":
        from alqahira.ledger.backends.sqlite import SqliteStore

        return SqliteStore(url, owner=owner, read_only=read_only)
    from alqahira.ledger.backends.postgresql import PostgresqlStore

    return PostgresqlStore(url, owner=owner, read_only=read_only)
