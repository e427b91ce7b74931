"""Rebuild a lost or corrupt ledger from the parts, so that what was published is not published twice.

What only the ledger knew is gone: the frontier, the validators, the dropped duplicates and the runs. The next crawl
finds the pages again and recognizes their articles.
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
    """Rebuild the ledger; the new name of the old file, which is kept beside it, or None where there was none.

    In PostgreSQL it must be an empty database, for nothing is kept aside there.
    Raises LedgerUnusable where a part is not as the manifest lists it or the database is not empty, ConfigurationError
    where the old file cannot be renamed, LedgerBusy where a run holds it.
    """
    listed = {part.path: part for part in read_manifest(output_dir)}
    for path in part_files(output_dir):
        wrong = "not in the manifest" if path not in listed else check(output_dir, listed[path])
        if wrong:
            raise LedgerUnusable(f"{path}: {wrong}; mend or remove it before the state is rebuilt")
    url = read_state_url(state_url)
    aside: list[Path] = []

    def begin() -> None:
        if url.get_backend_name() == "sqlite":
            aside.extend(_backup(Path(url.database or "")))

    with open_ledger(state_url, owner="scrapy verify --rebuild-state", begin=begin) as ledger:
        if not ledger.is_empty():
            raise LedgerUnusable(f"the state at {ledger.store.name} is not empty: rebuild it in an empty database")
        for number, part in enumerate(listed.values()):
            articles = [from_record(record) for record in read_part(output_dir / part.path)]
            if number == 0 and articles:
                ledger.claim_site(site_name(articles[0].url))
            file = Path(part.path)
            sequence = int(file.name.removeprefix("part-").partition(".")[0])
            day = file.parent.name.removeprefix("date_published=")
            ledger.restore_part({"sequence": sequence, **asdict(part)}, day, articles)
    return next(iter(aside), None)


def _backup(state: Path) -> list[Path]:
    try:
        for ending in ("-wal", "-shm"):
            state.with_name(state.name + ending).unlink(missing_ok=True)
        if not state.exists():
            return []
        return [state.rename(state.with_name(f"{state.name}.{datetime.now(UTC):%Y%m%dT%H%M%S}.old"))]
    except OSError as error:
        raise ConfigurationError(f"the state at {state} cannot be put aside: {error.strerror}") from None
