"""`scrapy shards`: gone, and what replaced it."""

from __future__ import annotations

import argparse

from alqahira.crawling.command import ProjectCommand
from alqahira.exceptions import ConfigurationError


class Command(ProjectCommand):
    """Exit status 2, whatever it is given."""

    def short_desc(self) -> str:
        return "Gone: a backfill is one run, scrapy crawl SECTION -a since=DAY -a until=DAY"

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Accept any of its former options."""

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        raise ConfigurationError("scrapy shards is gone: a backfill is one run, scrapy crawl SECTION -a since=DAY")
