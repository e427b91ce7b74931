"""A page without known markup, as after a redesign: its structure, and trafilatura if that shows nothing.

The headline is the page's h1, the body the element whose children hold the most running text; credit and date are
short lines between the two.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Any

from alqahira import site
from alqahira.extraction.sources import Document, ExtractedFields, strip_site_name
from alqahira.extraction.sources.blocks import paragraphs
from alqahira.extraction.sources.site_markup import first_text, text_of, texts
from alqahira.extraction.urls import image_url, path_prefix
from alqahira.text.credits import LONGEST_CREDIT, is_credit_line
from alqahira.text.dates import parse_date
from alqahira.text.normalization import clean_line, fold_text

_PARAGRAPHS, _CONTAINERS = frozenset({"p", "blockquote", "li"}), frozenset({"div", "section", "span"})
_ASIDE = frozenset({"aside", "nav", "footer", "header", "form", "script", "style", "noscript", "figure"})
_CATEGORY, _TAG = path_prefix(site.CATEGORY_URL.value), path_prefix(site.TAG_URL.value)
_PARAGRAPH = 40  # characters; shorter ones are labels
_MOST_LINK = 0.4  # of a paragraph's text
_ALL_LINKS = 0.6  # of a body's text
_LONGEST_DATE, _LONGEST_CAPTION = 80, 300
_MOST_HEADINGS = 20
_MOST_LINES = 200  # short lines between the headline and the body
_MOST_ELEMENTS = 10_000  # an article's page has 1,000
# Characters; trafilatura takes 0.25 s for a page of this size, and an article's page is a tenth of it.
_LARGEST_GUESS = 120_000


def read(page: Document) -> ExtractedFields | None:
    """Headline, body, credit, date, image, tags and categories by structure; None without headline and body."""
    # The site's own name may be an h1, too.
    headings = islice(page.tree.iter("h1"), _MOST_HEADINGS)
    heading = next((element for element in headings if strip_site_name(text_of(element))), None)
    headline = text_of(heading) if heading is not None else None
    body = _body(page.tree)
    if body is None:
        return ExtractedFields(headline=headline) if headline else None
    text = paragraphs(body)
    lines = list(islice(_lines_before(page.tree, heading, body), _MOST_LINES))
    credits = (line for line in lines if len(line) <= LONGEST_CREDIT and is_credit_line(line))
    credit = next(credits, None) or (text.pop(0) if text and is_credit_line(text[0]) else None)
    root = _common_root(heading, body)
    image = _image(root)
    return ExtractedFields(
        headline=headline,
        paragraphs=text,
        credit_line=credit,
        published=_date(lines, page.now),
        image_url=image_url(image.get("src"), base=page.url) if image is not None else None,
        image_caption=_caption(image) if image is not None else None,
        keywords=_links(root, _TAG, body, _ASIDE),
        sections=_links(root, _CATEGORY, body, ("aside", "footer")),  # breadcrumbs are a nav
    )


def guess(page: Document) -> list[str]:
    """The body's paragraphs by trafilatura, imported only here because loading it is slow; [] for a large page."""
    if len(page.html) > _LARGEST_GUESS:
        return []
    import trafilatura

    text = trafilatura.extract(page.html, fast=True, include_comments=False, include_tables=False, favor_precision=True)
    return [line for line in map(clean_line, (text or "").split("\n")) if line]


def _date(lines: list[str], now: datetime) -> datetime | None:
    """The first date of the lines; its time may be in the next line, or in the one after a line with a bar."""
    for number, line in enumerate(lines):
        if len(line) <= _LONGEST_DATE and (day := parse_date(line, now=now)):
            joined = (" ".join(lines[number:end]) for end in (number + 3, number + 2))
            moments = (parse_date(text, now=now) for text in joined if len(text) <= _LONGEST_DATE)
            return next((moment for moment in moments if moment and moment - day < timedelta(days=1)), day)
    return None


