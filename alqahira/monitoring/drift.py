"""Drift: since when a field of the record comes from another source than it used to. Pure.

A redesign of the site seldom breaks a crawl outright: the known markup is gone, another source takes over, and the
records still look right. Each run counts from which source each field came (`RunStats.sources`); here those counts are
compared over a section's runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

# field -> source -> articles; `none` counts those without the field.
Sources = Mapping[str, Mapping[str, int]]

# Fewest articles that are compared, of one run or of several in a row.
_FEWEST = 10
# A source has lost a field where its share fell by so much,
_LOST_SHARE = 0.3
# and by so many standard errors of the difference of the two shares.
_STANDARD_ERRORS = 4.0


@dataclass(frozen=True, slots=True)
class Drift:
    """A field that left a source. Shares are of articles, 0 to 1; `since` is the start of the first run it shows in."""

    field: str
    was: str
    became: str
    share_before: float
    share_now: float
    since: str

    def __str__(self) -> str:
        return (
            f"{self.field} comes from {self.became} instead of {self.was} since {self.since}: "
            f"{self.was} gave {self.share_before:.0%} of the articles before and {self.share_now:.0%} now"
        )


def find_drift(runs: Sequence[tuple[str, Sources]]) -> list[Drift]:
    """The drift that the last of a section's runs shows against those before it; at most one a field.

    `runs` are (start as RFC 3339, sources) in the order they began, the run in question last. Where that run has
    few articles its last predecessors are counted with it; where nothing came before, there is no drift.
    """
    fields = dict.fromkeys(field for _, sources in runs for field in sources)
    return [drift for field in fields if (drift := _drift_of(field, runs)) is not None]


def _drift_of(field: str, runs: Sequence[tuple[str, Sources]]) -> Drift | None:
    every_source = dict.fromkeys(source for _, sources in runs for source in sources.get(field, ()))
    if not runs[-1][1].get(field) or len(every_source) < 2:
        return None  # a run that read nothing shows nothing
    windows = _windows(field, runs)
    if len(windows) < 2:
        return None
    *past, (_, now) = windows
    candidates = []
    for source in every_source:
        # The last window before the source's share fell, if it did.
        last = max((n for n, (_, counts) in enumerate(past) if _has_left(source, counts, now)), default=-1)
        before = sum((counts for _, counts in past[: last + 1]), Counter[str]())
        if before and _has_left(source, before, now):
            became = max(now, key=lambda other: _share(other, now) - _share(other, before))
            shares = _share(source, before), _share(source, now)
            candidates.append(Drift(field, source, became, *shares, since=windows[last + 1][0]))
    return max(candidates, key=lambda drift: drift.share_before - drift.share_now, default=None)


def _windows(field: str, runs: Sequence[tuple[str, Sources]]) -> list[tuple[str, Counter[str]]]:
    """The runs' counts of a field, in groups of enough articles, filled from the newest run backwards."""
    windows = []
    counts, articles = Counter[str](), 0
    for started, sources in reversed(runs):
        for source, n in sources.get(field, {}).items():
            counts[source] += n
            articles += n
        if articles >= _FEWEST:
            windows.append((started, counts))
            counts, articles = Counter(), 0
    return windows[::-1]


def _has_left(source: str, before: Counter[str], now: Counter[str]) -> bool:
    a, b = _share(source, before), _share(source, now)
    if a - b < _LOST_SHARE:
        return False
    pooled = (before[source] + now[source]) / (before.total() + now.total())
    error = sqrt(pooled * (1 - pooled) * (1 / before.total() + 1 / now.total()))
    return a - b >= _STANDARD_ERRORS * error


def _share(source: str, counts: Counter[str]) -> float:
    return counts[source] / counts.total()
