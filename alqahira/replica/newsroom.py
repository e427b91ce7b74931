"""All the articles a replica holds, written and generated: by number, by listing, by month, newest first.

Generated articles are known here by number, time and listing alone; their texts are made when a page needs them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice, takewhile
from urllib.parse import quote

from alqahira import site
from alqahira.replica.article import ReplicaArticle
from alqahira.replica.corpus import load_corpus, load_revision
from alqahira.replica.desks import KICKER_NAMES, kickers, printed_category
from alqahira.replica.generator import FIRST_NUMBER, PUBLISHED_LATER, Generator, Outline
from alqahira.replica.options import CAIRO, ReplicaOptions
from alqahira.replica.printed_dates import print_date

CAROUSEL_SIZE = 3
_CAROUSELS = ("video", "infographic", "album")
_RELATED = 2  # stories named below an article
_NEAR = 8  # how many numbers are searched for them
_LATEST = 5  # headlines in the older sidebar
_NEWS_WINDOW = timedelta(hours=48)  # what a news sitemap may hold (Google's rule)


@dataclass(frozen=True, slots=True)
class ListingPage:
    """One page of a listing: its articles and, by kind, the articles of its carousels, each with their total."""

    kind: str
    slug: str
    page: int
    size: int
    articles: Sequence[ReplicaArticle]
    total: int
    carousels: Mapping[str, tuple[Sequence[ReplicaArticle], int]]

    @property
    def has_more(self) -> bool:
        return self.total > self.page * self.size

    @property
    def path(self) -> str:
        return f"/{self.kind}/{quote(self.slug, safe='')}" if self.kind != "home" else "/"

    @property
    def name(self) -> str:
        """As the page prints it, blanks at the edge and all."""
        if self.kind == "category":
            return printed_category(self.slug)
        return KICKER_NAMES.get(self.slug, self.slug) if self.kind == "kicker" else self.slug


class Newsroom:
    """The articles under one set of options, and what was revised, withdrawn or published since the start."""

    def __init__(self, options: ReplicaOptions, *, real_now: datetime | None = None) -> None:
        self.options = options
        self.today, self.started = options.anchor(real_now or datetime.now(UTC))
        self.version = 0  # grows with every change
        self.views: Counter[int] = Counter()  # how often each article's page was made
        self.withdrawn: set[int] = set()
        self.revisions: Counter[int] = Counter()
        self._generator = Generator(self.today)
        self._generated = lru_cache(maxsize=1024)(self._generator.article)
        self._written = {article.number: article for article in load_corpus(self.today, self.started)}
        self._index()

    # --- reading ---

    def article(self, number: int) -> ReplicaArticle | None:
        """The article as it is now; None where there is none (any more)."""
        if number in self.withdrawn:
            return None
        written = self._written.get(number)
        if written is None and FIRST_NUMBER <= number < FIRST_NUMBER + self.options.articles:
            return self._generated(number)
        return written

    def articles(self, numbers: Sequence[int] | None = None) -> Iterator[ReplicaArticle]:
        """Those with these numbers, or all, newest first."""
        for number in self._all if numbers is None else numbers:
            if article := self.article(number):
                yield article

    def listing_page(self, kind: str, slug: str, page: int = 1, size: int | None = None) -> ListingPage | None:
        """A page (from 1) of a listing, empty behind the last; None where there is no such listing.

        `kind` is `home`, `category`, `kicker` or `tag`.
        """
        place, pinned, size = (kind, slug.strip()), self.options.pinned, size or self.options.page_size
        numbers: Sequence[int] | None = self._listings.get(place)
        if numbers is None:
            empty = {"category": site.CATEGORIES.value, "kicker": KICKER_NAMES, "home": {"": ""}}
            if slug not in empty.get(kind, ()):
                return None
            numbers = ()
        elif pinned is not None and self.article(pinned):
            numbers = [pinned, *(number for number in numbers if number != pinned)]
        posts = self.articles(numbers[(page - 1) * size : page * size])
        in_carousels = {kind: self._carousels.get((*place, kind), ()) for kind in _CAROUSELS}
        carousels = {
            kind: (list(self.articles(others[:CAROUSEL_SIZE])), len(others)) for kind, others in in_carousels.items()
        }
        return ListingPage(kind, slug, page, size, list(posts), len(numbers), carousels)

    def related(self, article: ReplicaArticle) -> list[ReplicaArticle]:
        """The stories named below an article: two posts published before it, if there are any."""
        if article.number >= FIRST_NUMBER:
            near: Sequence[int] = range(article.number + 1, article.number + _NEAR)
        else:
            place = self._written_order.index(article.number) if article.number in self._written_order else 0
            near = self._written_order[place + 1 : place + _NEAR] or self._written_order[:_NEAR]
        others = (o for o in self.articles(near) if o.kind == "post" and o.headline and o.number != article.number)
        return list(islice(others, _RELATED))

    def latest(self) -> list[ReplicaArticle]:
        """The articles in the older sidebar."""
        return [article for article in self.articles(self._all[:_LATEST]) if article.headline]

    def news(self) -> list[ReplicaArticle]:
        """The content of a news sitemap: dated articles of the last 48 hours."""
        since = self.now() - _NEWS_WINDOW
        recent = takewhile(lambda article: article.listed >= since, self.articles())
        return [article for article in recent if "sitemap" in article.dates]

    def now(self) -> datetime:
        """The replica's clock: the real one when it is anchored to the present, else the one it started with."""
        real = datetime.now(UTC)
        return real if abs(real - self.started) < timedelta(days=2) else self.started

    # --- changing (only through the control address) ---

    def revise(self, number: int) -> ReplicaArticle | None:
        """The editors change the article now."""
        article = self.article(number)
        if article is None:
            return None
        self.revisions[number] += 1
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

    def withdraw(self, number: int) -> ReplicaArticle | None:
        """The article is taken down: 404 from now on, and gone from every list."""
        article = self.article(number)
        if article:
            self.withdrawn.add(number)
            self._index()
        return article

    def _index(self) -> None:
        self.version += 1
        generated = range(FIRST_NUMBER, FIRST_NUMBER + self.options.articles)
        outlines = [Outline(a.listed, a.number, a.category, a.tags, a.kind) for a in self._written.values()]
        outlines += (self._generator.outline(number) for number in generated if number not in self._written)
        outlines = sorted((o for o in outlines if o.number not in self.withdrawn), reverse=True)
        self._all = [outline.number for outline in outlines]
        self._written_order = [number for number in self._all if number < FIRST_NUMBER]
        self._listings: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._carousels: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        self.months: dict[str, list[int]] = defaultdict(list)  # `YYYY-MM` (Cairo) to numbers, newest first
        for listed, number, category, tags, kind in outlines:
            self.months[f"{listed.astimezone(CAIRO):%Y-%m}"].append(number)
            for place in _places(category, tags):
                if kind != "post":
                    self._carousels[(*place, kind)].append(number)
                if kind == "post" or self.options.mixed_kinds:
                    self._listings[place].append(number)
        pinned = {number for number, article in self._written.items() if article.pinned}
        for numbers in self._carousels.values():
            numbers.sort(key=lambda number: number not in pinned)  # stable: the newest first otherwise


@lru_cache(maxsize=1 << 16)
def _places(category: str, tags: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The listings of an article, by kind and slug."""
    by_kicker = (("kicker", slug) for slug in kickers(tags))
    return ("home", ""), ("category", category), *by_kicker, *(("tag", tag) for tag in tags)
