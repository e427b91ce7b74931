"""Which pages are fetched in the browser: only those that are empty over plain HTTP.

Requests without a `RequestInfo.page_kind` never are. robots.txt, the guards, delays and retries apply as usual.
A listing's request with `meta["learn_load_more"]` also learns the request behind the load-more control: the answer has
`meta["learned_request"]`, a `LearnedRequest` or None, and `meta["load_more_note"]`, the reason if None.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from scrapy.http import HtmlResponse, Request, Response

from alqahira.crawling.browser.chromium import missing_dependency
from alqahira.crawling.browser.handler import IN_BROWSER
from alqahira.crawling.middlewares.base import Middleware
from alqahira.crawling.request_info import request_info
from alqahira.exceptions import BrowserUnavailable, NeedsBrowser
from alqahira.extraction.empty_shell import needs_javascript

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

# request.meta: the plain answer to this request was an empty shell.
_WAS_SHELL = "was_empty_shell"
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
        kind, is_press = request_info(request).page_kind, request.meta.get("learn_load_more", False)
        is_wanted = self._mode == "always" or kind in self._shell_kinds or is_press or request.meta.get(_WAS_SHELL)
        if kind is None or not is_wanted:
            return
        if self._missing:
            self._warn(self._missing)
            if is_press:
                request.meta.update(learned_request=None, load_more_note=f"no browser: {self._missing}")
            return
        request.meta[IN_BROWSER] = True
        # A validator would compare the shell, not the page.
        for name in _VALIDATORS:
            request.headers.pop(name, None)

    def process_response(self, request: Request, response: Response) -> Request | Response:
        kind = request_info(request).page_kind
        if kind is None or response.status != 200 or not isinstance(response, HtmlResponse):
            return response
        is_shell = needs_javascript(response.body, kind)
        if request.meta.get(IN_BROWSER):
            if request.meta.get(_WAS_SHELL) and not is_shell and kind not in self._shell_kinds:
                self._shell_kinds.add(kind)
                logger.info("Pages of kind %s are empty shells: the browser fetches them from now on", kind)
            return response
        if not is_shell:
            return response
        self.stats.inc_value(f"browser/empty_shells/{kind}")
        if self._missing:
            self._warn(self._missing)
            raise NeedsBrowser(f"an empty shell, and {self._missing}")
        return request.replace(meta={**request.meta, _WAS_SHELL: True}, dont_filter=True)

    def process_exception(self, request: Request, exception: Exception) -> Request | None:
        """Do without a browser that does not start for the rest of the run; only empty shells fail."""
        if not isinstance(exception, BrowserUnavailable):
            return None
        self._missing = str(exception)
        self._warn(self._missing)
        return None if request.meta.get(_WAS_SHELL) else request.replace(dont_filter=True)

    def _warn(self, missing: str) -> None:
        if not self._has_warned:
            self._has_warned = True
            logger.warning(
                "No browser: %s. Pages that need one fail with the cause needs_browser; all others are crawled. "
                "Install chromium, or set ALQAHIRA_BROWSER=never",
                missing,
            )
