"""Starts `python -m scrapy …` and the like as children of a zygote (zygote.py), or as plain processes where it matters.

Each process of pytest has one zygote, from its first command to its end.
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
# What Python, the C library and the loader read as a process begins.
_AT_THE_START = ("PYTHON", "LANG", "LC_", "LD_", "TZ", "OPENSSL", "SSL_")
_TOLD_SECONDS = 200.0


class Forked:
    """A child of the zygote, to be used as a subprocess.Popen."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], streams: Sequence[int]):
        self.args = command
        self.returncode: int | None = None
        self._told, status = os.pipe()
        self._heard = b""
        program, *arguments = command
        request = {"program": program, "arguments": arguments, "environment": dict(environment)}
        try:
            socket.send_fds(_zygote(), [json.dumps(request).encode()], [*streams, status])
        finally:
            os.close(status)
        pid = self._next_number(_TOLD_SECONDS)
        assert pid, "the zygote forked nothing"
        self.pid = pid

    def _next_number(self, seconds: float | None) -> int | None:
        """What the zygote tells next; None if it takes longer."""
        while b"\n" not in self._heard:
            if not select.select([self._told], [], [], seconds)[0]:
                return None
            piece = os.read(self._told, 100)
            if not piece:
                raise ChildProcessError(f"the zygote is gone, with {self.args}")
            self._heard += piece
        number, _, self._heard = self._heard.partition(b"\n")
        return int(number)

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            self.returncode = self._next_number(timeout)
            if self.returncode is None:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            os.close(self._told)
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
_one_at_a_time = Lock()


def _zygote() -> socket.socket:
    """Where it is asked. It ends when this process does, however that ends."""
    with _one_at_a_time:
        return _started()


@cache
def _started() -> socket.socket:
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("zygote.py"))],
            cwd=PROJECT,
            stdin=its,
            stdout=subprocess.DEVNULL,
        )
    return ours


def _at_the_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_AT_THE_START)}


_OURS = _at_the_start(os.environ)


def start(
    program: str,
    *arguments: str,
    environment: Mapping[str, str],
    stdin: IO[bytes] | int = subprocess.DEVNULL,
    stdout: IO[bytes] | int,
    stderr: IO[bytes] | int = 2,
    fresh: bool = False,
) -> Process:
    """A module (`python -m …`), or a script by its path, in the project's root.

    fresh: as a process from its very start; so, too, where the environment differs in what one reads there.
    """
    if fresh or _at_the_start(environment) != _OURS:
        command = [sys.executable, *([program] if program.endswith(".py") else ["-m", program]), *arguments]
        return subprocess.Popen(command, cwd=PROJECT, env=environment, stdin=stdin, stdout=stdout, stderr=stderr)
    with open(os.devnull, "r+b") as nothing:
        given = [nothing if stream == subprocess.DEVNULL else stream for stream in (stdin, stdout, stderr)]
        streams = [stream if isinstance(stream, int) else stream.fileno() for stream in given]
        return Forked([program, *arguments], environment, streams)


def run(
    program: str, *arguments: str, environment: Mapping[str, str], said: str = "", timeout: float, fresh: bool = False
) -> tuple[int, str, str]:
    """The same to its end: exit status, and what went to its two streams. Raises subprocess.TimeoutExpired.

    said: what it reads.
    """
    with ExitStack() as stack:
        stdin, stdout, stderr = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(3))
        stdin.write(said.encode())
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