def _body(tree: Any) -> Any:
    """The element whose children hold the most running text outside links; None without any."""
    weights: defaultdict[Any, int] = defaultdict(int)
    # (characters of text, those in links) below each finished element, so that every text is measured once.
    sizes: dict[Any, tuple[int, int]] = {}
    stack: list[tuple[Any, bool]] = [(tree, False)]
    visited = 0
    while stack:
        element, is_done = stack.pop()
        if not is_done:
            visited += 1
            if element.tag not in _ASIDE and visited <= _MOST_ELEMENTS:
                stack.append((element, True))
                stack.extend((child, False) for child in reversed(element))
            continue
        below = [sizes.pop(child, (0, 0)) for child in element]
        own = _length(element.text) + sum(_length(child.tail) for child in element)
        text, link = own + sum(size for size, _ in below), sum(linked for _, linked in below)
        sizes[element] = (text, text if element.tag == "a" else link)
        parent = element.getparent()
        if element.tag in _PARAGRAPHS and text >= _PARAGRAPH and link <= text * _MOST_LINK:
            grandparent = parent.getparent()
            weights[grandparent if element.tag == "li" and grandparent is not None else parent] += text
        # Text directly in a div, a paragraph a div or a br; in a link it is another story's headline.
        elif element.tag in _CONTAINERS and own >= _PARAGRAPH and not _is_inside(element, ("a",)):
            weights[element if element.find("br") is not None else parent] += own
    heaviest = max(weights, key=lambda element: weights[element], default=None)
    if heaviest is None or _link_share(heaviest) > _ALL_LINKS:
        return None
    return _with_siblings(heaviest, weights)


def _link_share(element: Any) -> float:
    """The share of an element's text in links, 0 to 1."""
    text = sum(map(_length, element.itertext()))
    links = sum(_length(part) for link in element.iter("a") for part in link.itertext())
    return links / text if text else 0.0


def _with_siblings(body: Any, weights: dict[Any, int]) -> Any:
    """The parent of a body that embeds divide into several elements of one tag and class; else the body itself."""
    around = body.getparent()
    if around is None:
        return body
    make = (body.tag, body.get("class"))
    parts = [child for child in around if (child.tag, child.get("class")) == make]
    return around if len(parts) > 1 and all(part in weights or _length(part.text) == 0 for part in parts) else body


def _length(text: str | None) -> int:
    return len(" ".join(text.split())) if text else 0


def _is_inside(element: Any, tags: Collection[str]) -> bool:
    return any(ancestor.tag in tags for ancestor in element.iterancestors())


def _lines_before(tree: Any, heading: Any, body: Any) -> Iterator[str]:
    """The texts of the innermost elements from the heading to the body, in reading order."""
    started = heading is None
    for element in tree.iter():
        if element is body:
            return
        if element is heading:
            started = True
        elif started and element.tag not in ("script", "style", "a"):
            if element.tag == "time" and element.get("datetime"):
                yield element.get("datetime")
            if len(element) == 0 and element.text and element.text.strip():
                yield text_of(element)


def _common_root(heading: Any, body: Any) -> Any:
    """The innermost element around both; the body itself if it is the whole page."""
    above = set((body if heading is None else heading).iterancestors())
    return next((ancestor for ancestor in body.iterancestors() if ancestor in above), body)


def _image(root: Any) -> Any:
    """The first image in a figure, else the first outside links and sidebars."""
    figures = (image for figure in root.iter("figure") for image in figure.iter("img"))
    others = (image for image in root.iter("img") if not _is_inside(image, {*_ASIDE, "a"}))
    return next((image for image in chain(figures, others) if image.get("src")), None)


def _caption(image: Any) -> str | None:
    """The figure's caption, else the short text in the image's parent."""
    around = next(image.iterancestors("figure"), image.getparent())
    caption = next(around.iter("figcaption"), None)
    if caption is None and around.find(".//h1") is None and around.find(".//p") is None:
        caption = around
    text = first_text([caption]) if caption is not None else None
    return text if text and len(text) <= _LONGEST_CAPTION else None


def _links(root: Any, path: str, body: Any, aside: Collection[str]) -> list[str]:
    """The texts of links to addresses with that path, without those in the body and in sidebars."""
    links = (link for link in root.iter("a") if path in (link.get("href") or "") and not _is_inside(link, aside))
    labels = texts([link for link in links if body not in link.iterancestors()])
    return [label for label in labels if fold_text(label) != fold_text(site.NAME.value)]
