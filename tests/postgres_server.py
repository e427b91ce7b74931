"""A PostgreSQL server for tests, on a socket in its own folder, removed when the block ends.

The server is Debian's package `postgresql`, or the one on the PATH. It refuses to run as root, so root runs it as
the user `postgres`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

_SECONDS = 200
# Fast and not durable: a test's data are not needed afterwards.
_UNSAFE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB")


def postgres_folder() -> Path | None:
    """The folder of `initdb` and `pg_ctl`; None where no server is installed."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    initdb = str(debian[-1]) if debian else shutil.which("initdb")
    return Path(initdb).parent if initdb else None


@dataclass
class Postgres:
    """A server in `home`; its output goes to `log`."""

    home: Path
    log: Path
    programs: Path
    _schemas: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def url(self) -> str:
        return f"postgresql://test@/postgres?host={self.home}"

    def start(self) -> None:
        # `-h ''`: no TCP.
        options = " ".join([f"-k {self.home} -h ''", *(f"-c {setting}" for setting in _UNSAFE)])
        self.run("pg_ctl", *self._data, "-o", options, "-w", "-t", str(_SECONDS), "start")

    def stop(self) -> None:
        """Stop as a crash does: connections break, and the next start recovers from the log."""
        self.run("pg_ctl", *self._data, "-m", "immediate", "-w", "-t", str(_SECONDS), "stop")

    def restart(self) -> None:
        self.stop()
        self.start()

    def new_state(self) -> str:
        """The URL of a new empty schema, which a ledger uses as its database."""
        name = f"test_{next(self._schemas)}"
        # Synced, so that it outlives a stop.
        made = ("-c", "set synchronous_commit = on", "-c", f"create schema {name}")
        self.run("psql", "-h", str(self.home), "-U", "test", "-d", "postgres", *made)
        return f"{self.url}&options=-csearch_path%3D{name}"

    @property
    def _data(self) -> tuple[str, str]:
        return ("-D", str(self.home / "data"))

    def run(self, program: str, *arguments: str) -> None:
        as_owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        command = [*as_owner, str(self.programs / program), *arguments]
        # Not a pipe: the server would inherit it and keep it open.
        with self.log.open("a") as output:
            done = subprocess.run(
                command,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                timeout=_SECONDS,
                check=False,
            )
        if done.returncode:
            raise RuntimeError(f"{program} ended with {done.returncode}: {self.log.read_text()[-2000:]}")


@contextmanager
def postgres_server(folder: Path) -> Iterator[Postgres]:
    """A server with an empty database (UTF-8), until the block ends; its log is in `folder`."""
    programs = postgres_folder()
    assert programs is not None, "PostgreSQL is not installed (Debian's package postgresql)"
    # Not a folder of pytest's: a socket's path has at most 107 bytes, and pytest's folders belong to root.
    home = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    if os.geteuid() == 0:
        shutil.chown(home, "postgres", "postgres")
    server = Postgres(home, folder / "postgres.log", programs)
    try:
        server.run(
            "initdb", "-D", str(home / "data"), "-U", "test", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"
        )
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def start_postgres(folder: Path) -> Iterator[str]:
    """The URL of an empty database, served until the block ends."""
    with postgres_server(folder) as server:
        yield server.url
