"""Drift: since when a field of the record comes from another source than it used to. Pure.

A redesign of the site seldom breaks a crawl outright: the known markup falls silent, another source takes
over, and the records go on looking right. Each run counts from which source each field came
(`Account.sources`); here those counts are compared over a section's runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

# field -> source -> articles; `none` counts those without the field.
Sources = Mapping[str, Mapping[str, int]]

# What is judged is at least so many articles, of one run or of its last few together.
_FEWEST = 10
# The share of articles that has left a source before that is called drift…
_LOST_SHARE = 0.3
# …and how far that is from chance, in standard errors of the two shares' difference.
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
    if not runs[-1][1].get(field):
        return None  # a run that read nothing shows nothing
    windows = list(_windows(field, runs))
    if len(windows) < 2:
        return None
    _, now = windows[-1]
    worst: Drift | None = None
    for source in dict.fromkeys(source for _, counts in windows for source in counts):
        # Up to the last window in which the source was still its old self.
        old = next((i for i in reversed(range(len(windows) - 1)) if _has_left(source, windows[i][1], now)), None)
        if old is None:
            continue
        before = sum((counts for _, counts in windows[: old + 1]), Counter[str]())
        if not _has_left(source, before, now):
            continue
        lost = _share(source, before) - _share(source, now)
        if worst is None or lost > worst.share_before - worst.share_now:
            became = max(now, key=lambda other: _share(other, now) - _share(other, before))
            worst = Drift(field, source, became, _share(source, before), _share(source, now), windows[old + 1][0])
    return worst


def _windows(field: str, runs: Sequence[tuple[str, Sources]]) -> Iterator[tuple[str, Counter[str]]]:
    """The runs' counts of a field, in groups of enough articles, filled from the newest run backwards."""
    found = []
    counts, start = Counter[str](), ""
    for started, sources in reversed(runs):
        if not sources.get(field):
            continue
        counts, start = counts + Counter(sources[field]), started
        if counts.total() >= _FEWEST:
            found.append((start, counts))
            counts = Counter()
    return reversed(found)


def _has_left(source: str, before: Counter[str], now: Counter[str]) -> bool:
    a, b = _share(source, before), _share(source, now)
    if a - b < _LOST_SHARE:
        return False
    pooled = (before[source] + now[source]) / (before.total() + now.total())
    error = sqrt(pooled * (1 - pooled) * (1 / before.total() + 1 / now.total()))
    return a - b >= _STANDARD_ERRORS * error


def _share(source: str, counts: Counter[str]) -> float:
    return counts[source] / counts.total()
