"""The verdict on a run that ends: its figures, the monitors' results, and the exit status that follows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from alqahira.article import rfc3339
from alqahira.exceptions import AlqahiraError
from alqahira.ledger import EndedRun
from alqahira.monitoring.drift import Sources, find_drift
from alqahira.monitoring.rules import MONITORS, RunFigures, RunVerdict, is_complete, run_ended, run_monitors

if TYPE_CHECKING:
    from scrapy import Spider

    from alqahira.crawling.run import Run


def run_verdict(run: Run, spider: Spider, reason: str) -> RunVerdict:
    """The verdict of all monitors on a run that ends for Scrapy's `reason`."""
    figures = _figures(run, spider, reason)
    return RunVerdict(figures, run_monitors(MONITORS, figures), _status(run), is_complete(figures))


def revise_verdict(run: Run, spider: Spider, before: RunVerdict) -> RunVerdict:
    """The verdict where the ledger or the archive failed after all monitors had run: only `run_ended` runs again."""
    figures = _figures(run, spider, before.figures.reason)
    others = [result for result in before.results if result.name != run_ended.__name__]
    return RunVerdict(figures, [*run_monitors([run_ended], figures), *others], _status(run), complete=False)


def _status(run: Run) -> int:
    """The exit status if a monitor fails."""
    return run.failure.exit_status if run.failure else 1


def _figures(run: Run, spider: Spider, reason: str) -> RunFigures:
    earlier: list[EndedRun] = []
    last_complete = None
    if run.failure is None:
        since = run.started - timedelta(days=run.configuration.baseline_days)
        if run.configuration.baseline_since is not None:
            since = max(since, run.configuration.baseline_since)
        try:
            earlier = run.ledger.ended_runs(since, spider.name)
            last_complete = run.ledger.last_completed_run(spider.name)
        except AlqahiraError:
            pass  # the ledger has called `Run.fail`
    sources: list[tuple[str, Sources]] = [(ended.started, ended.account.get("sources", {})) for ended in earlier]
    run.account.drift = [str(d) for d in find_drift([*sources, (rfc3339(run.started), run.account.sources)])]
    arguments = getattr(spider, "arguments", None)
    return RunFigures(
        spider=spider.name,
        site_url=run.configuration.site_url,
        started=run.started,
        reason=reason,
        account=run.account.as_dict(),
        stats=dict(run.crawler.stats.get_stats()) if run.crawler.stats else {},
        limits=run.configuration,
        is_bounded=bool(arguments and (arguments.since or arguments.until or arguments.max_articles)),
        errors=run.errors,
        failure=str(run.failure) if run.failure else "",
        earlier=earlier,
        last_complete=datetime.fromisoformat(last_complete) if last_complete else None,
    )
