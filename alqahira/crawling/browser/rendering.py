"""Pages rendered by scrapy-playwright, within the site, their time and their size."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable
from contextlib import suppress
from itertools import count
from time import monotonic
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page
from playwright.async_api import Request as PageRequest
from playwright.async_api import TimeoutError as PlaywrightTimeout
from scrapy.exceptions import CannotResolveHostError, DownloadConnectionRefusedError, DownloadFailedError
from scrapy.http import HtmlResponse, Response
from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler

from alqahira.crawling.browser.chromium import CONTEXT_OPTIONS, launch_options
from alqahira.crawling.browser.load_more import learn_load_more
from alqahira.crawling.browser.warm_page import WarmPage
from alqahira.crawling.request_info import note, request_info
from alqahira.exceptions import (
    BrowserCrashed,
    BrowserError,
    BrowserTimeout,
    BrowserUnavailable,
    OffsiteRedirect,
    PageTooLarge,
)
from alqahira.extraction.empty_shell import needs_javascript
from alqahira.extraction.items import header_text
from alqahira.extraction.urls import is_on_site
from alqahira.settings.configuration import configuration_of

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

# What a page needs to show its text; not images, fonts, media, sockets and beacons.
_WANTED_TYPES = frozenset({"document", "script", "xhr", "fetch", "stylesheet"})
# Frameworks prefetch every visible link; which pages are fetched is for the crawl to decide.
_PREFETCH_HEADERS = ("purpose", "sec-purpose", "x-purpose", "x-moz", "x-middleware-prefetch", "next-router-prefetch")
# Limits for one page, which may reload itself without end.
_MAX_REQUESTS, _MAX_NAVIGATIONS = 300, 5
# Seconds that a page whose network is idle has to show its text, and between two looks at it.
_TEXT_SECONDS, _POLL_SECONDS = 10.0, 0.25
_CLOSE_SECONDS = 10.0
# Headers of the answer that describe bytes which the rendered page is not made of.
_STALE_HEADERS = ("Content-Length", "Transfer-Encoding", "ETag", "Last-Modified")
# The exception for an error whose message has this text; the first match counts.
_ERRORS: tuple[tuple[str, type[Exception]], ...] = (
    ("BrowserType.launch", BrowserUnavailable),
    ("Timeout", BrowserTimeout),
    ("ERR_CONNECTION_REFUSED", DownloadConnectionRefusedError),
    ("ERR_NAME_NOT_RESOLVED", CannotResolveHostError),
    ("net::", DownloadFailedError),
    ("closed", BrowserCrashed),
    ("crashed", BrowserCrashed),
)


class Renderer:
    """Renders requests, at most ALQAHIRA_BROWSER_PAGES at once, each in a browser context of its own.

    So a page that loops or crashes blocks no other, and what it opens or stores ends with its visit.
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
        self._warm_pages: list[WarmPage] = []  # of `_handler`, between two visits
        self._starting = asyncio.Lock()
        self._handler: Any = None  # scrapy-playwright's; it has no types
        # When a browser dies, both log a traceback; the page's cause is enough.
        for name in ("asyncio", "playwright"):
            logging.getLogger(name).addFilter(_is_not_playwrights)

    async def render(self, request: Request) -> Response:
        """The rendered page. Run it as a task of its own: its deadline cancels the task.

        A crash of the browser is no fault of the host: the page is tried once more, outside Scrapy's retries. Raises
        BrowserError, or Scrapy's download errors where the site did not answer.
        """
        try:
            return await self._render_once(request)
        except BrowserCrashed as error:
            logger.info("The browser crashed, trying %s once more: %s", request.url, error)
        return await self._render_once(request)

    async def _render_once(self, request: Request) -> Response:
        async with self._free_pages:
            handler: Any = None
            warm = WarmPage(f"page-{next(self._numbers)}", self._root)
            try:
                async with asyncio.timeout(self._deadline):
                    handler = await self._start()
                    warm = self._warm_pages.pop() if self._warm_pages else warm
                    return await self._load(handler, request, warm)
            except Exception as error:
                if warm.offsite:
                    raise OffsiteRedirect(f"led to {warm.offsite[-1]}") from None
                failure = error if isinstance(error, BrowserError) else _translate(error)
                if warm.has_crashed:  # between two visits, Chromium says no more than «aborted»
                    failure = BrowserCrashed(_first_line(error))
                if isinstance(failure, BrowserCrashed):
                    await self._discard(handler)
                raise failure from None
            finally:
                await self._leave(handler, warm)

    async def _leave(self, handler: Any, warm: WarmPage) -> None:
        """Keep the page for another visit if it can be made as new; else end it and all that it opened or stored."""
        if handler and handler is self._handler and await _ends_in_time(warm.clear()) and warm.is_as_new:
            if handler is self._handler:
                self._warm_pages.append(warm)
            return
        context = handler and handler.context_wrappers.get(warm.context)
        if context and not await _ends_in_time(context.context.close()):
            await self._discard(handler)

    async def close(self) -> None:
        async with self._starting:
            handler = self._handler
        await self._discard(handler)

    async def _start(self) -> Any:
        """scrapy-playwright's handler; it starts Chromium with the first page."""
        async with self._starting:
            if self._handler is None:
                handler: Any = ScrapyPlaywrightDownloadHandler.from_crawler(self._crawler)
                handler.config.launch_options = launch_options(self._root, given=handler.config.launch_options)
                handler.config.navigation_timeout_ms = self._deadline * 1000
                handler.config.download_timeout_secs = 1.0
                handler.config.target_closed_max_retries = 0  # `render` tries it again, as after any crash
                handler.abort_request = AbortRules(self._root)
                # scrapy-playwright would start the provider with the engine.
                handler.browser_provider = handler.browser_provider_cls(handler.config)
                try:
                    await handler.browser_provider.start()
                except BaseException as error:
                    await _ends_in_time(handler.close())
                    if isinstance(error, Exception):
                        raise BrowserUnavailable(f"Playwright does not start: {_first_line(error)}") from error
                    raise
                self._handler = handler
            return self._handler

    async def _discard(self, handler: Any) -> None:
        """Close a handler whose browser or driver is dead, or that has a page which does not close."""
        async with self._starting:  # no other driver runs meanwhile
            if handler is None or handler is not self._handler:
                return
            self._handler = None
            self._warm_pages.clear()
            if not await _ends_in_time(handler.close()):
                logger.warning("The browser did not close in %.0f s", _CLOSE_SECONDS)
            # Nobody answers these any more; Python would print a traceback of each when it collects them.
            left = [task for task in asyncio.all_tasks() if _is_playwrights(task)]
            for task in left:
                task.cancel()
            await _ends_in_time(asyncio.gather(*left, return_exceptions=True))

    async def _load(self, handler: Any, request: Request, warm: WarmPage) -> Response:
        """The page at rest."""
        warm.begin_visit()
        handler.abort_request.begin_visit(warm.page)
        meta = {
            "playwright": True,
            "playwright_include_page": True,
            "playwright_context": warm.context,
            # The page's scripts see the same name as the site's server.
            "playwright_context_kwargs": CONTEXT_OPTIONS | {"user_agent": header_text(request.headers, "User-Agent")},
            **({"playwright_page": warm.page} if warm.page else {"playwright_page_init_callback": warm.prepare}),
            # `load` never fires while an irrelevant script hangs.
            "playwright_page_goto_kwargs": {"wait_until": "domcontentloaded"},
        }
        # A copy: scrapy-playwright changes headers and meta, which a retry must not carry.
        own = request.replace(meta=meta)
        answer: Response = await handler.download_request(own)
        request.meta["download_latency"] = own.meta["download_latency"]
        page = own.meta["playwright_page"]
        kind = request_info(request).page_kind or "article"
        body, is_at_rest = await _content_at_rest(page, kind, self._deadline / 2)
        url = page.url
        if warm.offsite or url.startswith("chrome-error:"):  # `render` names the other host
            raise BrowserError("the page led to an error page of the browser")
        if len(body) > self._max_size:
            raise PageTooLarge(f"{len(body)} bytes")
        if request_info(request).learn_load_more:
            learned, why = await learn_load_more(page, body, self._root)
            note(request, learned_request=learned, load_more_note=why or "")
            is_at_rest = False
        warm.is_at_rest = is_at_rest
        headers = answer.headers.copy()
        for name in _STALE_HEADERS:
            headers.pop(name, None)
        headers["Content-Type"] = "text/html; charset=utf-8"
        return answer.replace(
            cls=HtmlResponse, url=url, headers=headers, body=body, request=request, flags=["browser"], encoding="utf-8"
        )


