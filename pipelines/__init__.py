"""The road of an article, one step a file, in the order of ITEM_PIPELINES in `alqahira/settings.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alqahira.extensions.run import Run

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler


class Step:
    """A step of the road, which knows the run that it is a step of (docs.scrapy.org, «Item Pipeline»)."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def open_spider(self) -> None:
        run = self.crawler.get_extension(Run)
        assert run is not None
        self.run = run
