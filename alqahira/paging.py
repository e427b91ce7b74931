"""When paging through a listing ends. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from datetime import date

from alqahira.dates import cairo_day
from alqahira.ledger import Link


@dataclass
class Trail:
    """What one listing has shown so far, page by page.

    Both ends of a search are a row of articles, never a single one: a story pinned to the top is older
    than, and known before, all that follows it.
    """

    pages: int = 0
    _keys: set[str] = field(default_factory=set)
    _news_on_page: int = 0
    _known_row: int = 0
    _dated: list[date | None] = field(default_factory=list)

    def add(self, links: Iterable[Link], settled: Container[str]) -> None:
        """Take note of one page: its cards in the order they stand, and which of them earlier runs have settled."""
        self.pages += 1
        self._news_on_page = 0
        self._dated = []
        for link in links:
            self._dated.append(cairo_day(link.date) if link.date else None)
            self._known_row = self._known_row + 1 if link.key in settled else 0
            if link.key not in self._keys:
                self._keys.add(link.key)
                self._news_on_page += 1

    def why_stop(self, *, overlap: int, max_pages: int, since: date | None) -> str | None:
        """`bound`, `repeats`, `since` or `overlap`; None where the next page is wanted."""
        if self.pages >= max_pages:
            return "bound"
        if not self._news_on_page:
            return "repeats"
        if since is None:
            return "overlap" if self._known_row >= overlap else None
        last = self._dated[-overlap:]
        older = [day is not None and day < since for day in last]
        return "since" if older and all(older) else None
