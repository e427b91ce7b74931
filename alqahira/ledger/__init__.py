"""The durable state of the crawl: frontier, pages seen, articles and revisions, near-duplicate index, outbox, runs.

Whatever dies, the ledger says what was accepted. Accepting an article is one transaction; what is in
the outbox reaches the output exactly once (`parts.py`). Each run holds what it works on, by a lock that is
let go when its holder dies: the whole of SQLite, or a share of PostgreSQL (`stores`).

Its parts: `runs`, `pages` (with the frontier), `articles`, and `reading`; all of them stand on `transactions`.
"""

from __future__ import annotations

from sqlalchemy.exc import DatabaseError

from alqahira.frontier import RevisitSchedule
from alqahira.ledger.articles import ARTICLES_IN_ORDER, Articles
from alqahira.ledger.pages import MAX_ATTEMPTS
from alqahira.ledger.runs import EndedRun, Runs
from alqahira.migrations import prepare
from alqahira.stores import open_store

__all__ = ["ARTICLES_IN_ORDER", "MAX_ATTEMPTS", "EndedRun", "Ledger", "open_ledger"]


class Ledger(Runs, Articles):
    """See the module. Every public method is one transaction."""


def open_ledger(
    state_url: str, *, revisit: RevisitSchedule | None = None, read_only: bool = False, share: str = ""
) -> Ledger:
    """The ledger at a database URL, made where it is missing.

    `share`: the part of the work that the run means to hold, where runs can share it (docs/scaling.md).
    `read_only` takes no lock and works beside runs.
    Raises LedgerBusy where another run holds it, LedgerUnusable where it is corrupt, of a newer version or does not
    answer, LedgerMissing where there is none to be read, ConfigurationError where the URL is none.
    """
    store = open_store(state_url, share=share, read_only=read_only)
    try:
        store.open(lambda: prepare(store, read_only=read_only))
    except DatabaseError as error:
        store.close()
        raise store.open_error(error) from None
    except BaseException:
        store.close()
        raise
    return Ledger(store, revisit or RevisitSchedule(()))
