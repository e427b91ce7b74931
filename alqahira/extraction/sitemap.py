"""Sitemaps, sitemap indexes, RSS and Atom: the articles and the files that one lists. Pure."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from lxml import etree

from alqahira.extraction import urls
from alqahira.text.dates import parse_date
from alqahira.text.normalization import clean_line

_GZIP_MAGIC = b"\x1f\x8b"
# Per file, by sitemaps.org: 50 MB and 50,000 URLs.
_LARGEST_SITEMAP = 50 * 1024 * 1024
_MOST_ENTRIES = 50_000
_LONGEST_TEXT = 4096  # characters
_MOST_ELEMENTS = 2 * _MOST_ENTRIES  # entries of articles and of anything else
_MOST_CHILDREN = 100  # of one entry; the news extension has 12


@dataclass(frozen=True, slots=True)
class SitemapFile:
    """A file that an index lists, with the date of its last modification if given."""

    url: str
    date: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One article of a sitemap or feed. `date`: the newest of its dates."""

    url: str
    key: str
    headline: str | None = None
    published: datetime | None = None
    modified: datetime | None = None

    @property
    def date(self) -> datetime | None:
        return max((date for date in (self.published, self.modified) if date), default=None)


@dataclass(frozen=True, slots=True)
class Sitemap:
    """A sitemap, sitemap index or feed.

    `is_news`: it is of a kind that lists recent articles. `is_cut`: it is larger than sitemaps.org allows, and the rest
    was not read.
    """

    entries: list[Entry] = field(default_factory=list)
    sitemaps: list[SitemapFile] = field(default_factory=list)
    is_news: bool = False
    is_cut: bool = False


def read_sitemap(body: bytes, url: str, *, root: str, now: datetime) -> Sitemap:
    """A sitemap (sitemaps.org), news sitemap, sitemap index, RSS or Atom feed, gzipped or not.

    A broken file is read up to the error. No entity is resolved and nothing is fetched. Never raises.
    """
    entries: list[Entry] = []
    files: list[SitemapFile] = []
    is_news = False
    content, is_cut = _unpacked(body)
    for number, element in enumerate(_elements(content)):
        if number == _MOST_ELEMENTS:
            is_cut = True
            break
        name, texts = etree.QName(element).localname, _texts(element)
        published = texts.get("publication_date") or texts.get("pubDate") or texts.get("published")
        published = published or texts.get("date") or ""  # Dublin Core's, in RSS 1.0
        modified = parse_date(texts.get("lastmod") or texts.get("updated") or "", now=now, guess=False)
        if name == "sitemap":
            address = urls.resolve(texts.get("loc", ""), base=url)
            if address and urls.is_on_site(address, root):
                files.append(SitemapFile(address, modified))
            continue
        is_news = is_news or name != "url" or "publication_date" in texts
        if article := urls.article_address(texts.get("loc") or _link(element), url, root):
            if len(entries) == _MOST_ENTRIES:
                is_cut = True
                break
            headline = clean_line(texts.get("title", "")) or None
            entries.append(Entry(*article, headline, parse_date(published, now=now, guess=False), modified))
    return Sitemap(entries, files, is_news, is_cut)


def _unpacked(body: bytes) -> tuple[bytes, bool]:
    """The file's text, up to the largest size, and whether it is larger."""
    if body.startswith(_GZIP_MAGIC):
        content, file = bytearray(), gzip.GzipFile(fileobj=io.BytesIO(body))
        with suppress(OSError, EOFError, zlib.error):
            while len(content) <= _LARGEST_SITEMAP and (more := file.read(1 << 20)):
                content += more
        body = bytes(content)
    return body[:_LARGEST_SITEMAP], len(body) > _LARGEST_SITEMAP


def _elements(body: bytes) -> Iterator[Any]:
    tags = [f"{{*}}{name}" for name in ("sitemap", "url", "item", "entry")]
    safe = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
    with suppress(etree.XMLSyntaxError, ValueError):
        start = io.BytesIO(body[max(body.find(b"<"), 0) :])
        for _, element in etree.iterparse(start, events=("end",), tag=tags, recover=True, **safe):
            yield element
            element.clear()


def _link(element: Any) -> str | None:
    """The address in the text of a link (RSS) or in its href (Atom)."""
    for child in element.iterchildren("{*}link"):
        return (child.text or "").strip() or child.get("href")
    return None


def _texts(element: Any) -> dict[str, str]:
    """The first text of each local name below an element, at most `_LONGEST_TEXT` of it."""
    texts: dict[str, str] = {}
    for child in islice(element.iterdescendants("*"), _MOST_CHILDREN):
        if child.text and (text := child.text.strip()):
            texts.setdefault(etree.QName(child).localname, text[:_LONGEST_TEXT])
    return texts
