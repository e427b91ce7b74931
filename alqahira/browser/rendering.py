"""Pages rendered by scrapy-playwright, held to the site, to their time and to their size."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page, Route
from playwright.async_api import Request as PageRequest
from playwright.async_api import TimeoutError as PlaywrightTimeout
from scrapy.exceptions import CannotResolveHostError, DownloadConnectionRefusedError, DownloadFailedError
from scrapy.http import HtmlResponse, Response
from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler

from alqahira.browser.chromium import context_options, launch_options
from alqahira.browser.errors import (
    BrowserCrashed,
    BrowserError,
    BrowserTimeout,
    BrowserUnavailable,
    OffsiteRedirect,
    PageTooLarge,
)
from alqahira.browser.load_more import learn_load_more
from alqahira.shell import is_empty_shell
from alqahira.urls import is_on_site

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

# What a page needs to show its text; images, fonts, media, sockets and beacons are none of it.
_WANTED_TYPES = frozenset({"document", "script", "xhr", "fetch", "stylesheet"})
# A framework that prefetches every link in sight asks for pages that the crawl decides about.
_PREFETCH_HEADERS = ("purpose", "sec-purpose", "x-purpose", "x-moz", "x-middleware-prefetch", "next-router-prefetch")
# One page makes no more requests than this, and no more navigations: one that reloads itself for ever is left.
_MAX_REQUESTS, _MAX_NAVIGATIONS = 300, 5
# Seconds that a page without text has for it once its network is idle, and between two looks.
_TEXT_SECONDS, _POLL_SECONDS = 2.0, 0.25
_CLOSE_SECONDS = 10.0
# Of the answer's headers these speak of bytes that the rendered page is not made of.
_STALE_HEADERS = ("Content-Length", "Transfer-Encoding", "ETag", "Last-Modified")


class Renderer:
    """Renders requests, at most ALQAHIRA_BROWSER_PAGES at once, each in a browser context of its own.

    So a page in an endless loop or a crash holds up no other, and what it opens or stores ends with it.
    """

    def __init__(self, crawler: Crawler) -> None:
        settings = crawler.settings
        self._crawler = crawler
        self._root = str(settings["ALQAHIRA_SITE_URL"]).rstrip("/")
        self._deadline = settings.getfloat("ALQAHIRA_BROWSER_DEADLINE", 60.0)
        self._max_size = settings.getint("DOWNLOAD_MAXSIZE")
        # scrapy-playwright's own bound would count the wait for a free page as the page's time.
        self._free_pages = asyncio.Semaphore(settings.getint("ALQAHIRA_BROWSER_PAGES", 2))
        self._numbers = count(1)
        self._starting = asyncio.Lock()
        self._playwright: ScrapyPlaywrightDownloadHandler | None = None

    async def render(self, request: Request) -> Response:
        """The rendered page. Raises BrowserError, or Scrapy's download errors where the site did not answer."""
        return await asyncio.ensure_future(self._render(request))  # a deadline needs a task

    async def close(self) -> None:
        async with self._starting:
            if self._playwright and not await _ends_in_time(self._playwright.close()):
                logger.warning("The browser did not close in %.0f s", _CLOSE_SECONDS)
            self._playwright = None

    async def _render(self, request: Request) -> Response:
        page = _PageRecord(self._root)
        context = f"page-{next(self._numbers)}"
        playwright = None
        async with self._free_pages:
            try:
                async with asyncio.timeout(self._deadline):
                    playwright = await self._started()
                    return await self._load(playwright, request, page, context)
            except BrowserError:
                raise
            except Exception as error:
                raised = _named(error, page.left_for)
                if isinstance(raised, BrowserCrashed) and playwright:
                    await self._discard(playwright)
                raise raised from None
            finally:
                wrapper = playwright and playwright.context_wrappers.get(context)
                if wrapper and not await _ends_in_time(wrapper.context.close()):
                    await self._discard(playwright)

    async def _started(self) -> ScrapyPlaywrightDownloadHandler:
        """scrapy-playwright's handler; it starts Chromium with the first page, and again when it died."""
        async with self._starting:
            if self._playwright is None:
                playwright = ScrapyPlaywrightDownloadHandler.from_crawler(self._crawler)
                playwright.config.launch_options = launch_options(self._root, given=playwright.config.launch_options)
                playwright.config.navigation_timeout_ms = self._deadline * 1000
                playwright.config.download_timeout_secs = 1.0
                playwright.abort_request = AbortRules(self._root)
                try:
                    await playwright._launch()  # its signal, the engine's start, is long past
                except BaseException as error:
                    await _ends_in_time(playwright.close())
                    if isinstance(error, Exception):
                        raise BrowserUnavailable(f"Playwright does not start: {_first_line(error)}") from error
                    raise
                self._playwright = playwright
            return self._playwright

    async def _discard(self, playwright: ScrapyPlaywrightDownloadHandler) -> None:
        """The next page starts another: this one's driver is dead, or does not close a page."""
        if self._playwright is playwright:
            self._playwright = None
            await _ends_in_time(playwright.close())

    async def _load(
        self, playwright: ScrapyPlaywrightDownloadHandler, request: Request, record: _PageRecord, context: str
    ) -> Response:
        agent = request.headers.get("User-Agent")
        meta = {
            "playwright": True,
            "playwright_include_page": True,
            "playwright_context": context,
            "playwright_context_kwargs": context_options(agent.decode("latin-1") if agent else None),
            "playwright_page_init_callback": record.begin,
            "playwright_page_event_handlers": {"popup": _close, "request": record.note},
            # `load` never comes where a script of no use hangs.
            "playwright_page_goto_kwargs": {"wait_until": "domcontentloaded"},
        }
        # scrapy-playwright writes into headers and meta: another try must not find that.
        own = request.replace(meta=meta)
        answer = await playwright.download_request(own)
        request.meta["download_latency"] = own.meta["download_latency"]
        page: Page = own.meta["playwright_page"]
        html = await _settled(page, request.meta.get("page_kind", "article"), self._deadline / 2)
        if record.left_for:
            raise OffsiteRedirect(f"led to {record.left_for}")
        if page.url.startswith("chrome-error:"):
            raise BrowserError("the page led to an error page of the browser")
        body = html.encode("utf-8", errors="replace")
        if self._max_size and len(body) > self._max_size:
            raise PageTooLarge(f"{len(body)} bytes")
        response = _response(request, answer, page.url, body)
        if request.meta.get("learn_load_more"):
            learned, note = await learn_load_more(page, html, self._root)
            request.meta["learned_request"], request.meta["load_more_note"] = learned, note
        return response


