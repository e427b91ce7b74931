"""The history of each monitor as a sparkline: what it watches in each run, and where it failed. Pure.

An account has the figures of most monitors (`rules.py`); of the others it has only whether they failed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alqahira.ledger.same_article import SAME_TEXT
from alqahira.monitoring.causes import GIVEN_UP, ROBOTS, ROBOTS_UNREACHABLE
from alqahira.monitoring.rules import MONITORS

Account = Mapping[str, Any]

RUNS_SHOWN = 60
WIDTH, HEIGHT = 240, 36  # pixels
_MARGIN = 4


@dataclass(frozen=True, slots=True)
class Sparkline:
    """One monitor in the runs of one section, the oldest first. Time runs from the right, as the text does.

    `values` is None where a run has no such figure. `points`: of the line, in pieces without gaps. `failures`: where a
    run failed the monitor. `failed`: how many did.
    """

    monitor: str
    values: Sequence[float | None]
    is_share: bool
    points: Sequence[Sequence[tuple[float, float]]]
    failures: Sequence[tuple[float, float]]

    @property
    def failed(self) -> int:
        return len(self.failures)

    @property
    def last(self) -> float | None:
        """The newest figure there is."""
        return next((value for value in reversed(self.values) if value is not None), None)


def sparklines(runs: Sequence[Mapping[str, Any]]) -> dict[str, list[Sparkline]]:
    """By section one sparkline for each monitor. `runs`: as `queries.runs` gives them, the newest first."""
    by_section: dict[str, list[Mapping[str, Any]]] = {}
    for run in runs:
        ended = by_section.setdefault(run["spider"], [])
        if run["account"] and len(ended) < RUNS_SHOWN:
            ended.append(run)
    names = [monitor.__name__ for monitor in MONITORS]
    return {
        section: [_sparkline(name, [run["account"] for run in reversed(ended)]) for name in names]
        for section, ended in by_section.items()
        if ended
    }


def _sparkline(monitor: str, accounts: Sequence[Account]) -> Sparkline:
    figure, is_share = _FIGURES.get(monitor, (None, False))
    failed = [monitor in account.get("monitors_failed", ()) for account in accounts]
    values = [figure(account) for account in accounts] if figure else [float(n) for n in failed]
    known = [value for value in values if value is not None]
    top = 1.0 if is_share else max([1.0, *known])
    step = (WIDTH - 2 * _MARGIN) / max(1, len(accounts) - 1)
    places = [(round(WIDTH - _MARGIN - n * step, 1), _height(value, top)) for n, value in enumerate(values)]
    pieces: list[list[tuple[float, float]]] = [[]]
    for place, value in zip(places, values, strict=True):
        if value is not None:
            pieces[-1].append(place)
        elif pieces[-1]:
            pieces.append([])
    marks = [place for place, is_failed in zip(places, failed, strict=True) if is_failed]
    return Sparkline(monitor, values, is_share, [piece for piece in pieces if piece], marks)


def _height(value: float | None, top: float) -> float:
    return round(HEIGHT - _MARGIN - (value or 0) / top * (HEIGHT - 2 * _MARGIN), 1)


# --- the figure of each monitor -------------------------------------------------------------------


def _share(part: float, whole: float) -> float | None:
    return min(1.0, part / whole) if whole else None


def _causes(account: Account, *outcomes: str) -> int:
    return sum(sum(account.get("causes", {}).get(outcome, {}).values()) for outcome in outcomes)


def _coverage(field: str, *causes: str) -> Callable[[Account], float | None]:
    """The share of the pages read that have the field, as `rules` counts it."""

    def share(account: Account) -> float | None:
        sources, failed = account.get("sources", {}), account.get("causes", {}).get("failed", {})
        read = sum(sources.get("headline", {}).values())
        bad = sum(failed.get(cause, 0) for cause in causes) if field else _causes(account, "failed", "quarantined")
        return _share(read - sources.get(field, {}).get("none", 0), read + bad)

    return share


def _answered(account: Account) -> float | None:
    listings = account.get("listings", {})
    return _share(listings.get("answered", 0), listings.get("asked", 0))


def _failed(account: Account) -> float | None:
    return _share(_causes(account, "failed", "quarantined"), account.get("discovered", 0))


def _same_text(account: Account) -> float:
    causes = account.get("causes", {})
    return float(sum(causes.get(outcome, {}).get(SAME_TEXT, 0) for outcome in ("quarantined", "failed")))


def _refused(account: Account) -> float | None:
    counts = (account.get("listings", {}), account.get("causes", {}).get("failed", {}))
    refused = sum(each.get(cause, 0) for each in counts for cause in (ROBOTS, ROBOTS_UNREACHABLE))
    return _share(refused, account.get("listings", {}).get("asked", 0) + account.get("discovered", 0))


# By monitor: its figure, and whether that is a share.
_FIGURES: dict[str, tuple[Callable[[Account], float | None], bool]] = {
    "listings_answered": (_answered, True),
    "failed_articles": (_failed, True),
    "repeated_text": (_same_text, False),
    "lost_pages": (lambda account: float(account.get("notes", {}).get(GIVEN_UP, 0)), False),
    "listing_gaps": (lambda account: float(account.get("notes", {}).get("listing_gap", 0)), False),
    "listing_depth": (lambda account: float(len(account.get("first_page_only") or ())), False),
    "article_coverage": (_coverage(""), True),
    "body_coverage": (_coverage("article_body", "no_body", "empty_shell"), True),
    "date_coverage": (_coverage("date_published"), True),
    "weekday_volume": (lambda account: float(account.get("accepted", 0)), False),
    "source_drift": (lambda account: float(len(account.get("drift", ()))), False),
    "robots_refusals": (_refused, True),
}
