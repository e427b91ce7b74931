"""`scrapy demo`: the main job, end to end, against the bundled copy of the site."""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path

from alqahira import site
from alqahira.crawling.command import UNTHROTTLED, ProjectCommand, crawl_in_subprocess
from alqahira.exceptions import AlqahiraError, ConfigurationError, how_to_install
from alqahira.ledger import open_ledger
from alqahira.monitoring.run_stats import account_line
from alqahira.publishing.manifest import ARTICLES_FOLDER, MANIFEST, read_corpus
from alqahira.text.dates import cairo_day


class Command(ProjectCommand):
    """The greatest exit status of the two crawls."""

    def short_desc(self) -> str:
        return "Crawl the bundled copy of the site and show what was written"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--articles", type=_count, default=0, metavar="N", help="generate N articles more (0)")

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        self.configuration.make_folders()
        if importlib.util.find_spec("aiohttp") is None:
            raise ConfigurationError(f"the demo needs the extra `replica`: {how_to_install('replica')}")
        output, state_url = self.configuration.output_dir, self.configuration.state_url
        log = output / "demo.log"
        log.unlink(missing_ok=True)
        status, began, started = 0, time.monotonic(), datetime.now(UTC).replace(microsecond=0)
        with replica(opts.articles) as root:
            print(f"A copy of the site is up at {root}; crawling {' and '.join(site.SECTIONS)} …")
            settings = UNTHROTTLED | {"ALQAHIRA_SITE_URL": root, "ALQAHIRA_STATE_URL": state_url}
            settings |= {"ALQAHIRA_OUTPUT_DIR": str(output), "LOG_FILE": str(log)}
            for section in site.SECTIONS:
                if failed := crawl_in_subprocess(section, settings):
                    print(f"scrapy crawl {section} ended with status {failed}; see {log}", file=sys.stderr)
                    status = max(status, failed)
        seconds = time.monotonic() - began
        with open_ledger(state_url, read_only=True) as ledger:
            for run in ledger.ended_runs(started):
                print(f"{run.spider}: {account_line(run.account)}")
        show_corpus(output, seconds)
        print(f"log       {log}")
        return status


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is not a whole number from 0 on")
    return int(text)


@contextmanager
def replica(extra: int) -> Iterator[str]:
    """The URL of a copy of the site with `extra` generated articles, served on loopback while the block lasts."""
    server = subprocess.Popen(
        [sys.executable, "-m", "alqahira.replica", "--port", "0", "--articles", str(extra)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        first = server.stdout.readline().split()
        if not first:
            raise AlqahiraError("the copy of the site did not start")
        yield first[-1]
    finally:
        server.terminate()
        server.wait()


def show_corpus(output_dir: Path, seconds: float) -> None:
    """Print how many articles the corpus holds by topic and day, and where its files are."""
    from rich.console import Console
    from rich.table import Table

    records = list(read_corpus(output_dir))
    topics = Counter(" + ".join(record["topics"]) for record in records)
    moments = (record["date_published"] for record in records)
    days = Counter(str(cairo_day(datetime.fromisoformat(moment))) if moment else "unknown" for moment in moments)
    print(f"{len(records)} articles in the corpus, after {seconds:.1f} s")
    table = Table()
    for heading in ("topic", "day (Cairo)"):
        table.add_column(heading)
        table.add_column("articles", justify="right")
    nothing = ("", "")
    for topic, day in zip_longest(sorted(topics.items()), sorted(days.items(), reverse=True), fillvalue=nothing):
        table.add_row(topic[0], str(topic[1]), day[0], str(day[1]))
    Console().print(table)
    print(f"articles  {output_dir / ARTICLES_FOLDER}{os.sep}day=*{os.sep}part-*.jsonl")
    print(f"manifest  {output_dir / MANIFEST}")
