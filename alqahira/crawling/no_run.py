"""A mixin for commands of Scrapy, which are no runs."""

from __future__ import annotations

import argparse
from typing import ClassVar

from scrapy.settings import Settings

from alqahira.crawling.output import until_unread
from alqahira.exceptions import AlqahiraError
from alqahira.monitoring.failure import fail
from alqahira.monitoring.logs import install_formatters

_OF_A_RUN = ("alqahira.crawling.extensions.run.RunExtension", "alqahira.crawling.extensions.progress.Progress")


class NoRun:
    """A mixin for a command of Scrapy: it opens no ledger, writes no account and sends no alert.

    `own_settings` win over all others. Exit status 2 for a wrong setting.
    """

    settings: Settings | None
    own_settings: ClassVar[dict[str, str]] = {}

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        super().process_options(args, opts)  # type: ignore[misc]
        assert self.settings is not None
        extensions = self.settings.getdict("EXTENSIONS") | dict.fromkeys(_OF_A_RUN)
        self.settings.setdict(self.own_settings | {"EXTENSIONS": extensions}, priority="cmdline")
        try:
            install_formatters(self.settings)  # checks the settings, too
        except AlqahiraError as error:
            fail(error)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        with until_unread():
            super().run(args, opts)  # type: ignore[misc]
