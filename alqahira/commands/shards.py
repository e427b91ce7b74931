"""`scrapy shards`: gone, and what replaced it."""

from __future__ import annotations

import argparse

from scrapy.commands import ScrapyCommand

from alqahira.exceptions import ConfigurationError
from alqahira.monitoring.failure import fail


class Command(ScrapyCommand):
    """Exit status 2, whatever it is given."""

    requires_crawler_process = False

    def short_desc(self) -> str:
        return "Gone: a backfill is one run, scrapy crawl SECTION -a since=DAY -a until=DAY"

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        fail(ConfigurationError("scrapy shards is gone: a backfill is one run, scrapy crawl SECTION -a since=DAY"))
