"""Why a request failed, in one short word that stays the same from run to run.

Each failed article of a run's account has one. `failure_cause` maps the error that a spider's errback gets to its
cause; this project's middlewares raise `Refused`, which has its cause already.
"""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import brotli
from OpenSSL import SSL
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    NotSupported,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.internet.error import ConnectError, ConnectionClosed
from twisted.python.failure import Failure

from alqahira.exceptions import BrowserError
from alqahira.ledger import same_article

# As Scrapy does (scrapy/utils/_compression.py).
if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response

ROBOTS = "robots"  # robots.txt disallows it
ROBOTS_UNREACHABLE = "robots_unreachable"  # robots.txt could not be fetched, so nothing else may be
OFFSITE = "offsite"
PRIVATE_ADDRESS = "private_address"
TOO_MANY_REDIRECTS = "too_many_redirects"
BAD_REDIRECT = "bad_redirect"  # the target is no URL
RETRY_AFTER_TOO_LONG = "retry_after_too_long"
RUN_ENDING = "run_ending"  # the run ended before it was sent
TOO_LARGE = "too_large"
TRUNCATED = "truncated"
UNDECODABLE = "undecodable"  # the Content-Encoding does not fit the body
TIMEOUT = "timeout"
DNS = "dns"
CONNECTION_REFUSED = "connection_refused"
CONNECTION_LOST = "connection_lost"
TLS = "tls"
CHALLENGE = "challenge"  # a bot check was served instead of the page
BLOCKED = "blocked"  # a page with status 200 that blocks the reader
ANOTHER_ARTICLE = "another_article"  # the page is of another story than the requested one
REDIRECTED_ELSEWHERE = "redirected_elsewhere"  # from an article to a page that is none
REDIRECTED_TO_ANOTHER = "redirected_to_another"  # article, which does not say that it is the first one's new home
SOFT_404 = "soft_404"  # the page says that there is no such story
UNEXPECTED_NOT_MODIFIED = "not_modified_unasked"  # a 304 to a request that was not conditional
UNSUPPORTED_SCHEME = "unsupported_scheme"
IGNORED = "ignored"  # another component raised IgnoreRequest
UNEXPECTED = "unexpected"  # an error of the code, not of the network

# The first row with a class of the error gives its cause, so subclasses of OSError come before it.
_CLASSES: dict[str, tuple[type[BaseException], ...]] = {
    TRUNCATED: (ResponseDataLossError,),
    # What HttpCompressionMiddleware's decoders raise.
    UNDECODABLE: (zlib.error, gzip.BadGzipFile, EOFError, brotli.error, zstd.ZstdError),
    TIMEOUT: (DownloadTimeoutError, TimeoutError),
    # Scrapy itself cancels a download only for its size (core/downloader/handlers/http11.py).
    TOO_LARGE: (DownloadCancelledError,),
    CONNECTION_REFUSED: (DownloadConnectionRefusedError,),
    DNS: (CannotResolveHostError,),
    UNSUPPORTED_SCHEME: (UnsupportedURLSchemeError, NotSupported),
    IGNORED: (IgnoreRequest,),
    TLS: (SSL.Error,),
    CONNECTION_LOST: (DownloadFailedError, ConnectionClosed, ConnectError, OSError),
}


class HeadersTooLarge(Exception):
    """An answer whose headers have no end."""


class Refused(IgnoreRequest):
    """A request that was not sent, or a response that was not accepted. `cause` is a constant of this module."""

    def __init__(self, cause: str, detail: str = "") -> None:
        super().__init__(f"{cause}: {detail}" if detail else cause)
        self.cause = cause


def refused(crawler: Crawler, cause: str, detail: str = "") -> Refused:
    """The exception to raise, counted in the stat `alqahira/refused/<cause>`."""
    assert crawler.stats is not None
    crawler.stats.inc_value(f"alqahira/refused/{cause}")
    return Refused(cause, detail)


def failure_cause(failure: Failure | BaseException) -> str:
    """The cause of an error: a constant of this module, a browser error's own, or `http_<status>`."""
    error: BaseException = failure.value if isinstance(failure, Failure) else failure  # type: ignore[assignment]
    if isinstance(error, (Refused, BrowserError)):
        return error.cause
    if isinstance(error, HttpError):
        return answer_cause(error.response) or f"http_{error.response.status}"
    # Twisted keeps why a connection ended, such as an error of the TLS handshake, in `reasons` of the download's cause.
    for reason in getattr(error.__cause__, "reasons", ()):
        if isinstance(reason.value, (SSL.Error, HeadersTooLarge)):
            return TLS if isinstance(reason.value, SSL.Error) else TOO_LARGE
    # How HttpCompressionMiddleware reports a body that unpacks to more than DOWNLOAD_MAXSIZE.
    if isinstance(error, IgnoreRequest) and "during decompression" in str(error):
        return TOO_LARGE
    return next((cause for cause, classes in _CLASSES.items() if isinstance(error, classes)), UNEXPECTED)


