"""Finds out how to ask for the next page of a listing: tries each way once and checks the answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import quote, unquote, urlencode, urlsplit

from alqahira import site
from alqahira.crawling.discovery import paging
from alqahira.extraction.listing import Listing
from alqahira.extraction.load_more import LearnedRequest


class Way(StrEnum):
    """How the next page of a listing is asked for, the cheapest first."""

    LINK = "link"  # rel=next
    QUERY = "query"  # ?page=N
    NEXT_DATA = "next_data"  # /_next/data/<build>/<locale>/….json
    LEARNED = "learned"  # what one press of the load-more control asks for, learned in a browser


@dataclass
class Pager:
    """One listing: its first page, how far it has been read, and the ways that are left to go on."""

    url: str
    trail: paging.PaginationState = field(default_factory=paging.PaginationState)
    first: Listing = field(default_factory=Listing)
    way: Way | None = None  # that works
    untried: list[Way] = field(default_factory=lambda: [Way.QUERY, Way.NEXT_DATA, Way.LEARNED])
    is_refreshed: bool = False
    says_its_end: bool = True  # its last page says whether there is another
    met_errors: bool = False  # a way met a site in trouble, which says nothing of the way

    @property
    def kind(self) -> str:
        """`category`, `tag` or `kicker`: the site may page each in a way of its own."""
        return urlsplit(self.url).path.strip("/").partition("/")[0]

    @property
    def slug(self) -> str:
        return unquote(urlsplit(self.url).path).strip("/").partition("/")[2]

    def prefer(self, way: Way | None) -> None:
        """Try a way first that has worked for another listing."""
        if way in self.untried:
            self.untried.remove(way)
            self.untried.insert(0, way)

    def is_page(self, listing: Listing, number: int) -> bool:
        """Whether an answer is that page of this listing, and not the first one again or nothing at all.

        Of articles that stand on both pages (carousels, what was pushed on by a newer one) there are few.
        """
        told, begin = listing.info.current_page, self.first.info.current_page
        # Pages may be counted from 0, or the answer's number may say nothing.
        if told not in (None, number, begin, (begin or 0) + number - 1):
            return False
        first, shown = {card.key for card in self.first.cards}, {card.key for card in listing.cards}
        most = 0.9 if told == number else 0.5
        return bool(shown - first) and len(shown & first) < most * len(first)

    def extent(self) -> str:
        """What the listing says of its size: `of 710 (28391 posts)`."""
        info = self.first.info
        return f" of {info.total_pages} ({info.total_items} posts)" if info.total_pages else ""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A request for a page of a listing, in Scrapy's words."""

    url: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None


def page_request(
    pager: Pager, way: Way, number: int, *, root: str, learned: LearnedRequest | None
) -> PageRequest | None:
    """The request for a page (from 2) by one way; None where the way is not open to this listing."""
    path = urlsplit(pager.url).path
    match way:
        case Way.QUERY:
            return PageRequest(f"{pager.url}?{urlencode({site.PAGE_QUERY.value: number})}")
        case Way.NEXT_DATA if pager.first.build:
            locale = pager.first.locale or site.LOCALES.value[0]
            data = site.NEXT_DATA_URL.value.format(build=quote(pager.first.build), locale=locale, path=path)
            query = urlencode({"slug": pager.slug, site.PAGE_QUERY.value: number}, quote_via=quote)
            return PageRequest(f"{root}{data}?{query}")
        case Way.LEARNED if learned is not None and learned.serves(pager.slug, pager.first.number):
            method, url, headers, body = learned.for_page(
                number, listing_slug=pager.slug, listing_id=pager.first.number
            )
            return PageRequest(url, method, tuple(headers.items()), body)
    return None


def ways_left(pager: Pager) -> Iterator[Way]:
    """The untried ways, each taken off the list as it is given."""
    while pager.untried:
        yield pager.untried.pop(0)
