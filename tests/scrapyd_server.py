"""Starts a real Scrapyd with deploy/scrapyd.conf in its own folder, deploys to it, and calls its API.

with Scrapyd(tmp_path / "scrapyd", ALQAHIRA_SITE_URL=server.url) as scrapyd:
    scrapyd.deploy(copy_project(tmp_path / "project"))
    job = scrapyd.schedule("defense", since="2026-11-01", settings={"LOG_LEVEL": "DEBUG"})
    scrapyd.wait(job).status
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from scrapy_process import PROJECT

CONF = PROJECT / "deploy" / "scrapyd.conf"
PASSWORD = "a $sec%ret"  # with characters that are special to make, the shell and ConfigParser
_DEADLINE = 200.0
_SOURCES = ("alqahira", "spiders", "pipelines", "pyproject.toml", "setup.py", "scrapy.cfg", "README.md", "Makefile")


@dataclass
class Job:
    """A job that has ended."""

    status: int
    log: str

    @property
    def lines(self) -> list[str]:
        return self.log.splitlines()


@dataclass
class Scrapyd:
    """A Scrapyd in `folder`, with the environment and the changes of scrapyd.conf that an operator would make."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    conf: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    url: str = ""

    @property
    def output(self) -> Path:
        return self.folder / "output"

    @property
    def own_log(self) -> Path:
        return self.folder / "scrapyd.log"

    def start(self) -> None:
        """Start it on a free port; after a kill, again in the same folder."""
        self.folder.mkdir(exist_ok=True)
        conf = CONF.read_text("utf-8")
        for name, value in ({"poll_interval": "0.1"} | self.conf).items():
            conf, replaced = re.subn(rf"^{name} =.*$", f"{name} = {value}", conf, flags=re.MULTILINE)
            assert replaced == 1, name
        (self.folder / "scrapyd.conf").write_text(conf, "utf-8")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ALQAHIRA_", "SCRAPY"))}
        given = {"SCRAPYD_PASSWORD": PASSWORD, "ALQAHIRA_OUTPUT_DIR": str(self.output)} | self.environment
        given |= {"SCRAPYD_HTTP_PORT": str(port), "HOME": str(self.folder), "PYTHONPATH": str(PROJECT)}
        with self.own_log.open("ab") as log:
            command = [sys.executable, "-m", "scrapyd", "--pidfile="]
            self.process = subprocess.Popen(command, cwd=self.folder, env=kept | given, stdout=log, stderr=log)
        self.url = f"http://127.0.0.1:{port}"
        until(lambda: self.process.poll() is not None or self._answers(), lambda: self.own_log.read_text())
        assert self.process.poll() is None, self.own_log.read_text()

    def _answers(self) -> bool:
        with suppress(requests.ConnectionError, requests.Timeout):
            return requests.get(self.url, timeout=10).status_code == 401
        return False

    def deploy(self, folder: Path) -> subprocess.CompletedProcess[str]:
        """`make deploy` of the copy of the project in `folder`."""
        # The tests' own virtual environment, so that nothing is installed.
        venv = Path(sys.executable).parent.parent
        command = ["make", "deploy", f"VENV={venv}", f"--old-file={venv / '.installed-scrapyd'}"]
        login = {"SCRAPYD_URL": self.url, "SCRAPYD_USERNAME": "", "SCRAPYD_PASSWORD": PASSWORD}
        return subprocess.run(command, cwd=folder, env=os.environ | login, capture_output=True, text=True, check=False)

    def ask(self, name: str, **given: Any) -> dict[str, Any]:
        """GET name.json, or POST where fields are given for the body (`data`)."""
        method = "POST" if "data" in given else "GET"
        answer = requests.request(method, f"{self.url}/{name}.json", auth=("alqahira", PASSWORD), timeout=200, **given)
        return answer.json()

    def schedule(self, spider: str, *, settings: dict[str, str] | None = None, **arguments: str) -> str:
        """schedule.json; the job's id."""
        pairs = [f"{name}={value}" for name, value in (settings or {}).items()]
        fields = {"project": "alqahira", "spider": spider, "setting": pairs, **arguments}
        answer = self.ask("schedule", data=fields)
        assert answer["status"] == "ok", answer
        return answer["jobid"]

    def cancel(self, job: str) -> str | None:
        """cancel.json; the state that the job was in."""
        return self.ask("cancel", data={"project": "alqahira", "job": job})["prevstate"]

    def pid(self, job: str) -> int:
        """The process of a job, once it runs."""
        until(lambda: self._running(job) is not None, lambda: str(self.ask("listjobs")))
        return self._running(job)

    def _running(self, job: str) -> int | None:
        return next((entry["pid"] for entry in self.ask("listjobs")["running"] if entry["id"] == job), None)

    def log_of(self, job: str, spider: str = "defense") -> str:
        path = self.folder / "logs" / "alqahira" / spider / f"{job}.log"
        return path.read_text("utf-8") if path.exists() else ""

    def status(self, job: str) -> int | None:
        """The exit status of a job that has ended, from Scrapyd's own log; -9 where a signal ended it; None while it runs."""
        ended = re.compile(rf"Process (?:finished|died): (?:exitstatus=(\S+) )?project=\S+ spider=\S+ job='{job}'")
        match = ended.search(self.own_log.read_text("utf-8"))
        if match is None:
            return None
        return -signal.SIGKILL if match[1] == "None" else int(match[1] or 0)

    def wait(self, job: str, spider: str = "defense") -> Job:
        """The job when it has ended: its exit status and its log."""
        until(lambda: self.status(job) is not None, lambda: self.own_log.read_text("utf-8"))
        return Job(self.status(job) or 0, self.log_of(job, spider))

    def kill(self) -> None:
        """SIGKILL to Scrapyd alone; its running job survives."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Scrapyd:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        for pid in re.findall(r"Process started: .*? pid=(\d+) ", self.own_log.read_text("utf-8")):
            # Only this Scrapyd's spiders: another process may have the number by now.
            with suppress(OSError):
                if str(self.folder).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                    os.kill(int(pid), signal.SIGKILL)


def copy_project(folder: Path) -> Path:
    """The files of an egg, copied to a folder for building one."""
    folder.mkdir()
    for name in _SOURCES:
        if (PROJECT / name).is_dir():
            shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(PROJECT / name, folder / name)
    return folder


def until(happened: Callable[[], object], instead: Callable[[], str]) -> None:
    """Wait until `happened` is true; AssertionError with the text of `instead` after 200 seconds."""
    deadline = time.monotonic() + _DEADLINE
    while not happened():
        assert time.monotonic() < deadline, instead()
        time.sleep(0.02)
