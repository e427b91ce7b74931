"""`scrapy report`: one self-contained HTML page on the corpus and the runs."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from scrapy.commands import ScrapyCommand

from alqahira.commands.failure import fail
from alqahira.configuration import state_url
from alqahira.errors import AlqahiraError, ConfigurationError, LedgerMissing
from alqahira.ledger import open_ledger
from alqahira.parts import write_atomic
from alqahira.progress import is_wanted, watched
from alqahira.report.collect import collect
from alqahira.report.figures import Figures

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
        folder = Path(str(self.settings["ALQAHIRA_OUTPUT_DIR"]))
        target = Path(opts.output or folder / FILE).expanduser()
        try:
            figures = self._figures(state_url(self.settings))
            # Only here: the other commands need not wait for the charts' library to load.
            from alqahira.report.page import render

            write(target, render(figures))
        except AlqahiraError as error:
            fail(error)
        print(f"{target}: {figures.corpus.articles} articles, {figures.run_total} runs")

    def _figures(self, url: str) -> Figures:
        assert self.settings is not None
        now, shown = datetime.now(UTC), is_wanted(self.settings)
        try:
            with open_ledger(url, read_only=True) as ledger:
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
