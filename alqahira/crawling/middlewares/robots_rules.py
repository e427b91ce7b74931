"""What one robots.txt answer allows, by RFC 9309, parsed with Protego. Pure."""

from __future__ import annotations

import codecs
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urljoin

from protego import Protego

from alqahira.crawling.middlewares.user_agent import PRODUCT_TOKEN
from alqahira.monitoring import causes

MAX_BYTES = 500 * 1024  # RFC 9309, section 2.5: at least 500 KiB must be parsed
_UTF16_BOMS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@dataclass(frozen=True, slots=True)
class Rules:
    """What a host allows. `refusal` is the cause for the rest; `sitemaps` are absolute URLs, in the file's order."""

    allows: Callable[[str], bool]
    refusal: str = causes.ROBOTS
    crawl_delay: float = 0.0  # seconds; 0 if there is none
    sitemaps: tuple[str, ...] = ()
    expires: float = 0.0  # monotonic seconds


ALLOW_ALL = Rules(allows=lambda url: True)  # 2.3.1.3: unavailable, so anything may be fetched
DISALLOW_ALL = Rules(allows=lambda url: False, refusal=causes.ROBOTS_UNREACHABLE)  # 2.3.1.4: unreachable


def read_answer(status: int, body: bytes, url: str) -> Rules:
    """The rules in an answer to a robots.txt request; `url` is the answer's.

    The first 500 KiB of a 2xx are parsed; 4xx allows all. 429 counts as unreachable like 5xx: that server wants fewer
    requests (Google's crawler does the same; the RFC leaves it open).
    """
    if 400 <= status < 500 and status != 429:
        return ALLOW_ALL
    if not 200 <= status < 300:
        return DISALLOW_ALL
    parser = Protego.parse(_decode(_first_lines(body)))
    delay = parser.crawl_delay(PRODUCT_TOKEN) or 0.0
    return Rules(
        allows=lambda target: parser.can_fetch(target, PRODUCT_TOKEN),
        crawl_delay=delay if math.isfinite(delay) and delay > 0 else 0.0,
        sitemaps=tuple(dict.fromkeys(_absolute(parser.sitemaps, url))),
    )


def _absolute(places: Iterable[str], url: str) -> Iterator[str]:
    """The addresses as absolute URLs, without those that are none, such as `http://[::1`."""
    for place in places:
        with suppress(ValueError):
            yield urljoin(url, place)


def _first_lines(body: bytes) -> bytes:
    """The whole lines within the limit: half a line could allow or forbid too much."""
    if len(body) <= MAX_BYTES:
        return body
    end = max(body.rfind(b"\n", 0, MAX_BYTES), body.rfind(b"\r", 0, MAX_BYTES))
    return body[: max(end, 0)]


def _decode(body: bytes) -> str:
    """UTF-8 with or without BOM, or UTF-16 with one; invalid bytes become U+FFFD and affect only their own line."""
    encoding = _UTF16_BOMS.get(body[:2], "utf-8-sig")
    return body.decode(encoding, errors="replace").replace("\0", "")
