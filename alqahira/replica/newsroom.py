"""All the articles a replica holds, written and generated: by number, by listing, by month, newest first.

Generated articles are known here by number, time and listing alone; their texts are made when a page asks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from alqahira import site
from alqahira.replica.corpus import ReplicaArticle, load_corpus, load_revision
from alqahira.replica.generator import FIRST_NUMBER, Generator
from alqahira.replica.options import CAIRO, ReplicaOptions

_PUBLISHED_LATER = 900_001  # numbers of the articles that `publish` adds
_NEWS_WINDOW = timedelta(hours=48)  # what a news sitemap may hold (Google's rule)


class Newsroom:
    """The articles under one set of options, and what was revised, withdrawn or published since the start."""

    def __init__(self, options: ReplicaOptions, *, real_now: datetime | None = None) -> None:
        self.options = options
        self.today, self.started = options.anchor(real_now or datetime.now(UTC))
        self.version = 0  # grows with every change, so that caches know
        self._generator = Generator(self.today)
        self._written = {article.number: article for article in load_corpus(self.today, self.started)}
        self._revisions: dict[int, int] = {}
        self._withdrawn: set[int] = set()
        self._generated = lru_cache(maxsize=256)(self._generator.article)
        self._index()

    # --- reading ---

    def article(self, number: int) -> ReplicaArticle | None:
        """The article as it stands now; None where there is none (any more)."""
        if number in self._withdrawn:
            return None
        written = self._written.get(number)
        if written is None and FIRST_NUMBER <= number < FIRST_NUMBER + self.options.articles:
            return self._generated(number)
        return written

    def revision(self, number: int) -> int:
        return 1 + self._revisions.get(number, 0)

    def numbers(self) -> Sequence[int]:
        """Every article, newest first."""
        return self._all

    def articles(self) -> Iterator[ReplicaArticle]:
        for number in self._all:
            article = self.article(number)
            assert article is not None
            yield article

    def listing(self, kind: str, slug: str) -> Sequence[int] | None:
        """Numbers of a `category` or `tag`, newest first, a pinned article on top; None where there is no such one."""
        numbers = self._listings.get((kind, slug))
        if numbers is None:
            return () if kind == "category" and slug in site.CATEGORIES.value else None
        pinned = self.options.pinned
        if pinned is None or self.article(pinned) is None:
            return numbers
        return [pinned, *(number for number in numbers if number != pinned)]

    def listings(self) -> Sequence[tuple[str, str]]:
        return list(self._listings)

    def months(self) -> Mapping[str, Sequence[int]]:
        """«YYYY-MM» (Cairo) to numbers, newest first."""
        return self._months

    def news(self, now: datetime) -> list[ReplicaArticle]:
        """What a news sitemap holds at `now`: dated articles of the last 48 hours."""
        found = []
        for article in self.articles():
            if article.listed < now - _NEWS_WINDOW:
                break
            if "sitemap" in article.dates:
                found.append(article)
        return found

    def now(self) -> datetime:
        """The replica's clock: the real one when it is anchored to the present, else the one it started with."""
        real = datetime.now(UTC)
        return real if abs(real - self.started) < timedelta(days=2) else self.started

    # --- changing (only through the control address) --------------------------------------------

    def revise(self, number: int) -> ReplicaArticle | None:
        """The editors change the article now."""
        article = self.article(number)
        if article is None:
            return None
        self._revisions[number] = self._revisions.get(number, 0) + 1
        self._written[number] = load_revision(article, self.now())
        self.version += 1
        return self._written[number]

    def publish(self, count: int) -> list[ReplicaArticle]:
        """`count` new articles appear now, on top of their listings."""
        first = max(_PUBLISHED_LATER, max(self._written) + 1)
        added = [
            replace(self._generator.article(number), listed=self.now().replace(microsecond=0), visible_date=None)
            for number in range(first, first + count)
        ]
        added = [replace(a, dates=a.dates - {"visible"}) for a in added]
        self._written |= {article.number: article for article in added}
        self._index()
        return added

    def withdraw(self, number: int) -> bool:
        """The article is taken down: 404 from now on, and gone from every list."""
        if self.article(number) is None:
            return False
        self._withdrawn.add(number)
        self._index()
        return True

    def _index(self) -> None:
        self.version += 1
        generated = range(FIRST_NUMBER, FIRST_NUMBER + self.options.articles)
        outlines = [(a.listed, a.number, a.category, a.tags) for a in self._written.values()]
        outlines += (self._generator.outline(number) for number in generated if number not in self._written)
        outlines.sort(reverse=True)
        self._all: list[int] = []
        listings: dict[tuple[str, str], list[int]] = defaultdict(list)
        months: dict[str, list[int]] = defaultdict(list)
        for listed, number, category, tags in outlines:
            if number in self._withdrawn:
                continue
            self._all.append(number)
            listings["category", category].append(number)
            for tag in tags:
                listings["tag", tag].append(number)
            months[f"{listed.astimezone(CAIRO):%Y-%m}"].append(number)
        self._listings, self._months = dict(listings), dict(months)
