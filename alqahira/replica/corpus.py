"""The written articles, each with the record that a crawl of the replica must arrive at.

They are in `articles/*.toml`. Most dates are an age in days before the anchor day and a Cairo clock
time, so that the corpus is always fresh and still the same for the same day.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import quote

from alqahira import site
from alqahira.replica.article import DATE_PLACES, ReplicaArticle, make_slug
from alqahira.replica.body import Block, paragraph, parse_body
from alqahira.replica.images import rendition, stamped_image
from alqahira.replica.options import CAIRO
from alqahira.replica.printed_dates import FORMS, print_date

_ADDED = "وفي وقت لاحق أضافت المصادر أن المتابعة مستمرة على مدار الساعة، وأن بيانًا جديدًا سيصدر فور توافر معلومات مؤكدة."
_FIELDS = {field.name for field in fields(ReplicaArticle)}


@cache
def _tables() -> Mapping[int, dict[str, Any]]:
    """The tables of `articles/*.toml` by number, in the order of their files."""
    folder = resources.files("alqahira.replica").joinpath("articles")
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    tables = (table for f in files for table in tomllib.loads(f.read_text("utf-8"))["article"])
    return {table["number"]: table for table in tables}


@cache
def _blocks(number: int) -> tuple[Block, ...]:
    return parse_body(_body(number), lambda other, n: _blocks(other)[n - 1])


def _body(number: int) -> str:
    """The body's notation; a wire story that another one repeats is written once, with what was edited."""
    table = _tables()[number]
    if "same_wire_as" not in table:
        return str(table.get("body", ""))
    body = _body(table["same_wire_as"])
    for before, after in table["edits"]:
        if before not in body:
            raise ValueError(f"article {number} edits text that is not there: {before!r}")
        body = body.replace(before, after, 1)
    return body


def _from_cairo(moment: datetime) -> datetime:
    return moment.replace(tzinfo=CAIRO).astimezone(UTC)


def _publication_time(table: dict[str, Any], today: date, now: datetime) -> datetime:
    """Aware UTC, from an absolute time, minutes before `now`, or days before `today`."""
    if "minutes_ago" in table:
        return (now - timedelta(minutes=table["minutes_ago"])).replace(second=0)
    if "published" in table:
        moment = table["published"]
    else:
        moment = datetime.combine(today - timedelta(days=table["age"]), time.fromisoformat(table["clock"]))
    return _from_cairo(moment) + timedelta(seconds=table["number"] * 17 % 60)


def _article(table: dict[str, Any], today: date, now: datetime) -> ReplicaArticle:
    number, listed = table["number"], _publication_time(table, today, now)
    kind, headline = table.get("kind", "post"), table.get("headline", "")
    dates = frozenset(table.get("dates", DATE_PLACES))
    visible = table.get("visible", "egyptian") if "visible" in dates else None
    modified = table.get("modified_after")
    src, url = _image(table.get("image", "stamped"), number, listed)
    pictures = (stamped_image(listed - timedelta(minutes=7), number + n) for n in range(table.get("pictures", 0)))
    same = {name: table[name] for name in table.keys() & _FIELDS}
    values: dict[str, Any] = {
        **{name: tuple(value) if isinstance(value, list) else value for name, value in same.items()},
        "headline": headline,
        "slug": table.get("slug") or make_slug(headline),
        "blocks": _blocks(number),
        "pictures": tuple(pictures),
        "image_src": src,
        "image_url": url,
        "listed": listed,
        "dates": dates,
        "visible_date": print_date(visible, listed.astimezone(CAIRO)) if visible in FORMS else visible,
        "misprinted": _from_cairo(table["prints"]) if "prints" in table else None,
        "modified": listed + timedelta(minutes=modified) if modified else None,
        "tolerance": timedelta(minutes=table.get("tolerance_minutes", 0)),
        "duplicate_of": table.get("same_wire_as"),
        "not_article": table.get("not_article") or (kind if kind != "post" else None),
    }
    return ReplicaArticle(**values)


def _image(kind: str, number: int, listed: datetime) -> tuple[str | None, str | None]:
    """(as in the page, the image itself); `kind`: stamped, stamped_when_published, archive, next, plain or none."""
    if kind == "none":
        return None, None
    age = {
        "archive": timedelta(days=3 + number * 13 % 1000),  # from an older story
        "stamped_when_published": timedelta(0),
    }.get(kind, timedelta(minutes=5 + number % 17))
    url = stamped_image(listed - age, number)
    if kind == "plain":  # its address has no time
        url = f"https://{site.IMAGE_HOST.value}/archive/photo-{number}.jpg"
    scaled = rendition(url)
    return f"/_next/image?url={quote(scaled, safe='')}&w=750&q=75" if kind == "next" else scaled, url


def load_corpus(today: date, now: datetime) -> list[ReplicaArticle]:
    """Every written article, for an anchor day (Cairo) and a clock (aware UTC)."""
    return [_article(table, today, now) for table in _tables().values()]


def load_revision(article: ReplicaArticle, now: datetime) -> ReplicaArticle:
    """The article as its editors changed it at `now`: its own `revision`, or an added paragraph."""
    revision = _tables().get(article.number, {}).get("revision", {})
    if revision:
        blocks = parse_body(revision["body"], lambda _, n: article.blocks[n - 1])
    else:
        blocks = (*article.blocks, paragraph(_ADDED))
    headline = revision.get("headline", article.headline)
    return replace(article, headline=headline, blocks=blocks, modified=now.replace(microsecond=0))
