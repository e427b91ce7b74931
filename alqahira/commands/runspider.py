"""`scrapy runspider`, as Scrapy has it, without a run; it refuses this project's sections, which need one."""

from __future__ import annotations

import argparse
import inspect
from pathlib import Path

from scrapy.commands.runspider import Command as Scrapys
from scrapy.settings import BaseSettings
from scrapy.spiderloader import SpiderLoader

from alqahira.crawling.no_run import NoRun
from alqahira.exceptions import ConfigurationError
from alqahira.monitoring.failure import fail


class Command(NoRun, Scrapys):
    """No run: see `NoRun`. Exit status 2 for the file of a section."""

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        super().process_options(args, opts)
        assert self.settings is not None
        if section := _section_in(args[0] if args else "", self.settings):
            fail(ConfigurationError(f"a section is crawled by scrapy crawl {section}"), log=self.settings)


def _section_in(file: str, settings: BaseSettings) -> str | None:
    """The name of the project's spider in this file."""
    # Not by get_spider_loader: the command's own settings name a loader that knows no spider.
    loader = SpiderLoader.from_settings(settings)
    path = Path(file).resolve()
    return next((name for name in loader.list() if Path(inspect.getfile(loader.load(name))).resolve() == path), None)
