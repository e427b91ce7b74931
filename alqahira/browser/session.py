"""The running Chromium: started at the first page, started again when it dies, closed at the end.

One `Life` is one Playwright driver with one Chromium, behind scrapy-playwright's download handler. Whatever
breaks it, the whole life is replaced: no half-dead context or semaphore outlives a crash.
Each page has a browser context of its own; closing that closes pop-ups and all else that the page opened.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from contextlib import suppress
from itertools import count
from time import monotonic
from typing import TYPE_CHECKING, Any

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Request as PageRequest
from playwright.async_api import TimeoutError as PlaywrightTimeout
from scrapy import Request
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
)
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
from alqahira.browser.visit import TargetGone, Visit
from alqahira.request_info import request_info

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from alqahira.load_more import LearnedRequest

logger = logging.getLogger(__name__)

# A page is tried so often when it, or the browser under it, dies.
_ATTEMPTS = 3
# So many starts in a row that fail end the browser for this run.
_STARTS = 2
_CLOSE_SECONDS = 10.0
# Of the answer's headers these speak of bytes that the rendered page is not made of.
_STALE_HEADERS = ("Content-Encoding", "Content-Length", "Transfer-Encoding", "ETag", "Last-Modified", "Content-Type")


class Browser:
    """Fetches requests in Chromium, at most ALQAHIRA_BROWSER_PAGES at once."""

    def __init__(self, crawler: Crawler) -> None:
        settings = crawler.settings
        self._crawler = crawler
        self._root = str(settings["ALQAHIRA_SITE_URL"]).rstrip("/")
        self._deadline = settings.getfloat("ALQAHIRA_BROWSER_DEADLINE", 60.0)
        self._max_size = settings.getint("DOWNLOAD_MAXSIZE")
        self._slots = asyncio.Semaphore(settings.getint("ALQAHIRA_BROWSER_PAGES", 2))
        self._starting = asyncio.Lock()
        self._life: Life | None = None
        self._failed_starts = 0
        self._endpoints: set[str] = set()

    async def fetch(self, request: Request) -> Response:
        """The rendered page. Raises BrowserError, or Scrapy's download errors where the site did not answer."""
        async with self._slots:
            for _ in range(_ATTEMPTS):
                life = await self._living()
                try:
                    return await self._visit(life, request)
                except TargetGone:
                    self._count("crashes")
                    logger.info("The browser's page for %s died", request.url)
            raise BrowserCrashed(f"died {_ATTEMPTS} times: {request.url}")

    async def close(self) -> None:
        async with self._starting:
            if self._life:
                await self._life.close()
                self._life = None

    # --- the browser's life -------------------------------------------------------------------

    async def _living(self) -> Life:
        """The browser as it runs, started (again) where it does not."""
        async with self._starting:
            if self._life and self._life.is_sound:
                return self._life
            if self._life:
                await self._life.close()
                self._life = None
            if self._failed_starts >= _STARTS:
                raise BrowserUnavailable("Chromium does not start")
            life = Life(self._crawler, self._root)
            try:
                await asyncio.wait_for(life.start(), self._deadline)
            except Exception as error:
                self._failed_starts += 1
                await life.close()
                raise BrowserUnavailable(f"Chromium does not start: {_first_line(error)}") from error
            self._failed_starts = 0
            self._count("started")
            self._life = life
            return life

    # --- one page -----------------------------------------------------------------------------

    async def _visit(self, life: Life, request: Request) -> Response:
        kind = request_info(request).page_kind or "article"
        visit = Visit(kind, root=self._root, deadline=self._deadline, count=self._count)
        context = life.enter(visit)
        self._count("pages")
        try:
            return await self._load(life, visit, context, request)
        except PlaywrightTimeout as error:
            raise BrowserTimeout(_first_line(error)) from None
        except PlaywrightError as error:
            if not visit.is_lost and _is_driver_gone(error):
                life.died()  # a killed driver tells nobody
            if visit.is_lost or not life.is_sound:
                raise TargetGone from None
            raise _site_error(error, visit) from None
        except BrowserTimeout:
            self._count("timeouts")
            raise
        finally:
            if await life.leave(visit, context):
                self._count("pages_closed")

    async def _load(self, life: Life, visit: Visit, context: str, request: Request) -> Response:
        begun = monotonic()

        def left() -> float:
            return begun + self._deadline - monotonic()

        answer = await visit.within(life.navigate(request, visit, context, self._deadline), self._deadline)
        request.meta["download_latency"] = monotonic() - begun
        if answer.status < 400:
            await visit.settle(left() / 2)
        await visit.finish_reading(min(2.0, left()))
        html, url = await visit.within(visit.page.content(), left()), visit.url
        if visit.left_for or url.startswith("chrome-error:"):
            raise OffsiteRedirect(f"led to {visit.left_for or 'an error page'}")
        body = html.encode("utf-8", errors="replace")
        if self._max_size and len(body) > self._max_size:
            raise PageTooLarge(f"{len(body)} bytes")
        request.meta["browser_links"] = visit.links
        if request.meta.get("learn_load_more"):
            await self._learn(visit, request, answer.status, left())
        self._tell(visit)
        request.meta["browser_endpoints"] = sorted(visit.endpoints)
        return _response(request, answer, url, body)

    async def _learn(self, visit: Visit, request: Request, status: int, seconds: float) -> None:
        """Press the control after the page has been read: what the press does to the page is not looked at."""
        learned: LearnedRequest | None = None
        note: str | None = f"the listing answered {status}"
        if status < 400:
            try:
                learned, note = await visit.within(learn_load_more(visit, seconds=0.9 * seconds), seconds)
            except BrowserTimeout:
                note = "the page did not answer after the press"
        request.meta["learned_request"], request.meta["load_more_note"] = learned, note

    def _tell(self, visit: Visit) -> None:
        for endpoint in visit.endpoints:
            if endpoint not in self._endpoints:
                self._endpoints.add(endpoint)
                self._count("endpoints")
                logger.info("Page data comes from %s: a maintainer can request it plainly", endpoint)

    def _count(self, name: str) -> None:
        if self._crawler.stats:
            self._crawler.stats.inc_value(f"browser/{name}")


