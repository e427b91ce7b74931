"""Sitemaps (XML or text), sitemap indexes, RSS and Atom: the articles and the files that one lists. Pure."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from html.entities import html5
from itertools import islice
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

from alqahira.extraction import urls
from alqahira.extraction.decoding import decode
from alqahira.extraction.sources import plain_line
from alqahira.extraction.sources.values import moment
from alqahira.text.mojibake import GARBLED_ALEFS, mend

_GZIP_MAGIC = b"\x1f\x8b"
# Per file, by sitemaps.org: 50 MB and 50,000 URLs.
_LARGEST_SITEMAP = 50 * 1024 * 1024
_MOST_ENTRIES = 50_000
_LONGEST_TEXT = 4096  # characters
_MOST_ELEMENTS = 2 * _MOST_ENTRIES  # entries of articles and of anything else
_MOST_CHILDREN = 100  # of one entry; the news extension has 12
_MOST_PACKED = 3  # gzip in gzip: a packed file that a server packs once more
_PIECE = 1 << 14  # bytes of a packed file; where it is damaged, what is packed in the rest is lost
_PUBLISHED = ("publication_date", "pubdate", "published", "issued", "date", "created")
_MODIFIED = ("lastmod", "updated", "modified")
# In the namespaces, or undeclared prefixes, of media extensions.
_MEDIA = re.compile("image|video|mrss|media|itunes|podcast")
_HEAD = 4096  # bytes in which a file begins
_DECLARATION = re.compile(rb"<\?xml[^>]{0,200}\?>")
_ROOT = re.compile(rb"<(?:!DOCTYPE|(?:[\w-]+:)?(?:urlset|sitemapindex|rss|feed|RDF)\b)", re.IGNORECASE)
# Of HTML, which no XML has, and a sign that is none.
_ENTITY = re.compile(rb"&(?:(?P<name>[A-Za-z][A-Za-z0-9]{1,31});|(?!#?\w{1,31};))")
_OF_XML = frozenset({"amp", "lt", "gt", "quot", "apos"})
_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"


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
    for number, element in enumerate(_elements(_as_utf8(content))):
        if number == _MOST_ELEMENTS:
            is_cut = True
            break
        name, texts = _local_name(element), _texts(element)
        # `date` is Dublin Core's, in RSS 1.0; `issued` and `modified` are of Atom 0.3.
        published, modified = (_first_date(texts, names, now) for names in (_PUBLISHED, _MODIFIED))
        base = urls.resolve(element.base or "", base=url) or url  # xml:base
        if name == "sitemap":
            address = urls.resolve(texts.get("loc", ""), base=base)
            if address and urls.is_on_site(address, root):
                files.append(SitemapFile(address, modified))
            continue
        is_news = is_news or name != "url" or "publication_date" in texts
        addresses = (urls.article_address(link, base, root) for link in _links(element, texts, base))
        if article := next(filter(None, addresses), None):
            if len(entries) == _MOST_ENTRIES:
                is_cut = True
                break
            entries.append(Entry(*article, plain_line(texts.get("title", "")) or None, published, modified))
    return Sitemap(entries, files, is_news, is_cut)


def _first_date(texts: dict[str, str], names: Iterable[str], now: datetime) -> datetime | None:
    return next(filter(None, (moment(texts[name], now, guess=False) for name in names if name in texts)), None)


def _unpacked(body: bytes) -> tuple[bytes, bool]:
    """The file's text, up to the largest size, and whether it is larger."""
    for _ in range(_MOST_PACKED):
        packed = body.lstrip(b" \t\r\n") if body[:1].isspace() else body
        if not packed.startswith(_GZIP_MAGIC):
            break
        body = _unzipped(packed)
    return body[:_LARGEST_SITEMAP], len(body) > _LARGEST_SITEMAP


def _unzipped(packed: bytes) -> bytes:
    """The content of all members of a gzip file, up to damage, the largest size, or what is no member."""
    content = bytearray()
    with suppress(zlib.error):
        while packed.startswith(_GZIP_MAGIC) and len(content) <= _LARGEST_SITEMAP:
            member, at = zlib.decompressobj(wbits=31), 0
            while not member.eof and len(content) <= _LARGEST_SITEMAP:
                is_rest = bool(member.unconsumed_tail)
                piece = member.unconsumed_tail or packed[at : at + _PIECE]
                at += 0 if is_rest else _PIECE
                more = member.decompress(piece, 1 << 20)
                if not piece and not more:  # without its end
                    break
                content += more
            packed = member.unused_data + packed[at:] if member.eof else b""
    return bytes(content)


