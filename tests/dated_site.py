"""A news site of a few articles whose listing, sitemap and clock a test sets."""

from __future__ import annotations

import html
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from http_server import QuietHandler
from ledger_scenario import body
from small_site import SmallSite, served

_PAGE = (
    '<html lang="ar"><head><meta charset="utf-8"><meta property="article:published_time" content="{date}">{head}</head><body>'
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

    def page(self, seed: int, head: str = "") -> bytes:
        text = body(seed) + self.added
        paragraphs = "".join(f"<p>{html.escape(part)}</p>" for part in text.split("\n\n"))
        date = self.published.isoformat()
        return _PAGE.format(date=date, head=head, headline=f"وزير الدفاع يبحث الملف {seed}", text=paragraphs).encode()


class DatedSite(SmallSite):
    """`clock`: how far its Date is from the true time, or the text of that header. `asked`: numbers, in order."""

    def __init__(self) -> None:
        super().__init__(0, sitemap=True)
        self.stories: dict[int, Story] = {}
        self.clock: timedelta | str = timedelta(0)
        self.has_etags = True
        self.has_canonicals = False
        self.sitemaps = 1
        self.asked: list[int] = []

    def add(self, number: int, published: datetime, **given: object) -> Story:
        self.stories[number] = Story(number, published, **given)
        return self.stories[number]

    def date(self) -> str:
        if isinstance(self.clock, str):
            return self.clock
        return format_datetime(datetime.now(UTC) + self.clock, usegmt=True)

    def robots(self) -> str:
        return "".join(f"Sitemap: {self.root}/sitemap-{n}.xml\n" for n in range(self.sitemaps))

    def listing(self) -> str:
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
        return f"<html><body><main>{''.join(cards)}</main></body></html>"

    def sitemap(self) -> str:
        entries = [
            f"<url><loc>/news/{story.number}/x</loc><lastmod>{story.modified.isoformat()}</lastmod><news><publication_date>"
            f"{story.published.isoformat()}</publication_date></news></url>"
            for story in self.stories.values()
            if story.modified
        ]
        return f"<urlset>{''.join(entries)}</urlset>"

    def answer_article(self, handler: QuietHandler, number: int) -> None:
        self.asked.append(number)
        story = self.stories[number]
        if story.moved_to:
            handler.answer(b"", "text/html", 301, Location=f"/news/{story.moved_to}/x")
            return
        before = [other.number for other in self.stories.values() if other.moved_to == number]
        canonical = f'<link rel="canonical" href="{self.root}/news/{number}/x">' if self.has_canonicals else ""
        page = story.page(before[0] if before else number, canonical)
        etag = {"ETag": f'"{hash(page)}"'} if self.has_etags else {}
        if etag and handler.headers["If-None-Match"] == etag["ETag"]:
            handler.answer(b"", "text/html", 304, **etag)
        else:
            handler.answer(page, "text/html; charset=utf-8", **etag)


def dated_site() -> AbstractContextManager[DatedSite]:
    """Serve an empty site until the block ends."""
    return served(DatedSite())
