"""How a record of the log is written: so that no text of the site's can pass for another record, or hide.

`guard_log_from_the_start` is what a command calls; the formatters say how a record looks.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from pythonjsonlogger.json import JsonFormatter
from scrapy.settings import BaseSettings

from alqahira.settings.configuration import Configuration

# What a terminal or a reader of lines takes for more than a character: C0 and C1 controls (but tab and line feed),
# Unicode's line separators, bidirectional controls (Unicode UAX #9), zero-width marks, and halves of surrogate pairs.
_DISGUISES = {
    code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    for code in (
        *(set(range(0x20)) - {0x09, 0x0A}),
        *range(0x7F, 0xA0),
        0x061C,
        *range(0x200B, 0x2010),
        *range(0x2028, 0x202F),
        *range(0x2060, 0x206A),
        0xFEFF,
        *range(0xD800, 0xE000),
    )
}
# Begins what continues a record: nothing there looks like the beginning of one.
_CONTINUED = "\n    | "


def escape_control_chars(text: str) -> str:
    """The text with every character escaped that could hide, reorder or break off what is shown."""
    return text.translate(_DISGUISES)


class PlainFormatter(logging.Formatter):
    """Scrapy's format; a record of several lines (a traceback, a list of settings) is indented after the first."""

    def format(self, record: logging.LogRecord) -> str:
        return escape_control_chars(super().format(record)).replace("\n", _CONTINUED)


class JsonLinesFormatter(JsonFormatter):
    """One object a line: `time` (RFC 3339, UTC), `level`, `logger`, `message`, and `traceback` where there is one.

    All but ASCII is escaped, so that a line is a record whatever reads it.
    """

    def __init__(self) -> None:
        super().__init__(json_ensure_ascii=True)

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """Only these: Scrapy hangs spiders and crawlers on its records."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        log_data |= {"time": moment, "level": record.levelname, "logger": record.name, "message": record.getMessage()}
        if record.exc_info:
            log_data["traceback"] = self.formatException(record.exc_info)
        elif record.exc_text:
            log_data["traceback"] = record.exc_text


def guard_log(settings: BaseSettings) -> None:
    """Give the root logger's handlers the formatter that the settings ask for."""
    as_json = Configuration.from_settings(settings).log_json
    for handler in logging.root.handlers:
        # Whoever put a formatter of another kind there knows why.
        if handler.formatter is not None and type(handler.formatter) is not logging.Formatter:
            continue
        plain = PlainFormatter(settings["LOG_FORMAT"], settings["LOG_DATEFORMAT"])
        handler.setFormatter(JsonLinesFormatter() if as_json else plain)


class _Guard(logging.Filter):
    """Lets every record through, and first gives the root logger's handlers their formatter.

    Scrapy makes a log handler anew, three times in a process, and logs to it at once: nothing else comes in between.
    """

    def __init__(self, settings: BaseSettings) -> None:
        super().__init__()
        self.settings = settings

    def filter(self, record: logging.LogRecord) -> bool:
        guard_log(self.settings)
        return True


# The loggers that Scrapy uses first after it has made a handler: for the process, the crawler, the crawl, at any level
# (scrapy/crawler.py), as long as none of theirs is raised.
_FIRST_TO_SPEAK = ("scrapy.utils.log", "scrapy.crawler", "scrapy.addons", "scrapy.middleware", "asyncio")


def guard_log_from_the_start(settings: BaseSettings) -> None:
    """`guard_log` now, and again whenever Scrapy has made a handler."""
    guard_log(settings)
    for name in _FIRST_TO_SPEAK:
        logger = logging.getLogger(name)
        for present in [present for present in logger.filters if isinstance(present, _Guard)]:
            logger.removeFilter(present)
        logger.addFilter(_Guard(settings))
