"""Starts the replica as a process for a test, and reads its access log.

    def test_something(replica):
        server = replica("--render", "client", "--control")
        server.get("/robots.txt").status
        server.log()

`tests/conftest.py` imports the `replica` fixture for all tests.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import forked
import pytest

from alqahira.replica.article import ReplicaArticle
from alqahira.replica.corpus import load_corpus
from alqahira.replica.options import ReplicaOptions

_START_SECONDS = 200.0
_STOP_SECONDS = 200.0


@dataclass(frozen=True)
class Answer:
    """A response of the replica; redirects are not followed."""

    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class ReplicaProcess:
    """A running replica: `url` is its root without a trailing slash."""

    url: str
    log_path: Path
    process: forked.Process = field(repr=False)
    now: datetime  # its clock at the start, unless a test set another

    def truth(self) -> dict[str, ReplicaArticle]:
        """Each written article and its truth, by number."""
        return written(self.now)

    @property
    def port(self) -> int:
        port = urlsplit(self.url).port
        assert port
        return port

    def request(self, method: str, path: str, headers: dict[str, str] | None = None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=200)
        try:
            connection.request(method, path, headers=headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path: str, headers: dict[str, str] | None = None) -> Answer:
        return self.request("GET", path, headers)

    def revise(self, number: int) -> Any:
        """Change the article now (needs `--control`)."""
        return self.request("POST", f"/__replica__/revise/{number}").json()

    def publish(self, count: int = 1) -> Any:
        """Publish so many new articles now (needs `--control`); their ids and addresses."""
        return self.request("POST", f"/__replica__/publish/{count}").json()["items"]

    def withdraw(self, number: int) -> None:
        """Take the article down (needs `--control`)."""
        assert self.request("POST", f"/__replica__/withdraw/{number}").status == 200

    def log(self) -> list[dict[str, Any]]:
        """Every request so far: time, method, path, status, bytes, if_none_match, if_modified_since, user_agent."""
        if not self.log_path.exists():
            return []
        return [json.loads(line) for line in self.log_path.read_text("utf-8").splitlines()]

    def paths(self) -> list[str]:
        return [line["path"] for line in self.log()]

    def stop(self) -> int:
        """Stop it by SIGTERM, as a service manager would; its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def written(now: datetime) -> dict[str, ReplicaArticle]:
    """The written articles of a replica that starts at `now`, by number."""
    return {str(article.number): article for article in load_corpus(*ReplicaOptions().anchor(now))}


def is_recent(article: ReplicaArticle, now: datetime) -> bool:
    """Whether a run without `since` can discover it: in the last seven days of a sitemap."""
    return article.listed > now - timedelta(days=6)


def start_replica(*arguments: str, log: Path = Path(os.devnull)) -> ReplicaProcess:
    """Start `python -m alqahira.replica` with these switches on a free port; RuntimeError if it does not come up."""
    switches = ["--port", "0", "--log", str(log)]
    now = datetime.now(UTC).replace(microsecond=0)
    switches += arguments if {"--now", "--today"} & {*arguments} else ("--now", now.isoformat(), *arguments)
    reader, writer = os.pipe()
    try:
        process = forked.start("alqahira.replica", *switches, environment=os.environ, stdout=writer)
    finally:
        os.close(writer)
    with open(reader, encoding="utf-8") as output:
        line = output.readline()  # ends at once if the process does
    if not line.startswith("replica listening on http://"):
        process.kill()
        raise RuntimeError(f"the replica did not start: {line!r}, exit status {process.wait(_START_SECONDS)}")
    return ReplicaProcess(line.split()[-1], log, process, now)


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Callable[..., ReplicaProcess]]:
    """Start a replica with the given switches; all are stopped when the test ends."""
    running: list[ReplicaProcess] = []

    def start(*arguments: str) -> ReplicaProcess:
        server = start_replica(*arguments, log=tmp_path / f"access-{len(running)}.jsonl")
        running.append(server)
        return server

    yield start
    for server in running:
        server.process.kill()
        server.process.wait()
