"""ALQAHIRA_STATE_URL: the supported databases, and URLs without secrets. Pure."""

from __future__ import annotations

import importlib.util
import re
from urllib.parse import unquote

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from alqahira.exceptions import ConfigurationError, how_to_install

_FORMS = "sqlite:///<file> or postgresql://<user>@<host>/<database>"
_DRIVER = "postgresql+psycopg"


def read_state_url(value: str) -> URL:
    """The URL of a ledger, with its driver, and the path of a file decoded. No error message contains a password.

    Raises ConfigurationError for a malformed URL, another database, or a driver that is not installed.
    """
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):
        raise ConfigurationError(f"ALQAHIRA_STATE_URL={_without_login(value)!r} is not a database URL") from None
    if url.drivername in ("sqlite", "sqlite+pysqlite") and url.database not in (None, "", ":memory:"):
        # SQLAlchemy decodes the path since 2.1.
        return url.set(database=unquote(value.partition("?")[0].partition(":///")[2]) or url.database)
    if url.drivername not in ("postgresql", _DRIVER):
        raise ConfigurationError(f"ALQAHIRA_STATE_URL={_without_login(value)!r} must be {_FORMS}")
    if not url.database:
        raise ConfigurationError(f"ALQAHIRA_STATE_URL={_without_login(value)!r} names no database: it must be {_FORMS}")
    if importlib.util.find_spec("psycopg") is None:
        raise ConfigurationError(f"a state in PostgreSQL needs psycopg: {how_to_install('postgresql')}")
    return url.set(drivername=_DRIVER)


def redact(url: URL) -> str:
    """The URL without login and options, for messages."""
    host = url.host or url.query.get("host") or "localhost"
    port = f":{url.port}" if url.port else ""
    return f"{url.get_backend_name()}://{host}{port}/{url.database}"


def _without_login(value: str) -> str:
    return re.sub(r"^([\w+.-]*:/*)?.*@", r"\1…@", value.partition("?")[0])[:80]
