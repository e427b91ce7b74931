"""The records of a WARC file, and the places where it cannot be read: damage costs its own record and no other.

Any tool's file, compressed or not. warcio parses a record; its ArchiveIterator does not go on after damage, takes
a member whose checksum is wrong, and does not bound what a member unpacks to: hence this module.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from warcio.exceptions import ArchiveLoadFailed
from warcio.recordloader import ArcWarcRecordLoader
from warcio.statusandheaders import StatusAndHeadersParserException

from alqahira.archive.warc import Record

_CHUNK = 65_536
_GZIP = b"\x1f\x8b\x08"  # RFC 1952, section 2.3.1
_GZIP_WINDOW = 31  # zlib: a gzip member
_WARC = b"WARC/"
# A member that unpacks to more than this many times what is wanted ends the reading of its file.
_BOMB = 64
_UNREADABLE = (ArchiveLoadFailed, StatusAndHeadersParserException, ValueError, TypeError, AttributeError, EOFError)


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes of a file that are no record. `is_tail`: nothing whole comes after them."""

    offset: int
    length: int
    is_tail: bool


def read_records(path: Path, *, max_bytes: int, start: int = 0, stop: int | None = None) -> Iterator[Record | Damage]:
    """The records of a `.warc` or `.warc.gz` in their order, and where it cannot be read.

    A payload of more than `max_bytes` is not kept. After garbage in a compressed file the reading goes on with
    the next record; a plain file is left at that point. `start` and `stop`: only records that begin between these
    offsets, such as `slices` gives, or the offset of a record. Raises OSError.
    """
    with path.open("rb") as file:
        if _is_plain(file):
            yield from _plain(file, max_bytes, start)
        else:
            yield from _compressed(file, max_bytes, start, stop)


def slices(path: Path, size: int) -> list[tuple[int, int | None]]:
    """A file in pieces of about `size` bytes that can each be read alone; a plain file is one. Raises OSError.

    A piece begins where a record does, so damage is counted once, by the piece it lies in.
    """
    starts = [0]
    with path.open("rb") as file:
        if not _is_plain(file):
            for offset in range(size, file.seek(0, 2), size):
                following = _next_member(file, offset) if offset > starts[-1] else None
                if following is not None and following > starts[-1]:
                    starts.append(following)
    return list(zip(starts, [*starts[1:], None], strict=True))


def _is_plain(file: BinaryIO) -> bool:
    is_plain = file.read(len(_WARC)) == _WARC
    file.seek(0)
    return is_plain


def _compressed(file: BinaryIO, max_bytes: int, start: int, stop: int | None) -> Iterator[Record | Damage]:
    size, offset = file.seek(0, 2), start
    end = size if stop is None else stop
    while offset < end:
        try:
            length, content = _inflate(file, offset, max_bytes + 2 * _CHUNK)
            found = list(_in_member(content, offset, length, max_bytes))
        except (zlib.error, *_UNREADABLE):
            following = _next_member(file, offset + 1)
            yield Damage(offset, (following or size) - offset, following is None)
            if following is None:
                return
            offset = following
            continue
        yield from found
        offset += length


def _inflate(file: BinaryIO, offset: int, most: int) -> tuple[int, bytes]:
    """(length of the gzip member, its first `most` bytes). Raises zlib.error, EOFError; ValueError for a bomb."""
    file.seek(offset)
    decoder, kept, size, chunk = zlib.decompressobj(_GZIP_WINDOW), bytearray(), 0, b""
    while not decoder.eof:
        chunk = decoder.unconsumed_tail or file.read(_CHUNK)
        piece = decoder.decompress(chunk, _CHUNK)
        if not chunk and not piece and not decoder.eof:
            raise EOFError
        size += len(piece)
        kept += piece[: most - len(kept)]
        if size > most * _BOMB:
            raise ValueError("the member unpacks without end")
    return file.tell() - offset - len(decoder.unused_data), bytes(kept)


def _in_member(content: bytes, offset: int, length: int, max_bytes: int) -> Iterator[Record]:
    """The record of a member; several where a tool has compressed a whole file at once."""
    if not content.startswith(_WARC):
        raise ValueError("no WARC record")
    stream = BytesIO(content)
    while _skip_blank_lines(stream):
        yield _parse(stream, offset, length, max_bytes)


def _plain(file: BinaryIO, max_bytes: int, start: int) -> Iterator[Record | Damage]:
    end = file.seek(0, 2)
    file.seek(start)
    while _skip_blank_lines(file):
        start = file.tell()
        try:
            record = _parse(file, start, 0, max_bytes)
        except _UNREADABLE:
            yield Damage(start, end - start, is_tail=True)
            return
        yield record


def _skip_blank_lines(stream: BinaryIO) -> bool:
    """Whether anything follows them."""
    while (line := stream.readline(_CHUNK)) in (b"\r\n", b"\n"):
        pass
    stream.seek(-len(line), 1)
    return bool(line)


def _parse(stream: BinaryIO, offset: int, length: int, max_bytes: int) -> Record:
    found = ArcWarcRecordLoader().parse_record_stream(stream, known_format="warc")
    size = int(found.rec_headers.get_header("Content-Length"))
    left = size - found.raw_stream.tell()
    if left < 0:
        raise ValueError("the length of the record is wrong")
    payload: bytes | None = found.raw_stream.read(min(left, max_bytes + 1))
    if payload is not None and len(payload) > max_bytes:
        payload = None
        while found.raw_stream.read(_CHUNK):
            pass
    elif len(payload or b"") < left:
        raise EOFError
    headers = {name.lower(): value for name, value in found.rec_headers.headers}
    return Record(found.rec_type or "", headers, found.http_headers, payload, offset, length or size)


def _next_member(file: BinaryIO, offset: int) -> int | None:
    """Where the next gzip member with a record begins."""
    window = None
    while window is None or len(window) == _CHUNK:
        file.seek(offset)
        window = file.read(_CHUNK)
        place = window.find(_GZIP)
        while place >= 0:
            file.seek(offset + place)
            with suppress(zlib.error):
                if zlib.decompressobj(_GZIP_WINDOW).decompress(file.read(4096), len(_WARC)) == _WARC:
                    return offset + place
            place = window.find(_GZIP, place + 1)
        offset += len(window) - len(_GZIP) + 1  # the beginning of a member may lie across the window's end
    return None
