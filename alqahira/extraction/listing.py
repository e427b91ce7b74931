"""Listing pages: the articles that one lists, how many more there are, and what it leads to. Pure.

A listing is what its page data lists. Where there is none it is the known cards, and under other classes every article
link outside navigation; carousels, related stories and featured categories are no part of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from alqahira import site
from alqahira.extraction import urls
from alqahira.extraction.sources import Document
from alqahira.extraction.sources.nextjs import data_of
from alqahira.extraction.sources.site_markup import select, text_of
from alqahira.extraction.sources.values import at, read_json
from alqahira.text.dates import parse_date
from alqahira.text.normalization import clean_line, fold_text

_CARD = select(site.CARD.value)
_CARD_LINK = select(site.CARD_LINK.value)
_CARD_HEADLINE = select(site.CARD_HEADLINE.value)
_CARD_DATE = select(site.CARD_DATE.value)
_CAROUSELS = select(site.CAROUSELS.value)
_LOAD_MORE = select(site.LOAD_MORE.value)
_NEXT = select(site.NEXT_PAGE.value)
_FEED_TYPES = ("application/rss+xml", "application/atom+xml")
_ASIDE = frozenset({"nav", "footer", "aside", "header"})
# Stories beside the listing, whatever page they stand on.
_RELATED = frozenset({"related_posts", "relatedPosts", "related"})
_MAX_OBJECTS, _MAX_POSTS = 20_000, 1_000


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
    """Which page of how many this is, and how many posts the whole listing has; None where it does not say."""

    current_page: int | None = None
    total_pages: int | None = None
    total_items: int | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a listing, its cards in the order they stand, each article once.

    `others`: infographics, albums and videos that the page shows beside its listing. `build` and `locale` are
    Next.js' own, `number` the category's id, `section` its name. `is_data`: the answer was JSON, not a page.
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

    @property
    def has_more(self) -> bool | None:
        """Whether there is a page after this one; None where nothing says so."""
        if self.info.current_page is not None and self.info.total_pages is not None:
            return self.info.current_page < self.info.total_pages
        return None if self.is_data else self.has_load_more or bool(self.next_urls)


def read_listing(body: str | bytes, url: str, *, root: str, now: datetime) -> Listing:
    """A page of a listing: HTML, or the JSON that its own script would be answered with.

    Only addresses on the host of `root` are taken. Never raises, whatever the page holds.
    """
    text = body if isinstance(body, str) else body.decode("utf-8", "replace")
    if text.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
        return replace(_from_data([read_json(text)], url, root, now) or Listing(), is_data=True)
    page = Document(text, url, now)
    data = _from_data(data_of(page), url, root, now)
    known = data or Listing(section=section_of(url))
    # Page data that lists nothing is believed, unless the page shows cards of its own.
    cards = known.cards or _unique(_cards(page, root)) or (_unique(_links(page, root)) if data is None else [])
    return Listing(
        cards=cards,
        others=known.others,
        info=known.info,
        build=known.build,
        locale=known.locale,
        number=known.number,
        section=known.section,
        next_urls=_on_site((element.get("href") for element in _NEXT(page.tree)), url, root),
        feed_urls=_on_site(
            (link.get("href") for link in page.tree.iter("link") if (link.get("type") or "").lower() in _FEED_TYPES),
            url,
            root,
        ),
        has_load_more=_has_load_more(page),
    )


def _unique(cards: Iterable[Card]) -> list[Card]:
    """Each article once, where it stands first."""
    return list({card.key: card for card in reversed(list(cards))}.values())[::-1]


# --- page data ----------------------------------------------------------------------------------


def _from_data(documents: list[Any], url: str, root: str, now: datetime) -> Listing | None:
    """What JSON says of a listing; None where it lists nothing."""
    lists = [found for data in documents for found in _post_lists(data)]
    listed = next((at(data, site.LISTING_PATH.value) for data in documents), None)
    # An answer for scripts holds the page's properties without what stands around them.
    listed = listed or next((at(data, site.LISTING_PATH.value[1:]) for data in documents), None)
    main = next((found for found in lists if found[0] is listed), None)
    others = [pair for pair in lists if pair is not main]
    if main is None and isinstance(listed, dict) and listed.get("posts") == []:
        main = listed, []
    if main is None and not lists:
        return None
    if main is None:
        # One post of another kind among many is a listing of mixed kinds; nothing but such ones is a carousel.
        main = max((pair for pair in lists if not _is_carousel(pair[1])), key=lambda pair: len(pair[1]), default=None)
        others = [pair for pair in lists if pair is not main and _is_carousel(pair[1])]
    container, posts = main or ({}, [])
    cards = _unique(card for post in posts if (card := _post_card(post, root, now)))
    keys = {card.key for card in cards}
    beside = [card for _, posts in others for post in posts if (card := _post_card(post, root, now))]
    outer = next((data for data in documents if isinstance(data, dict) and isinstance(data.get("buildId"), str)), {})
    category = container.get("category")
    category = category if isinstance(category, dict) else {}
    return Listing(
        cards=cards,
        others=_unique(card for card in beside if card.key not in keys and card.kind in site.OTHER_KINDS.value),
        info=_page_info(container, documents),
        build=outer.get("buildId"),
        locale=outer.get("locale") if isinstance(outer.get("locale"), str) else None,
        number=number if isinstance(number := category.get("id"), int) else None,
        section=section_of(url, category.get("name")),
    )


def _post_lists(data: Any) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Every list of posts in a JSON value with the object that holds it, outermost first."""
    queue: deque[Any] = deque([{"": data} if isinstance(data, list) else data])
    for _ in range(_MAX_OBJECTS):
        if not queue:
            return
        value = queue.popleft()
        if isinstance(value, list):
            queue.extend(value)
            continue
        if not isinstance(value, dict):
            continue
        for name, entry in value.items():
            if name in _RELATED:
                continue
            entries = entry[:_MAX_POSTS] if isinstance(entry, list) else []
            if entries and 2 * sum(map(_is_post, entries)) > len(entries):
                # One without a title is a post among posts: its page has one.
                yield value, [post for post in entries if isinstance(post, dict) and "id" in post]
            elif isinstance(entry, dict | list):
                queue.append(entry)


