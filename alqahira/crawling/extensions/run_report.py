"""The report on a run that ended: in the log, as a summary and metrics beside the corpus, and as alerts."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from alqahira.exceptions import AlqahiraError
from alqahira.monitoring.account import account_line, account_table
from alqahira.monitoring.alerts import send_alerts
from alqahira.monitoring.rules import RunVerdict
from alqahira.monitoring.summary import summarize, to_json
from alqahira.publishing.parts import write_atomic

if TYPE_CHECKING:
    from alqahira.crawling.run import Run

logger = logging.getLogger(__name__)


def run_report(run: Run, verdict: RunVerdict, ended: datetime) -> None:
    """Report how a run ended; what cannot be written or sent is a line of the log and changes nothing else."""
    from prometheus_client import write_to_textfile  # loaded where a run ends, not where it starts

    from alqahira.monitoring.metrics import to_metrics

    configuration = run.configuration
    _log(run.run_id, verdict)
    summary = summarize(run.run_id, verdict, ended)
    summary_file = configuration.output_dir / "runs" / f"{run.run_id}.json"
    _write(summary_file, lambda path: write_atomic(path, to_json(summary)))
    metrics_file = configuration.metrics_dir / f"alqahira-{verdict.figures.spider}.prom"
    _write(metrics_file, lambda path: write_to_textfile(str(path), to_metrics(summary)))
    if verdict.exit_status and configuration.alert_urls:
        send_alerts(configuration.alert_urls, summary, configuration.alert_timeout)


def _log(run_id: str, verdict: RunVerdict) -> None:
    account = verdict.figures.account
    for line in account_table(account):
        logger.info("Account %s", line)
    logger.info("Run %s: %s", run_id, account_line(account))
    for drift in account["drift"]:
        logger.warning("Drift: %s; see `scrapy doctor`", drift)
    for result in verdict.failed:
        logger.error("Monitor %s failed: %s", result.name, result.message)
    if verdict.problem:
        logger.error("%s", verdict.problem)


def _write(path: Path, write: Callable[[Path], None]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path)
    except (OSError, AlqahiraError) as error:
        logger.error("%s was not written: %s", path, error)
