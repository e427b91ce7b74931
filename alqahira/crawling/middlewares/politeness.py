"""When the next request to a host may be sent: Crawl-delay, Retry-After and back-off, all by its downloader slot.

A slot sends a request once `delay` seconds have passed since `lastseen`, and keeps the others in its queue. So a
Crawl-delay raises `delay`, and a pause moves `lastseen` into the future. Requests to other hosts continue. Failed
requests are retried within a budget, so that a site in trouble is left alone.
"""

from __future__ import annotations

import logging
import random
import re
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING

from scrapy import Request, signals
from scrapy.downloadermiddlewares.retry import RetryMiddleware, get_retry_request
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Response
from scrapy.utils.asyncio import create_looping_call
from scrapy.utils.response import response_status_message
from twisted.python.failure import Failure

from alqahira.crawling.browser.handler import downloads_cancelled
from alqahira.crawling.middlewares.base import Middleware
from alqahira.extraction.items import header_text, http_date
from alqahira.monitoring import causes
from alqahira.settings.configuration import configuration_of

if TYPE_CHECKING:
    from typing import Self

    from scrapy.core.downloader import Downloader, Slot
    from scrapy.crawler import Crawler
    from scrapy.spiders import Spider

logger = logging.getLogger(__name__)

_OVERLOADED = (429, 503)  # RFC 6585, section 4; RFC 9110, section 15.6.4
_CLOSING_CHECK = 1.0  # seconds between checks whether the run is closing; Scrapy has no signal when that begins
_CLOSING_CHECKS = 8  # of them, until what is still being downloaded is cancelled: a run ends within 15 seconds
_LEAST_DELAY = 0.001  # seconds; a slot without a delay does not look at `lastseen`
_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)
_BUDGET_SHARE = 0.2  # further retries that each answer earns


class HostDelays(Middleware):
    """Paces the requests to each host, and refuses those to a host whose Retry-After is too long.

    https://docs.scrapy.org/en/latest/topics/downloader-middleware.html
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._given_up: dict[str, float] = {}  # slot key: monotonic seconds until which nothing is sent there
        self._closing_check = create_looping_call(self._end_downloads_when_closing)
        self._checks_left = _CLOSING_CHECKS

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        delays = super().from_crawler(crawler)
        crawler.signals.connect(delays._start_check, signal=signals.spider_opened)
        crawler.signals.connect(delays._stop_check, signal=signals.spider_closed)
        # This signal is sent before the slot's next request; process_response is called after it.
        crawler.signals.connect(delays._handle_overload, signal=signals.response_downloaded)
        return delays

    def process_request(self, request: Request) -> None:
        seconds = self._given_up.get(self._downloader.get_slot_key(request), 0.0) - monotonic()
        if seconds > 0:
            raise self.refused(causes.RETRY_AFTER_TOO_LONG, f"{seconds:.0f} s for {request.url}")

    def set_crawl_delay(self, request: Request, seconds: float) -> None:
        """Keep at least `seconds` between two requests to the host, but no more than ALQAHIRA_CRAWL_DELAY_MAX.

        AutoThrottle uses it as its lower bound for all hosts; a crawl has one host.
        """
        key, longest = self._downloader.get_slot_key(request), self.configuration.crawl_delay_max
        if seconds > longest:
            logger.warning(
                "%s asks for Crawl-delay %g s; waiting %g s (ALQAHIRA_CRAWL_DELAY_MAX)", request.url, seconds, longest
            )
            seconds = longest
        if throttle := self.crawler.get_extension(AutoThrottle):
            throttle.mindelay = max(throttle.mindelay, seconds)
            throttle.maxdelay = max(throttle.maxdelay, seconds)
        # Scrapy drops a slot that was idle for a minute; a new one starts from these settings.
        given = self._downloader.per_slot_settings.get(key, {})
        delay = max(seconds, given.get("delay", self.crawler.settings.getfloat("DOWNLOAD_DELAY")))
        # Jitter would go below the delay half of the time.
        self._downloader.per_slot_settings[key] = {**given, "delay": delay, "jitter": 0}
        if slot := self._downloader.slots.get(key):
            slot.delay, slot.jitter = max(slot.delay, seconds), 0

    def back_off(self, request: Request) -> None:
        """Pause the request's host, for longer with each attempt at the request."""
        self._pause(request, self._backoff_seconds(request))

    def _handle_overload(self, response: Response, request: Request) -> None:
        """Pause the host of a 429 or 503 for the time of its Retry-After, else for a back-off."""
        if response.status not in _OVERLOADED:
            return
        value, date = (header_text(response.headers, name) for name in ("Retry-After", "Date"))
        retry_after = retry_after_seconds(value, date=date, now=datetime.now(UTC))
        seconds = self._backoff_seconds(request) if retry_after is None else retry_after
        self.stats.inc_value(f"alqahira/paused/{'backoff' if retry_after is None else 'retry_after'}")
        self.stats.max_value("alqahira/paused/longest_seconds", seconds)
        level = logging.WARNING if seconds > self.configuration.retry_after_max else logging.INFO
        key = self._downloader.get_slot_key(request)
        logger.log(level, "%s answered %d: left alone for %.1f s", key, response.status, seconds)
        self._pause(request, seconds)

    def _pause(self, request: Request, seconds: float) -> None:
        key = self._downloader.get_slot_key(request)
        slot = self._downloader.slots.get(key)
        until = monotonic() + seconds
        if seconds > self.configuration.retry_after_max:
            self._given_up[key] = max(self._given_up.get(key, 0.0), until)
            if slot:
                self._refuse_queued(slot, causes.RETRY_AFTER_TOO_LONG)
        elif slot:
            slot.delay = slot.delay or _LEAST_DELAY
            slot.lastseen = max(slot.lastseen, until)

    def _backoff_seconds(self, request: Request) -> float:
        attempt = int(request.meta.get("retry_times", 0)) + 1
        return backoff_seconds(attempt, base=self.configuration.backoff_base, longest=self.configuration.backoff_max)

    def _start_check(self) -> None:
        self._closing_check.start(_CLOSING_CHECK, now=False)

    def _stop_check(self) -> None:
        if self._closing_check.running:
            self._closing_check.stop()

    def _end_downloads_when_closing(self) -> None:
        """Refuse queued requests once the run is closing, and later cancel the others; Scrapy would wait for them."""
        engine = self.crawler.engine
        if engine and engine._slot and engine._slot.closing:
            for slot in self._downloader.slots.values():
                self._refuse_queued(slot, causes.RUN_ENDING)
            self._checks_left -= 1
            if self._checks_left < 0:
                self.crawler.signals.send_catch_log(downloads_cancelled)

    def _refuse_queued(self, slot: Slot, cause: str) -> None:
        while slot.queue:
            request, waiting = slot.queue.popleft()
            waiting.errback(Failure(self.refused(cause, request.url)))  # type: ignore[no-untyped-call]

    @property
    def _downloader(self) -> Downloader:
        assert self.crawler.engine is not None
        return self.crawler.engine.downloader


