"""The archive of a corpus: one WARC a run, and beside it an index that leads from a record to its page.

While a run writes, its file ends in `.open`; each record is one gzip member and on the disk before the ledger hears
of its article, so no record of the corpus is without its page. What a run that died has left is closed by the next.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from alqahira.article import Article
from alqahira.errors import AlqahiraError
from alqahira.ledger import Ledger
from alqahira.page import ArchivedResponse
from alqahira.parts import write_atomic
from alqahira.warc import ENDED, Record, event_record, index_line, page_records, run_record
from alqahira.warc_files import read_records

SUFFIX, OPEN_SUFFIX, INDEX_SUFFIX = ".warc.gz", ".warc.gz.open", ".cdxj"
PAGE_TYPES = ("response", "resource")
# In `warcinfo`: what makes a file one of our runs.
RUN_ID = "alqahira-run-id"


class ArchiveUnwritable(AlqahiraError):
    """The archive cannot be written; what was accepted before is safe."""

    exit_status = 1


class ArchiveWriter:
    """The file of one run, or of a visit by the doctor (`is_run` false: nothing in it is replayed as a run's).

    Every method fails with ArchiveUnwritable; what it had begun is taken back.
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
            # The standard's word for a crawler that keeps to robots.txt.
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
        """A page that was read, before anything comes of it."""
        self.append(b"".join(page_records(page)))

    def close(self, when: datetime, ended: Mapping[str, Any]) -> None:
        """The run has ended in order: say how, and give the file its name."""
        self.append(event_record(ENDED, when, ended))
        try:
            self._file.close()
            _close_file(self._path, self._max_bytes)
        except OSError as error:
            raise self._failure(error) from None

    def append(self, content: bytes) -> None:
        """Whole records, of any kind: on the disk when this returns."""
        end = self._file.seek(0, os.SEEK_END)
        try:
            # A raw file may take less than it is given.
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
    """Close the files of runs that died: cut off are a torn end, and pages there that the ledger never heard of.

    Those are still in the frontier, and come again. Raises ArchiveUnwritable.
    """
    for path in sorted(folder.glob(f"*{OPEN_SUFFIX}")):
        try:
            end = _end_of_what_counts(path, ledger, max_bytes)
            if not end:
                path.unlink()
                continue
            os.truncate(path, end)
            _close_file(path, max_bytes)
        except FileNotFoundError:
            continue  # a run that was taken over has closed it meanwhile
        except OSError as error:
            raise ArchiveUnwritable(f"the archive {path} cannot be closed: {error.strerror}") from None


def _end_of_what_counts(path: Path, ledger: Ledger, max_bytes: int) -> int:
    """Where the last record ends that something came of; 0 where the file has none."""
    ends: list[tuple[int, Callable[[], bool]]] = []
    for record in read_records(path, max_bytes=max_bytes):
        if not isinstance(record, Record):
            if record.is_tail:
                break
        elif record.type == "request" and ends:
            # It belongs to the response before it.
            ends[-1] = (record.offset + record.length, ends[-1][1])
        else:
            ends.append((record.offset + record.length, _counting(record, ledger)))
    return next((end for end, counts in reversed(ends) if counts()), 0)


def _counting(record: Record, ledger: Ledger) -> Callable[[], bool]:
    """Whether the ledger has heard of a record of a file that was left open; asked of the last ones only."""
    if record.type in PAGE_TYPES and record.note:
        return partial(ledger.was_visited, record.note["key"], record.date)
    return lambda: True


def _close_file(path: Path, max_bytes: int) -> None:
    """Write the index of an open file, and give the file its name. Raises OSError."""
    closed = path.with_name(path.name.removesuffix(OPEN_SUFFIX) + SUFFIX)
    if closed.exists():
        raise FileExistsError(0, f"{closed.name} is there already")
    lines = sorted(index_lines(path, closed.name, max_bytes=max_bytes))
    write_atomic(path.with_name(path.name.removesuffix(OPEN_SUFFIX) + INDEX_SUFFIX), "".join(lines).encode())
    path.rename(closed)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def index_lines(path: Path, filename: str, *, max_bytes: int) -> Iterator[str]:
    """The index of a file of ours, in the order of its pages."""
    run_id = filename.removesuffix(SUFFIX)
    for record in read_records(path, max_bytes=max_bytes):
        if isinstance(record, Record) and record.type in PAGE_TYPES:
            yield index_line(record, filename, run_id) + "\n"


def find_page(folder: Path, article: Article, *, max_bytes: int) -> tuple[Path, Record] | None:
    """The file and record of the page that a record was read from: its `article_id` at its `date_crawled`.

    In an older archive, one that waited for another section's run lies in the file of the run that fetched it.
    Raises OSError.
    """
    assert article.date_crawled is not None
    moment = f" {article.date_crawled.astimezone(UTC):%Y%m%d%H%M%S} "
    name = f'"article_id": "{article.article_id}"'
    for path in files(folder):
        index = path.with_name(path.name.removesuffix(SUFFIX) + INDEX_SUFFIX)
        if path.name.endswith(SUFFIX) and index.exists():
            lines = index.read_text("utf-8").splitlines()
        else:
            lines = list(index_lines(path, path.name, max_bytes=max_bytes))
        if any(moment in line and name in line for line in lines):
            for record in read_records(path, max_bytes=max_bytes):
                if not isinstance(record, Record) or record.type not in PAGE_TYPES:
                    continue
                line = index_line(record, path.name, "")
                if moment in line and name in line:
                    return path, record
    return None


def files(folder: Path) -> list[Path]:
    """Every WARC of the folder, also one that a run still writes or has left open."""
    endings = (SUFFIX, OPEN_SUFFIX, ".warc")
    return sorted(path for path in folder.iterdir() if path.name.endswith(endings) and path.is_file())
