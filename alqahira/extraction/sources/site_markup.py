"""The known markup of the site's article pages: exact, as long as the site keeps it.

Compiled XPath: parsel's Selector adds 5 to 10 % to extract_article on tests/pages/site/*.html (user CPU, medians).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from functools import lru_cache
from typing import Any

from lxml import etree
from parsel.csstranslator import HTMLTranslator

from alqahira import site
from alqahira.extraction.sources import Document, ExtractedFields
from alqahira.extraction.sources.blocks import paragraphs
from alqahira.extraction.urls import image_url
from alqahira.site import ArticleLayout
from alqahira.text.credits import is_credit_line, parse_credit
from alqahira.text.dates import parse_date
from alqahira.text.normalization import clean_line


@lru_cache(maxsize=256)
def select(css: str) -> etree.XPath:
    """A function that lists the elements below a root that match. Raises cssselect.SelectorError for bad CSS."""
    return etree.XPath(HTMLTranslator().css_to_xpath(css))


_CHAIN = re.compile(r"[\w.#-]+(?: [\w.#-]+)*")  # `main .row p`: elements, classes and ids, each below the one before


def select_first(css: str, root: Any) -> Any:
    """The first element that matches, in document order; None for none."""
    # The first p of the first .row of the first main is the first of all. Where that row has no p, another may.
    matches = _first_of_each(css)(root) if _CHAIN.fullmatch(css) else []
    return next(iter(matches or select(css)(root)), None)


@lru_cache(maxsize=64)
def _first_of_each(css: str) -> etree.XPath:
    """For a chain: the first match of each step, where the search for it ends; one scan of a page, not one a step."""
    steps = [HTMLTranslator().css_to_xpath(step, prefix="") + "[1]" for step in css.split(" ")]
    return etree.XPath("descendant-or-self::" + "/descendant::".join(steps))


def read(page: Document, layouts: Sequence[ArticleLayout] = site.LAYOUTS) -> ExtractedFields | None:
    """The fields in the known markup, in the layout that shows the most; None on a page without any layout's root."""
    articles: list[ExtractedFields] = []
    for layout in layouts:
        if (root := select_first(layout.root, page.tree)) is None:
            continue
        articles.append(article := _read(page, layout, root))
        if article.paragraphs and article.headline and article.credit_line and article.published:
            break
        if not article.paragraphs and (kind := _kind(page.tree)):  # its date and credit are no body in any layout
            article.kind = kind
            return article
    return max(articles, key=_count, default=None)


def _count(article: ExtractedFields) -> int:
    """How many fields a layout shows; without a body nothing counts."""
    return sum(bool(getattr(article, field.name)) for field in fields(article)) if article.paragraphs else 0


def _read(page: Document, layout: ArticleLayout, root: Any) -> ExtractedFields:
    images = select(layout.image)(root)
    body = [text for part in _outermost(select(layout.body)(root)) for text in paragraphs(part)]
    return ExtractedFields(
        headline=first_text(select(layout.headline)(root)),
        credit_line=_credit(select(layout.credit_line)(root), body),
        paragraphs=body,
        published=_published(texts(select(layout.meta_spans)(root)), page),
        image_url=image_url(images[0].get("src"), base=page.url) if images else None,
        image_caption=first_text(select(layout.image_caption)(root)),
        sections=texts(select(layout.category_links)(root)),
        keywords=texts(select(layout.tag_links)(root)),
    )


def _published(spans: list[str], page: Document) -> datetime | None:
    """Day and clock stand in spans of their own: together they are a minute, alone a day."""
    moments = (parse_date(text, now=page.now) for text in (" ".join(spans), *spans))
    return next(filter(None, moments), None)


def _kind(tree: Any) -> str | None:
    """The kind of a page without text, by its markup; None for an article without text as well."""
    markers = (*site.KIND_MARKERS.value.items(), ("video", site.VIDEO_MARKER.value))
    return next((kind for kind, marker in markers if select(marker)(tree)), None)


def _outermost(elements: list[Any]) -> list[Any]:
    """Those that stand in none of the others, in order: what is nested is read with what it stands in."""
    outer: list[Any] = []
    for element in elements:  # in document order, so an outer one comes before what it holds
        if not any(ancestor in outer for ancestor in element.iterancestors()):
            outer.append(element)
    return outer


# «القاهرة الإخبارية - » of an article that names no writer.
_LONE_DASH = re.compile(r"\s+[-–—]\s*$")


def _credit(elements: list[Any], body: list[str]) -> str | None:
    """The line before the body; else the body's first where it is a credit, which then is taken out of it."""
    for element in elements:
        line = _LONE_DASH.sub("", text_of(element))
        if line and (is_credit_line(line) or any(parse_credit(line))):
            return line
    return body.pop(0) if body and is_credit_line(body[0]) else None


def text_of(element: Any) -> str:
    """An element's text on one line, as display text."""
    return clean_line("".join(element.itertext()) if len(element) else element.text or "")


def first_text(elements: list[Any]) -> str | None:
    """The text of the first element that has any."""
    return next((text for element in elements if (text := text_of(element))), None)


def texts(elements: list[Any]) -> list[str]:
    """The elements' texts, each once, in order."""
    return list(dict.fromkeys(text for element in elements if (text := text_of(element))))
