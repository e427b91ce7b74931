"""What the log says of items, and of errors that the user must mend: a line, and no more than that."""

from __future__ import annotations

import logging
from typing import Any

from scrapy import Request, Spider
from scrapy.http import Response
from scrapy.logformatter import LogFormatter, LogFormatterResult
from twisted.python.failure import Failure

from alqahira.exceptions import AlqahiraError
from alqahira.extraction.items import ArticleItem

# Who logs what this module words.
_ENGINE, _SCRAPER = logging.getLogger("scrapy.core.engine"), logging.getLogger("scrapy.core.scraper")


class QuietLogFormatter(LogFormatter):
    """Items are named by their id, never printed whole: a body is long and may hold anything.

    None, which Scrapy passes over (its docs say so, its types do not), where nobody would write the line: it would be
    put together for every page.
    """

    def crawled(  # type: ignore[override]
        self, request: Request, response: Response, spider: Spider
    ) -> LogFormatterResult | None:
        return super().crawled(request, response, spider) if _ENGINE.isEnabledFor(logging.DEBUG) else None

    def scraped(  # type: ignore[override]
        self, item: Any, response: Response | Failure | None, spider: Spider
    ) -> LogFormatterResult | None:
        if not _SCRAPER.isEnabledFor(logging.DEBUG):
            return None
        return {"level": logging.DEBUG, "msg": "Accepted article %(id)s", "args": {"id": _name(item)}}

    def dropped(  # type: ignore[override]
        self, item: Any, exception: BaseException, response: Response | Failure | None, spider: Spider
    ) -> LogFormatterResult | None:
        if not _SCRAPER.isEnabledFor(logging.DEBUG):
            return None
        args = {"id": _name(item), "cause": exception}
        return {"level": logging.DEBUG, "msg": "Dropped %(id)s: %(cause)s", "args": args}

    def item_error(
        self, item: Any, exception: BaseException, response: Response | Failure | None, spider: Spider
    ) -> LogFormatterResult:
        return {"level": logging.ERROR, "msg": "Error processing article %(id)s", "args": {"id": _name(item)}}


def _name(item: Any) -> str:
    """An article's ID; of anything else what it is."""
    article = item.article if isinstance(item, ArticleItem) else item
    return str(getattr(article, "article_id", type(item).__name__))


class TracebackFilter(logging.Filter):
    """Lets no traceback through for what the user must mend: the run says it in one line."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (isinstance(record.exc_info, tuple) and isinstance(record.exc_info[1], AlqahiraError))


def set_level(level: int | str) -> None:
    """Records of Scrapy's below the level are not even made; Scrapy makes all, and its handlers drop them."""
    logging.getLogger("scrapy").setLevel(level)


def suppress_tracebacks() -> None:
    """Put the filter where Scrapy logs what callbacks, pipelines and signal handlers raise."""
    for name in ("scrapy.core.scraper", "scrapy.core.engine", "scrapy.utils.signal"):
        logger = logging.getLogger(name)
        if not any(isinstance(present, TracebackFilter) for present in logger.filters):
            logger.addFilter(TracebackFilter())
