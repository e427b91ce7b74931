"""Listing pages: the articles that one lists, how many more there are, and where it leads. Pure.

The articles are those in page data, else those of the known cards, else every article link outside navigation.
Carousels, related stories and featured categories are not part of a listing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from alqahira import site
from alqahira.extraction import urls
from alqahira.extraction.decoding import decode
from alqahira.extraction.sources import LARGEST_PAGE, Document, TooLarge
from alqahira.extraction.sources.nextjs import data_of
from alqahira.extraction.sources.site_markup import select, text_of
from alqahira.extraction.sources.values import exact_date, moment, objects, read_json, string, value_at
from alqahira.text.dates import parse_date
from alqahira.text.mojibake import mend_page
from alqahira.text.normalization import fold_text

_FEED_TYPES = ("application/rss+xml", "application/atom+xml")
_ASIDE = frozenset({"nav", "footer", "aside", "header"})
# Page data of stories beside a listing.
_RELATED = frozenset({"related_posts", "relatedPosts", "related"})
_MAX_POSTS = 1_000
_MOST_DATES = 20  # of one card
_Posts = tuple[dict[str, Any], list[dict[str, Any]]]  # the object that holds a list of posts, and the list


@dataclass(frozen=True, slots=True)
class Card:
    """One article as a listing shows it; `key` is `urls.article_id`, `kind` one of `site.OTHER_KINDS` or `post`."""

    url: str
    key: str
    headline: str | None = None
    date: datetime | None = None
    kind: str | None = None
    is_pinned: bool = False


@dataclass(frozen=True, slots=True)
class PageInfo:
    """This page's number, how many there are, and how many posts they have together; None if not given."""

    current_page: int | None = None
    total_pages: int | None = None
    total_items: int | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a listing, with its cards in order, each article once.

    `others`: infographics, albums and videos beside the listing. `build` and `locale` are those of Next.js, `number` is
    the category's id, `section` its name. `is_data`: the response was JSON, not HTML. `is_too_large`: larger than any
    page of the site could be, and not read.
    """

    cards: list[Card] = field(default_factory=list)
    others: list[Card] = field(default_factory=list)
    info: PageInfo = field(default_factory=PageInfo)
    build: str | None = None
    locale: str | None = None
    number: int | None = None
    section: str | None = None
    next_urls: list[str] = field(default_factory=list)
    feed_urls: list[str] = field(default_factory=list)
    has_load_more: bool = False
    is_data: bool = False
    is_too_large: bool = False

    @property
    def has_more(self) -> bool | None:
        """Whether there is another page after this one; None if unknown."""
        if self.info.current_page is not None and self.info.total_pages is not None:
            return self.info.current_page < self.info.total_pages
        return None if self.is_data else self.has_load_more or bool(self.next_urls)


def read_listing(body: str | bytes, url: str, *, root: str, now: datetime, content_type: str | None = None) -> Listing:
    """A page of a listing: HTML, or the JSON that the site's script requests.

    `content_type`: the response's header, which may name the encoding of bytes. Only addresses on the host of `root`
    are read. Never raises, whatever the page holds.
    """
    if len(body) > LARGEST_PAGE:
        return Listing(is_too_large=True)
    text = mend_page(body) if isinstance(body, str) else decode(body, content_type)
    is_data, page = text.lstrip("\ufeff \t\r\n")[:1] in ("{", "["), Document(text, url, now)
    try:
        data = _from_data([read_json(text)] if is_data else data_of(page), url, root, now)
    except TooLarge:
        return Listing(is_too_large=True, is_data=is_data)
    if is_data:
        return replace(data or Listing(), is_data=True)
    listing = data or Listing(section=section_of(url))
    # A listing is empty if page data says so and the page shows no cards.
    cards = listing.cards or _unique(_cards(page, root)) or (_unique(_links(page, root)) if data is None else [])
    next_links = (link.get("href") for link in select(site.NEXT_PAGE.value)(page.tree))
    feeds = (link for link in page.tree.iter("link") if (link.get("type") or "").lower() in _FEED_TYPES)
    return replace(
        listing,
        cards=cards,
        next_urls=_on_site(next_links, page.base, root),
        feed_urls=_on_site((link.get("href") for link in feeds), page.base, root),
        has_load_more=_has_load_more(page),
    )


def _unique(cards: Iterable[Card]) -> list[Card]:
    """Each article once, as in its first card."""
    return list({card.key: card for card in reversed(list(cards))}.values())[::-1]


# --- page data ----------------------------------------------------------------------------------


def _from_data(documents: list[Any], url: str, root: str, now: datetime) -> Listing | None:
    """The listing in a page's JSON; None if it has none."""
    lists = [pair for data in documents for pair in _post_lists(data)]
    main = _main_list(documents, lists)
    if main is None:
        return None
    container, posts = main
    cards = _unique(_post_cards(posts, root, now))
    keys = {card.key for card in cards}
    beside = (card for _, posts in lists for card in _post_cards(posts, root, now) if card.key not in keys)
    outer: dict[str, Any] = next((data for data in documents if isinstance(value_at(data, ("buildId",)), str)), {})
    locale, number = outer.get("locale"), value_at(container, ("category", "id"))
    return Listing(
        cards=cards,
        others=_unique(card for card in beside if card.kind in site.OTHER_KINDS.value),
        info=_page_info(container, documents),
        build=outer.get("buildId"),
        locale=locale if isinstance(locale, str) else None,
        number=number if isinstance(number, int) else None,
        section=section_of(url, value_at(container, ("category", "name"))),
    )