def host_delays(crawler: Crawler) -> HostDelays:
    """The delays of this crawl."""
    delays = crawler.get_downloader_middleware(HostDelays)
    assert delays is not None
    return delays


class PoliteRetryMiddleware(RetryMiddleware):
    """Scrapy's retries, with a back-off of the host and a budget (ALQAHIRA_RETRY_BUDGET).

    https://docs.scrapy.org/en/latest/topics/downloader-middleware.html#module-scrapy.downloadermiddlewares.retry
    """

    _budget: float  # retries left

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        middleware = super().from_crawler(crawler)
        middleware._budget = configuration_of(crawler).retry_budget
        return middleware

    def process_response(
        self, request: Request, response: Response, spider: Spider | None = None
    ) -> Request | Response:
        if response.status in self.retry_http_codes:
            return self._again(request, response_status_message(response.status)) or response
        self._budget += _BUDGET_SHARE
        return response

    def process_exception(
        self, request: Request, exception: Exception, spider: Spider | None = None
    ) -> Request | Response | None:
        if not isinstance(exception, self.exceptions_to_retry):
            return None
        return self._again(request, causes.failure_cause(exception))

    def _again(self, request: Request, reason: str) -> Request | None:
        """The request to send again; None if there are no retries left."""
        assert self.crawler.stats is not None
        assert self.crawler.spider is not None
        if self._budget < 1:
            if not self.crawler.stats.get_value("retry/budget_exhausted"):
                logger.warning("No retries left in this run (ALQAHIRA_RETRY_BUDGET): failing requests fail at once")
            self.crawler.stats.inc_value("retry/budget_exhausted")
            return None
        retry = get_retry_request(request, spider=self.crawler.spider, reason=reason)
        if retry is not None:
            self._budget -= 1
            host_delays(self.crawler).back_off(request)
        return retry


def retry_after_seconds(value: str | None, *, date: str | None = None, now: datetime) -> float | None:
    """The seconds of a Retry-After header (RFC 9110, section 10.2.3); None if it is invalid.

    `value` is a number of seconds or an HTTP date. A date counts from the answer's own `date` header, because the
    server's clock may be wrong, else from `now` (aware).
    """
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    until = http_date(text)
    return max(0.0, (until - (http_date(date or "") or now)).total_seconds()) if until else None


def backoff_seconds(attempt: int, *, base: float, longest: float) -> float:
    """Seconds before retry number `attempt` (from 1): doubling from `base`, at most `longest`, the upper half random.

    "Equal jitter": at least half the step, so that many clients neither hammer nor synchronize.
    """
    step = min(longest, base * 2.0 ** min(attempt - 1, 32))
    return random.uniform(step / 2, step)
