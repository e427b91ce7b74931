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
from measure import ROUNDS, Command, Figure, in_turns, show, turns

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
    with tempfile.TemporaryDirectory(dir=folder) as name:
        output, plain = Path(name), Path(name) / "plain.jsonl"
        with open_ledger(f"sqlite:///{output / 'state.db'}") as ledger:
            fill(ledger, known)
            records = list(ledger.records())

            def plain_and_published(number: int) -> tuple[float, float]:
                with ledger.transaction() as connection:
                    connection.execute(parts.delete())
                    connection.execute(sa.update(outbox).values(part=None))
                return cpu(lambda: dump(records, plain)), cpu(lambda: publish(ledger, output / f"parts-{number}"))

            published = [own / bare for bare, own in turns(rounds, plain_and_published)]
        # The whole command, less the start of Scrapy.
        idle = Command(["-m", "scrapy", "version"])
        words = ["-m", "scrapy", "export", "-o", output / "export.jsonl"]
        export = Command(words, settings={"ALQAHIRA_OUTPUT_DIR": name})

        def plain_and_exported(_: int) -> float:
            bare, started, whole = cpu(lambda: dump(records, plain)), *in_turns(idle, export)
            same_bytes = plain.stat().st_size / (output / "export.jsonl").stat().st_size
            return (whole.cpu - started.cpu) / bare * same_bytes

        exported = turns(rounds, plain_and_exported)
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