def _main_list(documents: list[Any], lists: list[_Posts]) -> _Posts | None:
    """The list at `site.LISTING_PATH`, though it be empty; else the longest that is no carousel of other kinds."""
    # JSON for scripts has the page's properties without the objects around them.
    paths = (site.LISTING_PATH.value, site.LISTING_PATH.value[1:])
    listed = next((value for path in paths for data in documents if (value := value_at(data, path))), None)
    for pair in lists:
        if pair[0] is listed:
            return pair
    if isinstance(listed, dict) and listed.get("posts") == []:
        return listed, []
    if not lists:
        return None
    articles = (pair for pair in lists if any(post.get("type") not in site.OTHER_KINDS.value for post in pair[1]))
    return max(articles, key=lambda pair: len(pair[1]), default=({}, []))


def _post_lists(data: Any) -> Iterator[_Posts]:
    """Every list of posts in a JSON value, outermost first."""
    for holder in objects({"": data} if isinstance(data, list) else data, without=_RELATED):
        for name, entry in holder.items():
            entries = entry[:_MAX_POSTS] if isinstance(entry, list) and name not in _RELATED else []
            if entries and 2 * sum(map(_is_post, entries)) > len(entries):
                # Also a post without a title, which its page may have.
                yield holder, [post for post in entries if isinstance(post, dict) and "id" in post]


def _is_post(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("id"), int | str)
        and isinstance(value.get("title"), str)
        and isinstance(value.get("slug") or value.get("publishedAt"), str)
    )


def _post_cards(posts: list[dict[str, Any]], root: str, now: datetime) -> Iterator[Card]:
    for post in posts:
        number, slug, kind = str(post["id"]), post.get("slug"), post.get("type")
        path = site.ARTICLE_URL.value.format(
            number=number, slug=quote(slug, errors="replace") if isinstance(slug, str) else ""
        )
        address = urls.article_address(path, f"{root}/", root)
        if address and number.isascii() and number.isdecimal():
            yield Card(
                *address,
                headline=string(post.get("title")),
                date=moment(post.get("publishedAt"), now, guess=False),
                kind=kind if isinstance(kind, str) else None,
                is_pinned=post.get("is_pinned") is True,
            )


def _page_info(container: dict[str, Any], documents: list[Any]) -> PageInfo:
    """The `pageInfo` of the list's own object, else that of the whole answer."""
    infos = (value_at(holder, ("pageInfo",)) for holder in (container, *documents))
    info = next((info for info in infos if isinstance(info, dict)), {})
    return PageInfo(*(_number(info.get(name)) for name in ("currentPage", "totalPages", "totalItems")))


def _number(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return int(value[:9])
    return value if type(value) is int else None


def section_of(url: str, name: Any = None) -> str | None:
    """The category of a listing, by its own name or by its address; None for a tag or any other listing."""
    path, prefix = urlsplit(url).path, urls.path_prefix(site.CATEGORY_URL.value)
    if prefix not in path:
        return None
    slug = unquote(path.partition(prefix)[2]).strip("/").removesuffix(".json")
    return string(name) or site.category_name(slug) or None


# --- markup -------------------------------------------------------------------------------------


def _cards(page: Document, root: str) -> Iterator[Card]:
    beside = set(select(site.CAROUSELS.value)(page.tree))
    cards = select(site.CARD.value)(page.tree)
    links = {link: card for card in cards for link in select(site.CARD_LINK.value)(card)}
    shown: dict[Any, tuple[str | None, datetime | None]] = {}  # once for each card, though it have many links
    for link, card in links.items():
        address = urls.article_address(link.get("href"), page.base, root)
        if address is None or not beside.isdisjoint((card, *card.iterancestors())):
            continue
        if card not in shown:
            shown[card] = _shown(card, page.now, guess=len(shown) < site.PAGE_SIZE.value)
        yield Card(*address, *shown[card])


def _shown(card: Any, now: datetime, *, guess: bool) -> tuple[str | None, datetime | None]:
    """The headline and the date that a card shows; `guess`: as of `parse_date`."""
    contents = select(site.CARD_HEADLINE.value)(card)
    headings = (heading for content in contents for heading in select("h1, h2, h3, h4, h5, h6")(content) or [content])
    dates = select(site.CARD_DATE.value)(card)[:_MOST_DATES]
    moments = (parse_date(text, now=now, guess=guess) for text in map(text_of, dates) if text)
    return next(map(text_of, headings), None) or None, exact_date(dates, next(filter(None, moments), None), now)


def _links(page: Document, root: str) -> Iterator[Card]:
    """Every article link outside navigation, for a listing whose classes are unknown."""
    beside = set(select(site.CAROUSELS.value)(page.tree))
    for link in page.tree.iter("a"):
        address = urls.article_address(link.get("href"), page.base, root)
        above = list(link.iterancestors())
        if address and beside.isdisjoint(above) and not any(ancestor.tag in _ASIDE for ancestor in above):
            yield Card(*address, headline=text_of(link) or None)


def _on_site(links: Iterator[str | None], base: str, root: str) -> list[str]:
    resolved = (urls.resolve(link, base=base) for link in links if link)
    return list(dict.fromkeys(url for url in resolved if url and urls.is_on_site(url, root)))


def _has_load_more(page: Document) -> bool:
    labels = {fold_text(label) for label in site.LOAD_MORE_LABELS.value}
    buttons = (fold_text(text_of(button)) for button in page.tree.iter("button"))
    return bool(select(site.LOAD_MORE.value)(page.tree)) or any(label in labels for label in buttons)
