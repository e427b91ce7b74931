"""Sealed part files and their manifest: each row of the ledger's outbox reaches the output exactly once.

A part is planned in the ledger (its number, rows and digest, in one transaction), written under a hidden name, synced,
renamed, its folder synced, and then marked as sealed. After a crash between two of these steps, `recover` writes the
planned part again, byte for byte. A reader sees whole parts or none.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from alqahira.article import SCHEMA_VERSION, rfc3339
from alqahira.exceptions import AlqahiraError, LedgerUnusable
from alqahira.ledger import Ledger
from alqahira.ledger.tables import articles, outbox, parts

ARTICLES_FOLDER = "articles"
MANIFEST = "_manifest.json"
# Hidden, and not matched by any reader's pattern for parts.
_ASIDE_PREFIX, _ASIDE_SUFFIX = ".", ".tmp"
_PART_NAME = re.compile(r"part-\d{6,}\.jsonl(\.gz)?")


class OutputUnwritable(AlqahiraError):
    """The output folder cannot be written; all accepted articles are safe in the ledger."""

    exit_status = 1


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the manifest; `path` is relative to the output folder, with forward slashes."""

    path: str
    rows: int
    bytes: int
    sha256: str
    schema_version: int


class Publisher:
    """Writes the rows of the outbox, of this and earlier runs, to sealed parts."""

    def __init__(
        self, ledger: Ledger, output_dir: Path, *, max_rows: int, max_age_seconds: float, compress: bool
    ) -> None:
        self._ledger = ledger
        self._output = output_dir
        self._max_rows = max_rows
        self._max_age = timedelta(seconds=max_age_seconds)
        self._compress = compress
        # Of the waiting rows: when the oldest was accepted, and how many more fill the fullest day. 0: not known yet,
        # so that the first `seal_due` counts them.
        self._oldest: str | None = None
        self._rows_to_full = 0
        # Whether the manifest lists every part that was placed.
        self._is_listed = True

    def recover(self) -> None:
        """Write the parts that a killed run had planned, remove its hidden files, rewrite the manifest.

        Raises LedgerUnusable if the output has parts that this ledger does not know.
        """
        self._ledger.persist(self._recover)

    def _recover(self) -> None:
        self._refuse_foreign_parts()
        parts_aside = (self._output / ARTICLES_FOLDER).glob(f"*/{_ASIDE_PREFIX}*{_ASIDE_SUFFIX}")
        for stray in (*parts_aside, *self._output.glob(f"{_ASIDE_PREFIX}{MANIFEST}.*{_ASIDE_SUFFIX}")):
            stray.unlink(missing_ok=True)
        self._place_planned()
        self._write_manifest()

    def seal_due(self, now: datetime) -> None:
        """Seal all waiting rows if a day has enough for a part, or the oldest has waited long enough.

        To be called after each accepted article; `now`: when its page was fetched. The ledger counts the rows only
        when some may be due.
        """
        self._rows_to_full -= 1
        self._oldest = min(self._oldest or rfc3339(now), rfc3339(now))
        if self._is_due(now):
            self._ledger.persist(self._count_waiting)
            if self._is_due(now):
                self.seal_all()

    def _is_due(self, now: datetime) -> bool:
        is_old = self._oldest is not None and self._oldest <= rfc3339(now - self._max_age)
        return self._rows_to_full <= 0 or is_old

    def _count_waiting(self) -> None:
        with self._ledger.transaction() as connection:
            waiting = sa.select(sa.func.count().label("rows"), sa.func.min(outbox.c.accepted).label("oldest"))
            days = connection.execute(waiting.where(outbox.c.part.is_(None)).group_by(outbox.c.day)).all()
        self._oldest = min((day.oldest for day in days), default=None)
        self._rows_to_full = self._max_rows - max((day.rows for day in days), default=0)

    def seal_all(self) -> None:
        """Seal all waiting rows, in parts of one Cairo day and at most `max_rows` rows."""
        self._ledger.persist(self._seal)
        self._oldest, self._rows_to_full = None, self._max_rows

    def _seal(self) -> None:
        while self._plan_one():
            pass
        self._place_planned()
        if not self._is_listed:
            self._write_manifest()

    # --- plan ---------------------------------------------------------------------------------

    def _plan_one(self) -> bool:
        """Plan a part of the oldest waiting rows of one day; False if no rows are waiting."""
        with self._ledger.transaction() as connection:
            waits = outbox.c.part.is_(None)
            day = connection.scalar(sa.select(sa.func.min(outbox.c.day)).where(waits))
            if day is None:
                return False
            oldest = sa.select(outbox.c.position).where(waits, outbox.c.day == day).order_by(outbox.c.position)
            positions = connection.scalars(oldest.limit(self._max_rows)).all()
            blank = {"path": "", "rows": 0, "bytes": 0, "sha256": "", "schema_version": SCHEMA_VERSION, "sealed": 0}
            (sequence,) = connection.execute(parts.insert().values(**blank)).inserted_primary_key or (0,)
            chosen = (waits, outbox.c.day == day, outbox.c.position <= positions[-1])
            connection.execute(outbox.update().where(*chosen).values(part=sequence))
            path = part_path(day, sequence, compress=self._compress)
            content = _content(connection, sequence, path)
            planned = {
                "path": path,
                "rows": len(positions),
                "bytes": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
            }
            connection.execute(parts.update().where(parts.c.sequence == sequence).values(**planned))
        return True

    # --- place --------------------------------------------------------------------------------

    def _place_planned(self) -> None:
        """Write every planned part and mark it as sealed."""
        with self._ledger.transaction() as connection:
            planned = connection.execute(sa.select(parts).where(parts.c.sealed == 0).order_by(parts.c.sequence)).all()
        if planned:
            self._is_listed = False
        for row in planned:
            with self._ledger.transaction() as connection:
                content = _content(connection, row.sequence, row.path)
            if hashlib.sha256(content).hexdigest() != row.sha256:
                raise LedgerUnusable(f"the state is damaged: the rows of {row.path} are not those that were planned")
            try:
                write_atomic(self._output / row.path, content)
            except OSError as error:
                raise OutputUnwritable(
                    f"{self._output / row.path} cannot be written: {error.strerror}; nothing is lost, the next run "
                    "publishes it"
                ) from None
            with self._ledger.transaction() as connection:
                connection.execute(parts.update().where(parts.c.sequence == row.sequence).values(sealed=1))

    def _refuse_foreign_parts(self) -> None:
        with self._ledger.transaction() as connection:
            known = set(connection.scalars(sa.select(parts.c.path)))
        for path in part_files(self._output):
            if path not in known:
                raise LedgerUnusable(
                    f"{self._output / path} is not known to this state: use another ALQAHIRA_OUTPUT_DIR, or rebuild "
                    "the state from the parts with `scrapy verify --rebuild-state`"
                )

    def _write_manifest(self) -> None:
        with self._ledger.transaction() as connection:
            rows = connection.execute(sa.select(parts).where(parts.c.sealed == 1).order_by(parts.c.sequence)).all()
            listed = [Part(row.path, row.rows, row.bytes, row.sha256, row.schema_version) for row in rows]
            try:
                # Within the transaction, which needs the lock: so an older list never replaces a newer one.
                write_manifest(self._output, listed)
            except OSError as error:
                raise OutputUnwritable(f"{self._output / MANIFEST} cannot be written: {error.strerror}") from None
        self._is_listed = True


