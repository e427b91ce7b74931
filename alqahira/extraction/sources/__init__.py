"""The sources of an article's fields on its page: one module for each, read independently of the others."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import Any

from lxml import etree

from alqahira import site
from alqahira.text.normalization import clean_line, fold_text

# Bytes; the rest of a page is not read. An article's page is a hundred times smaller.
_LARGEST = 4 * 1024 * 1024
_MOST_HEADINGS, _LONGEST_HEADING = 20, 2_000
# lxml.html's parser is slower: it calls a Python function for the class of every element.
_PARSER = etree.HTMLParser(encoding="utf-8", huge_tree=False, remove_comments=True, remove_pis=True)


@dataclass(kw_only=True)
class ExtractedFields:
    """The article's fields in one source; None or empty where it does not have them."""

    kind: str | None = None  # `post`, or a kind of `site.OTHER_KINDS`
    number: str | None = None  # the story's `id`
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


def parse_html(text: str) -> Any:
    """The document element of a page or a part of one; of an empty page if there is nothing to parse."""
    content = text[:_LARGEST].encode("utf-8", "replace")[:_LARGEST].replace(b"\0", b"")
    try:
        tree = etree.fromstring(content, _PARSER)
    except (etree.XMLSyntaxError, ValueError, AssertionError):
        tree = None
    return tree if tree is not None else etree.fromstring(b"<html><body></body></html>", _PARSER)


@dataclass(frozen=True)
class Document:
    """One page: its text, parsed once, its address, and the moment relative dates count from."""

    html: str
    url: str
    now: datetime

    @cached_property
    def tree(self) -> Any:
        """The parsed page; see `parse_html`."""
        return parse_html(self.html)

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
        return frozenset(fold_text(name) for text in texts if (name := strip_site_name(text[:_LONGEST_HEADING])))


# «headline | القاهرة الإخبارية»
_SUFFIX = re.compile(r"\s*[|\-–—]\s*(?P<name>[^|\-–—]+)$")
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
    match = _SUFFIX.search(text, max(0, len(text) - 100))
    return text[: match.start()] if match and fold_text(match["name"]) in _SITE_NAMES else text
