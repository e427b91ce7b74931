"""When paging through a listing ends, and whether its pages join. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from statistics import fmean

from alqahira.ledger.frontier import Link
from alqahira.text.dates import cairo_day

# A step from one page to the next is a gap when it is so many times the mean step between neighbours on a page…
_MEANS = 8.0
# …so many times the longest such step…
_LONGEST = 2.0
# …known from at least so many steps; and, of time, when it is at least so long: a night without news is none.
_FEWEST_STEPS = 8
_SHORTEST_GAP = 6 * 3600.0
# With `since`, pages of a listing that prints no date: a thousand articles, of which nobody knows how old they are.
_MOST_UNDATED = 25


@dataclass
class PaginationState:
    """What one listing has shown so far, page by page.

    Both ends of a search are a row of articles, never a single one: a story pinned to the top is older
    than, and known before, all that follows it.
    """

    pages: int = 0
    _keys: set[str] = field(default_factory=set)
    _news_on_page: int = 0
    _known_row: int = 0
    _dated: list[date | None] = field(default_factory=list)
    overlaps_known: bool = False  # whether an article that earlier runs have settled stood on a page
    gap: str = ""  # what is wrong between the last two pages, in one line
    _last_page: list[Link] = field(default_factory=list)
    _undated: int = 0  # pages in a row without a date
    _times: list[float] = field(default_factory=list)  # steps between neighbours so far, in seconds
    _numbers: list[float] = field(default_factory=list)  # the same, in article numbers

    def add(self, links: Iterable[Link], settled: Container[str], known: Container[str] = ()) -> None:
        """Take note of one page: its cards in the order they stand, and how earlier runs know them.

        `settled`: a complete run has dealt with them; `known`: some run has.
        """
        self.pages += 1
        self._news_on_page = 0
        self._dated = []
        links = list(links)
        self.gap = self._gap_before(links)
        for link in links:
            self.overlaps_known |= link.key in settled or link.key in known
            self._dated.append(cairo_day(link.date) if link.date else None)
            self._known_row = self._known_row + 1 if link.key in settled else 0
            if link.key not in self._keys:
                self._keys.add(link.key)
                self._news_on_page += 1
        self._undated = 0 if any(self._dated) else self._undated + 1

    def stop_reason(self, *, overlap: int, max_pages: int, since: date | None) -> str | None:
        """`bound`, `repeats`, `since`, `undated` or `overlap`; None where the next page is wanted."""
        if self.pages >= max_pages:
            return "bound"
        if not self._news_on_page:
            return "repeats"
        if since is None:
            return "overlap" if self._known_row >= overlap else None
        last = self._dated[-overlap:]
        older = [day is not None and day < since for day in last]
        if older and all(older):
            return "since"
        return "undated" if self._undated >= _MOST_UNDATED else None

    def _gap_before(self, links: list[Link]) -> str:
        """Why articles seem to be missing between the page before and this one; empty where none do.

        Offset paging repeats cards when something was published between two requests, and skips some when a page
        in between was lost or stale. A listing that grows never shows that; its steps do: a skipped page is a step
        of many articles.
        """
        before, self._last_page = self._last_page, links
        _add_steps(self._times, _seconds(links))
        _add_steps(self._numbers, _article_numbers(links))
        shown = {link.key for link in links}
        # A pinned story stands first on every page and joins nothing.
        if not before or any(link.key in shown for link in before[1:]):
            return ""
        fresh = [link for link in links if link.key not in self._keys]
        if gap := _outlier_step(_seconds(before), _seconds(fresh), self._times, least=_SHORTEST_GAP):
            return f"{gap / 3600:.1f} hours lie between pages {self.pages - 1} and {self.pages}"
        # Numbers say it where the site counts its articles up: no night and no quiet day disturbs them.
        if all(_descends(_article_numbers(page)) for page in (before, fresh)) and (
            gap := _outlier_step(_article_numbers(before), _article_numbers(fresh), self._numbers, least=2)
        ):
            return f"{gap:.0f} article numbers lie between pages {self.pages - 1} and {self.pages}"
        return ""


def _seconds(links: Iterable[Link]) -> list[float]:
    return [link.date.timestamp() for link in links if link.date is not None]


def _article_numbers(links: Iterable[Link]) -> list[float]:
    return [float(link.key) for link in links if link.key.isdecimal()]


def _descends(values: Sequence[float]) -> bool:
    return all(above > below for above, below in pairwise(values))


def _add_steps(steps: list[float], values: Sequence[float]) -> None:
    """The steps down a page; a step up is a pinned story or a correction, and says nothing."""
    steps += [above - below for above, below in pairwise(values) if above >= below]


def _outlier_step(before: Sequence[float], after: Sequence[float], steps: Sequence[float], *, least: float) -> float:
    """The step between two pages where it is out of all proportion to the steps on them, else 0."""
    if not before or not after or len(steps) < _FEWEST_STEPS:
        return 0.0
    jump = before[-1] - after[0]
    usual = max(_MEANS * fmean(steps), _LONGEST * max(steps), least)
    return jump if jump > usual else 0.0
