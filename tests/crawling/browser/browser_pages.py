"""Pages for crawls in Chromium, and a check of what they leave behind."""

from __future__ import annotations

import time

from conftest import Crawl, processes

LISTING = {"path": "/category/news", "kind": "listing"}
ARTICLE = {"path": "/news/1000/x", "kind": "article"}


def page(path: str, kind: str = "article", **more: object) -> dict[str, object]:
    return {"path": path, "kind": kind, **more}


def pressed(path: str = "/category/news") -> dict[str, object]:
    """A listing whose load-more control is to be pressed."""
    return page(path, "listing", info={"learn_load_more": True})


def assert_nothing_left(crawl: Crawl) -> None:
    end = time.monotonic() + 60
    while processes(crawl.mark) and time.monotonic() < end:  # a killed process may take a moment to end
        time.sleep(0.1)
    assert processes(crawl.mark) == []
    assert "Traceback" not in crawl.log
