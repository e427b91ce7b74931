"""What lists articles: listing pages, sitemaps (of articles and of sitemaps), RSS and Atom. Pure."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lxml import etree

from alqahira import site, urls
from alqahira.arabic import fold_text, one_line
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
_GZIP_MAGIC = b"\x1f\x8b"
# sitemaps.org: at most 50 MB and 50,000 URLs a file.
_LARGEST_SITEMAP = 50 * 1024 * 1024
_MOST_ENTRIES = 50_000


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


@dataclass(frozen=True, slots=True)
class SitemapFile:
    """A file that an index names, with the date of its newest entry where the index says it."""

    url: str
    date: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One article of a sitemap or feed. `date`: its publication, or else its last modification."""

    url: str
    key: str
    headline: str | None = None
    published: datetime | None = None
    modified: datetime | None = None

    @property
    def date(self) -> datetime | None:
        return self.published or self.modified


@dataclass(frozen=True, slots=True)
class Sitemap:
    """A sitemap, sitemap index or feed.

    `is_news`: it holds recent articles by its nature. `is_cut`: it is larger than sitemaps.org allows, and the rest
    of it was not read.
    """

    entries: list[Entry] = field(default_factory=list)
    sitemaps: list[SitemapFile] = field(default_factory=list)
    is_news: bool = False
    is_cut: bool = False


# --- listing pages ------------------------------------------------------------------------------


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
        address = _article(link.get("href"), page.url, root)
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
        address = _article(link.get("href"), page.url, root)
        if address and not any(ancestor.tag in _ASIDE for ancestor in link.iterancestors()):
            yield Card(*address, headline=text_of(link) or None)


def _article(href: str | None, base: str, root: str) -> tuple[str, str] | None:
    """Canonical URL and key of a link to an article of the site; None for any other."""
    url = urls.resolve(href, base=base) if href else None
    if url is None or not urls.is_article_url(url, root):
        return None
    canonical = urls.canonical_url(url, root=root)
    return canonical, urls.article_id(canonical)


def _on_site(links: Iterator[str | None], base: str, root: str) -> list[str]:
    resolved = (urls.resolve(link, base=base) for link in links if link)
    return list(dict.fromkeys(url for url in resolved if url and urls.is_on_site(url, root)))


def _has_load_more(page: Page) -> bool:
    if _LOAD_MORE(page.tree):
        return True
    labels = {fold_text(label) for label in site.LOAD_MORE_LABELS.value}
    return any(fold_text(text_of(element)) in labels for element in page.tree.iter("button"))


# --- sitemaps and feeds ---------------------------------------------------------------------------


def read_sitemap(body: bytes, url: str, *, root: str, now: datetime) -> Sitemap:
    """A sitemap (sitemaps.org), news sitemap, sitemap index, RSS or Atom feed, gzipped or not.

    What is broken is read as far as it goes; no entity is resolved and nothing is fetched. Never raises.
    """
    entries: list[Entry] = []
    files: list[SitemapFile] = []
    is_news = False
    content, is_cut = _unpacked(body)
    for element in _elements(content):
        name = etree.QName(element).localname
        if name == "sitemap":
            address = urls.resolve(_text(element, "loc") or "", base=url)
            if address and urls.is_on_site(address, root):
                files.append(SitemapFile(address, _date(_text(element, "lastmod"), now)))
        elif name in ("url", "item", "entry"):
            is_news = is_news or name != "url" or _text(element, "publication_date") is not None
            entry = _entry(element, url, root, now)
            if entry is not None:
                entries.append(entry)
        if len(entries) > _MOST_ENTRIES:
            is_cut = True
            entries.pop()
            break
    return Sitemap(entries, files, is_news, is_cut)


def _unpacked(body: bytes) -> tuple[bytes, bool]:
    """The file out of its gzip, and whether it is larger than it may be."""
    if body.startswith(_GZIP_MAGIC):
        content, file = bytearray(), gzip.GzipFile(fileobj=io.BytesIO(body))
        with suppress(OSError, EOFError, zlib.error):
            while len(content) <= _LARGEST_SITEMAP and (more := file.read(1 << 20)):
                content += more
        body = bytes(content)
    return body[:_LARGEST_SITEMAP], len(body) > _LARGEST_SITEMAP


def _elements(body: bytes) -> Iterator[Any]:
    try:
        start = body.find(b"<")
        if start < 0:
            return
        parsed = etree.iterparse(
            io.BytesIO(body[start:]),
            events=("end",),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            recover=True,
        )
        for _, element in parsed:
            if not isinstance(element.tag, str):
                continue
            if etree.QName(element).localname in ("sitemap", "url", "item", "entry"):
                yield element
                element.clear()
    except (etree.XMLSyntaxError, ValueError):
        return


def _entry(element: Any, base: str, root: str, now: datetime) -> Entry | None:
    address = _article(_text(element, "loc") or _link(element), base, root)
    if address is None:
        return None
    published = _date(
        _text(element, "publication_date") or _text(element, "pubDate") or _text(element, "published"), now
    )
    modified = _date(_text(element, "lastmod") or _text(element, "updated"), now)
    title = _text(element, "title")
    headline = (one_line(title) or None) if title else None
    return Entry(*address, headline=headline, published=published, modified=modified)


def _link(element: Any) -> str | None:
    """RSS keeps the address in a link's text, Atom in its href."""
    for child in element:
        if isinstance(child.tag, str) and etree.QName(child).localname == "link":
            return (child.text or "").strip() or child.get("href")
    return None


def _text(element: Any, name: str) -> str | None:
    """The text of the first descendant of that local name, up to a bound."""
    for child in element.iter():
        if isinstance(child.tag, str) and etree.QName(child).localname == name and child.text and child.text.strip():
            return str(child.text.strip()[:4096])
    return None


def _date(text: str | None, now: datetime) -> datetime | None:
    return parse_date(text, now=now) if text else None
