"""First pipeline: store the page in the archive, if there is one (docs/archive.md).

Pipelines process one article at a time, so pages are archived in the order in which the ledger decides.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from itemadapter import ItemAdapter
from scrapy import signals
from scrapy.exceptions import CloseSpider, DropItem

from alqahira.crawling.extensions.run import run_verdict_reached
from alqahira.exceptions import AlqahiraError

from . import LEFT, Step

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from alqahira.archive.writer import ArchiveWriter
    from alqahira.crawling.run import Run
    from alqahira.extraction.items import ArchivedResponse, ArticleItem


class Archive(Step):
    """Drops articles whose page cannot be archived, so that every record has its page."""

    def __init__(self, crawler: Crawler, run: Run) -> None:
        super().__init__(crawler, run)
        run.archive_page = self.store
        self._writer: ArchiveWriter | None = None
        self._folder = run.configuration.archive_dir
        if self._folder:
            # The run gets its id before the first signal, its verdict before the second.
            crawler.signals.connect(self._open, signal=signals.spider_opened)
            crawler.signals.connect(self._close, signal=run_verdict_reached)

    def process_item(self, item: ArticleItem) -> ArticleItem:
        fields = ItemAdapter(item)
        if self.run.is_full or (fields["page"] and not self.store(fields["page"])):
            raise DropItem(LEFT)
        fields["page"] = None
        return item

    def store(self, page: ArchivedResponse) -> bool:
        """Archive a page; False if that failed, and the page is left to the next run."""
        return self._append(lambda writer: writer.write_page(page))

    def store_removal(self, article_ids: list[str], when: datetime) -> bool:
        """Archive that articles are gone; False if that failed."""
        return self._append(lambda writer: writer.write_removal(article_ids, when))

    def _append(self, write: Callable[[ArchiveWriter], None]) -> bool:
        if self._folder is None:
            return True
        if self._writer is None or self.run.failure:
            return False
        try:
            write(self._writer)
        except AlqahiraError as error:
            self.run.fail(error)
            return False
        return True

    def _open(self, spider: Any) -> None:
        from alqahira.archive.writer import ArchiveWriter, close_left_open  # load warcio only if needed

        run = self.run
        assert self._folder is not None
        about = {
            "alqahira-spider": spider.name,
            "alqahira-site": run.configuration.site_url,
            "alqahira-arguments": json.dumps({k: str(v) for k, v in spider.arguments.model_dump().items() if v}),
            "alqahira-near-duplicates": run.configuration.near_duplicates,
        }
        try:
            close_left_open(self._folder, run.ledger, max_bytes=run.configuration.download_maxsize)
            self._writer = ArchiveWriter(
                self._folder, run.run_id, run.started, about, max_bytes=run.configuration.download_maxsize
            )
        except AlqahiraError as error:
            run.fail(error)
            raise CloseSpider("failed") from None  # before any request

    def _close(self, reason: str, ended: datetime, complete: bool) -> None:
        """Close the file; that of a failed run is left to the next run."""
        if self._writer is None or self.run.failure:
            return
        verdict = {"complete": complete, "exit_status": self.run.exit_status, "reason": reason}
        try:
            self._writer.close(ended, verdict)
        except AlqahiraError as error:
            self.run.fail(error)
