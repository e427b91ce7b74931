"""A run that resumes a backlog: memory of the process, and CPU of each link until it would be requested.

    python benchmarks/backlog.py [--links 1000000] [--folder /tmp]
    python benchmarks/backlog.py --state FILE    of a filled ledger: peak MB before, with the backlog, CPU seconds

The ledger is filled in bulk with pending pages, then read by a process of its own, once to the first batch and once to
the last: the latter's memory holds the account of all articles, as that of any run that has requested them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

from measure import environment, peak_of

from alqahira.article import rfc3339
from alqahira.crawling.discovery.article_queue import ArticleQueue
from alqahira.ledger import Ledger, open_ledger
from alqahira.ledger.tables import PageState, pages
from alqahira.monitoring.run_stats import RunStats
from alqahira.settings.arguments import CrawlArguments

_NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
_ROWS = 20_000  # of one insert


def fill(ledger: Ledger, number: int) -> None:
    """So many pending pages, ten minutes apart, in no order of their dates."""
    for start in range(0, number, _ROWS):
        rows = [
            {
                "key": str(10**6 + n),
                "url": f"https://alqaheranews.net/news/{10**6 + n}/the-words-of-a-headline-of-some-length",
                "section": "defense",
                "state": PageState.PENDING,
                "discovered_on": f"https://alqaheranews.net/sitemap-{n // 5_000}.xml",
                "hint_date": rfc3339(_NOW - timedelta(minutes=10 * (n * 7919 % number))),
                "first_run": "run",
            }
            for n in range(start, min(number, start + _ROWS))
        ]
        with ledger.transaction() as connection:
            connection.execute(pages.insert(), rows)


def measure(state: str, *, to_the_end: bool) -> tuple[float, float, float]:
    """Peak MB before, and peak MB and CPU seconds of reading the backlog to its first batch, or to the last."""
    with open_ledger(state) as ledger:
        stats = RunStats()
        configuration = SimpleNamespace(max_revisits=500)
        run = SimpleNamespace(ledger=ledger, configuration=configuration, stats=stats, run_id="run", is_full=False)
        queue = ArticleQueue(run, SimpleNamespace(name="defense"), CrawlArguments())  # type: ignore[arg-type]
        before, began = peak_of(os.getpid()), time.process_time()
        queue.push_known()
        while queue.next_batch() and to_the_end:
            pass
        return before, peak_of(os.getpid()), time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--links", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the ledger is made; the system's own by default")
    parser.add_argument("--state", help="a ledger that is there already, as sqlite:///file")
    parser.add_argument("--to-the-end", action="store_true", help="to the last batch")
    given = parser.parse_args()
    if given.state:
        print(json.dumps(measure(given.state, to_the_end=given.to_the_end)))
        return
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        state = f"sqlite:///{Path(folder) / 'state.db'}"
        with open_ledger(state) as ledger:
            fill(ledger, given.links)
        print(f"{'to':>12}{'MB before':>11}{'peak MB':>9}{'µs a link':>11}")
        for name, more in (("first batch", []), ("last batch", ["--to-the-end"])):
            command = [sys.executable, __file__, "--state", state, *more]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment())
            before, peak, cpu = json.loads(done.stdout)
            print(f"{name:>12}{before:11,.0f}{peak:9,.0f}{cpu / given.links * 1e6:11.1f}", flush=True)


if __name__ == "__main__":
    main()
