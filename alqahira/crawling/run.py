"""One run: the state that spider, pipelines and extensions share. `extensions/run.py` begins and ends it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from scrapy.utils.defer import deferred_from_coro

from alqahira.crawling.clock import Clock
from alqahira.crawling.failures import Failures
from alqahira.exceptions import AlqahiraError
from alqahira.extraction.urls import site_name
from alqahira.ledger import open_ledger
from alqahira.ledger.decisions import Outcome
from alqahira.ledger.frontier import RevisitSchedule
from alqahira.ledger.same_article import SAME_TEXT, RepeatedTexts, SeenPage
from alqahira.ledger.waiting import open_when_free
from alqahira.monitoring.run_stats import RunStats
from alqahira.publishing.folder import refuse_other_corpus
from alqahira.publishing.parts import publisher_of
from alqahira.settings.configuration import configuration_of

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from alqahira.extraction.items import ArchivedResponse, ArticleItem

logger = logging.getLogger(__name__)


class Run:
    """Configuration, ledger, publisher and account of one run.

    Opening the ledger waits for another section's run. Raises LedgerBusy if that takes longer than
    ALQAHIRA_LEDGER_WAIT, or if the same section's run holds it; other AlqahiraErrors if it cannot be used.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.configuration = configuration_of(crawler)
        # Before anything is created, so that a refused run leaves nothing.
        refuse_other_corpus(self.configuration.output_dir, self.configuration.state_url)
        self.configuration.make_folders()
        self.max_articles: int | None = None
        self.failure: AlqahiraError | None = None
        self.errors = 0
        self.begun: set[str] = set()  # articles whose page was read, and that have no outcome yet
        self.exit_status = 1  # until the monitors have run
        self.problem = "the run was stopped before its monitors ran"  # why the status is not 0
        owner = f"scrapy crawl {crawler.spidercls.name}"
        revisit = RevisitSchedule.from_steps(self.configuration.revisit)
        open_now = partial(open_ledger, self.configuration.state_url, revisit=revisit, owner=owner)
        self.ledger = open_when_free(open_now, owner=owner, seconds=self.configuration.ledger_wait)
        self.started = datetime.now(UTC)
        self.run_id = f"{self.started:%Y%m%dT%H%M%SZ}-{crawler.spidercls.name}"
        self.publisher = publisher_of(self.ledger, self.configuration)
        try:
            self.ledger.claim_site(site_name(self.configuration.site_url))
            self.publisher.recover()
            self.clock = Clock(self.ledger, self.started)
            self.reset()
        except AlqahiraError:
            self.ledger.close()
            raise
        self.ledger.on_failure = self.fail
        # Of the pipeline Archive: False if the page could not be stored, and is left to the next run.
        self.archive_page: Callable[[ArchivedResponse], bool] = lambda page: True

    def reset(self) -> None:
        """Begin counting: nothing is discovered; texts are known that earlier runs found, or did not publish yet."""
        self.stats, self.repeated_texts = RunStats(), RepeatedTexts()
        self.failures = Failures(self.ledger, self.stats, self.finish)
        self.repeated_texts.add_known(self.ledger.repeated_texts())
        for page, article in self.ledger.unsealed():
            self.repeated_texts.add(page, article)

    def begin(self, key: str) -> None:
        """Note that an article's page is about to be read, in case that ends the process."""
        self.begun.add(key)
        self.ledger.begin(key)

    def finish(self, key: str, outcome: Outcome, cause: str = "", *, in_feed: bool = True) -> None:
        """Count an article's outcome, and end the run when its feed is full. `in_feed`: it goes there if accepted."""
        self.begun.discard(key)
        self.stats.finish(key, outcome, cause, in_feed=in_feed)
        stats = self.crawler.stats
        stats.inc_value(f"alqahira/{outcome.value}")
        if cause:
            stats.inc_value(f"alqahira/{outcome.value}/{cause}")
        if self.is_full:
            self.stop("max_articles")

    def finish_article(self, item: ArticleItem, outcome: Outcome, cause: str) -> bool:
        """Count what became of an article; False if its page is in quarantine.

        If many pages show its text now, all of them go there, also those whose article was accepted before.
        """
        article, fetch = item.article, item.fetch
        self.failures.has_article = True
        self.finish(fetch.key, outcome, cause, in_feed=item.is_for_feed)
        is_own = outcome is Outcome.UNCHANGED and article.article_id == fetch.key
        page = SeenPage(fetch.key, fetch.fetched, article.article_id, article.url)
        same = [] if is_own else self.repeated_texts.add(page, article)
        withdrawn = self.ledger.withdraw(same, article) if same else []
        for key in withdrawn:
            if self._withdraw(key):  # else it is of a run that was killed
                self.finish(key, Outcome.QUARANTINED, SAME_TEXT)
        if same:
            logger.error("One text under %d addresses, the last %s: %s", len(same), article.url, article.headline[:100])
        if outcome is Outcome.QUARANTINED:
            logger.warning("In quarantine: %s: %s", article.url, cause)
            return False
        if fetch.key in withdrawn:
            return False
        self.stats.count_sources(item.sources, is_new=outcome is not Outcome.UNCHANGED)
        return True

    def _withdraw(self, key: str) -> bool:
        """Take an article's outcome back; False if this run has not finished it."""
        if (counted := self.stats.withdraw(key)) is None:
            return False
        outcome, cause = counted
        for name in dict.fromkeys((f"alqahira/{outcome.value}", f"alqahira/{outcome.value}/{cause}")):
            if self.crawler.stats.get_value(name):
                self.crawler.stats.inc_value(name, -1)
        return True

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
