"""One run: it holds the ledger from the first moment to the last, keeps the account, and knows the exit status.

`run_verdict` says how it ended, `run_report` reports it.
Spider and pipelines reach it by `crawler.get_extension(Run)`.
"""

from __future__ import annotations

import gc
import logging
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy.utils.defer import deferred_from_coro

from alqahira.account import Account, Outcome
from alqahira.configuration import configuration_of
from alqahira.errors import AlqahiraError
from alqahira.extensions.run_report import run_report
from alqahira.extensions.run_verdict import revise_verdict, run_verdict
from alqahira.frontier import RevisitSchedule
from alqahira.ledger import Ledger, open_ledger
from alqahira.ledger.waiting import open_when_free
from alqahira.log_guard import guard_log, guard_log_from_the_start
from alqahira.logformatter import set_level, suppress_tracebacks
from alqahira.monitors.rules import RunVerdict
from alqahira.page import ArticleItem
from alqahira.parts import Publisher
from alqahira.urls import site_name

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Spider
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from spiders.section import SectionSpider

logger = logging.getLogger(__name__)

# A Scrapy signal: the run has been judged, and its ledger is still open. Arguments: reason, ended, complete.
run_judged = object()


class Run:
    """The state that one run shares: ledger, publisher, account.

    Opening waits for another section's run, and fails with LedgerBusy before any request where that takes too long, or
    where the same section's run holds the ledger.
    """

    def __init__(self, crawler: Crawler) -> None:
        settings = crawler.settings
        self.crawler = crawler
        self.configuration = configuration_of(crawler)
        self.configuration.make_folders()
        self.account = Account()
        self.max_articles: int | None = None
        self.failure: AlqahiraError | None = None
        self.exit_status = 1  # until the run has been judged
        self.errors = 0
        self.problem = "the run was cut off before it could be judged"  # why the status is not 0, in one line
        self.ledger = self._open_ledger(f"scrapy crawl {crawler.spidercls.name}")
        self.started = datetime.now(UTC)
        self.run_id = f"{self.started:%Y%m%dT%H%M%SZ}-{crawler.spidercls.name}"
        self.publisher = Publisher(
            self.ledger,
            self.configuration.output_dir,
            max_rows=self.configuration.part_max_rows,
            max_age_seconds=self.configuration.part_max_age_seconds,
            compress=self.configuration.compress_parts,
        )
        try:
            self.ledger.claim_site(site_name(self.configuration.site_url))
            self.publisher.recover()
        except AlqahiraError:
            self.ledger.close()
            raise
        self.ledger.on_failure = self.fail
        suppress_tracebacks()
        guard_log_from_the_start(settings)
        crawler.signals.connect(self.spider_opened, signal=signals.spider_opened)
        crawler.signals.connect(self.spider_closed, signal=signals.spider_closed)
        crawler.signals.connect(self.item_error, signal=signals.item_error)
        crawler.signals.connect(self.spider_error, signal=signals.spider_error)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def _open_ledger(self, owner: str) -> Ledger:
        revisit = RevisitSchedule.from_steps(self.configuration.revisit)
        open_now = partial(open_ledger, self.configuration.state_url, revisit=revisit, owner=owner)
        return open_when_free(open_now, owner=owner, seconds=self.configuration.ledger_wait)

    def spider_opened(self, spider: SectionSpider) -> None:
        # Scrapy makes no other handler now, so that nothing need be said any more for the last one to be guarded.
        guard_log(self.crawler.settings)
        set_level(self.crawler.settings["LOG_LEVEL"])
        # What is loaded stays: the collector need not look at it again with every page.
        gc.freeze()
        self.run_id = self.ledger.start_run(self.run_id, spider.name, self.started)
        # Absolute: a relative folder is below scrapy.cfg's, or where there is none (Scrapyd), where it was started.
        folder = self.configuration.output_dir.absolute()
        logger.info("Run %s writes to %s, its state is %s", self.run_id, folder, self.ledger.store.where)

    def settle(self, key: str, outcome: Outcome, cause: str = "", *, in_feed: bool = True) -> None:
        """Count what became of an article, and end the run when it has what it was asked for."""
        self.account.settle(key, outcome, cause, in_feed=in_feed)
        stats = self.crawler.stats
        stats.inc_value(f"alqahira/{outcome.value}")
        if cause:
            stats.inc_value(f"alqahira/{outcome.value}/{cause}")
        if self.is_full:
            self.stop("max_articles")

    @property
    def is_full(self) -> bool:
        """Whether the run's feed has as many articles as it was asked for."""
        return self.max_articles is not None and self.account.in_feed >= self.max_articles

    def stop(self, reason: str) -> None:
        """End the run in good order; what is pending stays in the frontier."""
        if self.crawler.crawling and self.crawler.engine.running:
            deferred_from_coro(self.crawler.engine.close_spider_async(reason=reason))

    def fail(self, error: AlqahiraError) -> None:
        """End the run because of an error that the user must mend (a full disk, a lost folder)."""
        if self.failure is None:
            self.failure = error
            logger.error("%s", error)
        # Asked again each time: before the engine runs there is nothing to stop.
        self.stop("failed")

    def item_error(self, item: Any, failure: Failure) -> None:
        """A step of the pipelines broke: a fault of the code, counted so that no article is lost in silence."""
        if isinstance(failure.value, AlqahiraError):
            return  # the run has ended with it; the article is left to the next one
        self.errors += 1
        if isinstance(item, ArticleItem):
            self.settle(item.visit.key, Outcome.FAILED, f"error_{type(failure.value).__name__}")

    def spider_error(self, failure: Failure, response: Response) -> None:
        """A callback broke; its request says which article it was for."""
        if isinstance(failure.value, AlqahiraError):
            return
        self.errors += 1
        link = response.request.cb_kwargs.get("link") if response.request else None
        if link is not None:
            self.settle(link.key, Outcome.FAILED, f"error_{type(failure.value).__name__}")

    def spider_closed(self, spider: Spider, reason: str) -> None:
        """Run the monitors, close archive and ledger, then report how the run ended."""
        failure = self.failure
        verdict = self._end_as(run_verdict(self, spider, reason))
        ended = datetime.now(UTC)
        self.crawler.signals.send_catch_log(run_judged, reason=reason, ended=ended, complete=verdict.complete)
        if self.failure is not failure:
            verdict = self._end_as(revise_verdict(self, spider, verdict))
        try:
            failed = [result.name for result in verdict.failed]
            account = {**verdict.figures.account, "reason": reason, "monitors_failed": failed}
            self.ledger.finish_run(self.run_id, account, self.exit_status, ended, complete=verdict.complete)
        except AlqahiraError:
            verdict = self._end_as(revise_verdict(self, spider, verdict))
        finally:
            self.ledger.close()
        run_report(self, verdict, ended)

    def _end_as(self, verdict: RunVerdict) -> RunVerdict:
        self.exit_status, self.problem = verdict.exit_status, verdict.problem
        return verdict
