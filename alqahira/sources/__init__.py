"""Where an article's fields can stand on its page, one module a source, each asked independently of the others."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from lxml import etree
from lxml import html as lxml_html

# Nothing after this many bytes of a page is read: an article is a hundred times smaller.
_LARGEST = 4 * 1024 * 1024
_DEEPEST = 200


@dataclass(kw_only=True)
class Found:
    """What one source says of the article; None or empty where it is silent."""

    headline: str | None = None
    description: str | None = None
    paragraphs: list[str] = field(default_factory=list)
    credit_line: str | None = None
    published: datetime | None = None
    modified: datetime | None = None
    image_url: str | None = None
    image_caption: str | None = None
    sections: list[str] = field(default_factory=list)
    keywords: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Page:
    """One page: its text, parsed once, its address, and the moment relative dates count from."""

    html: str
    url: str
    now: datetime

    @cached_property
    def tree(self) -> Any:
        """The parsed page; an empty document where there is nothing to parse."""
        parser = lxml_html.HTMLParser(encoding="utf-8", huge_tree=False, remove_comments=True, remove_pis=True)
        try:
            text = self.html[:_LARGEST].replace("\0", "")
            return lxml_html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
        except (etree.ParserError, etree.XMLSyntaxError, ValueError, AssertionError):
            return lxml_html.document_fromstring("<html><body></body></html>")

    @cached_property
    def scripts(self) -> list[tuple[str, str, str]]:
        """(type, id, text) of every script with text."""
        return [
            ((s.get("type") or "").lower(), s.get("id") or "", s.text)
            for s in self.tree.iter("script")
            if s.text and not s.text.isspace()
        ]
