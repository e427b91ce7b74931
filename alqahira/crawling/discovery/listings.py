"""One way to the articles: the listings of categories and tags, page by page as far back as the run goes."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from scrapy import Request
from scrapy.http import Response
from twisted.python.failure import Failure

from alqahira import site
from alqahira.crawling.discovery.depth import Pager, Way, page_request, ways_left
from alqahira.crawling.discovery.frontier import Frontier
from alqahira.crawling.discovery.sitemaps import Sitemaps
from alqahira.crawling.request_info import RequestInfo
from alqahira.crawling.run import Run
from alqahira.extraction import urls
from alqahira.extraction.extractor import Hints
from alqahira.extraction.listing import Card, Listing, read_listing
from alqahira.extraction.load_more import LearnedRequest
from alqahira.ledger.frontier import Link, Standing
from alqahira.monitoring.causes import answer_cause, failure_cause, is_transient
from alqahira.settings.arguments import CrawlArguments

logger = logging.getLogger(__name__)

_PRIORITY = 20
_PAGE = RequestInfo(page_kind="listing").as_meta()
_NOT_THAT_PAGE = "not_that_page"
# After so many listings of a kind for which no way worked, the others are not tried.
_ENOUGH = 2
# What is wrong where a listing cannot be read past its first page.
_DEPTH_FACTS = "PAGE_QUERY, NEXT_DATA_URL and LOAD_MORE of alqahira/site.py"
# What the ledger keeps for the next run, by kind of listing: the request that a press makes, and the way that works.
_LEARNED, _WAY = "load_more/{}", "way/{}"


class Listings:
    """They go deeper than their first page with `since`, or back to what earlier runs have settled."""

    def __init__(
        self, run: Run, section: site.Section, arguments: CrawlArguments, frontier: Frontier, sitemaps: Sitemaps
    ) -> None:
        self._run, self._section, self._arguments = run, section, arguments
        self._frontier, self._sitemaps = frontier, sitemaps
        self._configuration, self._root = run.configuration, run.configuration.site_url
        self._is_incremental = run.ledger.last_completed_run(section.name) is not None
        self._goes_deeper = bool(arguments.since) or self._is_incremental
        self._ways: dict[str, Way] = {}  # that work, by kind of listing
        self._hopeless: Counter[str] = Counter()  # listings of a kind for which no way worked
        # While one listing tries the ways, the others of its kind wait for what it finds.
        self._trying: dict[str, Pager] = {}
        self._waiting: defaultdict[str, list[Pager]] = defaultdict(list)
        self._to_learn: list[Pager] = []
        self._learned: dict[str, LearnedRequest | None] = {}
        self._asked_browser: set[str] = set()
        self._unjoined: list[Pager] = []

    def urls(self) -> Iterator[str]:
        """The first page of each."""
        for slug in self._section.categories.value:
            yield self._root + site.CATEGORY_URL.value.format(slug=quote(slug))
        for tag in self._section.tags.value:
            yield self._root + site.TAG_URL.value.format(slug=quote(tag))

    def first_request(self, url: str) -> Request:
        self._run.account.listings["asked"] += 1
        return self._request(Pager(url), url, number=1)

    def _request(
        self,
        pager: Pager,
        url: str,
        *,
        number: int,
        way: Way | None = None,
        is_page: bool | None = None,
        **options: Any,
    ) -> Request:
        # What answers with JSON is no page that a browser could fill.
        is_page = way not in (Way.NEXT_DATA, Way.LEARNED) if is_page is None else is_page
        return Request(
            url,
            callback=self.parse,
            errback=self.failed,
            priority=_PRIORITY,
            dont_filter=True,
            meta=_PAGE if is_page else {},
            cb_kwargs={"pager": pager, "number": number, "way": way},
            **options,
        )

    # --- one page -----------------------------------------------------------------------------

    def parse(self, response: Response, pager: Pager, number: int, way: Way | None) -> Iterator[Request]:
        """One page of a listing: its articles, and the next page where the run goes deeper."""
        if cause := answer_cause(response):
            yield from self._no_page(pager, number, way, cause)
            return
        listing = read_listing(response.body, response.url, root=self._root, now=datetime.now(UTC))
        if number == 1 and way is not None:  # asked again for its build alone
            pager.first = listing
            yield from self._next_by(pager, way)
            return
        if way not in (None, Way.LINK) and not pager.is_page(listing, number):
            yield from self._no_page(pager, number, way, _NOT_THAT_PAGE)
            return
        if way is None:
            pager.first = listing
            self._run.account.listings["answered" if listing.cards else "empty"] += 1
        elif way is not Way.LINK and pager.way is None:
            pager.way = way
            yield from self._works(pager, way)
        pager.is_refreshed = False
        pager.says_its_end = listing.has_more is not None and listing.info.current_page in (None, number)
        self._take(pager, listing, response)
        yield from self._go_on(pager, listing, response.url)
        for url in listing.feed_urls:
            yield from self._sitemaps.new_request(url)

    def _take(self, pager: Pager, listing: Listing, response: Response) -> None:
        for card in listing.cards:
            more = Hints(listing_headline=card.headline, listing_date=card.date, section=listing.section)
            self._frontier.hint(card.key, more)
        links = [_link(card, pager.url) for card in listing.cards]
        beside = [_link(card, pager.url) for card in listing.others]
        discoveries = self._frontier.discover([*links, *beside])
        self._frontier.enqueue(discoveries)
        processed = {found.link.key for found in discoveries if found.processed}
        known = {found.link.key for found in discoveries if found.standing not in (Standing.NEW, Standing.PENDING)}
        # What is pinned stands on top whatever its age: it neither ends a search nor joins two pages.
        pager.trail.add([link for link in links if not link.is_pinned], processed, known)
        if pager.trail.gap:
            self._note_gap(response.url, pager.trail.gap)

    def _go_on(self, pager: Pager, listing: Listing, url: str) -> Iterator[Request]:
        trail = pager.trail
        stop = trail.stop_reason(
            overlap=self._configuration.overlap,
            max_pages=self._configuration.max_listing_pages,
            since=self._arguments.since,
        )
        if stop == "bound":
            logger.warning("Listing %s has no end: left after %d pages", url, trail.pages)
            self._run.account.notes["listing_bound"] += 1
        if stop == "undated":
            self._too_shallow(pager, f"its first {trail.pages} pages, which say nothing of their articles' dates")
        if stop or not self._goes_deeper or listing.has_more is False:
            return
        if listing.next_urls:
            yield self._request(pager, listing.next_urls[0], number=trail.pages + 1, way=Way.LINK)
        elif pager.way is not None:
            yield from self._next_by(pager, pager.way)
        else:
            yield from self._try(pager)

    def _next_by(self, pager: Pager, way: Way) -> Iterator[Request]:
        """The next page by a way that works."""
        number = pager.trail.pages + 1
        requests = [*self._ask(pager, way, number)]
        yield from requests
        if not requests:
            self._note_gap(pager.url, f"its page {number} can no longer be asked for by way of {way.value}")

    # --- the ways to go on --------------------------------------------------------------------

    def _try(self, pager: Pager) -> Iterator[Request]:
        """Go on by the way that is known to work, else try each, one listing of a kind at a time."""
        kind = pager.kind
        if kind in self._ways:
            pager.prefer(self._ways[kind])
        elif self._hopeless[kind] >= _ENOUGH:
            self._only_first_page(pager)
            return
        elif kind in self._trying and self._trying[kind] is not pager:
            self._waiting[kind].append(pager)
            return
        else:
            self._trying[kind] = pager
            pager.prefer(self._remembered(kind))
        yield from self._next_way(pager)

    def _remembered(self, kind: str) -> Way | None:
        """The way that worked for an earlier run."""
        kept = self._run.ledger.learned(_WAY.format(kind))
        return next((way for way in Way if way.value == kept), None)

    def _next_way(self, pager: Pager) -> Iterator[Request]:
        for way in ways_left(pager):
            if way is Way.LEARNED and self._learned_for(pager.kind) is None and pager.kind not in self._asked_browser:
                pager.untried.insert(0, way)
                self._to_learn.append(pager)
                return
            asked = [*self._ask(pager, way, pager.trail.pages + 1)]
            if asked:
                yield from asked
                return
        self._hopeless[pager.kind] += not pager.met_errors
        self._only_first_page(pager)
        yield from self._release(pager)

    def _ask(self, pager: Pager, way: Way, number: int) -> Iterator[Request]:
        learned = self._learned_for(pager.kind) if way is Way.LEARNED else None
        if request := page_request(pager, way, number, root=self._root, learned=learned):
            yield self._request(
                pager,
                request.url,
                number=number,
                way=way,
                method=request.method,
                headers=dict(request.headers),
                body=request.body or "",
            )

    def _works(self, pager: Pager, way: Way) -> Iterator[Request]:
        if way is not Way.LINK and self._ways.get(pager.kind) is not way:
            logger.info("Listings of kind %s go on by way of %s", pager.kind, way.value)
            self._ways[pager.kind] = way
            self._run.ledger.learn(_WAY.format(pager.kind), way.value)
        yield from self._release(pager)

    def _release(self, pager: Pager) -> Iterator[Request]:
        """Let those go on that waited for what this listing would find."""
        if self._trying.get(pager.kind) is pager:
            del self._trying[pager.kind]
        for other in self._waiting.pop(pager.kind, []):
            yield from self._try(other)

    def _no_page(self, pager: Pager, number: int, way: Way | None, cause: str) -> Iterator[Request]:
        """A page that did not come: another way where this one is not known to work, else a gap."""
        if way is None:
            self._first_page_failed(pager, cause)
        elif way is Way.NEXT_DATA and self._ways.get(pager.kind) is way and not pager.is_refreshed:
            pager.is_refreshed = True  # it works for others: the site may have been built anew meanwhile
            yield self._request(pager, pager.url, number=1, way=way, is_page=True)
        elif pager.way is way and cause == _NOT_THAT_PAGE and not pager.says_its_end:
            return  # that was its last page
        elif pager.way is None and (cause.startswith("http_") or not is_transient(cause)):
            pager.met_errors |= is_transient(cause)
            if way is Way.LEARNED and pager.kind not in self._asked_browser:
                self._forget(pager.kind)
                pager.untried.insert(0, way)
            yield from self._next_way(pager)
        else:
            self._note_gap(pager.url, f"its page {number} did not come ({cause})")
            yield from self._release(pager)

    def _only_first_page(self, pager: Pager) -> None:
        """No way leads on: older articles can be reached by a sitemap alone."""
        if self._arguments.since:
            self._too_shallow(pager, f"its first page{pager.extent()}; no way to the next one works ({_DEPTH_FACTS})")
        elif not pager.trail.overlaps_known:
            self._unjoined.append(pager)

    def _too_shallow(self, pager: Pager, line: str) -> None:
        """Note that a listing was not read as far back as the run was asked to go."""
        self._run.account.shallow.append(f"{pager.url}: {line}")
        logger.warning("Listing %s: %s", pager.url, line)

    def note_unjoined(self) -> None:
        """Listings that show only what is new, with more behind, and no sitemap that reaches back."""
        unjoined, self._unjoined = self._unjoined, []
        if self._sitemaps.reach_back:
            return
        for pager in unjoined:
            what = f"it shows new articles only, its first page{pager.extent()}; what follows is in no sitemap"
            self._note_gap(pager.url, what)

    def _note_gap(self, url: str, what: str) -> None:
        self._run.account.gap(f"{url}: {what}")
        logger.warning("Gap in listing %s: %s", url, what)

    # --- what a press asks for ----------------------------------------------------------------

    def to_learn(self) -> Iterator[Request]:
        """When nothing else is left: open a listing in the browser to see what one press of its control asks for."""
        waiting, self._to_learn = self._to_learn, []
        if not waiting:
            return
        if self._sitemaps.reach_back:  # a sitemap leads where the control would
            self._trying.clear()
            self._waiting.clear()
            return
        for kind in dict.fromkeys(pager.kind for pager in waiting):
            pagers = [pager for pager in waiting if pager.kind == kind]
            self._asked_browser.add(kind)
            yield Request(
                pagers[0].url,
                callback=self.parse_learned,
                errback=self.learning_failed,
                priority=_PRIORITY,
                dont_filter=True,
                meta={**_PAGE, "learn_load_more": True},
                cb_kwargs={"pagers": pagers},
            )

    def parse_learned(self, response: Response, pagers: list[Pager]) -> Iterator[Request]:
        kind, learned = pagers[0].kind, response.meta.get("learned_request")
        self._learned[kind] = learned
        if learned is not None:
            self._run.ledger.learn(_LEARNED.format(kind), learned.to_json())
            logger.info("Learned what the load-more control of %s asks for", response.url)
        else:
            why = response.meta.get("load_more_note") or "no browser opened the page"
            logger.warning("Nothing was learned from the load-more control of %s: %s", response.url, why)
        for pager in pagers:
            yield from self._next_way(pager)

    def learning_failed(self, failure: Failure) -> Iterator[Request]:
        request: Request = failure.request  # type: ignore[attr-defined]
        logger.warning("Listing %s in the browser: %s", request.url, failure_cause(failure))
        for pager in request.cb_kwargs["pagers"]:
            yield from self._next_way(pager)

    def _learned_for(self, kind: str) -> LearnedRequest | None:
        """What was learned for a kind of listing, by this run or an earlier one."""
        if kind not in self._learned:
            kept = self._run.ledger.learned(_LEARNED.format(kind))
            try:
                self._learned[kind] = LearnedRequest.from_json(kept) if kept else None
            except ValueError:  # of another version of this program
                self._learned[kind] = None
        return self._learned[kind]

    def _forget(self, kind: str) -> None:
        """What an earlier run learned no longer works."""
        self._learned[kind] = None
        self._run.ledger.learn(_LEARNED.format(kind), None)

    # --- failures -----------------------------------------------------------------------------

    def failed(self, failure: Failure) -> Iterator[Request]:
        request: Request = failure.request  # type: ignore[attr-defined]
        kwargs = request.cb_kwargs
        yield from self._no_page(kwargs["pager"], kwargs["number"], kwargs["way"], failure_cause(failure))

    def _first_page_failed(self, pager: Pager, cause: str) -> None:
        self._run.account.listings[cause] += 1
        # A desk that is gone is news, a tag that the site does not have is none.
        is_news = cause != "http_404" or pager.kind == urls.beginning(site.CATEGORY_URL.value).strip("/")
        logger.log(logging.WARNING if is_news else logging.INFO, "Listing %s: %s", pager.url, cause)


def _link(card: Card, listing_url: str) -> Link:
    return Link(card.key, card.url, listing_url, card.date, is_listed=True, kind=card.kind, is_pinned=card.is_pinned)
