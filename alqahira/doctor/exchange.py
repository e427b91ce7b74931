"""One request and its answer as they went over the wire, and what all of them together say of the site. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from alqahira.errors import AlqahiraError
from alqahira.middlewares.causes import REFUSALS
from alqahira.page import Headers

# Failures of the network or of the site's end of it; every other one is this program's own manners.
_UNREACHABLE = {
    "dns": "its name does not resolve",
    "connection_refused": "nobody listens there",
    "connection_lost": "the connection broke",
    "timeout": "no answer in time",
    "tls": "no secure connection",
}


class SiteUnreachable(AlqahiraError):
    """No request was answered: nothing is known of the site, and no fact has failed."""

    exit_status = 4


@dataclass(frozen=True, slots=True)
class Exchange:
    """`status` is 0 where no answer came; `failure` says why, in a word of `middlewares.causes`.

    `body` is as it came over the wire, or of a page in the browser its DOM (`is_rendered`). `sent` and `content` are
    the request's headers and body. `kind` is the sample's that it was for. `refusal`: `challenge` or `blocked`, where
    the answer is such a page, whatever its status.
    """

    kind: str
    url: str
    when: datetime
    method: str = "GET"
    sent: Headers = ()
    content: bytes = b""
    status: int = 0
    headers: Headers = ()
    body: bytes = b""
    protocol: str = "HTTP/1.1"
    failure: str = ""
    is_rendered: bool = False
    refusal: str = ""

    @property
    def went_out(self) -> bool:
        """Whether the site was asked, so far as this end can tell."""
        return bool(self.status) or self.failure in _UNREACHABLE

    def header(self, name: bytes) -> list[bytes]:
        """The values of a header of the answer; the name in lower case."""
        return [value for key, value in self.headers if key.lower() == name]


def why_nothing(exchanges: Sequence[Exchange], root: str) -> AlqahiraError | None:
    """Why no fact can be judged: the site was not reached, or refuses every page; None where it answered one."""
    out = [exchange for exchange in exchanges if exchange.went_out]
    answers = [exchange for exchange in out if exchange.status]
    if not answers:
        causes = Counter(e.failure for e in (out or exchanges) if e.failure)
        cause = causes.most_common(1)[0][0] if causes else "no request was made"
        words = f"{_UNREACHABLE[cause]} ({cause})" if cause in _UNREACHABLE else cause
        return SiteUnreachable(f"{root} could not be reached: {words}")
    # That robots.txt may be read says nothing of the pages.
    pages = [exchange for exchange in answers if exchange.kind != "robots"] or answers
    refused = [exchange for exchange in answers if exchange.refusal or f"http_{exchange.status}" in REFUSALS]
    if refused and all(page in refused for page in pages):
        named = Counter(f"{e.status}{f' ({e.refusal})' if e.refusal else ''}" for e in refused)
        words = named.most_common(1)[0][0]
        return AlqahiraError(
            f"the site refuses this crawler: {words} to {len(refused)} of {len(out)} requests "
            "(docs/operations.md, «The site refuses»)"
        )
    if all(page.status != 200 and not 300 <= page.status < 400 for page in pages):
        words = Counter(str(page.status) for page in pages).most_common(1)[0][0]
        return AlqahiraError(f"{root} shows no page: {words} to {len(pages)} of {len(out)} requests")
    return None
