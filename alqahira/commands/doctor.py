"""`scrapy doctor`: ask the site for some sixteen pages, politely, and report which facts of `site.py` still hold."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.exceptions import UsageError

from alqahira.exceptions import AlqahiraError, ConfigurationError
from alqahira.monitoring.failure import fail
from alqahira.monitoring.log_guard import guard_log_from_the_start
from alqahira.settings.configuration import Configuration

if TYPE_CHECKING:
    from alqahira.article import Article

# Articles of the corpus that are asked again after a redesign: their records are what a selector must reproduce.
_KNOWN = 4


class Command(ScrapyCommand):
    """Status 0: all needed facts hold; 1: one does not, or the site refuses; 4: the site could not be reached."""

    requires_project = True

    def syntax(self) -> str:
        return "[options]"

    def short_desc(self) -> str:
        return "Check on the live site which facts of alqahira/site.py still hold"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--save", metavar="FOLDER", help="keep every answer there, as doctor-<time>.warc.gz")
        parser.add_argument("--listings", action="store_true", help="ask each listing of the sections, not one a kind")

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        try:
            super().process_options(args, opts)
            assert self.settings is not None
            if args:
                name = type(self).__module__.rpartition(".")[2]
                raise ConfigurationError(f"unknown argument {args[0]!r}; see scrapy {name} --help")
            # The table is the answer; the log speaks only of what went wrong (-L INFO for all of it).
            self.settings.set("LOG_LEVEL", "WARNING", priority="spider")
            self.configuration = Configuration.from_settings(self.settings)
            self.root = self.configuration.site_url
            guard_log_from_the_start(self.settings)
        except UsageError as error:
            fail(ConfigurationError(str(error)))
        except AlqahiraError as error:
            fail(error)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        try:
            self.exitcode = self.examine(opts.save, every_listing=opts.listings)
        except AlqahiraError as error:
            fail(error)

    def examine(self, folder: str | None, *, every_listing: bool = False) -> int:
        """Visit the site, show what holds, and give the status. AlqahiraError where the site shows no page."""
        # All commands are loaded whichever is given: what only this one needs comes here.
        from alqahira.doctor.proposals import known_pages, propose
        from alqahira.doctor.report import diagnose, show, show_layout
        from alqahira.doctor.spider import DoctorSpider, Recorder, open_archive
        from alqahira.doctor.visit import Visit

        assert isinstance(self.crawler_process, AsyncCrawlerProcess)
        assert self.settings is not None
        known = self._known_records()
        archive = (
            None if folder is None else open_archive(folder, self.root, max_bytes=self.configuration.download_maxsize)
        )
        recorder = Recorder(Visit(self.root), archive)
        self.crawler_process.crawl(DoctorSpider, recorder=recorder, known=known, every_listing=every_listing)
        self.crawler_process.start()
        recorder.close()
        if failure := recorder.visit.failure():
            raise failure
        findings = diagnose(recorder.visit)
        show(findings, recorder.visit, datetime.now(UTC).date())
        if layout := propose(known_pages(recorder.visit, known)):
            show_layout(layout, len(known))
        if recorder.problem:
            raise AlqahiraError(recorder.problem)
        return 1 if any(finding.is_bad for finding in findings) else 0

    def _known_records(self) -> Mapping[str, Article]:
        """The corpus' latest records by id; none where there is no ledger yet, or none that can be read."""
        from alqahira.ledger import open_ledger

        assert self.settings is not None
        try:
            with open_ledger(self.configuration.state_url, read_only=True) as ledger:
                return {article.article_id: article for article in ledger.latest(_KNOWN)}
        except AlqahiraError:
            return {}
