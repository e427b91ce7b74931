"""Sitemaps, sitemap indexes, RSS and Atom: the articles and the files that one lists. Pure."""

from __future__ import annotations

import gzip
import io
import re
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
_MOST_PACKED = 2  # gzip in gzip: a packed file that a server packs once more
_PUBLISHED = ("publication_date", "pubDate", "published", "issued", "date")
_MODIFIED = ("lastmod", "updated", "modified")
# In the namespaces, or undeclared prefixes, of media extensions.
_MEDIA = re.compile("image|video|mrss|media|itunes|podcast")


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
        name, texts = _local_name(element), _texts(element)
        # `date` is Dublin Core's, in RSS 1.0; `issued` and `modified` are of Atom 0.3.
        published = next((texts[key] for key in _PUBLISHED if key in texts), "")
        modified = parse_date(next((texts[key] for key in _MODIFIED if key in texts), ""), now=now, guess=False)
        if name == "sitemap":
            address = urls.resolve(texts.get("loc", ""), base=url)
            if address and urls.is_on_site(address, root):
                files.append(SitemapFile(address, modified))
            continue
        is_news = is_news or name != "url" or "publication_date" in texts
        base = urls.resolve(element.base or "", base=url) or url  # xml:base
        addresses = (urls.article_address(link, base, root) for link in _links(element, texts))
        if article := next(filter(None, addresses), None):
            if len(entries) == _MOST_ENTRIES:
                is_cut = True
                break
            headline = clean_line(texts.get("title", "")) or None
            entries.append(Entry(*article, headline, parse_date(published, now=now, guess=False), modified))
    return Sitemap(entries, files, is_news, is_cut)


def _unpacked(body: bytes) -> tuple[bytes, bool]:
    """The file's text, up to the largest size, and whether it is larger."""
    for _ in range(_MOST_PACKED):
        if not body.startswith(_GZIP_MAGIC):
            break
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


def _links(element: Any, texts: dict[str, str]) -> Iterator[str]:
    """The addresses that an entry may have, best first: of `loc`, of a link (RSS, Atom), and as a lasting guid."""
    if "loc" in texts:
        yield texts["loc"]
    for child in islice(element.iterchildren("{*}link"), _MOST_CHILDREN):
        if (child.get("rel") or "alternate") == "alternate" and (
            link := (child.text or "").strip() or child.get("href")
        ):
            yield link
    if "origLink" in texts:  # FeedBurner's
        yield texts["origLink"]
    for child in islice(element.iterchildren("{*}guid", "{*}id"), _MOST_CHILDREN):
        if child.text and child.get("isPermaLink", "true").lower() == "true" and "://" in child.text:
            yield child.text.strip()


def _local_name(element: Any) -> str:
    """The name without namespace, and without a prefix that the file does not declare."""
    return str(element.tag).rpartition("}")[2].rpartition(":")[2]


def _texts(element: Any) -> dict[str, str]:
    """The first text of each local name of an entry and its news extension, at most `_LONGEST_TEXT` of it.

    Not those of its images, videos and other media, which have titles, addresses and dates of their own.
    """
    texts: dict[str, str] = {}
    for child in islice(element.iterchildren("*"), _MOST_CHILDREN):
        if not _MEDIA.search(str(child.tag).rpartition("}")[0] or str(child.tag).rpartition(":")[0]):
            fields = child.iterchildren("*") if _local_name(child) == "news" else [child]
            for field_ in islice(fields, _MOST_CHILDREN):
                if field_.text and (text := field_.text.strip()):
                    texts.setdefault(_local_name(field_), text[:_LONGEST_TEXT])
    return texts
