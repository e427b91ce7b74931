"""Which of a page's own requests the browser may make. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from alqahira.urls import is_on_site

# What a page needs to show its text; images, fonts, media, sockets and beacons are none of it.
_WANTED_TYPES = frozenset({"document", "script", "xhr", "fetch", "stylesheet"})
# A framework that prefetches every link in sight asks for pages that the crawl decides about.
_PREFETCH_HEADERS = ("purpose", "sec-purpose", "x-purpose", "x-moz", "x-middleware-prefetch", "next-router-prefetch")


def is_wanted(resource_type: str, url: str, headers: Mapping[str, str], root: str) -> bool:
    """Whether a request of this type to this URL serves the page's text and stays on the site.

    `headers` have lower-case names, as Playwright gives them.
    """
    if resource_type not in _WANTED_TYPES or not is_on_site(url, root):
        return False
    return not any(
        headers.get(name, "").strip() in ("1", "prefetch") or headers.get(name, "").startswith("prefetch")
        for name in _PREFETCH_HEADERS
    )
