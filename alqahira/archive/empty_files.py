"""The files of runs that archived no page, which is most of them where runs are frequent."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

_WARC, _INDEX = ".warc.gz", ".cdxj"
_TAIL = 4_096  # bytes; the record of a run's end has a few hundred


def empty_archives(folder: Path, before: str) -> Iterator[Path]:
    """The files without a page whose names sort before `before`, oldest first: each with its index after it.

    The file after one that has no end stays: that run published what the killed one had accepted. Raises OSError.
    """
    indexes = sorted(entry.name for entry in os.scandir(folder) if entry.name.endswith(_INDEX))
    for previous, name in pairwise(["", *indexes]):
        if name >= before:
            return
        index = folder / name
        if not index.stat().st_size and (not previous or _has_end(_file_of(folder / previous))):
            yield from (_file_of(index), index)


def _file_of(index: Path) -> Path:
    return index.with_name(index.name.removesuffix(_INDEX) + _WARC)


def _has_end(path: Path) -> bool:
    """Whether the last record of a file is that of its run's end."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL))
            tail = file.read()
        return b'"event": "ended"' in gzip.decompress(tail[max(0, tail.rfind(b"\x1f\x8b\x08")) :])
    except FileNotFoundError:
        return True  # it was empty, and is removed
    except (OSError, EOFError, zlib.error):
        return False
