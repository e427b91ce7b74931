"""Rebuilds a lost or corrupt ledger from the parts, so that nothing is published twice.

Frontier, validators, dropped duplicates and runs are lost. The next crawl finds the pages again and recognizes their
articles.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from alqahira.article import from_record
from alqahira.exceptions import ConfigurationError, LedgerUnusable
from alqahira.extraction.urls import site_name
from alqahira.ledger import open_ledger
from alqahira.publishing.parts import check, part_files, read_manifest, read_part
from alqahira.settings.state_url import read_state_url


def rebuild_state(state_url: str, output_dir: Path) -> Path | None:
    """Rebuild the ledger; returns the new name of the old file, or None if there was none.

    In PostgreSQL the database must be empty, as there is no backup of an old one.
    Raises LedgerUnusable if a part differs from the manifest or the database is not empty, ConfigurationError if the
    old file cannot be renamed, LedgerBusy if a run holds it.
    """
    listed = {part.path: part for part in read_manifest(output_dir)}
    for path in part_files(output_dir):
        wrong = "not in the manifest" if path not in listed else check(output_dir, listed[path])
        if wrong:
            raise LedgerUnusable(f"{path}: {wrong}; repair or remove it before you rebuild the state")
    url = read_state_url(state_url)
    backups: list[Path] = []

    def begin() -> None:
        if url.get_backend_name() == "sqlite":
            backups.extend(_backup(Path(url.database or "")))

    with open_ledger(state_url, owner="scrapy verify --rebuild-state", begin=begin) as ledger:
        if not ledger.is_empty():
            raise LedgerUnusable(f"the state at {ledger.store.name} is not empty: use an empty database")
        for number, part in enumerate(listed.values()):
            articles = [from_record(record) for record in read_part(output_dir / part.path)]
            if number == 0 and articles:
                ledger.claim_site(site_name(articles[0].url))
            file = Path(part.path)
            sequence = int(file.name.removeprefix("part-").partition(".")[0])
            day = file.parent.name.removeprefix("date_published=")
            ledger.restore_part({"sequence": sequence, **asdict(part)}, day, articles)
    return next(iter(backups), None)


def _backup(state: Path) -> list[Path]:
    """Rename the old file; its new name, if there was one."""
    try:
        for ending in ("-wal", "-shm"):
            state.with_name(state.name + ending).unlink(missing_ok=True)
        if not state.exists():
            return []
        return [state.rename(state.with_name(f"{state.name}.{datetime.now(UTC):%Y%m%dT%H%M%S}.old"))]
    except OSError as error:
        raise ConfigurationError(f"the state at {state} cannot be renamed: {error.strerror}") from None
