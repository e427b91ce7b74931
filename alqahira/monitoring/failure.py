"""The end of a command by an error: one line on standard error, and the error's exit status."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress

from scrapy.settings import Settings
from scrapy.utils.log import configure_logging, get_scrapy_root_handler

from alqahira.exceptions import AlqahiraError
from alqahira.monitoring.logs import escape_control_chars

logger = logging.getLogger(__name__)


def fail(error: AlqahiraError, *, log: Settings | None = None) -> None:
    """Print the error in one line, log it where `log` names a file, and exit with the error's status."""
    if log is not None and log["LOG_FILE"] and log.getbool("LOG_ENABLED"):
        with suppress(OSError):
            if get_scrapy_root_handler() is None:  # Scrapy has not opened its log yet
                configure_logging(log)
            logger.error("%s", error)
    print_error(str(error))
    sys.exit(error.exit_status)


def print_error(problem: str) -> None:
    """Print the line on standard error."""
    # The process that started this run may have closed the pipe; the exit status stays the same.
    with suppress(OSError):
        print(f"alqahira: {escape_control_chars(problem)}".replace("\n", r"\n"), file=sys.stderr, flush=True)
