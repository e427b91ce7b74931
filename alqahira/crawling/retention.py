"""What is kept of earlier runs: their rows in the ledger, their summaries, their empty archives.

The first run of a day joins the summaries of earlier days, a file a day, and removes what is too old, at most MOST of
each; what is left over the next run does.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING

from alqahira.publishing.manifest import write_atomic

if TYPE_CHECKING:
    from alqahira.crawling.run import Run

logger = logging.getLogger(__name__)

SUMMARIES_FOLDER = "runs"
MOST = 500
_LAST = "retention"  # the day that is done, in the ledger
# Further days than the monitors look back, as theirs begin at midnight in Cairo.
_MARGIN = 2
_SUMMARY = re.compile(r"\d{8}(T\d{6}Z-.+\.json|\.jsonl)")


def remove_expired(run: Run, now: datetime) -> None:
    """At the end of a run whose clock is right. Raises AlqahiraError as the ledger does."""
    today = f"{now:%Y-%m-%d}"
    ledger, configuration = run.ledger, run.configuration
    if run.clock.problem or not ledger.is_clock_right or ledger.remembered(_LAST) == today:
        return
    days = max(configuration.keep_runs_days, configuration.baseline_days + _MARGIN)
    counts = [ledger.forget_runs(now - timedelta(days=days), MOST)]
    summaries, oldest = configuration.output_dir / SUMMARIES_FOLDER, _name(now, configuration.keep_summaries_days)[:8]
    counts.append(_remove(path for path in _summaries(summaries) if path.name[:8] < oldest))
    counts.append(_join(path for path in _summaries(summaries) if path.name < _name(now, 0)[:8]))
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


def _summaries(folder: Path) -> Iterator[Path]:
    """The summaries of runs and of days, oldest first; their names begin with the day, and nothing else is touched."""
    yield from sorted(path for path in folder.glob("*.json*") if _SUMMARY.fullmatch(path.name))


def _join(summaries: Iterator[Path]) -> int:
    """Move the first MOST summaries of runs to the files of their days; how many. One that cannot be read stays."""
    count = 0
    of_runs = islice((path for path in summaries if path.suffix == ".json"), MOST)
    for day, paths in groupby(of_runs, key=lambda path: path.with_name(f"{path.name[:8]}.jsonl")):
        try:
            lines = day.read_bytes().splitlines() if day.exists() else []
            joined = []
            for path in paths:
                with suppress(ValueError):
                    lines.append(json.dumps(json.loads(path.read_bytes()), ensure_ascii=False).encode())
                    joined.append(path)
            # A run that was killed here has left the summaries, which are in the file already.
            write_atomic(day, b"".join(line + b"\n" for line in dict.fromkeys(lines)))
            count += _remove(iter(joined))
        except OSError as error:
            logger.warning("%s was not written: %s", day, error.strerror)
    return count


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
