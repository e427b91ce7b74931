"""Sitemaps (of articles and of sitemaps), RSS and Atom: the articles and files that one names. Pure."""

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

from alqahira import urls
from alqahira.arabic import clean_line
from alqahira.dates import parse_date

_GZIP_MAGIC = b"\x1f\x8b"
# sitemaps.org: at most 50 MB and 50,000 URLs a file.
_LARGEST_SITEMAP = 50 * 1024 * 1024
_MOST_ENTRIES = 50_000


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
    address = urls.article_address(_text(element, "loc") or _link(element), base, root)
    if address is None:
        return None
    published = _date(
        _text(element, "publication_date") or _text(element, "pubDate") or _text(element, "published"), now
    )
    modified = _date(_text(element, "lastmod") or _text(element, "updated"), now)
    title = _text(element, "title")
    headline = (clean_line(title) or None) if title else None
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
