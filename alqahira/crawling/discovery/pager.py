"""How the next page of a listing is requested, and whether an answer is that page."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import quote, unquote, urlencode, urlsplit

from scrapy import Request

from alqahira import site
from alqahira.crawling.discovery.paging import PaginationState
from alqahira.extraction.listing import Listing
from alqahira.extraction.load_more import LearnedRequest


class PagingMethod(StrEnum):
    """How the next page of a listing is requested, the cheapest first."""

    LINK = "link"  # rel=next
    QUERY = "query"  # ?page=N
    NEXT_DATA = "next_data"  # /_next/data/<build>/<locale>/….json
    LEARNED = "learned"  # what one press of the load-more control requests, learned in a browser


@dataclass
class Pager:
    """One listing: its first page, how far it has been read, and the paging methods that are left to try."""

    url: str
    first: Listing = field(default_factory=Listing)
    state: PaginationState = field(default_factory=PaginationState)
    method: PagingMethod | None = None  # has given a page of this listing
    untried: list[PagingMethod] = field(
        default_factory=lambda: [PagingMethod.QUERY, PagingMethod.NEXT_DATA, PagingMethod.LEARNED]
    )
    is_refreshed: bool = False  # its first page was requested again for the site's new build
    knows_its_end: bool = True  # its last page shows whether another one follows

    @property
    def kind(self) -> str:
        """`category`, `tag` or `kicker`: the site may page each by another method."""
        return urlsplit(self.url).path.strip("/").partition("/")[0]

    @property
    def slug(self) -> str:
        return unquote(urlsplit(self.url).path).strip("/").partition("/")[2]

    def next_method(self, preferred: PagingMethod | None) -> PagingMethod | None:
        """Remove and return an untried method, the preferred one first; None if none is left."""
        self.untried.sort(key=lambda method: method is not preferred)  # stable
        return self.untried.pop(0) if self.untried else None

    def is_page(self, listing: Listing, number: int) -> bool:
        """Whether an answer is that page of this listing, not the first one again or an empty one.

        Two pages may share a few articles: those of carousels, and those that newer ones pushed down.
        """
        current, begin = listing.info.current_page, self.first.info.current_page
        # Pages may count from 0, or the number may always be that of the first page.
        if current not in (None, number, begin, (begin or 0) + number - 1):
            return False
        first, shown = {card.key for card in self.first.cards}, {card.key for card in listing.cards}
        max_shared = 0.9 if current == number else 0.5
        return bool(shown - first) and len(shown & first) < max_shared * len(first)

    def extent(self) -> str:
        """The size that the listing states, such as " of 710 (28391 posts)"; empty if it states none."""
        info = self.first.info
        return f" of {info.total_pages} ({info.total_items} posts)" if info.total_pages else ""


def page_request(
    pager: Pager, method: PagingMethod, number: int, *, root: str, learned: LearnedRequest | None
) -> Request | None:
    """The request for a page (from 2) by one method, without callbacks; None if this listing lacks the method."""
    match method:
        case PagingMethod.QUERY:
            return Request(f"{pager.url}?{urlencode({site.PAGE_QUERY.value: number})}")
        case PagingMethod.NEXT_DATA if pager.first.build:
            locale, path = pager.first.locale or site.LOCALES.value[0], urlsplit(pager.url).path
            data = site.NEXT_DATA_URL.value.format(build=quote(pager.first.build), locale=locale, path=path)
            query = urlencode({"slug": pager.slug, site.PAGE_QUERY.value: number}, quote_via=quote)
            return Request(f"{root}{data}?{query}")
        case PagingMethod.LEARNED if learned is not None and learned.serves(pager.slug, pager.first.number):
            verb, url, headers, body = learned.for_page(number, listing_slug=pager.slug, listing_id=pager.first.number)
            return Request(url, method=verb, headers=headers, body=body or "")
    return None
