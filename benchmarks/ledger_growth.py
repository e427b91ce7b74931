"""One more accepted article at 10^3, 10^5 and 10^6 known ones: CPU, memory of the process, size of the file.

    python benchmarks/ledger_growth.py [--known 1000 100000 1000000] [--rounds 5] [--folder /tmp]

The ledgers are filled first (`ledger_scale.py`), then measured in turn, each time in a process of its own. A million
articles take some 2.5 GB below --folder, removed at the end.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from ledger_scale import fill
from measure import ROOT, ROUNDS, Figure, environment, show, turns

from alqahira.ledger import open_ledger

KNOWN = (1_000, 100_000, 1_000_000)
_GROUP = "deduplication"
_MOST_MEMORY = 300  # MB
_ACCEPTS = 1_000  # in each turn


def accept_more(state: Path) -> list[float]:
    """CPU ms and wall ms of one more article, and peak of memory in MB."""
    command = [sys.executable, ROOT / "benchmarks" / "ledger_scale.py", "--state", state, "--rounds", "1"]
    command += ["--accepts", str(_ACCEPTS)]
    costs: list[float] = json.loads(
        subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=ROOT, env=environment()).stdout
    )
    return costs


def measure(known: tuple[int, ...] = KNOWN, rounds: int = ROUNDS, folder: Path | None = None) -> list[Figure]:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        states = {number: Path(name) / f"{number}.db" for number in known}
        for number, state in states.items():
            with open_ledger(f"sqlite:///{state}") as ledger:
                fill(ledger, number)
        sizes = {number: state.stat().st_size for number, state in states.items()}
        measured = turns(rounds, lambda _: {number: accept_more(state) for number, state in states.items()})
    first, *more = known
    figures = [
        Figure(
            _GROUP,
            f"CPU of one more at {number:,} known beside {first:,}",
            tuple(turn[number][0] / turn[first][0] for turn in measured),
            "1.3",
        )
        for number in more
    ]
    last = known[-1]
    shares = tuple(turn[last][2] / _MOST_MEMORY for turn in measured)
    figures.append(Figure(_GROUP, f"peak memory at {last:,} known beside {_MOST_MEMORY} MB", shares, "1"))
    for number in known:
        megabytes = sizes[number] / number * 1000 / 1e6
        figures.append(Figure(_GROUP, f"MB of file a thousand articles, at {number:,}", (megabytes,)))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--known", type=int, nargs="+", default=KNOWN)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--folder", type=Path, help="where the ledgers are made; the system's own by default")
    given = parser.parse_args()
    show(measure(tuple(given.known), given.rounds, given.folder))


if __name__ == "__main__":
    main()
