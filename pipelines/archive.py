"""Before all steps: the page goes to the archive, where one is kept (docs/archive.md).

The steps run one article at a time, so the archive's order is the order in which the ledger decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.exceptions import DropItem

from alqahira.extensions.run import Run

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

    from alqahira.page import CrawledArticle


class Archive:
    """What cannot be archived goes no further: no record without its page."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def open_spider(self) -> None:
        run = self.crawler.get_extension(Run)
        assert run is not None
        self.run = run

    def process_item(self, item: CrawledArticle) -> CrawledArticle:
        if not self.run.keep(item.page or item.visit):
            raise DropItem("left to the next run")
        item.page = None
        return item
