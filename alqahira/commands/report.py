"""`scrapy report`: one self-contained HTML page on the corpus and the runs."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from scrapy.commands import ScrapyCommand

from alqahira.crawling.progress import is_wanted, watched
from alqahira.exceptions import AlqahiraError, ConfigurationError, LedgerMissing
from alqahira.ledger import open_ledger
from alqahira.monitoring.failure import fail
from alqahira.monitoring.report.collect import collect
from alqahira.monitoring.report.figures import Figures
from alqahira.publishing.parts import write_atomic
from alqahira.settings.configuration import Configuration

FILE = "report.html"


class Command(ScrapyCommand):
    """Reads the state only, beside a running crawl too; before the first run the page says that nothing is there."""

    requires_project = True
    requires_crawler_process = False

    def syntax(self) -> str:
        return "[options]"

    def short_desc(self) -> str:
        return "Write one HTML page on the corpus and the runs"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument(
            "-o", "--output", metavar="FILE", help=f"write to FILE, whole or not at all ({FILE} in the output folder)"
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        assert self.settings is not None
        try:
            configuration = Configuration.from_settings(self.settings)
            target = Path(opts.output or configuration.output_dir / FILE).expanduser()
            figures = self._figures(configuration)
            # Only here: the other commands need not wait for the charts' library to load.
            from alqahira.monitoring.report.page import render

            write(target, render(figures))
        except AlqahiraError as error:
            fail(error)
        print(f"{target}: {figures.corpus.articles} articles, {figures.run_total} runs")

    def _figures(self, configuration: Configuration) -> Figures:
        now, shown = datetime.now(UTC), is_wanted(configuration)
        try:
            with open_ledger(configuration.state_url, read_only=True) as ledger:
                watch = lambda records, total: watched(records, total, "report", shown=shown)  # noqa: E731
                return collect(ledger, now=now, watch=watch)
        except LedgerMissing as missing:
            print(missing)
            return Figures(now=now)


def write(target: Path, page: str) -> None:
    """Put the page in place once it is whole. Raises ConfigurationError where the file cannot be written."""
    try:
        if target.is_dir():
            raise IsADirectoryError(0, "it is a folder")
        write_atomic(target, page.encode())
    except OSError as error:
        raise ConfigurationError(f"{target} cannot be written: {error.strerror}") from None
