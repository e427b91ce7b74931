"""Where a ledger lives: what SQLite and PostgreSQL do differently, so that `ledger/` need not know.

Either has one writer at a time, by a lock that its holder's death releases; readers need none.
"""

from __future__ import annotations

from alqahira.ledger.backends.store import Store
from alqahira.settings.state_url import read_state_url

__all__ = ["Store", "open_store"]


def open_store(state_url: str, *, owner: str = "", read_only: bool = False) -> Store:
    """The store at a database URL, still to be opened. `owner`: the command that writes; `read_only` takes no lock.

    Raises ConfigurationError where the URL is none or its driver is missing, LedgerBusy where another process writes.
    """
    url = read_state_url(state_url)
    if url.get_backend_name() == "sqlite":
        from alqahira.ledger.backends.sqlite import SqliteStore

        return SqliteStore(url, owner=owner, read_only=read_only)
    from alqahira.ledger.backends.postgresql import PostgresqlStore

    return PostgresqlStore(url, owner=owner, read_only=read_only)
