"""Scrapy's own commands look at pages with a section's spider: they are no runs."""

from __future__ import annotations

import argparse

from scrapy.commands import ScrapyCommand

_OF_A_RUN = ("alqahira.crawling.extensions.run.RunExtension", "alqahira.crawling.extensions.progress.Progress")


class NoRun(ScrapyCommand):
    """Opens no ledger, counts nowhere, alerts nobody."""

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        super().process_options(args, opts)
        assert self.settings is not None
        extensions = self.settings.getdict("EXTENSIONS") | dict.fromkeys(_OF_A_RUN)
        self.settings.set("EXTENSIONS", extensions, priority="cmdline")
