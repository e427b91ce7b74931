"""The log's formatters: addresses can be read, no text from the site can pass for a record, items are named by id."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from scrapy import Spider
from scrapy.http import Response
from scrapy.logformatter import LogFormatter, LogFormatterResult
from scrapy.settings import BaseSettings
from twisted.python.failure import Failure

from alqahira.exceptions import AlqahiraError
from alqahira.extraction.items import ArticleItem
from alqahira.settings.configuration import Configuration

# Every further line of a record begins with this, so that none looks like the beginning of one.
_CONTINUED = "\n    | "


def escape_control_chars(text: str) -> str:
    """The text with its unprintable characters escaped, as they could hide, reorder or cut what is shown.

    These are controls (but tab and line feed), Unicode's line separators, bidirectional and zero-width marks, and
    halves of surrogate pairs.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\t\n\xa0" else c.encode("unicode_escape").decode() for c in text)


# One character of more than one byte of UTF-8.
_ENCODED = re.compile(r"%[C-F][0-9A-F](?:%[89AB][0-9A-F]){1,3}", re.IGNORECASE)


def decode_addresses(text: str) -> str:
    """The text with the letters of percent-encoded addresses as letters: /tag/%D9%85 is /tag/م.

    What is ASCII or unprintable stays encoded, so an address stays one word, leads to the same page, and holds no mark
    that reorders the line.
    """
    return _ENCODED.sub(_decoded, text) if "%" in text else text


def _decoded(match: re.Match[str]) -> str:
    letter = unquote(match[0], errors="replace")
    return letter if letter.isprintable() and "\ufffd" not in letter else match[0]


def readable(text: str) -> str:
    """What people are shown of a text that may hold addresses and texts of the site's."""
    return escape_control_chars(decode_addresses(text))


class PlainFormatter(logging.Formatter):
    """Scrapy's format; a record of several lines (a traceback, a list of settings) is indented after the first."""

    def format(self, record: logging.LogRecord) -> str:
        return readable(super().format(record)).replace("\n", _CONTINUED)


class JsonLinesFormatter(logging.Formatter):
    """One object a line: `time` (RFC 3339, UTC), `level`, `logger`, `message`, and `traceback` where there is one.

    Everything but ASCII is escaped, so that any reader takes a line for one record.
    """

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        fields = {"time": moment, "level": record.levelname, "logger": record.name, "message": record.getMessage()}
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return json.dumps(fields)


class _GuardedRecords:
    """A factory of records that first sets the formatter of the root logger's handlers.

    Scrapy replaces its log handler three times in a process and logs to it at once: no other hook comes in between.
    """

    def __init__(self, formatter: logging.Formatter, make: Callable[..., logging.LogRecord]) -> None:
        self.formatter, self.make = formatter, make

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        for handler in logging.root.handlers:
            # A formatter of another class was set on purpose, and stays.
            if handler.formatter is None or type(handler.formatter) is logging.Formatter:
                handler.setFormatter(self.formatter)
        return self.make(*args, **kwargs)


def install_formatters(settings: BaseSettings) -> None:
    """Format all further records as the settings require, whatever handlers Scrapy creates."""
    if settings["LOG_LEVEL"] != "DEBUG":
        hide_lists("scrapy.addons", "scrapy.crawler", "scrapy.middleware", "scrapy.utils.log")
    make = logging.getLogRecordFactory()
    if isinstance(make, _GuardedRecords):
        make = make.make
    plain = PlainFormatter(settings["LOG_FORMAT"], settings["LOG_DATEFORMAT"])
    formatter = JsonLinesFormatter() if Configuration.from_settings(settings).log_json else plain
    logging.setLogRecordFactory(_GuardedRecords(formatter, make))


def hide_lists(*names: str) -> None:
    """Drop what these loggers of Scrapy show as lists and dictionaries of Python over several lines."""
    for name in names:
        logging.getLogger(name).addFilter(_is_one_line)


def _is_one_line(record: logging.LogRecord) -> bool:
    return record.levelno > logging.INFO or "\n" not in str(record.msg)


class ItemIdLogFormatter(LogFormatter):
    """Names items by their id and never prints them: a body is long and may contain anything."""

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
    """An article's id; the type of anything else."""
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
