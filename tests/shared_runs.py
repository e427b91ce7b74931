"""Runs that share one PostgreSQL, and what a network does to them."""

from __future__ import annotations

import threading

import sqlalchemy as sa
from ledger_scenario import NOW, link

MARCH, APRIL, DEFENSE, FOREIGN = "defense/2025-03", "defense/2025-04", "defense", "foreign_affairs"


def discover(ledger, *numbers, section=DEFENSE):
    found = ledger.discover([link(number) for number in numbers], section=section, run_id="run", now=NOW)
    return [discovery.standing for discovery in found]


def lose_lock(ledger):
    """What a network does: the server ends the connection that holds the share, and its run is not told."""
    end_backends(ledger, [ledger.store._lock.scalar(sa.text("select pg_backend_pid()"))])


def lose_connections(ledger):
    """The server ends all connections of a run."""
    with ledger.engine.connect() as connection:
        working = connection.scalar(sa.text("select pg_backend_pid()"))
    end_backends(ledger, [ledger.store._lock.scalar(sa.text("select pg_backend_pid()")), working])


def end_backends(ledger, pids):
    killer = sa.create_engine(ledger.engine.url, isolation_level="AUTOCOMMIT")
    with killer.connect() as connection:
        for pid in pids:
            connection.execute(sa.text("select pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    killer.dispose()


def at_once(holding, do):
    """Four runs, and `do(number, ledger)` in each of them at the same moment."""
    ledgers = [holding(share) for share in (MARCH, APRIL, DEFENSE, FOREIGN)]
    begin, errors = threading.Barrier(len(ledgers)), []

    def work(n, ledger):
        begin.wait()
        try:
            do(n, ledger)
        except Exception as error:
            errors.append(error)

    workers = [threading.Thread(target=work, args=numbered) for numbered in enumerate(ledgers, start=1)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert errors == []
    return ledgers[0]
