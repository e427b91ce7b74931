"""A whole run beside bare Scrapy, which only downloads the same pages: CPU and peak of memory.

    python benchmarks/whole_run.py [--articles 5000] [--rounds 5]

The run is the real one: discovered through sitemaps, downloaded, extracted, classified, deduplicated, written to the
ledger on disk, published in parts. The bare project (`bare/`) has Scrapy's default settings and requests exactly the
addresses that the first run requested, robots.txt, listings and sitemaps included. The replica is a separate process
and counts on neither side.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from datetime import date, timedelta
from pathlib import Path

from measure import BARE, PACE, ROUNDS, Command, Figure, Used, in_turns, replica, run, show, turns

_GROUP = "whole run"


def ours(root: str, output: Path, articles: int, **settings: str) -> Command:
    # As far back as the replica, which has 144 articles a day.
    since = date.today() - timedelta(days=articles // 144 + 2)
    given = PACE | {"ALQAHIRA_SITE_URL": root, "ALQAHIRA_OUTPUT_DIR": str(output)} | settings
    return Command(["-m", "scrapy", "crawl", "defense", "-a", f"since={since}"], settings=given)


def bare(addresses: Path, **settings: str) -> Command:
    return Command(["-m", "scrapy", "crawl", "bare", "-a", f"urls={addresses}"], BARE, PACE | settings)


def requested(log: Path, root: str) -> str:
    """The different addresses of an access log, one a line."""
    paths = [json.loads(line)["path"] for line in log.read_text("utf-8").splitlines()]
    return "\n".join(root + path for path in dict.fromkeys(paths))


def measure(articles: int = 5_000, rounds: int = ROUNDS) -> list[Figure]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log, addresses = folder / "access.jsonl", folder / "addresses"
        with replica("--articles", str(articles), "--log", str(log)) as root:
            run(ours(root, folder / "output", articles))
            addresses.write_text("", "utf-8")
            run(bare(addresses))  # as the run before, it writes the bytecode
            addresses.write_text(requested(log, root), "utf-8")

            def once(number: int) -> list[Used]:
                mine = ours(root, folder / f"output-{number}", articles)
                return in_turns(mine, bare(addresses), bare(addresses, CONCURRENT_ITEMS="1"))

            rows = turns(rounds, once)
    beside = f"beside bare Scrapy, {articles:,} pages"
    return [
        Figure(_GROUP, f"CPU {beside}", tuple(m.cpu / b.cpu for m, b, _ in rows), "1.5"),
        Figure(_GROUP, f"peak memory {beside}", tuple(m.peak / b.peak for m, b, _ in rows), "1.3"),
        Figure(_GROUP, "CPU, both with CONCURRENT_ITEMS=1", tuple(m.cpu / b.cpu for m, _, b in rows)),
    ]


def measure_memory(articles: int, rounds: int = ROUNDS) -> list[Figure]:
    """The memory of `measure` alone, as it is shown for other numbers of pages."""
    return [figure for figure in measure(articles, rounds) if figure.what.startswith("peak memory")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    show(measure(given.articles, given.rounds))


if __name__ == "__main__":
    main()
