"""What a part holds, planned in the ledger before it is written: number, path, lines with their positions, digest.

The lines get their positions in the transaction that gives their part its number. So the positions of a part follow
those of all parts with lower numbers, and a reader who has taken parts in the order of their numbers has every line up
to the last position, although days are sealed separately and a crash may come between two parts.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from alqahira.article import SCHEMA_VERSION, with_position
from alqahira.ledger.decisions import UNKNOWN_DAY
from alqahira.ledger.stored_records import unpack
from alqahira.ledger.tables import articles, outbox, parts
from alqahira.publishing.manifest import ARTICLES_FOLDER, DAY_PREFIX, NO_DAY, OLD_DAY_PREFIX, Part

_PUBLISH = (
    outbox.update()
    .where(outbox.c.position == sa.bindparam("row"))
    .values(part=sa.bindparam("sequence"), published_position=sa.bindparam("given"))
)


_ENTRY = [field.name for field in fields(Part)]
_newer = parts.alias("newer")
_is_replaced = sa.exists().where(_newer.c.sequence == parts.c.replaced_by, _newer.c.sealed == 1)
# The parts that make up the corpus: in place, and not replaced by others that are.
_IN_PLACE = (parts.c.sealed == 1, ~_is_replaced)
LISTED = sa.select(parts).where(*_IN_PLACE).order_by(parts.c.sequence)
# The same, with the columns of the manifest alone.
ENTRIES = sa.select(*(parts.c[name] for name in _ENTRY)).where(*_IN_PLACE).order_by(parts.c.sequence)


def plan_waiting(connection: Connection, max_rows: int, *, sealed_at: str, compress: bool) -> bool:
    """Plan a part of the oldest waiting rows of one day; False if no rows are waiting."""
    waits = outbox.c.part.is_(None)
    day = connection.scalar(sa.select(sa.func.min(outbox.c.day)).where(waits))
    if day is None:
        return False
    oldest = sa.select(outbox.c.position).where(waits, outbox.c.day == day).order_by(outbox.c.position)
    rows = connection.scalars(oldest.limit(max_rows)).all()
    last = connection.scalar(sa.select(sa.func.max(outbox.c.published_position))) or 0
    sequence = insert_part(connection, day, sealed_at)
    given = [{"row": row, "sequence": sequence, "given": last + n} for n, row in enumerate(rows, 1)]
    connection.execute(_PUBLISH, given)
    plan_part(connection, sequence, part_path(day, sequence, compress=compress))
    return True


def entry_of(row: Row[Any]) -> dict[str, Any]:
    """A row of `ENTRIES` as an entry of the manifest."""
    entry = dict(zip(_ENTRY, row, strict=True))
    entry["replaces"] = [*map(int, entry["replaces"].split(","))] if entry["replaces"] else []
    return entry


def joined(replaces: Iterable[int]) -> str | None:
    """The column `replaces` of a part's row."""
    return ",".join(map(str, replaces)) or None


def insert_part(connection: Connection, day: str, sealed_at: str) -> int:
    """A new part without path and lines, which must be planned in the same transaction; its number."""
    blank = {"path": "", "rows": 0, "bytes": 0, "sha256": "", "schema_version": SCHEMA_VERSION, "sealed": 0}
    inserted = connection.execute(parts.insert().values(**blank, day=day, sealed_at=sealed_at))
    (sequence,) = inserted.inserted_primary_key or (0,)
    return int(sequence)


def plan_part(connection: Connection, sequence: int, path: str) -> None:
    """Fill in the row of a part from the lines that it has."""
    content, positions = content_of(connection, sequence, path)
    planned = {
        "lines_sha256": lines_digest(content, path),
        "path": path,
        "rows": len(positions),
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "first_position": min(filter(None, positions), default=None),
        "last_position": max(filter(None, positions), default=None),
    }
    connection.execute(parts.update().where(parts.c.sequence == sequence).values(**planned))


def content_of(connection: Connection, sequence: int, path: str) -> tuple[bytes, list[int | None]]:
    """The bytes of a part, made from the ledger, always the same; and the positions of its lines."""
    rows = connection.execute(
        sa.select(articles.c.record, outbox.c.published_position)
        .join(outbox, (outbox.c.article_id == articles.c.article_id) & (outbox.c.revision == articles.c.revision))
        .where(outbox.c.part == sequence)
        .order_by(outbox.c.published_position.nulls_first(), outbox.c.position)
    ).all()
    lines = (with_position(unpack(record), position) for record, position in rows)
    content = encode_lines(lines, compress=path.endswith(".gz"))
    return content, [row.published_position for row in rows]


def lines_digest(content: bytes, path: str) -> str:
    """The SHA-256 of the lines of a part: of the same lines, zlib's versions make different files."""
    return hashlib.sha256(gzip.decompress(content) if path.endswith(".gz") else content).hexdigest()


def part_path(day: str, number: int, *, compress: bool, below: str = ARTICLES_FOLDER) -> str:
    """The path of a part, relative to the output folder. `day`: a `publication_day`."""
    folder = DAY_PREFIX + (NO_DAY if day == UNKNOWN_DAY else day)
    return f"{below}/{folder}/part-{number:06d}.jsonl{'.gz' if compress else ''}"


def day_of(path: str) -> str:
    """The `publication_day` in the path of a part."""
    day = path.split("/")[-2].removeprefix(DAY_PREFIX).removeprefix(OLD_DAY_PREFIX)
    return UNKNOWN_DAY if day == NO_DAY else day


def encode_lines(lines: Iterable[str], *, compress: bool) -> bytes:
    """The bytes of a part with these lines."""
    content = "".join(f"{line}\n" for line in lines).encode()
    # Without a timestamp in the header, so that the same lines give the same bytes.
    return gzip.compress(content, mtime=0) if compress else content
