"""`scrapy shards`: gone, and what replaced it."""

from __future__ import annotations

import argparse

from scrapy.commands import ScrapyCommand

from alqahira.commands.failure import fail
from alqahira.errors import ConfigurationError


class Command(ScrapyCommand):
    """Exit status 2, whatever it is given."""

    requires_crawler_process = False

    def short_desc(self) -> str:
        return "Gone: a backfill is one run, scrapy crawl SECTION -a since=DAY -a until=DAY"

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        fail(ConfigurationError("scrapy shards is gone: a backfill is one run, scrapy crawl SECTION -a since=DAY"))
