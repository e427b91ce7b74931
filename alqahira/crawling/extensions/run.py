"""The extension that opens the run of a section's crawl, and ends it with a verdict and a report.

Scrapy's own commands (`shell`, `fetch`, `view`, `parse`, `bench`, `runspider`) and other spiders open no ledger.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy.exceptions import NotConfigured

from alqahira.article import rfc3339
from alqahira.crawling.components import check_components
from alqahira.crawling.extensions.feeds import Feeds, check_feeds
from alqahira.crawling.retention import SUMMARIES_FOLDER, remove_expired
from alqahira.crawling.run import Run
from alqahira.crawling.unhandled import log_in_one_line
from alqahira.exceptions import AlqahiraError, LedgerBusy
from alqahira.extraction.items import ArticleItem
from alqahira.ledger import EndedRun
from alqahira.ledger.decisions import Outcome
from alqahira.monitoring.alerts import send_alerts
from alqahira.monitoring.drift import Sources, find_drift
from alqahira.monitoring.history import earlier_runs
from alqahira.monitoring.logs import hide_lists, install_formatters, suppress_tracebacks
from alqahira.monitoring.rules import MONITORS, RunFigures, RunVerdict, is_complete, run_ended, run_monitors
from alqahira.monitoring.run_stats import account_line, account_table
from alqahira.monitoring.summary import summarize, to_json
from alqahira.publishing.manifest import write_atomic

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Spider
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure

logger = logging.getLogger(__name__)

# A Scrapy signal: the monitors have run, and the ledger is still open. Arguments: reason, ended, complete.
run_verdict_reached = object()


class RunExtension:
    """For spiders of sections; NotConfigured for any other."""

    def __init__(self, crawler: Crawler) -> None:
        if not is_section(crawler.spidercls):
            raise NotConfigured
        self.crawler = crawler
        try:
            check_components(crawler.settings)
            check_feeds(crawler)
            self.run = Run(crawler)
        except AlqahiraError as error:
            log_in_one_line()
            if isinstance(error, LedgerBusy) and error.is_own:
                why = f"a process runs one section at a time: await one crawl after the other ({error})"
                raise LedgerBusy(why, error.owner, is_own=True) from None
            raise
        suppress_tracebacks()
        install_formatters(crawler.settings)
        hide_lists("scrapy.statscollectors")  # `run_report` shows them
        for name in ("spider_opened", "response_downloaded", "spider_closed", "item_error", "spider_error"):
            crawler.signals.connect(getattr(self, name), signal=getattr(signals, name))

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def spider_opened(self, spider: Spider) -> None:
        # The collector need not scan the loaded modules with every page: 3 to 4 % of a run (docs/performance.md).
        gc.collect()  # what is garbage now, such as the error of another crawl of the process, would never be
        gc.freeze()
        run = self.run
        run.run_id = run.ledger.start_run(run.run_id, spider.name, run.started)
        # Absolute, because what a relative folder is below depends on how the run was started.
        folder = run.configuration.output_dir.absolute()
        logger.info("Run %s writes to %s, its state is %s", run.run_id, folder, run.ledger.store.location)

    def response_downloaded(self, response: Response) -> None:
        """Compare the clock with the site's."""
        with suppress(AlqahiraError):  # the ledger has called `Run.fail`
            self.run.clock.compare(response)

    def item_error(self, item: Any, failure: Failure) -> None:
        """A pipeline raised: count the error, so that no article is lost silently."""
        self._count_error(failure, item.fetch.key if isinstance(item, ArticleItem) else None)

    def spider_error(self, failure: Failure, response: Response | None) -> None:
        """A callback raised, for its request's article; without a response, `start()` did."""
        link = response.request.cb_kwargs.get("link") if response and response.request else None
        self._count_error(failure, link and link.key)

    def _count_error(self, failure: Failure, key: str | None) -> None:
        if isinstance(failure.value, AlqahiraError):
            return  # the run has failed; the article is left to the next one
        self.run.errors += 1
        if key is not None:
            self.run.finish(key, Outcome.FAILED, f"error_{type(failure.value).__name__}")

    async def spider_closed(self, spider: Spider, reason: str) -> None:
        """When the feeds are written: run the monitors, close archive and ledger, then report how the run ended."""
        run = self.run
        if feeds := self.crawler.get_extension(Feeds):
            await feeds.closed.wait()
        with suppress(AlqahiraError):  # the ledger has called `Run.fail`
            run.failures.decide()
        failure_before = run.failure
        verdict, ended = run_verdict(run, spider, reason), datetime.now(UTC)
        run.exit_status, run.problem = verdict.exit_status, verdict.problem  # the archive stores the status
        self.crawler.signals.send_catch_log(run_verdict_reached, reason=reason, ended=ended, complete=verdict.complete)
        if run.failure is not failure_before:
            verdict = revise_verdict(verdict, run)
        failed = [result.name for result in verdict.failed]
        account = {**verdict.figures.account, "reason": reason, "monitors_failed": failed}
        try:
            run.ledger.leave(run.begun)
            run.ledger.finish_run(run.run_id, account, verdict.exit_status, ended, complete=verdict.complete)
            if run.failure is None:
                remove_expired(run, ended)
        except AlqahiraError as error:
            run.fail(error)
            verdict = revise_verdict(verdict, run)
        finally:
            run.ledger.close()
        run.exit_status, run.problem = verdict.exit_status, verdict.problem
        run_report(run, verdict, ended)


