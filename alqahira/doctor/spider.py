"""What the doctor asks the site for: some sixteen pages, each to answer something, at a crawl's pace."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.settings import BaseSettings
from twisted.python.failure import Failure

from alqahira import site
from alqahira.archive.warc import Answer, answer_records, event_record, rendered_record
from alqahira.archive.writer import ArchiveUnwritable, ArchiveWriter
from alqahira.article import Article
from alqahira.crawling.browser.chromium import missing_part
from alqahira.crawling.discovery.depth import Pager, Way, page_request
from alqahira.crawling.middlewares.robots import RobotsMiddleware
from alqahira.crawling.request_info import PageKind, RequestInfo, request_info
from alqahira.doctor.visit import Exchange, Sample, Visit, is_rendered
from alqahira.exceptions import ConfigurationError
from alqahira.extraction import urls
from alqahira.extraction.headers import header_pairs
from alqahira.extraction.listing import Listing
from alqahira.extraction.load_more import LearnedRequest
from alqahira.extraction.sources import site_markup
from alqahira.monitoring.causes import answer_cause, failure_cause
from alqahira.settings.configuration import configuration_of

logger = logging.getLogger(__name__)

_SITEMAPS = 2
_FORMS = 3  # of an article's address that are tried
# A post of 29 October 2022, the oldest that was ever seen.
_OLD = 1076
_MISSING = "no-such-listing"
# What an empty shell is judged by: a browser fills it then.
_PAGE_KINDS: dict[str, PageKind] = {
    **dict.fromkeys(("category", "kicker", "tag", "pressed", "page 2 by query"), "listing"),
    **dict.fromkeys(("article", "without slug", "with locale", "old article", "known article"), "article"),
}


class DoctorSpider(Spider):
    """Fills the recorder's visit; it accepts nothing and writes nothing.

    `known`: records of the corpus by article_id, whose pages are asked for after a redesign.
    """

    name = "doctor"
    # Neither a run nor a ledger; the manners stay, and what fails is tried once more.
    custom_settings = {  # noqa: RUF012 (as Scrapy declares it)
        "ITEM_PIPELINES": {},
        "EXTENSIONS": {
            "scrapy.extensions.telnet.TelnetConsole": None,
            "scrapy.extensions.remote_control.RemoteControl": None,
        },
        "FEEDS": {},
        "RETRY_TIMES": 1,
    }

    def __init__(self, recorder: Recorder, known: Mapping[str, Article], every_listing: bool = False) -> None:
        super().__init__()
        self.recorder, self.visit, self.known, self.every_listing = recorder, recorder.visit, known, every_listing
        self.root = self.visit.root
        self._article_keys: set[str] = set()
        self._pager: Pager | None = None

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        super().update_settings(settings)
        settings.set_in_component_priority_dict("DOWNLOADER_MIDDLEWARES", Recorder, 950)

    async def start(self) -> AsyncIterator[Any]:
        robots = self.crawler.get_downloader_middleware(RobotsMiddleware)
        sitemaps = (await robots.rules(self.root)).sitemaps if robots else ()
        sections = site.SECTIONS.values()
        categories = dict.fromkeys(slug for section in sections for slug in section.categories.value)
        tags = [tag for section in sections for tag in section.tags.value]
        # One that several sections have says something of each.
        tags = sorted(dict.fromkeys(tags), key=lambda tag: -tags.count(tag))
        few = None if self.every_listing else 1
        for slug in list(categories)[:few]:
            yield self._ask("category", site.CATEGORY_URL.value.format(slug=quote(slug)))
        for slug in site.KICKERS.value[:1]:
            yield self._ask("kicker", site.KICKER_URL.value.format(slug=quote(slug)))
        for tag in tags[:few]:
            yield self._ask("tag", site.TAG_URL.value.format(slug=quote(tag)))
        for url in [*sitemaps, *site.SITEMAP_PATHS.value][:_SITEMAPS]:
            yield self._ask("sitemap", url)
        yield self._ask("old article", f"/news/{_OLD}")
        yield self._ask("missing", site.CATEGORY_URL.value.format(slug=_MISSING))

    def _ask(self, kind: str, url: str, by: Request | None = None, **meta: Any) -> Request:
        by = by or Request(url if url.startswith("http") else self.root + url)
        meta["handle_httpstatus_list"] = [*range(400, 600)]
        if kind in _PAGE_KINDS:
            meta |= RequestInfo(page_kind=_PAGE_KINDS[kind]).as_meta()
        return by.replace(
            callback=self.answered,
            errback=self.failed,
            dont_filter=True,
            meta=meta,
            cb_kwargs={"kind": kind, "asked": by.url},
        )

    def answered(self, response: Response, kind: str, asked: str) -> Iterator[Request]:
        learned: LearnedRequest | None = response.meta.get("learned_request")
        note = f"{learned.method} {learned.url}" if learned else str(response.meta.get("load_more_note") or "")
        refusal = answer_cause(response) or ""
        # It may have shown only once the body was unpacked.
        if response.request in self.recorder.exchanges:
            self.recorder.exchanges[response.request].refusal = refusal
        sample = Sample(kind, asked, response, self.root, datetime.now(UTC), refusal, note)
        self.visit.samples.append(sample)
        if not sample.is_answered:
            return
        if kind in ("category", "kicker", "tag"):
            if kind == "category" and self._pager is None:
                self._pager = self.visit.pager()
                yield from self._ask_further_pages()
            # A tag may have one article alone, and each form of address is tried on another.
            if kind == "category" or len(sample.listing.cards) >= _FORMS:
                yield from self._ask_articles(sample.listing)
        elif kind == "pressed" and learned:
            yield from self._ask_second_page("page 2 by press", Way.LEARNED, learned)
        elif kind == "article":
            found = site_markup.read(sample.page)
            if not (found and found.headline and found.paragraphs):
                for key, record in self.known.items():
                    if key not in self._article_keys:
                        yield self._ask("known article", urls.moved_to(record.url, self.root))

    def _ask_further_pages(self) -> Iterator[Request]:
        """The category's second page by each way that a crawl would try."""
        if not self._pager or not self._pager.first.has_more:
            return
        yield from self._ask_second_page("page 2 by query", Way.QUERY)
        yield from self._ask_second_page("page 2 by page data", Way.NEXT_DATA)
        if configuration_of(self.crawler).browser != "never" and missing_part() is None:
            yield self._ask("pressed", self._pager.url, learn_load_more=True)

    def _ask_second_page(self, kind: str, way: Way, learned: LearnedRequest | None = None) -> Iterator[Request]:
        if self._pager and (by := page_request(self._pager, way, 2, root=self.root, learned=learned)):
            yield self._ask(kind, by.url, by)

    def _ask_articles(self, listing: Listing) -> Iterator[Request]:
        """Articles under each form of their address, and a video: from the first listing that shows any."""
        articles = [card for card in listing.cards if card.kind in (None, site.ARTICLE_KIND.value)]
        if self._article_keys or not articles:
            return
        # Where page data does not tell the kinds apart, an article of the corpus surely is one.
        articles.sort(key=lambda card: card.kind is None and card.key not in self.known)
        # Others than the first: each is a further page that the selectors are tried on.
        first, second, third = (articles[number % len(articles)] for number in range(_FORMS))
        self._article_keys = {first.key, second.key, third.key}
        yield self._ask("article", first.url)
        yield self._ask("without slug", f"/news/{second.key}")
        yield self._ask("with locale", f"/{site.LOCALES.value[-1]}/news/{third.key}")
        if listing.build:
            locale = listing.locale or site.LOCALES.value[0]
            address = {"build": quote(listing.build), "locale": locale, "path": f"/news/{first.key}"}
            yield self._ask("article data", f"{site.NEXT_DATA_URL.value.format(**address)}?id={first.key}")
        for card in [card for card in (*listing.others, *listing.cards) if card.kind == "video"][:1]:
            yield self._ask("video", card.url)

    def failed(self, failure: Failure) -> None:
        request: Request = failure.request  # type: ignore[attr-defined]
        cause, nothing = failure_cause(failure), Response(request.url, status=0)
        self.visit.samples.append(
            Sample(root=self.root, now=datetime.now(UTC), response=nothing, failure=cause, **request.cb_kwargs)
        )
        logger.warning("%s: %s", request.url, cause)

    def closed(self, reason: str) -> None:
        self.visit.is_interrupted = reason == "shutdown"


