"""The replica's switches: which of the site's possible shapes it has."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, FilePath

from alqahira import site

CAIRO = ZoneInfo(site.TIME_ZONE.value)


class ReplicaOptions(BaseModel):
    """Every switch; the defaults are the site as `site.py` describes it. Raises pydantic.ValidationError."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    render: Literal["server", "client"] = Field(
        default="server", description="client: an empty shell that JavaScript fills"
    )
    page_data: Literal["next_data", "none", "next_f"] = Field(
        default="next_data", description="what the page shows as Next.js data, in the form of either router"
    )
    metadata: Literal["full", "none"] = Field(default="full", description="title, Open Graph and JSON-LD in the head")
    classes: Literal["known", "older", "renamed"] = Field(
        default="known",
        description="older: the layout before; renamed: every class and id is another, as after a redesign",
    )
    title: Literal["headline", "bare"] = Field(default="headline", description="bare: every <title> is the site's name")
    paging: Literal["query", "next_data", "press", "press_post", "none", "next"] = Field(
        default="query",
        description="the only way to a listing's next page. query: ?page=N; next_data: /_next/data/…?page=N; "
        "press: the button's GET /api/posts; press_post: its POST /api/posts/search; none: the button does nothing; "
        "next: rel=next links",
    )
    slug: Literal["serve", "redirect"] = Field(default="serve", description="redirect: 301 to an article's own slug")
    sitemaps: Literal["full", "none"] = Field(default="full", description="none: no sitemap, and robots.txt names none")
    challenge: Literal["none", "page", "forbidden"] = Field(
        default="none", description="page: a challenge with 200 instead of every page; forbidden: 403"
    )
    instead: Literal["none", "challenge", "maintenance"] = Field(
        default="none",
        description="what every article's address answers with 200: a bot check in English with a number of its own "
        "each time, or a notice of maintenance on the topic of defense",
    )
    mixed_kinds: bool = Field(default=False, description="list infographics, albums and videos among the posts, too")
    home_for_removed: bool = Field(default=False, description="redirect a withdrawn article to / instead of 404")
    soft_404: bool = Field(default=False, description="answer 200 with an empty page for a withdrawn article")
    cookies: bool = Field(default=True, description="set cookies and headers as Cloudflare does")
    articles: int = Field(default=0, ge=0, description="generated articles, in addition to the written ones")
    page_size: int = Field(default=40, ge=1, description="posts on a page of a listing")
    pinned: int | None = Field(default=None, ge=0, description="number of an article on top of every listing")
    today: date | None = Field(default=None, description="the Cairo day that ages count from")
    now: datetime | None = Field(
        default=None, description="the replica's clock at its start; Cairo time without an offset"
    )
    robots: FilePath | None = Field(default=None, description="another robots.txt; {root} is replaced by the address")
    delay: float = Field(default=0.0, ge=0, description="seconds before every answer")
    log: Path | None = Field(default=None, description="access log, JSON lines")
    port: int = Field(default=0, ge=0, le=65535, description="0: any free one")
    control: bool = Field(
        default=False, description="allow POST /__replica__/revise/NUMBER, withdraw/NUMBER, publish/COUNT"
    )

    def anchor(self, real_now: datetime) -> tuple[date, datetime]:
        """The day that ages count from, and the clock at the start (aware UTC)."""
        if self.now is not None:
            now = self.now if self.now.tzinfo else self.now.replace(tzinfo=CAIRO)
        elif self.today is None or self.today == real_now.astimezone(CAIRO).date():
            now = real_now
        else:
            now = datetime.combine(self.today, time(23, 0), CAIRO)
        return self.today or now.astimezone(CAIRO).date(), now.astimezone(UTC).replace(microsecond=0)
