"""The steps of an article, one a file, in the order of ITEM_PIPELINES in `alqahira/settings/__init__.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.exceptions import NotConfigured

from alqahira.crawling.extensions.run import run_of

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

    from alqahira.crawling.run import Run


class Step:
    """A step of a run: https://docs.scrapy.org/en/latest/topics/item-pipeline.html. Without a run there are none."""

    def __init__(self, crawler: Crawler, run: Run) -> None:
        self.crawler, self.run = crawler, run

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        run = run_of(crawler)
        if run is None:
            raise NotConfigured
        return cls(crawler, run)
