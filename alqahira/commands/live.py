"""`scrapy live` (`make live`): the doctor, five articles of each section, each record beside what its page shows."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from scrapy.commands import ScrapyCommand
from scrapy.settings import Settings

from alqahira import site
from alqahira.checks import check_output_dir, check_site_url
from alqahira.commands.failure import fail
from alqahira.configuration import ARCHIVE_FOLDER
from alqahira.errors import AlqahiraError, ConfigurationError
from alqahira.urls import site_name

_ARTICLES, _RECORDS = 5, 10
_UNREACHABLE = 4
# Local copy: no throttling.
_UNTHROTTLED = ("-s", "AUTOTHROTTLE_ENABLED=False", "-s", "DOWNLOAD_DELAY=0")
_WIDTH = 70  # characters of a value


class Command(ScrapyCommand):
    """The greatest status of the doctor and the two crawls; a site that cannot be reached (4) is not crawled."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        return "[options]"

    def short_desc(self) -> str:
        return "The doctor, five articles of each section, and each record beside its page"

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        assert self.settings is not None
        try:
            if args:
                raise ConfigurationError(f"unknown argument {args[0]!r}; see scrapy live --help")
            root = check_site_url(str(self.settings["ALQAHIRA_SITE_URL"]))
            folder = Path(str(self.settings["ALQAHIRA_OUTPUT_DIR"])).expanduser().absolute() / "live"
            check_output_dir(str(folder), "ALQAHIRA_OUTPUT_DIR")
            self.exitcode = _scrapy("doctor", "--save", str(folder), root=root, folder=folder)
            if self.exitcode == _UNREACHABLE:
                return
            for section in site.SECTIONS:
                print(f"\nCrawling {section}: {_ARTICLES} articles, log in {folder / 'live.log'} …", flush=True)
                count = ("-a", f"max_articles={_ARTICLES}", "--logfile", str(folder / "live.log"))
                self.exitcode = max(self.exitcode, _scrapy("crawl", section, *count, root=root, folder=folder))
            show(folder, self.settings)
        except AlqahiraError as error:
            fail(error)


def _scrapy(*arguments: str, root: str, folder: Path) -> int:
    """A command in a process of its own (a Scrapy process crawls once), with its corpus in the folder; its status."""
    environment = os.environ | {
        "ALQAHIRA_SITE_URL": root,
        "ALQAHIRA_OUTPUT_DIR": str(folder),
        "ALQAHIRA_STATE_URL": f"sqlite:///{folder}/state.db",
        "ALQAHIRA_ARCHIVE": "true",
    }
    pace = _UNTHROTTLED if site_name(root) == "loopback" else ()
    return subprocess.run([sys.executable, "-m", "scrapy", *arguments, *pace], env=environment, check=False).returncode


def show(folder: Path, settings: Settings) -> None:
    """The records crawled last, each field beside what its archived page prints."""
    from alqahira.archive import Decompressor, find_page
    from alqahira.extract import decode
    from alqahira.parts import read_corpus
    from alqahira.record import from_record
    from alqahira.sources import Document
    from alqahira.warc import page_of

    most = settings.getint("DOWNLOAD_MAXSIZE")
    decompressor = Decompressor(most)
    records = sorted(read_corpus(folder), key=lambda record: str(record["date_crawled"]))[-_RECORDS:]
    fields = same = 0
    for number, record in enumerate(records, start=1):
        print(f"\n{number} {''.join(filter(str.isprintable, unquote(record['url'])))}")
        article = from_record(record)
        if (found := find_page(folder / ARCHIVE_FOLDER, article, max_bytes=most)) is None:
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
    from alqahira.dates import parse_date

    h1, credit = _texts(page, "h1"), _texts(page, "figure + p strong, .entry-header + p strong")
    yield "headline", record["headline"], " ".join(h1[:1]), record["headline"] in h1
    printed = " ".join(_texts(page, ".entry-header .entry-meta span")[:3])
    said, known = parse_date(printed, now=page.now), record["date_published"]
    moment = datetime.fromisoformat(known).astimezone(ZoneInfo(site.TIME_ZONE.value)) if known else None
    is_same = abs((said - moment).total_seconds()) < 60 if said and moment else said is moment is None
    yield "date", f"{moment:%Y-%m-%d %H:%M} Cairo" if moment else "none", printed, is_same
    yield (
        "credit",
        record["credit_line"] or "none",
        " ".join(credit[:1]),
        record["credit_line"] == next(iter(credit), None),
    )
    tags = _texts(page, '.tags a[href^="/tag/"]')
    yield "tags", ", ".join(record["keywords"]), ", ".join(tags), sorted(record["keywords"]) == sorted(tags)
    body, lead = " ".join(record["article_body"].split()), next(iter(_texts(page, "article .htmlCode > *")), "")
    yield "body", body, lead, bool(lead) and body.startswith(lead[:_WIDTH])


def _texts(page: Any, css: str) -> list[str]:
    from alqahira.sources.site_markup import select

    texts = (" ".join("".join(element.itertext()).split()) for element in select(css)(page.tree))
    return list(dict.fromkeys(filter(None, texts)))


def _short(text: str) -> str:
    text = "".join(character if character.isprintable() else " " for character in text)
    return text if len(text) <= _WIDTH else f"{text[:_WIDTH]}…"
