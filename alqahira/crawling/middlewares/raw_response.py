"""Article pages as received, for the archive: with their Content-Encoding and all headers.

https://docs.scrapy.org/en/latest/topics/downloader-middleware.html. It sees a response before Scrapy decompresses its
body and drops the header.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.exceptions import NotConfigured

from alqahira.crawling.browser.handler import IN_BROWSER
from alqahira.crawling.request_info import note, request_info
from alqahira.extraction.items import RawResponse, header_pairs
from alqahira.settings.configuration import configuration_of

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response


class RawResponseMiddleware:
    """Keeps the raw response of an article page in its request's `RequestInfo`; NotConfigured without an archive."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        if not configuration_of(crawler).archive:
            raise NotConfigured
        return cls()

    def process_response(self, request: Request, response: Response) -> Response:
        if request_info(request).page_kind == "article":
            raw = None  # a page that the browser filled is kept as rendered, not as the empty shell that came first
            if response.status == 200 and not request.meta.get(IN_BROWSER):
                raw = RawResponse(
                    response.status, header_pairs(response.headers), response.body, response.protocol or "HTTP/1.1"
                )
            note(request, raw_response=raw)
        return response
