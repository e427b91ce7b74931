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
from alqahira.browser.fetched_json import article_links, endpoint
from alqahira.browser.load_more import article_path_for_script
from alqahira.browser.policy import is_wanted
from alqahira.urls import canonical_url, is_article_url, is_on_site

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

    def __init__(self, kind: str, *, root: str, deadline: float, count: Callable[[str], None], clicks: int = 0) -> None:
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
        self._requests_left = _MAX_REQUESTS + 10 * clicks
        self._navigations_left = _MAX_NAVIGATIONS + clicks

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
            links = article_links(body, self.root) if len(body) <= _MAX_ANSWER_BYTES else []
            if links:
                self.endpoints[endpoint(response.request.method, response.url)] = None
                self._links.update(dict.fromkeys(links))

    # --- what it shows ------------------------------------------------------------------------

    def add_link(self, path: str) -> None:
        """An article that the page linked to at some time, perhaps no longer."""
        with suppress(ValueError):
            url = canonical_url(path, base=self.root, root=self.root)
            if is_article_url(url, self.root):
                self._links[url] = None

    @property
    def links(self) -> list[str]:
        """Canonical URLs of the articles met in the page's data and behind load-more, each once."""
        return list(self._links)

    def quiet_seconds(self) -> float:
        """How long nothing has been on the way."""
        return 0.0 if self._under_way or self._reading else monotonic() - self._last_traffic

    async def settle(self, patience: float) -> None:
        """Wait until the page's text is there and nothing is on the way, at most `patience` seconds."""
        end = monotonic() + patience
        while monotonic() < end:
            has_text = await self.evaluate(_HAS_TEXT, [self.kind, article_path_for_script(), site.PARAGRAPHS.value])
            if self.quiet_seconds() > (_QUIET_SECONDS if has_text else _EMPTY_QUIET_SECONDS):
                return
            await asyncio.sleep(_POLL_SECONDS)
        self.count("restless")

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


_HAS_TEXT = """([kind, pattern, paragraphs]) => {
  if (kind === 'listing') {
    const article = new RegExp(pattern);
    return [...document.querySelectorAll('a[href]')].some(a => a.host === location.host && article.test(a.pathname));
  }
  return [...document.querySelectorAll(paragraphs + ', main p, article p')].some(p => p.textContent.trim().length > 40);
}"""
