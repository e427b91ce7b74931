"""A piece of an archive, or a part, to rows: what happened there, in an order that can be told later. Pure but for
the reading of the file."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from scrapy.settings import Settings

from alqahira import site
from alqahira.archive import PAGE_TYPES
from alqahira.arguments import CrawlArguments
from alqahira.article import Article
from alqahira.configuration import Configuration
from alqahira.decisions import drop_defects, stamp, story_time, take_topics, why_no_record
from alqahira.errors import ConfigurationError
from alqahira.extract import read_page
from alqahira.middlewares.causes import TOO_LARGE, failure_cause
from alqahira.parts import Part, check, read_manifest, read_part
from alqahira.record import from_record, to_json_line, to_record
from alqahira.replay import BAD_RECORD, REVISIT, Unpacker, archived_runs, why_no_page
from alqahira.similarity import bands, content_hash, features
from alqahira.topics import match_topics
from alqahira.warc import ENDED, TAKEN_UP, Record, page_of
from alqahira.warc_files import Damage, read_records, slices

# What can have happened. A page that gave no article is FAILED; SKIPPED and DAMAGED are no pages of ours.
ARTICLE, FAILED, TAKE_UP, SKIPPED, DAMAGED = "article", "failed", "taken_up", "skipped", "damaged"
END = "end"  # of a run
# After every place in the same file.
_AT_THE_END = 1 << 61


class Row(NamedTuple):
    """One thing that happened. `file`, `offset` and `position` are its place, `run` an index into `Source.runs`.

    `position` is 0 but for what a run did when it had ended: see `last_moments`.
    """

    file: int
    offset: int
    position: int
    run: int
    moment: int  # microseconds since 1970
    kind: str
    key: str = ""
    discovered_on: str | None = None
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
    """A run of the past: what it covered. `topic` None: any will do; `run_id` None: each record keeps its own."""

    run_id: str | None
    topic: str | None
    site_url: str
    arguments: CrawlArguments
    started: datetime


@dataclass(frozen=True, slots=True)
class Piece:
    """A unit of work: the records of a file that begin between two offsets, or a part with its line of the manifest.

    `runs`: the indices of the runs that read it; the first reads its pages, the others what that one set aside.
    """

    path: Path
    file: int
    runs: tuple[int, ...]
    is_own: bool  # an archive that this project wrote
    start: int = 0
    stop: int | None = None
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """What is to be read, in pieces, and the runs that they tell of."""

    pieces: tuple[Piece, ...]
    runs: tuple[PastRun, ...]
    max_bytes: int  # of a body
    max_headline: int  # characters


def archive_source(archive: Path, settings: Settings, *, slice_bytes: int) -> Source:
    """Every run of an archive, cut into pieces. Raises OSError, ConfigurationError where there is none."""
    configuration = Configuration.from_settings(settings)
    max_bytes = configuration.download_maxsize
    runs: list[PastRun] = []
    of_file: dict[Path, list[int]] = {}
    own: set[Path] = set()
    taken: set[str] = set()
    for number, found in enumerate(archived_runs(archive, max_bytes)):
        if found.section not in site.SECTIONS:
            raise ConfigurationError(f"{found.path}: there is no spider {found.section[:80]!r} any more")
        name = found.run_id or f"{found.started:%Y%m%dT%H%M%SZ}-{found.section}"
        run_id = next(n for n in (name, *(f"{name}-{i}" for i in range(2, 10_000))) if n not in taken)
        taken.add(run_id)
        arguments = CrawlArguments.parse(found.arguments, today=date.max)
        topic, site_url = site.SECTIONS[found.section].topic, found.site_url or configuration.site_url
        runs.append(PastRun(run_id, topic, site_url, arguments, found.started))
        of_file.setdefault(found.path, []).append(number)
        if found.run_id:
            own.add(found.path)
    pieces = (
        Piece(path, numbers[0], tuple(numbers), path in own, start, stop)
        for path, numbers in of_file.items()
        for start, stop in slices(path, slice_bytes)
    )
    return Source(tuple(pieces), tuple(runs), max_bytes, configuration.max_headline)


def parts_source(folder: Path, settings: Settings) -> Source:
    """Every part of a corpus. Raises ConfigurationError where there is none."""
    try:
        listed = read_manifest(folder)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    if not listed:
        raise ConfigurationError(f"there is no corpus at {folder}: a manifest lists its parts")
    pieces = tuple(Piece(folder, number, (0,), False, part=part) for number, part in enumerate(listed))
    beginning = datetime.fromtimestamp(0, UTC)
    configuration = Configuration.from_settings(settings)
    run = PastRun(None, None, configuration.site_url, CrawlArguments(), beginning)
    return Source(pieces, (run,), configuration.download_maxsize, configuration.max_headline)


class Reader:
    """Reads pieces. Made once where the work is done; what it needs of Scrapy does not travel."""

    def __init__(self, source: Source) -> None:
        self._runs, self._max_bytes, self._max_headline = source.runs, source.max_bytes, source.max_headline
        own = Settings({"DOWNLOAD_MAXSIZE": source.max_bytes, "DOWNLOAD_WARNSIZE": 0, "LOG_ENABLED": False})
        self._unpacker = Unpacker.from_settings(own)

    def read(self, piece: Piece) -> Iterator[Row]:
        """What happened in it. Raises OSError."""
        yield from self._part(piece, piece.part) if piece.part else self._archive(piece)

    # --- archives -------------------------------------------------------------------------------

    def _archive(self, piece: Piece) -> Iterator[Row]:
        is_open = piece.path.name.endswith(".open")
        run = piece.runs[0]
        for found in read_records(piece.path, max_bytes=self._max_bytes, start=piece.start, stop=piece.stop):
            place = (piece.file, found.offset, 0, run)
            if isinstance(found, Damage):
                if not (found.is_tail and is_open):
                    yield Row(*place, 0, DAMAGED)
            elif found.type in PAGE_TYPES:
                yield from self._page(found, piece)
            elif found.type == "revisit":
                yield Row(*place, 0, SKIPPED, cause=REVISIT)
            elif piece.is_own and found.event.get("event") == TAKEN_UP:
                event = found.event
                yield Row(*place, microseconds(found.date), TAKE_UP, event["key"], event["discovered_on"])
            elif piece.is_own and found.event.get("event") == ENDED:
                yield from self._met(found, piece)

    def _met(self, found: Record, piece: Piece) -> Iterator[Row]:
        """What the run met and left to another section, which by today's topics may be its own."""
        run = piece.runs[0]
        yield Row(piece.file, found.offset, 0, run, microseconds(found.date), END)
        if self._runs[run].arguments.max_articles:
            return  # it took what it was asked for, and left the rest on purpose
        for position, key in enumerate(found.event["met"], start=1):
            yield Row(piece.file, found.offset, position, run, microseconds(found.date), TAKE_UP, key)

    def _page(self, found: Record, piece: Piece) -> Iterator[Row]:
        run, *others = piece.runs
        place = (piece.file, found.offset, 0, run)
        try:
            if found.note is None and (cause := why_no_page(found, self._runs[run].site_url)):
                yield Row(*place, 0, SKIPPED, cause=cause)
                return
            page = page_of(found)
            # Another tool's file is read at once, as the replay does it.
            moment = microseconds(page.visit.fetched if piece.is_own else self._runs[run].started)
            article, cause = self._read(found)
        except BAD_RECORD:
            yield Row(*place, 0, DAMAGED)
            return
        visit = page.visit
        if article is None:
            yield Row(*place, moment, FAILED, visit.key, visit.discovered_on, cause)
        else:
            stamp(article, visit, self._runs[run].run_id or "")
            yield _article_row(place, moment, visit.key, article)
        for other in others:
            yield Row(piece.file, _AT_THE_END + found.offset, 0, other, moment, TAKE_UP, visit.key)

    def _read(self, found: Record) -> tuple[Article | None, str]:
        """The page's article, normalized and classified, or why there is none."""
        page = page_of(found)
        try:
            body = self._unpacker.body(page, found)
        except Exception as error:  # whatever a decoder raises has its cause
            return None, failure_cause(error)
        if found.payload is None:
            return None, TOO_LARGE
        reading = read_page(body, page.visit.url, now=page.visit.fetched, hints=page.hints)
        if reading.article is None:
            return None, reading.cause or "no_article"
        return self._as_record(reading.article)

    def _as_record(self, article: Article) -> tuple[Article | None, str]:
        if cause := why_no_record(article, max_headline=self._max_headline):
            return None, cause
        drop_defects(article)
        take_topics(article, match_topics(article.headline, article.article_body, article.keywords))
        return article, ""

    # --- parts ----------------------------------------------------------------------------------

    def _part(self, piece: Piece, part: Part) -> Iterator[Row]:
        if check(piece.path, part):
            yield Row(piece.file, 0, 0, 0, 0, DAMAGED)
            return
        for number, record in enumerate(read_part(piece.path / part.path)):
            before = from_record(record)
            before.duplicate_of = None
            before.content_hash = content_hash(before.headline, before.article_body)
            before.word_count = len(before.article_body.split())
            article, cause = self._as_record(before)
            assert before.date_crawled is not None
            moment, place = microseconds(before.date_crawled), (piece.file, number, 0, 0)
            if article is None:
                yield Row(*place, moment, FAILED, before.article_id, before.discovered_on, cause)
            else:
                yield _article_row(place, moment, article.article_id, article)


def _article_row(place: tuple[int, int, int, int], moment: int, key: str, article: Article) -> Row:
    shingles = features(article.article_body).shingles
    return Row(
        *place,
        moment,
        ARTICLE,
        key,
        article.discovered_on,
        None,
        article.article_id,
        to_json_line(to_record(article)),
        article.content_hash,
        int(story_time(article).timestamp()),
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


def last_moments(spans: Mapping[int, tuple[int, int]]) -> dict[int, int]:
    """For each run, by its beginning and end, the moment when none that went on beside it is going any more.

    Then it takes up what it met and nobody took: before, others might still.
    """
    found: dict[int, int] = {}
    together: list[int] = []
    latest = 0
    for run in sorted(spans, key=lambda run: spans[run]):
        begin, end = spans[run]
        if together and begin > latest:
            found |= dict.fromkeys(together, latest)
            together, latest = [], 0
        together.append(run)
        latest = max(latest, end)
    return found | dict.fromkeys(together, latest)
