"""Scrapy's own commands, which are no runs: one file each, as Scrapy names a command by its file."""

from __future__ import annotations

import argparse

from scrapy.settings import Settings

_OF_A_RUN = ("alqahira.crawling.extensions.run.RunExtension", "alqahira.crawling.extensions.progress.Progress")


class NoRun:
    """A mixin for a command of Scrapy: it opens no ledger, writes no account and sends no alert."""

    settings: Settings | None

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        super().process_options(args, opts)  # type: ignore[misc]
        assert self.settings is not None
        extensions = self.settings.getdict("EXTENSIONS") | dict.fromkeys(_OF_A_RUN)
        self.settings.set("EXTENSIONS", extensions, priority="cmdline")
