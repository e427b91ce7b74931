"""`scrapy live` (`make live`): the doctor, five articles of each section, each record beside what its page shows."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from scrapy.commands import ScrapyCommand
from scrapy.settings import Settings

from alqahira import site
from alqahira.commands import doctor
from alqahira.exceptions import AlqahiraError
from alqahira.extraction.urls import site_name
from alqahira.monitoring.failure import fail
from alqahira.settings.checks import make_folder
from alqahira.settings.configuration import ARCHIVE_FOLDER

_ARTICLES = 5
# For a copy of the site on this machine.
_UNTHROTTLED = {"AUTOTHROTTLE_ENABLED": "False", "DOWNLOAD_DELAY": "0"}
_WIDTH = 70  # characters of a value


class Command(doctor.Command):
    """The greatest status of the doctor and the two crawls; a site that refuses or cannot be reached is not crawled."""

    def short_desc(self) -> str:
        return "The doctor, five articles of each section, and each record beside its page"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        ScrapyCommand.add_options(self, parser)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        assert self.settings is not None
        folder = self.configuration.output_dir.absolute() / "live"
        pace = _UNTHROTTLED if site_name(self.root) == "loopback" else {}
        self.settings.setdict(pace, priority="cmdline")
        try:
            make_folder(folder, "ALQAHIRA_OUTPUT_DIR")
            self.exitcode = self.examine(str(folder))
            # Scrapy has put its own there; the crawls have a process each, for a Scrapy process crawls once.
            signal.signal(signal.SIGINT, signal.default_int_handler)
            for section in site.SECTIONS:
                print(f"\nCrawling {section}: {_ARTICLES} articles, log in {folder / 'live.log'} …", flush=True)
                self.exitcode = max(self.exitcode, self._crawl(section, folder, pace))
            show(folder, self.settings)
        except AlqahiraError as error:
            fail(error)

    def _crawl(self, section: str, folder: Path, pace: dict[str, str]) -> int:
        """Crawl a few articles into the folder; the status."""
        command = [sys.executable, "-m", "scrapy", "crawl", section, "-a", f"max_articles={_ARTICLES}"]
        command += ["-O", str(_feed(folder, section))]
        command += ["--logfile", str(folder / "live.log"), *(f"--set={name}={value}" for name, value in pace.items())]
        environment = os.environ | {
            "ALQAHIRA_SITE_URL": self.root,
            "ALQAHIRA_OUTPUT_DIR": str(folder),
            "ALQAHIRA_STATE_URL": f"sqlite:///{folder}/state.db",
            "ALQAHIRA_ARCHIVE": "true",
        }
        return subprocess.run(command, env=environment, check=False).returncode


def _feed(folder: Path, section: str) -> Path:
    return folder / f"{section}.jsonl"


def show(folder: Path, settings: Settings) -> None:
    """The records in the two sections' feeds, each field beside what its archived page prints."""
    from alqahira.archive.warc import page_of
    from alqahira.archive.writer import Decompressor, find_page
    from alqahira.article import from_record
    from alqahira.extraction.decoding import decode
    from alqahira.extraction.sources import Document

    most = settings.getint("DOWNLOAD_MAXSIZE")
    decompressor = Decompressor(most)
    feeds = [feed.read_text("utf-8") for section in site.SECTIONS if (feed := _feed(folder, section)).exists()]
    records = [json.loads(line) for feed in feeds for line in feed.split("\n") if line]
    fields = same = 0
    for number, record in enumerate(records, start=1):
        print(f"\n{number} {_short(unquote(record['url']), len(record['url']))}")
        article = from_record(record)
        found = find_page(folder / ARCHIVE_FOLDER, article, max_bytes=most)
        if found is None or article.date_crawled is None:
            print("  its page is not in the archive")
            continue
        kept = found[1]
        page = Document(
            decode(decompressor.body(page_of(kept))), kept.url, article.date_crawled or datetime.now().astimezone()
        )
        for name, ours, theirs, is_same in side_by_side(record, page):
            fields, same = fields + 1, same + is_same
            print(f"  {name:8} {'=' if is_same else '≠'}  {_short(ours)}  |  {_short(theirs)}")
    print(f"\n{len(records)} records, {fields} fields: {same} as on the page, {fields - same} not (≠).")


def side_by_side(record: dict[str, Any], page: Any) -> Iterator[tuple[str, str, str, bool]]:
    """(field, the record's, the page's, whether they agree), by plain selectors on the markup alone."""
    from alqahira.extraction.sources.site_markup import select
    from alqahira.text.dates import parse_date

    def on_page(css: str) -> list[str]:
        texts = (" ".join("".join(element.itertext()).split()) for element in select(css)(page.tree))
        return list(dict.fromkeys(filter(None, texts)))

    h1 = on_page("h1")
    yield "headline", record["headline"], " ".join(h1[:1]), record["headline"] in h1
    printed = " ".join(on_page(".entry-header .entry-meta span")[:3])
    theirs, known = parse_date(printed, now=page.now), record["date_published"]
    ours = datetime.fromisoformat(known).astimezone(ZoneInfo(site.TIME_ZONE.value)) if known else None
    is_same = abs((theirs - ours).total_seconds()) < 60 if theirs and ours else theirs is ours
    yield "date", f"{ours:%Y-%m-%d %H:%M} Cairo" if ours else "none", printed, is_same
    credit = next(iter(on_page("figure + p strong, .entry-header + p strong")), None)
    yield "credit", record["credit_line"] or "none", credit or "none", record["credit_line"] == credit
    tags = on_page('.tags a[href^="/tag/"]')
    yield "tags", ", ".join(record["keywords"]), ", ".join(tags), sorted(record["keywords"]) == sorted(tags)
    body, lead = " ".join(record["article_body"].split()), next(iter(on_page("article .htmlCode > *")), "")
    yield "body", body, lead, bool(lead) and body.startswith(lead[:_WIDTH])


def _short(text: str, width: int = _WIDTH) -> str:
    text = "".join(character if character.isprintable() else " " for character in text)
    return text if len(text) <= width else f"{text[:width]}…"
