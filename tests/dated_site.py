"""A news site of a few articles whose listing, sitemap and clock a test sets."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from http_server import QuietHandler, serving
from ledger_scenario import body

_PAGE = (
    '<html lang="ar"><head><meta charset="utf-8"><meta property="article:published_time" content="{date}"></head><body>'
    '<main class="single-post"><div class="single-content2"><div class="entry-header"><h1 class="entry-title">{headline}'
    '</h1></div><article><div class="entry-main-content"><div class="htmlCode">{text}</div></div></article></div></main>'
)
_CARD = (
    '<article><div class="post-thumb"><a class="img-link" href="{path}"></a></div><div class="post-card-content"><h5>'
    '<a href="{path}">{headline}</a></h5><div class="entry-meta"><span>{date}</span></div></div></article>'
)


@dataclass
class Story:
    """An article. `modified`: the sitemap's lastmod; `moved_to`: its address redirects to that article's."""

    number: int
    published: datetime
    modified: datetime | None = None
    added: str = ""  # to its text
    is_listed: bool = True
    moved_to: int | None = None

    def page(self, seed: int) -> bytes:
        text = body(seed) + self.added
        paragraphs = "".join(f"<p>{html.escape(part)}</p>" for part in text.split("\n\n"))
        date = self.published.isoformat()
        return _PAGE.format(date=date, headline=f"وزير الدفاع يبحث الملف {seed}", text=paragraphs).encode()


@dataclass
class DatedSite:
    """`clock`: how far its Date is from the true time, or the text of that header. `asked`: numbers, in order."""

    url: str = ""
    stories: dict[int, Story] = field(default_factory=dict)
    clock: timedelta | str = timedelta(0)
    has_sitemap: bool = True
    has_etags: bool = True
    sitemaps: int = 1
    asked: list[int] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def add(self, number: int, published: datetime, **given: object) -> Story:
        self.stories[number] = Story(number, published, **given)
        return self.stories[number]

    def date(self) -> str:
        if isinstance(self.clock, str):
            return self.clock
        return format_datetime(datetime.now(UTC) + self.clock, usegmt=True)

    def robots(self) -> bytes:
        return "".join(f"Sitemap: {self.url}/sitemap-{n}.xml\n" for n in range(self.sitemaps)).encode()

    def listing(self) -> bytes:
        newest_first = sorted(self.stories.values(), key=lambda story: story.published, reverse=True)
        cards = [
            _CARD.format(
                path=f"/news/{story.number}/x",
                headline="عنوان",
                date=f"{story.published.astimezone(UTC):%Y-%m-%d %H:%M}Z",
            )
            for story in newest_first
            if story.is_listed
        ]
        return f"<html><body><main>{''.join(cards)}</main></body></html>".encode()

    def sitemap(self) -> bytes:
        entries = [
            f"<url><loc>/news/{story.number}/x</loc><lastmod>{story.modified.isoformat()}</lastmod><news><publication_date>"
            f"{story.published.isoformat()}</publication_date></news></url>"
            for story in self.stories.values()
            if story.modified and self.has_sitemap
        ]
        return f"<urlset>{''.join(entries)}</urlset>".encode()


def _handler(site: DatedSite) -> type[QuietHandler]:
    class Handler(QuietHandler):
        def date_time_string(self, timestamp=None):
            return site.date()

        def do_GET(self):
            site.paths.append(self.path)
            if self.path == "/robots.txt":
                self.answer(site.robots(), "text/plain")
            elif self.path.startswith("/category/"):
                self.answer(site.listing(), "text/html; charset=utf-8")
            elif self.path.startswith("/sitemap"):
                self.answer(site.sitemap(), "application/xml")
            elif match := re.match(r"/news/(\d+)", self.path):
                self.article(int(match[1]))
            else:
                self.answer(b"", "text/html", 404)

        def article(self, number):
            site.asked.append(number)
            story = site.stories[number]
            if story.moved_to:
                self.answer(b"", "text/html", 301, Location=f"/news/{story.moved_to}/x")
                return
            before = [other.number for other in site.stories.values() if other.moved_to == number]
            page = story.page(*before or [number])
            etag = {"ETag": f'"{hash(page)}"'} if site.has_etags else {}
            if etag and self.headers["If-None-Match"] == etag["ETag"]:
                self.answer(b"", "text/html", 304, **etag)
            else:
                self.answer(page, "text/html; charset=utf-8", **etag)

    return Handler


@contextmanager
def dated_site() -> Iterator[DatedSite]:
    """Serve an empty site until the block ends."""
    site = DatedSite()
    with serving(_handler(site)) as server:
        site.url = f"http://127.0.0.1:{server.server_port}"
        yield site
