"""Sealed part files and their manifest: each row of the ledger's outbox reaches the output exactly once.

A part is planned in the ledger (its number, rows and digest, in one transaction), written under a hidden name, synced,
renamed, its folder synced, and then marked as sealed. After a crash between two of these steps, `recover` writes the
planned part again, byte for byte. A reader sees whole parts or none. Parts are written only to the folder whose
manifest has the ledger's `corpus_id` (`place.py`).
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from alqahira.article import rfc3339
from alqahira.exceptions import AlqahiraError, LedgerUnusable
from alqahira.ledger import KnownCorpus, Ledger
from alqahira.ledger.runs import CHECKPOINTS, MANIFEST_SHA256, read_checkpoints, read_generation, set_meta_value
from alqahira.ledger.tables import outbox, parts
from alqahira.publishing.compaction import Compacted, due_days, forget, plan_compaction, removable
from alqahira.publishing.folder import locked, read_folder, refuse_mismatch
from alqahira.publishing.manifest import (
    ASIDE_PREFIX,
    ASIDE_SUFFIX,
    MANIFEST,
    Part,
    check,
    holds_corpus,
    with_checkpoint,
    write_atomic,
    write_manifest,
)
from alqahira.publishing.place import FolderState, derived_generation, new_corpus_id
from alqahira.publishing.planning import ENTRIES, LISTED, content_of, entry_of, lines_digest, plan_waiting
from alqahira.settings.configuration import Configuration

logger = logging.getLogger(__name__)


class OutputUnwritable(AlqahiraError):
    """The output folder cannot be written; all accepted articles are safe in the ledger."""

    exit_status = 1


class Publisher:
    """Writes the rows of the outbox, of this and earlier runs, to sealed parts."""

    def __init__(
        self,
        ledger: Ledger,
        output_dir: Path,
        *,
        max_rows: int,
        max_age_seconds: float,
        compress: bool,
        seals_at_end: bool = True,
    ) -> None:
        self._ledger = ledger
        self._output = output_dir
        self._max_rows = max_rows
        self._max_age = timedelta(seconds=max_age_seconds)
        self._compress = compress
        self._seals_at_end = seals_at_end
        # Of the waiting rows: when the oldest was accepted, and how many more fill the fullest day. 0: not known yet,
        # so that the first `seal_due` counts them.
        self._oldest: str | None = None
        self._rows_to_full = 0
        # Whether the manifest lists every part that was placed.
        self._is_listed = True
        # Whether folder and ledger carry the same id.
        self._is_bound, self._corpus_id = False, ""

    def recover(self) -> None:
        """Write the parts that a killed run had planned, remove its hidden files, rewrite the manifest.

        Sealed parts that are missing, or of another size, are put back from the ledger.
        Raises LedgerUnusable if the folder is not that of this ledger, or a part cannot be put back.
        """
        self._ledger.persist(self._recover)

    def repair(self) -> list[str]:
        """As `recover`, but compare every part with its SHA-256; returns the paths of those that were put back.

        The folder may be an empty one at a new place, which becomes that of the ledger.
        """
        return self._ledger.persist(lambda: self._recover(is_repair=True))

    def _recover(self, *, is_repair: bool = False) -> list[str]:
        known, folder = self._claim_folder(may_be_empty=is_repair)
        # Planned parts are written below, replaced ones may be gone.
        in_place = [part for part in known.parts.values() if part.sealed and part.replaced_by is None]
        hidden = (self._output / path for path in folder.hidden)
        for stray in (*hidden, *self._output.glob(f"{ASIDE_PREFIX}{MANIFEST}.*{ASIDE_SUFFIX}")):
            stray.unlink(missing_ok=True)
        self._place_planned()
        try:
            if is_repair:
                put_back = self._put_back(self._differs)
            else:
                resized = {part.path for part in in_place if folder.files.get(part.path) != part.bytes}
                put_back = self._put_back(lambda row: row.path in resized) if resized else []
        finally:
            if not self._is_listed:
                self._write_manifest()
        if put_back and not is_repair:
            logger.warning("%d parts were missing or changed, and were put back from the state", len(put_back))
        return put_back

    def seal_due(self, now: datetime) -> None:
        """Seal all waiting rows if a day has enough for a part, or the oldest has waited long enough.

        To be called after each accepted article; `now`: when its page was fetched. The ledger counts the rows only
        when some may be due.
        """
        self._rows_to_full -= 1
        self._oldest = min(self._oldest or rfc3339(now), rfc3339(now))
        self._seal_if_due(now)

    def end_run(self, now: datetime) -> None:
        """At the end of a run, seal all waiting rows, or (`seals_at_end` is False) only if they are due."""
        if self._seals_at_end:
            self.seal_all(now)
        else:
            self._seal_if_due(now)

    def _seal_if_due(self, now: datetime) -> None:
        if self._is_due(now):
            self._ledger.persist(self._count_waiting)
            if self._is_due(now):
                self.seal_all(now)

    def _is_due(self, now: datetime) -> bool:
        is_old = self._oldest is not None and self._oldest <= rfc3339(now - self._max_age)
        return self._rows_to_full <= 0 or is_old

    def _count_waiting(self) -> None:
        with self._ledger.transaction() as connection:
            waiting = sa.select(sa.func.count().label("rows"), sa.func.min(outbox.c.accepted).label("oldest"))
            days = connection.execute(waiting.where(outbox.c.part.is_(None)).group_by(outbox.c.day)).all()
        self._oldest = min((day.oldest for day in days), default=None)
        self._rows_to_full = self._max_rows - max((day.rows for day in days), default=0)

    def seal_all(self, now: datetime | None = None) -> None:
        """Seal all waiting rows, in parts of one Cairo day and at most `max_rows` rows; `now`: the clock's time."""
        sealed_at = rfc3339(now or datetime.now(UTC))
        self._ledger.persist(lambda: self._seal(sealed_at))
        self._oldest, self._rows_to_full = None, self._max_rows

    def _seal(self, sealed_at: str) -> None:
        self._ensure_own_folder()
        while self._plan_one(sealed_at):
            pass
        self._place_planned()
        if not self._is_listed:
            self._write_manifest()

    # --- plan ---------------------------------------------------------------------------------

    def _plan_one(self, sealed_at: str) -> bool:
        """Plan a part of the oldest waiting rows of one day; False if no rows are waiting."""
        with self._ledger.transaction() as connection:
            return plan_waiting(connection, self._max_rows, sealed_at=sealed_at, compress=self._compress)

    # --- place --------------------------------------------------------------------------------

    def _place_planned(self) -> None:
        """Write all planned parts and mark them as sealed, at once, since those of a compaction belong together."""
        with self._ledger.transaction() as connection:
            planned = connection.execute(sa.select(parts).where(parts.c.sealed == 0).order_by(parts.c.sequence)).all()
        if not planned:
            return
        self._is_listed = False
        for row in planned:
            self._place(row)
        with self._ledger.transaction() as connection:
            connection.execute(parts.update().where(parts.c.sealed == 0).values(sealed=1))
            set_meta_value(connection, MANIFEST_SHA256, None)  # it lacks them

    def _place(self, row: Row[Any], *, replace: bool = False) -> None:
        """Write a part from the ledger. Another file of that name is refused, unless it may be replaced."""
        with self._ledger.transaction() as connection:
            content, _ = content_of(connection, row.sequence, row.path)
        path = self._output / row.path
        digest = hashlib.sha256(content).hexdigest()
        if digest != row.sha256:
            if lines_digest(content, row.path) != row.lines_sha256:
                raise LedgerUnusable(f"the state cannot make {path} again: its rows are not those that were planned")
            # Another version of zlib compressed what was planned.
            if path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == row.sha256:
                return
            self._plan_again(row.sequence, {"bytes": len(content), "sha256": digest})
        try:
            # The beginning of the part is what a power cut may leave.
            if not replace and path.exists() and not content.startswith(path.read_bytes()):
                raise LedgerUnusable(f"{path} has other content than the state has planned for it: move it elsewhere")
            for folder in (path.parent.parent, path.parent):  # not the output folder: it may be removed meanwhile
                folder.mkdir(exist_ok=True)
            write_atomic(path, content)
        except OSError as error:
            raise OutputUnwritable(
                f"{path} cannot be written: {error.strerror}; nothing is lost, the next run publishes it"
            ) from None

    def _plan_again(self, sequence: int, compressed: dict[str, Any]) -> None:
        """Plan a part as this version of zlib compresses its lines."""
        self._is_listed = False
        with self._ledger.transaction() as connection:
            connection.execute(parts.update().where(parts.c.sequence == sequence).values(compressed))
            set_meta_value(connection, MANIFEST_SHA256, None)

    def _put_back(self, differs: Callable[[Row[Any]], object]) -> list[str]:
        """Write the sealed parts that differ again; their paths. Raises after the last if one could not be written."""
        with self._ledger.transaction() as connection:
            sealed = connection.execute(LISTED).all()
        put_back: list[str] = []
        failures: list[AlqahiraError] = []
        for row in filter(differs, sealed):
            try:
                self._place(row, replace=True)
                put_back.append(row.path)
            except LedgerUnusable as error:
                failures.append(error)
        if failures:
            raise failures[0]
        return put_back

    def _differs(self, row: Row[Any]) -> str | None:
        return check(self._output, Part(row.path, row.rows, row.bytes, row.sha256, row.schema_version, row.sequence))

    # --- compact ------------------------------------------------------------------------------

    def compact(self, now: datetime, *, rest: timedelta, grace: timedelta, most_lines: float = math.inf) -> Compacted:
        """Merge the parts of days at rest (`due_days`), and remove files that were replaced `grace` ago.

        `most_lines`: after so many lines, the days that remain are left to the next time.
        """
        return self._ledger.persist(lambda: self._compact(now, rest, grace, most_lines))

    def _compact(self, now: datetime, rest: timedelta, grace: timedelta, most_lines: float) -> Compacted:
        self._ensure_own_folder()
        with self._ledger.transaction() as connection:
            due = list(due_days(connection, now, rest, self._max_rows))
        days = before = after = lines = 0
        for merged in due:
            if lines >= most_lines:
                break
            days, before, lines = days + 1, before + len(merged), lines + sum(row.rows for row in merged)
            with self._ledger.transaction() as connection:
                after += plan_compaction(connection, merged, rfc3339(now), self._max_rows)
            self._place_planned()
        if not self._is_listed:
            self._write_manifest()
        with self._ledger.transaction() as connection:
            replaced = removable(connection, now, grace)
        try:
            for row in replaced:
                path = self._output / row.path
                path.unlink(missing_ok=True)
                with suppress(OSError):  # it holds other files
                    path.parent.rmdir()
        except OSError as error:
            raise OutputUnwritable(f"{error.filename} cannot be removed: {error.strerror}") from None
        if replaced:
            with self._ledger.transaction() as connection:
                forget(connection, replaced)
        return Compacted(days, before, after, len(replaced))

    # --- the folder ---------------------------------------------------------------------------

    def _claim_folder(self, *, may_be_empty: bool = False) -> tuple[KnownCorpus, FolderState]:
        """Bind folder and ledger to each other if they are not bound. Raises LedgerUnusable if they do not match.

        Returns what the ledger knows of the corpus, and what is in the folder.
        """
        try:
            self._output.mkdir(parents=True, exist_ok=True)
            with locked(self._output):
                known = self._ledger.corpus()
                folder = read_folder(self._output, known)
                refuse_mismatch(folder, known, may_be_empty=may_be_empty)
                self._is_listed = folder.is_current
                self._corpus_id = folder.corpus_id or known.corpus_id or new_corpus_id()
                if (known.corpus_id, known.folder) != (self._corpus_id, str(folder.path)):
                    self._ledger.bind_corpus(self._corpus_id, str(folder.path))
                if folder.corpus_id is None:
                    self._write_manifest()
                self._is_bound = True
                return known, folder
        except OSError as error:
            raise OutputUnwritable(f"{error.filename or self._output} cannot be used: {error.strerror}") from None

    def _ensure_own_folder(self) -> None:
        if not self._is_bound:
            self._claim_folder()
        elif not holds_corpus(self._output, self._corpus_id):
            raise OutputUnwritable(
                f"{self._output} was removed or replaced during the run; nothing in the state is lost, the next run "
                "publishes it"
            )

    def _write_manifest(self) -> None:
        with self._ledger.transaction() as connection:
            entries = [*map(entry_of, connection.execute(ENTRIES).all())]
            checkpoints = with_checkpoint(read_checkpoints(connection), self._corpus_id, entries)
            try:
                # Within the transaction, which needs the lock: so an older list never replaces a newer one.
                digest = write_manifest(
                    self._output, self._corpus_id, read_generation(connection), checkpoints, entries
                )
            except OSError as error:
                raise OutputUnwritable(f"{self._output / MANIFEST} cannot be written: {error.strerror}") from None
            set_meta_value(connection, MANIFEST_SHA256, digest)
            set_meta_value(connection, CHECKPOINTS, json.dumps(checkpoints))
        self._is_listed = True

    def set_derived_generation(self) -> None:
        """Make the generation that of the sealed parts: a corpus made from archives in the same way has the same."""
        with self._ledger.transaction() as connection:
            digests = connection.scalars(sa.select(parts.c.sha256).order_by(parts.c.sequence)).all()
        self._ledger.set_generation(derived_generation(digests))
        self._ledger.persist(self._write_manifest)


def publisher_of(ledger: Ledger, configuration: Configuration) -> Publisher:
    """The publisher that the settings ask for."""
    return Publisher(
        ledger,
        configuration.output_dir,
        max_rows=configuration.part_max_rows,
        max_age_seconds=configuration.part_max_age_seconds,
        compress=configuration.compress_parts,
        seals_at_end=configuration.seal == "run",
    )
