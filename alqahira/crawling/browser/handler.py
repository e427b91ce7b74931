"""Scrapy's download handler, with scrapy-playwright for requests that need a browser, and an end for all of them.

scrapy-playwright's own handler starts Playwright with every run; this one imports it for the first such request.
Scrapy waits at the end of a run for whatever is under way; this one cancels it on the signal `downloads_cancelled`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler

from alqahira.exceptions import BrowserUnavailable
from alqahira.monitoring import causes

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from alqahira.crawling.browser.rendering import Renderer

# scrapy-playwright's key of request.meta: render this request. Only BrowserMiddleware sets it.
IN_BROWSER = "playwright"
# A Scrapy signal without arguments: the run ends, and what is being downloaded is left to the next one.
downloads_cancelled = object()


class BrowserDownloadHandler(HTTP11DownloadHandler):
    """HTTP/1.1 as in Scrapy; a request with `meta["playwright"]` is rendered in Chromium."""

    lazy = True

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._crawler = crawler
        self._renderer: Renderer | None = None
        self._downloads: set[asyncio.Task[Response]] = set()
        crawler.signals.connect(self._cancel, signal=downloads_cancelled)

    async def download_request(self, request: Request) -> Response:
        download = asyncio.ensure_future(self._download(request))
        self._downloads.add(download)
        try:
            return await download
        except asyncio.CancelledError:
            raise causes.refused(self._crawler, causes.RUN_ENDING, request.url) from None
        finally:
            self._downloads.discard(download)

    def _cancel(self) -> None:
        for download in self._downloads:
            download.cancel()

    async def _download(self, request: Request) -> Response:
        if not request.meta.get(IN_BROWSER):
            return await super().download_request(request)
        if self._renderer is None:
            try:
                from alqahira.crawling.browser.rendering import Renderer
            except ImportError as error:
                raise BrowserUnavailable(f"Playwright cannot be imported: {error}") from error
            self._renderer = Renderer(self._crawler)
        return await asyncio.ensure_future(self._renderer.render(request))

    async def close(self) -> None:
        if self._renderer:
            await self._renderer.close()
        await super().close()
