"""The archive of a corpus: one WARC for each run, with an index to find the page of a record.

While a run writes, the name of its file ends in `.open`; the next run closes the file of a killed run. Each page is
synced before the ledger stores its article, so every record of the corpus has its page.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.http import Response
from scrapy.statscollectors import MemoryStatsCollector
from warcio.bufferedreaders import ChunkedDataReader

from alqahira import site
from alqahira.archive.warc import (
    ENDED,
    REMOVED,
    RUN_ID,
    Record,
    event_record,
    index_line,
    page_of,
    page_records,
    run_info,
    run_record,
)
from alqahira.archive.warc_files import Damage, read_records
from alqahira.article import Article
from alqahira.exceptions import AlqahiraError, ConfigurationError
from alqahira.extraction import urls
from alqahira.extraction.items import ArchivedResponse
from alqahira.ledger import Ledger
from alqahira.publishing.manifest import sync_folder, write_atomic

SUFFIX, OPEN_SUFFIX, INDEX_SUFFIX = ".warc.gz", ".warc.gz.open", ".cdxj"
PAGE_TYPES = ("response", "resource")
# Raised for a bad date, address or header of another tool, or of one that claims to be this project.
BAD_RECORD = (ValueError, OverflowError, TypeError)


class ArchiveUnwritable(AlqahiraError):
    """The archive cannot be written; what was accepted before is safe."""

    exit_status = 1


# --- writing ------------------------------------------------------------------------------------


class ArchiveWriter:
    """The file of one run, or of a visit by the doctor (`is_run` false: it is not replayed as a run).

    Every method raises ArchiveUnwritable; no part of the record that failed stays in the file.
    """

    def __init__(
        self,
        folder: Path,
        run_id: str,
        started: datetime,
        about: Mapping[str, str],
        *,
        max_bytes: int,
        is_run: bool = True,
    ) -> None:
        self._path = folder / f"{run_id}{OPEN_SUFFIX}"
        self._max_bytes = max_bytes
        info = {
            "software": f"alqahira/{version('alqahira')} warcio/{version('warcio')}",
            "format": "WARC File Format 1.1",
            "conformsTo": "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
            # The standard's value for a crawler that obeys robots.txt.
            "robots": "classic",
            **({RUN_ID: run_id} if is_run else {}),
            **about,
        }
        try:
            self._file = self._path.open("xb", buffering=0)
            self.append(run_record(f"{run_id}{SUFFIX}", started, info))
        except OSError as error:
            raise self._failure(error) from None

    def write_page(self, page: ArchivedResponse) -> None:
        """Append a page, before its article is processed."""
        self.append(page_records(page))

    def write_removal(self, article_ids: Sequence[str], when: datetime) -> None:
        """Record that articles are gone from the site, before the ledger removes them."""
        self.append(event_record(REMOVED, when, {"articles": list(article_ids)}))

    def close(self, when: datetime, ended: Mapping[str, Any]) -> None:
        """Record how the run ended, write the index, and give the file its final name."""
        self.append(event_record(ENDED, when, ended))
        try:
            self._file.close()
            _close_file(self._path, self._max_bytes)
        except OSError as error:
            raise self._failure(error) from None

    def append(self, content: bytes) -> None:
        """Append whole records; they are synced when this returns."""
        end = self._file.seek(0, os.SEEK_END)
        try:
            # A raw file may write less than it is given.
            view = memoryview(content)
            while view:
                view = view[self._file.write(view) :]
            os.fsync(self._file.fileno())
        except OSError as error:
            with suppress(OSError):
                self._file.truncate(end)
            raise self._failure(error) from None

    def _failure(self, error: OSError) -> ArchiveUnwritable:
        return ArchiveUnwritable(
            f"the archive {self._path} cannot be written: {error.strerror}; the next run goes on from here"
        )


def close_left_open(folder: Path, ledger: Ledger, *, max_bytes: int) -> None:
    """Close the files of killed runs. The caller holds the ledger. Raises ArchiveUnwritable.

    An incomplete end is cut off, and so are the last pages if the ledger does not know them: they are fetched again.
    """
    for path in sorted(folder.glob(f"*{OPEN_SUFFIX}")):
        try:
            end = _processed_end(path, ledger, max_bytes)
            if not end:
                path.unlink()
                continue
            os.truncate(path, end)
            _close_file(path, max_bytes)
        except OSError as error:
            raise ArchiveUnwritable(f"the archive {path} cannot be closed: {error.strerror}") from None


def _processed_end(path: Path, ledger: Ledger, max_bytes: int) -> int:
    """The end of the last record that is no page, or a page that the ledger knows; 0 if there is none."""
    end, is_kept = 0, False
    for record in read_records(path, max_bytes=max_bytes):
        if isinstance(record, Damage):
            continue
        if record.type in PAGE_TYPES and record.note:
            is_kept = _is_known(record, ledger)
        elif record.type != "request":  # a request belongs to the response before it
            is_kept = True
        if is_kept:
            end = record.offset + record.length
    return end


def _is_known(record: Record, ledger: Ledger) -> bool:
    try:
        fetch = page_of(record).fetch
    except BAD_RECORD:
        return False
    return ledger.was_visited(fetch.key, fetch.fetched)


def _close_file(path: Path, max_bytes: int) -> None:
    """Write the index of an open file, and rename the file. Raises OSError."""
    closed = path.with_name(path.name.removesuffix(OPEN_SUFFIX) + SUFFIX)
    if closed.exists():
        raise FileExistsError(0, f"{closed.name} is there already")
    lines = sorted(index_lines(path, closed.name, max_bytes=max_bytes))
    write_atomic(_index_of(closed), "".join(lines).encode())
    path.rename(closed)
    sync_folder(path.parent)


def _index_of(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(SUFFIX) + INDEX_SUFFIX)


def index_lines(path: Path, filename: str, *, max_bytes: int) -> Iterator[str]:
    """The index of a file, in the order of its pages."""
    run_id = filename.removesuffix(SUFFIX)
    for record in read_records(path, max_bytes=max_bytes):
        if isinstance(record, Record) and record.type in PAGE_TYPES:
            with suppress(*BAD_RECORD):  # of another tool's file
                yield index_line(record, filename, run_id) + "\n"


# --- reading ------------------------------------------------------------------------------------


def files(folder: Path) -> list[Path]:
    """Every WARC of the folder, including those still open."""
    endings = (SUFFIX, OPEN_SUFFIX, ".warc")
    return sorted(path for path in folder.iterdir() if path.name.endswith(endings) and path.is_file())


def find_page(folder: Path, article: Article, *, max_bytes: int) -> tuple[Path, Record] | None:
    """The file and record of the page that an article was read from, by its `article_id` and `date_crawled`.

    In older archives it may be in the file of an earlier run than the article's. Raises OSError.
    """
    assert article.date_crawled is not None
    moment = f" {article.date_crawled.astimezone(UTC):%Y%m%d%H%M%S} "
    name = f'"article_id": "{article.article_id}"'
    for path in files(folder):
        index = _index_of(path)
        is_indexed = path.name.endswith(SUFFIX) and index.exists()
        lines = index.read_text("utf-8").splitlines() if is_indexed else index_lines(path, "", max_bytes=max_bytes)
        for line in lines:
            if moment in line and name in line:
                offset = int(json.loads(line.split(" ", 2)[2])["offset"])
                record = next(read_records(path, max_bytes=max_bytes, start=offset), None)
                if isinstance(record, Record):
                    return path, record
    return None


@dataclass(frozen=True, slots=True)
class ArchivedRun:
    """A run as described by its file. A file of another tool counts as a run of the first section."""

    path: Path
    started: datetime
    section: str
    run_id: str | None = None  # None: another tool wrote the file
    site_url: str | None = None

    @property
    def name(self) -> str:
        """The id of the run, or one made of start and section."""
        return self.run_id or f"{self.started:%Y%m%dT%H%M%SZ}-{self.section}"


def archived_runs(archive: Path, max_bytes: int, site_url: str) -> list[ArchivedRun]:
    """The runs of an archive in the order they began, all of one site.

    That is the site at `site_url`, unless all runs are of another one; then it is theirs. A run of a further site has
    the first one's address, so none of its pages is an article there. Raises OSError, ConfigurationError if there is no
    archive, or it holds several other sites.
    """
    if archive.exists() and not archive.is_dir():
        raise ConfigurationError(f"{archive} is no folder: name the folder of its WARC files")
    paths = files(archive) if archive.is_dir() else []
    if not paths:
        raise ConfigurationError(f"there is no archive at {archive}: crawl with ALQAHIRA_ARCHIVE=true")
    runs = [_archived_run(path, max_bytes) for path in paths]
    runs.sort(key=lambda run: (run.started, run.path.name))
    sites = {urls.site_name(run.site_url): run.site_url for run in runs if run.site_url}
    name = urls.site_name(site_url)
    if name not in sites and len(sites) > 1:
        raise ConfigurationError(f"{archive} holds {', '.join(sorted(sites))}: name one of them by ALQAHIRA_SITE_URL")
    if name not in sites and sites:
        ((name, site_url),) = sites.items()
    return [
        run if run.site_url and urls.site_name(run.site_url) == name else replace(run, site_url=site_url)
        for run in runs
    ]


def _archived_run(path: Path, max_bytes: int) -> ArchivedRun:
    first_section = next(iter(site.SECTIONS))
    for record in read_records(path, max_bytes=max_bytes):
        if not isinstance(record, Record):
            continue
        try:
            started, info = record.date, run_info(record)
        except BAD_RECORD:
            continue
        if info:
            return ArchivedRun(path, started, info.section, info.run_id, info.site_url)
        if record.type != "warcinfo":  # whose date is not that of the pages
            return ArchivedRun(path, started, first_section)
    # Without a readable record, the file is a run of its own, in which its damage is counted.
    return ArchivedRun(path, datetime.fromtimestamp(0, UTC), first_section)


class Decompressor:
    """Decompresses archived bodies as Scrapy does, to at most `max_bytes`."""

    def __init__(self, max_bytes: int) -> None:
        bounds = {"DOWNLOAD_MAXSIZE": max_bytes, "DOWNLOAD_WARNSIZE": 0, "LOG_ENABLED": False}
        crawler = Crawler(Spider, bounds)
        crawler.stats = MemoryStatsCollector(crawler)
        self._middleware = HttpCompressionMiddleware(crawler=crawler)

    def body(self, page: ArchivedResponse) -> bytes:
        """The decompressed body of a page. Raises what the decoders raise; `failure_cause` names it."""
        if page.is_rendered:
            return page.body
        response = Response(page.fetch.url, headers=page.headers, body=page.body)
        if (response.headers.get("Transfer-Encoding") or b"").lower() == b"chunked":
            response = response.replace(body=ChunkedDataReader(BytesIO(page.body)).read(len(page.body)))
        unpacked = self._middleware.process_response(Request(page.fetch.url), response)
        assert isinstance(unpacked, Response)
        return unpacked.body
