"""One site and no other: no request leaves it, whoever made it and wherever an answer points.

Scrapy's own middleware lets a request with `dont_filter` go anywhere, and all of ours carry that flag. This one looks
at the host alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alqahira.crawling.request_info import request_info
from alqahira.extraction.urls import is_on_site
from alqahira.monitoring import causes
from alqahira.settings.configuration import configuration_of

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response


class OffsiteGuardMiddleware:
    """Refuses requests to other hosts than that of ALQAHIRA_SITE_URL (`www.` or not), with the cause `offsite`.

    A robots.txt may be redirected to another host (RFC 9309, section 2.3.1.2); nothing else may. A redirect,
    3xx or meta refresh, comes by here as a request of its own. A browser follows redirects without asking:
    what it brings from elsewhere is refused when it comes.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self._root = configuration_of(crawler).site_url

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> OffsiteGuardMiddleware:
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        if not request_info(request).is_robots:
            self._check(request.url)

    def process_response(self, request: Request, response: Response) -> Response:
        if not request_info(request).is_robots:
            self._check(response.url)
        return response

    def _check(self, url: str) -> None:
        if not url.lower().startswith(("http://", "https://")) or not is_on_site(url, self._root):
            raise causes.refused(self.crawler, causes.OFFSITE, url)
