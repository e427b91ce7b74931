"""How a record of the log is written: no text of the site's can pass for another record, or hide."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from scrapy.settings import BaseSettings

from alqahira.settings.configuration import Configuration

# Characters that a terminal or a reader of lines acts upon: C0 and C1 controls (but tab and line feed),
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
# Every further line of a record begins with this, so that none looks like the beginning of one.
_CONTINUED = "\n    | "


def escape_control_chars(text: str) -> str:
    """The text with every character escaped that could hide, reorder or break off what is shown."""
    return text.translate(_DISGUISES)


class PlainFormatter(logging.Formatter):
    """Scrapy's format; a record of several lines (a traceback, a list of settings) is indented after the first."""

    def format(self, record: logging.LogRecord) -> str:
        return escape_control_chars(super().format(record)).replace("\n", _CONTINUED)


class JsonLinesFormatter(logging.Formatter):
    """One object a line: `time` (RFC 3339, UTC), `level`, `logger`, `message`, and `traceback` where there is one.

    Everything but ASCII is escaped, so that a line is a record to any reader.
    """

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        fields = {"time": moment, "level": record.levelname, "logger": record.name, "message": record.getMessage()}
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return json.dumps(fields)


class _GuardedRecords:
    """A factory of records that first gives the root logger's handlers their formatter.

    Scrapy makes its log handler anew three times in a process and logs to it at once; nothing else comes in between.
    """

    def __init__(self, formatter: logging.Formatter, make: Callable[..., logging.LogRecord]) -> None:
        self.formatter, self.make = formatter, make

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        for handler in logging.root.handlers:
            # A formatter of another class was chosen by somebody, and stays.
            if handler.formatter is None or type(handler.formatter) is logging.Formatter:
                handler.setFormatter(self.formatter)
        return self.make(*args, **kwargs)


def guard_log_from_the_start(settings: BaseSettings) -> None:
    """Format all further records as the settings ask, whatever handlers Scrapy makes."""
    make = logging.getLogRecordFactory()
    if isinstance(make, _GuardedRecords):
        make = make.make
    plain = PlainFormatter(settings["LOG_FORMAT"], settings["LOG_DATEFORMAT"])
    formatter = JsonLinesFormatter() if Configuration.from_settings(settings).log_json else plain
    logging.setLogRecordFactory(_GuardedRecords(formatter, make))
