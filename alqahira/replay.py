"""The corpus again, from archived pages: what the runs of the past read goes through the steps of today.

There is no engine, no downloader and no clock here: a page brings its own moment, what led to it and the run it
belongs to, in the order in which the ledger decided then; runs that went on at once are read by turns, by the
moments of their pages. So the same archive gives the same parts to the byte, and with the code and settings of the
crawl its very own.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from heapq import heappop, heappush
from io import BytesIO
from pathlib import Path
from typing import Any

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.exceptions import DropItem
from scrapy.extension import ExtensionManager
from scrapy.http import Response
from scrapy.settings import Settings
from scrapy.spiderloader import get_spider_loader
from scrapy.statscollectors import MemoryStatsCollector
from scrapy.utils.conf import build_component_list
from scrapy.utils.misc import build_from_crawler, load_object
from twisted.python.failure import Failure
from warcio.bufferedreaders import ChunkedDataReader

from alqahira import site, urls
from alqahira.account import Outcome, account_line
from alqahira.archive import OPEN_SUFFIX, PAGE_TYPES, RUN_ID, files
from alqahira.errors import AlqahiraError, ConfigurationError
from alqahira.extensions.run import Run
from alqahira.frontier import Link
from alqahira.ledger import Ledger
from alqahira.middlewares.causes import TOO_LARGE, failure_cause
from alqahira.page import ArchivedResponse, ArticleItem
from alqahira.warc import ENDED, TAKEN_UP, Record, page_of
from alqahira.warc_files import read_records
from spiders.section import SectionSpider

logger = logging.getLogger(__name__)

# Why a record of another tool's WARC is no article page; `http_<status>` as well.
_NOT_ARTICLE, _NOT_HTML, REVISIT = "not_an_article_address", "not_html", "revisit"
# The moment of a run's last steps: when none that went on beside it has anything left.
_WHEN_ALL_HAVE_ENDED = datetime.max.replace(tzinfo=UTC)
# What the reading of a foreign date, address or header can fail with.
BAD_RECORD = (ValueError, OverflowError, TypeError)


@dataclass(frozen=True, slots=True)
class ArchivedRun:
    """One run as its file tells it; of another tool's file one for each section, of which the first reads its pages."""

    path: Path
    started: datetime
    section: str
    run_id: str | None = None  # None: another tool wrote the file
    site_url: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    is_first: bool = True


@dataclass(slots=True)
class Tally:
    """What a replay has read. `skipped`: records that are no page of ours, by cause; `damaged`: places in the files."""

    runs: int = 0
    pages: int = 0
    damaged: int = 0
    errors: int = 0
    skipped: Counter[str] = field(default_factory=Counter)


def replay(archive: Path, settings: Settings, say: Callable[[str], None]) -> Tally:
    """Replay every run of an archive into the output folder of the settings, which must be new.

    `say` is given one line for each run that took up an article. Raises AlqahiraError.
    """
    tally = Tally()
    try:
        _Replays(archived_runs(archive, settings.getint("DOWNLOAD_MAXSIZE")), settings, tally, say).go_on()
    except OSError as error:
        raise AlqahiraError(f"the archive {error.filename or archive} cannot be read: {error.strerror}") from None
    return tally


def archived_runs(archive: Path, max_bytes: int) -> list[ArchivedRun]:
    """The runs of an archive in the order they began. Raises OSError, ConfigurationError where there is none."""
    found = files(archive) if archive.is_dir() else []
    if not found:
        raise ConfigurationError(f"there is no archive at {archive}: crawl with ALQAHIRA_ARCHIVE=true")
    runs = [run for path in found for run in _runs_of(path, max_bytes)]
    return sorted(runs, key=lambda run: (run.started, run.path.name, not run.is_first))


def _runs_of(path: Path, max_bytes: int) -> Iterator[ArchivedRun]:
    for record in read_records(path, max_bytes=max_bytes):
        if not isinstance(record, Record):
            continue
        try:
            started = record.date
        except BAD_RECORD:
            continue
        about = _fields(record.payload or b"") if record.type == "warcinfo" else {}
        if about.get(RUN_ID):
            yield ArchivedRun(
                path,
                started,
                about.get("alqahira-spider", ""),
                about[RUN_ID],
                about.get("alqahira-site"),
                _arguments(about.get("alqahira-arguments", "")),
            )
        elif record.type == "warcinfo":
            continue  # when a file was written says nothing of its pages
        else:
            for number, section in enumerate(site.SECTIONS):
                yield ArchivedRun(path, started, section, is_first=not number)
        return
    # Nothing to go by: its damage is counted in a run of its own.
    yield ArchivedRun(path, datetime.fromtimestamp(0, UTC), next(iter(site.SECTIONS)))


def _arguments(text: str) -> dict[str, Any]:
    try:
        given = json.loads(text)
    except ValueError:
        return {}
    return given if isinstance(given, dict) else {}


