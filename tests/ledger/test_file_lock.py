"""The lock on a ledger's file where the file system refuses."""

from __future__ import annotations

import errno
import fcntl
import os

import pytest

from alqahira.exceptions import ConfigurationError
from alqahira.ledger.backends.file_lock import FileLock


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF])
@pytest.mark.parametrize("is_folder", [True, False])
def test_file_system_without_locks_is_one_line_and_status_2(tmp_path, monkeypatch, number, is_folder):
    def flock(handle, operation):
        if is_folder or operation & fcntl.LOCK_NB:
            raise OSError(number, os.strerror(number))

    before = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(ConfigurationError) as caught:
        FileLock(tmp_path / "state.db", "a test")
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"the file system of {tmp_path} has no locks (")
    assert (caught.value.exit_status, len(os.listdir("/proc/self/fd"))) == (2, before)
