"""Article pages as they came over the wire, for the archive: with their Content-Encoding, and all of their headers.

https://docs.scrapy.org/en/latest/topics/downloader-middleware.html. It stands before the decompression, which
gives the spider another body and takes the header away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scrapy.exceptions import NotConfigured
from scrapy.http import Headers as ScrapyHeaders

from alqahira.browser.handler import IN_BROWSER
from alqahira.configuration import configuration_of

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from alqahira.page import Headers

# request.meta: the Wire of the answer.
WIRE = "wire"


class Wire(NamedTuple):
    """An answer before it was decompressed; `protocol` as in «HTTP/1.1»."""

    headers: Headers
    body: bytes
    protocol: str


class KeepWireMiddleware:
    """Notes the wire's bytes on the request of an article page; nothing where no archive is kept."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        if not configuration_of(crawler).archive:
            raise NotConfigured
        return cls()

    def process_response(self, request: Request, response: Response) -> Response:
        request.meta.pop(WIRE, None)  # of an empty shell, perhaps, that the browser then filled
        if request.meta.get("page_kind") == "article" and response.status == 200 and not request.meta.get(IN_BROWSER):
            headers = pairs(response.headers)
            request.meta[WIRE] = Wire(headers, response.body, response.protocol or "HTTP/1.1")
        return response


def pairs(headers: ScrapyHeaders) -> Headers:
    """Scrapy's headers one by one, those given twice as well."""
    return tuple((name, value) for name, values in headers.items() for value in values)
