"""Runs the project's commands, in processes as users do or in this one, and reads their output."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from unittest import mock

import forked
import pytest
from scrapy import cmdline
from scrapy.settings import Settings

from alqahira.crawling.command import UNTHROTTLED

PROJECT = Path(__file__).parent.parent


@dataclass
class Ran:
    """A command that has ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def lines(self) -> list[str]:
        return [line for line in (self.stdout + self.stderr).splitlines() if line.strip()]


def _with(arguments: tuple[str, ...], settings: dict[str, str]) -> list[str]:
    return [*arguments, *(part for name, value in settings.items() for part in ("-s", f"{name}={value}"))]


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("ALQAHIRA_")}


def _program(clock: datetime | None) -> tuple[str, dict[str, str]]:
    """The program to start, and the environment that sets its clock."""
    if clock is None:
        return "scrapy", {}
    return str(PROJECT / "tests" / "pretended_clock.py"), {"PRETENDED_NOW": clock.isoformat()}


def scrapy(
    *arguments: str,
    settings: dict[str, str] | None = None,
    fresh: bool = False,
    clock: datetime | None = None,
    **environment: str,
) -> Ran:
    """`scrapy …` from the project's root. fresh: in a new interpreter instead of a fork. clock: when it starts."""
    program, pretended = _program(clock)
    given, clean = _with(arguments, settings or {}), _environment() | pretended | environment
    return Ran(*forked.run(program, *given, environment=clean, timeout=240, fresh=fresh))


def scrapy_here(*arguments: str, settings: dict[str, str] | None = None, **environment: str) -> Ran:
    """`scrapy …` in this process: what crawls nothing, and what is refused before a crawl.

    It costs a tenth of a process. Of the project's settings, `environment` sets none.
    """
    project = Settings()
    project.setmodule("alqahira.settings")
    streams = [io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2)]
    crawl = mock.patch.object(cmdline, "AsyncCrawlerProcess", side_effect=AssertionError("it would crawl"))
    with (
        crawl,
        mock.patch.dict(os.environ, environment),
        chdir(PROJECT),
        redirect_stdout(streams[0]),
        redirect_stderr(streams[1]),
        pytest.raises(SystemExit) as ended,
    ):
        cmdline.execute(["scrapy", *_with(arguments, settings or {})], project)
    return Ran(ended.value.code, *(stream.buffer.getvalue().decode() for stream in streams))


def start_scrapy(
    *arguments: str, settings: dict[str, str], log: Path, clock: datetime | None = None, **environment: str
) -> forked.Process:
    """`scrapy …` from the project's root, running beside the test; its output goes to `log`. clock: when it starts."""
    program, pretended = _program(clock)
    with log.open("wb") as output:
        given, clean = _with(arguments, settings), _environment() | pretended | environment
        return forked.start(program, *given, environment=clean, stdout=output, stderr=output)


def at_a_terminal(command: list[str], environment: dict[str, str], *, columns: int = 120) -> tuple[int, str]:
    """Run the command at a terminal of so many columns; its exit status and all output."""
    terminal, child_end = pty.openpty()
    screen = {"TERM": "xterm-256color", "COLUMNS": str(columns)}
    streams = {"stdin": child_end, "stdout": child_end, "stderr": child_end}
    if command[:3] == [sys.executable, "-m", "scrapy"]:
        process = forked.start("scrapy", *command[3:], environment=environment | screen, **streams)
    else:
        process = subprocess.Popen(command, cwd=PROJECT, env=environment | screen, **streams)
    os.close(child_end)
    output = bytearray()
    try:
        while piece := os.read(terminal, 65536):
            output += piece
    except OSError:  # the other end is closed
        pass
    os.close(terminal)
    return process.wait(240), output.decode("utf-8", "replace")


def plain(output: str) -> str:
    """Terminal output without colours and cursor movements."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", output)


@dataclass
class Corpus:
    """An output folder and the crawls that fill it."""

    folder: Path
    site_url: str

    def crawl(
        self,
        section: str,
        *arguments: str,
        settings: dict[str, str] | None = None,
        clock: datetime | None = None,
        **environment: str,
    ) -> Ran:
        given = self.settings | (settings or {})
        return scrapy("crawl", section, *arguments, settings=given, clock=clock, **environment)

    @property
    def settings(self) -> dict[str, str]:
        """The settings of its crawls."""
        return UNTHROTTLED | {"ALQAHIRA_OUTPUT_DIR": str(self.folder), "ALQAHIRA_SITE_URL": self.site_url}

    def lines(self) -> list[str]:
        """Every line of every visible part."""
        parts = sorted((self.folder / "articles").glob("day=*/part-*.jsonl"))
        return [line for part in parts for line in part.read_text("utf-8").split("\n") if line]

    def records(self) -> list[dict]:
        return [json.loads(line) for line in self.lines()]

    def summary(self) -> dict:
        """The summary of the newest run."""
        newest = max((self.folder / "runs").glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
        return json.loads(newest.read_text("utf-8"))

    def by_id(self) -> dict[str, dict]:
        """The highest revision of each article."""
        newest: dict[str, dict] = {}
        for record in sorted(self.records(), key=lambda record: record["revision"]):
            newest[record["article_id"]] = record
        return newest
