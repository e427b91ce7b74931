"""Listing pages: the articles that one shows, and the pages and feeds it leads to. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from alqahira import site, urls
from alqahira.arabic import fold_text
from alqahira.dates import parse_date
from alqahira.sources import Page
from alqahira.sources.site_markup import select, text_of

_CARD = select(site.CARD.value)
_CARD_LINK = select(site.CARD_LINK.value)
_CARD_HEADLINE = select(site.CARD_HEADLINE.value)
_CARD_DATE = select(site.CARD_DATE.value)
_LOAD_MORE = select(site.LOAD_MORE.value)
_NEXT = select(site.NEXT_PAGE.value)
_FEED_TYPES = ("application/rss+xml", "application/atom+xml")
_ASIDE = frozenset({"nav", "footer", "aside", "header"})


@dataclass(frozen=True, slots=True)
class Card:
    """One article as a listing shows it; `key` is `urls.article_id`."""

    url: str
    key: str
    headline: str | None = None
    date: datetime | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a listing, its cards in the order they stand, each article once."""

    cards: list[Card] = field(default_factory=list)
    next_urls: list[str] = field(default_factory=list)
    feed_urls: list[str] = field(default_factory=list)
    has_load_more: bool = False


def read_listing(html: str | bytes, url: str, *, root: str, now: datetime) -> Listing:
    """The articles of a listing page, by the known cards, else by every article link of its main content.

    Only addresses on the host of `root` are taken. Never raises, whatever the page holds.
    """
    page = Page(html if isinstance(html, str) else html.decode("utf-8", "replace"), url, now)
    cards = list(_cards(page, root)) or list(_links(page, root))
    return Listing(
        cards=list({card.key: card for card in reversed(cards)}.values())[::-1],
        next_urls=_on_site((element.get("href") for element in _NEXT(page.tree)), url, root),
        feed_urls=_on_site(
            (link.get("href") for link in page.tree.iter("link") if (link.get("type") or "").lower() in _FEED_TYPES),
            url,
            root,
        ),
        has_load_more=_has_load_more(page),
    )


def _cards(page: Page, root: str) -> Iterator[Card]:
    links = {link: card for card in _CARD(page.tree) for link in _CARD_LINK(card) if card in set(link.iterancestors())}
    for link, card in links.items():
        address = urls.article_address(link.get("href"), page.url, root)
        if address is None:
            continue
        contents = _CARD_HEADLINE(card)
        headline = next((text_of(heading) for content in contents for heading in _headings(content)), None)
        dates = (parse_date(text, now=page.now) for element in _CARD_DATE(card) for text in _date_texts(element))
        yield Card(*address, headline=headline or None, date=next(filter(None, dates), None))


def _headings(content: Any) -> list[Any]:
    return list(content.iter("h1", "h2", "h3", "h4", "h5", "h6")) or [content]


def _date_texts(element: Any) -> list[str]:
    return [text for text in (element.get("datetime"), text_of(element)) if text]


def _links(page: Page, root: str) -> Iterator[Card]:
    """Every article link outside navigation, for a listing whose classes have other names."""
    for link in page.tree.iter("a"):
        address = urls.article_address(link.get("href"), page.url, root)
        if address and not any(ancestor.tag in _ASIDE for ancestor in link.iterancestors()):
            yield Card(*address, headline=text_of(link) or None)


def _on_site(links: Iterator[str | None], base: str, root: str) -> list[str]:
    resolved = (urls.resolve(link, base=base) for link in links if link)
    return list(dict.fromkeys(url for url in resolved if url and urls.is_on_site(url, root)))


def _has_load_more(page: Page) -> bool:
    if _LOAD_MORE(page.tree):
        return True
    labels = {fold_text(label) for label in site.LOAD_MORE_LABELS.value}
    return any(fold_text(text_of(element)) in labels for element in page.tree.iter("button"))
