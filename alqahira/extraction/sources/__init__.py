"""The sources of an article's fields on its page: one module for each, read independently of the others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import Any

from lxml import etree

from alqahira import site
from alqahira.extraction.urls import resolve
from alqahira.text.normalization import clean_line, fold_text

# Bounds of what is parsed, since selectors take time in the square of the elements, and libxml2 in that of an element's
# attributes. In bytes; an article's page is fifty times smaller.
LARGEST_PAGE = 4 * 1024 * 1024
# The number of `<`, closing tags and scripts included; an article's page has 1,500.
MOST_TAGS = 20_000
_MOST_ATTRIBUTES = 1_000  # of one element
_DEEPEST = 100  # elements inside each other; an article's page has 25
# Characters that may stand before an attribute. Fewer of them than this are not looked at: parsing is quick then.
_BEFORE_ATTRIBUTES, _FEW_ATTRIBUTES = b" \t\n\f\r/\"'", 15_000
_MOST_HEADINGS, LONGEST_HEADING = 1_000, 2_000
_LONGEST_LINE = 100_000  # characters of a headline, a credit or a label
# lxml.html's parser is slower: it calls a Python function for the class of every element.
_PARSER = etree.HTMLParser(encoding="utf-8", huge_tree=False, remove_comments=True, remove_pis=True)


@dataclass(kw_only=True)
class ExtractedFields:
    """The article's fields in one source; None or empty where it does not have them."""

    kind: str | None = None  # `post`, or a kind of `site.OTHER_KINDS`
    number: str | None = None  # the story's `id`
    address_number: str | None = None  # of the article whose address the page gives as its own
    is_missing: bool = False  # the source states that there is no such story
    headline: str | None = None
    description: str | None = None
    paragraphs: list[str] = field(default_factory=list)
    credit_line: str | None = None
    authors: list[str] = field(default_factory=list)  # names that are no credit line by themselves
    published: datetime | None = None
    modified: datetime | None = None
    image_url: str | None = None
    image_caption: str | None = None
    sections: list[str] = field(default_factory=list)
    keywords: list[str] = field(default_factory=list)


_IS_DEEPER = etree.XPath(f"boolean({'/*' * (_DEEPEST + 1)})")


# libxml2 ends a heading where a paragraph or a table begins in it.
_HEADING = re.compile(rb"<h1\b[^>]{0,1000}>.{0,3000}?</h1", re.DOTALL | re.IGNORECASE)
_TAG_IN_HEADING = re.compile(rb"</?(?:p|table|tbody|tr|td|ul|ol|li)\b[^>]{0,500}>", re.IGNORECASE)


class TooLarge(ValueError):
    """A page, or markup in its data, that is not parsed because it is larger than any of the site's could be."""


def parse_html(text: str | bytes) -> Any:
    """The document element of a page or a part of one; of an empty page if there is nothing to parse.

    Bytes are read as UTF-8. Raises TooLarge for what is beyond the bounds above.
    """
    if len(text) > LARGEST_PAGE:
        raise TooLarge(f"more than {LARGEST_PAGE} bytes")
    content = (text if isinstance(text, bytes) else text.encode("utf-8", "replace")).replace(b"\0", b"")
    if len(content) > LARGEST_PAGE:
        raise TooLarge(f"more than {LARGEST_PAGE} bytes")
    if content.count(b"<") > MOST_TAGS:
        raise TooLarge(f"more than {MOST_TAGS} tags")
    if b"<h1" in content:
        content = _HEADING.sub(lambda heading: _TAG_IN_HEADING.sub(b"<br>", heading[0]), content)
    try:
        if len(content) - len(content.translate(None, _BEFORE_ATTRIBUTES)) > _FEW_ATTRIBUTES:
            etree.fromstring(content, etree.HTMLParser(encoding="utf-8", target=_Attributes()))
        tree = etree.fromstring(content, _PARSER)
    except TooLarge:
        raise
    except (etree.XMLSyntaxError, ValueError, AssertionError):
        tree = None
    if tree is None:
        return etree.fromstring(b"<html><body></body></html>", _PARSER)
    if _IS_DEEPER(tree):
        raise TooLarge(f"more than {_DEEPEST} elements inside each other")
    return tree


