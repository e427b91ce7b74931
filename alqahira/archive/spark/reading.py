"""A piece of an archive, or a part, to rows: what happened there, in an order that can be told later. Pure but for
the reading of the file."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from scrapy.settings import Settings

from alqahira.archive.warc import Record, page_of
from alqahira.archive.warc_files import Damage, read_records, slices
from alqahira.archive.writer import BAD_RECORD, PAGE_TYPES, Decompressor, archived_runs, foreign_skip_reason
from alqahira.article import Article, from_record, to_json_line, to_record
from alqahira.exceptions import ConfigurationError
from alqahira.extraction.extractor import read_page
from alqahira.ledger.decisions import drop_defects, published_or_seen, rejection_reason, stamp, take_topics
from alqahira.monitoring.causes import TOO_LARGE, failure_cause
from alqahira.publishing.parts import Part, check, read_manifest, read_part
from alqahira.settings.configuration import Configuration
from alqahira.text.near_duplicates import bands, content_hash, features
from alqahira.text.topics import match_topics

# What can have happened. A page that gave no article is FAILED; SKIPPED and DAMAGED are no pages of ours.
ARTICLE, FAILED, SKIPPED, DAMAGED = "article", "failed", "skipped", "damaged"


class Row(NamedTuple):
    """One thing that happened. `file` and `offset` are its place."""

    file: int
    offset: int
    moment: int  # microseconds since 1970
    kind: str
    key: str = ""
    cause: str | None = None
    # Of an article:
    article_id: str | None = None
    line: str | None = None
    content_hash: str | None = None
    story: int | None = None  # seconds since 1970
    bands: list[int] | None = None
    shingles: list[int] | None = None  # hashed to 32 bits, signed


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run of the past. `run_id` None: each record keeps its own."""

    run_id: str | None
    site_url: str
    started: datetime


@dataclass(frozen=True, slots=True)
class Piece:
    """A unit of work: the records of a file that begin between two offsets, or a part with its line of the manifest."""

    path: Path
    file: int
    run: PastRun
    is_own: bool  # an archive that this project wrote
    start: int = 0
    stop: int | None = None
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """What is to be read, in pieces."""

    pieces: tuple[Piece, ...]
    max_bytes: int  # of a body
    max_headline: int  # characters


def archive_source(archive: Path, settings: Settings, *, slice_bytes: int) -> Source:
    """Every run of an archive, cut into pieces. Raises OSError, ConfigurationError where there is none."""
    configuration = Configuration.from_settings(settings)
    max_bytes = configuration.download_maxsize
    pieces: list[Piece] = []
    taken: set[str] = set()
    for number, found in enumerate(archived_runs(archive, max_bytes)):
        name = found.run_id or f"{found.started:%Y%m%dT%H%M%SZ}-{found.section}"
        run_id = next(n for n in (name, *(f"{name}-{i}" for i in range(2, 10_000))) if n not in taken)
        taken.add(run_id)
        run = PastRun(run_id, found.site_url or configuration.site_url, found.started)
        is_own = found.run_id is not None
        pieces += [Piece(found.path, number, run, is_own, *span) for span in slices(found.path, slice_bytes)]
    return Source(tuple(pieces), max_bytes, configuration.max_headline)


def parts_source(folder: Path, settings: Settings) -> Source:
    """Every part of a corpus. Raises ConfigurationError where there is none."""
    try:
        listed = read_manifest(folder)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    if not listed:
        raise ConfigurationError(f"there is no corpus at {folder}: a manifest lists its parts")
    configuration = Configuration.from_settings(settings)
    run = PastRun(None, configuration.site_url, datetime.fromtimestamp(0, UTC))
    pieces = tuple(Piece(folder, number, run, False, part=part) for number, part in enumerate(listed))
    return Source(pieces, configuration.download_maxsize, configuration.max_headline)


