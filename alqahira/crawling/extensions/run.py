"""The extension that makes a crawl of a section a run: it opens the run, and ends it with a verdict and a report.

Scrapy's own commands (`shell`, `fetch`, `view`, `parse`, `bench`, `runspider`) and other spiders are no runs: they open
no ledger.
"""

from __future__ import annotations

import gc
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy.exceptions import NotConfigured

from alqahira.crawling.extensions.run_report import run_report
from alqahira.crawling.extensions.run_verdict import revise_verdict, run_verdict
from alqahira.crawling.run import Run
from alqahira.exceptions import AlqahiraError
from alqahira.extraction.items import ArticleItem
from alqahira.ledger.decisions import Outcome
from alqahira.monitoring.log_guard import guard_log_from_the_start, suppress_tracebacks
from alqahira.monitoring.rules import RunVerdict

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Spider
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure

logger = logging.getLogger(__name__)

# A Scrapy signal: the monitors have run, and the ledger is still open. Arguments: reason, ended, complete.
run_judged = object()


class RunExtension:
    """Of a spider that says which articles its feed asks for, as those of sections do; for any other NotConfigured."""

    def __init__(self, crawler: Crawler) -> None:
        if not hasattr(crawler.spidercls, "asks_for"):
            raise NotConfigured
        self.crawler = crawler
        self.run = Run(crawler)
        suppress_tracebacks()
        guard_log_from_the_start(crawler.settings)
        crawler.signals.connect(self.spider_opened, signal=signals.spider_opened)
        crawler.signals.connect(self.spider_closed, signal=signals.spider_closed)
        crawler.signals.connect(self.item_error, signal=signals.item_error)
        crawler.signals.connect(self.spider_error, signal=signals.spider_error)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def spider_opened(self, spider: Spider) -> None:
        # What is loaded stays: the collector need not look at it again with every page.
        gc.freeze()
        run = self.run
        run.run_id = run.ledger.start_run(run.run_id, spider.name, run.started)
        # Absolute: a relative folder is below scrapy.cfg's, or where there is none (Scrapyd), where it was started.
        folder = run.configuration.output_dir.absolute()
        logger.info("Run %s writes to %s, its state is %s", run.run_id, folder, run.ledger.store.where)

    def item_error(self, item: Any, failure: Failure) -> None:
        """A step of the pipelines broke: a fault of the code, counted so that no article is lost in silence."""
        if isinstance(failure.value, AlqahiraError):
            return  # the run has ended with it; the article is left to the next one
        self.run.errors += 1
        if isinstance(item, ArticleItem):
            self.run.settle(item.visit.key, Outcome.FAILED, f"error_{type(failure.value).__name__}")

    def spider_error(self, failure: Failure, response: Response | None) -> None:
        """A callback broke; its request says which article it was for. No response: `start()` broke."""
        if isinstance(failure.value, AlqahiraError):
            return
        self.run.errors += 1
        link = response.request.cb_kwargs.get("link") if response and response.request else None
        if link is not None:
            self.run.settle(link.key, Outcome.FAILED, f"error_{type(failure.value).__name__}")

    def spider_closed(self, spider: Spider, reason: str) -> None:
        """Run the monitors, close archive and ledger, then report how the run ended."""
        run, failure = self.run, self.run.failure
        verdict = self._end_as(run_verdict(run, spider, reason))
        ended = datetime.now(UTC)
        self.crawler.signals.send_catch_log(run_judged, reason=reason, ended=ended, complete=verdict.complete)
        if run.failure is not failure:
            verdict = self._end_as(revise_verdict(run, spider, verdict))
        try:
            failed = [result.name for result in verdict.failed]
            account = {**verdict.figures.account, "reason": reason, "monitors_failed": failed}
            run.ledger.finish_run(run.run_id, account, run.exit_status, ended, complete=verdict.complete)
        except AlqahiraError:
            verdict = self._end_as(revise_verdict(run, spider, verdict))
        finally:
            run.ledger.close()
        run_report(run, verdict, ended)

    def _end_as(self, verdict: RunVerdict) -> RunVerdict:
        self.run.exit_status, self.run.problem = verdict.exit_status, verdict.problem
        return verdict


def run_of(crawler: Crawler) -> Run | None:
    """The run that a crawl is; None where it is none."""
    extension = crawler.get_extension(RunExtension)
    return extension.run if extension else None
