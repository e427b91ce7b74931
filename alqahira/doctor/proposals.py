"""Selectors for a page whose markup has changed: those that give the records already known, to the letter. Pure.

For each field, the elements that hold the known value are looked up on a few pages, every short selector that leads
to them is tried on all pages, and the one that gives the known values most often is proposed. Together they are a
new entry for `site.LAYOUTS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from alqahira.article import Article
from alqahira.doctor.visit import ARTICLES, Visit
from alqahira.extraction import urls
from alqahira.extraction.sources import Document
from alqahira.extraction.sources.blocks import paragraphs
from alqahira.extraction.sources.site_markup import first_text, read, select, text_of, texts
from alqahira.site import LAYOUTS, NOTHING, ArticleLayout
from alqahira.text.credits import is_credit_line
from alqahira.text.dates import parse_date
from alqahira.text.normalization import fold_text

_ENOUGH = 0.8  # of the pages: one may have been revised since its record was written
_FEWEST = 2  # pages; one shows no rule
_LOOKED_UP = 3  # pages whose elements selectors are made of
# An article's page has a thousand elements; a known value stands in a handful of places.
_MOST_ELEMENTS, _MOST_CANDIDATES = 20_000, 500
_ANCESTORS = 5
_LONGEST_DATE = 80
_NAME = re.compile(r"-?[A-Za-z_][\w-]*", re.ASCII)
# Build tools write such names anew with every release: `Stories_x3f9a1c20`.
_GENERATED = re.compile(r"(?=\w*\d)[\w-]*[0-9a-f]{5,}|__", re.ASCII)
_TELLING_TAGS = ("h1", "main", "article", "figcaption")


@dataclass(frozen=True)
class KnownPage:
    """A page as it is now, and the record that was made of it before."""

    page: Document
    record: Article


@dataclass(frozen=True, slots=True)
class Proposal:
    """A selector for one attribute of `site.ArticleLayout`; it gives the known value on `gives` of `of` pages."""

    name: str
    selector: str
    gives: int
    of: int


@dataclass(frozen=True, slots=True)
class NewLayout:
    """The proposals, and of how many known records they give headline and body together, read as the crawl reads."""

    proposals: tuple[Proposal, ...]
    records: int
    of: int


# A page, the element to look below, and the value to find there.
_Wanted = tuple[Document, Any, Any]


def known_pages(visit: Visit, records: Mapping[str, Article]) -> list[KnownPage]:
    """The answered article pages, each with its record from before (by article_id), else with what it reads as now."""
    pages = []
    for sample in visit.answered(*ARTICLES):
        key = urls.article_id(urls.canonical_url(sample.url, root=visit.root))
        if record := records.get(key, sample.reading.article):
            pages.append(KnownPage(sample.page, record))
    return pages


def propose(known: Sequence[KnownPage]) -> NewLayout | None:
    """A layout that reproduces the known records; None where the layouts of `site.py` do, or none is found."""
    if len(known) < _FEWEST or _reproduced(known, LAYOUTS) >= _ENOUGH * len(known):
        return None
    roots = [(one.page, one.page.tree, root) for one in known if (root := _root(one)) is not None]
    if not roots:
        return None
    best_root = _best("root", roots)
    selector = best_root.selector if best_root else "body"
    scopes = [(one, scopes[0]) for one in known if (scopes := select(selector)(one.page.tree))]
    candidates = [best_root]
    for name, (field, _) in _READERS.items():
        candidates.append(_best(name, [(one.page, scope, getattr(one.record, field)) for one, scope in scopes]))
    proposals = tuple(filter(None, candidates))
    attributes = {"name": "proposed", "root": selector, "headline": NOTHING, "body": NOTHING}
    layout = ArticleLayout(**attributes | {proposal.name: proposal.selector for proposal in proposals})
    return NewLayout(proposals, _reproduced(known, (layout,)), len(known))


def _reproduced(known: Sequence[KnownPage], layouts: Sequence[ArticleLayout]) -> int:
    """How many known records' headline and body these layouts give."""
    pairs = [(read(one.page, layouts), one.record) for one in known]
    return sum(
        bool(fields and (fields.headline, "\n\n".join(fields.paragraphs)) == (record.headline, record.article_body))
        for fields, record in pairs
    )


# --- what elements give --------------------------------------------------------------------------


def _body(elements: list[Any], page: Document) -> str | None:
    lines = paragraphs(elements[0]) if len(elements) == 1 and len(elements[0]) else []
    return "\n\n".join(lines[1:] if lines and is_credit_line(lines[0]) else lines) or None


def _date(elements: list[Any], page: Document) -> datetime | None:
    lines = (line for element in elements[:20] if 4 <= len(line := text_of(element)) <= _LONGEST_DATE)
    return next((date for line in lines if (date := parse_date(line, now=page.now))), None)