def _fields(block: bytes) -> dict[str, str]:
    """`application/warc-fields`: a name and a value a line."""
    pairs = (line.partition(":") for line in block.decode("utf-8", "replace").splitlines())
    return {name.strip(): value.strip() for name, colon, value in pairs if colon}


class Unpacker:
    """Bodies as the extractor sees them, by Scrapy's own decompression with its bounds."""

    def __init__(self, crawler: Crawler) -> None:
        self._middleware = HttpCompressionMiddleware(crawler=crawler)

    @classmethod
    def from_settings(cls, settings: Settings) -> Unpacker:
        crawler = Crawler(Spider, settings)
        crawler.stats = MemoryStatsCollector(crawler)
        return cls(crawler)

    def body(self, page: ArchivedResponse, record: Record) -> bytes:
        """The page's body, decompressed. Raises what the decoders raise; `failure_cause` names it."""
        body = page.body
        if record.http is None:
            return body
        if (record.http.get_header("Transfer-Encoding") or "").lower() == "chunked":
            body = ChunkedDataReader(BytesIO(body)).read(len(body))
        headers: dict[bytes, list[bytes]] = {}
        for name, value in page.headers:
            headers.setdefault(name, []).append(value)
        response = Response(page.visit.url, headers=headers, body=body)
        unpacked = self._middleware.process_response(Request(page.visit.url), response)
        assert isinstance(unpacked, Response)
        return unpacked.body


def why_no_page(record: Record, root: str) -> str | None:
    """Why a record that another tool wrote is no article page of the site at `root`."""
    if not urls.is_article_url(record.url, root):
        return _NOT_ARTICLE
    if record.http is None:
        return None
    if (status := str(record.http.get_statuscode())) != "200":
        return f"http_{status}"
    return None if "html" in (record.http.get_header("Content-Type") or "").lower() else _NOT_HTML


class _Replays:
    """All runs of an archive on one ledger. Those that went on at once go on at once, each page at its moment."""

    def __init__(
        self, runs: Sequence[ArchivedRun], settings: Settings, tally: Tally, say: Callable[[str], None]
    ) -> None:
        self._runs, self._settings, self._tally, self._say = runs, settings, tally, say
        # What each run is to do next: its moment, the run's number, the run, and its steps.
        self._going: list[tuple[datetime, int, _Replay, Iterator[datetime]]] = []

    def go_on(self) -> None:
        """Replay them. Raises AlqahiraError, OSError."""
        ledger: Ledger | None = None
        # Of the second section of a foreign file: what the first has set aside.
        met: dict[Path, list[str]] = {}
        try:
            for number, archived in enumerate(self._runs, start=1):
                self._until(archived.started)
                replayed = _Replay(archived, self._settings, self._tally, ledger)
                ledger = replayed.run.ledger
                steps = replayed.read(met.setdefault(archived.path, []), is_last=number == len(self._runs))
                self._go(number, replayed, steps)
                self._tally.runs += archived.is_first
            self._until(None)
            replayed.run.publisher.seal_all()  # what a run that died had accepted after all others had ended
        finally:
            if ledger is not None:
                ledger.close()

    def _until(self, moment: datetime | None) -> None:
        """Do what happened before a moment, in its order; all that there is without one."""
        while self._going and (
            moment is None or self._going[0][0] < moment or self._going[0][0] == _WHEN_ALL_HAVE_ENDED
        ):
            self._go(*heappop(self._going)[1:])

    def _go(self, number: int, replayed: _Replay, steps: Iterator[datetime]) -> None:
        """One step of a run, and what comes after it in its place."""
        if (then := next(steps, None)) is not None:
            heappush(self._going, (then, number, replayed, steps))
        elif replayed.run.account.discovered:
            self._say(f"{replayed.run.run_id}: {account_line(replayed.run.account.as_dict())}")


