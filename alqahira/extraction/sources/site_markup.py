"""The known markup of the site's article pages: exact, as long as the site keeps it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from functools import lru_cache
from typing import Any

from lxml import etree
from lxml.cssselect import CSSSelector, LxmlHTMLTranslator

from alqahira import site
from alqahira.extraction.sources import Document, ExtractedFields
from alqahira.extraction.sources.blocks import paragraphs
from alqahira.extraction.urls import image_url
from alqahira.site import ArticleLayout
from alqahira.text.credits import is_credit_line, parse_credit
from alqahira.text.dates import parse_date
from alqahira.text.normalization import clean_line


@lru_cache(maxsize=256)
def select(css: str) -> CSSSelector:
    """The compiled selector of a CSS text. Raises cssselect.SelectorError."""
    return CSSSelector(css, translator="html")


_CHAIN = re.compile(r"[\w.#-]+(?: [\w.#-]+)*")  # `main .row p`: elements, classes and ids, each below the one before


def select_first(css: str, tree: Any) -> Any:
    """The first element that a selector matches, in document order; None for none."""
    # The first p of the first .row of the first main is the first of all. Where that row has no p, another may.
    found = _first_of_each(css)(tree) if _CHAIN.fullmatch(css) else []
    return next(iter(found or select(css)(tree)), None)


@lru_cache(maxsize=64)
def _first_of_each(css: str) -> etree.XPath:
    """For a chain: the first match of each step, where the search for it ends; one scan of a page, not one a step."""
    steps = [LxmlHTMLTranslator().css_to_xpath(step, prefix="") + "[1]" for step in css.split(" ")]
    return etree.XPath("descendant-or-self::" + "/descendant::".join(steps))


def read(page: Document, layouts: Sequence[ArticleLayout] = site.LAYOUTS) -> ExtractedFields | None:
    """What the known markup says, in the layout that shows the most; None on a page without any layout's root."""
    best: ExtractedFields | None = None
    for layout in layouts:
        found = _read(page, layout)
        if found is None:
            continue
        if found.paragraphs and found.headline and found.credit_line and found.published:
            return found if best is None or _fields(found) > _fields(best) else best
        if best is None or _fields(found) > _fields(best):
            best = found
        if not found.paragraphs and (kind := _kind(page.tree)):  # its date and credit are no body in any layout
            found.kind = kind
            return found
    return best


def _fields(found: ExtractedFields) -> int:
    """How much a layout shows of an article; without a body nothing counts."""
    values = (getattr(found, field.name) for field in fields(found))
    return sum(map(bool, values)) if found.paragraphs else 0


def _read(page: Document, layout: ArticleLayout) -> ExtractedFields | None:
    root = select_first(layout.root, page.tree)
    if root is None:
        return None
    found = ExtractedFields(headline=_headline(layout, root))
    found.paragraphs = [text for body in _outermost(select(layout.body)(root)) for text in paragraphs(body)]
    found.credit_line = _credit(select(layout.credit_line)(root), found)
    for image in select(layout.image)(root)[:1]:
        found.image_url = image_url(image.get("src"), base=page.url)
    found.image_caption = first_text(select(layout.image_caption)(root))
    found.sections = texts(select(layout.category_links)(root))
    found.keywords = texts(select(layout.tag_links)(root))
    found.published = _published(texts(select(layout.meta_spans)(root)), page)
    return found


def _published(spans: list[str], page: Document) -> datetime | None:
    """Day and clock stand in spans of their own: together they are a minute, alone a day."""
    moments = (parse_date(text, now=page.now) for text in (" ".join(spans), *spans))
    return next(filter(None, moments), None)


def _kind(tree: Any) -> str | None:
    """What the markup shows a page without text to be; None for an article without text as well."""
    markers = (*site.KIND_MARKERS.value.items(), ("video", site.VIDEO_MARKER.value))
    return next((kind for kind, marker in markers if select_first(marker, tree) is not None), None)


def _headline(layout: ArticleLayout, root: Any) -> str | None:
    """It stands in front, as a rule in the first element where it may stand; there the search for it ends."""
    first = select_first(layout.headline, root)
    return (text_of(first) if first is not None else "") or first_text(select(layout.headline)(root))


def _outermost(elements: list[Any]) -> list[Any]:
    """Those that stand in none of the others, in order: what is nested is read with what it stands in."""
    taken: set[Any] = set()
    found = []
    for element in elements:  # in document order, so an outer one comes before what it holds
        if not any(ancestor in taken for ancestor in element.iterancestors()):
            taken.add(element)
            found.append(element)
    return found


# «القاهرة الإخبارية - » of an article that names no writer.
_LONE_DASH = re.compile(r"\s+[-–—]\s*$")


def _credit(elements: list[Any], found: ExtractedFields) -> str | None:
    """The line before the body, or the body's first where it is one."""
    for element in elements:
        line = _LONE_DASH.sub("", text_of(element))
        if line and (is_credit_line(line) or any(parse_credit(line))):
            return line
    if found.paragraphs and is_credit_line(found.paragraphs[0]):
        return found.paragraphs.pop(0)
    return None


def text_of(element: Any) -> str:
    """An element's text on one line, as display text."""
    return clean_line("".join(element.itertext()) if len(element) else element.text or "")


def first_text(elements: list[Any]) -> str | None:
    """The text of the first element that has any."""
    return next((text for element in elements if (text := text_of(element))), None)


def texts(elements: list[Any]) -> list[str]:
    """The elements' texts, each once, in order."""
    return list(dict.fromkeys(text for element in elements if (text := text_of(element))))
