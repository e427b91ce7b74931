"""Last pipeline: seals parts of accepted articles, and passes on the records for the feed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from itemadapter import ItemAdapter
from scrapy.exceptions import DropItem

from alqahira.exceptions import AlqahiraError
from pipelines import Step

if TYPE_CHECKING:
    from alqahira.article import Article
    from alqahira.extraction.items import ArticleItem


class Publish(Step):
    """Seals parts when they are due, and at the end what is left (ALQAHIRA_SEAL)."""

    def process_item(self, item: ArticleItem) -> Article:
        fields = ItemAdapter(item)
        try:
            # By the time of the fetch, so that a replay of the same pages gives the same parts.
            self.run.publisher.seal_due(fields["fetch"].fetched)
        except AlqahiraError as error:
            self.run.fail(error)
        if not fields["is_for_feed"]:
            raise DropItem("accepted, but not for this run's feed")
        article: Article = fields["article"]
        return article

    def close_spider(self) -> None:
        try:
            self.run.publisher.end_run(datetime.now(UTC))
        except AlqahiraError as error:
            self.run.fail(error)
