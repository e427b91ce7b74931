"""Rebuilds a lost or corrupt ledger from the parts, so that nothing is published twice.

Frontier, validators, dropped duplicates, quarantine and runs are lost. Each article's page is visited again by its
schedule.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alqahira.article import Article, from_record, to_json_line
from alqahira.exceptions import ConfigurationError, LedgerUnusable
from alqahira.extraction.urls import site_name
from alqahira.ledger import open_ledger
from alqahira.ledger.backends.file_lock import FileLock
from alqahira.ledger.backends.sqlite import beside
from alqahira.ledger.frontier import RevisitSchedule
from alqahira.ledger.restoring import RestoredPart
from alqahira.publishing.manifest import (
    Part,
    check,
    part_files,
    read_checkpoints,
    read_corpus_id,
    read_generation,
    read_manifest,
    read_part,
    sequence_of,
    stray_files,
    sync_folder,
)
from alqahira.publishing.planning import day_of, joined, lines_digest
from alqahira.settings.state_url import read_state_url
from alqahira.settings.types import url_path

_OWNER = "scrapy verify --rebuild-state"


def rebuild_state(state_url: str, output_dir: Path, revisit: RevisitSchedule | None = None) -> Path | None:
    """Rebuild the ledger; returns the new name of the old file, or None if there was none.

    `revisit`: when its pages are visited again; without it, only those of articles that moved are.
    The old ledger is as it was until the new one is complete. In PostgreSQL the database must be empty, as there is no
    backup of an old one; it is filled in one transaction.
    Raises LedgerUnusable if manifest and parts do not agree, a part has a line that is no record, or the database is
    not empty; ConfigurationError if the state's folder cannot be written; LedgerBusy if a run holds the ledger.
    """
    listed, unfinished = _checked_parts(output_dir)
    url = read_state_url(state_url)
    if url.get_backend_name() != "sqlite":
        _fill(state_url, output_dir, listed, revisit)
        _remove_files(output_dir, unfinished)
        return None
    state = Path(str(url.database))
    lock = FileLock(state, _OWNER)
    aside = state.with_name(f".{state.name}.rebuilding")
    try:
        _remove(aside)  # left by a killed rebuild
        _fill(f"sqlite:///{url_path(aside)}", output_dir, listed, revisit)
        old = _replace(state, aside)
        _remove_files(output_dir, unfinished)
        return old
    except OSError as error:
        raise ConfigurationError(f"the state at {state} cannot be rebuilt: {error.strerror}") from None
    finally:
        _remove(aside)
        lock.release()


def _checked_parts(output_dir: Path) -> tuple[list[Part], list[str]]:
    """The parts of the manifest, each of them whole, and files that a killed compaction has left.

    Raises LedgerUnusable if any other part is present.
    """
    try:
        listed = {part.path: part for part in read_manifest(output_dir)}
    except (OSError, ValueError) as error:
        raise LedgerUnusable(f"the parts cannot be checked: {error}") from None
    if not listed and read_corpus_id(output_dir) is None and not part_files(output_dir):
        raise LedgerUnusable(f"{output_dir} has no parts to rebuild the state from")
    strays = stray_files(output_dir, listed.values())
    for path in sorted({*strays, *listed}):
        if path in listed:
            wrong = check(output_dir, listed[path])
        else:
            wrong = None if _has_only_listed_lines(output_dir, path, listed.values()) else "not in the manifest"
        if wrong:
            raise LedgerUnusable(f"{path}: {wrong}; repair or remove it before you rebuild the state")
    return list(listed.values()), strays


def _has_only_listed_lines(output_dir: Path, stray: str, listed: Iterable[Part]) -> bool:
    """Whether a part has lines of its day's listed parts alone, as one that a compaction has not completed."""
    of_day = [part.path for part in listed if day_of(part.path) == day_of(stray)]
    try:
        known = {to_json_line(record) for path in of_day for record in read_part(output_dir / path)}
        lines = [to_json_line(record) for record in read_part(output_dir / stray)]
    except (OSError, EOFError, zlib.error, ValueError):
        return False
    return bool(lines) and known.issuperset(lines)


