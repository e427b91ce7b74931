"""Turns a file of an archive, or a part of a corpus, into rows: its articles, and what could not be read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from alqahira.archive.warc import Record, article_page, run_end, run_info, run_removal
from alqahira.archive.warc_files import Damage, read_records
from alqahira.archive.writer import (
    BAD_RECORD,
    OPEN_SUFFIX,
    PAGE_TYPES,
    Decompressor,
    archived_runs,
)
from alqahira.article import Article, from_record, to_json_line, to_record
from alqahira.exceptions import ConfigurationError
from alqahira.extraction.extractor import read_page
from alqahira.extraction.items import ArchivedResponse
from alqahira.ledger.decisions import (
    classify,
    drop_defects,
    labels,
    published_day,
    published_or_seen,
    rejection_reason,
    stamp,
)
from alqahira.ledger.runs import unused_run_id
from alqahira.monitoring.causes import ANOTHER_ARTICLE, TOO_LARGE, failure_cause
from alqahira.publishing.manifest import Part, check, read_manifest, read_part
from alqahira.settings.configuration import Configuration
from alqahira.text.near_duplicates import content_hash, fingerprint
from alqahira.text.topics import match_topics

# The kinds of rows. REMOVED: an article is gone from the site. FAILED: a page that gave no article. SKIPPED: no article
# page. DAMAGED: it cannot be read.
ARTICLE, REMOVED, FAILED, SKIPPED, DAMAGED = "article", "removed", "failed", "skipped", "damaged"


class Row(NamedTuple):
    """One record of a file. `file`, `offset`: its place."""

    file: int
    offset: int
    kind: str
    cause: str | None = None
    # Of an article, and up to `line` of a removal, whose line has the `run_id` and the `date` alone:
    clock: int | None = None  # microseconds since 1970; never decreases within a file
    key: str | None = None
    article_id: str | None = None
    line: str | None = None
    content_hash: str | None = None
    story: int | None = None  # seconds since 1970: `published_or_seen`
    bands: list[int] | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A file that one task reads. `part`: the part to read, if `path` is the folder of a corpus."""

    number: int
    path: Path
    site_url: str = ""
    run_id: str = ""
    started: datetime | None = None  # the time at which all pages of another tool's file count as read
    part: Part | None = None


def archive_sources(archive: Path, configuration: Configuration) -> list[Source]:
    """Every file of an archive. Raises OSError, ConfigurationError if there is none."""
    sources: list[Source] = []
    names: set[str] = set()
    for number, run in enumerate(archived_runs(archive, configuration.download_maxsize, configuration.site_url)):
        run_id = unused_run_id(run.name, names.__contains__)
        names.add(run_id)
        started = None if run.run_id else run.started
        sources.append(Source(number, run.path, run.site_url or "", run_id, started))
    return sources


def part_sources(folder: Path) -> list[Source]:
    """Every part of a corpus. Raises ConfigurationError if there is none."""
    try:
        parts = read_manifest(folder)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    if not parts:
        raise ConfigurationError(f"there is no corpus at {folder}: a manifest lists its parts")
    return [Source(number, folder, part=part) for number, part in enumerate(parts)]


def read_rows(source: Source, *, max_bytes: int, max_headline: int) -> Iterator[Row]:
    """The rows of a file. `max_bytes`: of a body; `max_headline`: characters. Raises OSError."""
    if source.part:
        return _read_part(source, source.part, max_headline)
    return _read_archive(source, max_bytes, max_headline)


