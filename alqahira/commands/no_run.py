"""Scrapy's own commands, which are no runs: one file each, as Scrapy names a command by its file."""

from __future__ import annotations

import argparse
from typing import ClassVar

from scrapy.settings import Settings

from alqahira.crawling.command import refuse_in_one_line
from alqahira.crawling.output import until_unread
from alqahira.exceptions import AlqahiraError, ConfigurationError
from alqahira.monitoring.failure import fail
from alqahira.monitoring.logs import install_formatters

_OF_A_RUN = ("alqahira.crawling.extensions.run.RunExtension", "alqahira.crawling.extensions.progress.Progress")


class NoRun:
    """A mixin for a command of Scrapy: it opens no ledger, writes no account and sends no alert.

    `own_settings` win over all others. Exit status 2 for an unknown option or setting.
    """

    settings: Settings | None
    own_settings: ClassVar[dict[str, str]] = {}

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)  # type: ignore[misc]
        refuse_in_one_line(parser)

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        super().process_options(args, opts)  # type: ignore[misc]
        assert self.settings is not None
        extensions = self.settings.getdict("EXTENSIONS") | dict.fromkeys(_OF_A_RUN)
        self.settings.setdict(self.own_settings | {"EXTENSIONS": extensions}, priority="cmdline")
        try:
            # Scrapy leaves unknown options among the arguments.
            if unknown := [arg for arg in args if arg.startswith("-")]:
                name = type(self).__module__.rpartition(".")[2]
                raise ConfigurationError(f"unknown argument {unknown[0][:80]!r}; see scrapy {name} --help")
            install_formatters(self.settings)  # checks the settings, too
        except AlqahiraError as error:
            fail(error)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        with until_unread():
            super().run(args, opts)  # type: ignore[misc]
