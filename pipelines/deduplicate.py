"""Fourth pipeline: the ledger decides whether the article is new, revised, unchanged, a duplicate or in quarantine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from itemadapter import ItemAdapter
from scrapy.exceptions import DropItem

from alqahira.exceptions import AlqahiraError
from alqahira.text.near_duplicates import fingerprint

from . import LEFT, Step

if TYPE_CHECKING:
    from alqahira.article import Article
    from alqahira.extraction.items import ArticleItem


class Deduplicate(Step):
    """Passes on accepted articles, which are in the ledger's outbox then."""

    def process_item(self, item: ArticleItem) -> ArticleItem:
        article: Article = ItemAdapter(item)["article"]
        if self.run.failure:
            raise DropItem(LEFT)
        near_duplicates = self.run.configuration.near_duplicates
        try:
            own, is_repeated = fingerprint(article.article_body), self.run.repeated_texts.is_repeated(article)
            verdict = self.run.ledger.accept(item, own, near_duplicates=near_duplicates, is_repeated=is_repeated)
            is_kept = self.run.finish_article(item, verdict.outcome, verdict.cause)
        except AlqahiraError as error:
            self.run.fail(error)
            raise DropItem(LEFT) from None
        if not (is_kept and verdict.is_published):
            raise DropItem(verdict.cause)
        return item
