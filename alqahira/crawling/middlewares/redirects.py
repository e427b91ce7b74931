"""Bounded redirects, with a cause for each one refused. The guards check the target of every hop."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from scrapy import Request
from scrapy.downloadermiddlewares.redirect import BaseRedirectMiddleware, MetaRefreshMiddleware, RedirectMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import HtmlResponse, Response

from alqahira.crawling.request_info import request_info
from alqahira.extraction.sources import Document, TooLarge
from alqahira.monitoring import causes

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Spider
    from scrapy.crawler import Crawler


_LONGEST_HEAD, _LONGEST_REFRESH = 16_000, 2_000  # characters
# Seconds, then the address behind `;`, `,` or space, with or without `url=` (HTML, «shared declarative refresh steps»).
_REFRESH = re.compile(
    r"\s*(?:(?P<seconds>\d{1,9})[\d.]*|\.[\d.]*)(?:(?:\s*[;,]\s*|\s+)(?:url\s*=\s*)?(?P<target>.*))?$",
    re.IGNORECASE | re.DOTALL | re.ASCII,
)


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
        is_left = request_info(request).is_robots or request.meta.get("dont_redirect") or request.method == "HEAD"
        if is_left or not isinstance(response, HtmlResponse):
            return response
        for reason, value, base in _refreshes(response, self._ignore_tags):
            seconds, target = _read_refresh(value, base)
            if not target or seconds >= self._maxdelay or _is_page(target, response):
                continue
            return self._redirect(self._redirect_request_using_get(request, response, target), request, reason)
        return response


def _refreshes(response: HtmlResponse, ignored: Collection[str]) -> Iterator[tuple[str, str, str]]:
    """(reason, value, base URL) of the header Refresh and of the first such meta element."""
    if response.status == 200 and (value := response.headers.get("Refresh")):
        yield "refresh header", value.decode("utf-8" if _is_utf8(value) else "latin-1"), response.url
    beginning = response.body[: 4 * _LONGEST_HEAD].lower()  # no character takes more bytes
    if b"http-equiv" not in beginning and b"\0" not in beginning:  # NUL: of UTF-16
        return  # before the page is decoded, which nothing else asks for
    head = response.text[:_LONGEST_HEAD]
    if "refresh" not in head.lower():
        return
    with suppress(TooLarge):
        page = Document(head, response.url, datetime.now(UTC))
        for meta in page.tree.iter("meta"):
            is_ignored = any(element.tag in ignored for element in meta.iterancestors())
            if (meta.get("http-equiv") or "").strip().lower() == "refresh" and not is_ignored:
                yield "meta refresh", meta.get("content") or "", page.base
                return


def _is_utf8(value: bytes) -> bool:
    with suppress(UnicodeDecodeError):
        return bool(value.decode())
    return False


def _read_refresh(value: str, base: str) -> tuple[int, str | None]:
    """Whole seconds and address; None as address where there is none on the web. Raises ValueError for a broken one."""
    match = _REFRESH.match(value[:_LONGEST_REFRESH])
    if not match or not match["target"]:
        return 0, None
    target = match["target"]
    if target[0] in "\"'":
        target = target[1:].partition(target[0])[0]
    url = urljoin(base, target.strip())
    return int(match["seconds"] or 0), url if urlsplit(url).scheme in ("http", "https") else None


def _is_page(target: str, response: Response) -> bool:
    return Request(target).url.partition("#")[0] == response.url.partition("#")[0]


class BoundedMetaRefreshMiddleware(_BoundedRedirects, _NoReloads):
    """Scrapy's meta refresh, with the same bounds and causes."""
