"""Third pipeline: decide the topics, and drop articles that are on none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from itemadapter import ItemAdapter
from scrapy.exceptions import DropItem

from alqahira.ledger.decisions import Outcome, classify, labels, skip_reason
from alqahira.text.topics import match_topics

from . import Step

if TYPE_CHECKING:
    from alqahira.article import Article
    from alqahira.extraction.items import ArticleItem


class Classify(Step):
    """The corpus takes articles on any topic; the spider decides which go to its feed."""

    def process_item(self, item: ArticleItem) -> ArticleItem:
        fields = ItemAdapter(item)
        article: Article = fields["article"]
        classify(article, match_topics(article.headline, article.article_body, labels(article)))
        # `skip` is False for an article in the corpus: its revisions are published whatever their topics.
        cause = skip_reason(article, has_headline=item.has_headline)
        if cause and not self.run.repeated_texts.is_repeated(article) and self.run.ledger.skip(item):
            self.run.finish_article(item, Outcome.OFF_TOPIC, cause)
            raise DropItem(cause)
        fields["is_for_feed"] = self.crawler.spider.is_for_feed(article)  # type: ignore[union-attr]
        return item
