"""The base of the spiders: from the listings of a section to their articles.

Every article that is started ends with an outcome: here, in `alqahira.crawling.discovery` or in the pipelines.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

from scrapy import Request, Spider, signals
from scrapy.exceptions import DontCloseSpider
from scrapy.http import Response
from twisted.python.failure import Failure

from alqahira import site
from alqahira.article import Article, to_record
from alqahira.crawling.discovery.article_queue import ArticleQueue
from alqahira.crawling.discovery.listings import Listings
from alqahira.crawling.discovery.sitemaps import Sitemaps
from alqahira.crawling.extensions.run import run_of
from alqahira.crawling.request_info import RequestInfo, request_info
from alqahira.crawling.unhandled import log_in_one_line
from alqahira.exceptions import ConfigurationError
from alqahira.extraction import urls
from alqahira.extraction.cut_page import is_cut
from alqahira.extraction.extractor import read_page
from alqahira.extraction.items import ArchivedResponse, ArticleItem, Fetch, RawResponse, header_pairs, header_text
from alqahira.extraction.listing import read_listing
from alqahira.extraction.reading import Reading
from alqahira.extraction.shown_text import shown_text
from alqahira.ledger.decisions import Outcome, classify, labels
from alqahira.ledger.frontier import GONE, Discovery, Link
from alqahira.ledger.same_article import text_label
from alqahira.monitoring.causes import (
    ANOTHER_ARTICLE,
    MAYBE_OF_THE_HOST,
    REDIRECTED_ELSEWHERE,
    REDIRECTED_TO_ANOTHER,
    RUN_ENDING,
    TRUNCATED,
    UNEXPECTED_NOT_MODIFIED,
    answer_cause,
    failure_cause,
)
from alqahira.settings.arguments import CrawlArguments
from alqahira.settings.configuration import configuration_of
from alqahira.text.dates import cairo_day
from alqahira.text.topics import match_topics

logger = logging.getLogger(__name__)


class SectionSpider(Spider):
    """Base of the spiders. Arguments: `since`, `until` (YYYY-MM-DD, Cairo days), `max_articles`."""

    section: ClassVar[site.Section]

    def __init__(self, name: str | None = None, **given: Any) -> None:
        super().__init__(name)
        try:
            self.arguments = CrawlArguments.parse(given, today=cairo_day(datetime.now(UTC)))
        except ConfigurationError:
            log_in_one_line()
            raise

    async def start(self) -> AsyncIterator[Any]:
        run = run_of(self.crawler)
        if run is None:
            self.logger.error("No run: a section is crawled by scrapy crawl %s", self.name)
            return
        self.run, self.root = run, run.configuration.site_url
        run.max_articles = self.arguments.max_articles
        self.articles = ArticleQueue(run, self.section, self.arguments)
        sitemaps = Sitemaps(run, self.arguments, self.articles)
        self.listings = Listings(run, self.section, self.arguments, self.articles, sitemaps)
        self.crawler.signals.connect(self.request_more, signal=signals.spider_idle)
        for request in self.listings.start_requests():
            yield request
        for request in await sitemaps.start_requests():
            yield request
        self.articles.push_known()

    def parse(self, response: Response, **kwargs: Any) -> Iterator[dict[str, Any] | Request]:
        """For `scrapy parse` and `scrapy shell`, without a run: an article's record, or requests for a listing's.

        The record is as the page gives it, with its topics; run, revision and listing are empty.
        """
        if urls.article_number(response.url) is None:
            now, root = datetime.now(UTC), configuration_of(self.crawler).site_url
            kind = header_text(response.headers, "Content-Type")
            for card in read_listing(response.body, response.url, root=root, now=now, content_type=kind).cards:
                yield Request(urls.with_root(card.url, root), callback=self.parse)
            return
        reading = read_response(response)
        if reading.article is None:
            logger.warning("No article from %s: %s", response.url, reading.kind or reading.cause)
        else:
            yield to_record(reading.article)

    def is_for_feed(self, article: Article) -> bool:
        """Whether an article goes to the run's feed: it is on the section's topic and of the requested days."""
        day = cairo_day(article.date_published) if article.date_published else None
        return self.section.topic in article.topics and self.arguments.covers(day)

    def request_more(self) -> None:
        """When all requests are answered: press load-more controls, then request the articles in batches."""
        requests = [*self.listings.press_requests()]
        if not requests:
            self.listings.note_unjoined()
            # By priority, because Scrapy's queue gives the last request of a priority first.
            batch = enumerate(self.articles.next_batch())
            requests = [self._article_request(*queued).replace(priority=-place) for place, queued in batch]
        if self.run.is_full or not requests:
            return
        for request in requests:
            self.crawler.engine.crawl(request)
        raise DontCloseSpider

    def _article_request(self, link: Link, discovery: Discovery | None) -> Request:
        headers = {}
        if discovery and discovery.etag:
            headers["If-None-Match"] = discovery.etag.encode("latin-1")  # byte for byte; Scrapy's own is UTF-8
        if discovery and discovery.last_modified:
            headers["If-Modified-Since"] = discovery.last_modified.encode("latin-1")
        return Request(
            urls.with_root(link.url, self.root),
            callback=self.parse_article,
            errback=self.article_failed,
            headers=headers,
            dont_filter=True,
            meta={"handle_httpstatus_list": [304], **RequestInfo(page_kind="article").as_meta()},
            cb_kwargs={"link": link},
        )

    def parse_article(self, response: Response, link: Link) -> Iterator[ArticleItem]:
        """The article of a page, unless it has not changed."""
        fetch = Fetch(
            key=link.key,
            url=response.url,
            fetched=datetime.now(UTC),
            etag=header_text(response.headers, "ETag"),
            last_modified=header_text(response.headers, "Last-Modified"),
            discovered_on=link.discovered_on,
        )
        if cause := _wrong_answer(response, link):
            shown = text_label(response.url) if cause == REDIRECTED_ELSEWHERE else None
            self.run.failures.add(link.key, link.url, cause, fetch.fetched, shown=shown)
        elif response.status == 304:
            self.run.ledger.unchanged(fetch)
            self.run.failures.has_article = True
            self.run.finish(link.key, Outcome.UNCHANGED, "not_modified")
        else:
            # The body is for the archive alone.
            hints = self.articles.take_hints(link)
            headers = header_pairs(response.headers)
            page = ArchivedResponse(fetch=fetch, link_url=link.url, hints=hints, body=b"", headers=headers)
            if self.run.configuration.archive_dir is not None:
                page = _with_raw_response(page, response)
            self.run.begin(link.key)
            yield from self.read_article(page, response.body)

    def read_article(self, page: ArchivedResponse, body: bytes) -> Iterator[ArticleItem]:
        """The article of a page, just fetched or archived; `body` is decompressed."""
        fetched, kind = page.fetch.fetched, page.content_type
        share = self.run.configuration.check_page_data
        reading = read_page(body, page.fetch.url, now=fetched, hints=page.hints, content_type=kind, check_share=share)
        self.run.stats.notes.update(f"page_data_differs/{name}" for name in reading.drift)
        for disagreement in reading.disagreements:
            self.run.stats.notes[f"disagreement/{disagreement.field}"] += 1
        if reading.article is not None and (cause := _not_the_article(reading, page.link_url, page.fetch.url)):
            reading.article, reading.cause = None, cause
        if reading.article is None:
            if not self.run.archive_page(page):  # a better extractor may find the article
                return
            key = page.fetch.key
            if reading.kind:
                self.run.ledger.not_article(page.fetch, reading.kind)
                self.run.finish(key, Outcome.NOT_ARTICLE, reading.kind)
            else:
                cause = reading.cause or "no_article"
                shown = text_label(shown_text(body, kind)) if cause in MAYBE_OF_THE_HOST else None
                self.run.failures.add(key, page.link_url, cause, fetched, shown=shown)
            return
        yield ArticleItem(article=reading.article, fetch=page.fetch, page=page, sources=reading.sources)

    def article_failed(self, failure: Failure) -> None:
        request: Request = failure.request  # type: ignore[attr-defined]
        cause, link = failure_cause(failure), request.cb_kwargs["link"]
        response: Response | None = getattr(failure.value, "response", None)
        shown = None
        if cause in GONE and response is not None and _is_elsewhere(response, link):
            # That the home page is gone says nothing of the article.
            cause, shown = REDIRECTED_ELSEWHERE, text_label(response.url)
        if cause != RUN_ENDING:  # a request that was never sent is left to the next run
            self.run.failures.add(link.key, link.url, cause, datetime.now(UTC), shown=shown)


def read_response(response: Response) -> Reading:
    """A page's article as the page gives it, with its topics; run, revision and listing are empty."""
    kind = header_text(response.headers, "Content-Type")
    reading = read_page(response.body, response.url, now=datetime.now(UTC), content_type=kind)
    if article := reading.article:
        classify(article, match_topics(article.headline, article.article_body, labels(article)))
    return reading