class AbortRules:
    """scrapy-playwright's PLAYWRIGHT_ABORT_REQUEST: whether a request serves nothing of the page's text on the site."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._made: WeakKeyDictionary[Page, Counter[str]] = WeakKeyDictionary()

    def __call__(self, request: PageRequest) -> bool:
        frame = _frame_of(request)
        if frame is None or request.resource_type not in _WANTED_TYPES or not is_on_site(request.url, self._root):
            return True
        if request.resource_type == "document" and frame.parent_frame is not None:
            return True
        marks = [request.headers.get(name, "").strip() for name in _PREFETCH_HEADERS]
        if any(mark == "1" or mark.startswith("prefetch") for mark in marks):
            return True
        made = self._made.setdefault(frame.page, Counter())
        made["requests"] += 1
        made["navigations"] += request.is_navigation_request()
        return made["requests"] > _MAX_REQUESTS or made["navigations"] > _MAX_NAVIGATIONS


class _PageRecord:
    """Where one page wanted to go: `left_for`, off the site."""

    def __init__(self, root: str) -> None:
        self._root = root
        self.left_for: str | None = None

    async def begin(self, page: Page, _request: Request) -> None:
        """Before it goes anywhere: what the page's own route does not see (pop-ups, workers) loads nothing."""
        await page.context.route("**/*", _abort)

    def note(self, request: PageRequest) -> None:
        """A navigation: the abort rules or Chromium's resolver rules stop it, this gives it its name."""
        frame = _frame_of(request)
        if request.is_navigation_request() and frame and not frame.parent_frame:
            if not is_on_site(request.url, self._root):
                self.left_for = request.url


def _frame_of(request: PageRequest):
    """The frame that asks; None for a pop-up's first request, and a worker's."""
    try:
        return request.frame
    except PlaywrightError:
        return None


async def _settled(page: Page, kind: str, seconds: float) -> str:
    """The page's HTML once its network is idle, for `seconds` at most, and its text is there."""
    with suppress(PlaywrightTimeout):
        await page.wait_for_load_state("networkidle", timeout=seconds * 1000)
    for _ in range(int(_TEXT_SECONDS / _POLL_SECONDS)):
        html = await page.content()
        if not is_empty_shell(html.encode("utf-8", errors="replace"), kind):
            break
        await asyncio.sleep(_POLL_SECONDS)
    return html


def _response(request: Request, answer: Response, url: str, body: bytes) -> HtmlResponse:
    headers = answer.headers.copy()
    for name in _STALE_HEADERS:
        headers.pop(name, None)
    headers["Content-Type"] = "text/html; charset=utf-8"
    return HtmlResponse(
        url,
        status=answer.status,
        headers=headers,
        body=body,
        encoding="utf-8",
        request=request,
        flags=["browser"],
        ip_address=answer.ip_address,
    )


def _named(error: Exception, left_for: str | None) -> Exception:
    """The error as this project, or Scrapy's own downloader, would have it: so it is counted and retried as any."""
    text = _first_line(error)
    if left_for:
        return OffsiteRedirect(f"led to {left_for}")
    if "BrowserType.launch" in text:
        return BrowserUnavailable(f"Chromium does not start: {text}")
    if isinstance(error, (TimeoutError, PlaywrightTimeout)):
        return BrowserTimeout(text)
    if "ERR_CONNECTION_REFUSED" in text:
        return DownloadConnectionRefusedError(text)
    if "ERR_NAME_NOT_RESOLVED" in text:
        return CannotResolveHostError(text)
    if "net::" in text:
        return DownloadFailedError(text)
    return BrowserCrashed(text) if "closed" in text or "crashed" in text else BrowserError(text)


async def _abort(route: Route) -> None:
    with suppress(PlaywrightError):
        await route.abort()


async def _close(page: Page) -> None:
    with suppress(PlaywrightError):
        await page.close()


async def _ends_in_time(closing: Awaitable[object]) -> bool:
    """Whether the closing came to an end, well or with an error, in its time."""
    task = asyncio.ensure_future(closing)
    done, _ = await asyncio.wait({task}, timeout=_CLOSE_SECONDS)
    if not done:
        task.cancel()
        return False
    with suppress(Exception):
        task.result()
    return True


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
