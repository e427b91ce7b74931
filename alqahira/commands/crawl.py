"""`scrapy crawl`: Scrapy's own, but arguments are checked before anything starts, and the exit status says more."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import sys
import threading
from datetime import UTC, datetime

from scrapy.commands.crawl import Command as ScrapyCrawl
from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.exceptions import UsageError
from scrapy.settings import Settings
from scrapy.spiderloader import get_spider_loader
from scrapy.utils.conf import arglist_to_dict

from alqahira.crawling.components import check_components
from alqahira.crawling.extensions.feeds import check_feeds, feed_name, formats
from alqahira.crawling.extensions.run import is_section, run_of
from alqahira.crawling.scrapyd.jobs import check_api_settings
from alqahira.exceptions import AlqahiraError, ConfigurationError
from alqahira.monitoring.alerts import check_alert_urls
from alqahira.monitoring.failure import fail, print_error
from alqahira.monitoring.logs import install_formatters, readable
from alqahira.publishing.folder import refuse_other_corpus
from alqahira.settings.arguments import JOB_ARGUMENT, CrawlArguments
from alqahira.settings.configuration import Configuration
from alqahira.text.dates import cairo_day

_LONGEST_END = 3.0  # seconds after the crawl, whose results are all written by then


class Command(ScrapyCrawl):
    """Exit status: 0 complete, 1 a monitor failed, 2 wrong arguments or settings, 3 another run holds the ledger.

    A spider that is no section's, such as one of `scrapy genspider`, is crawled as Scrapy does, without a run.
    """

    _has_ended = False  # the exit status is known, and the problem printed

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        about = "since=YYYY-MM-DD, until=YYYY-MM-DD (Cairo days, both included), max_articles=N (on the spider's topic)"
        parser.add_argument(
            "-a",
            dest="spargs",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help=f"set spider argument (may be repeated): {about}",
        )

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        assert self.settings is not None
        self._trusted: Settings = self.settings
        try:
            self._check(args, opts)
        except AlqahiraError as error:
            fail(error, log=self._trusted)

    def _check(self, args: list[str], opts: argparse.Namespace) -> None:
        assert self.settings is not None
        operator, service = self.settings.copy(), dict[str, str]()
        jobs = [value for name, _, value in (given.partition("=") for given in opts.spargs) if name == JOB_ARGUMENT]
        if jobs:
            service = settings_of_scrapyd(" ".join(args), jobs[-1])
            # Without the command line's settings: a refused job's own must not decide where its log goes.
            self._trusted = operator.copy()
            self._trusted.setdict(service, priority="cmdline")
        try:
            super().process_options(args, opts)
        except UsageError as error:
            raise ConfigurationError(self._usage(str(error))) from None
        if jobs:
            check_api_settings(arglist_to_dict(opts.set), operator=operator, service=service)
        self._trusted = self.settings
        spiders = get_spider_loader(self.settings)
        if len(args) != 1:
            raise ConfigurationError(f"name one spider: scrapy crawl {' | '.join(sorted(spiders.list()))}")
        spidercls = spiders.load(args[0])
        configuration = Configuration.from_settings(self.settings)
        if not is_section(spidercls):
            return
        CrawlArguments.parse(opts.spargs, today=cairo_day(datetime.now(UTC)))
        check_alert_urls(configuration.alert_urls)
        self._check_feeds([*(opts.output or ()), *(opts.overwrite_output or ())])
        crawler = Crawler(spidercls, self.settings)
        check_components(crawler.settings)
        check_feeds(crawler)
        refuse_other_corpus(configuration.output_dir, configuration.state_url)
        configuration.make_folders()
        install_formatters(self.settings)

    def _check_feeds(self, given: list[str]) -> None:
        assert self.settings is not None
        if len(given) > len(self.settings.getdict("FEEDS")):
            raise ConfigurationError(f"two feeds go to the same file: {', '.join(map(feed_name, given))}")

    def _usage(self, problem: str) -> str:
        assert self.settings is not None
        if problem.startswith("Unrecognized output format"):
            known = formats(self.settings.getwithbase("FEED_EXPORTERS"))
            own = "; scrapy export -o FILE.parquet writes Parquet" if "parquet" in problem else ""
            return f"the format of a feed is none of {known}: name FILE so, or write FILE:FORMAT{own}"
        return problem or "wrong options; see scrapy crawl --help"

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        assert isinstance(self.crawler_process, AsyncCrawlerProcess)
        gc.freeze()  # as at the end of `alqahira.settings`: commands and spiders are loaded
        crawler = self.crawler_process.create_crawler(args[0])
        task = self.crawler_process.crawl(crawler, **opts.spargs)
        # Retrieved here, so that asyncio prints no traceback for what becomes one clear line.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        task.add_done_callback(lambda done: self._end_soon(crawler, done))
        self.crawler_process.start()
        self._has_ended = True
        self.exitcode = exit_status(crawler, task)

    def _end_soon(self, crawler: Crawler, task: asyncio.Task[None]) -> None:
        """End the process some seconds after its crawl, though a thread may still wait for the system to find a name.

        Nothing can end such a thread, and both Twisted and Python wait for it.
        """

        def end() -> None:
            try:
                status = self.exitcode if self._has_ended else exit_status(crawler, task)
            except SystemExit as ended:
                status = int(str(ended.code))
            logging.shutdown()
            sys.stdout.flush()
            os._exit(int(status or 0))

        timer = threading.Timer(_LONGEST_END, end)
        timer.daemon = True
        timer.start()


def settings_of_scrapyd(spider: str, job: str) -> dict[str, str]:
    """Scrapyd's own settings for the job that this process runs, such as LOG_FILE; empty without Scrapyd."""
    project = os.environ.get("SCRAPY_PROJECT")
    try:
        from scrapyd.config import Config
        from scrapyd.environ import Environment
        from scrapyd.exceptions import DirectoryTraversalError
    except ImportError:
        return {}
    try:
        message = {"_project": project, "_spider": spider, "_job": job}
        return dict(Environment(Config()).get_settings(message)) if project else {}
    except DirectoryTraversalError:
        return {}


def exit_status(crawler: Crawler, task: asyncio.Task[None]) -> int:
    """The status of a crawl that has ended; exits here for an error that kept it from starting."""
    error = None if task.cancelled() or not task.done() else task.exception()
    if isinstance(error, AlqahiraError):
        fail(error, log=crawler.settings)
    if error is not None:
        raise error
    run = run_of(crawler)
    if run is None:  # of a spider that is no section
        return 0
    settings = crawler.settings
    is_json = run.configuration.log_json and settings.getbool("LOG_ENABLED") and not settings["LOG_FILE"]
    if run.problem and not is_json:
        # Repeated as the last line, as the log may go to a file or nowhere.
        print_error(readable(run.problem))
    return run.exit_status
