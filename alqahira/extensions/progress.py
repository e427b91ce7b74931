"""A live bar on a terminal, and nothing in a log."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from scrapy import signals
from scrapy.exceptions import NotConfigured

from alqahira.account import Outcome
from alqahira.extensions.run import Run

if TYPE_CHECKING:
    from typing import Self

    from rich.progress import Progress as Bar
    from scrapy import Spider
    from scrapy.crawler import Crawler


class Progress:
    """Articles settled of those taken up, with rate and time left."""

    def __init__(self, crawler: Crawler) -> None:
        if not sys.stderr.isatty():
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
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}/s  {task.fields[counts]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self.task = self.bar.add_task(spider.name, total=None, rate="0", counts="")
        self.bar.start()
        _log_above_the_bar()

    def update(self) -> None:
        run = self.crawler.get_extension(Run)
        if self.bar is None or run is None:
            return
        account = run.account
        speed = self.bar.tasks[0].speed or 0
        counts = ", ".join(f"{account.count(outcome)} {outcome.value}" for outcome in Outcome if account.count(outcome))
        total = account.discovered + account.left
        self.bar.update(
            self.task, completed=account.discovered, total=total or None, rate=f"{speed:.0f}", counts=counts
        )

    def spider_closed(self) -> None:
        self.update()
        if self.bar is not None:
            self.bar.stop()
            _log_above_the_bar()


def _log_above_the_bar() -> None:
    """Log lines go to what standard error is now: the bar puts itself in its place and takes itself away again."""
    for handler in logging.root.handlers:
        if isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler):
            handler.setStream(sys.stderr)
