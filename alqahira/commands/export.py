"""`scrapy export`: the corpus, or a slice of it, as JSON Lines, CSV or Parquet."""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, TextIO

from alqahira.article import to_json_line
from alqahira.crawling.command import ProjectCommand
from alqahira.crawling.progress import is_bar_wanted, with_bar
from alqahira.exceptions import ConfigurationError
from alqahira.ledger import Ledger, open_ledger
from alqahira.publishing.exporters import csv_cell
from alqahira.publishing.manifest import atomic_file
from alqahira.publishing.parquet import require_pyarrow, write_parquet
from alqahira.publishing.schema import columns
from alqahira.settings.arguments import CrawlArguments
from alqahira.text.dates import cairo_day
from alqahira.text.lexicon import TOPICS


class Command(ProjectCommand):
    """The highest revision of each article, in the order they were accepted, unless an option asks for more.

    With `--run` or `--after`, the highest among the lines that they select.
    """

    def short_desc(self) -> str:
        return "Write the corpus, or a slice of it, as JSON Lines, CSV or Parquet"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--topic", choices=TOPICS, help="articles with this topic")
        parser.add_argument("--since", metavar="DAY", help="published on this Cairo day or later")
        parser.add_argument("--until", metavar="DAY", help="published on this Cairo day or earlier")
        parser.add_argument("--run", metavar="RUN_ID", help="lines that this run wrote")
        parser.add_argument(
            "--after",
            metavar="POSITION",
            type=_position,
            help="lines of sealed parts whose position is greater: what a load of new parts takes",
        )
        parser.add_argument("--with-duplicates", action="store_true", help="near-duplicates that were dropped, too")
        parser.add_argument("--all-revisions", action="store_true", help="every revision, not the highest alone")
        parser.add_argument(
            "--format", choices=FORMATS, help="whatever FILE ends in; parquet needs -o (the ending's, or jsonl)"
        )
        parser.add_argument(
            "-o",
            "--output",
            metavar="FILE",
            help="write to FILE, whole or not at all: .jsonl, .csv, either with .gz, or .parquet (standard output)",
        )

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        days = {"since": opts.since, "until": opts.until}
        window = CrawlArguments.parse({k: v for k, v in days.items() if v}, today=date.max)
        if opts.with_duplicates and opts.after is not None:
            raise ConfigurationError("--after takes published lines, and no duplicate that was dropped is published")
        kind = opts.format or format_of(opts.output or "")
        if kind == "parquet":
            if opts.output is None:
                raise ConfigurationError("--format parquet needs a file: -o FILE")
            require_pyarrow()
        # Lines on the terminal are their own progress.
        shown = is_bar_wanted(self.configuration) and opts.output is not None
        with open_ledger(self.configuration.state_url, read_only=True) as ledger:
            records = select(ledger, window, opts, shown=shown)
            if opts.output is None:
                try:
                    WRITERS[kind](records, sys.stdout)
                except BrokenPipeError:  # the reader has had enough
                    sys.stdout = open(os.devnull, "w")  # noqa: SIM115
                return 0
            try:
                with atomic_file(Path(opts.output)) as aside:
                    if kind == "parquet":
                        write_parquet(records, aside)
                    else:
                        with text_file(aside, compressed=opts.output.endswith(".gz")) as file:
                            WRITERS[kind](records, file)
            except OSError as error:
                raise ConfigurationError(f"{opts.output} cannot be written: {error.strerror or error}") from None
        return 0


def select(
    ledger: Ledger, window: CrawlArguments, opts: argparse.Namespace, *, shown: bool = False
) -> Iterator[dict[str, Any]]:
    """The records that the options ask for; `shown`: with a bar that counts records read and selected."""
    which = {"duplicates": opts.with_duplicates, "after": opts.after}
    newest = None
    if not opts.all_revisions:
        is_part = opts.run or opts.after is not None
        newest = _newest(ledger.records(**which), opts.run) if is_part else ledger.newest_revisions()
    selected: Counter[str] = Counter()
    total = ledger.record_count(**which) if shown else None
    records = ledger.records(**which)
    for record in with_bar(records, total, "export", shown=shown, counts=lambda: f"{selected.total():,} taken"):
        if opts.run and record["run_id"] != opts.run:
            continue
        published = record["date_published"]
        if newest is not None and record["revision"] != newest[record["article_id"]]:
            continue
        if opts.topic and opts.topic not in record["topics"]:
            continue
        if (opts.since or opts.until) and not published:
            continue  # of no known day
        if window.covers(cairo_day(datetime.fromisoformat(published)) if published else None):
            selected["records"] += 1
            yield record


def _newest(records: Iterable[dict[str, Any]], run_id: str | None) -> dict[str, int]:
    """The highest revision of every article among the records, or those of a run."""
    newest: dict[str, int] = {}
    for record in records:
        if not run_id or record["run_id"] == run_id:
            newest[record["article_id"]] = max(record["revision"], newest.get(record["article_id"], 0))
    return newest


def _position(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is no position: a whole number from 0 on")
    return int(text)


def write_lines(records: Iterable[dict[str, Any]], target: TextIO) -> None:
    """Write each record as a line of JSON."""
    target.writelines(f"{to_json_line(record)}\n" for record in records)
    target.flush()


def write_csv(records: Iterable[dict[str, Any]], target: TextIO) -> None:
    """Write a line of names and one of each record: lists as JSON, no cell that a spreadsheet takes for a formula."""
    names = [column.name for column in columns()]
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([csv_cell(record[name]) for name in names] for record in records)
    target.flush()


WRITERS = {"jsonl": write_lines, "csv": write_csv}
FORMATS = (*WRITERS, "parquet")


def format_of(name: str) -> str:
    """The format that a file's name ends in; JSON Lines for any other name."""
    ending = Path(name.removesuffix(".gz")).suffix[1:]
    return ending if ending in FORMATS else "jsonl"


@contextmanager
def text_file(path: Path, *, compressed: bool) -> Iterator[TextIO]:
    """A new text file; a compressed one holds no time and no name, so that the same lines give the same bytes."""
    with path.open("wb") as raw:
        binary: Any = gzip.GzipFile("", "wb", fileobj=raw, mtime=0) if compressed else raw
        with io.TextIOWrapper(binary, encoding="utf-8", newline="") as file:
            yield file
