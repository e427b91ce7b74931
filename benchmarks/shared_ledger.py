"""How many articles a second runs at once get accepted by one PostgreSQL.

    python benchmarks/shared_ledger.py postgresql://… [--runs 1 2 4 8] [--accepts 200]

Each run is a process with a share of its own; it discovers and accepts articles that no other has, one by one, every
commit synced as the server has it. The schema must be empty; what is accepted stays there.
"""

from __future__ import annotations

import argparse
import statistics
import time
from multiprocessing import Barrier, Pool, current_process
from typing import Any

from ledger_scale import NOW, SCHEDULE, crawled

from alqahira.frontier import Link, RevisitSchedule
from alqahira.ledger import open_ledger
from alqahira.similarity import fingerprint

_begin: Any = None


def _prepare(barrier: Any) -> None:
    global _begin
    _begin = barrier


def work(url: str, first: int, accepts: int) -> tuple[float, float, list[float]]:
    """When the run began and ended, and the seconds of each article."""
    stories = [crawled(first + n) for n in range(accepts)]
    prints = [fingerprint(story.article.article_body) for story in stories]
    share = f"defense/{current_process().name}"
    with open_ledger(url, revisit=RevisitSchedule.from_steps(SCHEDULE), share=share) as ledger:
        run = ledger.start_run(f"benchmark-{first}", "defense", NOW)
        _begin.wait()
        began, taken = time.perf_counter(), []
        for story, found in zip(stories, prints, strict=True):
            start = time.perf_counter()
            ledger.discover([Link(story.visit.key, story.visit.url)], section="defense", run_id=run, now=NOW)
            ledger.accept(story, found, near_duplicates="drop", run_id=run)
            taken.append(time.perf_counter() - start)
        return began, time.perf_counter(), taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--runs", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--accepts", type=int, default=200)
    options = parser.parse_args()
    print("runs at once  articles a second  median ms an article")
    first = 0
    for runs in options.runs:
        jobs = [(options.url, first + n * options.accepts, options.accepts) for n in range(runs)]
        first += runs * options.accepts
        with Pool(runs, initializer=_prepare, initargs=(Barrier(runs),)) as pool:
            done = pool.starmap(work, jobs, chunksize=1)
        seconds = max(end for _, end, _ in done) - min(begin for begin, _, _ in done)
        median = statistics.median(one for _, _, taken in done for one in taken)
        print(f"{runs:12}  {runs * options.accepts / seconds:17.0f}  {median * 1000:20.1f}")


if __name__ == "__main__":
    main()
