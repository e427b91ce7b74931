"""One article of the replica, and the record that a crawl must arrive at under every switch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import quote

from alqahira import site
from alqahira.replica.body import Block, body_text
from alqahira.replica.desks import printed_tag
from alqahira.replica.options import ReplicaOptions

# The places of a date, in the order in which the record prefers them.
DATE_PLACES = ("page_data", "jsonld", "meta", "visible", "sitemap", "listing")
_MARKS = re.compile("[\u064b-\u0652\u0640]")  # diacritics and tatweel
_CREDIT = re.compile(rf"\s*{site.NAME.value}\s*[-–]\s*(?P<writer>.+)", re.DOTALL)
_MOST_KEYWORDS = 60
_EARLIER_DRAFT = ("المنامة", "2100", "بتوقيت جرينتش")  # words that the published text does not have
_ABOUT_LENGTH = 150  # characters of the lead that the older meta description repeats


def make_slug(headline: str) -> str:
    """The words of a headline joined by hyphens, as the site forms its addresses."""
    return re.sub(r"[^\w]+", "-", _MARKS.sub("", headline)).strip("-") or "خبر"


@dataclass(frozen=True, kw_only=True)
class ReplicaArticle:
    """One article as the replica's pages show it, with the true values of its record."""

    number: int
    slug: str
    headline: str
    blocks: tuple[Block, ...]
    category: str  # the slug
    kind: str = "post"  # or infographic, album, video: no articles
    pictures: tuple[str, ...] = ()  # what an infographic or album shows
    pinned: bool = False
    tags: tuple[str, ...] = ()
    description: str | None = None  # a standfirst with other content than the lead
    summary: str | None = None  # a standfirst that repeats the lead or the caption
    credit: str | None = None
    authors: tuple[str, ...] = ()
    agencies: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()  # a person's judgement
    caption: str | None = None
    image_src: str | None = None  # as in the page's <img>
    image_url: str | None = None  # the image itself
    listed: datetime  # aware UTC: its place in listings, sitemaps and Last-Modified
    dates: frozenset[str] = frozenset(DATE_PLACES)
    visible_date: str | None = None  # as the older layout prints it
    misprinted: datetime | None = None  # what the page prints instead of `listed`
    modified: datetime | None = None
    tolerance: timedelta = timedelta(0)  # how far a printed relative date may be off
    clean: Mapping[str, Any] = field(default_factory=dict)  # expected values where they differ from what is printed
    duplicate_of: int | None = None  # the number of the article that this one repeats
    not_article: str | None = None  # why it must never become a record: no_headline, no_body, or its kind

    @property
    def path(self) -> str:
        return f"/news/{self.number}/{quote(self.slug, safe='')}"

    @property
    def changed(self) -> datetime:
        """When its page changed last."""
        return self.modified or self.listed

    @property
    def section_name(self) -> str:
        return site.category_name(self.category)

    @property
    def writer(self) -> str | None:
        """Who wrote it as page data has it, with the blanks that editors leave."""
        credit = _CREDIT.fullmatch(self.credit or "")
        if credit is None:
            return None
        return " " * (self.number % 7 == 3) + credit["writer"] + " " * (self.number % 3 == 1)

    @property
    def printed_tags(self) -> list[str]:
        return [printed_tag(tag) for tag in self.tags]

    @cached_property
    def text(self) -> str:
        return body_text(self.blocks)

    @cached_property
    def lead(self) -> str:
        return self.text.split("\n", 1)[0]

    @property
    def printed_summary(self) -> str | None:
        """The text in the standfirst's place: often the lead without its full stop."""
        return self.description or self.summary or (self.lead.rstrip(".") if self.number % 7 else None) or None

    @property
    def older_about(self) -> str:
        """The older meta description: the standfirst, or the lead cut short."""
        about = self.description or self.lead
        is_short = self.description or len(about) <= _ABOUT_LENGTH
        return about if is_short else about[:_ABOUT_LENGTH].rsplit(" ", 1)[0] + "..."

    @cached_property
    def machine_keywords(self) -> str | None:
        """Words, names and numbers of an earlier draft: never the article's tags."""
        words = [word.strip("،.؛:«»\"'()") for word in self.text.split()[::3]]
        words = [word for word in words if len(word) > 3 or word.isdecimal()][:_MOST_KEYWORDS]
        return ",".join((*_EARLIER_DRAFT[self.number % 3 :], *words)) if words else None

    def date_source(self, options: ReplicaOptions, *, page_only: bool = False) -> str | None:
        """The best place that has this article's date under these switches; `page_only`: on its own page."""
        older, has_data = options.classes == "older", options.page_data != "none"
        is_shown = {
            "page_data": has_data,
            "jsonld": options.metadata == "full",
            "meta": options.metadata == "full" and older,  # today's pages have no article:published_time
            "visible": not (page_only and options.render == "client"),
            "sitemap": options.sitemaps == "full" and not page_only,
            "listing": (older or has_data) and not page_only,  # today's cards print no dates
        }
        return next((place for place in DATE_PLACES if place in self.dates and is_shown[place]), None)

    def expected(self, options: ReplicaOptions | None = None, *, page_only: bool = False) -> dict[str, Any]:
        """The truth in the record's own names; `page_only`: as far as its own page shows it.

        `date_published` may be off by `tolerance` for a relative date, which the older layout alone prints.
        """
        options = options or ReplicaOptions()
        older, has_data = options.classes == "older", options.page_data != "none"
        source = self.date_source(options, page_only=page_only)
        published = (self.misprinted if source == "visible" else None) or self.listed
        if source == "visible" or (source == "listing" and not has_data):
            published = published.replace(second=0)  # printed dates end at the minute
        credit = self.writer and f"{site.NAME.value} - {self.writer.strip()}"
        # Without page data today's pages name no category: its listing does.
        shows_section = older or has_data or not page_only
        truth: dict[str, Any] = {
            "article_id": str(self.number),
            "headline": self.headline,
            "description": self.description if options.metadata == "full" or has_data else None,
            "article_body": self.text,
            "credit_line": self.credit if older else credit,
            "authors": list(self.authors),
            "agencies": list(self.agencies),
            "date_published": published if source else None,
            "date_published_source": source,
            "date_modified": self.modified if older and options.metadata == "full" else None,
            "image_url": self.image_url,
            "image_caption": self.caption,
            "article_sections": [self.section_name] if shows_section else [],
            "keywords": list(self.tags) if options.render == "server" or has_data else [],
            "topics": list(self.topics),
        }
        return truth | {name: value for name, value in self.clean.items() if truth[name]}