class AbortRules:
    """scrapy-playwright's PLAYWRIGHT_ABORT_REQUEST: whether a request is not needed for the page's text."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._made: WeakKeyDictionary[Page, Counter[str]] = WeakKeyDictionary()

    def begin_visit(self, page: Page | None) -> None:
        if page:
            self._made.pop(page, None)

    def __call__(self, request: PageRequest) -> bool:
        is_document, frame = request.resource_type == "document", request.frame
        if (
            request.resource_type not in _WANTED_TYPES
            or (is_document and frame.parent_frame)
            or not is_on_site(request.url, self._root)
            or any(request.headers.get(name) for name in _PREFETCH_HEADERS)
        ):
            return True
        made = self._made.setdefault(frame.page, Counter())
        made.update(requests=1, navigations=is_document)
        return made["requests"] > _MAX_REQUESTS or made["navigations"] > _MAX_NAVIGATIONS


async def _content_at_rest(page: Page, kind: str, seconds: float) -> tuple[bytes, bool]:
    """The page as UTF-8, once its network is idle (waits `seconds` at most) and its text has appeared.

    And whether it was at rest when it was read: with its text there as soon as its network was idle.
    """
    is_at_rest = False
    with suppress(PlaywrightTimeout):
        await page.wait_for_load_state("networkidle", timeout=seconds * 1000)
        is_at_rest = True
    end = monotonic() + _TEXT_SECONDS
    while True:
        body = (await page.content()).encode("utf-8", errors="replace")
        if not needs_javascript(body, kind):
            return body, is_at_rest
        if monotonic() > end:
            return body, False
        is_at_rest = False
        await asyncio.sleep(_POLL_SECONDS)


def _translate(error: Exception) -> Exception:
    """The error as an exception of this project or of Scrapy's downloader, which are counted and retried."""
    text = _first_line(error)
    return next((kind(text) for mark, kind in _ERRORS if mark in text), BrowserError(text))


def _is_not_playwrights(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, PlaywrightError) and "closed while reading from the driver" not in str(error)


def _is_playwrights(task: asyncio.Task[Any]) -> bool:
    code = getattr(task.get_coro(), "cr_code", None)
    return code is not None and "/playwright/" in code.co_filename


async def _ends_in_time(closing: Awaitable[object]) -> bool:
    """Whether the closing ended within _CLOSE_SECONDS, with an error or without."""
    task = asyncio.ensure_future(closing)
    done, _ = await asyncio.wait({task}, timeout=_CLOSE_SECONDS)
    if not done:
        task.cancel()
        return False
    with suppress(Exception):  # already dead
        task.result()
    return True


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
