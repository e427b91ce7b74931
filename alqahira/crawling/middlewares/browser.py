"""Which pages are fetched in the browser: only those that are empty over plain HTTP.

Requests without a `RequestInfo.page_kind` never are. robots.txt, the guards, delays and retries apply as usual.
A listing's request with `learn_load_more` also learns the request behind the load-more control.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from scrapy.http import HtmlResponse, Request, Response

from alqahira.crawling.browser.chromium import missing_dependency
from alqahira.crawling.browser.handler import IN_BROWSER
from alqahira.crawling.middlewares.base import Middleware
from alqahira.crawling.request_info import note, request_info
from alqahira.exceptions import BrowserUnavailable, NeedsBrowser
from alqahira.extraction.empty_shell import needs_javascript

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

_VALIDATORS = ("If-None-Match", "If-Modified-Since")
_NEVER = "ALQAHIRA_BROWSER=never"


class BrowserMiddleware(Middleware):
    """ALQAHIRA_BROWSER: `auto` (plain first), `never`, `always`.

    https://docs.scrapy.org/en/latest/topics/downloader-middleware.html
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._mode = self.configuration.browser
        self._shell_kinds: set[str] = set()
        self._missing = _NEVER if self._mode == "never" else missing_dependency()
        self._has_warned = self._mode == "never"

    def process_request(self, request: Request) -> None:
        request.meta.pop(IN_BROWSER, None)
        info = request_info(request)
        is_wanted = info.page_kind in self._shell_kinds or info.learn_load_more or info.was_empty_shell
        if info.page_kind is None or not (is_wanted or self._mode == "always"):
            return
        if self._missing:
            self._warn(self._missing)
            if info.learn_load_more:
                note(request, load_more_note=f"no browser: {self._missing}")
            return
        request.meta[IN_BROWSER] = True
        # A validator would compare the shell, not the page.
        for name in _VALIDATORS:
            request.headers.pop(name, None)

    def process_response(self, request: Request, response: Response) -> Request | Response:
        info = request_info(request)
        kind = info.page_kind
        if kind is None or response.status != 200 or not isinstance(response, HtmlResponse):
            return response
        is_shell = needs_javascript(response.body, kind)
        if request.meta.get(IN_BROWSER):
            if info.was_empty_shell and not is_shell and kind not in self._shell_kinds:
                self._shell_kinds.add(kind)
                logger.info("Pages of kind %s are empty shells: the browser fetches them from now on", kind)
            return response
        if not is_shell:
            return response
        self.stats.inc_value(f"browser/empty_shells/{kind}")
        if self._missing:
            self._warn(self._missing)
            raise NeedsBrowser(f"an empty shell, and {self._missing}")
        shell = request.replace(dont_filter=True)
        note(shell, was_empty_shell=True)
        return shell

    def process_exception(self, request: Request, exception: Exception) -> Request | None:
        """Do without a browser that does not start for the rest of the run; only empty shells fail."""
        if not isinstance(exception, BrowserUnavailable):
            return None
        self._missing = str(exception)
        self._warn(self._missing)
        return None if request_info(request).was_empty_shell else request.replace(dont_filter=True)

    def _warn(self, missing: str) -> None:
        if not self._has_warned:
            self._has_warned = True
            logger.warning(
                "No browser: %s. Pages that need one fail with the cause needs_browser; all others are crawled. "
                "Install chromium, or set ALQAHIRA_BROWSER=never",
                missing,
            )
