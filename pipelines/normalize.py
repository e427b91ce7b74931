"""First step: stamp on the article what its page cannot know (the run, the way here) and refuse what is no record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.exceptions import DropItem

from alqahira.ledger.decisions import Outcome, drop_defects, rejection_reason, stamp
from pipelines import Step

if TYPE_CHECKING:
    from alqahira.extraction.items import ArticleItem


class Normalize(Step):
    """Every text of the article is already display text (`extract_article` cleans); here it becomes a record."""

    def process_item(self, item: ArticleItem) -> ArticleItem:
        article = item.article
        max_headline = self.run.configuration.max_headline
        if cause := rejection_reason(article, max_headline=max_headline):
            now = item.visit.fetched
            self.run.ledger.fail(item.visit.key, cause, retry=False, now=now, run_id=self.run.run_id)
            self.run.settle(item.visit.key, Outcome.FAILED, cause)
            raise DropItem(cause)
        for name in drop_defects(article):
            self.run.account.notes[f"undecodable/{name}"] += 1
        stamp(article, item.visit, self.run.run_id)
        return item
