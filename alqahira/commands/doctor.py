"""`scrapy doctor`: request some sixteen pages of the site, politely, and report which facts of `site.py` hold."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from scrapy.crawler import AsyncCrawlerProcess

from alqahira.crawling.command import ProjectCommand
from alqahira.exceptions import AlqahiraError
from alqahira.monitoring.logs import install_formatters

if TYPE_CHECKING:
    from alqahira.article import Article

# Articles of the corpus requested again after a redesign: a proposed selector must reproduce their records.
_KNOWN = 4


class Command(ProjectCommand):
    """Status 0: all needed facts hold; 1: one does not, or the site refuses; 4: the site could not be reached."""

    requires_crawler_process = True
    default_settings: ClassVar[dict[str, Any]] = {}

    def short_desc(self) -> str:
        return "Check on the live site which facts of alqahira/site.py still hold"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--save", metavar="FOLDER", help="save every answer there, as doctor-<time>.warc.gz")
        parser.add_argument(
            "--listings", action="store_true", help="request every listing of the sections, not one a kind"
        )

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        super().process_options(args, opts)
        assert self.settings is not None
        # The report is what users want; the log shows only problems (-L INFO for all of it).
        self.settings.set("LOG_LEVEL", "WARNING", priority="spider")
        install_formatters(self.settings)

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        return self.examine(opts.save, every_listing=opts.listings)

    def examine(self, folder: str | None, *, every_listing: bool = False) -> int:
        """Visit the site, show what holds, and return the status. AlqahiraError where the site shows no page."""
        # Imported here: Scrapy loads all commands, whichever is given.
        from alqahira.doctor.proposals import known_pages, propose
        from alqahira.doctor.report import diagnose, show, show_layout
        from alqahira.doctor.saving import open_archive, save
        from alqahira.doctor.spider import DoctorSpider
        from alqahira.doctor.visit import Visit

        assert isinstance(self.crawler_process, AsyncCrawlerProcess)
        visit, known = Visit(self.configuration.site_url), self._known_records()
        most = self.configuration.download_maxsize
        archive = None if folder is None else open_archive(folder, visit.root, max_bytes=most)
        self.crawler_process.crawl(DoctorSpider, visit=visit, known=known, every_listing=every_listing)
        self.crawler_process.start()
        problem = save(archive, visit.exchanges) if archive else None
        if failure := visit.failure():
            raise failure
        findings = diagnose(visit)
        show(findings, visit, datetime.now(UTC).date())
        if layout := propose(known_pages(visit, known)):
            show_layout(layout, len(known))
        if problem:
            raise problem
        return 1 if any(finding.is_bad for finding in findings) else 0

    def _known_records(self) -> Mapping[str, Article]:
        """The corpus' latest records by id; none where there is no ledger yet, or none that can be read."""
        from alqahira.ledger import open_ledger

        try:
            with open_ledger(self.configuration.state_url, read_only=True) as ledger:
                return {article.article_id: article for article in ledger.latest(_KNOWN)}
        except AlqahiraError:
            return {}
