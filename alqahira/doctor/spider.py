"""What the doctor asks the site for: some sixteen pages, each to settle something, at a crawl's pace."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from scrapy import Request, Spider
from scrapy.http import Response
from twisted.python.failure import Failure

from alqahira import site, urls
from alqahira.browser.chromium import missing_part
from alqahira.checks import check_site_url
from alqahira.discovery.depth import Pager, PageRequest, Way, page_request
from alqahira.doctor.recording import Book
from alqahira.doctor.site_visit import Sample
from alqahira.listing import Card, Listing, read_listing
from alqahira.load_more import LearnedRequest
from alqahira.middlewares.causes import answer_cause, failure_cause
from alqahira.middlewares.robots import RobotsMiddleware
from alqahira.sources import Document, site_markup

logger = logging.getLogger(__name__)

_SITEMAPS = 2
_FORMS = 3  # of an article's address that are tried
# A post of 29 October 2022, the oldest that was ever seen.
_OLD = 1076
_MISSING = "no-such-listing"
# `page_kind` is what an empty shell is judged by: a browser fills it then.
_PAGE_KINDS = {
    **dict.fromkeys(("category", "kicker", "tag", "pressed", "page 2 by query"), "listing"),
    **dict.fromkeys(("article", "without slug", "with locale", "old article", "known article"), "article"),
}

# Neither a run nor a ledger; the manners stay, and what fails is tried once more.
_SETTINGS: dict[str, Any] = {
    "ITEM_PIPELINES": {},
    "EXTENSIONS": {
        "scrapy.extensions.telnet.TelnetConsole": None,
        "scrapy.extensions.remote_control.RemoteControl": None,
        "scrapy.extensions.throttle.AutoThrottle": None,
        "alqahira.middlewares.crawl_delay.CrawlDelayAutoThrottle": 0,
    },
    "FEEDS": {},
    "RETRY_TIMES": 1,
}
RECORDING = {"alqahira.doctor.recording.RecordMiddleware": 950}


class DoctorSpider(Spider):
    """Fills its `book`; it accepts nothing and writes nothing."""

    name = "doctor"
    custom_settings = _SETTINGS
    book: Book

    async def start(self) -> AsyncIterator[Any]:
        self.root = check_site_url(self.settings["ALQAHIRA_SITE_URL"])
        self._has_articles = False
        self._asked: set[str] = set()
        self._pager: Pager | None = None
        robots = self.crawler.get_downloader_middleware(RobotsMiddleware)
        named = await robots.sitemaps(self.root) if robots else []
        sections = site.SECTIONS.values()
        categories = list(dict.fromkeys(slug for section in sections for slug in section.categories.value))
        tags = [tag for section in sections for tag in section.tags.value]
        # One that several sections have says something of each.
        tags = sorted(dict.fromkeys(tags), key=lambda tag: -tags.count(tag))
        few = None if self.book.every_listing else 1
        for slug in categories[:few]:
            yield self._ask("category", site.CATEGORY_URL.value.format(slug=quote(slug)))
        for slug in site.KICKERS.value[:1]:
            yield self._ask("kicker", site.KICKER_URL.value.format(slug=quote(slug)))
        for tag in tags[:few]:
            yield self._ask("tag", site.TAG_URL.value.format(slug=quote(tag)))
        for url in [*named, *(self.root + path for path in site.SITEMAP_PATHS.value)][:_SITEMAPS]:
            yield self._ask("sitemap", url)
        yield self._ask("old article", f"/news/{_OLD}")
        yield self._ask("missing", site.CATEGORY_URL.value.format(slug=_MISSING))

    def _ask(self, kind: str, url: str, asked: PageRequest | None = None, **meta: Any) -> Request:
        meta["handle_httpstatus_list"] = [*range(400, 600)]
        if kind in _PAGE_KINDS:
            meta["page_kind"] = _PAGE_KINDS[kind]
        url = url if url.startswith("http") else self.root + url
        return Request(
            url,
            method=asked.method if asked else "GET",
            headers=dict(asked.headers) if asked else None,
            body=(asked.body or "") if asked else "",
            callback=self.take,
            errback=self.failed,
            dont_filter=True,
            meta=meta,
            cb_kwargs={"kind": kind, "asked": url},
        )

    # --- answers --------------------------------------------------------------------------------

    def take(self, response: Response, kind: str, asked: str) -> Iterator[Request]:
        learned: LearnedRequest | None = response.meta.get("learned_request")
        sample = Sample(
            kind=kind,
            url=response.url,
            status=response.status,
            body=response.body,
            asked=asked,
            rendered="browser" in response.flags and kind != "pressed",
            headers={name.decode("latin-1"): "" for name in response.headers},
            failure=answer_cause(response) or "",
            note=_words(learned) if learned else str(response.meta.get("load_more_note") or ""),
        )
        self.book.samples.append(sample)
        if sample.failure:
            self._mark(response.request.url if response.request else response.url, sample.failure)
        if response.status != 200 or sample.failure:
            return
        if kind in ("category", "kicker", "tag"):
            now = datetime.now(UTC)
            listing = read_listing(sample.body, sample.url, root=self.root, now=now)
            if kind == "category" and self._pager is None:
                self._pager = Pager(sample.url, first=listing)
                yield from self._go_deeper(self._pager)
            # A tag may have one article alone, and each form of address is tried on another.
            if kind == "category" or len(listing.cards) >= _FORMS:
                yield from self._ask_articles(listing)
        elif kind == "pressed" and learned and self._pager:
            if request := page_request(self._pager, Way.LEARNED, 2, root=self.root, learned=learned):
                yield self._ask("page 2 by press", request.url, request)
        elif kind == "article" and not self._is_known_markup(sample):
            for key, record in self.book.known.items():
                if key not in self._asked:
                    yield self._ask("known article", urls.moved_to(record.url, self.root))

    def _go_deeper(self, pager: Pager) -> Iterator[Request]:
        """The category's second page by each way that a crawl would try."""
        if not pager.first.has_more:
            return
        for way, kind in ((Way.QUERY, "page 2 by query"), (Way.NEXT_DATA, "page 2 by page data")):
            if request := page_request(pager, way, 2, root=self.root, learned=None):
                yield self._ask(kind, request.url, request)
        if str(self.settings["ALQAHIRA_BROWSER"]).lower() != "never" and missing_part() is None:
            yield self._ask("pressed", pager.url, learn_load_more=True)

    def _ask_articles(self, listing: Listing) -> Iterator[Request]:
        """Articles under each form of their address, and a video: from the first listing that shows any."""
        articles = [card for card in listing.cards if card.kind in (None, site.ARTICLE_KIND.value)]
        if self._has_articles or not articles:
            return
        self._has_articles = True
        # Where page data does not tell the kinds apart, an article of the corpus surely is one.
        articles.sort(key=lambda card: card.kind is None and card.key not in self.book.known)
        self._asked = {card.key for card in articles[:3]}
        yield self._ask("article", articles[0].url)
        # Others than the first: each is a further page that the selectors are tried on.
        yield self._ask("without slug", f"/news/{articles[1 % len(articles)].key}")
        locale = site.LOCALES.value[-1]
        yield self._ask("with locale", f"/{locale}/news/{articles[2 % len(articles)].key}")
        if listing.build:
            yield self._ask("article data", _data_address(listing, articles[0]))
        videos = [card for card in (*listing.others, *listing.cards) if card.kind == "video"]
        for card in videos[:1]:
            yield self._ask("video", card.url)

    def _is_known_markup(self, sample: Sample) -> bool:
        found = site_markup.read(Document(sample.body.decode("utf-8", "replace"), sample.url, datetime.now(UTC)))
        return bool(found and found.headline and found.paragraphs)

    def _mark(self, url: str, refusal: str) -> None:
        """A refusal that showed only once its body was unpacked."""
        numbers = (n for n, exchange in enumerate(self.book.exchanges) if exchange.url == url and exchange.status)
        if (last := max(numbers, default=None)) is not None:
            self.book.exchanges[last] = replace(self.book.exchanges[last], refusal=refusal)

    def failed(self, failure: Failure) -> None:
        request: Request = failure.request  # type: ignore[attr-defined]
        kind, cause = request.cb_kwargs["kind"], failure_cause(failure)
        asked = request.cb_kwargs["asked"]
        self.book.samples.append(Sample(kind, request.url, 0, b"", asked=asked, failure=cause))
        logger.warning("%s: %s", request.url, cause)


def _data_address(listing: Listing, card: Card) -> str:
    """Where Next.js has the page data of an article alone."""
    locale = listing.locale or site.LOCALES.value[0]
    path = site.NEXT_DATA_URL.value.format(build=quote(listing.build or ""), locale=locale, path=f"/news/{card.key}")
    return f"{path}?id={card.key}"


def _words(learned: LearnedRequest) -> str:
    """«GET https://…, the page at query 0»."""
    places = ", ".join(" ".join(map(str, place)) for place in learned.page_places)
    return f"{learned.method} {learned.url}, the page's number at {places}"