# Cloudflare's own: the header since 2023, the script of its interstitial, the titles of its pages.
_CHALLENGE_MARKS = (b"_cf_chl_opt", b"<title>Just a moment...</title>")
_BLOCK_MARK = b"<title>Attention Required! | Cloudflare"
_HEAD = 100_000  # bytes


def answer_cause(response: Response) -> str | None:
    """CHALLENGE or BLOCKED, whatever the status of the response; None for a page that is neither."""
    if (response.headers.get("cf-mitigated") or b"").lower() == b"challenge":
        return CHALLENGE
    head = response.body[:_HEAD]
    if any(mark in head for mark in _CHALLENGE_MARKS):
        return CHALLENGE
    return BLOCKED if response.status == 200 and _BLOCK_MARK in head else None


# Responses by which a site refuses a crawler, for good or for now (RFC 9110, RFC 6585, RFC 7725).
REFUSALS = frozenset({"http_401", "http_403", "http_429", "http_451", CHALLENGE, BLOCKED})
# Of the host, the network or robots.txt: no attempt at the page, however often they occur.
_OF_THE_HOST = frozenset(
    (
        *(TIMEOUT, DNS, CONNECTION_REFUSED, CONNECTION_LOST, TRUNCATED, TLS),
        *(ROBOTS, ROBOTS_UNREACHABLE, RETRY_AFTER_TOO_LONG),
        *("needs_browser", "http_408", "http_425", "http_502", "http_503", "http_504"),
        *REFUSALS,
    )
)
# Causes of the page that may be gone by the next run: it is tried again until it is given up.
_TRANSIENT = frozenset(
    (
        *(REDIRECTED_ELSEWHERE, REDIRECTED_TO_ANOTHER, ANOTHER_ARTICLE, UNEXPECTED_NOT_MODIFIED),
        *("browser_error", "browser_crashed", "browser_timeout"),
    )
)
# Of a page that may be the same at many addresses: then it is the host's.
MAYBE_OF_THE_HOST = frozenset(
    (
        ANOTHER_ARTICLE,
        REDIRECTED_TO_ANOTHER,
        SOFT_404,
        "not_an_article",
        "no_article",
        "no_headline",
        "no_body",
        "empty_shell",
    )
)
# Failures of the network or of the site's end of it, for people.
UNREACHABLE = {
    DNS: "its name does not resolve",
    CONNECTION_REFUSED: "nobody listens there",
    CONNECTION_LOST: "the connection broke",
    TIMEOUT: "no answer in time",
    TLS: "no secure connection",
}
_MEANINGS: tuple[tuple[Collection[str], str], ...] = (
    (REFUSALS, 'the site refuses this crawler (docs/operations.md, "The site refuses")'),
    ((same_article.SAME_TEXT,), "many addresses show one page, as a bot check or maintenance does"),
    ((SOFT_404, REDIRECTED_ELSEWHERE, "http_404", "http_410"), "the site says that they are gone"),
    ((ROBOTS,), "robots.txt forbids them to this crawler"),
    ((OFFSITE,), "they lead to another host"),
    *(((cause,), meaning) for cause, meaning in UNREACHABLE.items()),
)
_MOST_NAMED = 4
REMOVED = "removed"  # articles that are gone from the site; a note, no cause
GIVEN_UP = "given_up"  # it failed too often and for too long


def is_of_the_host(cause: str) -> bool:
    """Whether a failure says nothing of the page; 520 to 530 are Cloudflare's, where the site does not answer it."""
    return cause in _OF_THE_HOST or cause.startswith(("http_52", "http_530"))


def describe(causes: Mapping[str, int]) -> str:
    """Such as "http_403 40, timeout 2", the most frequent first, and what it means where nine in ten mean the same."""
    total = sum(causes.values())
    ordered = sorted(causes.items(), key=lambda item: (-item[1], item[0]))
    text = ", ".join(f"{cause} {n}" if total > 1 else cause for cause, n in ordered[:_MOST_NAMED])
    if rest := sum(n for _, n in ordered[_MOST_NAMED:]):
        text += f", others {rest}"
    for group, meaning in _MEANINGS:
        if total and sum(causes.get(cause, 0) for cause in group) >= 0.9 * total:
            return f"{text}; {meaning}"
    return text


def is_transient(cause: str) -> bool:
    """Whether a later run may succeed with the same page."""
    return is_of_the_host(cause) or cause in _TRANSIENT or cause.startswith("http_5")
