"""The runs of a ledger: which site it belongs to, who began when, how each ended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from alqahira.article import rfc3339
from alqahira.exceptions import ConfigurationError
from alqahira.ledger.tables import articles, meta, pages, runs
from alqahira.ledger.transactions import Transactions, persistent


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run of the past with its account, as `Account.as_dict` gave it. `complete`: it saw all it set out to see."""

    run_id: str
    spider: str
    started: str
    exit_status: int
    complete: bool
    account: dict[str, Any]


class Runs(Transactions):
    """The part of the ledger that knows of runs."""

    @persistent
    def claim_site(self, host: str) -> None:
        """Bind the state to one site. Raises ConfigurationError where it holds another's articles."""
        with self.transaction() as connection:
            found = connection.scalar(sa.select(meta.c.value).where(meta.c.name == "site"))
            if found is None:
                connection.execute(meta.insert().values(name="site", value=host))
            elif found == host:
                return
            elif connection.scalar(sa.select(articles.c.article_id).limit(1)) is None:
                connection.execute(meta.update().where(meta.c.name == "site").values(value=host))
            else:
                raise ConfigurationError(
                    f"this state holds articles of {found}, not of {host}: give each its own ALQAHIRA_OUTPUT_DIR"
                )

    @persistent
    def learned(self, name: str) -> str | None:
        """What earlier runs learned of the site under a name, as they wrote it."""
        with self.transaction() as connection:
            found: str | None = connection.scalar(sa.select(meta.c.value).where(meta.c.name == f"learned/{name}"))
        return found

    @persistent
    def learn(self, name: str, value: str | None) -> None:
        """Keep what was learned of the site for later runs; None forgets it."""
        with self.transaction() as connection:
            connection.execute(meta.delete().where(meta.c.name == f"learned/{name}"))
            if value is not None:
                connection.execute(meta.insert().values(name=f"learned/{name}", value=value))

    def start_run(self, run_id: str, spider: str, now: datetime) -> str:
        """Open a run; its id, with a number added where the same second had one already."""
        tried: set[str] = set()

        def start() -> str:
            with self.transaction() as connection:
                taken: set[str] = set(
                    connection.scalars(sa.select(runs.c.run_id).where(runs.c.run_id.startswith(run_id)))
                )
                if ours := taken & tried:
                    return ours.pop()  # committed, though the connection broke before it could say so
                names = (run_id, *(f"{run_id}-{n}" for n in range(2, 10_000)))
                free = next(name for name in names if name not in taken)
                tried.add(free)
                connection.execute(runs.insert().values(run_id=free, spider=spider, started=rfc3339(now), complete=0))
                self.store.set_run(connection, free)
            return free

        return self.persist(start)

    @persistent
    def finish_run(
        self, run_id: str, account: Mapping[str, Any], exit_status: int, now: datetime, *, complete: bool
    ) -> None:
        """Close a run. `complete`: it saw all that it set out to see, so what it met is settled."""
        with self.transaction() as connection:
            connection.execute(
                runs.update()
                .where(runs.c.run_id == run_id)
                .values(
                    ended=rfc3339(now), exit_status=exit_status, complete=int(complete), account=json.dumps(account)
                )
            )
            if complete:
                section = sa.select(runs.c.spider).where(runs.c.run_id == run_id).scalar_subquery()
                met = (pages.c.section == section, pages.c.settled == 0, pages.c.state != "pending")
                connection.execute(pages.update().where(*met).values(settled=1))

    @persistent
    def has_completed_run(self, spider: str) -> bool:
        with self.transaction() as connection:
            query = sa.select(runs.c.run_id).where(runs.c.spider == spider, runs.c.complete == 1).limit(1)
            return connection.scalar(query) is not None

    @persistent
    def last_completed_run(self, spider: str) -> str | None:
        """When the last run that saw all it set out to see began, as RFC 3339."""
        with self.transaction() as connection:
            query = sa.select(sa.func.max(runs.c.started)).where(runs.c.spider == spider, runs.c.complete == 1)
            found: str | None = connection.scalar(query)
        return found

    @persistent
    def ended_runs(self, since: datetime, spider: str | None = None) -> list[EndedRun]:
        """The runs that began at or after a moment and have ended, of one spider or of all, in the order they began."""
        query = sa.select(runs).where(runs.c.started >= rfc3339(since), runs.c.account.is_not(None))
        if spider is not None:
            query = query.where(runs.c.spider == spider)
        with self.transaction() as connection:
            rows = connection.execute(query.order_by(runs.c.started, runs.c.run_id)).all()
        return [
            EndedRun(r.run_id, r.spider, r.started, r.exit_status, bool(r.complete), json.loads(r.account))
            for r in rows
        ]
