"""One run: the state that spider, pipelines and extensions share. `extensions/run.py` begins and ends it."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from scrapy.utils.defer import deferred_from_coro

from alqahira.crawling.clock import Clock
from alqahira.exceptions import AlqahiraError
from alqahira.extraction.urls import site_name
from alqahira.ledger import open_ledger
from alqahira.ledger.decisions import Outcome
from alqahira.ledger.frontier import RevisitSchedule
from alqahira.ledger.waiting import open_when_free
from alqahira.monitoring.run_stats import RunStats
from alqahira.publishing.parts import Publisher
from alqahira.settings.configuration import configuration_of

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)


class Run:
    """Configuration, ledger, publisher and account of one run.

    Opening the ledger waits for another section's run. Raises LedgerBusy if that takes longer than
    ALQAHIRA_LEDGER_WAIT, or if the same section's run holds it; other AlqahiraErrors if it cannot be used.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.configuration = configuration_of(crawler)
        self.configuration.make_folders()
        self.stats = RunStats()
        self.max_articles: int | None = None
        self.failure: AlqahiraError | None = None
        self.errors = 0
        self.exit_status = 1  # until the monitors have run
        self.problem = "the run was stopped before its monitors ran"  # why the status is not 0
        owner = f"scrapy crawl {crawler.spidercls.name}"
        revisit = RevisitSchedule.from_steps(self.configuration.revisit)
        open_now = partial(open_ledger, self.configuration.state_url, revisit=revisit, owner=owner)
        self.ledger = open_when_free(open_now, owner=owner, seconds=self.configuration.ledger_wait)
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
            self.clock = Clock(self.ledger, self.started)
        except AlqahiraError:
            self.ledger.close()
            raise
        self.ledger.on_failure = self.fail

    def finish(self, key: str, outcome: Outcome, cause: str = "", *, in_feed: bool = True) -> None:
        """Count an article's outcome, and end the run when its feed is full. `in_feed`: it goes there if accepted."""
        self.stats.finish(key, outcome, cause, in_feed=in_feed)
        stats = self.crawler.stats
        stats.inc_value(f"alqahira/{outcome.value}")
        if cause:
            stats.inc_value(f"alqahira/{outcome.value}/{cause}")
        if self.is_full:
            self.stop("max_articles")

    @property
    def is_full(self) -> bool:
        """Whether the run's feed has `max_articles`."""
        return self.max_articles is not None and self.stats.in_feed >= self.max_articles

    def stop(self, reason: str) -> None:
        """Close the spider; pending articles stay in the frontier."""
        if self.crawler.crawling and self.crawler.engine.running:
            deferred_from_coro(self.crawler.engine.close_spider_async(reason=reason))

    def fail(self, error: AlqahiraError) -> None:
        """End the run with an error that the user must fix, such as a full disk."""
        if self.failure is None:
            self.failure = error
            logger.error("%s", error)
        # At every failure, not only the first, which may come before the engine runs.
        self.stop("failed")
