"""`scrapy export`: the corpus, or a slice of it, as JSON Lines, CSV or Parquet."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from typing import Any

from alqahira.crawling.command import ProjectCommand
from alqahira.crawling.progress import is_bar_wanted, with_bar
from alqahira.exceptions import ConfigurationError
from alqahira.ledger import Ledger, open_ledger
from alqahira.publishing.parquet import require_pyarrow
from alqahira.publishing.snapshots import ENDINGS, FORMATS, WRITERS, ending_of, write_months, write_snapshot
from alqahira.settings.arguments import CrawlArguments
from alqahira.settings.types import local_path
from alqahira.text.dates import cairo_day
from alqahira.text.entity_table import codes
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
        parser.add_argument("--country", type=_code("countries"), metavar="CODE", help="about this state: IQ")
        parser.add_argument(
            "--organization", type=_code("organizations"), metavar="CODE", help="about this organization: nato"
        )
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
            "--partition",
            choices=["month"],
            help="a file for each month of publication in Cairo, in the folder FILE, which is replaced as a whole",
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
        ending = _ending(opts)
        # Lines on the terminal are their own progress.
        shown = is_bar_wanted(self.configuration) and opts.output is not None
        with open_ledger(self.configuration.state_url, read_only=True) as ledger:
            records = select(ledger, window, opts, shown=shown)
            if opts.output is None:
                try:
                    WRITERS[ending](records, sys.stdout)
                except BrokenPipeError:  # the reader has had enough
                    sys.stdout = open(os.devnull, "w")  # noqa: SIM115
                return 0
            write = write_months if opts.partition else write_snapshot
            try:
                write(records, local_path(opts.output), ending)
            except OSError as error:
                raise ConfigurationError(f"{opts.output} cannot be written: {error.strerror or error}") from None
        return 0


def _ending(opts: argparse.Namespace) -> str:
    """The one of ENDINGS to write. Raises ConfigurationError, before anything is written."""
    ending = ending_of(opts.output or "")
    if opts.format and ending.partition(".")[0] != opts.format:
        ending = opts.format
    local_path(opts.output or "")
    if opts.output is None:
        if opts.partition or ending == "parquet":
            option = "--partition" if opts.partition else "--format parquet"
            raise ConfigurationError(f"{option} needs {'a folder: -o FOLDER' if opts.partition else 'a file: -o FILE'}")
        return ending or "jsonl"
    if not ending:
        known = ", ".join(f".{each}" for each in ENDINGS)
        raise ConfigurationError(f"{opts.output[:80]!r} ends in none of {known}: rename it, or give --format")
    if ending == "parquet":
        require_pyarrow()
    return ending


def select(
    ledger: Ledger, window: CrawlArguments, opts: argparse.Namespace, *, shown: bool = False
) -> Iterator[dict[str, Any]]:
    """The records that the options ask for; `shown`: with a bar that counts records read and selected."""
    which = {"duplicates": opts.with_duplicates, "newest": not (opts.all_revisions or opts.run), "after": opts.after}
    # Of the lines of a run, the highest among them.
    newest = _newest(ledger.records(**which), opts.run) if opts.run and not opts.all_revisions else None
    wanted = {"topics": opts.topic, "countries": opts.country, "organizations": opts.organization}
    selected: Counter[str] = Counter()
    total = ledger.record_count(**which) if shown else None
    records = ledger.records(**which)
    for record in with_bar(records, total, "export", shown=shown, counts=lambda: f"{selected.total():,} taken"):
        if opts.run and record["run_id"] != opts.run:
            continue
        if newest is not None and record["revision"] != newest[record["article_id"]]:
            continue
        published = record["date_published"]
        # Lines of older versions lack some of the lists.
        if any(code and code not in (record.get(name) or ()) for name, code in wanted.items()):
            continue
        if (opts.since or opts.until) and not published:
            continue  # of no known day
        if window.covers(cairo_day(datetime.fromisoformat(published)) if published else None):
            selected["records"] += 1
            yield record


def _newest(records: Iterable[dict[str, Any]], run_id: str) -> dict[str, int]:
    """The highest revision of every article among the records of a run."""
    newest: dict[str, int] = {}
    for record in records:
        if record["run_id"] == run_id:
            newest[record["article_id"]] = max(record["revision"], newest.get(record["article_id"], 0))
    return newest


def _code(table: str) -> Callable[[str], str]:
    """What takes a code of one of the TABLES from the command line."""

    def check(text: str) -> str:
        if text not in codes(table):
            raise argparse.ArgumentTypeError(f"{text[:80]!r} is none of the {table} of docs/entities.md")
        return text

    return check


def _position(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is no position: a whole number from 0 on")
    return int(text)
