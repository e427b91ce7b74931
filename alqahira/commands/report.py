"""`scrapy report`: one self-contained HTML page on the corpus and the runs."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from alqahira.crawling.command import ProjectCommand
from alqahira.crawling.progress import is_bar_wanted, with_bar
from alqahira.exceptions import ConfigurationError
from alqahira.ledger import open_ledger
from alqahira.publishing.manifest import write_atomic

if TYPE_CHECKING:
    from alqahira.monitoring.report.figures import Figures

FILE = "report.html"


class Command(ProjectCommand):
    """Reads only the ledger, also during a crawl; status 2 before the first run."""

    def short_desc(self) -> str:
        return "Write one HTML page on the corpus and the runs"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument(
            "-o", "--output", metavar="FILE", help=f"write to FILE, whole or not at all ({FILE} in the output folder)"
        )

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        # Imported here: no other command needs Jinja2.
        from alqahira.monitoring.report.page import render

        target = Path(opts.output or self.configuration.output_dir / FILE).expanduser()
        figures = self._figures()
        try:
            if target.is_dir():
                raise IsADirectoryError(0, "it is a folder")
            write_atomic(target, render(figures).encode())
        except OSError as error:
            raise ConfigurationError(f"{target} cannot be written: {error.strerror}") from None
        print(f"{target}: {figures.corpus.articles} articles, {figures.run_total} runs")
        return 0

    def _figures(self) -> Figures:
        from alqahira.monitoring.report.collect import collect

        now, shown = datetime.now(UTC), is_bar_wanted(self.configuration)
        with open_ledger(self.configuration.state_url, read_only=True) as ledger:
            return collect(ledger, now=now, watch=partial(with_bar, description="report", shown=shown))