def _image(elements: list[Any], page: Document) -> str | None:
    return urls.image_url(elements[0].get("src"), base=page.url) if elements and elements[0].tag == "img" else None


# For each attribute of a layout: the record's field, and how elements are read for it.
_READERS: dict[str, tuple[str, Callable[[list[Any], Document], Any]]] = {
    "headline": ("headline", lambda elements, page: first_text(elements)),
    "body": ("article_body", _body),
    "credit_line": ("credit_line", lambda elements, page: first_text(elements)),
    "meta_spans": ("date_published", _date),
    "image": ("image_url", _image),
    "image_caption": ("image_caption", lambda elements, page: first_text(elements)),
    "tag_links": ("keywords", lambda elements, page: texts(elements)),
    "category_links": ("article_sections", lambda elements, page: texts(elements)),
}


def _gives(name: str, elements: list[Any], value: Any, page: Document) -> bool:
    """Whether elements give the known value, or nothing where there is none; a visible date may be a day alone."""
    if value is None or value == []:
        return not elements
    if name == "root":
        return bool(elements) and elements[0] is value
    given = _READERS[name][1](elements, page)
    if isinstance(value, datetime) and given:
        return bool(abs(given - value) <= timedelta(days=1))
    return bool(given == value)


def _holders(name: str, scope: Any, value: Any, page: Document) -> Iterator[Any]:
    """The elements below a scope that give a known value by themselves (one of its values, for a list)."""
    if name == "root":
        yield value
        return
    # Markup is often indented. Reading a body out of each element that is far too large would be slow.
    most = 4 * len(value) + 2_000 if isinstance(value, str) else 4 * _LONGEST_DATE
    for element in islice(scope.iter(), _MOST_ELEMENTS):
        if element.tag in ("script", "style") or element.xpath("string-length()") > most:
            continue
        if isinstance(value, list):
            if element.tag == "a" and text_of(element) in value:
                yield element
        elif _gives(name, [element], value, page):
            yield element


def _root(one: KnownPage) -> Any:
    """The innermost element around the headline and the body; None where either is not on the page."""
    body = next(iter([*_holders("body", one.page.tree, one.record.article_body, one.page)][-1:]), None)
    headings = islice(one.page.tree.iter("h1", "h2", "h3"), _MOST_ELEMENTS)
    heading = next((h for h in headings if fold_text(text_of(h)) == fold_text(one.record.headline)), None)
    if body is None or heading is None:
        return None
    around = {heading, *heading.iterancestors()}
    return next((ancestor for ancestor in body.iterancestors() if ancestor in around), None)


# --- selectors ----------------------------------------------------------------------------------


def _best(name: str, wanted: Sequence[_Wanted]) -> Proposal | None:
    """The selector that gives the known values on most pages, matches little else, and is likeliest to last."""
    candidates: dict[str, None] = {}
    for page, scope, value in [one for one in wanted if one[2] is not None and one[2] != []][:_LOOKED_UP]:
        for element in _holders(name, scope, value, page):
            candidates |= dict.fromkeys(islice(_selectors(element, scope), _MOST_CANDIDATES - len(candidates)))
    ranks = []
    for selector in candidates:
        # A page without the field shows what a selector must not match.
        matched = [(select(selector)(scope), value, page) for page, scope, value in wanted]
        count = sum(_gives(name, elements, value, page) for elements, value, page in matched)
        ranks.append((-count, sum(len(elements) for elements, *_ in matched), _frailty(selector), selector))
    count, *_, selector = min(ranks, default=(0, 0, 0, ""))
    return Proposal(name, selector, -count, len(wanted)) if -count >= max(1, _ENOUGH * len(wanted)) else None


def _selectors(element: Any, scope: Any) -> Iterator[str]:
    """Selectors for an element: by itself, and below one of its ancestors inside the scope."""
    own = list(_names(element))
    yield from own
    for steps, ancestor in enumerate(islice(element.iterancestors(), _ANCESTORS)):
        for outer in _names(ancestor):
            for inner in own:
                yield f"{outer} {inner}"
                if steps == 0:
                    yield f"{outer} > {inner}"
        if ancestor is scope:
            return


def _names(element: Any) -> Iterator[str]:
    """What a selector can call an element: its tag and its classes."""
    if not _NAME.fullmatch(element.tag):
        return  # such as Word's <o:p>
    yield element.tag
    for name in (element.get("class") or "").split()[:6]:
        if _NAME.fullmatch(name):
            yield f".{name}"
            yield f"{element.tag}.{name}"


def _frailty(selector: str) -> int:
    """How soon a selector is likely to break: bare tags, generated names, many steps, descendants for children."""
    steps = re.split(r" > | ", selector)
    bare = sum("." not in step and step not in _TELLING_TAGS for step in steps)
    is_loose = len(steps) > 1 and " > " not in selector
    return 4 * len(_GENERATED.findall(selector)) + 3 * bare + 2 * len(steps) + is_loose
