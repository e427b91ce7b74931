"""How a command ends for an error: one line, said where its user will see it, and the error's exit status."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress

from scrapy.settings import Settings
from scrapy.utils.log import configure_logging, get_scrapy_root_handler

from alqahira.exceptions import AlqahiraError

logger = logging.getLogger(__name__)


def fail(error: AlqahiraError, *, log: Settings | None = None) -> None:
    """One line to standard error, and to the log where `log` has a file for it; out with the error's status."""
    if log is not None and log["LOG_FILE"] and log.getbool("LOG_ENABLED"):
        with suppress(OSError):
            if get_scrapy_root_handler() is None:  # it ends before Scrapy has opened its log
                configure_logging(log)
            logger.error("%s", error)
    print_error(str(error))
    sys.exit(error.exit_status)


def print_error(problem: str) -> None:
    """The line on standard error."""
    # Who started this run may be gone and have left a broken pipe; the exit status stays what it is.
    with suppress(OSError):
        print(f"alqahira: {problem}", file=sys.stderr, flush=True)
