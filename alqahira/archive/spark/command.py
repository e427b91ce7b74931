"""`scrapy corpus`: finds the input, runs the job, prints what became of it."""

from __future__ import annotations

import argparse
import sys
from itertools import groupby

from scrapy.settings import Settings

from alqahira.archive.spark.job import Tally, run, session
from alqahira.archive.spark.reading import archive_sources, part_sources
from alqahira.archive.writer import files
from alqahira.exceptions import AlqahiraError, ConfigurationError
from alqahira.publishing.atomic_directory import (
    atomic_directory,
    ensure_replaceable,
    settings_with_output,
    skipped_summary,
    write_marker,
)
from alqahira.publishing.manifest import MANIFEST
from alqahira.settings.configuration import Configuration
from alqahira.settings.types import local_path


def corpus(opts: argparse.Namespace, settings: Settings) -> int:
    """Run the job; returns the exit status: 0, or 1 if some of the input could not be read. Raises AlqahiraError."""
    configuration = Configuration.from_settings(settings)
    source = opts.archive or opts.parts
    if not source or not opts.output:
        raise ConfigurationError("name what is read (--archive or --parts) and where it goes (-o)")
    folder, output = local_path(source), local_path(opts.output)
    if opts.parts and folder.resolve().is_relative_to(output.resolve()):
        raise ConfigurationError(f"the parts are in {output}: name another folder with -o")
    try:
        sources = archive_sources(folder, configuration) if opts.archive else part_sources(folder)
        made_from = files(folder) if opts.archive else [folder / MANIFEST]
    except OSError as error:
        raise AlqahiraError(f"{error.filename or folder} cannot be read: {error.strerror}") from None
    ensure_replaceable(output, folder)
    with atomic_directory(output) as aside, session(opts.master) as spark:
        tally = run(spark, sources, Configuration.from_settings(settings_with_output(aside, settings)))
        if not tally.pages:
            raise AlqahiraError(f"no article is in {folder}{skipped_summary(tally.skipped)}")
        write_marker(aside, made_from)
    print(_outcomes(tally))
    lines = sum(part.rows for part in tally.parts)
    print(f"{tally.pages} pages: {lines} lines in {len(tally.parts)} parts in {output}{skipped_summary(tally.skipped)}")
    if tally.damaged:
        print(f"alqahira: {tally.damaged} places of {folder} could not be read", file=sys.stderr)
    return 1 if tally.damaged else 0


def _outcomes(tally: Tally) -> str:
    """What became of the pages: `accepted 28; duplicate 2 (near_duplicate 2); …`."""
    texts = []
    for outcome, group in groupby(sorted(tally.outcomes), key=lambda pair: pair[0]):
        counts = {cause: tally.outcomes[outcome, cause] for _, cause in group}
        named = ", ".join(f"{cause} {count}" for cause, count in counts.items() if cause)
        texts.append(f"{outcome} {sum(counts.values())}" + (f" ({named})" if named else ""))
    return "; ".join(texts)
