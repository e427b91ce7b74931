"""A PostgreSQL of a test's own: on a socket in its folder, gone with the block.

The server is Debian's package `postgresql`, or the one on the PATH. It refuses to run as root, so root hands it to
the user `postgres`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SECONDS = 60
# Quick, and lost with the machine: nobody needs a test's data afterwards.
_UNSAFE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB")


def postgres_folder() -> Path | None:
    """Where `initdb` and `pg_ctl` are; None where there is no server installed."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found = str(debian[-1]) if debian else shutil.which("initdb")
    return Path(found).parent if found else None


@contextmanager
def start_postgres(folder: Path) -> Iterator[str]:
    """The URL of an empty database (UTF-8), served until the block ends; `folder` takes what the server says."""
    programs = postgres_folder()
    assert programs is not None, "PostgreSQL is not installed (Debian's package postgresql)"
    # A socket's path has at most 107 bytes, and pytest's folders are root's: so a folder of its own.
    home = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    data, log = home / "data", folder / "postgres.log"
    if os.geteuid() == 0:
        shutil.chown(home, "postgres", "postgres")

    def run(program: str, *arguments: str) -> None:
        as_owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        command = [*as_owner, str(programs / program), *arguments]
        # Not a pipe: the server inherits it and would keep it open.
        with log.open("a") as said:
            done = subprocess.run(
                command, cwd=home, stdin=subprocess.DEVNULL, stdout=said, stderr=said, timeout=_SECONDS, check=False
            )
        if done.returncode:
            raise RuntimeError(f"{program} ended with {done.returncode}: {log.read_text()[-2000:]}")

    try:
        run("initdb", "-D", str(data), "-U", "test", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        options = " ".join([f"-k {home} -h ''", *(f"-c {setting}" for setting in _UNSAFE)])
        run("pg_ctl", "-D", str(data), "-o", options, "-w", "-t", str(_SECONDS), "start")
        try:
            yield f"postgresql://test@/postgres?host={home}"
        finally:
            run("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "-t", str(_SECONDS), "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)
