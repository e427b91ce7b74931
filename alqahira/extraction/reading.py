"""What is known of a page before it is read, and what reading it gave. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import NamedTuple

from alqahira.article import Article
from alqahira.extraction import urls

CHECK_SHARE = 0.02  # of the pages read by page data


@dataclass(frozen=True, slots=True)
class Hints:
    """A page's headline, dates and category, from a listing's card and a sitemap's entry."""

    listing_headline: str | None = None
    listing_date: datetime | None = None
    sitemap_date: datetime | None = None
    section: str | None = None  # the category whose listing shows it

    def merged_with(self, other: Hints) -> Hints:
        """Both together; where both have a value, this one's."""
        return Hints(
            self.listing_headline or other.listing_headline,
            self.listing_date or other.listing_date,
            self.sitemap_date or other.sitemap_date,
            self.section or other.section,
        )


class Disagreement(NamedTuple):
    """Two sources with different values of a field; the record has that of `kept`."""

    field: str
    kept: str
    other: str


@dataclass(slots=True)
class Reading:
    """A page as read: the article, or the cause why there is none; the source of each field.

    `kind`: one of `site.OTHER_KINDS` where the page is of another kind than an article.
    """

    article: Article | None = None
    kind: str | None = None
    cause: str | None = None
    number: str | None = None  # of the story in page data
    address_number: str | None = None  # of the article that the page names by its canonical link or og:url
    sources: dict[str, str] = field(default_factory=dict)
    disagreements: list[Disagreement] = field(default_factory=list)
    drift: list[str] = field(default_factory=list)  # the fields that reading by page data alone would give otherwise

    def is_of(self, asked: str, final: str) -> bool:
        """Whether a page is of the article whose address was asked for; `final`: where redirects led.

        Another address counts only if the page itself names it: then it is the article's new home. Page data,
        canonical link and og:url may not name a third one.
        """
        number, wanted = urls.article_number(final), urls.article_number(asked)
        named = {self.number, self.address_number} - {None}
        return named <= {number} and (wanted in (None, number) or self.address_number == number)

    def differences(self, other: Reading) -> list[str]:
        """The names of the article's fields, and of this reading's, in which another reading of the page differs."""
        names = ("kind", "cause", "number", "address_number")
        different = [name for name in names if getattr(self, name) != getattr(other, name)]
        if self.article is None or other.article is None:
            return different if self.article == other.article else [*different, "article"]
        pairs = (
            (each.name, getattr(self.article, each.name), getattr(other.article, each.name)) for each in fields(Article)
        )
        return different + [name for name, a, b in pairs if a != b]
