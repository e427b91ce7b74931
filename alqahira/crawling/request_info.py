"""The project's own notes on a request: one typed object under one key of `request.meta`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from scrapy import Request

    from alqahira.extraction.items import RawResponse
    from alqahira.extraction.load_more import LearnedRequest

PageKind = Literal["listing", "article"]

_KEY = "alqahira"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestInfo:
    """Notes on one request, which its copies (retries, redirects, the browser's) share."""

    page_kind: PageKind | None = None  # the browser renders empty shells of this kind; None: never
    is_robots: bool = False  # a robots.txt, which may be redirected to another host
    raw_response: RawResponse | None = None  # the response as the archive keeps it
    was_empty_shell: bool = False  # the plain answer to this request was one
    learn_load_more: bool = False  # press the listing's load-more control and learn the request behind it
    learned_request: LearnedRequest | None = None  # that request, or …
    load_more_note: str = ""  # … why there is none

    def as_meta(self) -> dict[str, Any]:
        """The `meta` of a new request with these notes."""
        return {_KEY: self}


def request_info(request: Request) -> RequestInfo:
    """The notes on a request; the defaults if it has none."""
    info: RequestInfo = request.meta.get(_KEY) or RequestInfo()
    return info


def note(request: Request, **changes: Any) -> None:
    """Change the notes on a request, not those on its copies."""
    request.meta[_KEY] = replace(request_info(request), **changes)
