"""Shared by the benchmarks: child processes and the resources they use, the replica, figures as rows of a table."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TypeVar

T = TypeVar("T")
ROOT = Path(__file__).parent.parent
BARE = ROOT / "benchmarks" / "bare"
ROUNDS = 5
# No delays, on both sides: the server is our own.
PACE = {"AUTOTHROTTLE_ENABLED": "False", "DOWNLOAD_DELAY": "0", "CONCURRENT_REQUESTS_PER_DOMAIN": "16"}
# Seconds of a turn, far more than to fill the processor's caches and far less than a run, and between two readings of
# the peak of memory.
_TURN, _LOOK = 0.5, 0.05
# Scripts and their children measure this checkout, whatever is installed.
sys.path.insert(0, str(ROOT))
_bytecode = tempfile.TemporaryDirectory()


@dataclass(frozen=True, slots=True)
class Used:
    """A process's CPU seconds (user and system), peak of memory in MB, wall seconds (with others' turns), output."""

    cpu: float
    peak: float
    wall: float
    output: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """The ratios of all rounds; `bound` is the most that the median may be, or the least if it begins with `≥`."""

    group: str
    what: str
    ratios: tuple[float, ...]
    bound: str = ""

    @property
    def median(self) -> float:
        return median(self.ratios)

    def row(self) -> str:
        low, high = min(self.ratios), max(self.ratios)
        return f"| {self.group} | {self.what} | **{self.median:.2f}** | {low:.2f} – {high:.2f} | {self.bound} |"


def turns(rounds: int, once: Callable[[int], T]) -> list[T]:
    """What `once` gives for each round's number, without the rounds that failed, whose errors are printed.

    Raises the last error if all fail.
    """
    done = []
    for number in range(rounds):
        try:
            done.append(once(number))
        except (OSError, RuntimeError, subprocess.SubprocessError) as error:
            print(f"round {number + 1} is lost: {error}", file=sys.stderr, flush=True)
            if number == rounds - 1 and not done:
                raise
    return done


def show(figures: Sequence[Figure]) -> None:
    for figure in figures:
        print(figure.row(), flush=True)


def environment() -> dict[str, str]:
    """The environment of children: this checkout, without the caller's settings, and with bytecode.

    Where Python may write no bytecode it would compile this package anew in each process, which no installed one does.
    """
    # Scrapy writes SCRAPY_SETTINGS_MODULE into the environment of whoever reads the settings of a project.
    dropped = ("ALQAHIRA_", "SCRAPY_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": _bytecode.name}


@dataclass(frozen=True, slots=True)
class Command:
    """Arguments of Python (`-m …`), the folder to run in, and Scrapy settings (`-s`)."""

    words: Sequence[str | Path]
    cwd: Path = ROOT
    settings: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def replica(*switches: str) -> Iterator[str]:
    """The replica on loopback, in a process of its own; yields its address."""
    command = [sys.executable, "-m", "alqahira.replica", "--port", "0", *switches]
    server = subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True)
    assert server.stdout
    try:
        yield server.stdout.readline().split()[-1]
    finally:
        server.terminate()
        server.wait()


def run(command: Command) -> Used:
    """Run a command to its end. Raises RuntimeError with its output if it fails."""
    return in_turns(command)[0]


def in_turns(*commands: Command) -> list[Used]:
    """Run commands in short turns to their ends, so that a busy machine slows all of them alike.

    Raises RuntimeError with the output of one that fails.
    """
    children = [_Child(command) for command in commands]
    try:
        while left := [child for child in children if child.used is None]:
            for child in left:
                child.go_on(None if len(left) == 1 else _TURN)
        return [child.used for child in children if child.used]
    finally:
        for child in children:
            child.end()


class _Child:
    """A process that runs only in its turns; `used` is set when it has ended.

    Only `_look` may wait for it: the kernel reports a child's usage once, to the first who waits, and all methods of
    Popen may wait. Its number is not reused before that, so signals are safe.
    """

    def __init__(self, command: Command) -> None:
        words = [str(word) for word in command.words]
        words += [word for name, value in command.settings.items() for word in ("-s", f"{name}={value}")]
        self.used: Used | None = None
        self._named, self._peak, self._began = " ".join(words), 0.0, time.perf_counter()
        self._output = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, *words], cwd=command.cwd, env=environment(), stdout=self._output, stderr=self._output
        )
        os.kill(self._process.pid, signal.SIGSTOP)

    def go_on(self, seconds: float | None) -> None:
        """Let it run for so many seconds, or to its end."""
        until = None if seconds is None else time.perf_counter() + seconds
        os.kill(self._process.pid, signal.SIGCONT)
        while self.used is None and (until is None or time.perf_counter() < until):
            time.sleep(_LOOK)
            self._peak = max(self._peak, peak_of(self._process.pid))
            self._look()
        if self.used is None:
            os.kill(self._process.pid, signal.SIGSTOP)

    def _look(self) -> None:
        ended, status, usage = os.wait4(self._process.pid, os.WNOHANG)
        if not ended:
            return
        self._process.returncode = os.waitstatus_to_exitcode(status)
        self._output.seek(0)
        output = self._output.read().decode(errors="replace")
        if self._process.returncode:
            raise RuntimeError(f"{self._named} ended with {self._process.returncode}\n{output[-3000:]}")
        wall = time.perf_counter() - self._began
        self.used = Used(usage.ru_utime + usage.ru_stime, self._peak, wall, output)

    def end(self) -> None:
        self._output.close()
        if self._process.returncode is None:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()


def peak_of(pid: int) -> float:
    """Peak of memory in MB; not by getrusage, whose peak includes that of the parent process."""
    line = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text("utf-8"))
    return int(line[1]) / 1024 if line else 0.0  # it has just ended