def _read_archive(source: Source, max_bytes: int, max_headline: int) -> Iterator[Row]:
    decompressor, clock = Decompressor(max_bytes), 0
    is_open = source.path.name.endswith(OPEN_SUFFIX)
    for record in read_records(source.path, max_bytes=max_bytes):
        place = (source.number, record.offset)
        if isinstance(record, Damage):
            if not (record.is_tail and is_open):
                yield Row(*place, DAMAGED)
            continue
        if record.type == "revisit":
            yield Row(*place, SKIPPED, "revisit")
            continue
        try:
            if record.type not in PAGE_TYPES:
                run_info(record), run_end(record)
                if removal := run_removal(record):
                    clock = max(clock, _microseconds(removal.date))
                    for n, article_id in enumerate(removal.articles):
                        at = (source.number, record.offset + n)  # in this order, before the next record
                        yield _removed_row(*at, clock, article_id, removal.date, source.run_id)
                continue
            page = article_page(record, source.site_url)
            if isinstance(page, str):
                yield Row(*place, SKIPPED, page)
                continue
            clock = max(clock, _microseconds(source.started or page.fetch.fetched))
            article, cause = _extract(page, record, decompressor, max_headline)
        except BAD_RECORD:
            yield Row(*place, DAMAGED)
            continue
        if article is None:
            yield Row(*place, FAILED, cause)
        else:
            stamp(article, page.fetch, source.run_id)
            yield _article_row(*place, clock, page.fetch.key, article)


def _extract(
    page: ArchivedResponse, record: Record, decompressor: Decompressor, max_headline: int
) -> tuple[Article | None, str | None]:
    """The article of a page, normalized and classified, or the cause if there is none."""
    try:
        body = decompressor.body(page)
    except Exception as error:  # decoders raise errors of many kinds
        return None, failure_cause(error)
    if record.payload is None:
        return None, TOO_LARGE
    fetched, kind = page.fetch.fetched, page.content_type
    reading = read_page(body, page.fetch.url, now=fetched, hints=page.hints, content_type=kind)
    if reading.article is None:
        return None, reading.cause or "no_article"
    if not reading.is_of(page.link_url, page.fetch.url):
        return None, ANOTHER_ARTICLE
    return _normalize(reading.article, max_headline)


def _normalize(article: Article, max_headline: int) -> tuple[Article | None, str | None]:
    """Do what the pipelines Normalize and Classify do."""
    if cause := rejection_reason(article, max_headline=max_headline):
        return None, cause
    drop_defects(article)
    classify(article, match_topics(article.headline, article.article_body, labels(article)))
    return article, None


def _read_part(source: Source, part: Part, max_headline: int) -> Iterator[Row]:
    if check(source.path, part):
        yield Row(source.number, 0, DAMAGED)
        return
    clock = 0
    for number, record in enumerate(read_part(source.path / part.path)):
        stored = from_record(record)
        stored.duplicate_of = None
        stored.content_hash = content_hash(stored.headline, stored.article_body)
        stored.word_count = len(stored.article_body.split())
        stored.published_day, stored.position = published_day(stored), None
        if stored.date_removed is not None:
            clock = max(clock, _microseconds(stored.date_removed))
            yield _removed_row(source.number, number, clock, stored.article_id, stored.date_removed, stored.run_id)
            continue
        article, cause = _normalize(stored, max_headline)
        if article is None:
            yield Row(source.number, number, FAILED, cause)
        else:
            assert article.date_crawled is not None
            clock = max(clock, _microseconds(article.date_crawled))
            yield _article_row(source.number, number, clock, article.article_id, article)


def _article_row(file: int, offset: int, clock: int, key: str, article: Article) -> Row:
    return Row(
        file,
        offset,
        ARTICLE,
        clock=clock,
        key=key,
        article_id=article.article_id,
        line=to_json_line(to_record(article)),
        content_hash=article.content_hash,
        story=int(published_or_seen(article).timestamp()),
        bands=list(dict.fromkeys(fingerprint(article.article_body).bands)),
    )


def _removed_row(file: int, offset: int, clock: int, article_id: str, when: datetime, run_id: str) -> Row:
    line = json.dumps({"run_id": run_id, "date": when.isoformat()})
    return Row(file, offset, REMOVED, clock=clock, key=article_id, article_id=article_id, line=line)


def _microseconds(moment: datetime) -> int:
    """Microseconds since 1970, without the rounding of floats."""
    whole = moment.astimezone(UTC)
    return int(whole.timestamp()) * 1_000_000 + whole.microsecond
