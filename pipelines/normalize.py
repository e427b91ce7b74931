"""Second pipeline: fill in run, time and listing, and refuse what cannot become a record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from itemadapter import ItemAdapter
from scrapy.exceptions import DropItem

from alqahira.ledger.decisions import Outcome, drop_defects, rejection_reason, stamp

from . import Step

if TYPE_CHECKING:
    from alqahira.article import Article
    from alqahira.extraction.items import ArticleItem, Fetch


class Normalize(Step):
    """Texts are clean already (`read_page`); here the article becomes a record."""

    def process_item(self, item: ArticleItem) -> ArticleItem:
        fields = ItemAdapter(item)
        article: Article = fields["article"]
        fetch: Fetch = fields["fetch"]
        if cause := rejection_reason(article, max_headline=self.run.configuration.max_headline):
            self.run.ledger.fail(fetch.key, cause, retry=False, now=fetch.fetched)
            self.run.finish(fetch.key, Outcome.FAILED, cause)
            raise DropItem(cause)
        for name in drop_defects(article):
            self.run.stats.notes[f"undecodable/{name}"] += 1
        stamp(article, fetch, self.run.run_id)
        return item
