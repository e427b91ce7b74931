"""Before all steps: the page goes to the archive, where one is kept (docs/archive.md).

The steps run one article at a time, so the archive's order is the order in which the ledger decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.exceptions import DropItem

from pipelines import Step

if TYPE_CHECKING:
    from alqahira.page import ArticleItem


class Archive(Step):
    """What cannot be archived goes no further: no record without its page."""

    def process_item(self, item: ArticleItem) -> ArticleItem:
        if not self.run.keep(item.page or item.visit):
            raise DropItem("left to the next run")
        item.page = None
        return item