def _content(connection: Connection, sequence: int, path: str) -> bytes:
    """The bytes of a part, made from the ledger; always the same."""
    lines = connection.scalars(
        sa.select(articles.c.record)
        .join(outbox, (outbox.c.article_id == articles.c.article_id) & (outbox.c.revision == articles.c.revision))
        .where(outbox.c.part == sequence)
        .order_by(outbox.c.position)
    )
    return encode_lines(lines, compress=path.endswith(".gz"))


def part_path(day: str, number: int, *, compress: bool, below: str = ARTICLES_FOLDER) -> str:
    """The path of a part, relative to the output folder. `day`: a `publication_day`."""
    return f"{below}/date_published={day}/part-{number:06d}.jsonl{'.gz' if compress else ''}"


def encode_lines(lines: Iterable[str], *, compress: bool) -> bytes:
    """The bytes of a part with these lines."""
    content = "".join(f"{line}\n" for line in lines).encode()
    # Without a timestamp in the header, so that the same lines give the same bytes.
    return gzip.compress(content, mtime=0) if compress else content


def write_manifest(output_dir: Path, listed: Iterable[Part]) -> None:
    """List the parts, in this order. Raises OSError."""
    manifest = {"parts": [asdict(part) for part in listed]}
    write_atomic(output_dir / MANIFEST, json.dumps(manifest, indent=1).encode() + b"\n")


def write_atomic(path: Path, content: bytes) -> None:
    """Replace a file as a whole and durably: write beside it, sync, rename, sync the folder. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as aside:
        aside.write_bytes(content)
    for folder in (path.parent, path.parent.parent):
        sync_folder(folder)


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; it is synced and renamed to `path` if the block ends without an error."""
    # A random name, so that two processes never write the same file.
    aside = path.with_name(f"{_ASIDE_PREFIX}{path.name}.{secrets.token_hex(4)}{_ASIDE_SUFFIX}")
    try:
        yield aside
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Sync the entries of a folder to disk. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# --- reading ------------------------------------------------------------------------------------


def part_files(output_dir: Path) -> list[str]:
    """The paths of all visible parts, as in the manifest."""
    paths = (output_dir / ARTICLES_FOLDER).glob("date_published=*/part-*")
    return sorted(path.relative_to(output_dir).as_posix() for path in paths if _PART_NAME.fullmatch(path.name))


def read_manifest(output_dir: Path) -> list[Part]:
    """The parts in the manifest; none if there is no manifest. Raises ValueError if it is malformed."""
    try:
        listed = json.loads((output_dir / MANIFEST).read_text("utf-8"))["parts"]
        return [Part(**part) for part in listed]
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{output_dir / MANIFEST} is not a manifest: {error}") from None


def read_part(path: Path) -> Iterator[dict[str, Any]]:
    """The records of one part."""
    with gzip.open(path, "rb") if path.name.endswith(".gz") else path.open("rb") as file:
        for line in file:
            yield json.loads(line)


def read_corpus(output_dir: Path) -> Iterator[dict[str, Any]]:
    """The highest revision of every article, in the order of the manifest."""
    newest: dict[str, dict[str, Any]] = {}
    for part in read_manifest(output_dir):
        for record in read_part(output_dir / part.path):
            if record["revision"] >= newest.get(record["article_id"], record)["revision"]:
                newest[record["article_id"]] = record
    yield from newest.values()


def check(output_dir: Path, part: Part) -> str | None:
    """How a part differs from the manifest, or None."""
    path = output_dir / part.path
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if len(content) < part.bytes:
        return f"shortened: {len(content)} of {part.bytes} bytes"
    if hashlib.sha256(content).hexdigest() != part.sha256:
        return "changed"
    return None
