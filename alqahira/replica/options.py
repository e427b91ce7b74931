"""The replica's switches: which of the site's possible faces it shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from alqahira import site

CAIRO = ZoneInfo(site.TIME_ZONE.value)

Render = Literal["server", "client"]
PageData = Literal["next_data", "none", "next_f"]
Metadata = Literal["full", "none"]
Classes = Literal["known", "older", "renamed"]
Title = Literal["headline", "bare"]
Paging = Literal["query", "next_data", "press", "press_post", "none", "next"]
Slug = Literal["serve", "redirect"]
Sitemaps = Literal["full", "none"]
Challenge = Literal["none", "page", "forbidden"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaOptions:
    """Every switch; the defaults are the face that `site.py` describes."""

    render: Render = "server"  # client: an empty shell that JavaScript fills
    page_data: PageData = "next_data"  # how a page carries what it shows; next_f: as after a move to the app router
    metadata: Metadata = "full"  # what the head says: title, Open Graph, JSON-LD
    classes: Classes = "known"  # older: the layout before; renamed: every class and id another, as after a redesign
    title: Title = "headline"  # bare: <title> is the site's name on every page
    paging: Paging = "query"  # the one way that leads to the next page of a listing
    slug: Slug = "serve"  # what /news/<number>/<other slug> does: the same article again, or 301
    sitemaps: Sitemaps = "full"  # none: no sitemap, and robots.txt names none
    mixed_kinds: bool = False  # infographics, albums and videos stand among a listing's posts, too
    cookies: bool = True  # cookies and headers of Cloudflare
    challenge: Challenge = "none"  # what stands before every page: a challenge with 200, or a block page with 403
    home_for_removed: bool = False  # a withdrawn article redirects to / instead of 404
    soft_404: bool = False  # a withdrawn article answers 200 with a page that says it is not there
    page_size: int = 40  # posts on one page of a listing
    pinned: int | None = None  # number of an article that stands first in every listing
    articles: int = 0  # generated articles, in addition to the written ones
    today: date | None = None  # the Cairo day that ages count from
    now: datetime | None = None  # the replica's clock at its start
    robots: str | None = None  # another robots.txt; `{root}` stands for the server's address
    delay: float = 0.0  # seconds before every answer
    log: Path | None = None  # access log, JSON lines
    host: str = "127.0.0.1"
    port: int = 0
    control: bool = False  # whether POST /__replica__/… exists

    def anchor(self, real_now: datetime) -> tuple[date, datetime]:
        """The day that ages count from, and the clock at the start (aware UTC)."""
        if self.now is not None:
            now = self.now.astimezone(UTC)
        elif self.today is None or self.today == real_now.astimezone(CAIRO).date():
            now = real_now.astimezone(UTC)
        else:
            now = datetime.combine(self.today, time(23, 0), CAIRO).astimezone(UTC)
        return self.today or now.astimezone(CAIRO).date(), now.replace(microsecond=0)
