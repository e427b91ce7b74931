"""What a crawl in Chromium is asked for, and what must hold after it."""

from __future__ import annotations

from conftest import Crawl, processes

LISTING = {"path": "/category/news", "kind": "listing"}
ARTICLE = {"path": "/news/1000/x", "kind": "article"}


def page(path: str, kind: str = "article", **more: object) -> dict[str, object]:
    return {"path": path, "kind": kind, **more}


def pressed(path: str = "/category/news") -> dict[str, object]:
    """A listing whose load-more control is to be pressed."""
    return page(path, "listing", meta={"learn_load_more": True})


def assert_nothing_left(crawl: Crawl) -> None:
    assert processes(crawl.mark) == []
    assert "Traceback" not in crawl.log
