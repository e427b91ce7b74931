"""A live progress bar of a run, on a terminal only."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from scrapy import signals
from scrapy.exceptions import NotConfigured

from alqahira.crawling.extensions.run import run_of
from alqahira.crawling.progress import is_bar_wanted, new_bar
from alqahira.ledger.decisions import Outcome
from alqahira.monitoring.run_stats import RunStats
from alqahira.settings.configuration import configuration_of

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler


_ALWAYS_SHOWN = (Outcome.ACCEPTED, Outcome.DUPLICATE, Outcome.FAILED)


class Progress:
    """Articles with an outcome out of those started, with rate and time left."""

    def __init__(self, crawler: Crawler) -> None:
        if not is_bar_wanted(configuration_of(crawler)):
            raise NotConfigured
        name = str(crawler.spidercls.name)
        self.crawler, self.bar = crawler, new_bar(name)
        self.task = self.bar.add_task(name, total=None, counts="")
        crawler.signals.connect(self.spider_opened, signal=signals.spider_opened)
        crawler.signals.connect(self.spider_closed, signal=signals.spider_closed)
        for signal in (signals.item_scraped, signals.item_dropped, signals.response_received):
            crawler.signals.connect(self.update, signal=signal)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def spider_opened(self) -> None:
        self.bar.start()
        _log_above_the_bar()

    def update(self) -> None:
        if run := run_of(self.crawler):
            done, total = extent(run.stats, run.max_articles)
            self.bar.update(self.task, completed=done, total=total, counts=counts(run.stats))

    def spider_closed(self) -> None:
        self.update()
        self.bar.stop()
        _log_above_the_bar()


def extent(stats: RunStats, max_articles: int | None) -> tuple[int, int | None]:
    """How many articles are done, and out of how many known so far (None: none yet).

    With `max_articles`: how many are in the feed, and how many can get there.
    """
    if max_articles is None:
        return stats.discovered, (stats.discovered + stats.left) or None
    return stats.in_feed, min(max_articles, stats.in_feed + stats.left) or None


def counts(stats: RunStats) -> str:
    """Articles by outcome: accepted, duplicate and failed always, the others if not 0."""
    numbers = {outcome: stats.count(outcome) for outcome in (*_ALWAYS_SHOWN, *Outcome)}
    return ", ".join(f"{n} {outcome.value}" for outcome, n in numbers.items() if n or outcome in _ALWAYS_SHOWN)


def _log_above_the_bar() -> None:
    """Send log lines to the current standard error, which the bar replaces while it is shown."""
    for handler in logging.root.handlers:
        if isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler):
            handler.setStream(sys.stderr)
