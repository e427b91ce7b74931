"""Starts `python -m scrapy …` and similar commands as children of a zygote (zygote.py), or as plain processes.

Each pytest process has one zygote, from its first command to its end.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path
from threading import Lock
from typing import IO

PROJECT = Path(__file__).parent.parent
# Variables that Python, the C library and the loader read when a process starts.
_STARTUP_PREFIXES = ("PYTHON", "LANG", "LC_", "LD_", "TZ", "OPENSSL", "SSL_")
_ANSWER_SECONDS = 200.0


class Forked:
    """A child of the zygote, with the interface of subprocess.Popen."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], streams: Sequence[int]):
        self.args = command
        self.returncode: int | None = None
        self._status_pipe, status = os.pipe()
        self._buffer = b""
        program, *arguments = command
        request = {"program": program, "arguments": arguments, "environment": dict(environment)}
        try:
            socket.send_fds(_zygote(), [json.dumps(request).encode()], [*streams, status])
        finally:
            os.close(status)
        pid = self._next_number(_ANSWER_SECONDS)
        assert pid, "the zygote did not fork"
        self.pid = pid

    def _next_number(self, seconds: float | None) -> int | None:
        """The next number from the zygote; None if it takes longer than `seconds` (None: no limit)."""
        while b"\n" not in self._buffer:
            if not select.select([self._status_pipe], [], [], seconds)[0]:
                return None
            piece = os.read(self._status_pipe, 100)
            if not piece:
                raise ChildProcessError(f"the zygote ended, and with it {self.args}")
            self._buffer += piece
        number, _, self._buffer = self._buffer.partition(b"\n")
        return int(number)

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            self.returncode = self._next_number(timeout)
            if self.returncode is None:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            os.close(self._status_pipe)
        return self.returncode

    def poll(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


Process = Forked | subprocess.Popen[bytes]
_lock = Lock()


def _zygote() -> socket.socket:
    """The socket for requests to the zygote, which ends with this process, however that ends."""
    with _lock:
        return _started_zygote()


@cache
def _started_zygote() -> socket.socket:
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("zygote.py"))],
            cwd=PROJECT,
            stdin=its,
            stdout=subprocess.DEVNULL,
        )
    return ours


def _startup_variables(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_STARTUP_PREFIXES)}


# Many containers set it, no shell of a user does, and commands without it could not be forked from one with it.
os.environ.pop("PYTHONUNBUFFERED", None)
_OURS = _startup_variables(os.environ)


def start(
    program: str,
    *arguments: str,
    environment: Mapping[str, str],
    stdin: IO[bytes] | int = subprocess.DEVNULL,
    stdout: IO[bytes] | int,
    stderr: IO[bytes] | int = 2,
    fresh: bool = False,
) -> Process:
    """Start a module (`python -m …`), or a script by its path, in the project's root.

    fresh: start a new interpreter instead of forking; also done where variables differ that are read at start-up.
    """
    if fresh or _startup_variables(environment) != _OURS:
        command = [sys.executable, *([program] if program.endswith(".py") else ["-m", program]), *arguments]
        return subprocess.Popen(command, cwd=PROJECT, env=environment, stdin=stdin, stdout=stdout, stderr=stderr)
    with open(os.devnull, "r+b") as devnull:
        given = [devnull if stream == subprocess.DEVNULL else stream for stream in (stdin, stdout, stderr)]
        streams = [stream if isinstance(stream, int) else stream.fileno() for stream in given]
        return Forked([program, *arguments], environment, streams)


def run(
    program: str, *arguments: str, environment: Mapping[str, str], text: str = "", timeout: float, fresh: bool = False
) -> tuple[int, str, str]:
    """Run it to its end: exit status, stdout, stderr. Raises subprocess.TimeoutExpired.

    text: its stdin.
    """
    with ExitStack() as stack:
        stdin, stdout, stderr = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(3))
        stdin.write(text.encode())
        stdin.seek(0)
        process = start(
            program, *arguments, environment=environment, stdin=stdin, stdout=stdout, stderr=stderr, fresh=fresh
        )
        try:
            status = process.wait(timeout)
        finally:
            process.kill()
        for stream in (stdout, stderr):
            stream.seek(0)
        return status, stdout.read().decode(), stderr.read().decode()
