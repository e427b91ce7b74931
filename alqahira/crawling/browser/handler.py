"""Scrapy's download handler, with scrapy-playwright for requests that need a browser, and an end for all of them.

scrapy-playwright's own handler starts Playwright with every run; this one imports it for the first such request.
Scrapy waits at the end of a run for whatever is under way; this one cancels it on the signal `downloads_cancelled`.
Twisted keeps all headers of an answer, however many there are; this one ends the connection at a bound.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from scrapy.core.downloader.handlers.http11 import (
    HTTP11DownloadHandler,
    _LenientHTTP11ClientFactory,
    _LenientHTTP11ClientProtocol,
)
from twisted.python.failure import Failure
from twisted.web._newclient import HEADER, STATUS

from alqahira.exceptions import BrowserUnavailable
from alqahira.monitoring import causes

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.internet.interfaces import IAddress
    from twisted.web._newclient import HTTP11ClientProtocol

    from alqahira.crawling.browser.rendering import Renderer

# scrapy-playwright's key of request.meta: render this request. Only BrowserMiddleware sets it.
IN_BROWSER = "playwright"
# A Scrapy signal without arguments: the run ends, and what is being downloaded is left to the next one.
downloads_cancelled = object()
_MOST_HEADERS = 256 * 1024  # bytes of an answer before its body; Chromium takes as many


class _BoundedConnection(_LenientHTTP11ClientProtocol):
    """Scrapy's connection, which ends when the headers of an answer have no end."""

    _received = 0  # bytes of the answer's status and headers

    def dataReceived(self, data: bytes) -> None:
        super().dataReceived(data)  # type: ignore[no-untyped-call]
        is_in_headers = self._parser is not None and self._parser.state in (STATUS, HEADER)
        self._received = self._received + len(data) if is_in_headers else 0
        if self._received > _MOST_HEADERS:
            error = causes.HeadersTooLarge(f"more than {_MOST_HEADERS} bytes of headers")
            self._giveUp(Failure(error))  # type: ignore[no-untyped-call]


class _BoundedFactory(_LenientHTTP11ClientFactory):
    def buildProtocol(self, addr: IAddress | None) -> HTTP11ClientProtocol:
        return _BoundedConnection(self._quiescentCallback)  # type: ignore[no-untyped-call]


class BrowserDownloadHandler(HTTP11DownloadHandler):
    """HTTP/1.1 as in Scrapy; a request with `meta["playwright"]` is rendered in Chromium."""

    lazy = True

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._pool._factory = _BoundedFactory
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
