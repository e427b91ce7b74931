"""A long crawl at full speed: whether memory stays flat and nothing stays open.

    python benchmarks/soak.py [--minutes 40] [--articles 120000]

Two crawls at once without delay: of a replica by plain HTTP, and of one whose pages a browser must render. Every half
minute, memory (proportional set size, so that shared pages count once), open files, sockets and the browser's renderers
(one a page, and a spare one) of each crawl and its child processes are read from /proc. At the end, memory of the last
two minutes is compared with that of the tenth.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import median

from measure import PACE, ROOT, environment, replica

SAMPLE_SECONDS = 30.0
REFERENCE_MINUTE = 10.0
_FULL_SPEED = PACE | {"DOWNLOAD_TIMEOUT": "600"}  # the replica takes long to make a month's sitemap


@dataclass(frozen=True, slots=True)
class Sample:
    """A crawl's resources at a moment; memory in MiB."""

    minute: float
    memory: float
    files: int
    sockets: int
    renderers: int


@dataclass
class Crawl:
    """A running crawl and its samples."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    samples: list[Sample]

    def sample(self, minute: float) -> None:
        memory = files = sockets = renderers = 0
        for pid in _family(self.process.pid):
            try:
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
                memory += int(re.search(r"^Pss:\s+(\d+)", rollup, re.MULTILINE)[1])  # type: ignore[index]
                renderers += b"--type=renderer" in Path(f"/proc/{pid}/cmdline").read_bytes()
                for handle in os.listdir(f"/proc/{pid}/fd"):
                    target = os.readlink(f"/proc/{pid}/fd/{handle}")
                    files, sockets = files + 1, sockets + target.startswith("socket:")
            except OSError:
                continue  # it has just ended
        self.samples.append(Sample(minute, memory / 1024, files, sockets, renderers))


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from _family(int(child))


def crawl(section: str, root: str, output: Path, minutes: float, articles: int, **settings: str) -> Crawl:
    given = _FULL_SPEED | settings | {"ALQAHIRA_SITE_URL": root, "ALQAHIRA_OUTPUT_DIR": str(output)}
    given |= {"CLOSESPIDER_TIMEOUT": str(int(minutes * 60))}
    # As far back as the sitemaps: the replica has 144 articles a day.
    since = date.today() - timedelta(days=max(1, articles // 144 - 2))
    command = [sys.executable, "-m", "scrapy", "crawl", section, "-a", f"since={since}"]
    for name, value in given.items():
        command += ["-s", f"{name}={value}"]
    log = output.with_suffix(".log")
    process = subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=log.open("wb"), stderr=subprocess.STDOUT)
    return Crawl(output.name, process, log, [])


def watch(crawls: list[Crawl], minutes: float) -> None:
    began = time.monotonic()
    while any(one.process.poll() is None for one in crawls):
        time.sleep(SAMPLE_SECONDS)
        minute = (time.monotonic() - began) / 60
        for one in crawls:
            if one.process.poll() is None:
                one.sample(minute)
        if minute > minutes + 5:
            raise SystemExit(f"still running after {minute:.0f} minutes")


def report(one: Crawl, reference: float) -> bool:
    """Print a crawl's figures. Returns whether its memory was flat and no process is left."""
    samples = one.samples[:-1]  # the last may be of a closing crawl
    at_reference = median(s.memory for s in samples if abs(s.minute - reference) <= 1.5)
    at_end = median(s.memory for s in samples[-4:])
    print(f"\n{one.name}: exit status {one.process.returncode}")
    print(f"{'minute':>8}{'MiB':>8}{'files':>7}{'sockets':>9}{'renderers':>11}")
    for s in samples[:: max(1, len(samples) // 10)] + samples[-1:]:
        print(f"{s.minute:8.1f}{s.memory:8.0f}{s.files:7}{s.sockets:9}{s.renderers:11}")
    print(
        f"memory at the end / at minute {reference:g}: {at_end:.0f} / {at_reference:.0f} = {at_end / at_reference:.3f}"
    )
    for line in one.log.read_text("utf-8").splitlines():
        if "Run " in line and "discovered" in line:
            print(line)
    left = [pid for pid in _family(one.process.pid) if Path(f"/proc/{pid}/fd").exists()]
    print(f"processes left: {len(left)}")
    return at_end / at_reference < 1.1 and not left


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--articles", type=int, default=120_000, help="of the plain replica; the other has a sixth")
    options = parser.parse_args()
    few = options.articles // 6
    with (
        tempfile.TemporaryDirectory() as folder,
        replica("--articles", str(options.articles)) as root,
        replica("--articles", str(few), "--render", "client") as shells_root,
    ):
        crawls = [
            crawl("defense", root, Path(folder) / "plain", options.minutes, options.articles),
            crawl("foreign_affairs", shells_root, Path(folder) / "browser", options.minutes, few),
        ]
        watch(crawls, options.minutes)
        flat = [report(one, min(REFERENCE_MINUTE, options.minutes / 4)) for one in crawls]
    sys.exit(0 if all(flat) else 1)


if __name__ == "__main__":
    main()
