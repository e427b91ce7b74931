"""`scrapy crawl`, as Scrapy has it, with arguments checked before anything starts and the contract's exit status."""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import UTC, datetime

from scrapy.commands.crawl import Command as ScrapyCrawl
from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.exceptions import UsageError

from alqahira.arguments import CrawlArguments
from alqahira.configuration import Configuration
from alqahira.dates import cairo_day
from alqahira.errors import AlqahiraError, ConfigurationError
from alqahira.extensions.run import Run
from alqahira.logformatter import guard_log_from_the_start, in_plain_sight


class Command(ScrapyCrawl):
    """Exit status: 0 complete, 1 a monitor failed, 2 wrong arguments or settings, 3 another run holds the ledger."""

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        try:
            self._check(args, opts)
        except AlqahiraError as error:
            end(error)

    def _check(self, args: list[str], opts: argparse.Namespace) -> None:
        try:
            super().process_options(args, opts)
        except UsageError as error:
            raise ConfigurationError(str(error) or "wrong options; see scrapy crawl --help") from None
        assert self.settings is not None
        if len(args) != 1 or args[0].startswith("-"):
            raise ConfigurationError(f"name one spider: scrapy crawl {' | '.join(self._spiders())}")
        if args[0] not in self._spiders():
            raise ConfigurationError(f"no spider {args[0]!r}; there are {', '.join(self._spiders())}")
        CrawlArguments.parse(opts.spargs, today=cairo_day(datetime.now(UTC)))
        Configuration.from_settings(self.settings)
        guard_log_from_the_start(self.settings)

    def _spiders(self) -> list[str]:
        from scrapy.spiderloader import get_spider_loader

        assert self.settings is not None
        return sorted(get_spider_loader(self.settings).list())

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        assert isinstance(self.crawler_process, AsyncCrawlerProcess)
        crawler = self.crawler_process.create_crawler(args[0])
        task = self.crawler_process.crawl(crawler, **opts.spargs)
        # Looked at here, so that asyncio does not print a traceback for what is one clear line.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        self.crawler_process.start()
        self.exitcode = exit_status(crawler, task)


def exit_status(crawler: Crawler, task: asyncio.Task[None]) -> int:
    """The status of a crawl that has ended; an error that kept it from starting ends the process here."""
    error = None if task.cancelled() or not task.done() else task.exception()
    if isinstance(error, AlqahiraError):
        end(error)
    if error is not None:
        raise error
    run = crawler.get_extension(Run)
    assert run is not None
    settings = crawler.settings
    is_json = settings.getbool("ALQAHIRA_LOG_JSON") and settings.getbool("LOG_ENABLED") and not settings["LOG_FILE"]
    if run.problem and not is_json:
        # Said once more as the last line, for the log may go to a file or nowhere.
        print(f"alqahira: {in_plain_sight(run.problem)}", file=sys.stderr)
    return run.exit_status


def end(error: AlqahiraError) -> None:
    """One line to standard error, and out with the error's status."""
    print(f"alqahira: {error}", file=sys.stderr)
    sys.exit(error.exit_status)
