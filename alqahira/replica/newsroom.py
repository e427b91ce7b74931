"""All the articles a replica holds, written and generated: by number, by listing, by month, newest first.

Generated articles are known here by number, time and listing alone; their texts are made when a page asks.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from alqahira import site
from alqahira.replica.article import ReplicaArticle
from alqahira.replica.corpus import load_corpus, load_revision
from alqahira.replica.desks import KICKER_NAMES, kickers
from alqahira.replica.generator import FIRST_NUMBER, PUBLISHED_LATER, Generator, Outline
from alqahira.replica.options import CAIRO, ReplicaOptions
from alqahira.replica.printed_dates import print_date

_RELATED = 2  # stories named below an article
_NEAR = 8  # so far they are looked for
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
        self.views: Counter[int] = Counter()  # how often each article's page was made
        self._generated = lru_cache(maxsize=1024)(self._generator.article)
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

    def is_withdrawn(self, number: int) -> bool:
        return number in self._withdrawn

    def listing(self, kind: str, slug: str) -> Sequence[int] | None:
        """Numbers of a listing's posts, newest first, a pinned one on top; None where there is no such listing.

        `kind` is `home`, `category`, `kicker` or `tag`.
        """
        numbers = self._listings.get((kind, slug.strip()))
        if numbers is None:
            known = {"category": site.CATEGORIES.value, "kicker": KICKER_NAMES, "home": {"": ""}}
            return () if slug in known.get(kind, ()) else None
        pinned = self.options.pinned
        if pinned is None or self.article(pinned) is None:
            return numbers
        return [pinned, *(number for number in numbers if number != pinned)]

    def carousel(self, kind: str, slug: str, shown: str) -> Sequence[int]:
        """Numbers of a listing's infographics, albums or videos: the pinned ones, then the newest."""
        return self._carousels.get((kind, slug.strip(), shown), ())

    def related(self, article: ReplicaArticle) -> list[ReplicaArticle]:
        """The stories that stand below an article: two posts published before it, if there are any."""
        if article.number >= FIRST_NUMBER:
            near: Sequence[int] = range(article.number + 1, article.number + _NEAR)
        else:
            place = self._written_order.index(article.number) if article.number in self._written_order else 0
            near = self._written_order[place + 1 : place + _NEAR] or self._written_order[:_NEAR]
        found: list[ReplicaArticle] = []
        for number in near:
            other = self.article(number)
            if other and other.kind == "post" and other.headline and other.number != article.number:
                found.append(other)
            if len(found) == _RELATED:
                break
        return found

    def listings(self) -> Sequence[tuple[str, str]]:
        return list(self._listings)

    def months(self) -> Mapping[str, Sequence[int]]:
        """`YYYY-MM` (Cairo) to numbers, newest first."""
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
        first = max(PUBLISHED_LATER, max(self._written) + 1)
        now = self.now().replace(microsecond=0)
        printed = print_date("egyptian", now.astimezone(CAIRO))
        made = (self._generator.article(number) for number in range(first, first + count))
        added = [replace(article, listed=now, visible_date=printed) for article in made]
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
        outlines = [Outline(a.listed, a.number, a.category, a.tags, a.kind) for a in self._written.values()]
        outlines += (self._generator.outline(number) for number in generated if number not in self._written)
        outlines.sort(reverse=True)
        self._all: list[int] = []
        self._written_order = [n for _, n, *_ in outlines if n < FIRST_NUMBER and n not in self._withdrawn]
        listings: dict[tuple[str, str], list[int]] = defaultdict(list)
        carousels: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        months: dict[str, list[int]] = defaultdict(list)
        for listed, number, category, tags, kind in outlines:
            if number in self._withdrawn:
                continue
            self._all.append(number)
            months[f"{listed.astimezone(CAIRO):%Y-%m}"].append(number)
            places = _places(category, tags)
            if kind != "post":
                for place in places:
                    carousels[(*place, kind)].append(number)
            if kind == "post" or self.options.mixed_kinds:
                for place in places:
                    listings[place].append(number)
        pinned = {number for number, article in self._written.items() if article.is_pinned}
        for numbers in carousels.values():
            numbers.sort(key=lambda number: number not in pinned)  # stable: the newest first otherwise
        self._listings, self._carousels, self._months = dict(listings), dict(carousels), dict(months)


@lru_cache(maxsize=1 << 16)
def _places(category: str, tags: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The listings that an article stands in, by kind and slug."""
    by_kicker = (("kicker", slug) for slug in kickers(tags))
    return ("home", ""), ("category", category), *by_kicker, *(("tag", tag) for tag in tags)
