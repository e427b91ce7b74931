"""robots.txt before anything else (RFC 9309): one fetch a host, for which every request waits.

Scrapy's own middleware takes a failing server for permission. This one cannot be switched off: ROBOTSTXT_OBEY has no
effect on it.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from scrapy import Request, signals
from scrapy.exceptions import StopDownload
from scrapy.http.request import NO_CALLBACK

from alqahira.crawling.middlewares.base import Middleware
from alqahira.crawling.middlewares.politeness import host_delays
from alqahira.crawling.middlewares.robots_rules import ALLOW_ALL, DISALLOW_ALL, MAX_BYTES, Rules, read_answer
from alqahira.crawling.request_info import RequestInfo, request_info
from alqahira.monitoring import causes

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

_FRESH = 24 * 3600.0  # seconds; RFC 9309, section 2.4
_RETRY_AFTER = 300.0  # seconds until an unreachable robots.txt is requested again


class RobotsMiddleware(Middleware):
    """Refuses what robots.txt disallows, with the cause `robots`, or `robots_unreachable` if it cannot be fetched.

    https://docs.scrapy.org/en/latest/topics/downloader-middleware.html · https://www.rfc-editor.org/rfc/rfc9309
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._tasks: dict[str, asyncio.Task[Rules]] = {}  # the last one for each host
        self._received: WeakKeyDictionary[Request, int] = WeakKeyDictionary()  # bytes

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        middleware = super().from_crawler(crawler)
        crawler.signals.connect(middleware._stop_at_limit, signal=signals.bytes_received)
        return middleware

    async def process_request(self, request: Request) -> None:
        if request_info(request).is_robots or urlsplit(request.url).scheme not in ("http", "https"):
            return
        rules = await self.rules(request.url)
        if not rules.allows(request.url):
            raise self.refused(rules.refusal, request.url)

    async def rules(self, url: str) -> Rules:
        """The rules of the URL's host. The first caller fetches them; all others wait for the same answer."""
        parts = urlsplit(url)
        authority = f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"
        task = self._tasks.get(authority)
        if task is None or (task.done() and monotonic() >= task.result().expires):
            task = asyncio.ensure_future(self._learn(authority, task.result() if task else None))
            self._tasks[authority] = task
        return await asyncio.shield(task)  # a cancelled caller must not cancel it for all

    async def _learn(self, authority: str, known: Rules | None) -> Rules:
        rules = await self._fetch(authority)
        expires = monotonic() + (_RETRY_AFTER if rules is DISALLOW_ALL else _FRESH)
        if rules is DISALLOW_ALL and known:
            rules = known  # RFC 9309, section 2.3.1.4: known rules hold while the host is unreachable
        if rules.crawl_delay:
            host_delays(self.crawler).set_crawl_delay(Request(f"{authority}/robots.txt"), rules.crawl_delay)
        return replace(rules, expires=expires)

    async def _fetch(self, authority: str) -> Rules:
        """One request through all other middlewares, so that guards, redirects and retries apply to it too."""
        assert self.crawler.engine is not None
        request = Request(
            f"{authority}/robots.txt",
            headers={"Accept": "text/plain", "Accept-Encoding": "identity"},  # so the limit counts what is parsed
            meta=RequestInfo(is_robots=True).as_meta(),
            callback=NO_CALLBACK,
            dont_filter=True,
        )
        try:
            response = await self.crawler.engine.download_async(request)
        except Exception as error:  # without an answer nothing may be fetched, for any reason
            cause = causes.failure_cause(error)
            rules = DISALLOW_ALL
        else:
            cause = f"http_{response.status}"
            rules = read_answer(response.status, response.body, response.url)
        self.stats.inc_value(f"alqahira/robots/{cause}")
        if rules is DISALLOW_ALL:
            self.stats.inc_value(f"alqahira/{causes.ROBOTS_UNREACHABLE}/{cause}")
            logger.warning("Cannot fetch %s/robots.txt (%s): nothing is fetched there", authority, cause)
        elif rules is ALLOW_ALL:
            logger.info("%s has no robots.txt (%s): everything may be fetched", authority, cause)
        return rules

    def _stop_at_limit(self, data: bytes, request: Request) -> None:
        """Stop downloading a robots.txt at MAX_BYTES; the received part is parsed."""
        if not request_info(request).is_robots:
            return
        received = self._received[request] = self._received.get(request, 0) + len(data)
        if received > MAX_BYTES:
            raise StopDownload(fail=False)
