"""A live bar on a terminal, and nothing in a log."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from scrapy import signals
from scrapy.exceptions import NotConfigured

from alqahira.crawling.extensions.run import run_of
from alqahira.crawling.progress import is_wanted, new_bar
from alqahira.ledger.decisions import Outcome
from alqahira.monitoring.account import Account
from alqahira.settings.configuration import configuration_of

if TYPE_CHECKING:
    from typing import Self

    from rich.progress import Progress as Bar
    from scrapy import Spider
    from scrapy.crawler import Crawler


_ALWAYS_SHOWN = (Outcome.ACCEPTED, Outcome.DUPLICATE, Outcome.FAILED)


class Progress:
    """Articles settled of those taken up, with rate and time left."""

    def __init__(self, crawler: Crawler) -> None:
        if not is_wanted(configuration_of(crawler)):
            raise NotConfigured
        self.crawler = crawler
        self.bar: Bar | None = None
        for handler, signal in (
            (self.spider_opened, signals.spider_opened),
            (self.update, signals.item_scraped),
            (self.update, signals.item_dropped),
            (self.update, signals.response_received),
            (self.spider_closed, signals.spider_closed),
        ):
            crawler.signals.connect(handler, signal=signal)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def spider_opened(self, spider: Spider) -> None:
        self.bar = new_bar()
        self.task = self.bar.add_task(spider.name, total=None, counts="")
        self.bar.start()
        _log_above_the_bar()

    def update(self) -> None:
        run = run_of(self.crawler)
        if self.bar is None or run is None:
            return
        done, total = extent(run.account, run.max_articles)
        self.bar.update(self.task, completed=done, total=total, counts=counts(run.account))

    def spider_closed(self) -> None:
        self.update()
        if self.bar is not None:
            self.bar.stop()
            _log_above_the_bar()


def extent(account: Account, max_articles: int | None) -> tuple[int, int | None]:
    """How far a run is, and how far it goes as far as is known (None: not at all yet).

    Articles settled of those taken up; with `max_articles`, those in the feed of what can still get there.
    """
    if max_articles is None:
        return account.discovered, (account.discovered + account.left) or None
    return account.in_feed, min(max_articles, account.in_feed + account.left) or None


def counts(account: Account) -> str:
    """What became of the articles: accepted, duplicate and failed always, the rest where there is any."""
    numbers = {outcome: account.count(outcome) for outcome in (*_ALWAYS_SHOWN, *Outcome)}
    return ", ".join(f"{n} {outcome.value}" for outcome, n in numbers.items() if n or outcome in _ALWAYS_SHOWN)


def _log_above_the_bar() -> None:
    """Log lines go to what standard error is now: the bar puts itself in its place and takes itself away again."""
    for handler in logging.root.handlers:
        if isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler):
            handler.setStream(sys.stderr)
