"""Where a ledger lives: what SQLite and PostgreSQL do differently, so that `ledger/` need not know.

SQLite has one writer at a time, who holds the whole ledger. PostgreSQL has many: each holds a share of the work.
"""

from __future__ import annotations

from alqahira.stores.store import Store
from alqahira.stores.url import read_state_url

__all__ = ["Store", "open_store"]


def open_store(state_url: str, *, share: str = "", read_only: bool = False) -> Store:
    """The store at a database URL. `share` is what the run means to hold; `read_only` holds nothing.

    Raises ConfigurationError where the URL is none or its driver is missing, LedgerBusy where another run holds it.
    """
    url = read_state_url(state_url)
    if url.get_backend_name() == "sqlite":
        from alqahira.stores.sqlite import SqliteStore

        return SqliteStore(url, read_only=read_only)
    from alqahira.stores.postgresql import PostgresqlStore

    return PostgresqlStore(url, share=share, read_only=read_only)
