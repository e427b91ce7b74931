"""Bounded redirects, with a cause for each one refused. The guards check the target of every hop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.downloadermiddlewares.redirect import BaseRedirectMiddleware, MetaRefreshMiddleware, RedirectMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import HtmlResponse, Response
from scrapy.utils.response import get_meta_refresh
from w3lib import html

from alqahira.crawling.request_info import request_info
from alqahira.extraction.items import header_text
from alqahira.extraction.urls import resolve
from alqahira.monitoring import causes

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Spider
    from scrapy.crawler import Crawler


_LONGEST_REFRESH = 2_000  # characters


class _BoundedRedirects(BaseRedirectMiddleware):
    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """As Scrapy's, without its warning that redirects get no Referer: no request has one."""
        middleware = cls(crawler.settings)
        middleware.crawler = crawler
        return middleware

    def process_response(
        self, request: Request, response: Response, spider: Spider | None = None
    ) -> Request | Response:
        try:
            return super().process_response(request, response)  # type: ignore[misc, no-any-return]
        except IgnoreRequest:
            raise causes.refused(self.crawler, causes.TOO_MANY_REDIRECTS, request.url) from None
        except ValueError as error:
            raise causes.refused(self.crawler, causes.BAD_REDIRECT, str(error)) from None


class BoundedRedirectMiddleware(_BoundedRedirects, RedirectMiddleware):
    """Scrapy's 3xx redirects, at most REDIRECT_MAX_TIMES, with the causes `too_many_redirects` and `bad_redirect`.

    https://docs.scrapy.org/en/latest/topics/downloader-middleware.html#module-scrapy.downloadermiddlewares.redirect
    """


class _NoReloads(MetaRefreshMiddleware):
    """Also by the header Refresh, which browsers read as the element (HTML, 15.3 `Refresh`).

    A page that only reloads itself is a page, not a redirect: also after as many redirects as are allowed.
    """

    def process_response(
        self, request: Request, response: Response, spider: Spider | None = None
    ) -> Request | Response:
        if request_info(request).is_robots or self._reloads_itself(response):
            return response
        delay, target = _refresh_header(response)
        if target and delay is not None and delay < self._maxdelay:
            if _is_page(target, response):
                return response
            return self._redirect(
                self._redirect_request_using_get(request, response, target), request, "refresh header"
            )
        return super().process_response(request, response)

    def _reloads_itself(self, response: Response) -> bool:
        target = get_meta_refresh(response, self._ignore_tags)[1] if isinstance(response, HtmlResponse) else None
        return target is not None and _is_page(target, response)


def _is_page(target: str, response: Response) -> bool:
    return Request(target).url.partition("#")[0] == response.url.partition("#")[0]


def _refresh_header(response: Response) -> tuple[float | None, str | None]:
    """The seconds and the address of the header Refresh; None where it gives none on the web."""
    value = header_text(response.headers, "Refresh") if response.status == 200 else None
    if not value:
        return None, None
    element = f'<meta http-equiv="refresh" content="{value[:_LONGEST_REFRESH].replace(chr(34), "")}">'
    delay, target = html.get_meta_refresh(element, response.url, "latin-1")
    return delay, resolve(target, base=response.url) if target else None


class BoundedMetaRefreshMiddleware(_BoundedRedirects, _NoReloads):
    """Scrapy's meta refresh, with the same bounds and causes."""
