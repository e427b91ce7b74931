"""Scrapy's own commands look at pages with a section's spider: they are no runs."""

from __future__ import annotations

import argparse

from scrapy.settings import Settings

_OF_A_RUN = ("alqahira.crawling.extensions.run.RunExtension", "alqahira.crawling.extensions.progress.Progress")


class NoRun:
    """Opens no ledger, counts nowhere, alerts nobody. To stand before a command of Scrapy's."""

    settings: Settings | None

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        super().process_options(args, opts)  # type: ignore[misc]
        assert self.settings is not None
        extensions = self.settings.getdict("EXTENSIONS") | dict.fromkeys(_OF_A_RUN)
        self.settings.set("EXTENSIONS", extensions, priority="cmdline")
