"""`scrapy view`, as Scrapy has it, without a run."""

from scrapy.commands.view import Command as Scrapys

from alqahira.commands.no_run import NoRun


class Command(NoRun, Scrapys):
    """No run: see `NoRun`."""
