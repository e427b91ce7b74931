"""A page in a browser context of its own that serves one visit after the other, each as if it were new.

A new context costs more than the visit: a window and up to four processes. What a page can keep is removed between two
visits; a page of which that is not certain is closed with its context, and the next visit gets a new one.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from playwright.async_api import Page
from playwright.async_api import Request as PageRequest

from alqahira.extraction.urls import is_on_site

if TYPE_CHECKING:
    from playwright.async_api import CDPSession, Route
    from scrapy import Request

# A process of Chromium grows with what it has shown.
_MOST_VISITS = 100


class WarmPage:
    """`context` is its name with scrapy-playwright; `root` the site's address.

    Set by whoever visits: `is_at_rest` once the page's text was read, with no request under way. `is_as_new` after
    `clear`: whether the page can be used again. `has_crashed`: the page's process died, in a visit or after one.
    """

    def __init__(self, context: str, root: str) -> None:
        self.context = context
        self.page: Page | None = None  # None before the first visit
        self.offsite: list[str] = []  # addresses off the site that this visit navigated to
        self.is_at_rest = self.is_as_new = self.has_crashed = False
        self._root = root
        self._documents = self._visits = 0
        self._has_opened_window = False
        self._session: CDPSession | None = None

    def begin_visit(self) -> None:
        self.is_at_rest = self.is_as_new = False
        self.offsite.clear()
        self._documents = 0
        self._visits += 1

    async def prepare(self, page: Page, _request: Request) -> None:
        """Scrapy-playwright's page_init_callback, for the first visit only."""
        page.on("crash", self._note_crash)
        page.on("popup", lambda popup: popup.close())
        page.on("request", self._note_document)
        # Requests of pop-ups and workers, which the page's own route does not see.
        await page.context.route("**/*", _abort)
        session = await page.context.new_cdp_session(page)
        session.on("Page.windowOpen", self._note_window)
        await session.send("Page.enable")
        self.page, self._session = page, session

    async def clear(self) -> None:
        """Leave the page and remove what it kept. Raises Playwright's errors; waits for a page that hangs."""
        page, session = self.page, self._session
        if not (page and session and self.is_at_rest and self._documents == 1 and self._visits < _MOST_VISITS):
            return
        # No timer runs any more; handlers of `unload` do, before the blank page is there.
        await session.send("Emulation.setScriptExecutionDisabled", {"value": True})
        if self._has_opened_window:  # reported before the answer above
            return
        await page.goto("about:blank")
        await asyncio.gather(
            # Of all origins: cookies, local and session storage, databases, caches, files.
            session.send("Storage.clearDataForOrigin", {"origin": "*", "storageTypes": "all"}),
            session.send("Page.resetNavigationHistory"),
            session.send("Runtime.evaluate", {"expression": "name = ''"}),
        )
        await session.send("Emulation.setScriptExecutionDisabled", {"value": False})
        self.is_as_new = True

    def _note_document(self, request: PageRequest) -> None:
        if not request.is_navigation_request() or request.frame.parent_frame:
            return
        self._documents += not request.redirected_from
        if not is_on_site(request.url, self._root):
            self.offsite.append(request.url)

    def _note_crash(self, _page: Page) -> None:
        self.has_crashed = True

    def _note_window(self, _event: object) -> None:
        self._has_opened_window = True


async def _abort(route: Route) -> None:
    await route.abort()