def _wrong_answer(response: Response, link: Link) -> str | None:
    """Why an answer cannot be the requested article; None if it may be."""
    headers = response.request.headers if response.request else {}
    if response.status == 304 and not {b"If-None-Match", b"If-Modified-Since"}.intersection(headers):
        return UNEXPECTED_NOT_MODIFIED
    if cause := answer_cause(response):
        return cause
    if is_cut(response.body):
        return TRUNCATED
    return REDIRECTED_ELSEWHERE if _is_elsewhere(response, link) else None


def _is_elsewhere(response: Response, link: Link) -> bool:
    """Whether an article's address led to a page that is none."""
    return urls.article_number(response.url) is None and urls.article_number(link.url) is not None


def _not_the_article(reading: Reading, asked: str, final: str) -> str | None:
    """Why a page's article is not the one that was asked for; None if it is. `final`: where redirects led."""
    if reading.is_of(asked, final):
        return None
    at_home = {reading.number, reading.address_number} <= {None, urls.article_number(final)}
    return REDIRECTED_TO_ANOTHER if at_home else ANOTHER_ARTICLE


def _with_raw_response(page: ArchivedResponse, response: Response) -> ArchivedResponse:
    """The page with the response as the archive keeps it."""
    assert response.request is not None
    rendered = RawResponse(response.status, header_pairs(response.headers), response.body, "")
    raw = request_info(response.request).raw_response or rendered
    return replace(
        page,
        body=raw.body,
        headers=raw.headers,
        status=raw.status,
        protocol=raw.protocol,
        request_headers=header_pairs(response.request.headers),
        is_rendered="browser" in response.flags,
    )
