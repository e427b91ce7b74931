"""What `scrapy corpus` and `spark-submit` do alike: folders, and what is said at the end."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from scrapy.settings import Settings

from alqahira.archive.spark.job import SLICE_BYTES, Tally, Target, run, session
from alqahira.archive.spark.reading import Source, archive_source, parts_source
from alqahira.archive.writer import files
from alqahira.exceptions import AlqahiraError, ConfigurationError
from alqahira.publishing.atomic_directory import (
    atomic_directory,
    ensure_replaceable,
    settings_for,
    skipped_summary,
    write_marker,
)
from alqahira.publishing.parts import MANIFEST
from alqahira.settings.configuration import Configuration


def corpus(opts: argparse.Namespace, settings: Settings) -> int:
    """Do it; the exit status: 0 whole, 1 something of the input could not be read. Raises AlqahiraError."""
    Configuration.from_settings(settings)
    given = opts.archive or opts.parts
    if not given or not opts.output:
        raise ConfigurationError("name what is read (--archive or --parts) and where it goes (-o)")
    folder, output = Path(given).expanduser(), Path(opts.output).expanduser()
    ensure_replaceable(output, folder)
    try:
        if opts.archive:
            source = archive_source(folder, settings, slice_bytes=SLICE_BYTES)
            made_from = files(folder)
        else:
            source, made_from = parts_source(folder, settings), [folder / MANIFEST]
    except OSError as error:
        raise AlqahiraError(f"{error.filename or folder} cannot be read: {error.strerror}") from None
    with atomic_directory(output) as aside:
        tally = _run(source, _target(aside, settings), opts.master)
        if not tally.pages:
            raise AlqahiraError(f"no article is in {folder}{skipped_summary(tally.skipped)}")
        write_marker(aside, made_from)
    print(_account(tally))
    lines = sum(part.rows for part in tally.parts)
    print(f"{tally.pages} pages: {lines} lines in {len(tally.parts)} parts in {output}{skipped_summary(tally.skipped)}")
    if tally.damaged:
        print(f"alqahira: {tally.damaged} places of {folder} could not be read", file=sys.stderr)
    return 1 if tally.damaged else 0


def _target(aside: Path, settings: Settings) -> Target:
    found = Configuration.from_settings(settings_for(aside, settings))
    return Target(aside.absolute(), found.near_duplicates, found.part_max_rows, found.compress_parts)


def _run(source: Source, target: Target, master: str | None) -> Tally:
    with session(master) as spark:
        return run(spark, source, target)


def _account(tally: Tally) -> str:
    """What became of the pages: `accepted 28, duplicate 2 (near_duplicate 2), …`."""
    outcomes: dict[str, Counter[str]] = {}
    for (outcome, cause), count in sorted(tally.outcomes.items()):
        outcomes.setdefault(outcome, Counter())[cause] += count
    told = []
    for outcome, causes in outcomes.items():
        named = ", ".join(f"{cause} {count}" for cause, count in causes.items() if cause)
        told.append(f"{outcome} {causes.total()}" + (f" ({named})" if named else ""))
    return "; ".join(told)
