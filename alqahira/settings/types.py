"""Types of settings and arguments, and the message for a wrong value."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError, WrapValidator
from scrapy.utils.conf import closest_scrapy_cfg

from alqahira.exceptions import ConfigurationError

M = TypeVar("M", bound=BaseModel)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_SCHEME = re.compile(r"[A-Za-z][\w+.-]*://", re.ASCII)
OBJECT_STORES = "write to one, and copy it as docs/object-stores.md shows"
_MAX_CONTACT = 200  # characters
_COUNT = re.compile(r"[1-9]\d{0,8}", re.ASCII)


def validate(model: type[M], values: Mapping[str, Any], *, name_of: Callable[[str], str] = str) -> M:
    """The values as a model. Raises ConfigurationError for the first wrong one; `name_of`: a field's name for users.

    The message shows at most 80 characters of the value, without a login; nothing if the field has `repr=False`.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = str(first["loc"][0])
        info = model.model_fields[field]
        if first["type"] == "value_error":
            reason = str(first["ctx"]["error"])
        elif get_origin(info.annotation) is Literal:
            reason = f"is not one of {', '.join(get_args(info.annotation))}"
        elif info.annotation in (int, float):
            kind = "whole number" if info.annotation is int else "number"
            bounds = {end: getattr(m, end) for m in info.metadata for end in ("ge", "le") if hasattr(m, end)}
            reason = f"is not a {kind} from {bounds['ge']:,} to {bounds['le']:,}"
        else:
            reason = "is not text"
        shown = _without_login(str(values.get(field)))
        raise ConfigurationError(f"{name_of(field)}{f'={shown!r}' if info.repr else ''} {reason}") from None


def below_project(path: Path) -> Path:
    """A relative folder is below the folder of scrapy.cfg, or below the current one if there is no scrapy.cfg.

    Outside of any project, scrapy.cfg is that of the checkout; an egg has none.
    """
    own = Path(__file__).parents[2] / "scrapy.cfg"
    root = Path(closest_scrapy_cfg() or (own if own.is_file() else "scrapy.cfg")).absolute().parent
    path = _expanded(path)
    return path if root == Path.cwd() else root / path


def make_folder(folder: Path, name: str) -> None:
    """Create a folder if it is missing. Raises ConfigurationError, with the setting's `name`, if it is not writable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigurationError(f"{name}={str(folder)[:80]!r} cannot be written: {reason}") from None


def check_file(file: Path) -> None:
    """Raise OSError if a file of an absolute path cannot be written; creates nothing. Its folder may be missing."""
    with suppress(FileNotFoundError):
        file.stat()  # raises for a name that is too long, and below what is no folder
    if file.is_dir():
        raise IsADirectoryError(0, "it is a folder", str(file))
    if file.is_file():
        file.open("ab").close()
    elif not file.exists():
        folder = next(folder for folder in file.parents if folder.exists())
        with tempfile.TemporaryFile(dir=folder):
            pass


def is_address(path: str) -> bool:
    """Whether a path is an address, such as `s3://bucket/corpus`."""
    return _SCHEME.match(path) is not None


def local_path(path: str) -> Path:
    """A path that an option names. Raises ConfigurationError for an address, such as `s3://bucket/corpus`."""
    if is_address(path):
        raise ConfigurationError(f"{_without_login(path)!r} is not a file of this machine: {OBJECT_STORES}")
    try:
        return _expanded(Path(path))
    except ValueError as error:
        raise ConfigurationError(f"{path[:80]!r} {error}") from None


def _expanded(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:
        raise ValueError("is in the home folder of a user who is not known") from None


def _without_login(text: str) -> str:
    """At most 80 characters of a value, for a message."""
    return re.sub(r"//[^/]*@", "//…@", text)[:80]


def _local(value: object) -> object:
    # As by a variable of the shell that is not set: the corpus would go into the project's own folder.
    if not str(value).strip():
        raise ValueError("is empty: name a folder")
    if is_address(str(value)):
        raise ValueError(f"is not a folder of this machine: {OBJECT_STORES}")
    return value


def _flag(value: object) -> bool:
    """A flag, as Scrapy reads it."""
    if str(value).lower() not in ("true", "false", "1", "0"):
        raise ValueError("is neither true nor false")
    return str(value).lower() in ("true", "1")


def _day(value: object) -> date | None:
    if value in (None, ""):
        return None
    with suppress(ValueError):
        if _DAY.fullmatch(str(value)):
            return date.fromisoformat(str(value))
    raise ValueError("is not a date: write YYYY-MM-DD")


def _start_of_day(value: object) -> datetime | None:
    from alqahira.text.dates import start_of_cairo_day

    day = _day(value)
    return start_of_cairo_day(day) if day else None


def _count(value: object) -> int | None:
    if value in (None, ""):
        return None
    if not _COUNT.fullmatch(str(value)):
        raise ValueError("is not a whole number above 0")
    return int(str(value))


def _site_root(value: str) -> str:
    try:
        parts = urlsplit(value.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or re.search(r"\s", value.strip()):
        raise ValueError("is not an http(s) URL")
    if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("must be a site's root, such as https://example.org")
    host = parts.netloc.lower()
    try:
        return f"{parts.scheme}://{host if host.isascii() else host.encode('idna').decode()}"
    except UnicodeError:
        raise ValueError("names no host") from None


def _contact(value: str) -> str:
    if len(value) > _MAX_CONTACT or not value.isprintable():
        raise ValueError(f"is not one line of at most {_MAX_CONTACT} characters")
    return value


def _steps(value: Any, read: Callable[[Any], Any]) -> Any:
    try:
        return read(json.loads(value) if isinstance(value, str) else value)
    except ValueError:
        raise ValueError("is not a list of [days, hours], with 0 to 36500 days and 0.01 to 87600 hours") from None


# "Drop" is "drop"; other types are left for the next validator to refuse.
any_case = BeforeValidator(lambda value: value.lower() if isinstance(value, str) else value)
Flag = Annotated[bool, BeforeValidator(_flag)]
Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, le=86_400)]
Folder = Annotated[Path, BeforeValidator(_local), AfterValidator(below_project)]
Day = Annotated[date | None, BeforeValidator(_day)]
StartOfDay = Annotated[datetime | None, BeforeValidator(_start_of_day)]
Words = Annotated[tuple[str, ...], BeforeValidator(lambda value: value.split() if isinstance(value, str) else value)]
Count = Annotated[int | None, BeforeValidator(_count)]
Contact = Annotated[str, AfterValidator(_contact)]
SiteRoot = Annotated[str, AfterValidator(_site_root)]
_Step = tuple[Annotated[float, Field(ge=0, le=36_500)], Annotated[float, Field(ge=0.01, le=87_600)]]
Steps = Annotated[tuple[_Step, ...], WrapValidator(_steps)]


def url_path(path: Path) -> str:
    """A file's path in the URL of a ledger: a question mark is encoded, as the URL's options begin with one."""
    return str(path).replace("%", "%25").replace("?", "%3F")
