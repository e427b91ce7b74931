"""Pages rendered by scrapy-playwright, held to the site, to their time and to their size."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page, Route
from playwright.async_api import Request as PageRequest
from playwright.async_api import TimeoutError as PlaywrightTimeout
from scrapy.exceptions import CannotResolveHostError, DownloadConnectionRefusedError, DownloadFailedError
from scrapy.http import HtmlResponse, Response
from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler

from alqahira.crawling.browser.chromium import context_options, launch_options
from alqahira.crawling.browser.load_more import learn_load_more
from alqahira.crawling.request_info import request_info
from alqahira.exceptions import (
    BrowserCrashed,
    BrowserError,
    BrowserTimeout,
    BrowserUnavailable,
    OffsiteRedirect,
    PageTooLarge,
)
from alqahira.extraction.empty_shell import needs_javascript
from alqahira.extraction.urls import is_on_site
from alqahira.settings.configuration import configuration_of

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
# Of a page, where the browser dies under it.
_TRIES = 3
# Looks at a page without text once its network is idle, and seconds between them.
_LOOKS, _POLL_SECONDS = 8, 0.25
_CLOSE_SECONDS = 10.0
# Of the answer's headers these speak of bytes that the rendered page is not made of.
_STALE_HEADERS = ("Content-Length", "Transfer-Encoding", "ETag", "Last-Modified")


class Renderer:
    """Renders requests, at most ALQAHIRA_BROWSER_PAGES at once, each in a browser context of its own.

    So a page in an endless loop or a crash holds up no other, and what it opens or stores ends with it.
    """

    def __init__(self, crawler: Crawler) -> None:
        configuration = configuration_of(crawler)
        self._crawler = crawler
        self._root = configuration.site_url
        self._deadline = configuration.browser_deadline
        self._max_size = configuration.download_maxsize
        # scrapy-playwright's own bound would count the wait for a free page as the page's time.
        self._free_pages = asyncio.Semaphore(configuration.browser_pages)
        self._numbers = count(1)
        self._starting = asyncio.Lock()
        self._playwright: Any = None  # it has no types
        # When a browser dies, both log with a traceback what Playwright was at; the page's cause says enough.
        for name in ("asyncio", "playwright"):
            logging.getLogger(name).addFilter(_is_not_playwrights)

    async def render(self, request: Request) -> Response:
        """The rendered page. Raises BrowserError, or Scrapy's download errors where the site did not answer."""
        return await asyncio.ensure_future(self._render(request))  # a deadline needs a task

    async def close(self) -> None:
        async with self._starting:
            if self._playwright and not await _ends_in_time(self._playwright.close()):
                logger.warning("The browser did not close in %.0f s", _CLOSE_SECONDS)
            self._playwright = None

    async def _render(self, request: Request) -> Response:
        left_for: list[str] = []
        async with self._free_pages:
            try:
                async with asyncio.timeout(self._deadline):
                    for tries_left in reversed(range(_TRIES)):
                        try:
                            return await self._try(request, left_for)
                        except BrowserCrashed:  # another page may have brought it down
                            if not tries_left:
                                raise
            except TimeoutError as error:
                raise _named(error, left_for) from None
        raise AssertionError("unreachable")

    async def _try(self, request: Request, left_for: list[str]) -> Response:
        context = f"page-{next(self._numbers)}"
        playwright: Any = None
        try:
            playwright = await self._started()
            return await self._load(playwright, request, context, left_for)
        except BrowserError:
            raise
        except Exception as error:
            named = _named(error, left_for)
            if isinstance(named, BrowserCrashed):
                await self._discard(playwright)
            raise named from None
        finally:
            wrapper = playwright and playwright.context_wrappers.get(context)
            if wrapper and not await _ends_in_time(wrapper.context.close()):
                await self._discard(playwright)

    async def _started(self) -> Any:
        """scrapy-playwright's handler; it starts Chromium with the first page, and again when it died."""
        async with self._starting:
            if self._playwright is None:
                playwright: Any = ScrapyPlaywrightDownloadHandler.from_crawler(self._crawler)
                playwright.config.launch_options = launch_options(self._root, given=playwright.config.launch_options)
                playwright.config.navigation_timeout_ms = self._deadline * 1000
                playwright.config.download_timeout_secs = 1.0
                playwright.config.target_closed_max_retries = 0  # `_render` tries again, whatever the page was at
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

    async def _discard(self, playwright: Any) -> None:
        """The next page starts another: this one's driver is dead, or does not close a page."""
        if playwright and self._playwright is playwright:
            self._playwright = None
            await _ends_in_time(playwright.close())

    async def _load(self, playwright: Any, request: Request, context: str, left_for: list[str]) -> Response:
        """The page when it has come to rest; `left_for` is given the addresses off the site that it goes to."""

        def note(asked: PageRequest) -> None:
            if _is_page(asked) and not is_on_site(asked.url, self._root):
                left_for.append(asked.url)

        agent = request.headers.get("User-Agent")
        meta = {
            "playwright": True,
            "playwright_include_page": True,
            "playwright_context": context,
            "playwright_context_kwargs": context_options(agent.decode("latin-1") if agent else None),
            "playwright_page_init_callback": _refuse_all_else,
            "playwright_page_event_handlers": {"popup": _close, "request": note},
            # `load` never comes where a script of no use hangs.
            "playwright_page_goto_kwargs": {"wait_until": "domcontentloaded"},
        }
        # scrapy-playwright writes into headers and meta: another try must not find that.
        own = request.replace(meta=meta)
        answer = await playwright.download_request(own)
        request.meta["download_latency"] = own.meta["download_latency"]
        page = own.meta["playwright_page"]
        body = await _settled(page, request_info(request).page_kind or "article", self._deadline / 2)
        url = page.url
        if left_for:
            raise OffsiteRedirect(f"led to {left_for[-1]}")
        if url.startswith("chrome-error:"):
            raise BrowserError("the page led to an error page of the browser")
        if self._max_size and len(body) > self._max_size:
            raise PageTooLarge(f"{len(body)} bytes")
        if request.meta.get("learn_load_more"):
            learned, why = await learn_load_more(page, body, self._root)
            request.meta.update(learned_request=learned, load_more_note=why)
        headers = answer.headers.copy()
        for name in _STALE_HEADERS:
            headers.pop(name, None)
        headers["Content-Type"] = "text/html; charset=utf-8"
        return HtmlResponse(
            url,
            answer.status,
            headers,
            body,
            request=request,
            flags=["browser"],
            ip_address=answer.ip_address,
            encoding="utf-8",
        )