class Life:
    """One Playwright driver with one Chromium, and the visits in it."""

    _names = count(1)

    def __init__(self, crawler: Crawler, root: str) -> None:
        self._crawler = crawler
        self._handler = ScrapyPlaywrightDownloadHandler.from_crawler(crawler)
        config = self._handler.config
        config.launch_options = launch_options(root, given=config.launch_options)
        # Contexts and pages are counted, retried and timed here, not there.
        config.target_closed_max_retries = 0
        config.max_contexts = None
        config.download_timeout_secs = 1.0
        self._handler.abort_request = self._is_unwanted
        self._visits: set[Visit] = set()
        self.is_sound = False

    async def start(self) -> None:
        # Scrapy's engine has started long ago: the handler's own signal never comes.
        await self._handler._launch()
        await self._handler._maybe_launch_browser()
        self._handler.browser.on("disconnected", lambda _: self.died())
        self.is_sound = True

    async def close(self) -> None:
        self.died()
        if not await _bounded(self._handler.close()):
            logger.warning("The browser did not close in %.0f s", _CLOSE_SECONDS)

    def died(self) -> None:
        """Neither its pages nor its browser can be used any more."""
        self.is_sound = False
        for visit in self._visits:
            visit.lost()

    def enter(self, visit: Visit) -> str:
        """Begin a visit; the name of its context."""
        self._visits.add(visit)
        return f"visit-{next(self._names)}"

    async def navigate(self, request: Request, visit: Visit, context: str, deadline: float) -> Response:
        """The answer to the page's own request, before its scripts have done anything."""
        agent = request.headers.get("User-Agent")
        meta: dict[str, Any] = {
            "playwright": True,
            "playwright_context": context,
            "playwright_context_kwargs": context_options(agent.decode("latin-1") if agent else None),
            "playwright_include_page": True,
            "playwright_page_init_callback": visit.take,
            "playwright_page_goto_kwargs": {"wait_until": "domcontentloaded", "timeout": deadline * 1000},
        }
        # scrapy-playwright writes into headers and meta: a second attempt must not find that.
        own = request.replace(headers=request.headers.copy(), meta=meta)
        answer: Response = await self._handler.download_request(own)
        return answer

    async def leave(self, visit: Visit, context: str) -> bool:
        """Close the visit's context with all its pages; a browser that cannot do that is not used again."""
        self._visits.discard(visit)
        wrapper = self._handler.context_wrappers.get(context)
        if wrapper is None:
            return True
        if not self.is_sound or not await _bounded(wrapper.context.close()):
            self.is_sound = False
            return False
        return True

    def _is_unwanted(self, request: PageRequest) -> bool:
        try:
            page = request.frame.page
        except PlaywrightError:  # a pop-up's first request, or a worker's
            return True
        visit = next((visit for visit in self._visits if visit.owns(page)), None)
        if visit and visit.admits(request):
            return False
        if self._crawler.stats:
            self._crawler.stats.inc_value("browser/requests_blocked")
        return True


async def _bounded(work: Awaitable[object]) -> bool:
    """Whether the closing came to an end, well or with an error, in its time."""
    task = asyncio.ensure_future(work)
    done, _ = await asyncio.wait({task}, timeout=_CLOSE_SECONDS)
    if not done:
        task.cancel()
        return False
    with suppress(Exception):
        task.result()
    return True


def _response(request: Request, answer: Response, url: str, body: bytes) -> HtmlResponse:
    headers = answer.headers.copy()
    for name in _STALE_HEADERS:
        headers.pop(name, None)
    headers["Content-Type"] = "text/html; charset=utf-8"
    return HtmlResponse(
        url, status=answer.status, headers=headers, body=body, encoding="utf-8", request=request, flags=["browser"]
    )


def _site_error(error: PlaywrightError, visit: Visit) -> Exception:
    """The error as Scrapy's own downloader would have it, so that it is retried and counted like any other."""
    text = _first_line(error)
    if visit.left_for:
        return OffsiteRedirect(f"led to {visit.left_for}")
    if "ERR_CONNECTION_REFUSED" in text:
        return DownloadConnectionRefusedError(text)
    if "ERR_NAME_NOT_RESOLVED" in text:
        return CannotResolveHostError(text)
    return DownloadFailedError(text) if "net::" in text else BrowserError(text)


def _is_driver_gone(error: PlaywrightError) -> bool:
    return "Connection closed" in error.message or "has been closed" in error.message


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