# --- recording ----------------------------------------------------------------------------------


class Recorder:
    """Counts every exchange of a visit, and keeps it in the archive where there is one.

    It is a downloader middleware as well, next to the downloader: it sees redirects, repeated requests, and bodies that
    are still compressed. https://docs.scrapy.org/en/latest/topics/downloader-middleware.html
    """

    def __init__(self, visit: Visit, archive: ArchiveWriter | None = None) -> None:
        self.visit, self.archive = visit, archive
        self.problem = ""  # with the archive
        self.exchanges: dict[Request | None, Exchange] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Recorder:
        recorder: Recorder = crawler.spider.recorder  # type: ignore[union-attr]
        return recorder

    def process_request(self, request: Request) -> None:
        kind = "robots" if request_info(request).is_robots else str(request.cb_kwargs.get("kind", "other"))
        self.exchanges[request] = Exchange(kind, request, datetime.now(UTC))

    def process_response(self, request: Request, response: Response) -> Response:
        self._note(request, response=response, refusal=answer_cause(response) or "")
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        if request not in self.exchanges:  # it was refused before it came here
            self.process_request(request)
        self._note(request, failure=failure_cause(exception))

    def _note(self, request: Request, **answer: Any) -> None:
        self.exchanges[request] = exchange = replace(self.exchanges[request], **answer)
        self.record(exchange)

    def record(self, exchange: Exchange) -> None:
        """An archive that fails is left, and the visit goes on."""
        self.visit.exchanges.append(exchange)
        try:
            if self.archive:
                self.archive.append(records_of(exchange))
        except ArchiveUnwritable as error:
            self.archive, self.problem = None, str(error)

    def close(self) -> None:
        """Give the archive its name and its index."""
        try:
            if self.archive:
                self.archive.close(datetime.now(UTC), {"requests": len(self.visit.exchanges)})
        except ArchiveUnwritable as error:
            self.problem = str(error)


