"""The written articles and the truth about each: the record that a crawl of the replica must arrive at.

The articles stand in `articles/*.toml`. Most dates are an age in days before the anchor day and a Cairo clock
time, so that the corpus is always fresh and still the same for the same day.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib import resources
from typing import Any
from urllib.parse import quote

from alqahira.replica.body import Block, body_text, paragraph, parse_body
from alqahira.replica.images import plain_image, stamped_image, through_next
from alqahira.replica.options import CAIRO, ReplicaOptions
from alqahira.replica.printed_dates import FORMS, print_date

# Where a date can stand, best first: the order in which the record prefers them.
DATE_PLACES = ("jsonld", "meta", "page_data", "visible", "sitemap", "listing")
_MARKS = re.compile("[\u064b-\u0652\u0640]")  # diacritics and tatweel
_NOT_SLUG = re.compile(r"[^\w]+")
_ADDED = "وفي وقت لاحق أضافت المصادر أن المتابعة مستمرة على مدار الساعة، وأن بيانًا جديدًا سيصدر فور توافر معلومات مؤكدة."


def make_slug(headline: str) -> str:
    """The words of a headline joined by hyphens, as the site forms its addresses."""
    return _NOT_SLUG.sub("-", _MARKS.sub("", headline)).strip("-") or "خبر"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaArticle:
    """One article as the replica's pages show it, and what is true of it."""

    number: int
    slug: str
    headline: str
    blocks: tuple[Block, ...]
    category: str  # the slug; its name has spaces instead of hyphens
    tags: tuple[str, ...] = ()
    description: str | None = None  # a standfirst; without one the meta description repeats the lead
    credit: str | None = None
    authors: tuple[str, ...] = ()
    agencies: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()  # a person's judgement
    caption: str | None = None
    image_src: str | None = None  # as in the page's <img>
    image_url: str | None = None  # the image itself
    listed: datetime  # aware UTC: its place in listings, sitemaps and Last-Modified
    dates: frozenset[str] = frozenset(DATE_PLACES)
    visible_date: str | None = None  # as printed
    uploaded: datetime | None = None  # the stamp in the image's name
    modified: datetime | None = None
    tolerance: timedelta = timedelta(0)  # how far a printed relative date may be off
    clean: Mapping[str, Any] = field(default_factory=dict)  # expected values where they differ from what is printed
    duplicate_of: int | None = None  # the number of the article that this one repeats
    follow_up_of: int | None = None  # shares background with that one, and is an article of its own
    not_article: str | None = None  # why it must never become a record: no_headline, no_body
    note: str = ""

    @property
    def path(self) -> str:
        return f"/news/{self.number}/{quote(self.slug, safe='')}"

    @property
    def section_name(self) -> str:
        return self.category.replace("-", " ")

    def date_source(self, options: ReplicaOptions, *, page_only: bool = False) -> str | None:
        """The best place that this article's date stands in under these switches; `page_only`: on its own page."""
        hidden = set() if options.metadata == "full" else {"jsonld", "meta"}
        if options.page_data == "none":
            hidden.add("page_data")
        if page_only:
            hidden |= {"sitemap", "listing"}
        found = (place for place in DATE_PLACES if place in self.dates and place not in hidden)
        return next(found, "image_upload" if self.uploaded else None)

    def expected(self, options: ReplicaOptions | None = None, *, page_only: bool = False) -> dict[str, Any]:
        """The truth in the record's own names; `date_published` may be off by `tolerance` for a relative date."""
        options = options or ReplicaOptions()
        source = self.date_source(options, page_only=page_only)
        says_more = options.metadata == "full" or options.page_data != "none"
        truth: dict[str, Any] = {
            "article_id": str(self.number),
            "headline": self.headline,
            "description": self.description if says_more else None,
            "article_body": body_text(self.blocks),
            "credit_line": self.credit,
            "authors": list(self.authors),
            "agencies": list(self.agencies),
            "date_published": self.uploaded if source == "image_upload" else self.listed if source else None,
            "date_published_source": source,
            "date_modified": self.modified if says_more else None,
            "image_url": self.image_url,
            "image_caption": self.caption,
            "article_sections": [self.section_name],
            "keywords": list(self.tags),
            "topics": list(self.topics),
        }
        return truth | {name: value for name, value in self.clean.items() if truth[name] is not None}


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
            return str(table["body"])
        source = self._source(table["same_wire_as"])
        for before, after in table["edits"]:
            if before not in source:
                raise ValueError(f"article {number} edits what is not there: {before!r}")
            source = source.replace(before, after, 1)
        return source

    def _moment(self, table: dict[str, Any]) -> datetime:
        """When it was published, aware UTC: absolute, minutes before the clock, or days before the anchor day."""
        if "published" in table:
            return table["published"].replace(tzinfo=CAIRO).astimezone(UTC)  # type: ignore[no-any-return]
        if "minutes_ago" in table:
            return (self._now - timedelta(minutes=table["minutes_ago"])).replace(second=0)
        day = self._today - timedelta(days=table["age"])
        return datetime.combine(day, time.fromisoformat(table["clock"]), CAIRO).astimezone(UTC)

    def _article(self, table: dict[str, Any]) -> ReplicaArticle:
        number, listed = table["number"], self._moment(table)
        dates = set(table.get("dates", DATE_PLACES))
        visible = table.get("visible", "egyptian") if "visible" in dates else None
        if visible in FORMS:
            visible = print_date(visible, listed.astimezone(CAIRO))
        modified = table.get("modified_after")
        src, url, uploaded = _image(table.get("image", "stamped"), number, listed)
        headline = table.get("headline", "")
        return ReplicaArticle(
            number=number,
            slug=table.get("slug") or make_slug(headline),
            headline=headline,
            blocks=self.blocks(number),
            category=table["category"],
            tags=tuple(table.get("tags", ())),
            description=table.get("description"),
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
            uploaded=uploaded,
            modified=listed + timedelta(minutes=modified) if modified else None,
            tolerance=timedelta(minutes=table.get("tolerance_minutes", 0)),
            clean=table.get("clean", {}),
            duplicate_of=table.get("same_wire_as"),
            follow_up_of=table.get("follow_up_of"),
            not_article=table.get("not_article"),
            note=table.get("note", ""),
        )


def _image(kind: str, number: int, listed: datetime) -> tuple[str | None, str | None, datetime | None]:
    """(as in the page, the image itself, its stamp): stamped, stamped_when_published, next, plain or none."""
    match kind:
        case "none":
            return None, None, None
        case "plain":
            return plain_image(number), plain_image(number), None
    early = timedelta(0) if kind == "stamped_when_published" else timedelta(minutes=5 + number % 17)
    uploaded = listed - early
    url = stamped_image(uploaded, number)
    return (through_next(url) if kind == "next" else url), url, uploaded


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
