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

from alqahira.extraction import urls
from alqahira.text.dates import parse_date
from alqahira.text.normalization import clean_line

_GZIP_MAGIC = b"\x1f\x8b"
# sitemaps.org: at most 50 MB and 50,000 URLs a file.
_LARGEST_SITEMAP = 50 * 1024 * 1024
_MOST_ENTRIES = 50_000
_LONGEST_TEXT = 4096  # characters


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
        name, said = _local_name(element), _texts(element)
        if name == "sitemap":
            address = urls.resolve(said.get("loc", ""), base=url)
            if address and urls.is_on_site(address, root):
                files.append(SitemapFile(address, _date(said.get("lastmod"), now)))
        else:
            is_news = is_news or name != "url" or "publication_date" in said
            entry = _entry(element, said, url, root, now)
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
            tag=[f"{{*}}{name}" for name in ("sitemap", "url", "item", "entry")],
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            recover=True,
        )
        for _, element in parsed:
            yield element
            element.clear()
    except (etree.XMLSyntaxError, ValueError):
        return


def _entry(element: Any, said: dict[str, str], base: str, root: str, now: datetime) -> Entry | None:
    address = urls.article_address(said.get("loc") or _link(element), base, root)
    if address is None:
        return None
    published = said.get("publication_date") or said.get("pubDate") or said.get("published")
    modified = said.get("lastmod") or said.get("updated")
    return Entry(
        *address,
        headline=clean_line(said.get("title", "")) or None,
        published=_date(published, now),
        modified=_date(modified, now),
    )


def _link(element: Any) -> str | None:
    """RSS keeps the address in a link's text, Atom in its href."""
    for child in element.iterchildren("{*}link"):
        return (child.text or "").strip() or child.get("href")
    return None


def _local_name(element: Any) -> str:
    name: str = element.tag.rpartition("}")[2]
    return name


def _texts(element: Any) -> dict[str, str]:
    """What stands below an element, by local name: the first text of each, up to a bound."""
    found: dict[str, str] = {}
    for child in element.iterdescendants("*"):
        if child.text and (text := child.text.strip()):
            found.setdefault(_local_name(child), text[:_LONGEST_TEXT])
    return found


def _date(text: str | None, now: datetime) -> datetime | None:
    return parse_date(text, now=now) if text else None
