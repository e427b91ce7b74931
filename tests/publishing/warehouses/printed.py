"""Runs the code on a page of docs/warehouses, section by section."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scrapy_process import PROJECT

PAGES = PROJECT / "docs" / "warehouses"
_BLOCK = re.compile(r"^## (?P<section>[^\n]+)$|^```(?P<language>\w+)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One fenced block: the heading above it, its language, its code."""

    section: str
    language: str
    code: str


def blocks(page: str) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    section = ""
    for match in _BLOCK.finditer((PAGES / f"{page}.md").read_text("utf-8")):
        section = match["section"] or section
        if match["code"]:
            yield Block(section, match["language"], match["code"])


@dataclass
class PrintedPage:
    """A page and the folder in which its code runs, which resembles the project's root.

    `sql`: how the page's engine runs an SQL block, for SQL is printed without the client. `names`: what the page's
    Python has defined, shared by its blocks.
    """

    page: str
    folder: Path
    sql: Callable[[PrintedPage, str], Any] | None = None
    environment: dict[str, str] = field(default_factory=dict)
    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "__main__"})

    def __post_init__(self) -> None:
        (self.folder / "scrapy.cfg").symlink_to(PROJECT / "scrapy.cfg")

    def run(self, section: str) -> Any:
        """Run the blocks under a heading; returns what the last one printed or selected."""
        chosen = [block for block in blocks(self.page) if block.section == section]
        assert chosen, f"{self.page}.md has no code under `{section}`"
        return [self._run(block) for block in chosen][-1]

    def _run(self, block: Block) -> Any:
        if block.language == "sh":
            return self._shell(block.code)
        if block.language == "python":
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(block.code, f"{self.page}.md: {block.section}", "exec"), self.names)
            return printed.getvalue()
        assert block.language == "sql"
        assert self.sql is not None
        return self.sql(self, block.code)

    def _shell(self, code: str) -> str:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", code],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(PROJECT), "PATH": path} | self.environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
