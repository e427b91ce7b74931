"""`scrapy runspider`, as Scrapy has it, without a run."""

from scrapy.commands.runspider import Command as Scrapys

from alqahira.commands.no_run import NoRun


class Command(NoRun, Scrapys):
    """No run: see `NoRun`."""
