"""How the log names items, and leaves out the tracebacks of errors that the user must mend."""

from __future__ import annotations

import logging
from typing import Any

from scrapy import Spider
from scrapy.http import Response
from scrapy.logformatter import LogFormatter, LogFormatterResult
from twisted.python.failure import Failure

from alqahira.exceptions import AlqahiraError
from alqahira.extraction.items import ArticleItem


class QuietLogFormatter(LogFormatter):
    """Items are named by their id, never printed whole: a body is long and may hold anything."""

    def scraped(self, item: Any, response: Response | Failure | None, spider: Spider) -> LogFormatterResult:
        return {"level": logging.DEBUG, "msg": "Accepted article %(id)s", "args": {"id": _name(item)}}

    def dropped(
        self, item: Any, exception: BaseException, response: Response | Failure | None, spider: Spider
    ) -> LogFormatterResult:
        args = {"id": _name(item), "cause": exception}
        return {"level": logging.DEBUG, "msg": "Dropped %(id)s: %(cause)s", "args": args}

    def item_error(
        self, item: Any, exception: BaseException, response: Response | Failure | None, spider: Spider
    ) -> LogFormatterResult:
        return {"level": logging.ERROR, "msg": "Error processing article %(id)s", "args": {"id": _name(item)}}


def _name(item: Any) -> str:
    """An article's ID; of anything else its type."""
    article = item.article if isinstance(item, ArticleItem) else item
    return str(getattr(article, "article_id", type(item).__name__))


def _is_no_user_error(record: logging.LogRecord) -> bool:
    return not (isinstance(record.exc_info, tuple) and isinstance(record.exc_info[1], AlqahiraError))


def suppress_tracebacks() -> None:
    """Drop the tracebacks of AlqahiraError that Scrapy logs where callbacks, pipelines and signal handlers raise.

    The run reports these errors in one line.
    """
    for name in ("scrapy.core.scraper", "scrapy.core.engine", "scrapy.utils.signal"):
        logging.getLogger(name).addFilter(_is_no_user_error)
