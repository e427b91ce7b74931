"""Where a corpus goes that is made again from archives or parts: a folder of its own, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from scrapy.settings import Settings

from alqahira.exceptions import ConfigurationError
from alqahira.ledger.backends.file_lock import FileLock
from alqahira.publishing.parts import MANIFEST, OutputUnwritable, write_atomic

# Tells a replay's folder from a crawl's: what it was made from, and its manifest as it was then.
MARK = "_replay.json"


def settings_for(folder: Path, settings: Settings) -> Settings:
    """The settings of a crawl, with the output there: its own ledger and archive are not touched."""
    own = settings.copy()
    told = {"ALQAHIRA_OUTPUT_DIR": str(folder), "ALQAHIRA_STATE_URL": "", "ALQAHIRA_ARCHIVE": "false"}
    own.setdict(told, priority="cmdline")
    return own


def ensure_replaceable(output: Path, archive: Path) -> None:
    """Refuse a folder with anything in it but an earlier replay, just as that was written. ConfigurationError."""
    if archive.resolve().is_relative_to(output.resolve()):
        raise ConfigurationError(f"the archive lies in {output}: name another folder with -o")
    if not output.exists() or (output.is_dir() and not any(output.iterdir())):
        return
    try:
        told = json.loads((output / MARK).read_text("utf-8"))["manifest_sha256"]
        is_own = told == _digest(output)
    except (OSError, ValueError, KeyError, TypeError):
        is_own = False
    if not is_own:
        raise ConfigurationError(f"{output} is not empty and no untouched replay: name another folder with -o")


def write_marker(output: Path, sources: Iterable[Path]) -> None:
    """Say what the corpus was made from; nothing of the clock, so that the same archive gives the same bytes."""
    made_from = [{"name": path.name, "bytes": path.stat().st_size} for path in sources]
    told = {"archive": made_from, "manifest_sha256": _digest(output)}
    write_atomic(output / MARK, json.dumps(told, indent=1).encode() + b"\n")


def _digest(output: Path) -> str:
    return hashlib.sha256((output / MANIFEST).read_bytes()).hexdigest()


@contextmanager
def atomic_directory(output: Path) -> Iterator[Path]:
    """A folder beside the output that takes its place when the block ends well, and vanishes otherwise.

    Raises LedgerBusy where another replay makes the same folder, OutputUnwritable.
    """
    aside, old = (output.with_name(f".{output.name}.{ending}") for ending in ("replaying", "replaced"))
    lock = FileLock(aside, "a corpus made again")
    try:
        _remove(aside, old)
        aside.mkdir()
        yield aside
        if output.exists():
            output.rename(old)
        aside.rename(output)
    except OSError as error:
        raise OutputUnwritable(f"{error.filename or output} cannot be written: {error.strerror}") from None
    finally:
        with suppress(OSError):
            _remove(aside, old)
            aside.with_name(f"{aside.name}.lock").unlink()
        lock.release()


def _remove(*folders: Path) -> None:
    for folder in folders:
        if folder.exists():
            shutil.rmtree(folder)


def skipped_summary(skipped: Counter[str]) -> str:
    """What of the input was no page of ours, by cause, to be put after the rest; empty where all was."""
    named = ", ".join(f"{cause} {n}" for cause, n in sorted(skipped.items()))
    return f"; {skipped.total()} records are no article page ({named})" if named else ""
