"""The folder of a corpus rebuilt from archives or parts: replaced whole or not at all."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from scrapy.settings import Settings

from alqahira.exceptions import ConfigurationError
from alqahira.ledger.backends.file_lock import FileLock
from alqahira.publishing.manifest import MANIFEST, write_atomic
from alqahira.publishing.parts import OutputUnwritable

# Marks a folder as a replay: holds what it was made from, and the digest of its manifest.
MARK = "_replay.json"
# AT_FDCWD of openat(2); RENAME_EXCHANGE of renameat2(2), and RENAME_SWAP of macOS' renamex_np.
_FROM_HERE, _EXCHANGE = -100, 2


def settings_with_output(folder: Path, settings: Settings) -> Settings:
    """A copy of the settings with another output folder, and the ledger in it."""
    own = settings.copy()
    own.setdict({"ALQAHIRA_OUTPUT_DIR": str(folder), "ALQAHIRA_STATE_URL": ""}, priority="cmdline")
    return own


def ensure_replaceable(output: Path, archive: Path) -> None:
    """Raise ConfigurationError if the folder holds anything but an unchanged earlier replay, or the archive."""
    if archive.resolve().is_relative_to(output.resolve()):
        raise ConfigurationError(f"the archive is in {output}: name another folder with -o")
    if not output.exists() or (output.is_dir() and not any(output.iterdir())):
        return
    try:
        is_own = json.loads((output / MARK).read_text("utf-8"))["manifest_sha256"] == _digest(output)
    except (OSError, ValueError, KeyError, TypeError):
        is_own = False
    if not is_own:
        raise ConfigurationError(f"{output} is neither empty nor an unchanged replay: name another folder with -o")


def refuse_other_files(folder: Path, is_own: Callable[[str], object], what: str) -> None:
    """Raise ConfigurationError for a file in place of the folder, or if it holds a name that no such `what` has."""
    if folder.exists() and not folder.is_dir():
        raise ConfigurationError(f"{folder} is a file: name another folder, or remove it")
    if folder.is_dir() and (others := sorted(path.name for path in folder.iterdir() if not is_own(path.name))):
        raise ConfigurationError(f"{folder} holds {others[0][:80]}, which no {what} has written: name another folder")


def write_marker(output: Path, sources: Iterable[Path]) -> None:
    """Record what the corpus was made from, without a time, so that the same archive gives the same bytes."""
    archive = [{"name": path.name, "bytes": path.stat().st_size} for path in sources]
    marker = {"archive": archive, "manifest_sha256": _digest(output)}
    write_atomic(output / MARK, json.dumps(marker, indent=1).encode() + b"\n")


def _digest(output: Path) -> str:
    return hashlib.sha256((output / MANIFEST).read_bytes()).hexdigest()


@contextmanager
def atomic_directory(output: Path, owner: str = "a replay") -> Iterator[Path]:
    """A new folder that replaces the output if the block ends without an error, and is removed otherwise.

    `owner`: what writes it. Raises LedgerBusy if another one writes the same output, OutputUnwritable.
    """
    output = Path(os.path.realpath(output))  # `.` has no name, and what replaces a link would not be where it leads
    aside, old = (output.with_name(f".{output.name}.{ending}") for ending in ("replaying", "replaced"))
    lock = FileLock(aside, owner)
    try:
        _put_back(old, output)
        _remove(aside, old)  # left by a killed replay
        aside.mkdir()
        yield aside
        if not output.exists():
            aside.rename(output)
        elif not _exchange(aside, output):
            output.rename(old)
            aside.rename(output)
    except OSError as error:
        raise OutputUnwritable(f"{error.filename or output} cannot be written: {error.strerror}") from None
    finally:
        with suppress(OSError):
            _put_back(old, output)
            _remove(aside, old)
            aside.with_name(f"{aside.name}.lock").unlink()
        lock.release()


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step, so that readers always find one; False where the system cannot (NFS)."""
    libc = ctypes.CDLL(None)
    paths = [os.fsencode(path) for path in (one, other)]
    if sys.platform == "darwin":
        return bool(libc.renamex_np(*paths, _EXCHANGE) == 0)
    return hasattr(libc, "renameat2") and libc.renameat2(_FROM_HERE, paths[0], _FROM_HERE, paths[1], _EXCHANGE) == 0


def _put_back(old: Path, output: Path) -> None:
    """Give the output its name again if a replay was stopped between the two renames, where nothing exchanges them."""
    if old.exists() and not output.exists():
        old.rename(output)


def _remove(*folders: Path) -> None:
    for folder in folders:
        if folder.exists():
            shutil.rmtree(folder)


def skipped_summary(skipped: Counter[str]) -> str:
    """The end of a summary line: the number of records that are no article page, by cause; empty if there are none."""
    causes = ", ".join(f"{cause} {n}" for cause, n in sorted(skipped.items()))
    return f"; {skipped.total()} records are no article page ({causes})" if causes else ""
