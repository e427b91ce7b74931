"""Second step: decide the topics, and set aside what the running section does not cover."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.exceptions import DropItem

from alqahira.account import Outcome
from alqahira.decisions import take_topics, why_not_covered
from alqahira.topics import match_topics
from pipelines import Step

if TYPE_CHECKING:
    from alqahira.page import ArticleItem
    from spiders.section import SectionSpider


class Classify(Step):
    """Topics by `match_topics`; an article outside the section or the asked days is set aside in the ledger.

    What is set aside for its topic or day keeps its record there, so that the run that covers it need not
    download it again.
    """

    def open_spider(self) -> None:
        super().open_spider()
        self.spider: SectionSpider = self.crawler.spider  # type: ignore[assignment]

    def process_item(self, item: ArticleItem) -> ArticleItem:
        article = item.article
        take_topics(article, match_topics(article.headline, article.article_body, article.keywords))
        cause = why_not_covered(article, self.spider.section.topic, self.spider.arguments)
        # What is in the corpus already is not set aside: it stays followed, whichever section meets its next revision.
        if cause and self.run.ledger.set_aside(item, self.run.run_id):
            self.run.settle(item.visit.key, Outcome.OFF_TOPIC, cause)
            raise DropItem(cause)
        return item
