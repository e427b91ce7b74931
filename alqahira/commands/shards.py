"""`scrapy shards`: gone, and what replaced it."""

from __future__ import annotations

import argparse

from scrapy.exceptions import UsageError

from alqahira.crawling.command import ProjectCommand


class Command(ProjectCommand):
    """Exit status 2, whatever it is given."""

    def short_desc(self) -> str:
        return "Gone: a backfill is one run, scrapy crawl SECTION -a since=DAY -a until=DAY"

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        raise UsageError("scrapy shards is gone: a backfill is one run, scrapy crawl SECTION -a since=DAY")
