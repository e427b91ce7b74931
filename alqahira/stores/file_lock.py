"""A lock on a file, which the system lets go when its holder dies; the file says who holds it."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from alqahira.article import rfc3339
from alqahira.errors import ConfigurationError, LedgerBusy


def hold(path: Path) -> int:
    """An exclusive lock on `<path>.lock`, to be given to `let_go`; the system lets it go when this process dies.

    Raises LedgerBusy where another process has it, ConfigurationError where the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise ConfigurationError(f"the state folder {path.parent} cannot be written: {error.strerror}") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(handle, 200, 0).decode(errors="replace").strip()
        os.close(handle)
        raise LedgerBusy(f"another run holds the state {path}: {holder or 'it does not say which'}") from None
    sign(handle, f"process {os.getpid()} since {rfc3339(datetime.now(UTC))}")
    return handle


def sign(lock: int, holder: str) -> None:
    """Say in the locked file who holds it, for a run that finds it locked."""
    with suppress(OSError):  # a full disk is told of where something is lost
        os.ftruncate(lock, 0)
        os.pwrite(lock, holder.encode(), 0)


def let_go(lock: int | None) -> None:
    """Release the lock, if it is held."""
    if lock is not None:
        os.close(lock)