class Reader:
    """Reads pieces. Made once where the work is done; what it needs of Scrapy does not travel."""

    def __init__(self, source: Source) -> None:
        self._max_bytes, self._max_headline = source.max_bytes, source.max_headline
        self._decompressor = Decompressor(source.max_bytes)

    def read(self, piece: Piece) -> Iterator[Row]:
        """What happened in it. Raises OSError."""
        yield from self._part(piece, piece.part) if piece.part else self._archive(piece)

    # --- archives -------------------------------------------------------------------------------

    def _archive(self, piece: Piece) -> Iterator[Row]:
        is_open = piece.path.name.endswith(".open")
        for found in read_records(piece.path, max_bytes=self._max_bytes, start=piece.start, stop=piece.stop):
            place = (piece.file, found.offset)
            if isinstance(found, Damage):
                if not (found.is_tail and is_open):
                    yield Row(*place, 0, DAMAGED)
            elif found.type in PAGE_TYPES:
                yield from self._page(found, piece)
            elif found.type == "revisit":
                yield Row(*place, 0, SKIPPED, cause="revisit")

    def _page(self, found: Record, piece: Piece) -> Iterator[Row]:
        place = (piece.file, found.offset)
        try:
            if found.note is None and (cause := foreign_skip_reason(found, piece.run.site_url)):
                yield Row(*place, 0, SKIPPED, cause=cause)
                return
            page = page_of(found)
            # Another tool's file is read at once, as the replay does it.
            moment = microseconds(page.visit.fetched if piece.is_own else piece.run.started)
            article, cause = self._read(found)
        except BAD_RECORD:
            yield Row(*place, 0, DAMAGED)
            return
        visit = page.visit
        if article is None:
            yield Row(*place, moment, FAILED, visit.key, cause)
        else:
            stamp(article, visit, piece.run.run_id or "")
            yield _article_row(place, moment, visit.key, article)

    def _read(self, found: Record) -> tuple[Article | None, str]:
        """The page's article, normalized and classified, or why there is none."""
        page = page_of(found)
        try:
            body = self._decompressor.body(page)
        except Exception as error:  # whatever a decoder raises has its cause
            return None, failure_cause(error)
        if found.payload is None:
            return None, TOO_LARGE
        reading = read_page(body, page.visit.url, now=page.visit.fetched, hints=page.hints)
        if reading.article is None:
            return None, reading.cause or "no_article"
        return self._as_record(reading.article)

    def _as_record(self, article: Article) -> tuple[Article | None, str]:
        if cause := rejection_reason(article, max_headline=self._max_headline):
            return None, cause
        drop_defects(article)
        take_topics(article, match_topics(article.headline, article.article_body, article.keywords))
        return article, ""

    # --- parts ----------------------------------------------------------------------------------

    def _part(self, piece: Piece, part: Part) -> Iterator[Row]:
        if check(piece.path, part):
            yield Row(piece.file, 0, 0, DAMAGED)
            return
        for number, record in enumerate(read_part(piece.path / part.path)):
            before = from_record(record)
            before.duplicate_of = None
            before.content_hash = content_hash(before.headline, before.article_body)
            before.word_count = len(before.article_body.split())
            article, cause = self._as_record(before)
            assert before.date_crawled is not None
            moment, place = microseconds(before.date_crawled), (piece.file, number)
            if article is None:
                yield Row(*place, moment, FAILED, before.article_id, cause)
            else:
                yield _article_row(place, moment, article.article_id, article)


def _article_row(place: tuple[int, int], moment: int, key: str, article: Article) -> Row:
    shingles = features(article.article_body).shingles
    return Row(
        *place,
        moment,
        ARTICLE,
        key,
        None,
        article.article_id,
        to_json_line(to_record(article)),
        article.content_hash,
        int(published_or_seen(article).timestamp()),
        list(dict.fromkeys(bands(shingles))),
        hashed(shingles),
    )


def hashed(shingles: Any) -> list[int]:
    """Shingles as signed 32-bit numbers, the same on every machine, each once."""
    return sorted({zlib.crc32(shingle.encode()) - (1 << 31) for shingle in shingles})


def microseconds(moment: datetime) -> int:
    """Since 1970, without the rounding of floats."""
    whole = moment.astimezone(UTC)
    return int(whole.timestamp()) * 1_000_000 + whole.microsecond


def rows(source: Source, pieces: Sequence[Piece]) -> Iterator[Row]:
    """What happened in those pieces, by one reader."""
    reader = Reader(source)
    for piece in pieces:
        yield from reader.read(piece)
