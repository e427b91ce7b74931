"""What an alert says in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alqahira.account import account_line


def alert_text(summary: Mapping[str, Any]) -> str:
    """A run's summary (`alqahira.monitors.summary`) as a few lines: status, what failed, the account."""
    failed = [f"- {found['name']}: {found['message']}" for found in summary["monitors"] if found["passed"] is False]
    head = f"alqahira: run {summary['run_id']} ended with exit status {summary['exit_status']}"
    return "\n".join([head, *failed, account_line(summary["account"])])
