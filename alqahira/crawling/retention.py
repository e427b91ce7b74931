"""What is kept of earlier runs for a time only: their rows in the ledger, their summaries, their empty archives.

The first run of a day removes what is too old, at most MOST of each; what is left over the next run removes.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alqahira.crawling.run import Run

logger = logging.getLogger(__name__)

SUMMARIES_FOLDER = "runs"
MOST = 500
_LAST = "retention"  # the day that is done, in the ledger
# Further days than the monitors look back, as theirs begin at midnight in Cairo.
_MARGIN = 2
_SUMMARY = re.compile(r"\d{8}T\d{6}Z-.+\.json")


def remove_expired(run: Run, now: datetime) -> None:
    """Remove what is too old at the end of a run whose clock is right. Raises AlqahiraError as the ledger does."""
    today = f"{now:%Y-%m-%d}"
    ledger, configuration = run.ledger, run.configuration
    if run.clock.problem or not ledger.is_clock_right or ledger.remembered(_LAST) == today:
        return
    days = max(configuration.keep_runs_days, configuration.baseline_days + _MARGIN)
    counts = [ledger.forget_runs(now - timedelta(days=days), MOST)]
    summaries = _summaries(configuration.output_dir / SUMMARIES_FOLDER, _name(now, configuration.keep_summaries_days))
    counts.append(_remove(summaries))
    if configuration.archive_dir:
        from alqahira.archive.empty_files import empty_archives

        counts.append(
            _remove(empty_archives(configuration.archive_dir, _name(now, configuration.keep_empty_archives_days)))
        )
    if max(counts) < MOST:
        ledger.remember(_LAST, today)


def _name(now: datetime, days: int) -> str:
    """What the names of files of runs that began so many days ago begin with."""
    return f"{now.astimezone(UTC) - timedelta(days=days):%Y%m%dT%H%M%SZ}"


def _summaries(folder: Path, before: str) -> Iterator[Path]:
    """The summaries whose names sort before `before`, oldest first. Raises OSError."""
    with os.scandir(folder) as entries:
        # Names of runs begin with their time; nothing else is touched.
        old = [entry.name for entry in entries if entry.name < before and _SUMMARY.fullmatch(entry.name)]
    yield from (folder / name for name in sorted(old))


def _remove(paths: Iterator[Path]) -> int:
    """Remove the first MOST files; how many. A folder that is missing or not writable is left alone."""
    count = 0
    try:
        for path in islice(paths, MOST):
            path.unlink(missing_ok=True)
            count += 1
    except FileNotFoundError:
        return 0
    except OSError as error:
        logger.warning("%s was not removed: %s", error.filename, error.strerror)
        return 0
    return count
