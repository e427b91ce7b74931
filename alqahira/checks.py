"""The values of settings, checked before any request: each check gives the value as it is used, or names what is wrong.

Pure, but for `check_output_dir`. Which setting is checked by which is in `configuration.py`.
"""

from __future__ import annotations

import json
import math
import os
import re
import tempfile
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from alqahira.dates import start_of_cairo_day
from alqahira.errors import ConfigurationError

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_ALERT_URLS = "alerts go to the URLs in ALQAHIRA_ALERT_URLS, such as"
# Settings of earlier versions by the beginning of their names, the longest first, and what took their place.
_REPLACED = {
    "ALQAHIRA_WEBHOOK_URL": f"{_ALERT_URLS} jsons://example.org/hook",
    "ALQAHIRA_SLACK_API_URL": f"{_ALERT_URLS} slack://BOT_TOKEN/#CHANNEL",
    "SPIDERMON_SLACK_": f"{_ALERT_URLS} slack://BOT_TOKEN/#CHANNEL",
    "SPIDERMON_EMAIL_": f"{_ALERT_URLS} mailtos://USER:PASSWORD@smtp.example.org?from=alqahira@example.org&to=desk@example.org",
    "SPIDERMON_SMTP_": f"{_ALERT_URLS} mailtos://USER:PASSWORD@smtp.example.org?from=alqahira@example.org&to=desk@example.org",
    "SPIDERMON_": "all monitors run, with thresholds in settings of their own (docs/operations.md); "
    f"{_ALERT_URLS} jsons://example.org/hook",
}
_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def check_replaced_names(settings: Mapping[str, Any]) -> None:
    """Raise ConfigurationError for a setting that something else has replaced; an empty one is not set."""
    for name in sorted(
        name for name in settings if name.startswith(tuple(_REPLACED)) and settings[name] not in (None, "")
    ):
        replacement = next(text for beginning, text in _REPLACED.items() if name.startswith(beginning))
        raise ConfigurationError(f"{name[:60]} is no longer a setting: {replacement}")


def read_day(name: str, value: object) -> date | None:
    """A day written YYYY-MM-DD; None where it is empty, ConfigurationError where it is none."""
    if value in (None, ""):
        return None
    try:
        if not _DAY.fullmatch(str(value)):
            raise ValueError
        return date.fromisoformat(str(value))
    except ValueError:
        raise ConfigurationError(f"{name}={str(value)[:40]!r} is no date: write YYYY-MM-DD") from None


def check_choice(name: str, value: str, choices: tuple[str, ...]) -> str:
    """The value in lower case; ConfigurationError where it is none of the choices."""
    if value.lower() not in choices:
        raise ConfigurationError(f"{name}={value[:40]!r} is none of {', '.join(choices)}")
    return value.lower()


def check_site_url(value: str) -> str:
    """The site's root without a trailing slash; ConfigurationError where it is no http(s) URL of a host alone."""
    try:
        parts = urlsplit(value.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or re.search(r"\s", value.strip()):
        raise ConfigurationError(f"ALQAHIRA_SITE_URL={_without_password(value)!r} is no http(s) URL")
    if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ConfigurationError(
            f"ALQAHIRA_SITE_URL={_without_password(value)!r} must be a site's root, such as https://example.org"
        )
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _without_password(url: str) -> str:
    return re.sub(r"//[^/]*@", "//…@", url)[:80]


def check_number(name: str, value: object, low: float, high: float, *, whole: bool = False) -> float:
    """The setting as a number between the two, both included; ConfigurationError where it is none."""
    try:
        number = float(str(value))
    except ValueError:
        number = math.nan
    if not low <= number <= high or (whole and number != int(number)):
        kind = "whole number" if whole else "number"
        raise ConfigurationError(f"{name}={str(value)[:40]!r} is no {kind} from {low:g} to {high:g}")
    return number


def check_flag(name: str, value: object) -> bool:
    """True, False, 1 or 0 as Scrapy reads them; ConfigurationError for anything else."""
    if str(value).lower() not in ("true", "false", "1", "0"):
        raise ConfigurationError(f"{name}={str(value)[:40]!r} is neither true nor false")
    return str(value).lower() in ("true", "1")


def check_log_level(value: object) -> None:
    """ConfigurationError for a LOG_LEVEL that logging has no name for (docs.python.org, «Logging levels»)."""
    if str(value) not in _LOG_LEVELS:
        raise ConfigurationError(f"LOG_LEVEL={str(value)[:40]!r} is none of {', '.join(_LOG_LEVELS)}")


def check_day(name: str, value: object) -> datetime | None:
    """The beginning of a Cairo day written YYYY-MM-DD; None where it is empty, ConfigurationError where it is none."""
    day = read_day(name, value)
    return start_of_cairo_day(day) if day else None


def check_revisit(value: Any) -> tuple[tuple[float, float], ...]:
    """ALQAHIRA_REVISIT as pairs (age in days up to which it holds, hours between visits), or as JSON of them."""
    name = "ALQAHIRA_REVISIT"
    try:
        steps = json.loads(value) if isinstance(value, str) else value
        pairs = [(days, hours) for days, hours in steps]
    except (TypeError, ValueError):
        raise ConfigurationError(f"{name}={str(value)[:40]!r} is no list of [days, hours]") from None
    return tuple((check_number(name, d, 0, 36_500), check_number(name, h, 0.01, 87_600)) for d, h in pairs)


def check_state_url(value: str) -> str:
    """A database URL as SQLAlchemy reads it, of a kind that the ledger knows; else ConfigurationError."""
    from alqahira.stores.url import read_state_url

    read_state_url(value)
    return value


def check_output_dir(value: str, name: str = "ALQAHIRA_OUTPUT_DIR") -> Path:
    """The folder, made where it is missing; ConfigurationError, with the setting's name, where it cannot be written."""
    folder = Path(value).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, probe = tempfile.mkstemp(prefix=".probe-", dir=folder)
        os.close(handle)
        os.unlink(probe)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigurationError(f"{name}={value[:80]!r} cannot be written: {reason}") from None
    return folder
