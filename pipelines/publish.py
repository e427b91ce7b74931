"""Last pipeline: seals parts of accepted articles, and passes on the records for the feed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from itemadapter import ItemAdapter
from scrapy.exceptions import DropItem

from alqahira.exceptions import AlqahiraError

from . import Step
from .archive import Archive

if TYPE_CHECKING:
    from alqahira.article import Article
    from alqahira.extraction.items import ArticleItem


# Lines that a run merges, in some seconds: the first one after an upgrade does not have to merge all of the past.
_MOST_LINES = 10_000


class Publish(Step):
    """Seals parts when they are due, and at the end what is left (ALQAHIRA_SEAL).

    Before that it has articles removed that are gone, and after it merges the parts of days at rest.
    """

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
        configuration, now = self.run.configuration, datetime.now(UTC)
        rest = timedelta(days=configuration.compact_after_days)
        grace = timedelta(hours=configuration.compact_grace_hours)
        try:
            self._remove_gone(now)
            self.run.publisher.end_run(now)
            # By a clock that is ahead, every day would be at rest, and files would go before the time of their readers.
            if configuration.compact == "auto" and not self.run.failure and self.run.ledger.is_clock_right:
                self.run.publisher.compact(now, rest=rest, grace=grace, most_lines=_MOST_LINES)
        except AlqahiraError as error:
            self.run.fail(error)

    def _remove_gone(self, now: datetime) -> None:
        """Have articles removed that are gone; the archive notes it first, so that a replay removes them as well."""
        if gone := self.run.failures.gone_for_good(now):
            archive = self.crawler.get_item_pipeline(Archive)
            if archive is None or archive.store_removal(gone, now):
                self.run.failures.remove(gone, now, self.run.run_id)