class AbortRules:
    """scrapy-playwright's PLAYWRIGHT_ABORT_REQUEST: whether a request serves nothing of the page's text on the site."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._made: WeakKeyDictionary[Page, Counter[str]] = WeakKeyDictionary()

    def __call__(self, request: PageRequest) -> bool:
        try:
            page = request.frame.page
        except PlaywrightError:  # a pop-up's first request
            return True
        is_document = request.resource_type == "document"
        marks = [request.headers.get(name, "").strip() for name in _PREFETCH_HEADERS]
        if (
            request.resource_type not in _WANTED_TYPES
            or (is_document and not _is_page(request))
            or not is_on_site(request.url, self._root)
            or any(mark == "1" or mark.startswith("prefetch") for mark in marks)
        ):
            return True
        made = self._made.setdefault(page, Counter())
        made.update(requests=1, navigations=is_document)
        return made["requests"] > _MAX_REQUESTS or made["navigations"] > _MAX_NAVIGATIONS


def _is_page(request: PageRequest) -> bool:
    """Whether the page itself goes somewhere: no frame in it, no pop-up."""
    try:
        return request.is_navigation_request() and request.frame.parent_frame is None
    except PlaywrightError:  # a pop-up's first request has no frame yet
        return False


async def _refuse_all_else(page: Page, _request: Request) -> None:
    """Refuse what the page's own route, which comes first, does not see: pop-ups and workers."""
    await page.context.route("**/*", _abort)


async def _settled(page: Page, kind: str, seconds: float) -> bytes:
    """The page as UTF-8 once its network is idle, for `seconds` at most, and its text is there."""
    with suppress(PlaywrightTimeout):
        await page.wait_for_load_state("networkidle", timeout=seconds * 1000)
    for _ in range(_LOOKS):
        body = (await page.content()).encode("utf-8", errors="replace")
        if not needs_javascript(body, kind):
            break
        await asyncio.sleep(_POLL_SECONDS)
    return body


def _named(error: Exception, left_for: list[str]) -> Exception:
    """The error as this project, or Scrapy's own downloader, would have it: so it is counted and retried as any."""
    text = _first_line(error)
    if left_for:
        return OffsiteRedirect(f"led to {left_for[-1]}")
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


def _is_not_playwrights(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, PlaywrightError) and "closed while reading from the driver" not in str(error)


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
