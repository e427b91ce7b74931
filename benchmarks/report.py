"""The cost of a report on a large corpus: time by step, and the peak of memory.

    python benchmarks/report.py [--known 100000] [--folder /tmp]

The ledger is filled in bulk (`ledger_scale.py`), about 0.25 GB for 100,000 articles, removed at the end. Figures and
page are then made in a process of their own, so that the peak is the report's alone.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from ledger_scale import fill
from measure import environment, peak_of

from alqahira.ledger import open_ledger


def measure(state: str) -> None:
    """Make the report once and print its cost."""
    from alqahira.monitoring.report.collect import collect

    began = time.perf_counter()
    with open_ledger(state, read_only=True) as ledger:
        figures = collect(ledger, now=datetime.now(UTC))
    counted = time.perf_counter()
    from alqahira.monitoring.report.page import render

    page = render(figures)
    drawn = time.perf_counter()
    print(f"{'articles':>10}{'figures, s':>12}{'page, s':>9}{'page, kB':>10}{'peak, MB':>10}")
    size, peak = len(page.encode()) / 1000, peak_of(os.getpid())
    print(f"{figures.corpus.articles:10,}{counted - began:12.2f}{drawn - counted:9.2f}{size:10,.0f}{peak:10,.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--known", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="where the ledger is made; the system's own by default")
    parser.add_argument("--state", help="a ledger that is there already, as sqlite:///file")
    given = parser.parse_args()
    if given.state:
        measure(given.state)
        return
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        state = f"sqlite:///{Path(folder) / 'state.db'}"
        with open_ledger(state) as ledger:
            fill(ledger, given.known)
        subprocess.run([sys.executable, __file__, "--state", state], check=True, env=environment())


if __name__ == "__main__":
    main()