class _Replay:
    """One run, replayed: its spider reads, the steps of ITEM_PIPELINES decide, its ledger remembers."""

    def __init__(self, archived: ArchivedRun, settings: Settings, tally: Tally, ledger: Ledger | None) -> None:
        """`ledger`: of the runs before; the first opens it."""
        self.archived, self.tally = archived, tally
        own = settings.copy()
        if archived.site_url:
            own.set("ALQAHIRA_SITE_URL", archived.site_url, priority="cmdline")
        loader = get_spider_loader(own)
        if archived.section not in loader.list():
            raise ConfigurationError(f"{archived.path}: there is no spider {archived.section[:80]!r} any more")
        spidercls = loader.load(archived.section)
        assert issubclass(spidercls, SectionSpider)
        # Never started: it holds what the steps look for in one.
        crawler = Crawler(spidercls, own)
        crawler.stats = MemoryStatsCollector(crawler)
        self.unpacker = Unpacker(crawler)
        self.max_bytes = own.getint("DOWNLOAD_MAXSIZE")
        self.spider = spidercls(**archived.arguments)
        crawler.spider = self.spider
        self.run = self.spider.run = Run(crawler, started=archived.started, ledger=ledger)
        crawler.extensions = ExtensionManager(self.run, crawler=crawler)
        self.run.max_articles = self.spider.arguments.max_articles
        self.root = self.run.configuration.site_url
        names = build_component_list(own.get_component_priority_dict_with_base("ITEM_PIPELINES"))
        self.steps: list[Any] = [build_from_crawler(load_object(name), crawler) for name in names]

    def read(self, met: list[str], *, is_last: bool) -> Iterator[datetime]:
        """The whole run, step by step: gives the moment of what it does next.

        `met`: pages that an earlier section's run of the same file has read; this one's are added.
        """
        run, ended, clock = self.run, None, self.archived.started
        run.run_id = run.ledger.start_run(self.archived.run_id or run.run_id, self.spider.name, run.started)
        for step in self.steps:
            if hasattr(step, "open_spider"):
                step.open_spider()
        if self.archived.is_first:
            for record in self._records():
                clock = max(clock, self._moment(record))
                yield clock
                if record.type in PAGE_TYPES:
                    self._page(record, met)
                elif record.type == "revisit":
                    self.tally.skipped[REVISIT] += 1
                elif self.archived.run_id and record.event.get("event") == TAKEN_UP:
                    self._take_up(record.event["key"], record.event["discovered_on"])
                elif self.archived.run_id and record.event.get("event") == ENDED:
                    ended = (record.event, record.date)
            if ended:
                # What the others that went on beside it took up is theirs.
                yield _WHEN_ALL_HAVE_ENDED
                self._mend(ended[0]["met"])
        else:
            yield clock
            self._mend(met)
        self.tally.errors += run.errors
        if ended is None and self.archived.run_id and not is_last:
            return  # it died: what it had accepted waits for the next run's parts, as it did then
        for step in reversed(self.steps):
            if hasattr(step, "close_spider"):
                step.close_spider()
        self._check()
        told, when = ended or ({}, run.started)
        run.ledger.finish_run(
            run.run_id,
            run.account.as_dict() | {"reason": told.get("reason", "replayed")},
            int(told.get("exit_status", 0)),
            when,
            complete=bool(told.get("complete")),
        )

    def _records(self) -> Iterator[Record]:
        for record in read_records(self.archived.path, max_bytes=self.max_bytes):
            if isinstance(record, Record):
                yield record
            elif not (record.is_tail and self.archived.path.name.endswith(OPEN_SUFFIX)):
                self.tally.damaged += 1
                logger.warning("%s: %d bytes at %d are no record", self.archived.path, record.length, record.offset)

    def _moment(self, record: Record) -> datetime:
        """When it happened. Another tool's file is read at once, for it may tell of years, and in no order."""
        try:
            return record.date if self.archived.run_id else self.archived.started
        except BAD_RECORD:
            return self.archived.started

    # --- what can happen ------------------------------------------------------------------------

    def _page(self, record: Record, met: list[str]) -> None:
        """A page, read once more."""
        try:
            if record.note is None and (cause := why_no_page(record, self.root)):
                self.tally.skipped[cause] += 1
                return
            page = page_of(record)
        except BAD_RECORD:
            self.tally.damaged += 1
            return
        visit, ledger = page.visit, self.run.ledger
        self.tally.pages += 1
        met.append(visit.key)
        link = Link(visit.key, page.link_url, visit.discovered_on)
        ledger.discover([link], section=self.spider.section.name, run_id=self.run.run_id, now=visit.fetched)
        self.run.account.take(visit.key)
        try:
            body = self.unpacker.body(page, record)
        except Exception as error:  # whatever a decoder raises has its cause
            self.run.settle(visit.key, Outcome.FAILED, failure_cause(error))
            return
        if record.payload is None:
            self.run.settle(visit.key, Outcome.FAILED, TOO_LARGE)
            return
        try:
            items = list(self.spider.read_article(page, body))
        except ValueError:
            self.tally.damaged += 1
            return
        for item in items:
            self._pass_on(item)
        self._check()

    def _take_up(self, key: str, discovered_on: str | None) -> None:
        """An article that another section's run has set aside."""
        kept = self.run.ledger.set_aside_article(key, self.spider.section.topic)
        if kept is not None:
            self.run.account.take(key)
            kept.visit = replace(kept.visit, discovered_on=discovered_on or kept.visit.discovered_on)
            self._pass_on(kept)
            self._check()

    def _mend(self, met: list[str]) -> None:
        """What the run met and left to another section, which by today's topics is its own."""
        for key in met:
            if self.run.is_full:
                return
            self._take_up(key, None)

    # --- the steps ------------------------------------------------------------------------------

    def _pass_on(self, item: ArticleItem) -> None:
        done: Any = item
        try:
            for step in self.steps:
                done = step.process_item(done)
        except DropItem:
            pass
        except AlqahiraError:
            raise
        except Exception:
            logger.exception("An error of the program itself with %s", item.visit.url)
            self.run.item_error(item, Failure())  # type: ignore[no-untyped-call]

    def _check(self) -> None:
        if self.run.failure:
            raise self.run.failure
