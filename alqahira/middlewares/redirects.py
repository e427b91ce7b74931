"""Redirects that end: loops are seen at once, chains are short, and each that is given up has its cause.

Where a redirect leads is the guards' business: every hop passes them as a request of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.downloadermiddlewares.redirect import BaseRedirectMiddleware, MetaRefreshMiddleware, RedirectMiddleware
from scrapy.utils.response import get_meta_refresh

from alqahira.middlewares import causes
from alqahira.request_info import request_info

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from scrapy.http import Response


# Scrapy looks for one in the first 4,096 characters, which are at most four bytes each.
_REFRESH_WITHIN = 4 * 4096


def _may_refresh(body: bytes) -> bool:
    """Whether the word is there: most pages need not be decoded to see that it is not."""
    head = body[:_REFRESH_WITHIN].lower()
    # In UTF-16 and UTF-32 it has NULs in it.
    return b"refresh" in head or b"\0" in head


class _BoundedRedirects(BaseRedirectMiddleware):
    def _engine_started(self) -> None:
        """Scrapy's warns in every run that no middleware gives a redirect its Referer: none is sent here."""

    def process_response(
        self, request: Request, response: Response, spider: Spider | None = None
    ) -> Request | Response:
        try:
            return super().process_response(request, response)  # type: ignore[misc, no-any-return]
        except ValueError as error:
            raise causes.refused(self.crawler, causes.BAD_REDIRECT, str(error)) from None

    def _redirect(self, redirected: Request, request: Request, reason: Any) -> Request:
        passed = [*request.meta.get("redirect_urls", []), request.url]
        # Once more is allowed: a page may set a cookie and send its reader back.
        if passed.count(redirected.url) > 1:
            raise causes.refused(self.crawler, causes.REDIRECT_LOOP, request.url)
        if len(passed) > self.max_redirect_times:
            raise causes.refused(self.crawler, causes.TOO_MANY_REDIRECTS, passed[0])
        followed = super()._redirect(redirected, request, reason)
        followed.dont_filter = True  # else a page already seen would end it without a word to the spider
        return followed


class BoundedRedirectMiddleware(_BoundedRedirects, RedirectMiddleware):
    """Scrapy's 3xx redirects, at most REDIRECT_MAX_TIMES, with the causes `redirect_loop` and `too_many_redirects`.

    https://docs.scrapy.org/en/latest/topics/downloader-middleware.html#module-scrapy.downloadermiddlewares.redirect
    """


class BoundedMetaRefreshMiddleware(_BoundedRedirects, MetaRefreshMiddleware):
    """Scrapy's meta refresh, with the same bounds. A page that only reloads itself is a page, not a redirect."""

    def process_response(
        self, request: Request, response: Response, spider: Spider | None = None
    ) -> Request | Response:
        if request_info(request).is_robots or not _may_refresh(response.body) or self._reloads_itself(response):
            return response
        return super().process_response(request, response)

    def _reloads_itself(self, response: Response) -> bool:
        from scrapy.http import HtmlResponse

        if not isinstance(response, HtmlResponse):
            return False
        try:
            _, target = get_meta_refresh(response, ignore_tags=self._ignore_tags)
        except ValueError:
            return False
        return target is not None and target.partition("#")[0] == response.url.partition("#")[0]
