"""The base of the project's own `scrapy` commands, and the crawls that some of them start."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError
from scrapy.spiderloader import get_spider_loader

from alqahira.crawling.output import until_unread
from alqahira.exceptions import AlqahiraError, ConfigurationError, one_line
from alqahira.monitoring.failure import fail
from alqahira.settings.configuration import PREFIX, Configuration, check_own_of_scrapy, refuse_unknown
from alqahira.settings.types import check_file

# Settings for crawls of the replica, which needs no throttling.
UNTHROTTLED = {"AUTOTHROTTLE_ENABLED": "False", "DOWNLOAD_DELAY": "0"}
# The most arguments of each command of Scrapy's own; `check` takes any number.
_MOST_ARGUMENTS = dict.fromkeys(("bench", "list", "settings", "version"), 0)
_MOST_ARGUMENTS |= dict.fromkeys(("edit", "fetch", "parse", "runspider", "shell", "view"), 1)
_MOST_ARGUMENTS |= dict.fromkeys(("genspider", "startproject"), 2)
_add_options, _process_options = ScrapyCommand.add_options, ScrapyCommand.process_options


def check_every_command() -> None:
    """Let every command, Scrapy's own too, refuse what it does not know in one line, with status 2.

    That is an unknown option or spider, one argument too many, an unknown or former setting, a flag or number that is
    none, and a log or pid file that cannot be written. Scrapy takes any, and has no hook for all commands but
    their base class.
    """
    ScrapyCommand.add_options = _add_options_in_one_line  # type: ignore[assignment, method-assign]
    ScrapyCommand.process_options = _process_known_options  # type: ignore[assignment, method-assign]


def _add_options_in_one_line(command: ScrapyCommand, parser: argparse.ArgumentParser) -> None:
    _add_options(command, parser)

    def error(message: str) -> None:
        fail(ConfigurationError(one_line(message)))

    parser.error = error  # type: ignore[method-assign, assignment]  # Scrapy makes the parser itself


def _process_known_options(command: ScrapyCommand, args: list[str], opts: argparse.Namespace) -> None:
    assert command.settings is not None
    try:
        _process_options(command, args, opts)
        _check_log_file(command)
    except OSError as error:
        raise UsageError(f"{str(error.filename)[:200]} cannot be written: {error.strerror}") from None
    name = type(command).__module__.rpartition(".")[2]
    most = getattr(command, "most_arguments", _MOST_ARGUMENTS.get(name, len(args)))
    # Scrapy leaves unknown options among the arguments.
    if unknown := [arg for n, arg in enumerate(args) if n >= most or arg.startswith("-")]:
        raise UsageError(f"unknown argument {unknown[0][:80]!r}; see scrapy {name} --help")
    try:
        refuse_unknown(map(str, command.settings))
        check_own_of_scrapy(command.settings)
    except ConfigurationError as error:
        raise UsageError(str(error)) from None
    for spider in args if name in ("check", "crawl", "edit") else [getattr(opts, "spider", None)]:
        if spider and spider not in (known := sorted(get_spider_loader(command.settings).list())):
            raise UsageError(f"no spider {spider[:80]!r}; there are {', '.join(known)}")


def _check_log_file(command: ScrapyCommand) -> None:
    """Raise OSError for a LOG_FILE that Scrapy could not open a moment later, also with LOG_ENABLED=0; creates none."""
    assert command.settings is not None
    if command.requires_crawler_process and (file := command.settings["LOG_FILE"]):
        Path(file).absolute().parent.stat()
        check_file(Path(file).absolute())


class ProjectCommand(ScrapyCommand):
    """Checks the settings, and prints an error in one line.

    Subclasses implement `execute`; `configuration` is set before it is called. `most_arguments`: those that are no
    options.
    """

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}
    most_arguments = 0

    def syntax(self) -> str:
        return "[options]"

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        super().process_options(args, opts)
        assert self.settings is not None
        try:
            self.configuration = Configuration.from_settings(self.settings)
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


def crawl_in_subprocess(section: str, settings: dict[str, str], *options: str) -> int:
    """Crawl a section in a new process, as a Scrapy process can crawl only once; return its exit status."""
    # In the environment, not on the command line that anyone can read: a ledger's URL may contain a password.
    own = {name: value for name, value in settings.items() if name.startswith(PREFIX)}
    rest = [f"--set={name}={value}" for name, value in settings.items() if name not in own]
    command = [sys.executable, "-m", "scrapy", "crawl", section, *options, *rest]
    process = subprocess.Popen(command, env=os.environ | own)
    try:
        status = process.wait()
        return status if status >= 0 else 128 - status  # of one that a signal ended, as a shell has it
    except KeyboardInterrupt:
        process.wait()  # Ctrl-C has reached it, too; `subprocess.run` would kill it before it ends in order
        raise
