"""Crawls in a process of their own, against a site that misbehaves on request."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rough_site import RoughSite

HERE = Path(__file__).parent
MARK = "MARK_OF_A_TEST"


@dataclass
class Crawl:
    """The results of a crawl in their order, its statistics, the browser modules that it imported, and its log."""

    results: list[dict[str, Any]]
    stats: dict[str, Any]
    imported: list[str]
    log: str
    mark: str

    def page(self, path: str) -> dict[str, Any]:
        return next(result for result in self.results if result["path"] == path)


@pytest.fixture
def site() -> Iterator[RoughSite]:
    with RoughSite() as site:
        yield site


@pytest.fixture
def other_site() -> Iterator[RoughSite]:
    """Another host, and a private one."""
    with RoughSite("127.0.0.2") as site:
        yield site


@pytest.fixture
def crawl(site: RoughSite) -> Callable[..., Crawl]:
    """crawl({"path": …, "kind": …, "meta": …}, …, NAME=setting) crawls these pages to the end.

    `root`: another site's.
    """

    def run(
        *pages: dict[str, Any], environment: dict[str, str] | None = None, root: str | None = None, **settings: Any
    ) -> Crawl:
        mark = uuid.uuid4().hex
        plan = {"site": root or site.url, "settings": settings, "pages": pages}
        done = subprocess.run(
            [sys.executable, HERE / "crawl_pages.py"],
            input=json.dumps(plan),
            capture_output=True,
            text=True,
            timeout=500,
            env={**os.environ, "PYTHONPATH": str(HERE.parents[2]), MARK: mark, **(environment or {})},
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return Crawl(**json.loads(done.stdout), log=done.stderr, mark=(environment or {}).get(MARK, mark))

    return run


def processes(mark: str, *, named: str = "") -> list[int]:
    """Ids of the running processes that a crawl started: those with the mark in their environment, and their children.

    Chromium's renderers overwrite their environment with their title, so only their parent identifies them.
    """
    marked, commands, parents = set(), {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        pid = int(folder.name)
        try:
            commands[pid] = (folder / "cmdline").read_bytes()
            parents[pid] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if f"{MARK}={mark}\0".encode() in (folder / "environ").read_bytes():
                marked.add(pid)
        except OSError:
            continue
    ours = {pid for pid in commands if pid in parents and _is_below(pid, marked, parents)}
    return sorted(pid for pid in ours if named.encode() in commands[pid])


def _is_below(pid: int, marked: set[int], parents: dict[int, int]) -> bool:
    while pid and pid not in marked:
        pid = parents.get(pid, 0)
    return bool(pid)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if shutil.which("chromium"):
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason="no chromium on this machine"))
