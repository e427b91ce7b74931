"""The summary of a run, for schedulers, alerts and metrics. Pure, but for the versions."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from alqahira.article import rfc3339
from alqahira.monitoring.rules import RunVerdict

# Prefixes of the kept stats: their names hold no text of the site's.
_KEPT = ("downloader/", "retry/", "alqahira/", "log_count/", "item_", "httperror/", "robotstxt/")
# Raised when a field changes its meaning or is taken away; a new one may come at any time.
SUMMARY_VERSION = 2


def summarize(run_id: str, verdict: RunVerdict, ended: datetime) -> dict[str, Any]:
    """A run in JSON types; docs/operations.md explains each field."""
    figures, account = verdict.figures, verdict.figures.account
    return {
        "summary_version": SUMMARY_VERSION,
        "run_id": run_id,
        "spider": figures.spider,
        "started": rfc3339(figures.started),
        "ended": rfc3339(ended),
        "seconds": round((ended - figures.started).total_seconds(), 3),
        "reason": figures.reason,
        "complete": verdict.complete,
        "last_complete": rfc3339(verdict.last_complete),
        "exit_status": verdict.exit_status,
        "problem": verdict.problem or None,
        "account": dict(account),
        "monitors": [{"name": r.name, "passed": r.passed, "message": r.message or None} for r in verdict.results],
        "drift": account["drift"],
        "gaps": account["gaps"],
        "stats": {
            name: value
            for name, value in sorted(figures.stats.items())
            if name.startswith(_KEPT) and isinstance(value, int | float)
        },
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Of Python, this project and Scrapy."""
    by_name = {"python": platform.python_version()}
    for package in ("alqahira", "scrapy"):
        try:
            by_name[package] = version(package)
        except PackageNotFoundError:
            by_name[package] = "unknown"  # run from a folder, never installed
    return by_name


def to_json(summary: Mapping[str, Any]) -> bytes:
    """Indented JSON; everything but ASCII is escaped, so that no control or bidi character can disguise a message."""
    return (json.dumps(summary, indent=1, ensure_ascii=True) + "\n").encode("ascii")
