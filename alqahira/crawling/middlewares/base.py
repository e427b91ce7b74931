"""The base of this project's downloader middlewares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alqahira.monitoring import causes
from alqahira.settings.configuration import configuration_of

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.statscollectors import StatsCollector


class Middleware:
    """Holds the crawler and the run's configuration.

    https://docs.scrapy.org/en/latest/topics/downloader-middleware.html
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.configuration = configuration_of(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    @property
    def stats(self) -> StatsCollector:
        assert self.crawler.stats is not None
        return self.crawler.stats

    def refused(self, cause: str, detail: str = "") -> causes.Refused:
        """The exception to raise, counted by its cause."""
        return causes.refused(self.crawler, cause, detail)
