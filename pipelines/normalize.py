"""First step: stamp on the article what its page cannot know (the run, the way here) and refuse what is no record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.exceptions import DropItem

from alqahira.account import Outcome
from alqahira.extensions.run import Run

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

    from alqahira.page import CrawledArticle

# What stands where bytes could not be read as text (Unicode, REPLACEMENT CHARACTER).
_REPLACEMENT = "\ufffd"


class Normalize:
    """Every text of the article is already display text (`extract_article` cleans); here it becomes a record."""

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
        article = item.article
        if _REPLACEMENT in article.headline or _REPLACEMENT in article.article_body:
            now = item.visit.fetched
            self.run.ledger.fail(item.visit.key, "bad_encoding", retry=False, now=now, run_id=self.run.run_id)
            self.run.settle(item.visit.key, Outcome.FAILED, "bad_encoding")
            raise DropItem("bad_encoding")
        article.discovered_on = item.visit.discovered_on
        article.date_crawled = item.visit.fetched
        article.date_first_seen = article.date_first_seen or item.visit.fetched
        article.run_id = self.run.run_id
        return item
