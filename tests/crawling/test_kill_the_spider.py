"""The real spider on a real site, killed, stopped, and starved of disk: nothing lost, duplicated or broken.

When to strike depends on answers given and parts sealed, not on the clock.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from http_server import QuietHandler, serving
from scrapy_process import UNTHROTTLED, Corpus, scrapy, start_scrapy
from scrapyd_server import until
from undisturbed import SETTINGS, Site, site_of

from alqahira.ledger import open_ledger
from alqahira.publishing.manifest import part_files

pytestmark = pytest.mark.chaos


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with site_of(90, tmp_path_factory.mktemp("site")) as made:
        assert len(made.expected) > 40
        yield made


@pytest.fixture(scope="module")
def large_site(tmp_path_factory):
    with site_of(600, tmp_path_factory.mktemp("large")) as made:
        assert len(made.expected) > 200
        yield made


# --- crawls -------------------------------------------------------------------------------------


@dataclass
class Crawl:
    """An output folder, filled by one spider process after another."""

    site: Site
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    def start(self) -> subprocess.Popen[bytes]:
        given = UNTHROTTLED | SETTINGS | self.settings
        given |= {"ALQAHIRA_OUTPUT_DIR": str(self.folder), "ALQAHIRA_SITE_URL": self.site.server.url}
        return start_scrapy("crawl", "defense", settings=given, log=self.log)

    @property
    def log(self) -> Path:
        return self.folder.parent / f"{self.folder.name}.log"

    @property
    def log_lines(self) -> list[str]:
        return self.log.read_text("utf-8").splitlines()

    def until(self, process: subprocess.Popen[bytes], happened: Callable[[], bool]) -> bool:
        """Wait for it; whether it happened while the process was running."""
        while not happened():
            try:
                process.wait(0.002)
            except subprocess.TimeoutExpired:
                continue
            return False
        return process.poll() is None

    def finish(self) -> int:
        """A run to its end; its exit status."""
        return self.start().wait(240)

    def answers(self) -> Callable[[], int]:
        return self.site.answers()

    def parts(self) -> int:
        return len(part_files(self.folder))

    def wrong(self) -> list[str]:
        """Stories that are lost, published twice or broken, compared with the undisturbed crawl."""
        return self.site.wrong(self.folder)


@pytest.fixture
def crawl(site, tmp_path):
    return Crawl(site, tmp_path / "output")


@contextmanager
def reader(folder: Path) -> Iterator[list[str]]:
    """Reads the output all the time; the list holds the faults that it saw."""
    seen: list[str] = []
    whole: dict[str, bytes] = {}
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            for path in part_files(folder):
                if path in whole:
                    continue
                text = (folder / path).read_bytes()
                try:
                    [json.loads(line) for line in text.decode().split("\n")[:-1]]
                except ValueError as error:
                    seen.append(f"{path}: {error}")
                if not text.endswith(b"\n"):
                    seen.append(f"{path}: torn")
                whole[path] = text
            stop.wait(0.02)
        seen.extend(f"{path}: changed" for path, text in whole.items() if (folder / path).read_bytes() != text)
        if not whole:
            seen.append("nothing was ever read")

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


# --- SIGKILL ------------------------------------------------------------------------------------


def kill_again_and_again(crawl: Crawl, seed: int, kills: int, *, articles: int, parts: int) -> int:
    """SIGKILL runs of the spider, each after a random number of answers or parts; how many died of it."""
    random, died = Random(seed), 0
    for _ in range(kills):
        answers, wanted = crawl.answers(), random.randint(1, articles)
        sealed, more = crawl.parts(), random.randint(1, parts)
        by_parts = random.random() < 0.4
        process = crawl.start()
        happened = (
            (lambda a=sealed, b=more: crawl.parts() >= a + b) if by_parts else (lambda n=wanted, c=answers: c() >= n)
        )
        if crawl.until(process, happened):
            process.kill()
        died += process.wait() == -signal.SIGKILL
    return died


def test_spider_killed_at_random_loses_and_repeats_nothing(crawl):
    with reader(crawl.folder) as seen:
        died = kill_again_and_again(crawl, seed=1, kills=5, articles=30, parts=2)
        assert crawl.finish() == 0
    assert died >= 4
    assert seen == []
    assert crawl.wrong() == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_sixty_random_kills_on_600_articles_lose_and_repeat_nothing(large_site, tmp_path, seed):
    crawl = Crawl(large_site, tmp_path / "output")
    with reader(crawl.folder) as seen:
        died = kill_again_and_again(crawl, seed=seed, kills=10, articles=60, parts=5)
        assert crawl.finish() == 0
    print(f"seed {seed}: {died} kills, {len(large_site.expected)} stories in {crawl.parts()} parts")
    assert died >= 9
    assert seen == []
    assert crawl.wrong() == []


# --- SIGTERM ------------------------------------------------------------------------------------


def test_sigterm_ends_the_run_cleanly_and_the_next_continues(crawl):
    answers = crawl.answers()
    process = crawl.start()
    assert crawl.until(process, lambda: answers() >= 20)
    process.terminate()
    assert process.wait(240) == 0
    assert any("Closing spider (shutdown)" in line for line in crawl.log_lines)
    assert not any("Traceback" in line for line in crawl.log_lines)
    before = Counter(Corpus(crawl.folder, "").lines())
    assert before  # what was accepted is published before the process ends
    assert scrapy("verify", settings={"ALQAHIRA_OUTPUT_DIR": str(crawl.folder)}).status == 0
    assert crawl.finish() == 0
    assert not before - Counter(Corpus(crawl.folder, "").lines())
    assert crawl.wrong() == []


def test_second_sigterm_ends_the_run_at_once_and_loses_nothing(crawl):
    answers = crawl.answers()
    process = crawl.start()
    assert crawl.until(process, lambda: answers() >= 20)
    process.terminate()
    if crawl.until(process, lambda: any("Received SIGTERM" in line for line in crawl.log_lines)):
        process.terminate()
    process.wait(240)
    assert crawl.finish() == 0
    assert crawl.wrong() == []


class Overloaded(QuietHandler):
    """Forty articles, each of which answers 503 with a Retry-After of two minutes."""

    def do_GET(self):
        if self.path.startswith("/news/"):
            self.answer(b"", "text/html", 503, **{"Retry-After": "120"})
        elif self.path.startswith("/category/"):
            cards = "".join(f'<article><a href="/news/{n}/x">{n}</a></article>' for n in range(100, 140))
            self.answer(f"<html><main>{cards}</main></html>".encode(), "text/html")
        else:
            self.answer(b"", "text/plain", 404)


def test_requests_that_wait_for_a_host_at_sigterm_are_left_to_the_next_run(tmp_path):
    with serving(Overloaded) as server:
        site = f"http://127.0.0.1:{server.server_port}"
        settings = UNTHROTTLED | {"ALQAHIRA_SITE_URL": site, "ALQAHIRA_OUTPUT_DIR": str(tmp_path / "output")}
        settings |= {"CONCURRENT_REQUESTS_PER_DOMAIN": "1", "DOWNLOAD_DELAY": "0.25"}  # so that many wait
        log = tmp_path / "log"
        process = start_scrapy("crawl", "defense", settings=settings, log=log)
        until(lambda: "left alone for 120.0 s" in log.read_text("utf-8"), lambda: log.read_text("utf-8"))
        process.terminate()
        assert process.wait(240) == 0, log.read_text("utf-8")
    text = log.read_text("utf-8")
    assert "+ 0 failed; 40 left to the next run" in text, text
    with open_ledger(f"sqlite:///{tmp_path / 'output' / 'state.db'}", read_only=True) as ledger:
        assert len(ledger.backlog()) == 40


# --- disks --------------------------------------------------------------------------------------

may_mount = pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="needs to mount a small disk")


def remount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)], check=False).returncode:
        pytest.skip("mounting is not allowed here")
    yield folder
    subprocess.run(["umount", str(folder)], check=False)


@may_mount
@pytest.mark.parametrize(
    ("size", "with_state", "message"),
    [
        pytest.param("100k", False, "No space left", id="parts"),
        pytest.param("400k", True, "disk is full", id="while pages are discovered"),
        pytest.param("900k", True, "disk is full", id="while articles are accepted", marks=pytest.mark.slow),
    ],
)
def test_full_disk_ends_the_run_with_one_line_and_the_next_continues(crawl, small_disk, size, with_state, message):
    crawl.folder = small_disk
    if not with_state:
        crawl.settings["ALQAHIRA_STATE_URL"] = f"sqlite:///{small_disk.parent / 'state.db'}"
    remount(small_disk, f"size={size}")
    assert crawl.finish() == 1
    assert crawl.log_lines[-1].startswith("alqahira: ")
    assert message in crawl.log_lines[-1]
    assert not any("Traceback" in line for line in crawl.log_lines)
    remount(small_disk, "size=64m")
    assert crawl.finish() == 0
    assert crawl.wrong() == []


@may_mount
def test_folder_turning_read_only_ends_the_run_with_one_line_and_the_next_continues(crawl, small_disk):
    crawl.folder = small_disk
    crawl.settings["ALQAHIRA_STATE_URL"] = f"sqlite:///{small_disk.parent / 'state.db'}"
    process = crawl.start()
    assert crawl.until(process, lambda: crawl.parts() >= 1)
    process.send_signal(signal.SIGSTOP)  # none of its files may be open for writing during the remount
    while subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=False, capture_output=True).returncode:
        process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGSTOP)
    process.send_signal(signal.SIGCONT)
    assert process.wait(240) == 1
    assert "Read-only file system" in crawl.log_lines[-1]
    assert not any("Traceback" in line for line in crawl.log_lines)
    remount(small_disk, "rw")
    assert crawl.finish() == 0
    assert crawl.wrong() == []


@may_mount
def test_read_only_folder_is_one_line_before_any_request(crawl, small_disk):
    crawl.folder = small_disk
    remount(small_disk, "ro")
    before = crawl.site.server.log_path.stat().st_size
    assert crawl.finish() == 2
    assert crawl.log_lines[-1].startswith("alqahira: ")
    assert len(crawl.log_lines) == 1
    assert crawl.site.server.log_path.stat().st_size == before


# --- two at once --------------------------------------------------------------------------------


def test_second_run_at_once_ends_with_status_3(crawl):
    first = crawl.start()
    answers = crawl.answers()
    assert crawl.until(first, lambda: answers() >= 1)
    first.send_signal(signal.SIGSTOP)  # it holds the ledger until the second has seen that
    given = UNTHROTTLED | SETTINGS | {"ALQAHIRA_SITE_URL": "http://127.0.0.1:1"}
    second = scrapy("crawl", "defense", settings=given | {"ALQAHIRA_OUTPUT_DIR": str(crawl.folder)})
    assert second.status == 3
    assert "another run holds the state" in second.lines[-1]
    first.send_signal(signal.SIGCONT)
    assert first.wait(240) == 0
    assert crawl.wrong() == []
