"""The known markup of the site's article pages: exact, as long as the site keeps it.

Compiled XPath: parsel's Selector adds 5 to 10 % to `extract_article` (pages of `tests/pages/site`, user CPU, medians).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

from cssselect.xpath import XPathExpr
from lxml import etree
from parsel.csstranslator import HTMLTranslator

from alqahira import site
from alqahira.extraction.sources import Document, ExtractedFields, plain_line
from alqahira.extraction.sources.blocks import HEADINGS, paragraphs, visible_texts
from alqahira.extraction.sources.picture import first_address
from alqahira.extraction.sources.values import exact_date
from alqahira.site import ArticleLayout
from alqahira.text.credits import is_credit_line, parse_credit
from alqahira.text.dates import parse_date


class _Translator(HTMLTranslator):
    """`a + b` without looking at all siblings after each `a`."""

    def xpath_direct_adjacent_combinator(self, left: XPathExpr, right: XPathExpr) -> XPathExpr:
        return left.join("/following-sibling::*[1]/self::", right)


# A space that is a combinator of its own, in a selector without spaces inside brackets.
_DESCENDANT = re.compile(r"(?<![>+~]) (?![>+~])")
_IN_BRACKETS = re.compile(r"[\[(][^\])]*[ ,]")


@lru_cache(maxsize=256)
def select(css: str) -> Callable[[Any], list[Any]]:
    """A function from a root to the list of matching elements below it. Raises cssselect.SelectorError for bad CSS.

    Linear in the elements: of `a b`, libxml2 compares the elements below each of many nested `a` with one another.
    """
    if _IN_BRACKETS.search(css):
        whole: Callable[[Any], list[Any]] = etree.XPath(_Translator().css_to_xpath(css))
        return whole
    choices = [_Chain(choice.strip()) for choice in css.split(",")]
    return choices[0] if len(choices) == 1 else partial(_any_of, choices)


class _Chain:
    """`a b c`: each step is searched below the outermost elements of the step before, which are enough."""

    def __init__(self, css: str) -> None:
        first, *others = _DESCENDANT.split(css)
        self._first = etree.XPath(_Translator().css_to_xpath(first))
        self._others = [etree.XPath(_Translator().css_to_xpath(step, prefix="descendant::")) for step in others]

    def __call__(self, root: Any) -> list[Any]:
        elements: list[Any] = self._first(root)
        for step in self._others:
            if len(elements) == 1:  # nearly always
                elements = step(elements[0])
            elif elements:
                elements = [element for outer in outermost(elements) for element in step(outer)]
        return elements


def _any_of(choices: Sequence[_Chain], root: Any) -> list[Any]:
    """The elements of all chains, each once, in document order."""
    elements = {element: None for choice in choices for element in choice(root)}
    if len(elements) < 2:
        return list(elements)
    return [element for element in root.iter() if element in elements]


_CHAIN = re.compile(r"[\w.#-]+(?: [\w.#-]+)*")  # `main .row p`: elements, classes and ids, each inside the one before


def select_first(css: str, root: Any) -> Any:
    """The first element that matches, in document order; None for none."""
    # The first p in the first .row of the first main is the first of `main .row p`; if it has no p, another row may.
    matches = _first_of_each(css)(root) if _CHAIN.fullmatch(css) else []
    return next(iter(matches or select(css)(root)), None)


@lru_cache(maxsize=64)
def _first_of_each(css: str) -> etree.XPath:
    """For a chain: its first match inside the first match of each step, found in one scan of the page."""
    steps = [HTMLTranslator().css_to_xpath(step, prefix="") + "[1]" for step in css.split(" ")]
    return etree.XPath("descendant-or-self::" + "/descendant::".join(steps))


def read(page: Document, layouts: Sequence[ArticleLayout] = site.LAYOUTS) -> ExtractedFields | None:
    """The fields in the known markup, by the layout that gives the most; None on a page without any layout's root."""
    articles: list[ExtractedFields] = []
    for layout in layouts:
        if (root := select_first(layout.root, page.tree)) is None:
            continue
        articles.append(article := _read(page, layout, root))
        if article.paragraphs and article.headline and article.credit_line and article.published:
            break
        if not article.paragraphs and (kind := _kind(page.tree)):  # another layout might take its credit for a body
            article.kind = kind
            return article
    return max(articles, key=_count, default=None)


