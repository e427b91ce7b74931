"""A lost or corrupt state made again from the parts: what was published is known, and is not published twice.

What only the state knew is gone: the frontier, the validators, the dropped duplicates and the runs. The next
crawl finds the pages again and recognizes their articles.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from alqahira.article import from_record
from alqahira.exceptions import ConfigurationError, LedgerUnusable
from alqahira.extraction.urls import site_name
from alqahira.ledger import open_ledger
from alqahira.publishing.parts import check, part_files, read_manifest, read_part
from alqahira.settings.state_url import read_state_url


def rebuild_state(state_url: str, output_dir: Path) -> Path | None:
    """Make the state again; the old file is kept beside it, and its new name is returned.

    In PostgreSQL it must be an empty database, for nothing is put aside there.
    Raises LedgerUnusable where a part is not as the manifest lists it (what is damaged is mended first) or the database
    is not empty, ConfigurationError where the old file cannot be put aside, LedgerBusy where a run holds it.
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
            ledger.restore_part(part, articles)
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
