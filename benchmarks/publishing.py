"""Publishing and exporting 10^5 articles beside plain `json.dumps` of the same records to a file: CPU.

    python benchmarks/publishing.py [--known 100000] [--rounds 5] [--folder /tmp]

Publishing is everything: parts planned in the ledger, written, synced, renamed and marked, and the manifest. The
ledger is filled in bulk (`ledger_scale.py`).
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from ledger_scale import fill
from measure import ROUNDS, Command, Figure, run, show

from alqahira.ledger import Ledger, open_ledger
from alqahira.ledger.tables import outbox, parts
from alqahira.publishing.parts import Publisher

_GROUP = "publishing"


def cpu(do: Callable[[], None]) -> float:
    began = time.process_time()
    do()
    return time.process_time() - began


def publish(ledger: Ledger, output: Path) -> None:
    Publisher(ledger, output, max_rows=5_000, max_age_seconds=300, compress=False).seal_all()


def dump(records: list[dict[str, object]], path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        for record in records:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


def measure(known: int = 100_000, rounds: int = ROUNDS, folder: Path | None = None) -> list[Figure]:
    published, exported, sizes = [], [], []
    with tempfile.TemporaryDirectory(dir=folder) as name:
        output = Path(name)
        with open_ledger(f"sqlite:///{output / 'state.db'}") as ledger:
            fill(ledger, known)
            records = list(ledger.records())
            for number in range(rounds):
                with ledger.transaction() as connection:
                    connection.execute(parts.delete())
                    connection.execute(sa.update(outbox).values(part=None))
                plain = cpu(lambda: dump(records, output / "plain.jsonl"))
                folder_of_round = output / f"parts-{number}"
                published.append(cpu(lambda to=folder_of_round: publish(ledger, to)) / plain)  # type: ignore[misc]
                sizes.append((output / "plain.jsonl").stat().st_size / 1e6 / plain)
        # The whole command, less the start of Scrapy.
        idle = Command(["-m", "scrapy", "version"])
        words = ["-m", "scrapy", "export", "-o", output / "export.jsonl"]
        export = Command(words, settings={"ALQAHIRA_OUTPUT_DIR": name})
        for rate in sizes:
            took = run(export).cpu - run(idle).cpu
            exported.append(took * rate / ((output / "export.jsonl").stat().st_size / 1e6))
    return [
        Figure(_GROUP, f"CPU of sealing {known:,} articles beside json.dumps", tuple(published)),
        Figure(_GROUP, f"CPU of `scrapy export` of {known:,} articles beside json.dumps", tuple(exported)),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--known", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--folder", type=Path, help="where the ledger is made; the system's own by default")
    given = parser.parse_args()
    show(measure(given.known, given.rounds, given.folder))


if __name__ == "__main__":
    main()
