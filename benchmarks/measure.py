"""What the benchmarks share: a child process and what it used, ratios round by round, and how a figure is written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent
BARE = ROOT / "benchmarks" / "bare"
ROUNDS = 5
# No politeness, for a server of one's own: on both sides the same.
PACE = {"AUTOTHROTTLE_ENABLED": "False", "DOWNLOAD_DELAY": "0", "CONCURRENT_REQUESTS_PER_DOMAIN": "16"}


@dataclass(frozen=True, slots=True)
class Used:
    """What a process used: CPU seconds (user and system), peak of memory in MB, seconds of the clock; what it said."""

    cpu: float
    peak: float
    wall: float
    said: str = ""


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


def run(command: Sequence[str | Path], *, cwd: Path = ROOT, settings: Mapping[str, str] | None = None) -> Used:
    """Run a Python command (`-m …`) to its end. Raises RuntimeError with what it said where it fails."""
    words = [str(word) for word in command]
    words += [word for name, value in (settings or {}).items() for word in ("-s", f"{name}={value}")]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ALQAHIRA_")}
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        process = subprocess.Popen([sys.executable, *words], cwd=cwd, env=environment, stdout=said, stderr=said)
        peak, ended = 0.0, 0
        while not ended:
            time.sleep(0.05)
            peak = max(peak, peak_of(process.pid))
            ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read().decode(errors="replace")
        if process.returncode:
            raise RuntimeError(f"{' '.join(words)} ended with {process.returncode}\n{text[-3000:]}")
    return Used(usage.ru_utime + usage.ru_stime, peak, wall, text)


def peak_of(pid: int) -> float:
    """MB so far; not getrusage, whose peak includes that of the process which started this one."""
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text("utf-8"))
    return int(found[1]) / 1024 if found else 0.0  # none of one that has just ended
