"""Who is told how a run ended: the log, the run's summary and metrics, and by Spidermon's actions whom it concerns."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import write_to_textfile

from alqahira.account import account_line, account_table
from alqahira.errors import AlqahiraError
from alqahira.extensions.judging import Judgement
from alqahira.extensions.monitors import Monitors
from alqahira.metrics import to_metrics
from alqahira.monitors.summary import summarize, to_json
from alqahira.parts import write_atomic

if TYPE_CHECKING:
    from alqahira.extensions.run import Run

logger = logging.getLogger(__name__)


def tell(run: Run, judgement: Judgement, ended: datetime) -> None:
    """Say how a run ended; what cannot be told is a line of the log, and the run is what it was."""
    _log(run.run_id, judgement)
    summary = summarize(
        run.run_id,
        judgement.facts,
        judgement.rulings,
        ended=ended,
        exit_status=judgement.exit_status,
        problem=judgement.problem,
        complete=judgement.complete,
        last_complete=run.started if judgement.complete else judgement.facts.last_complete,
    )
    runs, metrics = run.configuration.output_dir / "runs", run.configuration.metrics_dir
    _write(runs / f"{run.run_id}.json", lambda path: write_atomic(path, to_json(summary)))
    _write(
        metrics / f"alqahira-{judgement.facts.spider}.prom",
        lambda path: write_to_textfile(str(path), to_metrics(summary)),
    )
    monitors = run.crawler.get_extension(Monitors)
    if monitors is not None:
        monitors.tell(summary)


def _log(run_id: str, judgement: Judgement) -> None:
    account = judgement.facts.account
    for line in account_table(account):
        logger.info("Account %s", line)
    logger.info("Run %s: %s", run_id, account_line(account))
    for drift in account["drift"]:
        logger.warning("Drift: %s; see «scrapy doctor»", drift)
    for ruling in judgement.rulings:
        if ruling.passed is False:
            logger.error("Monitor %s failed: %s", ruling.monitor, ruling.message)
    if judgement.problem:
        logger.error("%s", judgement.problem)


def _write(path: Path, write: Callable[[Path], None]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path)
    except (OSError, AlqahiraError) as error:
        logger.error("%s was not written: %s", path, error)
