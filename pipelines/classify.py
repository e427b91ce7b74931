"""Second step: decide the topics, and set aside what the running section does not cover."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.exceptions import DropItem

from alqahira.account import Outcome
from alqahira.dates import cairo_day
from alqahira.topics import match_topics
from pipelines import Step

if TYPE_CHECKING:
    from alqahira.page import CrawledArticle
    from spiders.section import SectionSpider


class Classify(Step):
    """Topics by `match_topics`; an article outside the section or the asked days is set aside in the ledger.

    What is set aside for its topic or day keeps its record there, so that the run that covers it need not
    download it again.
    """

    def open_spider(self) -> None:
        super().open_spider()
        self.spider: SectionSpider = self.crawler.spider  # type: ignore[assignment]

    def process_item(self, item: CrawledArticle) -> CrawledArticle:
        article = item.article
        terms = match_topics(article.headline, article.article_body, article.keywords)
        article.topics = sorted(terms)
        article.topic_terms = list(dict.fromkeys(term for topic in article.topics for term in terms[topic]))
        # What is in the corpus already is not set aside: it stays followed, whichever section meets its next revision.
        if (cause := self._why_not(item)) and self.run.ledger.set_aside(item, self.run.run_id):
            self.run.settle(item.visit.key, Outcome.OFF_TOPIC, cause)
            raise DropItem(cause)
        return item

    def _why_not(self, item: CrawledArticle) -> str | None:
        article = item.article
        if not article.topics:
            return "no_topic"
        if self.spider.section.topic not in article.topics:
            return "other_section"
        if not self.spider.arguments.covers(cairo_day(article.date_published) if article.date_published else None):
            return "outside_days"
        return None
