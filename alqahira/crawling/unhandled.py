"""Errors that a script starts a crawl with and does not handle: one line in the log instead of tracebacks.

`scrapy crawl` handles them itself. A script that awaits its crawls gets the exception, as from any other call.
"""

from __future__ import annotations

import logging
from functools import cache

from scrapy.utils.log import get_scrapy_root_handler
from twisted.logger import globalLogBeginner

from alqahira.exceptions import AlqahiraError

# Twisted logs this first, and then the error with an empty message.
_HEADING = "Unhandled error in Deferred:"


@cache
def log_in_one_line() -> None:
    """Log an AlqahiraError of a Deferred or Task that nobody looks at as one line. Call it before raising one."""
    for name in ("twisted", "asyncio"):
        logging.getLogger(name).addFilter(_shorten)
    # Until logging begins, Twisted prints such errors on standard error too; Scrapy's log has them already.
    if get_scrapy_root_handler() is not None:
        globalLogBeginner.beginLoggingTo([], discardBuffer=True, redirectStandardIO=False)


def _shorten(record: logging.LogRecord) -> bool:
    """Make a record with an AlqahiraError its line; give the others one with Twisted's heading and traceback."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, AlqahiraError):
        record.msg, record.args, record.exc_info = str(error), (), None
    elif error is not None and not record.getMessage().strip():
        record.msg = _HEADING
    return record.getMessage().strip() != _HEADING or error is not None
