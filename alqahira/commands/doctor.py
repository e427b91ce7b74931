"""`scrapy doctor`: ask the site for some sixteen pages, politely, and say which facts of `site.py` still hold."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.exceptions import UsageError
from scrapy.settings import BaseSettings

from alqahira.checks import check_flag, check_log_level, check_site_url
from alqahira.commands.failure import fail
from alqahira.configuration import state_url
from alqahira.errors import AlqahiraError, ConfigurationError
from alqahira.log_guard import guard_log_from_the_start

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
                raise ConfigurationError(f"unknown argument {args[0]!r}; see scrapy doctor --help")
            check_site_url(str(self.settings["ALQAHIRA_SITE_URL"]))
            # The table is the answer; the log speaks only of what went wrong (-L INFO for all of it).
            self.settings.set("LOG_LEVEL", "WARNING", priority="spider")
            check_log_level(self.settings["LOG_LEVEL"])
            check_flag("ALQAHIRA_LOG_JSON", self.settings["ALQAHIRA_LOG_JSON"])
            guard_log_from_the_start(self.settings)
        except UsageError as error:
            fail(ConfigurationError(str(error)))
        except AlqahiraError as error:
            fail(error)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        # All commands are loaded whichever is given: what only this one needs comes here.
        from alqahira.doctor import diagnose, propose_layout, why_nothing
        from alqahira.doctor.recording import Book, open_archive
        from alqahira.doctor.spider import RECORDING, DoctorSpider
        from alqahira.doctor.telling import show, show_layout

        assert isinstance(self.crawler_process, AsyncCrawlerProcess)
        assert self.settings is not None
        root = check_site_url(str(self.settings["ALQAHIRA_SITE_URL"]))
        book = Book(known=known_records(self.settings), every_listing=opts.listings)
        try:
            if opts.save is not None:
                book.archive = open_archive(opts.save, root)
            middlewares = self.settings.getdict("DOWNLOADER_MIDDLEWARES") | RECORDING
            self.settings.set("DOWNLOADER_MIDDLEWARES", middlewares, priority="cmdline")
            self.crawler_process.crawl(DoctorSpider, book=book)
            self.crawler_process.start()
            book.close()
            if nothing := why_nothing(book.exchanges, root):
                raise nothing
        except AlqahiraError as error:
            fail(error)
        now = datetime.now(UTC)
        findings = diagnose(book.samples, root=root, now=now, exchanges=book.exchanges)
        show(findings, book.exchanges, root, now.date())
        layout = propose_layout(book.samples, book.known, root=root, now=now)
        if layout is not None:
            show_layout(layout, len(book.known))
        if book.problem:
            fail(AlqahiraError(book.problem))
        self.exitcode = 1 if any(finding.is_bad for finding in findings) else 0


def known_records(settings: BaseSettings) -> dict[str, Article]:
    """The corpus' latest records by id; none where there is no state yet, or none that can be read."""
    from alqahira.ledger import open_ledger

    try:
        with open_ledger(state_url(settings), read_only=True) as ledger:
            return {article.article_id: article for article in ledger.latest(_KNOWN)}
    except AlqahiraError:
        return {}
