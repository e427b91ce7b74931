"""Rebuilds the corpus from archived pages: a crawl without a network.

The spider yields the articles of archived pages, and the pipelines of any crawl process them. Time of fetch, link and
run of each page come from the archive, and pages are in the order in which the ledger decided. So the same archive
always gives the same parts, byte for byte; with the code and settings of the crawl, the crawl's own parts.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scrapy import Spider
from scrapy.crawler import Crawler
from scrapy.settings import Settings

from alqahira.archive.warc import Record, RunEnd, article_page, run_end, run_info, run_removal
from alqahira.archive.warc_files import Damage, read_records
from alqahira.archive.writer import (
    BAD_RECORD,
    OPEN_SUFFIX,
    PAGE_TYPES,
    ArchivedRun,
    Decompressor,
    archived_runs,
)
from alqahira.article import Article
from alqahira.crawling.extensions.run import RunExtension, run_of
from alqahira.crawling.section import SectionSpider
from alqahira.exceptions import AlqahiraError
from alqahira.extraction.items import ArticleItem
from alqahira.extraction.urls import site_name
from alqahira.ledger import open_ledger
from alqahira.ledger.decisions import Outcome
from alqahira.ledger.frontier import Link
from alqahira.monitoring.causes import TOO_LARGE, failure_cause
from alqahira.monitoring.run_stats import account_line
from alqahira.publishing.place import derived_corpus_id
from alqahira.settings.configuration import Configuration

logger = logging.getLogger(__name__)

# No reactor and no network; no monitors, progress bar, reports or alerts.
_SETTINGS: dict[str, Any] = {
    "TWISTED_REACTOR_ENABLED": False,
    "DOWNLOAD_HANDLERS": dict.fromkeys(("http", "https")),
    "DOWNLOAD_HANDLERS_BASE": {},
    "DOWNLOADER_MIDDLEWARES": {},
    "DOWNLOADER_MIDDLEWARES_BASE": {},
    "SPIDER_MIDDLEWARES": {},
    "SPIDER_MIDDLEWARES_BASE": {},
    "EXTENSIONS": {"alqahira.replay.ReplayExtension": 0},
    "EXTENSIONS_BASE": {},
    "ALQAHIRA_ARCHIVE": "false",
    "ALQAHIRA_COMPACT": "never",
}


@dataclass(slots=True)
class Tally:
    """Counts of a replay. `skipped`: records that are no article page, by cause; `damaged`: unreadable places."""

    runs: int = 0
    pages: int = 0
    damaged: int = 0
    errors: int = 0
    skipped: Counter[str] = field(default_factory=Counter)


def runs_of(archive: Path, settings: Settings) -> list[ArchivedRun]:
    """The runs of an archive in the order they began. Raises AlqahiraError, ConfigurationError if there is none."""
    try:
        site_url = Configuration.from_settings(settings).site_url
        return archived_runs(archive, settings.getint("DOWNLOAD_MAXSIZE"), site_url)
    except OSError as error:
        raise _unreadable(archive, error) from None


def replay(runs: list[ArchivedRun], settings: Settings, report: Callable[[str], None]) -> Tally:
    """Replay archived runs into the output folder of the settings, which must be new.

    `report` gets one line for each run that had an article. Raises AlqahiraError.
    """
    own, tally = settings.copy(), Tally()
    own.setdict(_SETTINGS, priority="cmdline")
    configuration = Configuration.from_settings(own)
    with open_ledger(configuration.state_url) as ledger:
        # A corpus of its own, and the same one at every replay of these runs.
        ledger.bind_corpus(derived_corpus_id(run.name for run in runs), str(configuration.output_dir.resolve()))
    crawler = Crawler(ReplaySpider, own)
    asyncio.run(crawler.crawl_async(runs=runs, tally=tally, report=report))
    run = run_of(crawler)
    assert run is not None
    if run.failure:
        raise run.failure
    tally.errors = run.errors
    return tally


def _unreadable(path: Path, error: OSError) -> AlqahiraError:
    return AlqahiraError(f"the archive {error.filename or path} cannot be read: {error.strerror}")


class ReplayExtension(RunExtension):
    """One ledger and one publisher for all archived runs, which the spider starts and finishes itself."""

    def spider_opened(self, spider: Spider) -> None:
        """Do nothing: no run starts with the spider."""

    async def spider_closed(self, spider: Spider, reason: str) -> None:
        """Close the ledger. A replay that broke off fails, as half a corpus must not replace a complete one."""
        if reason != "finished":
            self.run.fail(AlqahiraError(f"the replay did not come to its end: {reason}"))
        self.run.ledger.close()


class ReplaySpider(SectionSpider):
    """Yields the articles of archived runs, one run after another, in the order they started."""

    name = "replay"

    def __init__(self, runs: list[ArchivedRun], tally: Tally, report: Callable[[str], None]) -> None:
        super().__init__()
        self._runs, self._tally, self._report = runs, tally, report
        self._latest = min(run.started for run in runs)

    async def start(self) -> AsyncIterator[ArticleItem]:
        run = run_of(self.crawler)
        assert run is not None
        self.run = run
        self._max_bytes = self.settings.getint("DOWNLOAD_MAXSIZE")
        self._decompressor = Decompressor(self._max_bytes)
        for archived in self._runs:
            try:
                for article in self._replay(archived):
                    yield article
                    await self._processed()
            except AlqahiraError as error:
                run.fail(error)
            except OSError as error:
                run.fail(_unreadable(archived.path, error))
            if run.failure:
                return
        try:
            # What a killed run left waiting, or ALQAHIRA_SEAL=due.
            run.publisher.seal_all(self._latest)
            run.publisher.set_derived_generation()
        except AlqahiraError as error:
            run.fail(error)

    async def _processed(self) -> None:
        """Wait until the pipelines have processed the article."""
        while (slot := self.crawler.engine.scraper.slot) and not slot.is_idle():
            await asyncio.sleep(0)

    def is_for_feed(self, article: Article) -> bool:
        """Every article: a replay writes the corpus alone."""
        return True

    def _replay(self, archived: ArchivedRun) -> Iterator[ArticleItem]:
        """Yield the articles of one run between its start and its end. Raises AlqahiraError, OSError."""
        run, end = self.run, None
        assert archived.site_url is not None
        self.root = archived.site_url
        run.ledger.claim_site(site_name(self.root))
        run.run_id = run.ledger.start_run(archived.name, archived.section, archived.started)
        run.reset()
        self._tally.runs += 1
        for record in read_records(archived.path, max_bytes=self._max_bytes):
            if isinstance(record, Damage):
                # The file of a run that is still writing, or was killed, may end with an incomplete record.
                if not (record.is_tail and archived.path.name.endswith(OPEN_SUFFIX)):
                    self._tally.damaged += 1
                    logger.warning("%s: %d bytes at %d are not a record", archived.path, record.length, record.offset)
            elif record.type in PAGE_TYPES:
                yield from self._page(record, archived.section)
            elif record.type == "revisit":
                self._tally.skipped["revisit"] += 1
            else:
                try:
                    run_info(record)
                    end = run_end(record) or end
                    if removal := run_removal(record):
                        run.failures.remove(removal.articles, removal.date, run.run_id)
                except BAD_RECORD:
                    self._tally.damaged += 1
        run.failures.decide()
        if run.stats.discovered:
            self._report(f"{run.run_id}: {account_line(run.stats.as_dict())}")
        if end is None and archived.run_id:
            return  # killed: what it had accepted is published by the next run, as it was in the crawl
        end = end or RunEnd(archived.started)
        self._latest = max(self._latest, end.date)
        run.publisher.end_run(end.date)
        counts = run.stats.as_dict() | {"reason": end.reason}
        run.ledger.finish_run(run.run_id, counts, end.exit_status, end.date, complete=end.complete)

    def _page(self, record: Record, section: str) -> Iterator[ArticleItem]:
        """Yield the article of one archived page, if it has one, and count what became of the page."""
        run = self.run
        try:
            page = article_page(record, self.root)
        except BAD_RECORD:
            self._tally.damaged += 1
            return
        if isinstance(page, str):
            self._tally.skipped[page] += 1
            return
        fetch = page.fetch
        self._latest = max(self._latest, fetch.fetched)
        self._tally.pages += 1
        link = Link(fetch.key, page.link_url, fetch.discovered_on)
        run.ledger.discover([link], section=section, run_id=run.run_id, now=fetch.fetched)
        run.stats.start(fetch.key)
        try:
            body = self._decompressor.body(page)
        except Exception as error:  # decoders raise errors of many kinds
            run.finish(fetch.key, Outcome.FAILED, failure_cause(error))
            return
        if record.payload is None:
            run.finish(fetch.key, Outcome.FAILED, TOO_LARGE)
            return
        try:
            articles = list(self.read_article(page, body))
        except BAD_RECORD as error:
            self._tally.damaged += 1
            run.finish(fetch.key, Outcome.FAILED, failure_cause(error))
            return
        yield from articles
