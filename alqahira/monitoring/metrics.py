"""A run as Prometheus metrics, for the textfile collector of node_exporter. Pure.

https://prometheus.io/docs/practices/naming/: base units, `_total` for counters only. A run's figures are gauges:
each run replaces those of the one before.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, Gauge

from alqahira.ledger.decisions import Outcome

# Values of a metric's labels beside `spider` -> its value.
Rows = Mapping[Any, float]


def to_metrics(summary: Mapping[str, Any]) -> CollectorRegistry:
    """The summary of a run (`alqahira.monitoring.summary`) as metrics."""
    registry = CollectorRegistry()
    spider = summary["spider"]

    def gauge(name: str, text: str, rows: Rows, *labels: str) -> None:
        made = Gauge(f"alqahira_{name}", text, ("spider", *labels), registry=registry)
        for values, number in rows.items():
            made.labels(spider, *values).set(number)

    account, stats = summary["account"], summary["stats"]
    gauge("run_articles", "Articles of the last run by outcome and cause.", _articles(account), "outcome", "cause")
    gauge("run_articles_left", "Articles that the last run left to the next.", {(): account["left"]})
    gauge("run_listings", "Listings and sitemaps of the last run by result.", _keyed(account["listings"]), "result")
    gauge("run_listing_gaps", "Gaps in the listings of the last run.", {(): account["notes"].get("listing_gap", 0)})
    gauge(
        "run_field_articles",
        "Articles of the last run by field and source; none: null.",
        _sources(account),
        "field",
        "source",
    )
    gauge("run_exit_status", "Exit status of the last run: 0 is complete.", {(): summary["exit_status"]})
    gauge("run_complete", "Whether the last run saw all that it set out to see.", {(): summary["complete"]})
    gauge("run_start_timestamp_seconds", "When the last run began.", {(): _seconds(summary["started"])})
    gauge("run_end_timestamp_seconds", "When the last run ended.", {(): _seconds(summary["ended"])})
    gauge("run_duration_seconds", "How long the last run took.", {(): summary["seconds"]})
    if summary["last_complete"]:
        last = {(): _seconds(summary["last_complete"])}
        gauge("last_complete_run_start_timestamp_seconds", "When the last complete run began.", last)
    judged = {(m["name"],): float(not m["passed"]) for m in summary["monitors"] if m["passed"] is not None}
    gauge("run_monitor_failed", "Monitors of the last run that judged: 1 failed, 0 passed.", judged, "monitor")
    gauge("run_requests", "Requests of the last run.", {(): stats.get("downloader/request_count", 0)})
    statuses = _below(stats, "downloader/response_status_count/")
    gauge("run_responses", "Responses of the last run by HTTP status.", statuses, "status")
    gauge("run_response_bytes", "Bytes received in the last run.", {(): stats.get("downloader/response_bytes", 0)})
    gauge("run_retries", "Requests of the last run that were tries again.", {(): stats.get("retry/count", 0)})
    refused = _below(stats, "alqahira/refused/")
    gauge("run_refused_requests", "Requests of the last run that were refused by its own guards.", refused, "cause")
    versions = Gauge("alqahira_build_info", "Versions.", ("spider", *summary["versions"]), registry=registry)
    versions.labels(spider, *summary["versions"].values()).set(1)
    return registry


def _articles(account: Mapping[str, Any]) -> dict[tuple[str, ...], float]:
    """By outcome and cause; each article in one of them. An outcome that did not come about is there with 0."""
    found: dict[tuple[str, ...], float] = {}
    for outcome in (each.value for each in Outcome):
        causes = account["causes"].get(outcome) or {outcome: 0}
        found |= {(outcome, cause if cause != outcome else ""): n for cause, n in causes.items()}
    return found


def _sources(account: Mapping[str, Any]) -> dict[tuple[str, ...], float]:
    return {(name, source): n for name, counts in account["sources"].items() for source, n in counts.items()}


def _keyed(counts: Mapping[str, float]) -> dict[tuple[str, ...], float]:
    return {(name,): n for name, n in counts.items()}


def _below(stats: Mapping[str, float], prefix: str) -> dict[tuple[str, ...], float]:
    return {(name.removeprefix(prefix),): n for name, n in stats.items() if name.startswith(prefix)}


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
