"""Snapshots of the corpus: one file, or a file for each month, as JSON Lines, CSV or Parquet.

No more of the corpus is in memory than the rows of one row group (`parquet`), whatever its size.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from alqahira.article import to_json_line
from alqahira.publishing.atomic_directory import atomic_directory, refuse_other_files
from alqahira.publishing.manifest import atomic_file
from alqahira.publishing.parquet import write_parquet
from alqahira.publishing.schema import columns
from alqahira.text.dates import cairo_day

FORMATS = ("jsonl", "csv", "parquet")
ENDINGS = ("jsonl", "jsonl.gz", "csv", "csv.gz", "parquet")
_ENDING = re.compile(rf".*?\.({'|'.join(map(re.escape, ENDINGS))})")
UNKNOWN = "unknown"  # the month of articles without a date
_MOST_OPEN = 64  # files


def ending_of(name: str) -> str:
    """The one of ENDINGS that a file's name ends in; empty if it ends in none."""
    match = _ENDING.fullmatch(Path(name).name)
    return match[1] if match else ""


def write_snapshot(records: Iterable[dict[str, Any]], path: Path, ending: str) -> None:
    """Write records to a file, whole or not at all. Raises OSError."""
    with atomic_file(path) as aside:
        if ending == "parquet":
            write_parquet(records, aside)
        else:
            with _text_file(aside, compressed=ending.endswith(".gz")) as file:
                WRITERS[ending.removesuffix(".gz")](records, file)


def write_months(records: Iterable[dict[str, Any]], folder: Path, ending: str) -> None:
    """Write a file for each month of publication (Cairo), `2026-11.<ending>`, to a folder that replaces one before it.

    A reader sees all files of one snapshot. Raises ConfigurationError if the folder holds anything else, LedgerBusy if
    another snapshot is written there, OutputUnwritable, OSError.
    """
    os.scandir(folder.parent).close()  # raises for what is no folder
    own = re.compile(rf"(\d{{4}}-\d\d|{UNKNOWN})\.{re.escape(ending)}")
    refuse_other_files(folder, own.fullmatch, "snapshot")
    with atomic_directory(folder, "scrapy export") as aside:
        # Months are mixed in the corpus, so each has its lines first, and then its file.
        for lines in _split(records, aside):
            with lines.open(encoding="utf-8") as file:
                write_snapshot(map(json.loads, file), aside / f"{lines.stem}.{ending}", ending)
            lines.unlink()


def _split(records: Iterable[dict[str, Any]], folder: Path) -> list[Path]:
    """Files of lines in a folder, one for each month of the records."""
    with ExitStack() as stack:
        files: dict[Path, TextIO] = {}
        made: set[Path] = set()
        for record in records:
            path = folder / f"{_month(record)}.lines"
            if path not in files:
                if len(files) == _MOST_OPEN:
                    stack.close()
                    files.clear()
                files[path] = stack.enter_context(path.open("a", encoding="utf-8", newline="\n"))
                made.add(path)
            files[path].write(f"{to_json_line(record)}\n")
    return sorted(made)


def _month(record: dict[str, Any]) -> str:
    published = record["date_published"]
    return f"{cairo_day(datetime.fromisoformat(published)):%Y-%m}" if published else UNKNOWN


# --- formats --------------------------------------------------------------------------------------


def write_lines(records: Iterable[dict[str, Any]], target: TextIO) -> None:
    """Write each record as a line of JSON."""
    target.writelines(f"{to_json_line(record)}\n" for record in records)
    target.flush()


def write_csv(records: Iterable[dict[str, Any]], target: TextIO) -> None:
    """Write a line of names and one of each record: lists as JSON, no cell that a spreadsheet takes for a formula."""
    from alqahira.publishing.exporters import csv_cell  # loads Scrapy's exporters, which only a table needs

    names = [column.name for column in columns()]
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([csv_cell(record[name]) for name in names] for record in records)
    target.flush()


WRITERS = {"jsonl": write_lines, "csv": write_csv}


@contextmanager
def _text_file(path: Path, *, compressed: bool) -> Iterator[TextIO]:
    """A new text file; a compressed one holds no time and no name, so that the same lines give the same bytes."""
    with path.open("wb") as raw:
        binary: Any = gzip.GzipFile("", "wb", fileobj=raw, mtime=0) if compressed else raw
        with io.TextIOWrapper(binary, encoding="utf-8", newline="") as file:
            yield file
