"""What a page says by its structure alone: for a site that has renamed its classes.

The headline is the page's h1 (or the heading that other sources name), the body the element whose own
children hold the most running text, the credit and the date short lines between the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import chain, islice
from typing import Any

from alqahira import site
from alqahira.extraction.sources import Document, ExtractedFields, strip_site_name
from alqahira.extraction.sources.blocks import paragraphs
from alqahira.extraction.sources.site_markup import text_of
from alqahira.extraction.urls import beginning, image_url
from alqahira.text.credits import LONGEST_CREDIT, is_credit_line
from alqahira.text.dates import parse_date
from alqahira.text.normalization import fold_text

_RUNNING_TEXT = frozenset({"p", "blockquote", "li", "div", "section", "span"})
_ASIDE = frozenset({"aside", "nav", "footer", "header", "form", "script", "style", "noscript", "figure"})
_CATEGORY, _TAG = beginning(site.CATEGORY_URL.value), beginning(site.TAG_URL.value)
_PARAGRAPH = 40  # characters; shorter ones are labels
_MOST_LINK = 0.4
_ALL_LINKS = 0.6
_LONGEST_DATE = 80
_MOST_HEADINGS = 20
_MOST_LINES = 200  # short lines between the headline and the body
_LONGEST_CAPTION = 300
_MOST_ELEMENTS = 10_000  # an article's page has a thousand


def read(page: Document) -> ExtractedFields | None:
    """Headline, body, credit, date, caption and image as the structure shows them; None without headline and body."""
    # The site's own name may be an h1 as well.
    headings = islice(page.tree.iter("h1"), _MOST_HEADINGS)
    heading = next((element for element in headings if strip_site_name(text_of(element))), None)
    body = _body(page.tree)
    if body is None:
        return ExtractedFields(headline=text_of(heading)) if heading is not None else None
    found = ExtractedFields(headline=text_of(heading) if heading is not None else None, paragraphs=paragraphs(body))
    lines = list(islice(_lines_before(page.tree, heading, body), _MOST_LINES))
    for number, line in enumerate(lines):
        if found.credit_line is None and len(line) <= LONGEST_CREDIT and is_credit_line(line):
            found.credit_line = line
        elif found.published is None and len(line) <= _LONGEST_DATE and (day := parse_date(line, now=page.now)):
            # Day and clock may stand in elements of their own, with a bar between.
            joined = (" ".join(lines[number:end]) for end in (number + 3, number + 2))
            moments = (parse_date(text, now=page.now) for text in joined if len(text) <= _LONGEST_DATE)
            found.published = next((at for at in moments if at and at - day < timedelta(days=1)), day)
    if found.credit_line is None and found.paragraphs and is_credit_line(found.paragraphs[0]):
        found.credit_line = found.paragraphs.pop(0)
    root = _common_root(heading, body)
    image = _image(root) if root is not None else None
    if image is not None:
        found.image_url = image_url(image.get("src"), base=page.url)
        found.image_caption = _caption(image)
    if root is not None:
        found.keywords = _links(root, _TAG, without=body)
        # A path of links to the category is a nav.
        found.sections = _links(root, _CATEGORY, without=body, aside=frozenset({"aside", "footer"}))
    return found


def _body(tree: Any) -> Any:
    """The element whose direct children hold the most running text that is not link."""
    weights: dict[Any, int] = {}
    # Of each element that is done, the characters of text and of links below it: every text is measured once.
    sizes: dict[Any, tuple[int, int]] = {}
    stack: list[tuple[Any, bool]] = [(tree, False)]
    visited = 0
    while stack:
        element, is_done = stack.pop()
        if not is_done:
            visited += 1
            if isinstance(element.tag, str) and element.tag not in _ASIDE and visited <= _MOST_ELEMENTS:
                stack.append((element, True))
                stack.extend((child, False) for child in reversed(element))
            continue
        own, text, link, has_br = _length(element.text), 0, 0, False
        for child in element:
            below, linked = sizes.pop(child, (0, 0))
            own, text, link = own + _length(child.tail), text + below, link + linked
            has_br = has_br or child.tag == "br"
        text += own
        sizes[element] = (text, text if element.tag == "a" else link)
        parent = element.getparent()
        if parent is None or element.tag not in _RUNNING_TEXT:
            continue
        if element.tag in ("p", "blockquote", "li"):
            if text >= _PARAGRAPH and link <= text * _MOST_LINK:
                target = parent.getparent() if element.tag == "li" and parent.getparent() is not None else parent
                weights[target] = weights.get(target, 0) + text
        # Text straight in a div, parted by br, or a div for each paragraph; in a link it is another story's headline.
        elif own >= _PARAGRAPH and not _is_in_link(element):
            target = element if has_br else parent
            weights[target] = weights.get(target, 0) + own
    heaviest = max(weights, key=lambda element: weights[element], default=None)
    if heaviest is None or _link_share(heaviest) > _ALL_LINKS:
        return None
    return _with_its_like(heaviest, weights)


def _link_share(element: Any) -> float:
    """How much of an element's text stands in links, 0 to 1."""
    text = sum(map(_length, element.itertext()))
    links = sum(_length(part) for link in element.iter("a") for part in link.itertext())
    return links / text if text else 0.0


def _with_its_like(body: Any, weights: dict[Any, int]) -> Any:
    """The element around a body that an embed parts into several of the same make; else the body itself."""
    around = body.getparent()
    if around is None:
        return body
    make = (body.tag, body.get("class"))
    parts = [child for child in around if (child.tag, child.get("class")) == make]
    return around if len(parts) > 1 and all(part in weights or _length(part.text) == 0 for part in parts) else body


def _is_in_link(element: Any) -> bool:
    return next(element.iterancestors("a"), None) is not None


def _length(text: str | None) -> int:
    return len(" ".join(text.split())) if text else 0


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


def _image(root: Any) -> Any:
    """The main image: of the first figure, else the first that is no link and stands in no sidebar."""
    figures = (image for figure in root.iter("figure") for image in figure.iter("img"))
    others = (
        image
        for image in root.iter("img")
        if not _is_aside(image) and not any(ancestor.tag == "a" for ancestor in image.iterancestors())
    )
    return next((image for image in chain(figures, others) if image.get("src")), None)


def _caption(image: Any) -> str | None:
    """The figure's caption, else the short text that shares the image's own element."""
    around = next((ancestor for ancestor in image.iterancestors("figure")), image.getparent())
    caption = next(around.iter("figcaption"), None)
    if caption is None and around.find(".//h1") is None and around.find(".//p") is None:
        caption = around
    text = text_of(caption) if caption is not None else ""
    return text if text and len(text) <= _LONGEST_CAPTION else None


def _links(root: Any, path: str, *, without: Any, aside: frozenset[str] = _ASIDE) -> list[str]:
    """The texts of the links to such addresses, those in the running text and in sidebars left out."""
    found = (
        text_of(a)
        for a in root.iter("a")
        if path in (a.get("href") or "")
        and not any(above is without or above.tag in aside for above in a.iterancestors())
    )
    return list(dict.fromkeys(text for text in found if text and fold_text(text) != fold_text(site.NAME.value)))
