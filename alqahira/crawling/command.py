"""The base of the project's own `scrapy` commands, and the crawls that some of them start."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from typing import Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from alqahira.crawling.output import until_unread
from alqahira.exceptions import AlqahiraError, ConfigurationError, one_line
from alqahira.monitoring.failure import fail
from alqahira.settings.configuration import PREFIX, Configuration

# Settings for crawls of the replica, which needs no throttling.
UNTHROTTLED = {"AUTOTHROTTLE_ENABLED": "False", "DOWNLOAD_DELAY": "0"}


class ProjectCommand(ScrapyCommand):
    """Checks the settings, refuses unknown options and arguments, and prints an error in one line.

    Subclasses implement `execute`; `configuration` is set before it is called.
    """

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}
    most_arguments = 0

    def syntax(self) -> str:
        return "[options]"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        refuse_in_one_line(parser)

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        try:
            super().process_options(args, opts)
            assert self.settings is not None
            self.configuration = Configuration.from_settings(self.settings)
            # Scrapy leaves unknown options among the arguments.
            unknown = [arg for n, arg in enumerate(args) if n >= self.most_arguments or arg.startswith("-")]
            if unknown:
                name = type(self).__module__.rpartition(".")[2]
                raise ConfigurationError(f"unknown argument {unknown[0][:80]!r}; see scrapy {name} --help")
        except UsageError as error:
            fail(ConfigurationError(str(error)))
        except AlqahiraError as error:
            fail(error)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        try:
            with until_unread():
                self.exitcode = self.execute(args, opts)
        except AlqahiraError as error:
            fail(error)

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        """Do the command's work and return its exit status. Raises AlqahiraError."""
        raise NotImplementedError


def refuse_in_one_line(parser: argparse.ArgumentParser) -> None:
    """Let a parser refuse an option as every other error is shown, without its usage."""

    def error(message: str) -> None:
        fail(ConfigurationError(one_line(message)))

    parser.error = error  # type: ignore[method-assign, assignment]  # Scrapy makes the parser itself


def crawl_in_subprocess(section: str, settings: dict[str, str], *options: str) -> int:
    """Crawl a section in a new process, as a Scrapy process can crawl only once; return its exit status."""
    # In the environment, not on the command line that anyone can read: a ledger's URL may contain a password.
    own = {name: value for name, value in settings.items() if name.startswith(PREFIX)}
    rest = [f"--set={name}={value}" for name, value in settings.items() if name not in own]
    command = [sys.executable, "-m", "scrapy", "crawl", section, *options, *rest]
    return subprocess.run(command, env=os.environ | own, check=False).returncode
