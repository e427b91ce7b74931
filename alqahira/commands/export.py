"""`scrapy export`: the corpus, or a slice of it, as JSON Lines, CSV or Parquet."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from itertools import takewhile
from typing import Any

from alqahira.crawling.command import ProjectCommand
from alqahira.crawling.output import is_unread
from alqahira.crawling.progress import is_bar_wanted, with_bar
from alqahira.exceptions import ConfigurationError
from alqahira.ledger import Ledger, open_ledger
from alqahira.publishing.folder import is_own
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
        # Of a repeated option any may hold.
        parser.add_argument("--topic", action="append", choices=TOPICS, help="articles with this topic")
        for name, table, example in (("country", "countries", "IQ"), ("organization", "organizations", "nato")):
            parser.add_argument(
                f"--{name}",
                action="append",
                type=_code(table),
                metavar="CODE",
                help=f"articles about this {name}: {example}",
            )
        parser.add_argument("--since", metavar="DAY", help="published on this Cairo day or later")
        parser.add_argument("--until", metavar="DAY", help="published on this Cairo day or earlier")
        parser.add_argument("--run", metavar="RUN_ID", help="revisions that this run fetched, and its removals")
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
                wanted = takewhile(lambda record: not is_unread(), records)
                WRITERS[ending](wanted, sys.stdout)
                return 0
            write, target = write_months if opts.partition else write_snapshot, local_path(opts.output)
            if is_own(target, self.configuration):
                raise ConfigurationError(f"{opts.output} cannot be written: it is a file of the corpus")
            try:
                write(records, target, ending)
            except OSError as error:
                raise ConfigurationError(f"{opts.output} cannot be written: {error.strerror or error}") from None
        return 0


def _ending(opts: argparse.Namespace) -> str:
    """The one of ENDINGS to write. Raises ConfigurationError, before anything is written."""
    ending = ending_of(opts.output or "")
    if opts.format and ending.partition(".")[0] != opts.format:
        packed = f"{opts.format}.gz"
        ending = packed if packed in ENDINGS and (opts.output or "").endswith(".gz") else opts.format
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
    asked = {"topics": opts.topic, "countries": opts.country, "organizations": opts.organization}
    wanted = {name: set(given) for name, given in asked.items() if given}
    selected: Counter[str] = Counter()
    is_known = not opts.run
    total = ledger.record_count(**which) if shown else None
    records = ledger.records(**which)
    for record in with_bar(records, total, "export", shown=shown, counts=lambda: f"{selected.total():,} taken"):
        if opts.run and record["run_id"] != opts.run:
            continue
        is_known = True
        if newest is not None and record["revision"] != newest[record["article_id"]]:
            continue
        published = record["date_published"]
        # Lines of older versions lack some of the lists.
        if any(given.isdisjoint(record.get(name) or ()) for name, given in wanted.items()):
            continue
        if (opts.since or opts.until) and not published:
            continue  # of no known day
        if window.covers(cairo_day(datetime.fromisoformat(published)) if published else None):
            selected["records"] += 1
            yield record
    if not is_known and not ledger.has_run(opts.run):
        raise ConfigurationError(f"no run {opts.run[:80]!r} is known; a run's log names it, and output/runs/")


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
        if text in (known := sorted(codes(table))):
            return text
        (nearest,) = difflib.get_close_matches(text.upper() if table == "countries" else text.lower(), known, 1, 0)
        where = f"alqahira/text/{table}.txt"
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is none of the codes of {where}; did you mean {nearest}?")

    return check


def _position(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is no position: a whole number from 0 on")
    return int(text)
