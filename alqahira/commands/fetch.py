"""`scrapy fetch`, as Scrapy has it, without a run."""

from scrapy.commands.fetch import Command as Scrapys

from alqahira.crawling.no_run import NoRun


class Command(NoRun, Scrapys):
    """No run: see `NoRun`."""
