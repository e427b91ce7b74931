"""When paging through a listing ends, and whether its pages join. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from statistics import fmean

from alqahira.ledger.frontier import Link
from alqahira.text.dates import cairo_day

# A step from one page to the next is a gap if it is this many times the mean step between neighbours on a page…
_MEANS = 8.0
# …and this many times the longest such step…
_LONGEST = 2.0
# …and at least this many steps are known; in time it must also be longer than a night without news.
_MIN_STEPS = 8
_MIN_GAP_SECONDS = 6 * 3600.0
# With `since`: a thousand articles in a listing that prints no date.
_MAX_UNDATED_PAGES = 25


@dataclass
class PaginationState:
    """What one listing has shown so far, page by page.

    Paging ends at a row of known or old articles, never at a single one, which may be a pinned story.
    """

    pages: int = 0
    overlaps_known: bool = False  # a page showed an article that earlier runs know
    gap: str = ""  # why articles seem to be missing between the last two pages, in one line
    _keys: set[str] = field(default_factory=set)
    _has_new: bool = False  # the last page showed an article that none before it did
    _processed_in_a_row: int = 0
    _days: list[date | None] = field(default_factory=list)  # of the last page
    _undated_pages: int = 0  # in a row
    _last_page: list[Link] = field(default_factory=list)
    # Steps between neighbours on all pages.
    _seconds: list[float] = field(default_factory=list)
    _numbers: list[float] = field(default_factory=list)

    def add(self, links: Iterable[Link], processed: Container[str], known: Container[str] = ()) -> None:
        """Add the next page: its articles in their order.

        `processed`: keys that the section's last complete run knew. `known`: keys that any earlier run knows.
        """
        self.pages += 1
        page = list(links)
        self.gap = self._gap_before(page)
        self._last_page = page
        keys = [link.key for link in page]
        self._has_new = not self._keys.issuperset(keys)
        self._keys.update(keys)
        self.overlaps_known |= any(key in processed or key in known for key in keys)
        for key in keys:
            self._processed_in_a_row = self._processed_in_a_row + 1 if key in processed else 0
        self._days = [cairo_day(link.date) if link.date else None for link in page]
        self._undated_pages = 0 if any(self._days) else self._undated_pages + 1

    def stop_reason(self, *, overlap: int, max_pages: int, since: date | None) -> str | None:
        """`bound`, `repeats`, `since`, `undated` or `overlap`; None to go on."""
        if self.pages >= max_pages:
            return "bound"
        if not self._has_new:
            return "repeats"
        if since is None:
            return "overlap" if self._processed_in_a_row >= overlap else None
        last = self._days[-overlap:]
        if last and all(day is not None and day < since for day in last):
            return "since"
        return "undated" if self._undated_pages >= _MAX_UNDATED_PAGES else None

    def _gap_before(self, page: list[Link]) -> str:
        """Why articles seem to be missing between the last page and this one; empty if none do.

        A listing that grows between two requests repeats articles; a lost or stale page makes a large step.
        """
        before = self._last_page
        self._seconds += _steps_down(_timestamps(page))
        self._numbers += _steps_down(_article_numbers(page))
        # Without the first: a pinned story is first on every page and joins nothing.
        if not before or not {link.key for link in page}.isdisjoint(link.key for link in before[1:]):
            return ""
        new = [link for link in page if link.key not in self._keys]
        between = f"lie between pages {self.pages - 1} and {self.pages}"
        if step := _outlier_step(_timestamps(before), _timestamps(new), self._seconds, least=_MIN_GAP_SECONDS):
            return f"{step / 3600:.1f} hours {between}"
        # Numbers that count down are independent of nights and quiet days.
        above, below = _article_numbers(before), _article_numbers(new)
        count_down = all(numbers == sorted(numbers, reverse=True) for numbers in (above, below))
        if count_down and (step := _outlier_step(above, below, self._numbers, least=2)):
            return f"{step:.0f} article numbers {between}"
        return ""


def _timestamps(links: Iterable[Link]) -> list[float]:
    return [link.date.timestamp() for link in links if link.date is not None]


def _article_numbers(links: Iterable[Link]) -> list[float]:
    return [float(link.key) for link in links if link.key.isdecimal()]


def _steps_down(values: Sequence[float]) -> list[float]:
    """The steps down a page; a step up is a pinned story or a correction."""
    return [above - below for above, below in pairwise(values) if above >= below]


def _outlier_step(before: Sequence[float], after: Sequence[float], steps: Sequence[float], *, least: float) -> float:
    """The step between two pages if it is far larger than the steps on them, else 0."""
    if not before or not after or len(steps) < _MIN_STEPS:
        return 0.0
    step = before[-1] - after[0]
    return step if step > max(_MEANS * fmean(steps), _LONGEST * max(steps), least) else 0.0
