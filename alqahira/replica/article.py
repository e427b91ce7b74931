"""One article of the replica and the truth about it: the record that a crawl must arrive at under every switch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from alqahira import site
from alqahira.replica.body import Block, body_text
from alqahira.replica.desks import printed_tag
from alqahira.replica.options import ReplicaOptions

# Where a date can stand, best first: the order in which the record prefers them.
DATE_PLACES = ("page_data", "jsonld", "meta", "visible", "sitemap", "listing")
_MARKS = re.compile("[\u064b-\u0652\u0640]")  # diacritics and tatweel
_NOT_SLUG = re.compile(r"[^\w]+")
_CREDIT = re.compile(rf"\s*{site.NAME.value}\s*[-–]\s*(?P<writer>.+)", re.DOTALL)


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
    category: str  # the slug
    kind: str = "post"  # or infographic, album, video: no articles
    pictures: tuple[str, ...] = ()  # what an infographic or album shows
    is_pinned: bool = False
    tags: tuple[str, ...] = ()
    description: str | None = None  # a standfirst that says something else than the lead
    summary: str | None = None  # what stands in a standfirst's place and repeats the lead or the caption
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
    uploaded: datetime | None = None  # the stamp in the image's name: no date of the article
    modified: datetime | None = None
    tolerance: timedelta = timedelta(0)  # how far a printed relative date may be off
    clean: Mapping[str, Any] = field(default_factory=dict)  # expected values where they differ from what is printed
    duplicate_of: int | None = None  # the number of the article that this one repeats
    follow_up_of: int | None = None  # shares background with that one, and is an article of its own
    not_article: str | None = None  # why it must never become a record: no_headline, no_body, or its kind
    note: str = ""

    @property
    def path(self) -> str:
        return f"/news/{self.number}/{quote(self.slug, safe='')}"

    @property
    def section_name(self) -> str:
        return site.category_name(self.category)

    @property
    def writer(self) -> str | None:
        """Who wrote it as page data has it, with the blanks that editors leave."""
        found = _CREDIT.fullmatch(self.credit or "")
        if found is None:
            return None
        return " " * (self.number % 7 == 3) + found["writer"] + " " * (self.number % 3 == 1)

    @property
    def printed_tags(self) -> list[str]:
        return [printed_tag(tag) for tag in self.tags]

    @property
    def lead(self) -> str:
        return body_text(self.blocks).split("\n", 1)[0]

    @property
    def printed_summary(self) -> str | None:
        """What stands where a standfirst would: often the lead without its full stop."""
        return self.description or self.summary or (self.lead.rstrip(".") if self.number % 7 else None) or None

    def date_source(self, options: ReplicaOptions, *, page_only: bool = False) -> str | None:
        """The best place that this article's date stands in under these switches; `page_only`: on its own page."""
        hidden = set() if options.metadata == "full" else {"jsonld", "meta"}
        if options.classes != "older":
            hidden.add("meta")  # no article:published_time
            if options.page_data == "none":
                hidden.add("listing")  # its cards print no dates
        if options.page_data == "none":
            hidden.add("page_data")
        if options.sitemaps == "none":
            hidden.add("sitemap")
        if page_only:
            hidden |= {"sitemap", "listing"}
            if options.render == "client":
                hidden.add("visible")
        return next((place for place in DATE_PLACES if place in self.dates and place not in hidden), None)

    def expected(self, options: ReplicaOptions | None = None, *, page_only: bool = False) -> dict[str, Any]:
        """The truth in the record's own names; `page_only`: what its page alone tells, however it was found.

        `date_published` may be off by `tolerance` for a relative date, which the older layout alone prints.
        """
        options = options or ReplicaOptions()
        older, has_data = options.classes == "older", options.page_data != "none"
        source = self.date_source(options, page_only=page_only)
        says_more = options.metadata == "full" or has_data
        shows_body = options.render == "server" or has_data
        # Without page data today's pages name no category: its listing does, if it was found there.
        shows_section = older or has_data or not page_only
        truth: dict[str, Any] = {
            "article_id": str(self.number),
            "headline": self.headline,
            "description": self.description if says_more else None,
            "article_body": body_text(self.blocks),
            "credit_line": self.credit if older else self.credit and self.writer and self._credit_line(),
            "authors": list(self.authors),
            "agencies": list(self.agencies),
            "date_published": self._published(source, options),
            "date_published_source": source,
            "date_modified": self.modified if older and options.metadata == "full" else None,
            "image_url": self.image_url,
            "image_caption": self.caption,
            "article_sections": [self.section_name] if shows_section else [],
            "keywords": list(self.tags) if shows_body else [],
            "topics": list(self.topics),
        }
        return truth | {name: value for name, value in self.clean.items() if truth[name]}

    def _credit_line(self) -> str:
        return f"{site.NAME.value} - {(self.writer or '').strip()}"

    def _published(self, source: str | None, options: ReplicaOptions) -> datetime | None:
        """As exact as its place: printed dates end at the minute."""
        if source is None:
            return None
        is_printed = source == "visible" or (source == "listing" and options.page_data == "none")
        moment = self.misprinted if source == "visible" and self.misprinted else self.listed
        return moment.replace(second=0) if is_printed else moment
