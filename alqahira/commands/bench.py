"""`scrapy bench`, as Scrapy has it, without a run; its own server is the site that may be crawled."""

from typing import ClassVar

from scrapy.commands.bench import Command as Scrapys

from alqahira.commands.no_run import NoRun
from alqahira.crawling.command import UNTHROTTLED


class Command(NoRun, Scrapys):
    """No run: see `NoRun`."""

    own_settings: ClassVar[dict[str, str]] = UNTHROTTLED | {"ALQAHIRA_SITE_URL": "http://localhost:8998"}
