"""Second step: decide the topics, and drop what is on none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from itemadapter import ItemAdapter
from scrapy.exceptions import DropItem

from alqahira.ledger.decisions import Outcome, skip_reason, take_topics
from alqahira.text.topics import match_topics
from pipelines import Step

if TYPE_CHECKING:
    from alqahira.article import Article
    from alqahira.extraction.items import ArticleItem


class Classify(Step):
    """Topics by `match_topics`. The corpus takes what is on any; the spider decides what goes to its feed as well."""

    def process_item(self, item: ArticleItem) -> ArticleItem:
        fields = ItemAdapter(item)
        article: Article = fields["article"]
        take_topics(article, match_topics(article.headline, article.article_body, article.keywords))
        # What is in the corpus already stays followed, whatever its next revision is about.
        if (cause := skip_reason(article)) and self.run.ledger.skip(item):
            self.run.finish(fields["fetch"].key, Outcome.OFF_TOPIC, cause)
            raise DropItem(cause)
        fields["is_for_feed"] = self.crawler.spider.is_for_feed(article)  # type: ignore[union-attr]
        return item