def _count(article: ExtractedFields) -> int:
    """How many fields a layout gives; 0 without a body."""
    return sum(bool(getattr(article, field.name)) for field in fields(article)) if article.paragraphs else 0


def _read(page: Document, layout: ArticleLayout, root: Any) -> ExtractedFields:
    body = [text for part in outermost(select(layout.body)(root)) for text in paragraphs(part)]
    return ExtractedFields(
        headline=first_text(select(layout.headline)(root)),
        credit_line=_credit(select(layout.credit_line)(root), body),
        paragraphs=body,
        published=_published(select(layout.meta_spans)(root), page),
        image_url=first_address(select(layout.image)(root), page.base),
        image_caption=first_text(select(layout.image_caption)(root)),
        sections=texts(select(layout.category_links)(root)),
        keywords=texts(select(layout.tag_links)(root)),
    )


_MOST_SPANS = 100  # a page has three


def _published(spans: list[Any], page: Document) -> datetime | None:
    """The date of all spans together, which is exact to the minute; else of the first span that has one."""
    shown = texts(spans)
    moments = (parse_date(text, now=page.now) for text in (" ".join(shown), *shown[:_MOST_SPANS]))
    return exact_date(spans[:_MOST_SPANS], next(filter(None, moments), None), page.now)


def _kind(tree: Any) -> str | None:
    """The kind of a page without text, by its markup; None for an article without text as well."""
    markers = (*site.KIND_MARKERS.value.items(), ("video", site.VIDEO_MARKER.value))
    return next((kind for kind, marker in markers if select(marker)(tree)), None)


def outermost(elements: list[Any]) -> list[Any]:
    """The elements that are not inside another of them, in order."""
    if len(elements) < 2:
        return elements
    known = set(elements)
    return [element for element in elements if known.isdisjoint(element.iterancestors())]


# «القاهرة الإخبارية - » without a writer.
_LONE_DASH = re.compile(r"\s+[-–—]\s*$")


def _credit(elements: list[Any], body: list[str]) -> str | None:
    """The first credit of the elements; else the first of `body` if it is a credit, which is then removed there."""
    for element in elements:
        line = _LONE_DASH.sub("", text_of(element))
        if line and (is_credit_line(line) or any(parse_credit(line))):
            return line
    return body.pop(0) if body and is_credit_line(body[0]) else None


def text_of(element: Any) -> str:
    """An element's text on one line, as display text: what is seen of it, with a space where a line or block ends."""
    if not len(element):
        return plain_line(element.text or "")
    is_plain = _is_plain(element) and not (element.tag in HEADINGS and _has_class(element))
    return plain_line("".join(element.itertext() if is_plain else visible_texts(element)))


# Only inline elements, all of them seen: nearly always, and quick to read.
_is_plain = etree.XPath(
    "not(descendant::*[@hidden or @aria-hidden or @style or contains(@class, 'hidden') or contains(@class, 'sr-only')"
    " or contains(@class, 'screen-reader') or not(self::a or self::b or self::em or self::i or self::img"
    " or self::span or self::strong or self::time)])"
)
_has_class = etree.XPath("boolean(descendant::*[@class])")


def first_text(elements: list[Any]) -> str | None:
    """The text of the first element that has any. Raises TooLarge."""
    return next((text for element in elements if (text := text_of(element))), None)


def texts(elements: list[Any]) -> list[str]:
    """The elements' texts, each once, in order. Raises TooLarge."""
    lines = (text_of(element) for element in elements)
    return list(dict.fromkeys(filter(None, lines)))
