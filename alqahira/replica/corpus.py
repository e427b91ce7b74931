"""The written articles and the truth about each: the record that a crawl of the replica must arrive at.

The articles stand in `articles/*.toml`. Most dates are an age in days before the anchor day and a Cairo clock
time, so that the corpus is always fresh and still the same for the same day.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib import resources
from typing import Any

from alqahira.replica.article import DATE_PLACES, ReplicaArticle, make_slug
from alqahira.replica.body import Block, paragraph, parse_body
from alqahira.replica.images import plain_image, rendition, stamped_image, through_next
from alqahira.replica.options import CAIRO
from alqahira.replica.printed_dates import FORMS, print_date

__all__ = ["DATE_PLACES", "ReplicaArticle", "load_corpus", "load_revision", "make_slug"]

_ADDED = "وفي وقت لاحق أضافت المصادر أن المتابعة مستمرة على مدار الساعة، وأن بيانًا جديدًا سيصدر فور توافر معلومات مؤكدة."


class _Loader:
    """Turns tables of TOML into articles for one anchor."""

    def __init__(self, tables: Iterable[dict[str, Any]], today: date, now: datetime) -> None:
        self._tables = {table["number"]: table for table in tables}
        self._today = today
        self._now = now
        self._blocks: dict[int, tuple[Block, ...]] = {}

    def articles(self) -> list[ReplicaArticle]:
        return [self._article(table) for table in self._tables.values()]

    def blocks(self, number: int) -> tuple[Block, ...]:
        if number not in self._blocks:
            self._blocks[number] = parse_body(self._source(number), lambda other, n: self.blocks(other)[n - 1])
        return self._blocks[number]

    def _source(self, number: int) -> str:
        """The body's notation; a wire story that another one repeats is written once, with what was edited."""
        table = self._tables[number]
        if "same_wire_as" not in table:
            return str(table.get("body", ""))
        source = self._source(table["same_wire_as"])
        for before, after in table["edits"]:
            if before not in source:
                raise ValueError(f"article {number} edits what is not there: {before!r}")
            source = source.replace(before, after, 1)
        return source

    def _moment(self, table: dict[str, Any]) -> datetime:
        """When it was published, aware UTC: absolute, minutes before the clock, or days before the anchor day."""
        seconds = timedelta(seconds=table["number"] * 17 % 60)
        if "published" in table:
            return table["published"].replace(tzinfo=CAIRO).astimezone(UTC) + seconds  # type: ignore[no-any-return]
        if "minutes_ago" in table:
            return (self._now - timedelta(minutes=table["minutes_ago"])).replace(second=0)
        day = self._today - timedelta(days=table["age"])
        return datetime.combine(day, time.fromisoformat(table["clock"]), CAIRO).astimezone(UTC) + seconds

    def _article(self, table: dict[str, Any]) -> ReplicaArticle:
        number, listed = table["number"], self._moment(table)
        dates = set(table.get("dates", DATE_PLACES))
        visible = table.get("visible", "egyptian") if "visible" in dates else None
        if visible in FORMS:
            visible = print_date(visible, listed.astimezone(CAIRO))
        modified = table.get("modified_after")
        src, url, uploaded = _image(table.get("image", "stamped"), number, listed)
        headline = table.get("headline", "")
        kind = table.get("kind", "post")
        pictures = (stamped_image(listed - timedelta(minutes=7), number + n) for n in range(table.get("pictures", 0)))
        return ReplicaArticle(
            number=number,
            slug=table.get("slug") or make_slug(headline),
            headline=headline,
            blocks=self.blocks(number),
            kind=kind,
            pictures=tuple(pictures),
            is_pinned=table.get("pinned", False),
            category=table["category"],
            tags=tuple(table.get("tags", ())),
            description=table.get("description"),
            summary=table.get("summary"),
            credit=table.get("credit"),
            authors=tuple(table.get("authors", ())),
            agencies=tuple(table.get("agencies", ())),
            topics=tuple(table.get("topics", ())),
            caption=table.get("caption"),
            image_src=src,
            image_url=url,
            listed=listed,
            dates=frozenset(dates),
            visible_date=visible,
            misprinted=table["prints"].replace(tzinfo=CAIRO).astimezone(UTC) if "prints" in table else None,
            uploaded=uploaded,
            modified=listed + timedelta(minutes=modified) if modified else None,
            tolerance=timedelta(minutes=table.get("tolerance_minutes", 0)),
            clean=table.get("clean", {}),
            duplicate_of=table.get("same_wire_as"),
            follow_up_of=table.get("follow_up_of"),
            not_article=table.get("not_article") or (kind if kind != "post" else None),
            note=table.get("note", ""),
        )


def _image(kind: str, number: int, listed: datetime) -> tuple[str | None, str | None, datetime | None]:
    """(as in the page, the image itself, its stamp): stamped, stamped_when_published, archive, next, plain or none."""
    match kind:
        case "none":
            return None, None, None
        case "plain":
            return rendition(plain_image(number)), plain_image(number), None
        case "archive":  # from an older story
            uploaded = listed - timedelta(days=3 + number * 13 % 1000)
        case "stamped_when_published":
            uploaded = listed
        case _:
            uploaded = listed - timedelta(minutes=5 + number % 17)
    url = stamped_image(uploaded, number)
    return (through_next(rendition(url)) if kind == "next" else rendition(url)), url, uploaded


@lru_cache(maxsize=1)
def _tables() -> tuple[dict[str, Any], ...]:
    folder = resources.files("alqahira.replica").joinpath("articles")
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return tuple(table for f in files for table in tomllib.loads(f.read_text("utf-8"))["article"])


def load_corpus(today: date, now: datetime) -> list[ReplicaArticle]:
    """Every written article, for an anchor day (Cairo) and a clock (aware UTC)."""
    return _Loader(_tables(), today, now).articles()


def load_revision(article: ReplicaArticle, now: datetime) -> ReplicaArticle:
    """The article as its editors changed it at `now`: its own `revision`, or an added paragraph."""
    table = next((t for t in _tables() if t["number"] == article.number), {})
    written = table.get("revision", {})
    if written:
        blocks = parse_body(written["body"], lambda _, n: article.blocks[n - 1])
    else:
        blocks = (*article.blocks, paragraph(_ADDED))
    headline = written.get("headline", article.headline)
    return replace(article, headline=headline, blocks=blocks, modified=now.replace(microsecond=0))
