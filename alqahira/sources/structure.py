"""What a page says by its structure alone: for a site that has renamed its classes.

The headline is the page's h1 (or the heading that other sources name), the body the element whose own
children hold the most running text, the credit and the date short lines between the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from alqahira import site
from alqahira.arabic import fold_text
from alqahira.credits import LONGEST_CREDIT, is_credit_line
from alqahira.dates import parse_date
from alqahira.sources import Found, Page
from alqahira.sources.blocks import paragraphs
from alqahira.sources.site_markup import text_of
from alqahira.urls import image_url

_RUNNING_TEXT = frozenset({"p", "blockquote", "li", "div", "section", "span"})
_ASIDE = frozenset({"aside", "nav", "footer", "header", "form", "script", "style", "noscript", "figure"})
_PARAGRAPH = 40  # characters; shorter ones are labels
_MOST_LINK = 0.4
_LONGEST_DATE = 80


def read(page: Page) -> Found | None:
    """Headline, body, credit, date, caption and image as the structure shows them; None without a body."""
    headings = [element for element in page.tree.iter("h1") if text_of(element)]
    body = _body(page.tree)
    if body is None:
        return None
    heading = headings[0] if headings else None
    found = Found(headline=text_of(heading) if heading is not None else None, paragraphs=paragraphs(body))
    for line in _lines_before(page.tree, heading, body):
        if found.credit_line is None and len(line) <= LONGEST_CREDIT and is_credit_line(line):
            found.credit_line = line
        elif found.published is None and len(line) <= _LONGEST_DATE:
            found.published = parse_date(line, now=page.now)
    if found.credit_line is None and found.paragraphs and is_credit_line(found.paragraphs[0]):
        found.credit_line = found.paragraphs.pop(0)
    root = _common_root(heading, body)
    for figure in root.iter("figure") if root is not None else ():
        image = next(figure.iter("img"), None)
        caption = next(figure.iter("figcaption"), None)
        found.image_url = image_url(image.get("src"), base=page.url) if image is not None else None
        found.image_caption = text_of(caption) or None if caption is not None else None
        break
    if root is not None:
        found.keywords = _links(root, "/tag/")
        found.sections = _links(root, "/category/")
    return found


def _body(tree: Any) -> Any:
    """The element whose direct children hold the most running text that is not link."""
    weights: dict[Any, int] = {}
    for element in tree.iter(*_RUNNING_TEXT):
        parent = element.getparent()
        if parent is None or _is_aside(element):
            continue
        own = len((element.text or "").strip()) + sum(len((child.tail or "").strip()) for child in element)
        if element.tag in ("p", "blockquote", "li"):
            text = len(" ".join("".join(element.itertext()).split()))
            link = sum(len("".join(anchor.itertext())) for anchor in element.iter("a"))
            if text >= _PARAGRAPH and link <= text * _MOST_LINK:
                target = parent.getparent() if element.tag == "li" and parent.getparent() is not None else parent
                weights[target] = weights.get(target, 0) + text
        elif own >= _PARAGRAPH:  # text straight in a div, parted by br, or a div for each paragraph
            target = element if any(child.tag == "br" for child in element) else parent
            weights[target] = weights.get(target, 0) + own
    return max(weights, key=lambda element: weights[element], default=None)


def _is_aside(element: Any) -> bool:
    return any(ancestor.tag in _ASIDE for ancestor in element.iterancestors())


def _lines_before(tree: Any, heading: Any, body: Any) -> Iterator[str]:
    """Short lines from the heading to the body, in reading order, each element's own."""
    started = heading is None
    for element in tree.iter():
        if element is body:
            return
        if element is heading:
            started = True
            continue
        if not started or not isinstance(element.tag, str) or element.tag in ("script", "style", "a"):
            continue
        if element.tag == "time" and element.get("datetime"):
            yield element.get("datetime")
        if len(element) == 0 and element.text and element.text.strip():
            yield text_of(element)


def _common_root(heading: Any, body: Any) -> Any:
    if heading is None:
        return body.getparent()
    above = set(heading.iterancestors())
    return next((ancestor for ancestor in body.iterancestors() if ancestor in above), None)


def _links(root: Any, path: str) -> list[str]:
    found = (text_of(a) for a in root.iter("a") if path in (a.get("href") or "") and not _is_aside(a))
    return list(dict.fromkeys(text for text in found if text and fold_text(text) != fold_text(site.NAME.value)))
