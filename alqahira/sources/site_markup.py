"""The known markup of the site's article pages: exact, as long as the site keeps it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from lxml.cssselect import CSSSelector

from alqahira import site
from alqahira.arabic import clean_text
from alqahira.credits import is_credit_line, parse_credit
from alqahira.dates import parse_date
from alqahira.sources import Found, Page
from alqahira.sources.blocks import paragraphs
from alqahira.urls import image_url


@lru_cache(maxsize=256)
def select(css: str) -> CSSSelector:
    return CSSSelector(css, translator="html")


_ROOT = select(site.ARTICLE_ROOT.value)
_HEADLINE = select(site.HEADLINE.value)
_META = select(site.META_SPANS.value)
_IMAGE = select(site.IMAGE.value)
_CAPTION = select(site.IMAGE_CAPTION.value)
_CREDIT = select(site.CREDIT_LINE.value)
_BODY = select(site.BODY.value)
_OLDER = select(site.OLDER_PARAGRAPHS.value)
_TAGS = select(site.TAG_LINKS.value)
_CATEGORIES = select(site.CATEGORY_LINKS.value)


def read(page: Page) -> Found | None:
    """What the known markup says; None on a page without the article's root."""
    roots = _ROOT(page.tree)
    if not roots:
        return None
    root = roots[0]
    found = Found(headline=first_text(_HEADLINE(root)))
    for layout in (_BODY, _OLDER):
        found.paragraphs = found.paragraphs or [text for body in _outermost(layout(root)) for text in paragraphs(body)]
    found.credit_line = _credit(root, found)
    for image in _IMAGE(root)[:1]:
        found.image_url = image_url(image.get("src"), base=page.url)
    found.image_caption = first_text(_CAPTION(root))
    found.sections = texts(_CATEGORIES(root))
    found.keywords = texts(_TAGS(root))
    for span in _META(root):
        found.published = found.published or parse_date(text_of(span), now=page.now)
    return found


def _outermost(elements: list[Any]) -> list[Any]:
    """Those that stand in none of the others, in order: what is nested is read with what it stands in."""
    taken: set[Any] = set()
    found = []
    for element in elements:  # in document order, so an outer one comes before what it holds
        if not any(ancestor in taken for ancestor in element.iterancestors()):
            taken.add(element)
            found.append(element)
    return found


def _credit(root: Any, found: Found) -> str | None:
    """The line before the body, or the body's first where it is one."""
    for element in _CREDIT(root):
        line = text_of(element)
        if line and (is_credit_line(line) or any(parse_credit(line))):
            return line
    if found.paragraphs and is_credit_line(found.paragraphs[0]):
        return found.paragraphs.pop(0)
    return None


def text_of(element: Any) -> str:
    """An element's text on one line, as display text."""
    return " ".join(clean_text("".join(element.itertext())).split())


def first_text(elements: list[Any]) -> str | None:
    return next((text for element in elements if (text := text_of(element))), None)


def texts(elements: list[Any]) -> list[str]:
    """The elements' texts, each once, in order."""
    return list(dict.fromkeys(text for element in elements if (text := text_of(element))))
