"""From `scrapy crawl` to the first request, beside a bare Scrapy project: CPU and clock.

    python benchmarks/startup.py [--rounds 5]

A server waits for the first request and ends the crawl there.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import BARE, ROOT, ROUNDS, Figure, Used, environment, show, turns

_GROUP = "start-up"


def first_request(command: list[str], *, cwd: Path, server: socket.socket) -> Used:
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *command], cwd=cwd, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    connection, _ = server.accept()
    with connection:
        connection.recv(1)
        wall = time.perf_counter() - began
        os.kill(process.pid, signal.SIGKILL)  # Popen might collect its usage, which the kernel reports once
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Used(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, wall)


def measure(rounds: int = ROUNDS) -> list[Figure]:
    with tempfile.TemporaryDirectory() as name, socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(120)
        root = f"http://127.0.0.1:{server.getsockname()[1]}"
        addresses = Path(name) / "addresses"
        addresses.write_text(root, "utf-8")
        mine = ["-m", "scrapy", "crawl", "defense", "-s", f"ALQAHIRA_SITE_URL={root}"]

        def once(number: int) -> tuple[Used, Used]:
            output = ["-s", f"ALQAHIRA_OUTPUT_DIR={name}/{number}"]
            ours = first_request([*mine, *output], cwd=ROOT, server=server)
            bare = first_request(["-m", "scrapy", "crawl", "bare", "-a", f"urls={addresses}"], cwd=BARE, server=server)
            return ours, bare

        once(rounds)  # writes the bytecode
        pairs = turns(rounds, once)
    return [
        Figure(_GROUP, "CPU to the first request beside bare Scrapy", tuple(o.cpu / b.cpu for o, b in pairs), "1.3"),
        Figure(_GROUP, "time to the first request beside bare Scrapy", tuple(o.wall / b.wall for o, b in pairs)),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    show(measure(parser.parse_args().rounds))


if __name__ == "__main__":
    main()
