"""A news site in memory: its stories, its listings, and how it answers while something is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from random import Random
from urllib.parse import parse_qs, unquote, urlsplit

from ledger_scenario import WORDS
from scrapy import Request
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    ResponseDataLossError,
)
from scrapy.http import HtmlResponse, Response, TextResponse

from alqahira import site
from alqahira.article import rfc3339
from alqahira.ledger.frontier import MIN_FAILING

ROOT = site.ROOT.value
CATEGORIES = ("أخبار", "حول-العالم")
RETRY_AFTER = 40.0  # seconds, of a 429

# Answers that say nothing of a page: no attempt at it.
OF_THE_HOST = ("403", "429", "503", "challenge", "timeout", "dns", "refused")
# Answers of a page that may have passed by the next run: it is given up after days only.
TRANSIENT = ("500", "cut", "home", "other", "elsewhere", "304")
# The others say that there is no article.
FINAL = ("404", "stub", "headless", "infographic")
ANSWERS = (*OF_THE_HOST, *TRANSIENT, *FINAL, "maintenance")


@dataclass
class Story:
    """One article of the site. `version`: of its text; `shown`: the versions that its page has shown, in order."""

    number: int
    published: datetime
    category: str
    is_on_topic: bool = True
    version: int = 0
    shown: list[int] = field(default_factory=lambda: [0])
    edited: datetime | None = None
    is_up: bool = True
    is_listed: bool = True
    moved_from: Story | None = None
    moved_to: Story | None = None
    validators: str = "both"  # `etag`, `modified`, `both` or `none`
    fault: str = ""  # one of ANSWERS
    failing_since: datetime | None = None  # asked while it had a fault, and not without one since
    may_be_given_up: bool = False  # it answered for days, or once and for all, that there is no article
    gone_answers: int = 0  # times that its page was said to be gone
    is_poison: bool = False  # whoever reads its page dies
    deaths: int = 0  # of such readers

    @property
    def path(self) -> str:
        return f"/news/{self.number}/x"

    @property
    def text(self) -> tuple[str, str]:
        """Headline and body as the page shows them now."""
        return self._text(self.version)

    def note_failure(self, now: datetime) -> None:
        """Its page was asked for while it has a fault."""
        self.failing_since = self.failing_since or now
        self.may_be_given_up |= self.fault in FINAL or now - self.failing_since >= MIN_FAILING

    def texts(self) -> list[tuple[str, str]]:
        """All that its page has ever shown, in order."""
        return [self._text(version) for version in self.shown]

    def _text(self, version: int) -> tuple[str, str]:
        return text_of((self.moved_from or self).number, version, self.is_on_topic)

    def show(self, version: int, now: datetime) -> None:
        self.version, self.edited = version, now
        self.shown.append(version)


@lru_cache(maxsize=10_000)
def text_of(number: int, version: int, is_on_topic: bool = True) -> tuple[str, str]:
    """Headline and body of a version; two stories have nothing in common."""
    random = Random(number * 1000 + version)
    base = Random(number)
    if is_on_topic:
        words = [" ".join(base.choices(WORDS, k=18)) + f" {number}", " ".join(random.choices(WORDS, k=12))]
        return f"وزير الدفاع وقائد القوات المسلحة {number}-{version}", "\n\n".join(words)
    return (
        f"وصفة كعك بالتمر {number}-{version}",
        f"يخلط الدقيق والسكر والزبدة ثم يخبز الكعك في الفرن ساعة {number} {version}",
    )


@dataclass
class Site:
    """The site now. `now` is the true time; `listing`: `whole`, `shuffled`, `cut` or `empty`."""

    now: Callable[[], datetime]
    page_size: int = 40
    has_sitemap: bool = True
    crawl_delay: int = 0
    stories: list[Story] = field(default_factory=list)
    answer: str = ""  # one of ANSWERS for every page, while the whole site is away
    has_dates: bool = True  # whether its answers have a Date
    robots: str = "200"  # `200`, `404`, `503`, `timeout` or `disallow`
    listing: str = "whole"
    pinned: int | None = None
    random: Random = field(default_factory=lambda: Random(0))

    def story(self, number: int) -> Story:
        """One of the stories, whatever the number; every third number is the newest."""
        return self.stories[number % len(self.stories) if number % 3 else -1]

    def publish(self, *, is_on_topic: bool = True, age: timedelta = timedelta(0)) -> Story:
        number = 1000 + len(self.stories)
        now = self.now()
        story = Story(number, now - age, CATEGORIES[number % 2], is_on_topic, edited=now)
        self.stories.append(story)
        return story

    def move(self, story: Story) -> None:
        """The story gets another number; the old address redirects there."""
        if story.moved_to is None and story.moved_from is None:
            new = self.publish(is_on_topic=story.is_on_topic)
            new.published, new.moved_from, new.version, new.shown = (
                story.published,
                story,
                story.version,
                [story.version],
            )
            story.moved_to, story.is_listed = new, False

    def set_answer(self, answer: str) -> None:
        """How all pages answer from now on; empty: well."""
        self.answer = answer
        if answer and answer not in OF_THE_HOST:
            for story in self.stories:
                story.may_be_given_up = True

    def heal(self) -> None:
        """All is well from now on."""
        self.set_answer("")
        self.robots, self.listing, self.pinned, self.has_dates = "200", "whole", None, True
        for story in self.stories:
            story.fault, story.is_poison = "", False

    # --- answers ------------------------------------------------------------------------------

    def respond(self, request: Request) -> Response:
        """The answer to a request; raises what Scrapy's download handler raises."""
        path = unquote(urlsplit(request.url).path)
        if path == "/robots.txt":
            return self._robots(request.url)
        if self.answer:
            return self._wrong(request, self.answer)
        if path.endswith(".xml"):
            return self._sitemap(request.url)
        if path.startswith("/category/"):
            page = int(parse_qs(urlsplit(request.url).query).get("page", ["1"])[0])
            return self._listing(request.url, path.removeprefix("/category/"), page)
        number = path.split("/")[2] if path.startswith("/news/") else ""
        story = next((story for story in self.stories if str(story.number) == number), None)
        if story is not None and (not story.is_up or story.fault == "404"):
            story.gone_answers += 1
        if story is None or not story.is_up:
            return self._page(request.url, "الصفحة غير موجودة", "", status=404)
        if story.moved_to is not None:
            return self._redirect(request.url, story.moved_to.path)
        if story.fault:
            story.note_failure(self.now())
            if story.fault == "elsewhere" and (other := self._another(story)) is not None:
                return self._redirect(request.url, other.path)
            return self._wrong(request, story.fault)
        return self._article(request, story)

    def _another(self, story: Story) -> Story | None:
        """The first other story that is well, and does not say that its address is a new one."""
        others = (
            each for each in self.stories if each is not story and each.is_up and not (each.fault or each.is_poison)
        )
        return next((each for each in others if each.moved_from is None and each.moved_to is None), None)

    def _headers(self, **more: str) -> dict[str, str]:
        date = {"Date": format_datetime(self.now(), usegmt=True)} if self.has_dates else {}
        return {**date, "Content-Type": "text/html; charset=utf-8", **more}

    def _page(self, url: str, headline: str, rest: str, *, status: int = 200, **headers: str) -> Response:
        html = f"<!DOCTYPE html><html><head><title>{headline}</title></head><body>{rest}</body></html>"
        return HtmlResponse(url, status, headers=self._headers(**headers), body=html.encode())

    def _redirect(self, url: str, path: str) -> Response:
        return Response(url, 302, headers=self._headers(Location=ROOT + path))

    def _wrong(self, request: Request, answer: str) -> Response:
        url = request.url
        match answer:
            case "timeout":
                raise DownloadTimeoutError("timeout")
            case "dns":
                raise CannotResolveHostError("no such host")
            case "refused":
                raise DownloadConnectionRefusedError("refused")
            case "cut":
                raise ResponseDataLossError("cut")
            case "challenge":
                return self._page(url, "Just a moment...", "<p>Checking your browser</p>")
            case "home" | "elsewhere":
                if urlsplit(url).path != "/":
                    return self._redirect(url, "/")
                return self._page(url, "الرئيسية", '<a href="/category/x">أخبار</a>')
            case "maintenance":
                # One that does not look like a notice, so that only its text tells.
                head = "تحديث خوادم القناة مساء اليوم"
                text = "<p>يجري فريقنا التقني تحديثا على الخوادم وتعود الخدمة كاملة صباح الغد، شكرا لصبركم.</p>" * 4
                return self._page(url, head, f"<article><h1>{head}</h1>{text}</article>", ETag='"same"')
            case "stub":
                return self._page(url, "قريبا", '<main><h1 class="entry-title">قريبا</h1></main>')
            case "headless":  # a page that was cut before its text
                return HtmlResponse(url, 200, headers=self._headers(), body="<html><head><title>وزير ا".encode())
            case "infographic":
                return self._page(url, "رسم", '<main class="infograph-post"><h1>رسم</h1></main>')
            case "other":
                other = Story(999_000, self.now(), CATEGORIES[0])
                return _article_page(url, other, *_split(other.text), self._headers())
            case "304":
                return Response(url, 304, headers=self._headers())
            case "429":
                return self._page(url, "429", "", status=429, **{"Retry-After": f"{RETRY_AFTER:.0f}"})
        return self._page(url, answer, "", status=int(answer))

    def _robots(self, url: str) -> Response:
        if self.answer in ("timeout", "dns", "refused", "503"):
            return self._wrong(Request(url), self.answer)
        if self.robots == "timeout":
            raise DownloadTimeoutError("timeout")
        if self.robots in ("404", "503"):
            return self._page(url, "robots", "", status=int(self.robots))
        rule = "Disallow: /news/" if self.robots == "disallow" else "Disallow: /admin/"
        lines = ["User-agent: *", rule] + ([f"Crawl-delay: {self.crawl_delay}"] if self.crawl_delay else [])
        return TextResponse(url, 200, headers=self._headers(), body="\n".join(lines).encode())

    def _sitemap(self, url: str) -> Response:
        if not self.has_sitemap or not url.endswith("/sitemap.xml"):
            return self._page(url, "404", "", status=404)
        entries = "".join(
            f"<url><loc>{ROOT}{story.path}</loc><lastmod>{rfc3339(story.edited)}</lastmod></url>"
            for story in self.stories
            if story.is_up and story.is_listed
        )
        xml = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</urlset>'
        return Response(url, 200, headers=self._headers(), body=xml.encode())

    def _listing(self, url: str, category: str, page: int) -> Response:
        shown = [s for s in self.stories if s.category == category and s.is_up and s.is_listed]
        shown.sort(key=lambda story: (story.published, story.number), reverse=True)
        if self.listing == "shuffled":
            self.random.shuffle(shown)
        elif self.listing == "cut":
            shown = shown[: len(shown) // 2]
        elif self.listing == "empty":
            shown = []
        pages = max(1, -(-len(shown) // self.page_size))
        shown = shown[(page - 1) * self.page_size : page * self.page_size]
        pinned = self.story(self.pinned) if self.pinned is not None else None
        if pinned is not None and pinned.is_up and pinned.is_listed:
            shown = [pinned, *(story for story in shown if story is not pinned)]
        posts = [
            {
                "id": story.number,
                "slug": "x",
                "title": story.text[0],
                "publishedAt": rfc3339(story.published),
                "type": "post",
                "is_pinned": story is pinned,
            }
            for story in shown
        ]
        info = {"totalItems": len(posts), "totalPages": pages, "currentPage": page}
        about = {"id": 1, "name": category, "slug": category}
        data = {"category": {"pageInfo": info, "posts": posts, "success": True, "category": about}}
        cards = "".join(f'<article><a href="{s.path}">{s.text[0]}</a></article>' for s in shown)
        return self._page(url, category, f"<main>{cards}</main>{_page_data(data)}")

    def _article(self, request: Request, story: Story) -> Response:
        story.failing_since = None
        version = f'"{story.moved_from and story.moved_from.number}-{story.number}-{story.version}"'
        modified = format_datetime(story.edited, usegmt=True)
        headers = self._headers()
        if story.validators in ("etag", "both"):
            headers["ETag"] = version
        if story.validators in ("modified", "both"):
            headers["Last-Modified"] = modified
        asked = (request.headers.get("If-None-Match"), request.headers.get("If-Modified-Since"))
        match, since = (value.decode() if value else None for value in asked)
        # RFC 9110, section 13.2.2: If-Modified-Since counts only without If-None-Match. Both are known in any mode.
        if match == version if match else since == modified:
            return Response(request.url, 304, headers=headers)
        return _article_page(request.url, story, *_split(story.text), headers)


def _split(text: tuple[str, str]) -> tuple[str, list[str]]:
    return text[0], text[1].split("\n\n")


def _page_data(props: dict[str, object]) -> str:
    data = {"props": {"pageProps": props}, "page": "/x", "buildId": "b", "locale": "en"}
    return f'<script id="__NEXT_DATA__" type="application/json">{json.dumps(data, separators=(",", ":"))}</script>'


def _article_page(url: str, story: Story, headline: str, texts: list[str], headers: dict[str, str]) -> Response:
    """A page in the site's markup, with page data; one that has moved says so by its canonical link."""
    body = "".join(f"<p>{text}</p>" for text in texts)
    post = {
        "id": story.number,
        "type": "post",
        "title": headline,
        "slug": "x",
        "publishedAt": rfc3339(story.published),
        "postContent": [{"type": "html", "content": body, "order": 0}],
    }
    data = _page_data({"post": {"data": {"post": post}, "success": True}})
    canonical = f'<link rel="canonical" href="{ROOT}{story.path}">' if story.moved_from else ""
    html = (
        f"<!DOCTYPE html><html><head><title>{headline} | {site.TITLE_NAME.value}</title>{canonical}</head><body>"
        '<main class="single-post"><div class="container"><div class="row"><div class="col-lg-8">'
        f'<div class="single-content2"><div class="entry-header"><h1 class="entry-title">{headline}</h1></div>'
        f'<article><div class="entry-main-content"><div class="htmlCode">{body}</div></div></article>'
        f"</div></div></div></div></main>{data}</body></html>"
    )
    return HtmlResponse(url, 200, headers=headers, body=html.encode())
