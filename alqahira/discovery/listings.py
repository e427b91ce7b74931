"""The other door to the articles: the listings of categories and tags, page by page as far as the run goes."""

from __future__ import annotations

import logging
from collections.abc import Container, Iterator
from datetime import UTC, datetime
from urllib.parse import quote

from scrapy import Request
from scrapy.http import Response
from twisted.python.failure import Failure

from alqahira import paging, site, urls
from alqahira.arguments import CrawlArguments
from alqahira.discovery.intake import Intake
from alqahira.discovery.sitemaps import Sitemaps
from alqahira.extensions.run import Run
from alqahira.extract import Hints
from alqahira.frontier import Link
from alqahira.listing import read_listing
from alqahira.middlewares.causes import failure_cause
from alqahira.page import CrawledArticle

logger = logging.getLogger(__name__)

_PRIORITY = 20


class Listings:
    """They go deeper than their first page with `since`, or back to what earlier runs have settled."""

    def __init__(
        self, run: Run, section: site.Section, arguments: CrawlArguments, intake: Intake, sitemaps: Sitemaps
    ) -> None:
        self._run, self._section, self._arguments = run, section, arguments
        self._intake, self._sitemaps = intake, sitemaps
        self._settings, self._root = run.crawler.settings, run.configuration.site_url
        self._is_incremental = run.ledger.has_completed_run(section.name)
        self._goes_deeper = bool(arguments.since) or self._is_incremental
        # Those that do not reach back to what is known.
        self._unjoined: list[str] = []

    def urls(self) -> Iterator[str]:
        """The first page of each."""
        for slug in self._section.categories.value:
            yield self._root + site.CATEGORY_URL.value.format(slug=quote(slug))
        for tag in self._section.tags.value:
            yield self._root + site.TAG_URL.value.format(slug=quote(tag))

    def request(self, url: str, trail: paging.Trail) -> Request:
        if not trail.pages:
            self._run.account.listings["asked"] += 1
        return Request(
            url,
            callback=self.parse,
            errback=self.failed,
            priority=_PRIORITY,
            dont_filter=True,
            meta={"page_kind": "listing"},
            cb_kwargs={"trail": trail},
        )

    def parse(self, response: Response, trail: paging.Trail) -> Iterator[Request | CrawledArticle]:
        """One page of a listing: its articles, and the next page where the run goes deeper."""
        now = datetime.now(UTC)
        listing = read_listing(response.body, response.url, root=self._root, now=now)
        if not trail.pages:
            self._run.account.listings["answered" if listing.cards else "empty"] += 1
        for card in listing.cards:
            self._intake.hint(card.key, Hints(listing_headline=card.headline, listing_date=card.date))
        links = [Link(card.key, card.url, response.url, card.date, is_listed=True) for card in listing.cards]
        links += self._links_of_page_data(response, known={link.key for link in links})
        discoveries = self._intake.discover(links)
        yield from self._intake.take_up(discoveries)
        trail.add(links, {found.link.key for found in discoveries if found.settled})
        if trail.gap:
            self._note_gap(response.url, trail.gap)
        stop = trail.why_stop(
            overlap=self._settings.getint("ALQAHIRA_OVERLAP"),
            max_pages=self._settings.getint("ALQAHIRA_MAX_LISTING_PAGES"),
            since=self._arguments.since,
        )
        if stop == "bound":
            logger.warning("Listing %s has no end: left after %d pages", response.url, trail.pages)
            self._run.account.notes["listing_bound"] += 1
        if self._goes_deeper and not stop:
            for url in listing.next_urls[:1]:
                yield self.request(url, trail)
            if not self._arguments.since and listing.has_load_more and not listing.next_urls and not trail.is_joined:
                self._unjoined.append(response.url)
        for url in listing.feed_urls:
            yield from self._sitemaps.new_request(url)

    def _links_of_page_data(self, response: Response, known: Container[str]) -> list[Link]:
        """Articles that only the JSON answers name which a rendered page has fetched."""
        found = {}
        for address in response.meta.get("browser_links") or ():
            url = urls.canonical_url(address, root=self._root)
            key = urls.article_id(url)
            if key not in known:
                found[key] = Link(key, url, response.url, is_listed=True)
        return list(found.values())

    def note_unjoined(self) -> None:
        """Listings that show only what is new, with more behind: what lies between is seen by a sitemap or by none."""
        unjoined, self._unjoined = self._unjoined, []
        if self._sitemaps.reach_back or not self._is_incremental:
            return
        for url in unjoined:
            self._note_gap(url, "it shows new articles only; what follows is behind its control and in no sitemap")

    def _note_gap(self, url: str, what: str) -> None:
        self._run.account.gap(f"{url}: {what}")
        logger.warning("Gap in listing %s: %s", url, what)

    def failed(self, failure: Failure) -> None:
        request: Request = failure.request  # type: ignore[attr-defined]
        cause = failure_cause(failure)
        self._run.account.listings[cause] += 1
        # A tag that the site does not have is no news: many are guesses.
        logger.log(logging.INFO if cause == "http_404" else logging.WARNING, "Listing %s: %s", request.url, cause)
