"""`scrapy view`, as Scrapy has it, without a run."""

from scrapy.commands.view import Command as Scrapys

from alqahira.crawling.no_run import NoRun


class Command(NoRun, Scrapys):
    """No run: see `NoRun`."""
