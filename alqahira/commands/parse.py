"""`scrapy parse`, as Scrapy has it, without a run."""

import argparse
import warnings

from scrapy.commands.parse import Command as Scrapys
from scrapy.exceptions import ScrapyDeprecationWarning

from alqahira.crawling.no_run import NoRun


class Command(NoRun, Scrapys):
    """No run: see `NoRun`."""

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        super().process_options(args, opts)
        # Scrapy's own command does what Scrapy warns of.
        warnings.filterwarnings("ignore", ".* returned a Deferred", ScrapyDeprecationWarning)
