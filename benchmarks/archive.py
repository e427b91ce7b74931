"""The cost of the archive: `python benchmarks/archive.py [--articles 500] [--rounds 3]`.

Crawls the replica with and without it, in turn, each in a process of its own, and replays the archive.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from measure import PACE, Command, Used, replica, run

from alqahira.archive.warc import Record
from alqahira.archive.warc_files import read_records
from alqahira.archive.writer import PAGE_TYPES, files

_CRAWL = PACE | {"ALQAHIRA_BROWSER": "never", "ALQAHIRA_SITEMAP_DAYS": "36500"}


def scrapy(*arguments: str, **settings: str) -> Used:
    return run(Command(["-m", "scrapy", *arguments], settings=settings))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    costs: dict[str, list[Used]] = {"off": [], "on": [], "replay": []}
    with TemporaryDirectory() as folder, replica("--articles", str(options.articles)) as root:
        for number in range(options.rounds):
            for name, archive in (("off", "false"), ("on", "true")):
                output = {"ALQAHIRA_OUTPUT_DIR": f"{folder}/{name}-{number}", "ALQAHIRA_SITE_URL": root}
                costs[name].append(scrapy("crawl", "defense", ALQAHIRA_ARCHIVE=archive, **output, **_CRAWL))
            costs["replay"].append(scrapy("replay", ALQAHIRA_OUTPUT_DIR=f"{folder}/on-{number}"))
        (path,) = files(Path(folder) / "on-0" / "archive")
        records = [record for record in read_records(path, max_bytes=2**24) if isinstance(record, Record)]
        bodies = [len(record.payload or b"") for record in records if record.type in PAGE_TYPES]
        size, index = path.stat().st_size, next(path.parent.glob("*.cdxj")).stat().st_size
    pages = len(bodies)
    print(f"{pages} pages of {sum(bodies) / pages:,.0f} bytes; kept {size / pages:,.0f} bytes a page", end=" ")
    print(f"and {index / pages:,.0f} of index")
    for name, rounds in costs.items():
        cpu, wall = (min(times) * 1000 / pages for times in ([r.cpu for r in rounds], [r.wall for r in rounds]))
        print(f"{name:7} CPU {cpu:6.2f} ms a page, wall {wall:6.2f} (the best of {len(rounds)} rounds)")


if __name__ == "__main__":
    main()
