"""How a section is crawled: from its listings and sitemaps to its articles.

Everything met is told to the ledger first, so that a crawl that dies leaves its frontier behind; every
article taken up is settled in the run's account, here or in the pipelines.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Container, Iterable, Iterator
from datetime import UTC, datetime, time, timedelta
from time import monotonic
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from scrapy import Request, Spider, signals
from scrapy.exceptions import DontCloseSpider
from scrapy.http import Response
from scrapy.utils.defer import _schedule_coro
from twisted.python.failure import Failure

from alqahira import paging, site, urls
from alqahira.account import Outcome
from alqahira.arguments import CrawlArguments
from alqahira.dates import cairo_day
from alqahira.extensions.run import Run
from alqahira.extract import Hints, read_page
from alqahira.frontier import Discovery, Link, Standing
from alqahira.listing import read_listing, read_sitemap
from alqahira.middlewares.causes import RUN_ENDING, failure_cause, is_transient
from alqahira.middlewares.robots import RobotsMiddleware
from alqahira.middlewares.wire import WIRE, Wire, pairs
from alqahira.page import CrawledArticle, FetchedPage, PageVisit

logger = logging.getLogger(__name__)

Results = Iterator[Request | CrawledArticle]

_CAIRO = ZoneInfo(site.TIME_ZONE.value)
_LISTING_PRIORITY, _SITEMAP_PRIORITY = 20, 10
_REQUESTS_AT_ONCE = 200


class SectionSpider(Spider):
    """Base of the spiders. Arguments: `since`, `until` (YYYY-MM-DD, Cairo days), `max_articles`."""

    section: ClassVar[site.Section]

    def __init__(self, name: str | None = None, **given: Any) -> None:
        super().__init__(name)
        self.arguments = CrawlArguments.parse(given, today=cairo_day(datetime.now(UTC)))

    async def start(self) -> AsyncIterator[Any]:
        self.run = self._run()
        self.run.max_articles = self.arguments.max_articles
        self.root = self.run.configuration.site_url
        self._is_incremental = self.run.ledger.has_completed_run(self.section.name)
        self._goes_deeper = bool(self.arguments.since) or self._is_incremental
        self._sitemaps_seen: set[str] = set()
        # Doors first: an article is fetched when all that lists it has said what it knows of it.
        self._waiting: list[tuple[Link, Discovery | None]] = []
        # Known and not due, unless another door says that they have changed.
        self._resting: set[str] = set()
        # Another run is fetching them; what it finds may be this run's to take.
        self._elsewhere: dict[str, Link] = {}
        self._progress = monotonic()
        self._hints: dict[str, Hints] = {}
        # Listings whose load-more control may lead to `since`, and whether a sitemap leads there as well.
        self._behind_load_more: list[str] = []
        self._sitemap_reaches = False
        # Listings that do not reach back to what is known.
        self._unjoined: list[str] = []
        self.crawler.signals.connect(self.go_on, signal=signals.spider_idle)
        for url in self._listing_urls():
            yield self._listing_request(url, paging.Trail())
        for url in await self._sitemap_urls():
            yield self._sitemap_request(url)
        self._wait_for_known()

    def _wait_for_known(self) -> None:
        """What an earlier run left behind, and what is due to be asked about again."""
        now, limit = datetime.now(UTC), self.settings.getint("ALQAHIRA_MAX_REVISITS")
        for link in self.run.ledger.pending(self.section.name):
            if self.run.account.take(link.key):
                self._waiting.append((link, None))
        for discovery in self.run.ledger.due(self.section.name, now, limit):
            if self.run.account.take(discovery.link.key):
                self._waiting.append((discovery.link, discovery))

    def _run(self) -> Run:
        run = self.crawler.get_extension(Run)
        assert run is not None
        return run

    def go_on(self) -> None:
        """When all that was asked has answered: the listings behind a load-more control, the articles, the others'."""
        self._note_unjoined()
        requests = [*self._opened_listings()] or [*self._article_requests()]
        waits = False
        if not requests and not self.run.is_full:
            waits = self._waits_for_others()
            if waits:
                requests = [*self._requests_from_elsewhere()]
            waits |= self._adopt_other_months()
        if self.run.is_full or not (requests or waits):
            return
        for request in requests:
            self.crawler.engine.crawl(request)
        raise DontCloseSpider

    # --- listings -----------------------------------------------------------------------------

    def _listing_urls(self) -> Iterator[str]:
        for slug in self.section.categories.value:
            yield self.root + site.CATEGORY_URL.value.format(slug=quote(slug))
        for tag in self.section.tags.value:
            yield self.root + site.TAG_URL.value.format(slug=quote(tag))

    def _listing_request(self, url: str, trail: paging.Trail, *, load_more: dict[str, Any] | None = None) -> Request:
        if not trail.pages and load_more is None:
            self.run.account.listings["asked"] += 1
        return Request(
            url,
            callback=self.parse_listing,
            errback=self.listing_failed,
            priority=_LISTING_PRIORITY,
            dont_filter=True,
            meta={"page_kind": "listing"} | ({"load_more": load_more} if load_more else {}),
            cb_kwargs={"trail": trail},
        )

    def parse_listing(self, response: Response, trail: paging.Trail) -> Results:
        """One page of a listing: its articles, and the next page where the run goes deeper."""
        now = datetime.now(UTC)
        listing = read_listing(response.body, response.url, root=self.root, now=now)
        if not trail.pages:
            self.run.account.listings["answered" if listing.cards else "empty"] += 1
        for card in listing.cards:
            self._hint(card.key, Hints(listing_headline=card.headline, listing_date=card.date))
        links = [Link(card.key, card.url, response.url, card.date, is_listed=True) for card in listing.cards]
        links += self._links_of_page_data(response, known={link.key for link in links})
        discoveries = self._discover(links)
        yield from self._take_up(discoveries)
        trail.add(links, {found.link.key for found in discoveries if found.settled})
        if trail.gap:
            self._note_gap(response.url, trail.gap)
        stop = trail.why_stop(
            overlap=self.settings.getint("ALQAHIRA_OVERLAP"),
            max_pages=self.settings.getint("ALQAHIRA_MAX_LISTING_PAGES"),
            since=self.arguments.since,
        )
        if stop == "bound":
            logger.warning("Listing %s has no end: left after %d pages", response.url, trail.pages)
            self.run.account.notes["listing_bound"] += 1
        if self._goes_deeper and not stop:
            for url in listing.next_urls[:1]:
                yield self._listing_request(url, trail)
            if self.arguments.since and listing.has_load_more and "load_more" not in response.meta:
                self._behind_load_more.append(response.url)
            elif not self.arguments.since and listing.has_load_more and not listing.next_urls and not trail.is_joined:
                self._unjoined.append(response.url)
        for url in listing.feed_urls:
            yield from self._new_sitemap(url)

    def _note_gap(self, url: str, what: str) -> None:
        self.run.account.gap(f"{url}: {what}")
        logger.warning("Gap in listing %s: %s", url, what)

    def _note_unjoined(self) -> None:
        """Listings that show only what is new, with more behind: what lies between is seen by a sitemap or by none."""
        unjoined, self._unjoined = self._unjoined, []
        if self._sitemap_reaches or not self._is_incremental:
            return
        for url in unjoined:
            self._note_gap(url, "it shows new articles only; what follows is behind its control and in no sitemap")

    def _opened_listings(self) -> Iterator[Request]:
        """Listings to open in the browser: `since` lies behind their control, and no sitemap reaches it."""
        waiting, self._behind_load_more = self._behind_load_more, []
        if self._sitemap_reaches:
            return
        plan = {"until": self._sitemap_begin(), "max_clicks": self.settings.getint("ALQAHIRA_MAX_LOAD_MORE_CLICKS")}
        for url in waiting:
            yield self._listing_request(url, paging.Trail(), load_more=plan)

    def _links_of_page_data(self, response: Response, known: Container[str]) -> list[Link]:
        """Articles that only the JSON answers name which a rendered page has fetched."""
        found = {}
        for address in response.meta.get("browser_links") or ():
            url = urls.canonical_url(address, root=self.root)
            key = urls.article_id(url)
            if key not in known:
                found[key] = Link(key, url, response.url, is_listed=True)
        return list(found.values())

    def listing_failed(self, failure: Failure) -> None:
        request: Request = failure.request  # type: ignore[attr-defined]
        cause = failure_cause(failure)
        self.run.account.listings[cause] += 1
        # A tag that the site does not have is no news: many are guesses.
        logger.log(logging.INFO if cause == "http_404" else logging.WARNING, "Listing %s: %s", request.url, cause)

    # --- sitemaps and feeds -------------------------------------------------------------------

    async def _sitemap_urls(self) -> list[str]:
        """What robots.txt names, else the usual places."""
        robots = self.crawler.get_downloader_middleware(RobotsMiddleware)
        named = await robots.sitemaps(self.root) if robots else []
        return [*named] or [self.root + path for path in site.SITEMAP_PATHS.value]

    def _sitemap_request(self, url: str) -> Request:
        self._sitemaps_seen.add(url)
        return Request(
            url,
            callback=self.parse_sitemap,
            errback=self.sitemap_failed,
            priority=_SITEMAP_PRIORITY,
            dont_filter=True,
        )

    def _new_sitemap(self, url: str) -> Iterator[Request]:
        if url in self._sitemaps_seen:
            return
        if len(self._sitemaps_seen) >= self.settings.getint("ALQAHIRA_MAX_SITEMAPS"):
            if not self.run.account.notes["sitemap_bound"]:
                logger.warning("Sitemaps have no end: left after %d files", len(self._sitemaps_seen))
            self.run.account.notes["sitemap_bound"] += 1
            return
        yield self._sitemap_request(url)

    def parse_sitemap(self, response: Response) -> Results:
        """A sitemap index, a sitemap, a news sitemap or a feed: the files and articles of the asked days."""
        sitemap = read_sitemap(response.body, response.url, root=self.root, now=datetime.now(UTC))
        self.run.account.listings["sitemaps"] += 1
        if sitemap.is_cut:
            logger.warning("Sitemap %s is larger than sitemaps.org allows: its end was not read", response.url)
            self.run.account.notes["sitemap_cut"] += 1
        begin = self._sitemap_begin()
        dates = [entry.date for entry in sitemap.entries] + [child.date for child in sitemap.sitemaps]
        self._sitemap_reaches |= any(date is not None and date < begin for date in dates)
        for child in sitemap.sitemaps:
            if child.date is None or child.date >= begin:
                yield from self._new_sitemap(child.url)
        links = []
        for entry in sitemap.entries:
            if entry.date is None and not self.arguments.since and not sitemap.is_news:
                continue  # of unknown age, in a file that may hold the whole archive
            if entry.date is not None and entry.date < begin:
                continue
            links.append(Link(entry.key, entry.url, response.url, entry.published, entry.modified))
            self._hint(entry.key, Hints(listing_headline=entry.headline, sitemap_date=entry.published))
        yield from self._take_up(self._discover(links))

    def _sitemap_begin(self) -> datetime:
        """The moment up to which sitemaps are read back."""
        if self.arguments.since:
            return datetime.combine(self.arguments.since, time.min, _CAIRO)
        return datetime.now(UTC) - timedelta(days=self.settings.getint("ALQAHIRA_SITEMAP_DAYS"))

    def sitemap_failed(self, failure: Failure) -> None:
        request: Request = failure.request  # type: ignore[attr-defined]
        cause = failure_cause(failure)
        self.run.account.listings[f"sitemap_{cause}"] += 1
        logger.info("Sitemap %s failed: %s", request.url, cause)

    # --- articles -----------------------------------------------------------------------------

    def _discover(self, links: Iterable[Link]) -> list[Discovery]:
        asked = [link for link in links if self.arguments.covers(cairo_day(link.date) if link.date else None)]
        return self.run.ledger.discover(asked, section=self.section.name, run_id=self.run.run_id, now=datetime.now(UTC))

    def _hint(self, key: str, more: Hints) -> None:
        self._hints[key] = self._hints.get(key, Hints()).joined(more)

    def _take_up(self, discoveries: Iterable[Discovery]) -> Iterator[CrawledArticle]:
        """Each article once a run: download it, ask whether it changed, or leave it as it is known."""
        for discovery in discoveries:
            link = discovery.link
            self.run.met[link.key] = None
            if discovery.standing is Standing.RESTING:
                self._resting.add(link.key)
            elif discovery.standing is Standing.ELSEWHERE:
                self._elsewhere[link.key] = link
            elif self.run.is_full or not self.run.account.take(link.key):
                continue
            elif discovery.standing is Standing.SET_ASIDE:
                yield from self._adopt(link)
            else:
                self._waiting.append((link, discovery))

    def _adopt(self, link: Link) -> Iterator[CrawledArticle]:
        kept = self.run.ledger.set_aside_article(link.key, self.section.topic)
        if kept:
            yield kept
        else:
            self._waiting.append((link, None))

    def _requests_from_elsewhere(self) -> Iterator[Request]:
        """When all else is done: what the runs that were at them have made of the pages they had first."""
        asked, self._elsewhere = self._elsewhere, {}
        for discovery in self._discover(asked.values()):
            link, standing = discovery.link, discovery.standing
            if standing is Standing.ELSEWHERE:
                self._elsewhere[link.key] = link
            elif not self.run.account.take(link.key):
                continue
            elif standing is Standing.SET_ASIDE:
                self._adopt_now(link)
            elif standing in (Standing.NEW, Standing.PENDING):
                self._waiting.append((link, discovery))  # that run is gone, or has given it up
            else:
                self.run.settle(link.key, Outcome.UNCHANGED, "other_run")
        if len(self._elsewhere) < len(asked):
            self._progress = monotonic()
        yield from self._article_requests()

    def _adopt_now(self, link: Link) -> None:
        for kept in self._adopt(link):
            _schedule_coro(self.crawler.engine.scraper.start_itemproc_async(kept, response=None))

    def _adopt_other_months(self) -> bool:
        """A month takes what other months' runs have fetched and found to be of this one; whether there was any."""
        since, until = self.arguments.since, self.arguments.until
        if self.run.ledger.store.takes_revisits or since is None or until is None:
            return False
        begin, end = (datetime.combine(day, time.min, _CAIRO) for day in (since, until + timedelta(days=1)))
        found = self.run.ledger.set_aside_pages(self.section.name, begin, end)
        mine = [link for link in found if self.run.account.take(link.key)]
        for link in mine:
            self.run.met[link.key] = None
            self._adopt_now(link)
        return bool(mine)

    def _waits_for_others(self) -> bool:
        """Whether another run is still getting on with pages that this one has met as well."""
        patience = self.settings.getfloat("ALQAHIRA_OTHERS_PATIENCE")
        if self._elsewhere and monotonic() - self._progress > patience:
            logger.warning("%d articles are left to another run that does not get on with them", len(self._elsewhere))
            self.run.account.notes["left_to_another_run"] += len(self._elsewhere)
            self._elsewhere = {}
        return bool(self._elsewhere)

    def _article_requests(self) -> Iterator[Request]:
        resting, self._resting = self._resting, set()
        for key in resting:
            if self.run.account.take(key):
                self.run.settle(key, Outcome.UNCHANGED, "not_due")
        # A request weighs ten times what its link does, and a backfill may wait for a year of them.
        batch, self._waiting = self._waiting[:_REQUESTS_AT_ONCE], self._waiting[_REQUESTS_AT_ONCE:]
        for link, discovery in batch:
            yield self._article_request(link, discovery)

    def _article_request(self, link: Link, discovery: Discovery | None) -> Request:
        headers = {}
        if discovery and discovery.etag:
            headers["If-None-Match"] = discovery.etag
        if discovery and discovery.last_modified:
            headers["If-Modified-Since"] = discovery.last_modified
        return Request(
            urls.moved_to(link.url, self.root),
            callback=self.parse_article,
            errback=self.article_failed,
            headers=headers,
            dont_filter=True,
            meta={"handle_httpstatus_list": [304], "page_kind": "article"},
            cb_kwargs={"link": link},
        )

    def parse_article(self, response: Response, link: Link) -> Iterator[CrawledArticle]:
        """One article page, or the site's word that it has not changed."""
        now = datetime.now(UTC)
        visit = PageVisit(
            key=link.key,
            url=response.url,
            fetched=now,
            etag=_header(response, "ETag"),
            last_modified=_header(response, "Last-Modified"),
            discovered_on=link.discovered_on,
        )
        if response.status == 304:
            if not _is_conditional(response.request):
                self._lost(link, "not_modified_unasked", retry=True)
                return
            self.run.ledger.unchanged(visit, self.run.run_id)
            self.run.settle(link.key, Outcome.UNCHANGED, "not_modified")
            return
        page = _fetched(response, visit, link, self._hints_of(link))
        yield from self.read_article(page, response.body)

    def read_article(self, page: FetchedPage, body: bytes) -> Iterator[CrawledArticle]:
        """The article of a page, now or out of the archive; `body` is the page's, decompressed."""
        reading = read_page(body, page.visit.url, now=page.visit.fetched, hints=page.hints)
        for disagreement in reading.disagreements:
            self.run.account.notes[f"disagreement/{disagreement.field}"] += 1
        if reading.article is None:
            # Kept too: a better extractor may find the article.
            if self.run.keep(page):
                link = Link(page.visit.key, page.link_url)
                self._lost(link, reading.cause or "no_article", retry=False, now=page.visit.fetched)
            return
        self.run.account.saw(reading.sources)
        yield CrawledArticle(article=reading.article, visit=page.visit, page=page)

    def _hints_of(self, link: Link) -> Hints:
        """What the doors said of an article, in this run or in the one that left it behind."""
        is_sitemap = link.discovered_on is not None and urlsplit(link.discovered_on).path.endswith((".xml", ".xml.gz"))
        kept = Hints(sitemap_date=link.date) if is_sitemap else Hints(listing_date=link.date)
        return self._hints.pop(link.key, Hints()).joined(kept)

    def article_failed(self, failure: Failure) -> None:
        request: Request = failure.request  # type: ignore[attr-defined]
        cause = failure_cause(failure)
        if cause == RUN_ENDING:
            return  # it was never asked for: left to the next run
        self._lost(request.cb_kwargs["link"], cause, retry=is_transient(cause))

    def _lost(self, link: Link, cause: str, *, retry: bool, now: datetime | None = None) -> None:
        when = now or datetime.now(UTC)
        if self.run.ledger.fail(link.key, cause, retry=retry, now=when, run_id=self.run.run_id):
            self.run.account.notes["given_up"] += 1
        self.run.settle(link.key, Outcome.FAILED, cause)
        logger.warning("No article from %s: %s", link.url, cause)


def _fetched(response: Response, visit: PageVisit, link: Link, hints: Hints) -> FetchedPage:
    wire = response.meta.get(WIRE) or Wire(pairs(response.headers), response.body, "")
    return FetchedPage(
        visit=visit,
        link_url=link.url,
        hints=hints,
        body=wire.body,
        headers=wire.headers,
        status=response.status,
        protocol=wire.protocol,
        request_headers=pairs(response.request.headers) if response.request else (),
        is_rendered="browser" in response.flags,
    )


def _is_conditional(request: Request | None) -> bool:
    return request is not None and ("If-None-Match" in request.headers or "If-Modified-Since" in request.headers)


def _header(response: Response, name: str) -> str | None:
    value = response.headers.get(name)
    return value.decode("latin-1") if value else None
