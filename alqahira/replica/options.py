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
PageData = Literal["none", "next_data", "next_f"]
Metadata = Literal["full", "none"]
Classes = Literal["known", "renamed"]
Title = Literal["bare", "headline"]
Paging = Literal["load_more", "next"]
Slug = Literal["redirect", "serve"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaOptions:
    """Every switch; the defaults are the face that `site.py` describes."""

    render: Render = "server"  # client: an empty shell that JavaScript fills
    page_data: PageData = "none"  # whether the article stands in the page as Next.js data, and in which form
    metadata: Metadata = "full"  # JSON-LD, Open Graph and article meta
    classes: Classes = "known"  # renamed: every class and id another, and the structure somewhat changed
    title: Title = "bare"  # headline: <title> is «headline | site» instead of the bare site name
    paging: Paging = "load_more"  # next: rel=next links and ?page=N instead of a control
    slug: Slug = "redirect"  # what /news/<number>/<other slug> does: 301, or the same article again
    page_size: int = 12  # cards on one page of a listing
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
