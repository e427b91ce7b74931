"""What the archive costs: `python benchmarks/archive.py [--articles 500] [--rounds 3]`.

Crawls the replica with and without it, in turn, each in a process of its own, and replays what was kept.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from alqahira.archive.warc import Record
from alqahira.archive.warc_files import read_records
from alqahira.archive.writer import PAGE_TYPES, files
from alqahira.commands.demo import replica

_QUICK = {
    "AUTOTHROTTLE_ENABLED": "False",
    "DOWNLOAD_DELAY": "0",
    "ALQAHIRA_BROWSER": "never",
    "ALQAHIRA_SITEMAP_DAYS": "36500",
}


def scrapy(*arguments: str, **settings: str) -> tuple[float, float]:
    """Seconds of CPU and of the clock that a command took."""
    given = [word for name, value in settings.items() for word in ("-s", f"{name}={value}")]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "scrapy", *arguments, *given], check=True, capture_output=True, env=os.environ
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    took: dict[str, list[tuple[float, float]]] = {"off": [], "on": [], "replay": []}
    with TemporaryDirectory() as folder, replica(options.articles) as root:
        for number in range(options.rounds):
            for name, archive in (("off", "false"), ("on", "true")):
                output = {"ALQAHIRA_OUTPUT_DIR": f"{folder}/{name}-{number}", "ALQAHIRA_SITE_URL": root}
                took[name].append(scrapy("crawl", "defense", ALQAHIRA_ARCHIVE=archive, **output, **_QUICK))
            took["replay"].append(scrapy("replay", ALQAHIRA_OUTPUT_DIR=f"{folder}/on-{number}"))
        (path,) = files(Path(folder) / "on-0" / "archive")
        records = [record for record in read_records(path, max_bytes=2**24) if isinstance(record, Record)]
        bodies = [len(record.payload or b"") for record in records if record.type in PAGE_TYPES]
        size, index = path.stat().st_size, next(path.parent.glob("*.cdxj")).stat().st_size
    pages = len(bodies)
    print(f"{pages} pages of {sum(bodies) / pages:,.0f} bytes; kept {size / pages:,.0f} bytes a page", end=" ")
    print(f"and {index / pages:,.0f} of index")
    for name, times in took.items():
        cpu, wall = (min(time[kind] for time in times) * 1000 / pages for kind in (0, 1))
        print(f"{name:7} CPU {cpu:6.2f} ms a page, wall {wall:6.2f} (the best of {len(times)} rounds)")


if __name__ == "__main__":
    main()
