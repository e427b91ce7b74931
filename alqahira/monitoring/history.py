"""The earlier runs of a section that a run is compared with: the last ones as they are, older half days as one each.

So a comparison costs much the same with two runs a day as with a hundred. A half day is merged once, when it is past,
and kept in the ledger.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from alqahira.article import rfc3339
from alqahira.ledger import EndedRun, Ledger
from alqahira.text.dates import CAIRO


def earlier_runs(ledger: Ledger, spider: str, started: datetime, days: int, since: datetime | None) -> list[EndedRun]:
    """The runs of the last `days` days before a run that began at `started`, oldest first; none before `since`.

    Raises AlqahiraError as the ledger does.
    """
    first = max(started - timedelta(days=days), since or datetime.min.replace(tzinfo=started.tzinfo))
    single = half_day(half_day(started) - timedelta(seconds=1))
    merged = [run for run in _merged(ledger, spider, single, days) if datetime.fromisoformat(run.started) >= first]
    return merged + ledger.ended_runs(max(first, single), spider)


def half_day(moment: datetime) -> datetime:
    """Midnight or noon in Cairo, the last before a moment."""
    local = moment.astimezone(CAIRO)
    return local.replace(hour=local.hour // 12 * 12, minute=0, second=0, microsecond=0, fold=0)


def _merged(ledger: Ledger, spider: str, until: datetime, days: int) -> list[EndedRun]:
    """The half days before `until`, merged; those that are not in the ledger yet are added to it."""
    name, begin = f"history/{spider}", until - timedelta(days=days)
    wanted = {"since": rfc3339(begin), "until": rfc3339(until)}
    kept = json.loads(ledger.remembered(name) or "{}")
    is_usable = bool(kept) and kept["since"] <= wanted["since"]
    every = [EndedRun(**run) for run in kept["runs"]] if is_usable else []
    runs = [run for run in every if wanted["since"] <= run.started < wanted["until"]]
    if is_usable and kept["until"] == wanted["until"]:
        return runs
    known = datetime.fromisoformat(kept["until"]) if is_usable else begin
    runs += merge(ledger.ended_runs(max(begin, known), spider, until=until))
    ledger.remember(name, json.dumps({**wanted, "runs": [asdict(run) for run in runs]}, separators=(",", ":")))
    return runs


def merge(runs: Sequence[EndedRun]) -> list[EndedRun]:
    """Runs of one spider, in the order they began, as two of each half day: the good ones, and the others. Pure."""
    by_half = groupby(runs, key=lambda run: half_day(datetime.fromisoformat(run.started)))
    return [merged for _, group in by_half for merged in _merge_half(list(group))]


def is_good(run: EndedRun) -> bool:
    """Whether later runs may be compared with it."""
    return run.complete and not run.exit_status


def _merge_half(runs: Iterable[EndedRun]) -> Iterator[EndedRun]:
    for good, group in groupby(sorted(runs, key=is_good), key=is_good):
        each = list(group)
        first = each[0]
        yield EndedRun(first.run_id, first.spider, first.started, 0 if good else 1, good, _sum(each))


def _sum(runs: Sequence[EndedRun]) -> dict[str, Any]:
    """What the monitors and the search for drift read of an account, of all runs together."""
    sources: dict[str, Counter[str]] = {}
    failed = Counter[str]()
    for run in runs:
        failed.update(run.account.get("causes", {}).get("failed", {}))
        for name, counts in run.account.get("sources", {}).items():
            sources.setdefault(name, Counter()).update(counts)
    return {
        "sources": {name: dict(counts) for name, counts in sources.items()},
        "causes": {"failed": dict(failed)},
        "quarantined": sum(run.account.get("quarantined", 0) for run in runs),
        "accepted": sum(run.account.get("accepted", 0) for run in runs),
        "accepted_at": [[run.started, run.account.get("accepted", 0)] for run in runs],
    }
