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
from pathlib import Path
from typing import Any, ClassVar

from scrapy.commands import ScrapyCommand

from alqahira import site
from alqahira.exceptions import AlqahiraError, ConfigurationError
from alqahira.ledger import open_ledger
from alqahira.monitoring.account import account_line
from alqahira.monitoring.failure import fail
from alqahira.publishing.parts import ARTICLES_FOLDER, read_corpus
from alqahira.settings.configuration import Configuration
from alqahira.text.dates import cairo_day

# The copy is this machine's own: nobody minds how fast it is asked.
_UNTHROTTLED = ("-s", "AUTOTHROTTLE_ENABLED=False", "-s", "DOWNLOAD_DELAY=0")


class Command(ScrapyCommand):
    """See the module; what it starts, it stops."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        return "[options]"

    def short_desc(self) -> str:
        return "Crawl the bundled copy of the site and show what was written"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--articles", type=int, default=0, metavar="N", help="generate N articles more (0)")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        assert self.settings is not None
        try:
            configuration = Configuration.from_settings(self.settings)
            configuration.make_folders()
            if importlib.util.find_spec("aiohttp") is None:
                raise ConfigurationError("the demo needs the extra `replica`: make demo installs it")
            log = configuration.output_dir / "demo.log"
            log.unlink(missing_ok=True)
            began, started = time.monotonic(), datetime.now(UTC).replace(microsecond=0)
            with replica(opts.articles) as root:
                print(f"A copy of the site is up at {root}; crawling {' and '.join(site.SECTIONS)} …")
                for section in site.SECTIONS:
                    self.exitcode = max(self.exitcode, crawl(section, root, configuration, log))
            seconds = time.monotonic() - began
            with open_ledger(configuration.state_url, read_only=True) as ledger:
                for run in ledger.ended_runs(started):
                    print(f"{run.spider}: {account_line(run.account)}")
            show(configuration.output_dir, seconds, log)
        except AlqahiraError as error:
            fail(error)


@contextmanager
def replica(extra: int) -> Iterator[str]:
    """The copy of the site, served on loopback by a process of its own for as long as the block lasts."""
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


def crawl(section: str, root: str, configuration: Configuration, log: Path) -> int:
    """One spider in a process of its own (a Scrapy process crawls once); its exit status."""
    environment = os.environ | {
        "ALQAHIRA_SITE_URL": root,
        "ALQAHIRA_OUTPUT_DIR": str(configuration.output_dir),
        "ALQAHIRA_STATE_URL": configuration.state_url,
    }
    command = [sys.executable, "-m", "scrapy", "crawl", section, "--logfile", str(log), *_UNTHROTTLED]
    status = subprocess.run(command, env=environment, check=False).returncode
    if status:
        print(f"scrapy crawl {section} ended with status {status}; see {log}", file=sys.stderr)
    return status


def show(output_dir: Path, seconds: float, log: Path) -> None:
    """What the corpus holds, as a short table."""
    from rich.console import Console
    from rich.table import Table

    topics: Counter[str] = Counter()
    days: Counter[str] = Counter()
    articles = {record["article_id"]: record for record in read_corpus(output_dir)}
    for record in articles.values():
        topics[" + ".join(record["topics"])] += 1
        published = record["date_published"]
        days[str(cairo_day(datetime.fromisoformat(published))) if published else "unknown"] += 1
    print(f"{len(articles)} articles in the corpus, after {seconds:.1f} s")
    table = Table()
    table.add_column("topic")
    table.add_column("articles", justify="right")
    table.add_column("day (Cairo)")
    table.add_column("articles", justify="right")
    by_topic, by_day = sorted(topics.items()), sorted(days.items(), reverse=True)
    for row in range(max(len(by_topic), len(by_day))):
        left = by_topic[row] if row < len(by_topic) else ("", "")
        right = by_day[row] if row < len(by_day) else ("", "")
        table.add_row(left[0], str(left[1]), right[0], str(right[1]))
    Console().print(table)
    print(f"articles  {output_dir / ARTICLES_FOLDER}{os.sep}date_published=*{os.sep}part-*.jsonl")
    print(f"manifest  {output_dir / '_manifest.json'}")
    print(f"log       {log}")