def is_section(spidercls: type[Spider]) -> bool:
    """Whether a spider is a section's, which are recognized by their `is_for_feed`."""
    return hasattr(spidercls, "is_for_feed")


def run_of(crawler: Crawler) -> Run | None:
    """The crawl's run; None for a crawl without one."""
    extension = crawler.get_extension(RunExtension)
    return extension.run if extension else None


# --- the verdict --------------------------------------------------------------------------------


def run_verdict(run: Run, spider: Spider, reason: str) -> RunVerdict:
    """The verdict of all monitors; `reason` is Scrapy's for the end of the crawl."""
    earlier: list[EndedRun] = []
    last_complete = None
    if run.failure is None:
        days, since = run.configuration.baseline_days, run.configuration.baseline_since
        try:
            earlier = earlier_runs(run.ledger, spider.name, run.started, days, since)
            last_complete = run.ledger.last_completed_run(spider.name)
        except AlqahiraError:
            pass  # the ledger has called `Run.fail`
    sources: list[tuple[str, Sources]] = [(ended.started, ended.account.get("sources", {})) for ended in earlier]
    run.stats.drift = [str(d) for d in find_drift([*sources, (rfc3339(run.started), run.stats.sources)])]
    arguments = getattr(spider, "arguments", None)
    figures = RunFigures(
        spider=spider.name,
        site_url=run.configuration.site_url,
        started=run.started,
        reason=reason,
        account=run.stats.as_dict(),
        stats=dict(run.crawler.stats.get_stats()) if run.crawler.stats else {},
        limits=run.configuration,
        is_bounded=bool(arguments and (arguments.since or arguments.until or arguments.max_articles)),
        errors=run.errors,
        failure=str(run.failure) if run.failure else "",
        clock=run.clock.problem,
        feeds=unwritten_feeds(run, spider),
        earlier=earlier,
        last_complete=datetime.fromisoformat(last_complete) if last_complete else None,
    )
    status_if_failed = run.failure.exit_status if run.failure else 1
    return RunVerdict(figures, run_monitors(MONITORS, figures), status_if_failed, is_complete(figures))


def unwritten_feeds(run: Run, spider: Spider) -> str:
    """Which feeds were not written, why, and how to get their articles, in one line; empty if all were."""
    feeds = run.crawler.get_extension(Feeds)
    if feeds is None or not feeds.unwritten:
        return ""
    what = "; ".join(f"the feed {name} was not written: {reason}" for name, reason in feeds.unwritten.items())
    topic = getattr(getattr(spider, "section", None), "topic", "")
    again = f"scrapy export --run {run.run_id} -o FILE" + (f" --topic {topic}" if topic else "")
    return f"{what}; its articles are in the corpus: {again}"


def revise_verdict(verdict: RunVerdict, run: Run) -> RunVerdict:
    """The verdict after ledger or archive failed, later than the monitors: only `run_ended` runs again."""
    assert run.failure is not None
    figures = replace(verdict.figures, failure=str(run.failure))
    others = [result for result in verdict.results if result.name != run_ended.__name__]
    return RunVerdict(figures, [*run_monitors([run_ended], figures), *others], run.failure.exit_status, complete=False)


# --- the report ---------------------------------------------------------------------------------


def run_report(run: Run, verdict: RunVerdict, ended: datetime) -> None:
    """Report how a run ended: in the log, as summary and metrics files, and by alerts.

    A file or alert that fails is logged and changes nothing else.
    """
    from prometheus_client import write_to_textfile  # not needed before a run ends

    from alqahira.monitoring.metrics import to_metrics

    account, configuration = verdict.figures.account, run.configuration
    if run.crawler.settings.getbool("STATS_DUMP"):
        for name, value in sorted(verdict.figures.stats.items()):
            logger.info("Stat %s: %s", name, value)
    for line in account_table(account):
        logger.info("Account %s", line)
    logger.info("Run %s: %s", run.run_id, account_line(account))
    for drift in account["drift"]:
        logger.warning("Drift: %s; see `scrapy doctor`", drift)
    for result in verdict.failed:
        logger.error("Monitor %s failed: %s", result.name, result.message)
    if verdict.problem:
        logger.error("%s", verdict.problem)
    summary = summarize(run.run_id, verdict, ended)
    summary_file = configuration.output_dir / SUMMARIES_FOLDER / f"{run.run_id}.json"
    _write(summary_file, lambda path: write_atomic(path, to_json(summary)))
    metrics_file = configuration.metrics_dir / f"alqahira-{verdict.figures.spider}.prom"
    _write(metrics_file, lambda path: write_to_textfile(str(path), to_metrics(summary)))
    if verdict.exit_status and configuration.alert_urls:
        send_alerts(configuration.alert_urls, summary, configuration.alert_timeout)


def _write(path: Path, write: Callable[[Path], None]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path)
    except (OSError, AlqahiraError) as error:
        logger.error("%s was not written: %s", path, error)
