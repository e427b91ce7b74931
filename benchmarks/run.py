"""All benchmarks of docs/performance.md in one run: `make bench`.

Prints every figure when it is measured, then writes the table between the markers of docs/performance.md and the plot,
docs/performance.svg. Each question has a file of its own, which can be run alone.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import browser
import extraction_speed
import ledger_growth
import publishing
import pygal
import startup
import whole_run
from measure import ROOT, ROUNDS, Figure, show
from pygal.style import Style

DOCUMENT, PLOT = ROOT / "docs" / "performance.md", ROOT / "docs" / "performance.svg"
BEGIN, END = "<!-- figures: made by `make bench` -->", "<!-- /figures -->"
_HEAD = "| question | what | ratio (median) | lowest – highest | bound |\n|---|---|---|---|---|"


def machine() -> str:
    """The processor, the number of cores, and the versions of the software."""
    line = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text("utf-8"))
    packages = ", ".join(f"{name} {version(name)}" for name in ("Scrapy", "Twisted", "lxml", "SQLAlchemy"))
    processor = line[1] if line else platform.processor()
    return f"{processor}, {os.cpu_count()} cores; {platform.system()}, Python {platform.python_version()}, {packages}"


def table(figures: list[Figure], rounds: int) -> str:
    rows = "\n".join(figure.row() for figure in figures)
    when = f"{datetime.now(UTC):%Y-%m-%d}, {machine()}; {rounds} rounds, the sides in turn; load at the end "
    load = f"{os.getloadavg()[1]:.1f}"
    return f"`make bench`, {when}{load}.\n\n{_HEAD}\n{rows}"


def write(figures: list[Figure], rounds: int) -> None:
    head, _, rest = DOCUMENT.read_text("utf-8").partition(BEGIN)
    DOCUMENT.write_text(f"{head}{BEGIN}\n\n{table(figures, rounds)}\n\n{END}{rest.partition(END)[2]}", "utf-8")
    PLOT.write_bytes(plot(figures))


def plot(figures: list[Figure]) -> bytes:
    """A bar for every ratio between two sides, on a logarithmic scale."""
    shown = [figure for figure in figures if "beside" in figure.what]
    style = Style(font_family="sans-serif", background="white", plot_background="white", colors=("#2f6f9f",))
    chart = pygal.HorizontalBar(
        style=style,
        show_legend=False,
        logarithmic=True,
        height=60 + 26 * len(shown),
        width=1000,
        print_values=True,
        truncate_label=-1,
        js=[],
        no_prefix=True,
    )
    chart.value_formatter = lambda value: f"{value:.2f}" if value else ""
    chart.x_labels = [f"{figure.group}: {figure.what}" for figure in shown]
    chart.add("median", [figure.median for figure in shown])
    made: bytes = chart.render()
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=Path, help="an interpreter that has the general extractors")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--folder", type=Path, help="folder for temporary ledgers of about 2.5 GB")
    parser.add_argument("--quick", action="store_true", help="small numbers, to try the benchmarks; writes nothing")
    given = parser.parse_args()
    rounds, quick = given.rounds, given.quick
    print(_HEAD, flush=True)
    figures: list[Figure] = []
    for measure in (
        lambda: whole_run.measure(300 if quick else 5_000, rounds),
        lambda: whole_run.measure_memory(100 if quick else 2_000, rounds),
        lambda: whole_run.measure_memory(200 if quick else 20_000, 1),  # a round takes minutes
        lambda: extraction_speed.measure(given.python, rounds),
        lambda: ledger_growth.measure((1_000, 10_000) if quick else ledger_growth.KNOWN, rounds, given.folder),
        lambda: publishing.measure(5_000 if quick else 100_000, rounds, given.folder),
        lambda: startup.measure(rounds),
        lambda: browser.measure(10 if quick else 100, rounds),
    ):
        series = measure()
        show(series)
        figures += series
    if not quick:
        write(figures, rounds)


if __name__ == "__main__":
    main()
