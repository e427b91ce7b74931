"""`scrapy report`: an HTML page on the corpus and the runs, or the corpus to search: served, or as files for a host."""

from __future__ import annotations

import argparse
import signal
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alqahira.crawling.command import ProjectCommand
from alqahira.crawling.progress import is_bar_wanted, with_bar
from alqahira.exceptions import ConfigurationError
from alqahira.ledger import Ledger, open_ledger
from alqahira.publishing.folder import is_own
from alqahira.publishing.manifest import write_atomic
from alqahira.settings.types import local_path

if TYPE_CHECKING:
    from alqahira.monitoring.report.figures import Figures

FILE = "report.html"
PORT = 8340


class Command(ProjectCommand):
    """Reads only the ledger, also during a crawl; status 2 before the first run."""

    def short_desc(self) -> str:
        return "Write one HTML page on the corpus and the runs, or a site to search and compare; or serve that site"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument(
            "-o", "--output", metavar="FILE", help=f"write to FILE, whole or not at all ({FILE} in the output folder)"
        )
        parser.add_argument(
            "--serve", action="store_true", help="serve the corpus on 127.0.0.1 until Ctrl-C, and write nothing"
        )
        parser.add_argument(
            "--site", metavar="FOLDER", help="write the site as files for any static host; replaces an earlier one"
        )
        parser.add_argument("--port", type=_port, metavar="N", help=f"of --serve; 0 takes one that is free ({PORT})")

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        if [opts.serve, opts.site is not None, opts.output is not None].count(True) > 1:
            raise ConfigurationError("-o, --serve and --site exclude each other")
        if opts.port is not None and not opts.serve:
            raise ConfigurationError("--port needs --serve")
        if opts.serve:
            self._serve(PORT if opts.port is None else opts.port)
            return 0
        if opts.site is not None:
            if not opts.site.strip():
                raise ConfigurationError("--site: name a folder")
            self._write_site(local_path(opts.site))
            return 0
        # Imported here: no other command needs Jinja2.
        from alqahira.monitoring.report.page import render

        target = local_path(opts.output) if opts.output else self.configuration.output_dir / FILE
        with open_ledger(self.configuration.state_url, read_only=True) as ledger:
            figures = self._figures(ledger)
        try:
            if target.is_dir():
                raise IsADirectoryError(0, "it is a folder")
            if is_own(target, self.configuration):
                raise PermissionError(0, "it is a file of the corpus")
            write_atomic(target, render(figures).encode())
        except OSError as error:
            raise ConfigurationError(f"{target} cannot be written: {error.strerror}") from None
        print(f"{target}: {figures.corpus.articles} articles, {figures.run_total} runs")
        return 0

    def _figures(self, ledger: Ledger) -> Figures:
        from alqahira.monitoring.report.collect import collect

        return collect(ledger, now=datetime.now(UTC), watch=self._watch("report"))

    def _serve(self, port: int) -> None:
        """Copy the corpus to a temporary file and serve it until SIGINT or SIGTERM."""
        from alqahira.monitoring.report.page import policy, style_sheet
        from alqahira.monitoring.report.served.pages import Pages
        from alqahira.monitoring.report.served.server import Server

        # So that what is begun is removed whichever of the two ends it.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with suppress(KeyboardInterrupt):
            server = Server(port)
            with self._copied() as (copy, total, report):
                pages = Pages(copy, report, policy(style_sheet()))
            # The folder is gone already: the open file lives as long as this process, however that ends.
            print(f"{server.url}: {total} articles; Ctrl-C ends it", flush=True)
            server.run(pages)

    def _write_site(self, folder: Path) -> None:
        """Write the site of the newest articles; raises ConfigurationError if the folder is of something else."""
        from alqahira.monitoring.report.served.static import NEWEST, ensure_replaceable, write_site

        if is_own(folder, self.configuration):
            raise ConfigurationError(f"{folder} cannot be written: it is of the corpus")
        try:
            ensure_replaceable(folder)
            with self._copied(newest=NEWEST) as (copy, total, report):
                write_site(copy, report, folder, watch=self._watch("site"))
        except OSError as error:
            raise ConfigurationError(f"{folder} cannot be written: {error.strerror or error}") from None
        print(f"{folder}/index.html: {total} articles")

    @contextmanager
    def _copied(self, newest: int | None = None) -> Iterator[tuple[sqlite3.Connection, int, bytes]]:
        """The corpus as a temporary file, its number of articles, and the page on it; the file goes with the block."""
        from alqahira.monitoring.report.page import render
        from alqahira.monitoring.report.served.database import build, open_copy

        with (
            _temporary_folder() as folder,
            open_ledger(self.configuration.state_url, read_only=True) as ledger,
        ):
            path = Path(folder) / "corpus.db"
            total = build(ledger, path, newest=newest, watch=self._watch("copy"))
            yield open_copy(path), total, render(self._figures(ledger)).encode()

    def _watch(self, description: str) -> Any:
        """What shows a bar on a terminal while articles are read."""
        return partial(with_bar, description=description, shown=is_bar_wanted(self.configuration))


def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix="alqahira-")
    except OSError as error:
        raise ConfigurationError(f"no temporary folder can be made (TMPDIR): {error.strerror or error}") from None


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and int(text) < 65536):
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is no port: a whole number from 0 to 65535")
    return int(text)
