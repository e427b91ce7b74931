"""Scrapy's download handler with a browser in reserve.

https://docs.scrapy.org/en/latest/topics/download-handlers.html. Plain requests go where they always go; only
the first one that is marked for the browser imports Playwright and starts Chromium.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler

from alqahira.browser.errors import BrowserUnavailable

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from alqahira.browser.session import Browser

# request.meta: whether the request is for the browser; only BrowserMiddleware sets it.
IN_BROWSER = "in_browser"


class BrowserDownloadHandler(HTTP11DownloadHandler):
    """HTTP/1.1 as in Scrapy; a request with `meta["in_browser"]` is rendered in Chromium."""

    lazy = True

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._crawler = crawler
        self._browser: Browser | None = None

    async def download_request(self, request: Request) -> Response:
        if not request.meta.get(IN_BROWSER):
            return await super().download_request(request)
        if self._browser is None:
            try:
                from alqahira.browser.session import Browser
            except ImportError as error:
                raise BrowserUnavailable(f"Playwright cannot be imported: {error}") from error
            self._browser = Browser(self._crawler)
        return await self._browser.fetch(request)

    async def close(self) -> None:
        if self._browser:
            await self._browser.close()
        await super().close()