def records_of(exchange: Exchange) -> bytes:
    """The WARC records of an exchange: answer and request, the rendered page, or a note that no answer came."""
    request, response, when = exchange.request, exchange.response, exchange.when
    note = {"doctor": exchange.kind}
    if response is None:
        event = {"kind": exchange.kind, "method": request.method, "url": request.url, "failure": exchange.failure}
        return event_record("no_answer", when, event)
    if is_rendered(response):
        return rendered_record(request.url, when, response.body, note)
    answer = Answer(response.status, header_pairs(response.headers), response.body, response.protocol or "HTTP/1.1")
    sent, content, method = header_pairs(request.headers), request.body, request.method
    return answer_records(request.url, when, answer, note, method=method, sent=sent, content=content)


def open_archive(folder: str, root: str, *, max_bytes: int) -> ArchiveWriter:
    """A new `doctor-<UTC time>.warc.gz` in the folder, which is made. ConfigurationError where it cannot be written."""
    path, now = Path(folder).expanduser(), datetime.now(UTC)
    about = {"description": f"what scrapy doctor asked of {root} and was answered"}
    try:
        path.mkdir(parents=True, exist_ok=True)
        return ArchiveWriter(path, f"doctor-{now:%Y%m%dT%H%M%SZ}", now, about, max_bytes=max_bytes, is_run=False)
    except (OSError, ArchiveUnwritable) as error:
        reason = f"it cannot be written: {error.strerror}" if isinstance(error, OSError) else str(error)
        raise ConfigurationError(f"--save {folder}: {reason}") from None