class _Attributes:
    """A target of lxml's parser, which builds no tree. Raises TooLarge at an element with too many attributes."""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if len(attributes) > _MOST_ATTRIBUTES:
            raise TooLarge(f"more than {_MOST_ATTRIBUTES} attributes of one element")

    def close(self) -> None: ...


@dataclass(frozen=True)
class Document:
    """One page: its text, parsed once, its address, and the moment relative dates count from."""

    html: str
    url: str
    now: datetime

    @cached_property
    def tree(self) -> Any:
        """The parsed page; see `parse_html`. Raises TooLarge."""
        return parse_html(self.html)

    @cached_property
    def base(self) -> str:
        """What relative addresses on the page count from: its first `base` element's, else its own."""
        if "<base" not in self.html and "<BASE" not in self.html:  # saves 2 % of a page's time
            return self.url
        hrefs = (element.get("href") for element in self.tree.iter("base") if element.get("href"))
        return resolve(next(hrefs, ""), base=self.url) or self.url

    @cached_property
    def scripts(self) -> list[tuple[str, str, str]]:
        """(type, id, text) of every script with text."""
        return [
            ((s.get("type") or "").lower(), s.get("id") or "", s.text)
            for s in self.tree.iter("script")
            if s.text and not s.text.isspace()
        ]

    @cached_property
    def headings(self) -> frozenset[str]:
        """The page's h1 and og:title without the site's name, folded."""
        titles = (meta.get("content") or "" for meta in self.tree.iter("meta") if meta.get("property") == "og:title")
        texts = ["".join(h1.itertext()) for h1 in islice(self.tree.iter("h1"), _MOST_HEADINGS)] + [next(titles, "")]
        return frozenset(fold_text(name) for text in texts if (name := strip_site_name(text[:LONGEST_HEADING])))


# Tags that were encoded as text: those of blocks, of which a space stays, and others.
_BLOCK_TAG = re.compile(r"</?(?:blockquote|br|div|h[1-6]|hr|li|ol|p|ul)(?:\s[^<>]{0,500})?/?>", re.IGNORECASE)
_TAG = re.compile(
    r"</?(?:a|abbr|b|em|font|i|img|ins|mark|q|small|span|strong|sub|sup|u)(?:\s[^<>]{0,500})?/?>", re.IGNORECASE
)


def plain_line(text: str) -> str:
    """Display text on one line, without tags of HTML that were encoded as text.

    Raises TooLarge if it is longer than any line could be, however much space is in it.
    """
    if len(text) > _LONGEST_LINE and len(" ".join(text.split())) > _LONGEST_LINE:
        raise TooLarge(f"a line of more than {_LONGEST_LINE} characters")
    line = clean_line(text)
    is_markup = "</" in line or "<br" in line  # a headline may quote a tag
    return clean_line(_TAG.sub("", _BLOCK_TAG.sub(" ", line))) if is_markup else line


# «headline | القاهرة الإخبارية»
_SUFFIX, _BAR = re.compile(r"\s*[|\-–—]\s*(?P<name>[^|\-–—]+)$"), re.compile(r"[|\-–—]")
_SITE_NAMES = {
    fold_text(name)
    for name in (site.NAME.value, site.OPEN_GRAPH_NAME.value, site.TITLE_NAME.value, *site.BARE_TITLES.value)
}


def strip_site_name(text: str) -> str | None:
    """A headline without the site's name at its end; None if it is empty or only the site's name."""
    text = clean_line(text)
    if not text or fold_text(text) in _SITE_NAMES:
        return None
    # Only in the end: the name is short, and the search is slow in a line of many bars.
    end = max(0, len(text) - 100)
    match = _SUFFIX.search(text, end) if _BAR.search(text, end) else None
    return text[: match.start()] if match and fold_text(match["name"]) in _SITE_NAMES else text
