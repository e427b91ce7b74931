"""One page in the browser, from its first request until it has come to rest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from time import monotonic
from typing import Any, TypeVar

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page, Route
from playwright.async_api import Request as PageRequest
from playwright.async_api import Response as PageResponse

from alqahira import site
from alqahira.browser.errors import BrowserTimeout
from alqahira.browser.fetched_json import article_links, count_articles, endpoint
from alqahira.browser.policy import is_wanted
from alqahira.load_more import SeenRequest
from alqahira.urls import is_on_site

T = TypeVar("T")

_POLL_SECONDS = 0.05
# A page whose text is there is done when nothing has been on the way for so long …
_QUIET_SECONDS = 0.2
# … and one without text when nothing has been for so long: scripts may still be at work.
_EMPTY_QUIET_SECONDS = 2.0
# One page makes no more requests than this, and no more navigations: one that reloads itself for ever is left.
_MAX_REQUESTS, _MAX_NAVIGATIONS = 300, 5
# JSON answers read per page, and bytes of one: more is no listing.
_MAX_ANSWERS, _MAX_ANSWER_BYTES = 200, 2_000_000


class TargetGone(Exception):
    """The page, its browser or the driver died under the visit."""


class Visit:
    """What one page asks for, and what it has shown so far. Made for one attempt, never used again."""

    def __init__(self, kind: str, *, root: str, deadline: float, count: Callable[[str], None]) -> None:
        self.kind = kind
        self.root = root
        self.deadline = deadline
        self.count = count
        self.left_for: str | None = None
        self.endpoints: dict[str, None] = {}
        self._links: dict[str, None] = {}
        self._page: Page | None = None
        self._gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._under_way: set[PageRequest] = set()
        self._last_traffic = monotonic()
        self._reading: set[asyncio.Task[None]] = set()
        self._answers = 0
        # Requests since `watch`, each with its JSON answer.
        self._watched: dict[PageRequest, bytes | None] | None = None
        self._has_moved_on = False
        self._requests_left = _MAX_REQUESTS
        self._navigations_left = _MAX_NAVIGATIONS

    # --- its page -----------------------------------------------------------------------------

    async def take(self, page: Page, _request: object = None) -> None:
        """Called by scrapy-playwright with the page, before it goes anywhere."""
        self._page = page
        # The page's own route comes first; what it does not see (pop-ups, workers) loads nothing at all.
        await page.context.route("**/*", _refuse)
        page.on("popup", _close)
        page.on("crash", lambda _: self.lost())
        page.on("close", lambda _: self.lost())
        page.on("request", self._asked)
        page.on("requestfinished", self._answered)
        page.on("requestfailed", self._answered)
        page.on("response", self._responded)

    @property
    def page(self) -> Page:
        assert self._page is not None
        return self._page

    @property
    def url(self) -> str:
        return self.page.url

    def owns(self, page: Page) -> bool:
        return self._page is page

    def lost(self) -> None:
        """The page or the browser is gone: whoever waits for it is told."""
        if not self._gone.done():
            self._gone.set_result(None)

    @property
    def is_lost(self) -> bool:
        return self._gone.done()

    async def within(self, work: Coroutine[Any, Any, T], seconds: float) -> T:
        """The result of `work`; BrowserTimeout after `seconds`, TargetGone as soon as the page dies."""
        task = asyncio.ensure_future(work)
        try:
            both: set[asyncio.Future[Any]] = {task, self._gone}
            await asyncio.wait(both, timeout=max(0.0, seconds), return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
        finally:
            if not task.done():
                task.cancel()
                task.add_done_callback(_ignore_result)
        raise TargetGone if self.is_lost else BrowserTimeout(f"no answer in {seconds:.0f} s")

    async def evaluate(self, script: str, argument: object) -> Any:
        """The script's value, None where the page was just going elsewhere; bounded by the deadline."""
        try:
            return await self.within(self.page.evaluate(script, argument), self.deadline)
        except PlaywrightError:
            if self.is_lost or self.page.is_closed():
                raise TargetGone from None
            return None

    # --- its requests -------------------------------------------------------------------------

    def admits(self, request: PageRequest) -> bool:
        """Whether the page may make this request."""
        is_document = request.resource_type == "document"
        if is_document and request.frame.parent_frame is not None:
            return False
        if not is_wanted(request.resource_type, request.url, request.headers, self.root):
            if is_document and not is_on_site(request.url, self.root):
                self.left_for = request.url
            return False
        self._requests_left -= 1
        self._navigations_left -= is_document
        if self._requests_left < 0 or self._navigations_left < 0:
            self.count("requests_bound")
            return False
        return True

    def _asked(self, request: PageRequest) -> None:
        self._under_way.add(request)
        self._last_traffic = monotonic()
        if self._watched is not None and not self._has_moved_on:
            # What a page asks for that the press has led to says nothing of the press.
            self._has_moved_on = request.is_navigation_request()
            if self._has_moved_on or request.resource_type in ("xhr", "fetch"):
                self._watched[request] = None
        # Routes do not see where a redirect leads; the resolver rules have stopped it, this gives it its name.
        if request.redirected_from and request.is_navigation_request() and not is_on_site(request.url, self.root):
            self.left_for = request.url

    def _answered(self, request: PageRequest) -> None:
        self._under_way.discard(request)
        self._last_traffic = monotonic()

    def _responded(self, response: PageResponse) -> None:
        request = response.request
        if request.resource_type not in ("xhr", "fetch") or self._answers >= _MAX_ANSWERS:
            return
        if "json" not in response.headers.get("content-type", "") or not is_on_site(response.url, self.root):
            return
        if int(response.headers.get("content-length", "0") or 0) > _MAX_ANSWER_BYTES:
            return
        self._answers += 1
        task = asyncio.ensure_future(self._read(response))
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def _read(self, response: PageResponse) -> None:
        with suppress(PlaywrightError):
            body = await response.body()
            if len(body) > _MAX_ANSWER_BYTES:
                return
            if self._watched is not None and response.request in self._watched:
                self._watched[response.request] = body
            links = article_links(body, self.root)
            if links or count_articles(body):
                self.endpoints[endpoint(response.request.method, response.url)] = None
            self._links.update(dict.fromkeys(links))

    def watch(self) -> None:
        """Keep what the page asks for from now on."""
        self._watched = {}

    def watched(self) -> list[SeenRequest]:
        """What the page has asked for since `watch`, with the JSON answers that have been read."""
        return [
            SeenRequest(request.method, request.url, request.headers, _body_of(request), answer)
            for request, answer in (self._watched or {}).items()
        ]

    # --- what it shows ------------------------------------------------------------------------

    @property
    def links(self) -> list[str]:
        """Canonical URLs of the articles met in the page's data, each once."""
        return list(self._links)

    async def count_article_links(self) -> int:
        """How many articles the page links to, carousels and menus apart."""
        return int(await self.evaluate(_COUNT_ARTICLES, [_article_path(), site.CAROUSELS.value]) or 0)

    def quiet_seconds(self) -> float:
        """How long nothing has been on the way."""
        return 0.0 if self._under_way or self._reading else monotonic() - self._last_traffic

    async def settle(self, patience: float) -> None:
        """Wait until the page's text is there and nothing is on the way, at most `patience` seconds."""
        end = monotonic() + patience
        while monotonic() < end:
            has_text = await self._has_text()
            if self.quiet_seconds() > (_QUIET_SECONDS if has_text else _EMPTY_QUIET_SECONDS):
                return
            await asyncio.sleep(_POLL_SECONDS)
        self.count("restless")

    async def _has_text(self) -> bool:
        if self.kind == "listing":
            return await self.count_article_links() > 0
        return bool(await self.evaluate(_HAS_TEXT, site.PARAGRAPHS.value))

    async def finish_reading(self, patience: float) -> None:
        """Wait for the data that is still being read."""
        if self._reading:
            await asyncio.wait(set(self._reading), timeout=patience)
        for task in self._reading:
            task.cancel()


async def _refuse(route: Route) -> None:
    with suppress(PlaywrightError):
        await route.abort()


async def _close(page: Page) -> None:
    with suppress(PlaywrightError):
        await page.close()


def _ignore_result(task: asyncio.Future[Any]) -> None:
    """Marks the exception of given-up work as seen."""
    if not task.cancelled():
        task.exception()


def _body_of(request: PageRequest) -> str | None:
    """What the request sends; None where that is nothing or no text."""
    try:
        return request.post_data
    except UnicodeDecodeError:
        return None


def _article_path() -> str:
    """The article path's pattern with groups named as JavaScript names them."""
    return site.ARTICLE_PATH.value.pattern.replace("(?P<", "(?<")


_HAS_TEXT = """paragraphs =>
  [...document.querySelectorAll(paragraphs + ', main p, article p')].some(p => p.textContent.trim().length > 40)"""

_COUNT_ARTICLES = """([pattern, carousels]) => {
  const article = new RegExp(pattern, 'i'), aside = carousels + ', nav, header, footer, aside';
  return new Set([...document.querySelectorAll('a[href]')].filter(
    a => a.host === location.host && article.test(a.pathname) && !a.closest(aside)).map(a => a.pathname)).size;
}"""
