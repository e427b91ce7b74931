"""What is known of a run at its end, what the monitors say of it, and the exit status that follows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from alqahira.article import rfc3339
from alqahira.drift import Sources, find_drift
from alqahira.errors import AlqahiraError
from alqahira.extensions.monitors import Monitors
from alqahira.ledger import EndedRun
from alqahira.monitors.rules import ESSENTIAL, Facts, Ruling, is_complete, judge, run_ended

if TYPE_CHECKING:
    from scrapy import Spider

    from alqahira.extensions.run import Run


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a run ended. `problem`: why the exit status is not 0, in one line; `complete`: it saw all it set out to."""

    facts: Facts
    rulings: list[Ruling]
    exit_status: int
    problem: str
    complete: bool

    @property
    def account(self) -> dict[str, Any]:
        """What the ledger keeps of the run."""
        failed = [ruling.monitor for ruling in self.rulings if ruling.passed is False]
        return {**self.facts.account, "reason": self.facts.reason, "monitors_failed": failed}


def judge_run(run: Run, spider: Spider, reason: str) -> Judgement:
    """Every monitor's word on a run that ends, and what follows from them."""
    facts = _facts(run, spider, reason)
    monitors = run.crawler.get_extension(Monitors)
    # Without Spidermon (SPIDERMON_ENABLED) the run still knows when it has not seen the site.
    rulings = judge(ESSENTIAL, facts) if monitors is None else monitors.judge(spider, facts)
    return _conclude(run, facts, rulings, complete=is_complete(facts))


def judge_the_end(run: Run, spider: Spider, before: Judgement) -> Judgement:
    """Once more, of the run's end alone: the ledger or the archive failed after all had been judged."""
    facts = _facts(run, spider, before.facts.reason)
    rulings = [
        *judge((run_ended,), facts),
        *(ruling for ruling in before.rulings if ruling.monitor != run_ended.__name__),
    ]
    return _conclude(run, facts, rulings, complete=False)


def _conclude(run: Run, facts: Facts, rulings: list[Ruling], *, complete: bool) -> Judgement:
    """Exit status and problem from what failed."""
    failed = [ruling for ruling in rulings if ruling.passed is False]
    if not failed:
        return Judgement(facts, rulings, 0, "", complete)
    more = f"; also {', '.join(ruling.monitor for ruling in failed[1:])}" if failed[1:] else ""
    exit_status = run.failure.exit_status if run.failure else 1
    return Judgement(facts, rulings, exit_status, failed[0].message + more, complete)


def _facts(run: Run, spider: Spider, reason: str) -> Facts:
    earlier: list[EndedRun] = []
    last_complete = None
    if run.failure is None:
        since = run.started - timedelta(days=run.crawler.settings.getint("ALQAHIRA_BASELINE_DAYS"))
        if run.configuration.baseline_since is not None:
            since = max(since, run.configuration.baseline_since)
        try:
            earlier = run.ledger.ended_runs(since, spider.name)
            last_complete = run.ledger.last_completed_run(spider.name)
        except AlqahiraError:
            pass  # `Run.fail` has been told
    run.account.drift = _drift(run, earlier)
    arguments = getattr(spider, "arguments", None)
    return Facts(
        spider=spider.name,
        site_url=run.configuration.site_url,
        started=run.started,
        reason=reason,
        account=run.account.as_dict(),
        stats=dict(run.crawler.stats.get_stats()) if run.crawler.stats else {},
        limits=run.configuration.limits,
        is_bounded=bool(arguments and (arguments.since or arguments.until or arguments.max_articles)),
        errors=run.errors,
        failure=str(run.failure) if run.failure else "",
        earlier=earlier,
        last_complete=datetime.fromisoformat(last_complete) if last_complete else None,
    )


def _drift(run: Run, earlier: list[EndedRun]) -> list[str]:
    """Which fields come from another source than in the section's earlier runs."""
    sources: list[tuple[str, Sources]] = [(ended.started, ended.account.get("sources", {})) for ended in earlier]
    return [str(drift) for drift in find_drift([*sources, (rfc3339(run.started), run.account.sources)])]
