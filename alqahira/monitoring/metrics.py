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


def to_metrics(summary: Mapping[str, Any]) -> CollectorRegistry:
    """The summary of a run (`alqahira.monitoring.summary`) as metrics, each with the label `spider`."""
    account, stats = summary["account"], summary["stats"]
    # Outcomes without articles are included with 0.
    causes = {o.value: account["causes"].get(o.value) or {o.value: 0} for o in Outcome}
    articles = {(o, "" if cause == o else cause): n for o, counts in causes.items() for cause, n in counts.items()}
    sources = {(name, source): n for name, counts in account["sources"].items() for source, n in counts.items()}
    failed = {m["name"]: not m["passed"] for m in summary["monitors"] if m["passed"] is not None}
    last_complete = {(): _seconds(moment)} if (moment := summary["last_complete"]) else {}
    statuses, refused = _below(stats, "downloader/response_status_count/"), _below(stats, "alqahira/refused/")
    # Name, help text, value; or for further labels their values -> value.
    gauges: list[tuple[str, str, float | Mapping[Any, float], *tuple[str, ...]]] = [
        ("run_articles", "Articles of the last run by outcome and cause.", articles, "outcome", "cause"),
        ("run_articles_left", "Articles that the last run left to the next.", account["left"]),
        ("run_listings", "Listings and sitemaps of the last run by result.", account["listings"], "result"),
        ("run_listing_gaps", "Gaps in the listings of the last run.", account["notes"].get("listing_gap", 0)),
        ("run_field_articles", "Articles of the last run by field and source; none: null.", sources, "field", "source"),
        ("run_exit_status", "Exit status of the last run: 0 is complete.", summary["exit_status"]),
        ("run_complete", "Whether the last run saw all that it set out to see.", summary["complete"]),
        ("run_start_timestamp_seconds", "When the last run began.", _seconds(summary["started"])),
        ("run_end_timestamp_seconds", "When the last run ended.", _seconds(summary["ended"])),
        ("run_duration_seconds", "How long the last run took.", summary["seconds"]),
        ("last_complete_run_start_timestamp_seconds", "When the last complete run began.", last_complete),
        ("run_monitor_failed", "Monitors of the last run that had enough data: 1 failed, 0 passed.", failed, "monitor"),
        ("run_requests", "Requests of the last run.", stats.get("downloader/request_count", 0)),
        ("run_responses", "Responses of the last run by HTTP status.", statuses, "status"),
        ("run_response_bytes", "Bytes received in the last run.", stats.get("downloader/response_bytes", 0)),
        ("run_retries", "Requests of the last run that were retries.", stats.get("retry/count", 0)),
        ("run_refused_requests", "Requests of the last run that its own guards refused.", refused, "cause"),
        ("build_info", "Versions.", {tuple(summary["versions"].values()): 1}, *summary["versions"]),
    ]
    registry = CollectorRegistry()
    for name, text, values, *labels in gauges:
        gauge = Gauge(f"alqahira_{name}", text, ("spider", *labels), registry=registry)
        for key, value in sorted(values.items()) if isinstance(values, Mapping) else [((), values)]:
            gauge.labels(summary["spider"], *([key] if isinstance(key, str) else key)).set(value)
    return registry


def _below(stats: Mapping[str, float], prefix: str) -> dict[str, float]:
    return {name.removeprefix(prefix): n for name, n in stats.items() if name.startswith(prefix)}


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
