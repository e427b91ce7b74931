"""The replica's templates and their filters; new names for classes, as after a redesign."""

from __future__ import annotations

import json
import re
import zlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup

from alqahira import site
from alqahira.replica.desks import category_data, printed_category, tag_id
from alqahira.replica.images import rendition
from alqahira.replica.options import CAIRO
from alqahira.replica.printed_dates import print_date

BUILD = "jFMvHe1azFxA5cSzgeP2_"
BARE_TITLE = site.BARE_TITLES.value[0]
_CLASS_OR_ID = re.compile(r'(?<= )(class|id)="([^"]*)"')
# JSON as Next.js writes it, without blanks.
to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
# XML 1.0 admits no control characters (section 2.2).
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def script_json(value: Any) -> Markup:
    """JSON that cannot end the script element around it."""
    text = to_json(value).replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return Markup(text)


def utc_iso(moment: datetime) -> str:
    """`2023-08-09T08:20:00.000Z`, as page data and today's JSON-LD have it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z"


_environment = Environment(
    loader=PackageLoader("alqahira.replica"), autoescape=select_autoescape(("html", "xml")), auto_reload=False
)
_environment.globals |= {
    "build": BUILD,
    "bare_title": BARE_TITLE,
    "site_name": site.NAME.value,
    "site_root": site.ROOT.value,
    "categories": site.CATEGORIES.value,
    "category_data": category_data,
    "tag_id": tag_id,
}
_environment.filters |= {
    "json": to_json,
    "script_json": script_json,
    "utc": utc_iso,
    "cairo": lambda moment: moment.astimezone(CAIRO).isoformat(timespec="seconds"),
    "earlier": lambda moment, minutes, seconds=0: moment - timedelta(minutes=minutes, seconds=seconds),
    "rfc822": format_datetime,
    "printed": lambda moment, form: print_date(form, moment.astimezone(CAIRO)),
    "printed_category": printed_category,
    "rendition": rendition,
    "xml": lambda text: _NOT_XML.sub("", text),
}


def render(name: str, /, **values: Any) -> Markup:
    """A template of `templates/`; HTML and XML escape every value that is not Markup."""
    return Markup(_environment.get_template(name).render(values))


@lru_cache(maxsize=4096)
def _renamed(name: str) -> str:
    """Another name for a class or id, always the same one: `Stories_x3f9a1c20`."""
    return f"Stories_x{zlib.crc32(name.encode()):08x}"


def rename_classes(html: str) -> str:
    """The markup with every class and id renamed."""
    return _CLASS_OR_ID.sub(lambda m: f'{m[1]}="{" ".join(map(_renamed, m[2].split()))}"', html)