def _as_utf8(content: bytes) -> bytes:
    """The file in UTF-8, as XML, from its root; one address a line becomes a sitemap (sitemaps.org: text file)."""
    head = content[:_HEAD]
    if b"\0" in head or not (content.isascii() or _is_utf8(content)):
        content = decode(content).encode("utf-8", "replace")
    if any(alef.encode() in content for alef in GARBLED_ALEFS):
        content = mend(content.decode("utf-8", "replace")).encode()
    content = _DECLARATION.sub(b"", content.removeprefix(b"\xef\xbb\xbf"), count=1)
    if b"<" not in content[:_HEAD]:
        lines = (escape(line.strip()) for line in content[:_LARGEST_SITEMAP].decode("utf-8", "replace").splitlines())
        return "".join(["<urlset>", *(f"<url><loc>{line}</loc></url>" for line in lines), "</urlset>"]).encode()
    root = _ROOT.search(content[:_HEAD])
    content = content[root.start() if root else max(content.find(b"<"), 0) :]
    return _ENTITY.sub(_character, content) if b"&" in content else content


def _is_utf8(content: bytes) -> bool:
    with suppress(UnicodeDecodeError):
        return bool(content.decode())
    return False


def _character(match: re.Match[bytes]) -> bytes:
    """What an entity stands for; one that HTML does not know may be the file's own."""
    if match["name"] is None:
        return b"&amp;"
    name = match["name"].decode()
    return match[0] if name in _OF_XML else html5.get(f"{name};", match[0].decode()).encode()


def _elements(content: bytes) -> Iterator[Any]:
    tags = [f"{{*}}{name}" for name in ("sitemap", "url", "item", "entry")]
    safe = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
    without = {"remove_comments": True, "remove_pis": True}
    with suppress(etree.XMLSyntaxError, ValueError):
        for _, element in etree.iterparse(
            io.BytesIO(content), events=("end",), tag=tags, recover=True, encoding="utf-8", **safe, **without
        ):
            yield element
            element.clear()


def _links(element: Any, texts: dict[str, str], base: str) -> Iterator[str]:
    """The addresses that an entry may have, best first: of `loc`, of a link (RSS, Atom), as a lasting guid, of RDF."""
    if "loc" in texts:
        yield texts["loc"]
        return
    for child in islice(element.iterchildren("{*}link"), _MOST_CHILDREN):
        relation = (child.get("rel") or "alternate").lower().rpartition("/")[2]
        if relation == "alternate" and (link := (child.text or "").strip() or child.get("href")):
            yield urls.resolve(link, base=urls.resolve(child.base or "", base=base) or base) or link
    if "origlink" in texts:  # FeedBurner's
        yield texts["origlink"]
    for child in islice(element.iterchildren("{*}guid", "{*}id"), _MOST_CHILDREN):
        is_lasting = next((value for name, value in child.items() if name.lower() == "ispermalink"), "true")
        if child.text and is_lasting.strip().lower() == "true" and "://" in child.text:
            yield child.text.strip()
    if about := element.get(_ABOUT):
        yield about


def _local_name(element: Any) -> str:
    """The name in lower case without namespace, and without a prefix that the file does not declare."""
    return str(element.tag).rpartition("}")[2].rpartition(":")[2].lower()


def _texts(element: Any) -> dict[str, str]:
    """The first text of each local name of an entry and its news extension, at most `_LONGEST_TEXT` of it.

    Not those of its images, videos and other media, which have titles, addresses and dates of their own.
    """
    texts: dict[str, str] = {}
    for child in islice(element.iterchildren("*"), _MOST_CHILDREN):
        if not _MEDIA.search(str(child.tag).rpartition("}")[0] or str(child.tag).rpartition(":")[0]):
            fields = child.iterchildren("*") if _local_name(child) == "news" else [child]
            for field_ in islice(fields, _MOST_CHILDREN):
                # Only a title may be XHTML: other elements hold elements that are no part of their text.
                text = "".join(field_.itertext()) if len(field_) and _local_name(field_) == "title" else field_.text
                if text and (text := text.strip()):
                    texts.setdefault(_local_name(field_), text[:_LONGEST_TEXT])
    return texts