def _fill(state_url: str, output_dir: Path, listed: list[Part], revisit: RevisitSchedule | None) -> None:
    with open_ledger(state_url, revisit=revisit, owner=_OWNER) as ledger:
        if not ledger.is_empty():
            raise LedgerUnusable(f"the state at {ledger.store.name} is not empty: use an empty database")
        ledger.restore(
            lambda: _restored_parts(output_dir, listed),
            read_corpus_id(output_dir),
            read_generation(output_dir),
            read_checkpoints(output_dir),
            str(output_dir.resolve()),
        )


def _restored_parts(output_dir: Path, listed: list[Part]) -> Iterator[RestoredPart]:
    """The parts with their articles. Raises LedgerUnusable for a line that is no record, or a record that is twice."""
    known: set[tuple[str, int]] = set()
    for part in listed:
        lines = _lines(output_dir, part)
        for _, article in lines:
            if (name := (article.article_id, article.revision)) in known:
                raise LedgerUnusable(f"{part.path}: article {name[0]}, revision {name[1]}, is in the corpus twice")
            known.add(name)
        row = asdict(part) | {"day": day_of(part.path), "replaces": joined(part.replaces)}
        row["lines_sha256"] = lines_digest((output_dir / part.path).read_bytes(), part.path)
        yield RestoredPart(row, lines)
    yield from _replaced_parts(output_dir, listed)


def _replaced_parts(output_dir: Path, listed: list[Part]) -> Iterator[RestoredPart]:
    """The files that others have replaced, which are to be removed after a time."""
    by_old = {old: part for part in listed for old in part.replaces}
    paths = {part.path for part in listed}
    for path in part_files(output_dir):
        new = by_old.get(sequence := sequence_of(path))
        if new is None or path in paths:
            continue
        content = (output_dir / path).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        old = Part(path, 0, len(content), digest, new.schema_version, sequence)
        yield RestoredPart(asdict(old) | {"day": day_of(path), "replaces": None, "replaced_by": new.sequence}, [])


def _lines(output_dir: Path, part: Part) -> list[tuple[dict[str, Any], Article]]:
    lines: list[tuple[dict[str, Any], Article]] = []
    try:
        for record in read_part(output_dir / part.path):
            lines.append((record, from_record(record)))
            site_name(lines[-1][1].url)
    except (OSError, EOFError, zlib.error, ValueError, TypeError) as error:
        raise LedgerUnusable(f"{part.path}: line {len(lines) + 1} is no record: {error}") from None
    return lines


def _replace(state: Path, aside: Path) -> Path | None:
    """Put the new ledger in place of the old one; the new name of the old, if there was one. Raises OSError."""
    old = state.with_name(f"{state.name}.{datetime.now(UTC):%Y%m%dT%H%M%S}.old")
    moved: list[tuple[Path, Path]] = []
    # With its write-ahead log, which holds what a killed run has committed, and must not meet another database.
    pairs = [(state, old)] + [(beside(state, ending), beside(old, ending)) for ending in ("-wal", "-shm")]
    try:
        for source, target in [*((s, t) for s, t in pairs if s.exists()), (aside, state)]:
            source.rename(target)
            moved.append((source, target))
        sync_folder(state.parent)
    except OSError:
        for source, target in reversed(moved):
            target.rename(source)
        raise
    return old if old.exists() else None


def _remove_files(output_dir: Path, paths: Iterable[str]) -> None:
    for path in paths:
        (output_dir / path).unlink(missing_ok=True)


def _remove(aside: Path) -> None:
    for ending in ("", "-wal", "-shm", ".lock"):
        beside(aside, ending).unlink(missing_ok=True)