def _is_post(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("id"), int | str)
        and isinstance(value.get("title"), str)
        and isinstance(value.get("slug") or value.get("publishedAt"), str)
    )


def _is_carousel(posts: list[dict[str, Any]]) -> bool:
    return all(post.get("type") in site.OTHER_KINDS.value for post in posts)


def _post_card(post: dict[str, Any], root: str, now: datetime) -> Card | None:
    number, slug = str(post["id"]), post.get("slug")
    if not (number.isascii() and number.isdecimal()):
        return None
    path = site.ARTICLE_URL.value.format(number=number, slug=quote(slug) if isinstance(slug, str) else "")
    address = urls.article_address(path, f"{root}/", root)
    published, kind = post.get("publishedAt"), post.get("type")
    return address and Card(
        *address,
        headline=clean_line(title) or None if isinstance(title := post.get("title"), str) else None,
        date=parse_date(published, now=now) if isinstance(published, str) else None,
        kind=kind if isinstance(kind, str) else None,
        is_pinned=post.get("is_pinned") is True,
    )


def _page_info(container: dict[str, Any], documents: list[Any]) -> PageInfo:
    """What the list's own object says of its pages, else what the whole answer does."""
    for holder in (container, *(data for data in documents if isinstance(data, dict))):
        info = holder.get("pageInfo")
        if isinstance(info, dict):
            given = [info.get(name) for name in ("currentPage", "totalPages", "totalItems")]
            return PageInfo(*map(_number, given))
    return PageInfo()


def _number(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return int(value[:9])
    return value if type(value) is int else None


def section_of(url: str, name: Any = None) -> str | None:
    """The category that a listing's address names; None for a tag or any other listing."""
    path, prefix = urlsplit(url).path, urls.beginning(site.CATEGORY_URL.value)
    if prefix not in path:
        return None
    slug = unquote(path.partition(prefix)[2]).strip("/").removesuffix(".json")
    return (clean_line(name) if isinstance(name, str) else "") or site.category_name(slug) or None


# --- markup -------------------------------------------------------------------------------------


def _cards(page: Document, root: str) -> Iterator[Card]:
    beside = set(_CAROUSELS(page.tree))
    links = {link: card for card in _CARD(page.tree) for link in _CARD_LINK(card) if card in set(link.iterancestors())}
    for link, card in links.items():
        address = urls.article_address(link.get("href"), page.url, root)
        if address is None or not beside.isdisjoint((card, *card.iterancestors())):
            continue
        contents = _CARD_HEADLINE(card)
        headline = next((text_of(heading) for content in contents for heading in _headings(content)), None)
        dates = (parse_date(text, now=page.now) for element in _CARD_DATE(card) for text in _date_texts(element))
        yield Card(*address, headline=headline or None, date=next(filter(None, dates), None))


def _headings(content: Any) -> list[Any]:
    return list(content.iter("h1", "h2", "h3", "h4", "h5", "h6")) or [content]


def _date_texts(element: Any) -> list[str]:
    return [text for text in (element.get("datetime"), text_of(element)) if text]


def _links(page: Document, root: str) -> Iterator[Card]:
    """Every article link outside navigation, for a listing whose classes have other names."""
    beside = set(_CAROUSELS(page.tree))
    for link in page.tree.iter("a"):
        address = urls.article_address(link.get("href"), page.url, root)
        above = list(link.iterancestors())
        if address and beside.isdisjoint(above) and not any(ancestor.tag in _ASIDE for ancestor in above):
            yield Card(*address, headline=text_of(link) or None)


def _on_site(links: Iterator[str | None], base: str, root: str) -> list[str]:
    resolved = (urls.resolve(link, base=base) for link in links if link)
    return list(dict.fromkeys(url for url in resolved if url and urls.is_on_site(url, root)))


def _has_load_more(page: Document) -> bool:
    if _LOAD_MORE(page.tree):
        return True
    labels = {fold_text(label) for label in site.LOAD_MORE_LABELS.value}
    return any(fold_text(text_of(element)) in labels for element in page.tree.iter("button"))
