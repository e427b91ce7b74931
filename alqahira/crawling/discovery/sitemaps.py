"""One door to the articles: sitemaps and feeds, as robots.txt, an index or a listing names them."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from scrapy import Request
from scrapy.http import Response
from twisted.python.failure import Failure

from alqahira import site
from alqahira.crawling.discovery.frontier import Frontier
from alqahira.crawling.middlewares.robots import RobotsMiddleware
from alqahira.crawling.run import Run
from alqahira.extraction.extractor import Hints
from alqahira.extraction.sitemap import read_sitemap
from alqahira.ledger.frontier import Link
from alqahira.monitoring.causes import failure_cause
from alqahira.settings.arguments import CrawlArguments
from alqahira.text.dates import start_of_cairo_day

logger = logging.getLogger(__name__)

_PRIORITY = 10


class Sitemaps:
    """Each file is read once a run, as far back as the run goes. `reach_back`: one of them leads there."""

    def __init__(self, run: Run, arguments: CrawlArguments, frontier: Frontier) -> None:
        self._run, self._arguments, self._frontier = run, arguments, frontier
        self._configuration, self._root = run.configuration, run.configuration.site_url
        self._seen: set[str] = set()
        self._older: set[str] = set()  # the shapes of the files' names that an index dates before the asked days
        self.reach_back = False

    async def urls(self) -> list[str]:
        """What robots.txt names, else the usual places."""
        robots = self._run.crawler.get_downloader_middleware(RobotsMiddleware)
        named = (await robots.rules(self._root)).sitemaps if robots else ()
        return [*named] or [self._root + path for path in site.SITEMAP_PATHS.value]

    @property
    def begin(self) -> datetime:
        """The moment up to which sitemaps are read back."""
        if self._arguments.since:
            return start_of_cairo_day(self._arguments.since)
        return datetime.now(UTC) - timedelta(days=self._configuration.sitemap_days)

    def request(self, url: str) -> Request:
        self._seen.add(url)
        return Request(url, callback=self.parse, errback=self.failed, priority=_PRIORITY, dont_filter=True)

    def new_request(self, url: str) -> Iterator[Request]:
        """A file that another one names: none where it is known, or where there are too many."""
        if url in self._seen:
            return
        if len(self._seen) >= self._configuration.max_sitemaps:
            if not self._run.account.notes["sitemap_bound"]:
                logger.warning("Sitemaps have no end: left after %d files", len(self._seen))
            self._run.account.notes["sitemap_bound"] += 1
            return
        yield self.request(url)

    def parse(self, response: Response) -> Iterator[Request]:
        """A sitemap index, a sitemap, a news sitemap or a feed: the files and articles of the asked days."""
        sitemap = read_sitemap(response.body, response.url, root=self._root, now=datetime.now(UTC))
        self._run.account.listings["sitemaps"] += 1
        if sitemap.is_cut:
            logger.warning("Sitemap %s is larger than sitemaps.org allows: its end was not read", response.url)
            self._run.account.notes["sitemap_cut"] += 1
        begin = self.begin
        self.reach_back |= any(entry.date is not None and entry.date < begin for entry in sitemap.entries)
        for child in sitemap.sitemaps:
            if child.date is None or child.date >= begin:
                yield from self.new_request(child.url)
            else:
                self._older.add(_shape(child.url))
        # What an index dates before the asked days lists articles where it is named as this file is.
        self.reach_back |= bool(sitemap.entries) and _shape(response.url) in self._older
        links = []
        for entry in sitemap.entries:
            if entry.date is None and not self._arguments.since and not sitemap.is_news:
                continue  # of unknown age, in a file that may hold the whole archive
            if entry.date is not None and entry.date < begin:
                continue
            links.append(Link(entry.key, entry.url, response.url, entry.published, entry.modified))
            self._frontier.hint(entry.key, Hints(listing_headline=entry.headline, sitemap_date=entry.published))
        self._frontier.enqueue(self._frontier.discover(links))

    def failed(self, failure: Failure) -> None:
        request: Request = failure.request  # type: ignore[attr-defined]
        cause = failure_cause(failure)
        self._run.account.listings[f"sitemap_{cause}"] += 1
        logger.info("Sitemap %s failed: %s", request.url, cause)


def _shape(url: str) -> str:
    """A file's address without its numbers: of all months the same."""
    return re.sub(r"\d+", "#", url.removesuffix(".gz"))
