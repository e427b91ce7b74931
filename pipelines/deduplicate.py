"""Fourth pipeline: the ledger decides whether the article is new, revised, unchanged or a duplicate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from itemadapter import ItemAdapter
from scrapy.exceptions import DropItem

from alqahira.exceptions import AlqahiraError
from alqahira.text.near_duplicates import fingerprint
from pipelines import LEFT, Step

if TYPE_CHECKING:
    from alqahira.extraction.items import ArticleItem


class Deduplicate(Step):
    """Passes on accepted articles, which are in the ledger's outbox then."""

    def process_item(self, item: ArticleItem) -> ArticleItem:
        fields = ItemAdapter(item)
        if self.run.failure:
            raise DropItem(LEFT)
        near_duplicates = self.run.configuration.near_duplicates
        try:
            own = fingerprint(fields["article"].article_body)
            verdict = self.run.ledger.accept(item, own, near_duplicates=near_duplicates)
        except AlqahiraError as error:
            self.run.fail(error)
            raise DropItem(LEFT) from None
        self.run.finish(fields["fetch"].key, verdict.outcome, verdict.cause, in_feed=fields["is_for_feed"])
        if not verdict.is_published:
            raise DropItem(verdict.cause)
        return item
