"""`scrapy shards`: the calls that spread a backfill over Scrapyd nodes, one a section and month."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import Any, ClassVar

from scrapy.commands import ScrapyCommand

from alqahira import site
from alqahira.arguments import CrawlArguments
from alqahira.commands.failure import fail
from alqahira.dates import cairo_day
from alqahira.errors import AlqahiraError, ConfigurationError
from alqahira.shards import check_node, schedule_calls, shards


class Command(ScrapyCommand):
    """Prints, and runs nothing: `scrapy shards … | sh` gives the work out."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        return "--since DAY [--until DAY] [options]"

    def short_desc(self) -> str:
        return "Print the schedule.json calls that spread a backfill over Scrapyd nodes"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--since", metavar="DAY", help="first Cairo day, YYYY-MM-DD")
        parser.add_argument("--until", metavar="DAY", help="last Cairo day (today)")
        parser.add_argument("--section", action="append", choices=[*site.SECTIONS], help="this section alone (all)")
        parser.add_argument("--node", action="append", metavar="URL", help="a Scrapyd (http://127.0.0.1:6800); again")
        parser.add_argument("--setting", action="append", metavar="NAME=VALUE", help="a setting for each run; again")
        parser.add_argument("--project", default="alqahira", help="the project's name there (alqahira)")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        try:
            today = cairo_day(datetime.now(UTC))
            given = {"since": opts.since, "until": opts.until or str(today)}
            days = CrawlArguments.parse(given, today=today)
            if args or days.since is None or days.until is None:
                raise ConfigurationError("say from which day: scrapy shards --since YYYY-MM-DD [--until YYYY-MM-DD]")
            nodes = [check_node(node) for node in opts.node or ["http://127.0.0.1:6800"]]
            sections = opts.section or [*site.SECTIONS]
            cut = shards(sections, days.since, days.until)
            for call in schedule_calls(cut, nodes, opts.project, opts.setting or ()):
                print(call)
        except AlqahiraError as error:
            fail(error)
