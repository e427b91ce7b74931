"""`scrapy live` (`make live`): the doctor, then five articles of each section, each record beside its page."""

from __future__ import annotations

import argparse
import signal

from alqahira import site
from alqahira.commands import doctor
from alqahira.crawling.command import UNTHROTTLED, ProjectCommand, crawl_in_subprocess
from alqahira.extraction.urls import site_name
from alqahira.settings.types import make_folder, url_path

_ARTICLES = 5


class Command(doctor.Command):
    """The greatest status of the doctor and the two crawls; a site that refuses or cannot be reached is not crawled."""

    def short_desc(self) -> str:
        return "The doctor, five articles of each section, and each record beside its page"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        ProjectCommand.add_options(self, parser)  # without the doctor's

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        # Imported here: most commands do not need what reads archives.
        from alqahira.doctor.side_by_side import show

        assert self.settings is not None
        folder = self.configuration.output_dir.absolute() / "live"
        log = folder / "live.log"
        pace = UNTHROTTLED if site_name(self.configuration.site_url) == "loopback" else {}
        self.settings.setdict(pace, priority="cmdline")
        make_folder(folder, "ALQAHIRA_OUTPUT_DIR")
        status = self.examine(str(folder))
        # The doctor has left Scrapy's handler there; from here on Ctrl-C ends this command.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        settings = pace | {
            "ALQAHIRA_SITE_URL": self.configuration.site_url,
            "ALQAHIRA_OUTPUT_DIR": str(folder),
            "ALQAHIRA_STATE_URL": f"sqlite:///{url_path(folder / 'state.db')}",
            "ALQAHIRA_ARCHIVE": "true",
            "LOG_FILE": str(log),
        }
        feeds = [folder / f"{section}.jsonl" for section in site.SECTIONS]
        for section, feed in zip(site.SECTIONS, feeds, strict=True):
            print(f"\nCrawling {section}: {_ARTICLES} articles, log in {log} …", flush=True)
            options = ("-a", f"max_articles={_ARTICLES}", "-O", str(feed))
            status = max(status, crawl_in_subprocess(section, settings, *options))
        show(feeds, folder, max_bytes=self.configuration.download_maxsize)
        return status
