"""Articles from the sitemaps and feeds that robots.txt, a sitemap index or a listing names."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from scrapy import Request
from scrapy.http import Response
from twisted.python.failure import Failure

from alqahira import site
from alqahira.crawling.discovery.article_queue import ArticleQueue
from alqahira.crawling.middlewares.robots import RobotsMiddleware
from alqahira.crawling.run import Run
from alqahira.extraction.reading import Hints
from alqahira.extraction.sitemap import read_sitemap
from alqahira.ledger.frontier import Link
from alqahira.monitoring.causes import failure_cause
from alqahira.settings.arguments import CrawlArguments
from alqahira.text.dates import start_of_cairo_day

logger = logging.getLogger(__name__)

_PRIORITY = 10


class Sitemaps:
    """Reads each file once a run, for articles since `since` or of the last ALQAHIRA_SITEMAP_DAYS days.

    `reach_back`: a sitemap lists articles back to that day.
    """

    def __init__(self, run: Run, arguments: CrawlArguments, articles: ArticleQueue) -> None:
        self._run, self._articles, self._max_files = run, articles, run.configuration.max_sitemaps
        self._since = arguments.since
        self._begin = (
            start_of_cairo_day(arguments.since)
            if arguments.since
            else datetime.now(UTC) - timedelta(days=run.configuration.sitemap_days)
        )
        self._requested: set[str] = set()
        self._older: set[str] = set()  # name patterns of the files that an index dates before the requested days
        self.reach_back = False

    async def start_requests(self) -> list[Request]:
        """The files that robots.txt names, else those at the usual paths."""
        root = self._run.configuration.site_url
        robots = self._run.crawler.get_downloader_middleware(RobotsMiddleware)
        named = (await robots.rules(root)).sitemaps if robots else ()
        return [*self.requests(named or [root + path for path in site.SITEMAP_PATHS.value])]

    def requests(self, urls: Iterable[str]) -> Iterator[Request]:
        """Requests for files that were not requested before, up to ALQAHIRA_MAX_SITEMAPS in all."""
        for url in urls:
            if url in self._requested:
                continue
            if len(self._requested) >= self._max_files:
                if not self._run.stats.notes["sitemap_bound"]:
                    logger.warning("Sitemaps have no end: left after %d files", self._max_files)
                self._run.stats.notes["sitemap_bound"] += 1
                continue
            self._requested.add(url)
            yield Request(url, callback=self.parse, errback=self.failed, priority=_PRIORITY, dont_filter=True)

    def parse(self, response: Response) -> Iterator[Request]:
        """A sitemap index, a sitemap, a news sitemap or a feed: the files and articles of the requested days."""
        root = self._run.configuration.site_url
        sitemap = read_sitemap(response.body, response.url, root=root, now=datetime.now(UTC))
        self._run.stats.listings["sitemaps"] += 1
        if sitemap.is_cut:
            logger.warning("Sitemap %s is larger than sitemaps.org allows: its end was not read", response.url)
            self._run.stats.notes["sitemap_cut"] += 1
        self._older |= {_pattern(file.url) for file in sitemap.sitemaps if file.date and file.date < self._begin}
        yield from self.requests(file.url for file in sitemap.sitemaps if not file.date or file.date >= self._begin)
        self.reach_back |= any(entry.date is not None and entry.date < self._begin for entry in sitemap.entries)
        # Files that an index dates before the requested days list articles, if one of the same pattern does.
        self.reach_back |= bool(sitemap.entries) and _pattern(response.url) in self._older
        links = []
        for entry in sitemap.entries:
            # Without a date its age is unknown, and the file may list the whole archive.
            is_wanted = entry.date >= self._begin if entry.date else self._since or sitemap.is_news
            if is_wanted:
                links.append(Link(entry.key, entry.url, response.url, entry.published, entry.modified))
                self._articles.add_hints(
                    entry.key, Hints(listing_headline=entry.headline, sitemap_date=entry.published)
                )
        self._articles.add(links)

    def failed(self, failure: Failure) -> None:
        request: Request = failure.request  # type: ignore[attr-defined]
        cause = failure_cause(failure)
        self._run.stats.listings[f"sitemap_{cause}"] += 1
        logger.info("Sitemap %s failed: %s", request.url, cause)


def _pattern(url: str) -> str:
    """A file's address without its numbers: the same for every month."""
    return re.sub(r"\d+", "#", url.removesuffix(".gz"))
