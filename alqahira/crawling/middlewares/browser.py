"""Which pages are fetched in the browser: those that plain HTTP does not give, and no others.

https://docs.scrapy.org/en/latest/topics/downloader-middleware.html. The spider says of its requests what they
are (`RequestInfo.page_kind`) and, on a listing, whether the request behind its load-more control is
wanted (`meta["learn_load_more"]`): then the answer has `meta["learned_request"]`, a `LearnedRequest` or None, and
`meta["load_more_note"]`, why there is none. Requests without a kind never come here.
Whatever goes to the browser is an ordinary request: robots.txt, the guards, delays and retries apply to it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from scrapy.http import HtmlResponse, Request, Response

from alqahira.crawling.browser.chromium import missing_part
from alqahira.crawling.browser.handler import IN_BROWSER
from alqahira.crawling.request_info import request_info
from alqahira.exceptions import BrowserUnavailable, NeedsBrowser
from alqahira.extraction.empty_shell import needs_javascript
from alqahira.settings.configuration import configuration_of

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

# request.meta: the plain answer to this request was an empty shell.
_WAS_SHELL = "was_empty_shell"
_VALIDATORS = ("If-None-Match", "If-Modified-Since")


class BrowserMiddleware:
    """ALQAHIRA_BROWSER: `auto` (plain first), `never`, `always`."""

    def __init__(self, crawler: Crawler) -> None:
        self._mode = configuration_of(crawler).browser
        self._stats = crawler.stats
        self._shell_kinds: set[str] = set()
        self._missing: str | None = None if self._mode == "never" else missing_part()
        self._has_warned = False

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        request.meta.pop(IN_BROWSER, None)
        if not self._is_for_browser(request):
            if request.meta.get("learn_load_more"):
                why = "ALQAHIRA_BROWSER=never" if self._mode == "never" else self._missing
                request.meta.update(learned_request=None, load_more_note=f"no browser: {why}")
            return
        request.meta[IN_BROWSER] = True
        # The browser's page is never asked about: what it would compare is the shell.
        for name in _VALIDATORS:
            request.headers.pop(name, None)

    def process_response(self, request: Request, response: Response) -> Request | Response:
        kind = request_info(request).page_kind
        if kind is None or response.status != 200 or not isinstance(response, HtmlResponse):
            return response
        is_shell = needs_javascript(response.body, kind)
        if request.meta.get(IN_BROWSER):
            if request.meta.get(_WAS_SHELL) and not is_shell:
                self._remember(kind)
            return response
        if not is_shell:
            return response
        self._stats.inc_value(f"browser/empty_shells/{kind}")
        if self._mode == "never":
            raise NeedsBrowser("an empty shell, and ALQAHIRA_BROWSER=never")
        if self._missing:
            self._warn()
            raise NeedsBrowser(f"an empty shell, and {self._missing}")
        return request.replace(meta={**request.meta, _WAS_SHELL: True}, dont_filter=True)

    def process_exception(self, request: Request, exception: Exception) -> Request | None:
        """A browser that does not start is missing for the rest of the run; what may do without is asked plainly."""
        if not isinstance(exception, BrowserUnavailable):
            return None
        self._missing = str(exception)
        self._warn()
        if request.meta.get(_WAS_SHELL):
            return None
        return request.replace(dont_filter=True)

    def _is_for_browser(self, request: Request) -> bool:
        kind = request_info(request).page_kind
        if kind is None or self._mode == "never":
            return False
        wanted = (
            self._mode == "always"
            or kind in self._shell_kinds
            or request.meta.get("learn_load_more", False)
            or request.meta.get(_WAS_SHELL, False)
        )
        if wanted and self._missing:
            self._warn()
            return False
        return bool(wanted)

    def _remember(self, kind: str) -> None:
        if kind not in self._shell_kinds:
            self._shell_kinds.add(kind)
            logger.info("Pages of kind %s are empty shells: the browser fetches them from now on", kind)

    def _warn(self) -> None:
        if not self._has_warned:
            self._has_warned = True
            logger.warning(
                "No browser: %s. Pages that need one fail with the cause needs_browser; all others are crawled. "
                "Install chromium, or set ALQAHIRA_BROWSER=never",
                self._missing,
            )
