"""What the benchmarks share: a child process and what it used, ratios round by round, and how a figure is written."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent
BARE = ROOT / "benchmarks" / "bare"
ROUNDS = 5
# No politeness, for a server of one's own: on both sides the same.
PACE = {"AUTOTHROTTLE_ENABLED": "False", "DOWNLOAD_DELAY": "0", "CONCURRENT_REQUESTS_PER_DOMAIN": "16"}
# Seconds of a turn, longer by far than to fill the processor's caches again and shorter by far than a run; and
# between two looks at the peak of memory.
_TURN, _LOOK = 0.5, 0.05


@dataclass(frozen=True, slots=True)
class Used:
    """What a process used: CPU seconds (user and system), peak of memory in MB, seconds of the clock; its output.

    The clock goes on in the turns of others.
    """

    cpu: float
    peak: float
    wall: float
    output: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """Ratios of one question, one a round; `bound` is the most it may be, or the least where it begins with «≥»."""

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


def show(figures: Sequence[Figure]) -> None:
    for figure in figures:
        print(figure.row(), flush=True)


@dataclass(frozen=True, slots=True)
class Command:
    """A Python command (`-m …`): where it runs, and Scrapy's settings for it (`-s`)."""

    words: Sequence[str | Path]
    cwd: Path = ROOT
    settings: Mapping[str, str] = field(default_factory=dict)


def run(command: Command) -> Used:
    """Run a command to its end. Raises RuntimeError with its output where it fails."""
    return in_turns(command)[0]


def in_turns(*commands: Command) -> list[Used]:
    """Run commands to their ends, one at a time and each a moment: what slows the machine slows them all.

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
    """A process that runs only in its turns, and what it used once it has ended.

    Only `_look` may wait for it, because the kernel reports a child's usage once, to whoever waits first; Popen's
    methods wait too, even those that send a signal. Until it is waited for, its number is not reused, so signals are
    safe.
    """

    def __init__(self, command: Command) -> None:
        words = [str(word) for word in command.words]
        words += [word for name, value in command.settings.items() for word in ("-s", f"{name}={value}")]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ALQAHIRA_")}
        self.used: Used | None = None
        self._named, self._peak, self._began = " ".join(words), 0.0, time.perf_counter()
        self._output = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, *words], cwd=command.cwd, env=environment, stdout=self._output, stderr=self._output
        )
        os.kill(self._process.pid, signal.SIGSTOP)

    def go_on(self, seconds: float | None) -> None:
        """Let it work so long, or to its end."""
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
    """MB so far; not getrusage, whose peak includes that of the process which started this one."""
    line = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text("utf-8"))
    return int(line[1]) / 1024 if line else 0.0  # a process that has just ended has none
