"""The doctor's spider: it requests some sixteen pages at a crawl's pace, each for a question."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.settings import BaseSettings
from twisted.python.failure import Failure

from alqahira import site
from alqahira.article import Article
from alqahira.crawling.browser.chromium import missing_dependency
from alqahira.crawling.discovery.pager import PagingMethod, page_request
from alqahira.crawling.middlewares.robots import RobotsMiddleware
from alqahira.crawling.request_info import PageKind, RequestInfo, request_info
from alqahira.doctor.visit import ARTICLES, LISTINGS, Exchange, Sample, Visit
from alqahira.extraction import urls
from alqahira.extraction.listing import Listing
from alqahira.extraction.load_more import LearnedRequest
from alqahira.extraction.sources import site_markup
from alqahira.monitoring.causes import answer_cause, failure_cause
from alqahira.settings.configuration import configuration_of

logger = logging.getLogger(__name__)

_SITEMAPS = 2
_FORMS = 3  # of an article's address that are tried
# A post of 29 October 2022, the oldest known.
_OLD = 1076
_MISSING = "no-such-listing"
# By these a page is recognized as an empty shell, which a browser then fills.
_PAGE_KINDS: dict[str, PageKind] = {
    **dict.fromkeys((*LISTINGS, "pressed", "page 2 by query"), "listing"),
    **dict.fromkeys(ARTICLES, "article"),
}


class DoctorSpider(Spider):
    """Fills the visit; it accepts nothing and writes nothing.

    `known`: records of the corpus by article_id; their pages are requested after a redesign.
    """

    name = "doctor"
    # A crawl's pace and robots.txt stay; a failed request is retried once.
    custom_settings = {"ITEM_PIPELINES": {}, "FEEDS": {}, "RETRY_TIMES": 1}  # noqa: RUF012 (as Scrapy declares it)

    def __init__(self, visit: Visit, known: Mapping[str, Article], every_listing: bool = False) -> None:
        super().__init__()
        self.visit, self.root, self.known, self.every_listing = visit, visit.root, known, every_listing
        self._article_keys: set[str] = set()

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        super().update_settings(settings)
        # The bar counts articles, and a visit has none.
        settings.set("ALQAHIRA_PROGRESS", "never", priority="cmdline")
        settings.set_in_component_priority_dict("DOWNLOADER_MIDDLEWARES", Recorder, 950)

    async def start(self) -> AsyncIterator[Any]:
        robots = self.crawler.get_downloader_middleware(RobotsMiddleware)
        sitemaps = (await robots.rules(self.root)).sitemaps if robots else ()
        sections = site.SECTIONS.values()
        categories = dict.fromkeys(slug for section in sections for slug in section.categories.value)
        tags = [tag for section in sections for tag in section.tags.value]
        # A tag of several sections checks each of them.
        tags = sorted(dict.fromkeys(tags), key=lambda tag: -tags.count(tag))
        few = None if self.every_listing else 1
        for kind, template, slugs in (
            ("category", site.CATEGORY_URL, list(categories)[:few]),
            ("kicker", site.KICKER_URL, site.KICKERS.value[:1]),
            ("tag", site.TAG_URL, tags[:few]),
            ("missing", site.CATEGORY_URL, [_MISSING]),
        ):
            for slug in slugs:
                yield self._request(kind, template.value.format(slug=quote(slug)))
        for url in [*sitemaps, *site.SITEMAP_PATHS.value][:_SITEMAPS]:
            yield self._request("sitemap", url)
        yield self._request("old article", f"/news/{_OLD}")

    def _request(self, kind: str, url: str, page: Request | None = None, **info: Any) -> Request:
        page = page or Request(url if url.startswith("http") else self.root + url)
        meta: dict[str, Any] = {"handle_httpstatus_list": [*range(400, 600)]}
        if kind in _PAGE_KINDS:
            meta |= RequestInfo(page_kind=_PAGE_KINDS[kind], **info).as_meta()
        return page.replace(
            callback=self.answered,
            errback=self.failed,
            dont_filter=True,
            meta=meta,
            cb_kwargs={"kind": kind, "requested": page.url},
        )

    def answered(self, response: Response, kind: str, requested: str) -> Iterator[Request]:
        """Keep the answer, and request what it leads to."""
        refusal = answer_cause(response) or ""
        for exchange in self.visit.exchanges:
            if exchange.request is response.request:
                exchange.failure = refusal  # the Recorder could not see it in a compressed body
        assert response.request is not None
        is_first = not self.visit.answered(kind)
        sample = Sample(kind, response.request, response, refusal, requested=requested, visit=self.visit)
        self.visit.samples.append(sample)
        if not sample.is_answered:
            return
        if kind == "category" and is_first:
            if sample.listing.has_more:
                yield from self._second_page("page 2 by query", PagingMethod.QUERY)
                yield from self._second_page("page 2 by page data", PagingMethod.NEXT_DATA)
            self.visit.not_pressed = self._why_not_pressed(sample.listing)
            if not self.visit.not_pressed:
                yield self._request("pressed", sample.url, learn_load_more=True)
        # A tag may have one article alone, and each form of address is tried on another.
        if kind == "category" or (kind in LISTINGS and len(sample.listing.cards) >= _FORMS):
            yield from self._articles(sample.listing)
        elif kind == "pressed" and (learned := request_info(sample.request).learned_request):
            yield from self._second_page("page 2 by press", PagingMethod.LEARNED, learned)
        elif kind == "article":
            fields = site_markup.read(sample.document)
            if not (fields and fields.headline and fields.paragraphs):
                others = (record for key, record in self.known.items() if key not in self._article_keys)
                yield from (self._request("known article", urls.with_root(one.url, self.root)) for one in others)

    def _why_not_pressed(self, listing: Listing) -> str:
        """Why no browser presses the category's load-more control; empty where one does."""
        if not listing.has_more:
            return "the category has one page"
        if configuration_of(self.crawler).browser == "never":
            return "ALQAHIRA_BROWSER=never"
        return missing_dependency() or ""

    def _second_page(self, kind: str, method: PagingMethod, learned: LearnedRequest | None = None) -> Iterator[Request]:
        """The category's second page, as a crawl would request it by this method."""
        pager = self.visit.pager()
        if pager and (page := page_request(pager, method, 2, root=self.root, learned=learned)):
            yield self._request(kind, page.url, page)

    def _articles(self, listing: Listing) -> Iterator[Request]:
        """Articles under each form of their address, and a video: from the first listing that shows any."""
        articles = [card for card in listing.cards if card.kind in (None, site.ARTICLE_KIND.value)]
        if self._article_keys or not articles:
            return
        # Where page data gives no kind, an article of the corpus is certainly one.
        articles.sort(key=lambda card: card.kind is None and card.key not in self.known)
        # Others than the first: each is a further page that the selectors are tried on.
        first, second, third = (articles[number % len(articles)] for number in range(_FORMS))
        self._article_keys = {first.key, second.key, third.key}
        yield self._request("article", first.url)
        yield self._request("without slug", f"/news/{second.key}")
        yield self._request("with locale", f"/{site.LOCALES.value[-1]}/news/{third.key}")
        if listing.build:
            locale = listing.locale or site.LOCALES.value[0]
            address = {"build": quote(listing.build), "locale": locale, "path": f"/news/{first.key}"}
            yield self._request("article data", f"{site.NEXT_DATA_URL.value.format(**address)}?id={first.key}")
        for card in [card for card in (*listing.others, *listing.cards) if card.kind == "video"][:1]:
            yield self._request("video", card.url)

    def failed(self, failure: Failure) -> None:
        """Keep the cause of a request without an answer."""
        request: Request = failure.request  # type: ignore[attr-defined]
        cause, nothing = failure_cause(failure), Response(request.url, status=0)
        sample = Sample(request=request, response=nothing, failure=cause, visit=self.visit, **request.cb_kwargs)
        self.visit.samples.append(sample)
        logger.warning("%s: %s", request.url, cause)

    def closed(self, reason: str) -> None:
        self.visit.is_interrupted = reason == "shutdown"


class Recorder:
    """A downloader middleware that adds every exchange to the visit.

    Next to the downloader it sees redirects, retries, and bodies that are still compressed.
    https://docs.scrapy.org/en/latest/topics/downloader-middleware.html
    """

    def __init__(self, visit: Visit) -> None:
        self.visit = visit

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Recorder:
        assert isinstance(crawler.spider, DoctorSpider)
        return cls(crawler.spider.visit)

    def process_response(self, request: Request, response: Response) -> Response:
        self._add(request, response, answer_cause(response) or "")
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        self._add(request, Response(request.url, status=0), failure_cause(exception))

    def _add(self, request: Request, response: Response, failure: str) -> None:
        kind = "robots" if request_info(request).is_robots else str(request.cb_kwargs.get("kind", "other"))
        self.visit.exchanges.append(Exchange(kind, request, response, failure))
