"""What a page in the browser can fail with. Each error's `cause` is its name in the run's account."""

from __future__ import annotations


class BrowserError(Exception):
    """Base. Whether a later run may have better luck with the same page, `middlewares.causes` says for every cause."""

    cause = "browser_error"


class NeedsBrowser(BrowserError):
    """The page is an empty shell, and there is no browser: none is installed, or none is wanted."""

    cause = "needs_browser"


class BrowserUnavailable(NeedsBrowser):
    """Chromium or Playwright is missing, or Chromium does not start."""


class BrowserCrashed(BrowserError):
    """The page, or the browser under it, died."""

    cause = "browser_crashed"


class BrowserTimeout(BrowserError):
    """The page took longer than ALQAHIRA_BROWSER_DEADLINE."""

    cause = "browser_timeout"


class OffsiteRedirect(BrowserError):
    """The page led to another host, which the browser does not follow."""

    cause = "offsite_redirect"


class PageTooLarge(BrowserError):
    """The rendered page is larger than DOWNLOAD_MAXSIZE."""

    cause = "too_large"
