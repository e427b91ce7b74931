"""Last step: what the ledger accepted goes into sealed parts; feeds get the bare record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alqahira.errors import AlqahiraError
from alqahira.extensions.run import Run

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

    from alqahira.article import Article
    from alqahira.page import CrawledArticle


class Publish:
    """Seals parts when they are due, and all of them at the end."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def open_spider(self) -> None:
        run = self.crawler.get_extension(Run)
        assert run is not None
        self.run = run

    def process_item(self, item: CrawledArticle) -> Article:
        try:
            # By the page's own clock: the same pages give the same parts whenever they are replayed.
            self.run.publisher.seal_due(item.visit.fetched)
        except AlqahiraError as error:
            self.run.fail(error)
        return item.article

    def close_spider(self) -> None:
        try:
            self.run.publisher.seal_all()
        except AlqahiraError as error:
            self.run.fail(error)
