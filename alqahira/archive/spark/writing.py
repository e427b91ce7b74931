"""Decided records to sealed parts, each whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby, islice
from pathlib import Path

from alqahira.article import SCHEMA_VERSION
from alqahira.publishing.parts import Part, encoded, part_path, write_atomic

# Beside the articles: what was told already, with `duplicate_of`. No reader of the corpus looks here.
DUPLICATES_FOLDER = "duplicates"


def first_numbers(rows_of_day: Mapping[str, int], max_rows: int) -> dict[str, int]:
    """For each day the number of its first part, so that no number is given twice and days follow each other."""
    numbers, free = {}, 1
    for day in sorted(rows_of_day):
        numbers[day] = free
        free += -(-rows_of_day[day] // max_rows)
    return numbers


def write_parts(
    lines: Iterable[tuple[str, str]],
    folder: Path,
    numbers: Mapping[str, int],
    *,
    below: str,
    max_rows: int,
    compress: bool,
) -> Iterator[Part]:
    """Write (day, line) to parts of whole days: a day's lines come together, in their order. Raises OSError.

    The same lines give the same files, so a task that is done twice does no harm.
    """
    for day, found in groupby(lines, key=lambda pair: pair[0]):
        number, of_day = numbers[day], (line for _, line in found)
        while chosen := list(islice(of_day, max_rows)):
            path = part_path(day, number, compress=compress, below=below)
            content = encoded(chosen, compress=compress)
            write_atomic(folder / path, content)
            yield Part(path, len(chosen), len(content), hashlib.sha256(content).hexdigest(), SCHEMA_VERSION)
            number += 1
