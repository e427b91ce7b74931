"""`scrapy parse`, as Scrapy has it, without a run."""

import argparse
import warnings

from scrapy.commands.parse import Command as Scrapys
from scrapy.exceptions import ScrapyDeprecationWarning

from alqahira.crawling.no_run import NoRun
from alqahira.exceptions import ConfigurationError
from alqahira.monitoring.failure import fail


class Command(NoRun, Scrapys):
    """No run: see `NoRun`."""

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        super().process_options(args, opts)
        # Scrapy's own command does what Scrapy warns of.
        warnings.filterwarnings("ignore", ".* returned a Deferred", ScrapyDeprecationWarning)

    def set_spidercls(self, url: str, opts: argparse.Namespace) -> None:
        assert self.crawler_process is not None
        super().set_spidercls(url, opts)
        if self.spidercls is None:  # of which Scrapy says so in the log, with status 0
            spiders = self.crawler_process.spider_loader.list()
            fail(ConfigurationError(f"name the spider: scrapy parse --spider={spiders[0] if spiders else 'NAME'} URL"))
