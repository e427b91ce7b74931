"""`scrapy bench`, as Scrapy has it, without a run; its own server is the site that may be crawled."""

from typing import ClassVar

from scrapy.commands.bench import Command as Scrapys

from alqahira.crawling.command import UNTHROTTLED
from alqahira.crawling.no_run import NoRun


class Command(NoRun, Scrapys):
    """No run: see `NoRun`."""

    own_settings: ClassVar[dict[str, str]] = UNTHROTTLED | {"ALQAHIRA_SITE_URL": "http://localhost:8998"}
