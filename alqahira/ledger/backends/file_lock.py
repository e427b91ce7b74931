"""A lock on a file, which the system releases when its holder dies; the file names the holder."""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import suppress
from pathlib import Path

from alqahira.exceptions import AlqahiraError, ConfigurationError
from alqahira.ledger.backends.store import busy, describe_holder

# What `flock` answers where it cannot lock: no lock daemon, not implemented, and NFS for a folder.
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL, errno.EBADF)


class FileLock:
    """An exclusive lock on `<path>.lock`, held from the start until `release` or the death of this process."""

    def __init__(self, path: Path, owner: str) -> None:
        """Take the lock for the command `owner`.

        Raises LedgerBusy if another process holds it, ConfigurationError if the folder cannot be written, or its file
        system has no locks.
        """
        self._handle: int | None = None
        self._holder = describe_holder(owner).encode()
        self._path = path.with_name(path.name + ".lock")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            folder = os.open(path.parent, os.O_RDONLY)
        except OSError as error:
            raise _unwritable(path, error) from None
        try:
            # Locked, so that nobody sees the lock taken before its holder is named.
            _flock(folder, fcntl.LOCK_EX, path)
            self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                _flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB, path)
            except BlockingIOError:
                holder = os.pread(self._handle, 200, 0).decode(errors="replace").strip()
                raise busy(str(path), holder) from None
            self.set_run("")
        except OSError as error:
            self.release()
            raise _unwritable(path, error) from None
        except AlqahiraError:
            self.release()
            raise
        finally:
            os.close(folder)

    def set_run(self, run_id: str) -> None:
        """Write the holder's name, with that of its run if it has one."""
        text = self._holder + (f", run {run_id}".encode() if run_id else b"")
        if self._handle is not None:
            with suppress(OSError):  # only a name: a full disk is reported where data would be lost
                # In this order, so that a reader never finds the file empty.
                os.pwrite(self._handle, text, 0)
                os.ftruncate(self._handle, len(text))

    def is_in_place(self) -> bool:
        """Whether the file is still the one that is locked: nobody can lock one that was removed. Raises OSError."""
        return self._handle is not None and os.path.samestat(os.fstat(self._handle), self._path.stat())

    def release(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)


def _flock(handle: int, operation: int, path: Path) -> None:
    try:
        fcntl.flock(handle, operation)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        raise ConfigurationError(
            f"the file system of {path.parent} has no locks ({error.strerror}): keep the state on a local disk, or in "
            "PostgreSQL (ALQAHIRA_STATE_URL)"
        ) from None


def _unwritable(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(f"the state folder {path.parent} cannot be written: {error.strerror}")
