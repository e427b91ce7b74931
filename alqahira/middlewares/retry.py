"""Trying again, politely: Retry-After for the host that sent it, a growing back-off without it, and a budget.

429 and 503 are about the host, so all of its requests wait; any other transient error is about one request,
so that one waits.
"""

from __future__ import annotations

import logging
import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scrapy import Request, signals
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.http import Response
from scrapy.utils.response import response_status_message

from alqahira.middlewares import causes
from alqahira.middlewares.holds import Holds, holds_of
from alqahira.middlewares.retry_after import backoff_seconds, retry_after_seconds

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.spiders import Spider

logger = logging.getLogger(__name__)

# Set by the compression middleware on an answer that ended before it was whole.
TRUNCATED_FLAG = "truncated"
_OVERLOADED = (429, 503)  # RFC 6585, section 4; RFC 9110, section 15.6.4
_BUDGET_SHARE = 0.2  # further retries that each answer earns


class PoliteRetryMiddleware(RetryMiddleware):
    """Scrapy's retries with waiting in between.

    https://docs.scrapy.org/en/latest/topics/downloader-middleware.html#module-scrapy.downloadermiddlewares.retry
    """

    _first_backoff: float  # seconds
    _longest_backoff: float  # seconds
    _budget: float  # retries left
    _holds: Holds
    _chance: random.Random

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> PoliteRetryMiddleware:
        middleware = super().from_crawler(crawler)
        settings = crawler.settings
        middleware._first_backoff = settings.getfloat("ALQAHIRA_BACKOFF_BASE", 1.0)
        middleware._longest_backoff = settings.getfloat("ALQAHIRA_BACKOFF_MAX", 60.0)
        middleware._budget = settings.getfloat("ALQAHIRA_RETRY_BUDGET", 50.0)
        middleware._holds = holds_of(crawler)
        middleware._chance = random.Random()
        # This signal comes before the downloader starts the host's next queued request; process_response after.
        crawler.signals.connect(middleware._heed_answer, signal=signals.response_downloaded)
        return middleware

    async def process_request(self, request: Request) -> None:
        """Keeps a request back while its host is to be left alone, or gives it up if that would be too long."""
        assert self.crawler.engine is not None
        key = self.crawler.engine.downloader.get_slot_key(request)
        while seconds := self._holds.remaining(key):
            if seconds > self._holds.longest:
                raise causes.refused(self.crawler, causes.RETRY_AFTER_TOO_LONG, f"{seconds:.0f} s for {request.url}")
            if not await self._holds.pause(seconds):
                raise causes.refused(self.crawler, causes.RUN_ENDING, request.url)

    async def process_response(  # type: ignore[override]  # Scrapy awaits it
        self, request: Request, response: Response, spider: Spider | None = None
    ) -> Request | Response:
        if TRUNCATED_FLAG in response.flags:
            return await self._again(request, causes.TRUNCATED) or self._refuse_truncated(request)
        if response.status not in self.retry_http_codes:
            return response
        return await self._again(request, response_status_message(response.status), response.status) or response

    async def process_exception(  # type: ignore[override]
        self, request: Request, exception: Exception, spider: Spider | None = None
    ) -> Request | Response | None:
        return await self._again(request, exception) if isinstance(exception, self.exceptions_to_retry) else None

    async def _again(self, request: Request, reason: str | Exception, status: int = 0) -> Request | None:
        """The request to send instead, after its wait; None where it is given up."""
        assert self.crawler.stats is not None
        if request.meta.get("dont_retry"):
            return None
        retry = self._retry(request, reason)
        if retry is None or status in _OVERLOADED:  # these wait for their host, not here
            return retry
        if not await self._holds.pause(self._backoff(request)):
            return None
        return retry

    def _retry(self, request: Request, reason: str | Exception | type[Exception]) -> Request | None:
        assert self.crawler.stats is not None
        if self._budget < 1:
            if not self.crawler.stats.get_value("retry/budget_exhausted"):
                logger.warning("No retries left in this run (ALQAHIRA_RETRY_BUDGET): failing requests fail at once")
            self.crawler.stats.inc_value("retry/budget_exhausted")
            return None
        retry = super()._retry(request, reason)
        if retry is not None:
            self._budget -= 1
        return retry

    def _heed_answer(self, response: Response, request: Request) -> None:
        """Holds the host of a 429 or 503 for as long as it says, or for a back-off; other answers earn retries."""
        if response.status not in _OVERLOADED:
            self._budget += _BUDGET_SHARE
            return
        assert self.crawler.engine is not None
        assert self.crawler.stats is not None
        key = self.crawler.engine.downloader.get_slot_key(request)
        asked = retry_after_seconds(_header(response, "Retry-After"), date=_header(response, "Date"), now=_now())
        seconds = self._backoff(request) if asked is None else asked
        self.crawler.stats.inc_value(f"alqahira/held/{'backoff' if asked is None else 'retry_after'}")
        self.crawler.stats.max_value("alqahira/held/longest_seconds", seconds)
        level = logging.WARNING if seconds > self._holds.longest else logging.INFO
        logger.log(level, "%s answered %d: left alone for %.1f s", key, response.status, seconds)
        self._holds.hold(key, seconds)

    def _backoff(self, request: Request) -> float:
        attempt = request.meta.get("retry_times", 0) + 1
        return backoff_seconds(attempt, base=self._first_backoff, longest=self._longest_backoff, chance=self._chance)

    def _refuse_truncated(self, request: Request) -> Response:
        raise causes.refused(self.crawler, causes.TRUNCATED, request.url)


def _header(response: Response, name: str) -> str | None:
    value = response.headers.get(name)
    return value.decode("latin-1") if value else None


def _now() -> datetime:
    return datetime.now(UTC)
