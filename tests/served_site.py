"""`scrapy report --serve` on a folder, as a process beside the test."""

from __future__ import annotations

import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scrapy_process import start_scrapy


@contextmanager
def served(folder: Path, log: Path, **environment: str) -> Iterator[str]:
    """The address of the site; at the end Ctrl-C, after which the status must be 0. Its output goes to `log`."""
    settings = {"ALQAHIRA_OUTPUT_DIR": str(folder)}
    process = start_scrapy("report", "--serve", "--port", "0", settings=settings, log=log, **environment)
    try:
        while "Ctrl-C" not in log.read_text("utf-8"):
            assert process.poll() is None, log.read_text("utf-8")
            select.select([], [], [], 0.05)
        yield log.read_text("utf-8").partition(" ")[0].removesuffix(":")
    finally:
        process.send_signal(signal.SIGINT)
        status = process.wait(60)
    assert status == 0
