"""Reads the records of a WARC file of any tool, compressed or not, past damaged places.

warcio parses the records. Its ArchiveIterator is not used: it stops at damage, accepts a gzip member with a wrong
checksum, and does not bound the size of an unpacked member.
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
_MAX_HEADERS = 16 * _CHUNK  # bytes of a record's own headers; warcio reads a line to its end, however long
_GZIP = b"\x1f\x8b\x08"  # RFC 1952, section 2.3.1
_GZIP_WINDOW = 31  # zlib: a gzip member
_WARC = b"WARC/"
# A member that unpacks to more than this many times the wanted size counts as damage.
_BOMB_RATIO = 64
_UNREADABLE = (ArchiveLoadFailed, StatusAndHeadersParserException, ValueError, TypeError, AttributeError, EOFError)


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes of a file that are not a record. `is_tail`: no record follows them."""

    offset: int
    length: int
    is_tail: bool


def read_records(path: Path, *, max_bytes: int, start: int = 0) -> Iterator[Record | Damage]:
    """The records of a `.warc` or `.warc.gz`, from the one at offset `start` on, and its damaged places.

    A payload larger than `max_bytes` is None. After a damaged place in a compressed file, reading continues with the
    next record, and damaged places side by side are one; a plain file ends there. Raises OSError.
    """
    with path.open("rb") as file:
        is_plain = file.read(len(_WARC)) == _WARC
        end = file.seek(0, 2)
        yield from (_plain if is_plain else _compressed)(file, max_bytes, start, end)


def _compressed(file: BinaryIO, max_bytes: int, offset: int, end: int) -> Iterator[Record | Damage]:
    damaged: int | None = None  # where the damage began that the last member was part of
    while offset < end:
        try:
            length, content = _inflate(file, offset, max_bytes + 2 * _CHUNK)
            records = list(_in_member(content, offset, length, max_bytes))
        except (zlib.error, *_UNREADABLE):
            damaged = offset if damaged is None else damaged
            offset = _next_member(file, offset + 1) or end
        else:
            if damaged is not None:
                yield Damage(damaged, offset - damaged, is_tail=False)
                damaged = None
            yield from records
            offset += length
    if damaged is not None:
        yield Damage(damaged, end - damaged, is_tail=True)


def _inflate(file: BinaryIO, offset: int, most: int) -> tuple[int, bytes]:
    """The length of a gzip member and its first `most` unpacked bytes. Raises zlib.error, EOFError, ValueError."""
    file.seek(offset)
    decoder, content, size = zlib.decompressobj(_GZIP_WINDOW), bytearray(), 0
    while not decoder.eof:
        chunk = decoder.unconsumed_tail or file.read(_CHUNK)
        piece = decoder.decompress(chunk, _CHUNK)
        if not chunk and not piece and not decoder.eof:
            raise EOFError
        size += len(piece)
        content += piece[: most - len(content)]
        if size > most * _BOMB_RATIO:
            raise ValueError("the member unpacks without end")
    return file.tell() - offset - len(decoder.unused_data), bytes(content)


def _in_member(content: bytes, offset: int, length: int, max_bytes: int) -> Iterator[Record]:
    """The record of a member; several if a tool compressed the whole file at once."""
    if not content.startswith(_WARC):
        raise ValueError("no WARC record")
    stream = BytesIO(content)
    while _skip_blank_lines(stream):
        yield _parse(stream, offset, length, max_bytes)


def _plain(file: BinaryIO, max_bytes: int, start: int, end: int) -> Iterator[Record | Damage]:
    file.seek(start)
    while _skip_blank_lines(file):
        offset = file.tell()
        try:
            record = _parse(file, offset, 0, max_bytes)
        except _UNREADABLE:
            yield Damage(offset, end - offset, is_tail=True)
            return
        yield record


def _skip_blank_lines(stream: BinaryIO) -> bool:
    """Skip blank lines; whether anything follows."""
    while (line := stream.readline(_CHUNK)) in (b"\r\n", b"\n"):
        pass
    stream.seek(-len(line), 1)
    return bool(line)


def _parse(stream: BinaryIO, offset: int, length: int, max_bytes: int) -> Record:
    start = stream.tell()
    head = stream.read(_MAX_HEADERS)
    if b"\r\n\r\n" not in head and b"\n\n" not in head:
        raise ValueError("headers without end")
    stream.seek(start)
    parsed = ArcWarcRecordLoader().parse_record_stream(stream, known_format="warc")
    size = int(parsed.rec_headers.get_header("Content-Length"))
    left = size - parsed.raw_stream.tell()
    if left < 0:
        raise ValueError("the length of the record is wrong")
    payload: bytes | None = parsed.raw_stream.read(min(left, max_bytes + 1))
    if payload is not None and len(payload) > max_bytes:
        payload = None
        while parsed.raw_stream.read(_CHUNK):
            pass
    elif len(payload or b"") < left:
        raise EOFError
    headers = {name.lower(): value for name, value in parsed.rec_headers.headers}
    return Record(parsed.rec_type or "", headers, parsed.http_headers, payload, offset, length or size)


def _next_member(file: BinaryIO, offset: int) -> int | None:
    """The offset of the next gzip member with a record, from `offset` on; None if there is none."""
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
