"""Whether a page by its structure is an article, and whether another reading of its body is the better one.

docs/extraction.md says when trafilatura is asked, and what that costs.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping, Sequence

from lxml import etree

from alqahira.extraction.sources import Document, ExtractedFields
from alqahira.extraction.sources.page_text import length
from alqahira.extraction.sources.structure import Structure
from alqahira.text.normalization import clean_line

# Characters without scripts and styles; trafilatura takes 0.25 s for a page of this size.
_LARGEST = 120_000
_PARAGRAPH = 40  # characters; shorter lines alone are no text
_SHORTEST = 200  # characters of a body by trafilatura, or of JSON-LD that is a whole body
_SHORTEST_UNSURE = 200  # of a body that nothing but structure says to be one
_LISTING_SHARE = 0.25  # of the page's text; an article has more, unless its heading is the page's title
_MANY_TEASERS = 5  # of other stories
_UNSURE_SHARE = 0.35  # of the page's text; a story with less may be cut
_FEWEST_PARAGRAPHS = 3  # of a body that is no fragment
_CUT = 0.5  # of the other body's words
_LONGER, _CONTAINED = 1.5, 0.7
_NO_TEXT = ("script", "style", "svg", "noscript", "iframe", "template", "form", "select")


def is_article(
    structure: Structure | None, jsonld: ExtractedFields | None = None, meta: ExtractedFields | None = None
) -> bool:
    """Whether what structure shows may be an article.

    It is one if JSON-LD or a date in meta elements say so, or its heading is the page's title. On the page of a section
    or a home page the heading is a word or two, and what looks like the story is one of many. A short text is a story
    below a heading that no title contradicts.
    """
    if structure is None or jsonld is not None or (meta is not None and meta.published is not None):
        return True
    is_long = sum(map(length, structure.paragraphs)) >= _SHORTEST_UNSURE
    is_small = not is_long and structure.published is None and structure.story_share < _LISTING_SHARE
    if structure.teasers >= _MANY_TEASERS and is_small:  # of a section, a writer, a search
        return False
    if not structure.paragraphs or structure.is_sure:
        return True
    return structure.story_share >= _LISTING_SHARE and (is_long or structure.is_untitled)


def better_body(page: Document, structure: Structure | None, bodies: Mapping[str, list[str]]) -> tuple[str, list[str]]:
    """(source, paragraphs): the body by structure, or JSON-LD's if that was cut, or trafilatura's if it has more."""
    body, whole = bodies["generic"], bodies.get("jsonld", [])
    if is_cut(body, whole):
        return "jsonld", whole
    is_fragment = len(body) < _FEWEST_PARAGRAPHS
    if structure is not None and structure.is_sure and structure.teasers >= _MANY_TEASERS:
        return "generic", body  # a short story; the rest of the page's text is other stories
    if structure is not None and is_fragment and structure.story_share < _UNSURE_SHARE:
        other = ask_trafilatura(page)
        if is_better(other, body):
            return "generic", other
    return "generic", body


def is_cut(body: Sequence[str], other: Sequence[str]) -> bool:
    """Whether a body lacks most of the words of another that is long enough to be whole."""
    words, others = _words(body), _words(other)
    return sum(map(len, other)) >= _SHORTEST and (words & others).total() < _CUT * others.total()


def is_better(other: Sequence[str], body: Sequence[str]) -> bool:
    """Whether another body has the words of this one and many more."""
    words, others = _words(body), _words(other)
    return others.total() >= _LONGER * words.total() and (words & others).total() >= _CONTAINED * words.total()


def _words(paragraphs: Sequence[str]) -> Counter[str]:
    return Counter(" ".join(paragraphs).split())


def ask_trafilatura(page: Document) -> list[str]:
    """The body's paragraphs by trafilatura, imported only here because loading it is slow; [] for a large page."""
    tree = copy.deepcopy(page.tree)
    etree.strip_elements(tree, *_NO_TEXT, with_tail=False)
    html = etree.tostring(tree, encoding="unicode", method="html")
    if len(html) > _LARGEST:
        return []
    import trafilatura

    text = trafilatura.extract(html, fast=True, include_comments=False, include_tables=False, favor_precision=True)
    lines = [line for line in map(clean_line, (text or "").split("\n")) if line]
    return lines if sum(len(line) for line in lines if len(line) >= _PARAGRAPH) >= _SHORTEST else []
