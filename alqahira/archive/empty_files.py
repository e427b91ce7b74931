"""The files of runs that archived nothing, which is most of them where runs are frequent."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

_WARC, _INDEX = ".warc.gz", ".cdxj"
_TAIL = 4_096  # bytes; the record of a run's end has a few hundred
_MEMBER = b"\x1f\x8b\x08"  # the beginning of a gzip member


def empty_archives(folder: Path, before: str) -> Iterator[Path]:
    """The files without a page or removal whose names sort before `before`, oldest first: each with its index after it.

    The file after one that has no end stays: that run published what the killed one had accepted. Raises OSError.
    """
    indexes = sorted(entry.name for entry in os.scandir(folder) if entry.name.endswith(_INDEX))
    for previous, name in pairwise(["", *indexes]):
        if name >= before:
            return
        index = folder / name
        if index.stat().st_size or _has_event(_file_of(index), "removed"):
            continue
        if not previous or _has_event(_file_of(folder / previous), "ended"):
            yield from (_file_of(index), index)


def _file_of(index: Path) -> Path:
    return index.with_name(index.name.removesuffix(_INDEX) + _WARC)


def _has_event(path: Path, event: str) -> bool:
    """Whether an event of a run is in the last records of a file; a file that cannot be read has none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL))
            tail = file.read()
        return any(f'"event": "{event}"'.encode() in record for record in _records(tail))
    except FileNotFoundError:
        return event == "ended"  # it was empty, and is removed
    except OSError:
        return False


def _records(tail: bytes) -> Iterator[bytes]:
    """The gzip members that begin in the end of a file."""
    start = -1
    while (start := tail.find(_MEMBER, start + 1)) >= 0:
        with suppress(EOFError, zlib.error):
            yield zlib.decompressobj(31).decompress(tail[start:])
