"""Articles from the listings of categories and tags, page by page as far back as the run goes."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from urllib.parse import quote

from scrapy import Request
from scrapy.http import Response
from twisted.python.failure import Failure

from alqahira import site
from alqahira.crawling.discovery.article_queue import ArticleQueue
from alqahira.crawling.discovery.pager import Pager, PagingMethod, page_request
from alqahira.crawling.discovery.sitemaps import Sitemaps
from alqahira.crawling.request_info import RequestInfo, request_info
from alqahira.crawling.run import Run
from alqahira.extraction import urls
from alqahira.extraction.items import header_text
from alqahira.extraction.listing import Card, Listing, read_listing
from alqahira.extraction.load_more import LearnedRequest
from alqahira.extraction.reading import Hints
from alqahira.extraction.shown_text import shown_text
from alqahira.ledger.frontier import Link, Standing
from alqahira.ledger.same_article import text_label
from alqahira.monitoring.causes import TOO_LARGE, answer_cause, failure_cause, is_transient
from alqahira.settings.arguments import CrawlArguments

logger = logging.getLogger(__name__)

_PRIORITY = 20
_PAGE = RequestInfo(page_kind="listing").as_meta()
_NOT_THAT_PAGE = "not_that_page"
# A method that failed for this many listings of a kind, and worked for none, is not tried on the others.
_MAX_FAILURES = 2
# The facts to check if a listing cannot be read past its first page.
_DEPTH_FACTS = "PAGE_QUERY, NEXT_DATA_URL and LOAD_MORE of alqahira/site.py"
# What the ledger keeps for the next run, by kind of listing: the request that a press makes, and the method that works.
_LEARNED, _METHOD = "load_more/{}", "way/{}"


@dataclass
class _Kind:
    """How the listings of one kind (categories, tags) are paged.

    While one of them tries the methods, the others wait for its result.
    """

    name: str
    method: PagingMethod | None = None  # worked for another listing, or for an earlier run
    is_proven: bool = False  # in this run
    failures: Counter[PagingMethod] = field(default_factory=Counter)
    trying: Pager | None = None
    waiting: list[Pager] = field(default_factory=list)
    learned: LearnedRequest | None = None
    is_pressed: bool = False  # this run has tried to learn from the load-more control
    to_press: list[Pager] = field(default_factory=list)


class Listings:
    """Reads past the first pages with `since`, or after a complete run, back to what that one knew."""

    def __init__(
        self, run: Run, section: site.Section, arguments: CrawlArguments, articles: ArticleQueue, sitemaps: Sitemaps
    ) -> None:
        self._run, self._section, self._arguments = run, section, arguments
        self._articles, self._sitemaps = articles, sitemaps
        self._root = run.configuration.site_url
        self._goes_deeper = bool(arguments.since) or run.ledger.last_completed_run(section.name) is not None
        self._kinds: dict[str, _Kind] = {}
        # Their first page shows only new articles, and no paging method works.
        self._unjoined: list[Pager] = []

    def start_requests(self) -> Iterator[Request]:
        """The first page of each listing of the section."""
        for address, slugs in (
            (site.CATEGORY_URL.value, self._section.categories.value),
            (site.TAG_URL.value, self._section.tags.value),
        ):
            for slug in slugs:
                url = self._root + address.format(slug=quote(slug))
                self._run.stats.listings["asked"] += 1
                yield self._with_callbacks(Request(url), Pager(url), 1)

    def _with_callbacks(
        self, request: Request, pager: Pager, number: int, method: PagingMethod | None = None
    ) -> Request:
        # Only a page can be an empty shell that the browser fills; further pages by these methods are JSON.
        is_json = number > 1 and method in (PagingMethod.NEXT_DATA, PagingMethod.LEARNED)
        return request.replace(
            callback=self.parse,
            errback=self.failed,
            priority=_PRIORITY,
            dont_filter=True,
            meta={} if is_json else _PAGE,
            cb_kwargs={"pager": pager, "number": number, "method": method},
        )

    def _kind(self, pager: Pager) -> _Kind:
        if pager.kind not in self._kinds:
            kind = self._kinds[pager.kind] = _Kind(pager.kind)
            ledger = self._run.ledger
            stored = ledger.remembered(_METHOD.format(kind.name))
            kind.method = next((method for method in PagingMethod if method == stored), None)
            with suppress(ValueError):  # of another version of this program
                kind.learned = LearnedRequest.from_json(ledger.remembered(_LEARNED.format(kind.name)) or "")
        return self._kinds[pager.kind]

    # --- one page -----------------------------------------------------------------------------

    def parse(self, response: Response, pager: Pager, number: int, method: PagingMethod | None) -> Iterator[Request]:
        """One page of a listing: its articles, and the next page where the run goes deeper.

        `method` is how it was requested, None for the first page.
        """
        if cause := answer_cause(response):
            yield from self._page_failed(pager, number, method, cause)
            return
        kind = header_text(response.headers, "Content-Type")
        listing = read_listing(response.body, response.url, root=self._root, now=datetime.now(UTC), content_type=kind)
        if listing.is_too_large:
            yield from self._page_failed(pager, number, method, TOO_LARGE)
            return
        if number == 1:
            pager.first = listing
            if method is not None:  # requested again for its build alone
                yield from self._next_page(pager)
                return
            self._run.stats.listings["answered" if listing.cards else "empty"] += 1
            if not listing.cards:
                self._run.failures.add_listing(text_label(shown_text(response.body, kind)))
        elif method is not PagingMethod.LINK:
            if not pager.is_page(listing, number):
                yield from self._page_failed(pager, number, method, _NOT_THAT_PAGE)
                return
            if pager.method is None:
                pager.method = method
                yield from self._note_method(pager)
        pager.is_refreshed = False
        pager.knows_its_end = listing.has_more is not None and listing.info.current_page in (None, number)
        self._add_articles(pager, listing)
        if pager.state.gap:
            self._note_gap(response.url, pager.state.gap)
        if self._goes_deeper and not self._is_at_end(pager) and listing.has_more is not False:
            if listing.next_urls:
                yield self._with_callbacks(
                    Request(listing.next_urls[0]), pager, pager.state.pages + 1, PagingMethod.LINK
                )
            else:
                yield from self._next_page(pager)
        yield from self._sitemaps.requests(listing.feed_urls)

    def _add_articles(self, pager: Pager, listing: Listing) -> None:
        for card in listing.cards:
            self._articles.add_hints(
                card.key, Hints(listing_headline=card.headline, listing_date=card.date, section=listing.section)
            )
        links = [_link(card, pager.url) for card in listing.cards]
        discoveries = self._articles.add([*links, *(_link(card, pager.url) for card in listing.others)])
        processed = {discovery.link.key for discovery in discoveries if discovery.processed}
        known = {d.link.key for d in discoveries if d.standing not in (Standing.NEW, Standing.PENDING)}
        # A pinned story is on top at any age: it neither ends paging nor joins two pages.
        pager.state.add([link for link in links if not link.is_pinned], processed, known)

    def _is_at_end(self, pager: Pager) -> bool:
        """Whether the listing has been read as far back as the run goes, or up to a bound."""
        configuration, pages = self._run.configuration, pager.state.pages
        reason = pager.state.stop_reason(
            overlap=configuration.overlap, max_pages=configuration.max_listing_pages, since=self._arguments.since
        )
        if reason == "bound":
            logger.warning("Listing %s has no end: left after %d pages", pager.url, pages)
            self._run.stats.notes["listing_bound"] += 1
        if reason == "undated":
            self._note_first_page_only(pager, f"its first {pages} pages, which show no dates of articles")
        return reason is not None

    # --- the next page ------------------------------------------------------------------------

    def _next_page(self, pager: Pager) -> Iterator[Request]:
        """The next page, by the method that works for this listing, else by the first untried one that it has."""
        kind, number = self._kind(pager), pager.state.pages + 1
        if pager.method is None and not kind.is_proven:
            if kind.trying not in (None, pager):
                kind.waiting.append(pager)
                return
            kind.trying = pager
        while method := pager.method or pager.next_method(kind.method):
            if method is PagingMethod.LEARNED and kind.learned is None and not kind.is_pressed:
                pager.untried.append(method)
                kind.to_press.append(pager)
                return
            if method not in (pager.method, kind.method) and kind.failures[method] >= _MAX_FAILURES:
                continue
            if request := page_request(pager, method, number, root=self._root, learned=kind.learned):
                yield self._with_callbacks(request, pager, number, method)
                return
            if pager.method:
                self._note_gap(pager.url, f"its page {number} can no longer be requested by {method.value}")
                return
        if self._arguments.since:
            why = f"no method of paging works ({_DEPTH_FACTS})"
            self._note_first_page_only(pager, f"its first page{pager.extent()}; {why}")
        elif not pager.state.overlaps_known:
            self._unjoined.append(pager)
        yield from self._resume_waiting(pager)

    def _note_method(self, pager: Pager) -> Iterator[Request]:
        """Keep the method that gave a page for the other listings of the kind, and for later runs."""
        kind, method = self._kind(pager), pager.method
        if method is not None and kind.method is not method:
            kind.method = method
            logger.info("Listings of kind %s are paged by %s", kind.name, method.value)
            self._run.ledger.remember(_METHOD.format(kind.name), method.value)
        kind.is_proven = True
        yield from self._resume_waiting(pager)

    def _resume_waiting(self, pager: Pager) -> Iterator[Request]:
        """Continue with the listings that waited for this one's result."""
        kind = self._kind(pager)
        if kind.trying is pager:
            kind.trying, waiting, kind.waiting = None, kind.waiting, []
            for other in waiting:
                yield from self._next_page(other)

    def _page_failed(self, pager: Pager, number: int, method: PagingMethod | None, cause: str) -> Iterator[Request]:
        """Try another method where this one is not known to work, else note a gap."""
        kind = self._kind(pager)
        if method is None:
            self._run.stats.listings[cause] += 1
            # A category that is gone is a problem; a tag that the site lacks is not.
            is_problem = cause != "http_404" or kind.name == urls.path_prefix(site.CATEGORY_URL.value).strip("/")
            logger.log(logging.WARNING if is_problem else logging.INFO, "Listing %s: %s", pager.url, cause)
        elif method is PagingMethod.NEXT_DATA and kind.method is method and not pager.is_refreshed:
            pager.is_refreshed = True  # it works for others: the site may have a new build
            pager.untried.insert(0, method)
            yield self._with_callbacks(Request(pager.url), pager, 1, method)
        elif pager.method is method and cause == _NOT_THAT_PAGE and not pager.knows_its_end:
            return  # the page before was the last one
        elif pager.method is None and (cause.startswith("http_") or not is_transient(cause)):
            if method is PagingMethod.LEARNED and not kind.is_pressed:
                kind.learned = None  # what an earlier run learned no longer works
                self._run.ledger.remember(_LEARNED.format(kind.name), None)
                pager.untried.insert(0, method)
            else:
                kind.failures[method] += not is_transient(cause)
            yield from self._next_page(pager)
        else:
            self._note_gap(pager.url, f"its page {number} did not come ({cause})")
            yield from self._resume_waiting(pager)

    def failed(self, failure: Failure) -> Iterator[Request]:
        request: Request = failure.request  # type: ignore[attr-defined]
        yield from self._page_failed(**request.cb_kwargs, cause=failure_cause(failure))

    def _note_first_page_only(self, pager: Pager, line: str) -> None:
        """Note that a listing was not read as far back as the run was to go."""
        self._run.stats.first_page_only.append(f"{pager.url}: {line}")
        logger.warning("Listing %s: %s", pager.url, line)

    def _note_gap(self, url: str, line: str) -> None:
        self._run.stats.add_gap(f"{url}: {line}")
        logger.warning("Gap in listing %s: %s", url, line)

    def note_unjoined(self) -> None:
        """Note a gap for listings whose one readable page is all new articles, unless a sitemap reaches back."""
        unjoined, self._unjoined = self._unjoined, []
        for pager in [] if self._sitemaps.reach_back else unjoined:
            page = f"its first page{pager.extent()}"
            self._note_gap(pager.url, f"it shows new articles only, {page}; what follows is in no sitemap")

    # --- the load-more control ----------------------------------------------------------------

    def press_requests(self) -> Iterator[Request]:
        """One listing of each kind that needs it, in the browser, to learn what a press of its control requests.

        Call it once nothing else is left to do.
        """
        for kind in self._kinds.values():
            if self._sitemaps.reach_back:  # a sitemap makes the control unnecessary
                kind.to_press.clear()
            if kind.to_press and not kind.is_pressed:
                kind.is_pressed = True
                yield Request(
                    kind.to_press[0].url,
                    callback=partial(self.parse_pressed, kind),
                    errback=partial(self.parse_pressed, kind),
                    priority=_PRIORITY,
                    dont_filter=True,
                    meta=RequestInfo(page_kind="listing", learn_load_more=True).as_meta(),
                )

    def parse_pressed(self, kind: _Kind, result: Response | Failure) -> Iterator[Request]:
        """Keep what the press requested, and continue with the listings that waited."""
        if isinstance(result, Response):
            assert result.request is not None
            info = request_info(result.request)
            kind.learned, reason = info.learned_request, info.load_more_note or "no browser opened the page"
        else:
            reason = failure_cause(result)
        url = kind.to_press[0].url
        if kind.learned is not None:
            self._run.ledger.remember(_LEARNED.format(kind.name), kind.learned.to_json())
            logger.info("Learned what the load-more control of %s requests", url)
        else:
            logger.warning("Nothing was learned from the load-more control of %s: %s", url, reason)
        pagers, kind.to_press = kind.to_press, []
        for pager in pagers:
            yield from self._next_page(pager)


def _link(card: Card, listing_url: str) -> Link:
    return Link(card.key, card.url, listing_url, card.date, is_listed=True, kind=card.kind, is_pinned=card.is_pinned)
