"""Retries within a budget, so that a site in trouble is not asked for ever; its host is left alone in between."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.downloadermiddlewares.retry import RetryMiddleware, get_retry_request
from scrapy.http import Response
from scrapy.utils.response import response_status_message

from alqahira.crawling.middlewares.politeness import host_delays
from alqahira.settings.configuration import configuration_of

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.spiders import Spider

logger = logging.getLogger(__name__)

_BUDGET_SHARE = 0.2  # further retries that each answer earns


class PoliteRetryMiddleware(RetryMiddleware):
    """Scrapy's retries, with a back-off of the host and a budget (ALQAHIRA_RETRY_BUDGET).

    https://docs.scrapy.org/en/latest/topics/downloader-middleware.html#module-scrapy.downloadermiddlewares.retry
    """

    _budget: float  # retries left

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> PoliteRetryMiddleware:
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
        return self._again(request, exception) if isinstance(exception, self.exceptions_to_retry) else None

    def _again(self, request: Request, reason: str | Exception) -> Request | None:
        """The request to send instead; None where it gives up."""
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
