"""Third step: new, revised, unchanged or a duplicate? Decided and recorded by the ledger in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.exceptions import DropItem

from alqahira.exceptions import AlqahiraError
from alqahira.text.near_duplicates import fingerprint
from pipelines import Step

if TYPE_CHECKING:
    from alqahira.extraction.items import ArticleItem


class Deduplicate(Step):
    """What passes has been accepted: it stands in the ledger's outbox."""

    def process_item(self, item: ArticleItem) -> ArticleItem:
        if self.run.failure:
            raise DropItem("left to the next run")
        try:
            verdict = self.run.ledger.accept(
                item,
                fingerprint(item.article.article_body),
                near_duplicates=self.run.configuration.near_duplicates,
                run_id=self.run.run_id,
            )
        except AlqahiraError as error:
            self.run.fail(error)
            raise DropItem("left to the next run") from None
        self.run.settle(item.visit.key, verdict.outcome, verdict.cause, in_feed=item.is_asked_for)
        if not verdict.is_published:
            raise DropItem(verdict.cause)
        item.article = verdict.article
        return item
