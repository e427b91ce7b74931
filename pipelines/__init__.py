"""The item pipelines, one in each file; ITEM_PIPELINES in `alqahira/settings/__init__.py` has their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.exceptions import NotConfigured

from alqahira.crawling.extensions.run import run_of

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

    from alqahira.crawling.run import Run

# Reason for dropping an article that the run can no longer store.
LEFT = "left to the next run"


class Step:
    """An item pipeline (https://docs.scrapy.org/en/latest/topics/item-pipeline.html); off if there is no run."""

    def __init__(self, crawler: Crawler, run: Run) -> None:
        self.crawler, self.run = crawler, run

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        run = run_of(crawler)
        if run is None:
            raise NotConfigured
        return cls(crawler, run)
