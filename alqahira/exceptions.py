"""Errors that end a run with one clear line and an exit status (docs/operations.md), and those that cost one page."""

from __future__ import annotations

from pathlib import Path


class AlqahiraError(Exception):
    """Base class: str(error) is the one line that the user sees, `exit_status` that of the command."""

    exit_status = 1


class ConfigurationError(AlqahiraError):
    """A wrong spider argument or setting."""

    exit_status = 2


class LedgerMissing(ConfigurationError):
    """There is no ledger to read: no run has written there."""


class LedgerBusy(AlqahiraError):
    """Another run writes to the ledger. `owner`: its command, such as `scrapy crawl defense`; empty if unknown.

    `is_own`: it is in this process.
    """

    exit_status = 3

    def __init__(self, message: str, owner: str = "", *, is_own: bool = False) -> None:
        super().__init__(message)
        self.owner, self.is_own = owner, is_own


class LedgerLost(LedgerBusy):
    """Another run has taken over the ledger, and the writes of this one are refused."""


class LedgerUnusable(AlqahiraError):
    """The ledger is corrupt, or was written by a newer version."""

    exit_status = 2


class LedgerUnwritable(LedgerUnusable):
    """The disk of the ledger is full or fails. What was accepted before is safe."""

    exit_status = 1


class LedgerRemoved(LedgerUnwritable):
    """The ledger's file or its lock was removed during the run."""


class LedgerUnreachable(LedgerUnwritable):
    """The database of the ledger does not answer. The transaction is repeated for a while."""


def one_line(error: object) -> str:
    """An error message of several lines as one, of at most 300 characters."""
    return " ".join(str(error).split())[:300]


def how_to_install(extra: str) -> str:
    """The command that installs one of the project's extras, for messages."""
    in_checkout = (Path(__file__).parents[1] / "Makefile").is_file()
    return f"make install EXTRA={extra}" if in_checkout else f"pip install 'alqahira[{extra}]'"


# --- pages in the browser -----------------------------------------------------------------------


class BrowserError(Exception):
    """A page failed in the browser; `cause` is the name in the run's account."""

    cause = "browser_error"


class NeedsBrowser(BrowserError):
    """The page is an empty shell, and the browser is not installed or switched off."""

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
    """The page redirects to another host, which the browser does not follow."""

    cause = "offsite_redirect"


class PageTooLarge(BrowserError):
    """The rendered page is larger than DOWNLOAD_MAXSIZE."""

    cause = "too_large"
