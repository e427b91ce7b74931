"""Selectors for a page whose markup has changed: those that give the records already known, to the letter. Pure.

For each field the elements that hold the known value are looked up on every page, every short selector that
leads to them is tried on all pages, and the one that gives the known values most often is proposed. Together
they are a new entry for `site.LAYOUTS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
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

# A page may have been revised since its record was written.
_ENOUGH = 0.8
# One page shows no rule.
_FEWEST = 2
_CLASS = re.compile(r"-?[A-Za-z_][\w-]*", re.ASCII)
# Build tools write such names anew with every release: `Stories_x3f9a1c20`.
_GENERATED = re.compile(r"(?=\w*\d)[\w-]*[0-9a-f]{5,}|__", re.ASCII)
_ATTRIBUTES = ("itemprop", "rel", "role", "data-testid", "alt")
_ANCESTORS = 5
_TAG = re.compile(r"[a-z][a-z0-9-]*", re.ASCII)
# An article's page has a thousand elements; a known value a handful of places.
_MOST_ELEMENTS, _MOST_CANDIDATES = 20_000, 500
_LONGEST_DATE = 80


@dataclass(frozen=True)
class KnownPage:
    """A page as it is now, and the record that was made of it before."""

    page: Document
    record: Article

    @cached_property
    def elements(self) -> list[tuple[Any, int]]:
        """The page's elements in order, up to a bound, each with the characters of text below it."""
        listed = [e for e in islice(self.page.tree.iter(), _MOST_ELEMENTS) if isinstance(e.tag, str)]
        sizes: dict[Any, int] = {}
        for element in reversed(listed):
            below = sum(sizes.get(child, 0) + len(child.tail or "") for child in element)
            sizes[element] = len(element.text or "") + below
        return [(element, sizes[element]) for element in listed]


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


def known_pages(visit: Visit, records: Mapping[str, Article]) -> list[KnownPage]:
    """The answered article pages, each with its record from before (by article_id), else with what it reads as now."""
    found = []
    for sample in visit.of(*ARTICLES):
        key = urls.article_id(urls.canonical_url(sample.url, root=visit.root))
        if record := records.get(key, sample.reading.article):
            found.append(KnownPage(sample.page, record))
    return found


def propose(known: Sequence[KnownPage]) -> NewLayout | None:
    """A layout that reproduces the known records; None where the layouts of `site.py` do, or nothing was found."""
    if len(known) < _FEWEST or _reproduced(known, LAYOUTS) >= _ENOUGH * len(known):
        return None
    scoped = [(one, one.page.tree.getroottree().getroot(), root) for one in known if (root := _root(one)) is not None]
    if not scoped:
        return None
    found = [_best("root", scoped)]
    root_selector = found[0].selector if found[0] else "body"
    inside = [(one, at[0]) for one in known if (at := select(root_selector)(one.page.tree))]
    found += [_best(n, [(o, at, getattr(o.record, a)) for o, at in inside]) for n, (a, _) in _READERS.items() if a]
    proposals = tuple(proposal for proposal in found if proposal)
    needed = {"name": "proposed", "root": root_selector, "headline": NOTHING, "body": NOTHING}
    layout = ArticleLayout(**needed | {proposal.name: proposal.selector for proposal in proposals})
    return NewLayout(proposals, _reproduced(known, (layout,)), len(known))


def _reproduced(known: Sequence[KnownPage], layouts: Sequence[ArticleLayout]) -> int:
    """How many known records' headline and body these layouts give."""
    pairs = [(read(one.page, layouts), one.record) for one in known]
    return sum(
        bool(found and (found.headline, "\n\n".join(found.paragraphs)) == (record.headline, record.article_body))
        for found, record in pairs
    )


# --- what elements give --------------------------------------------------------------------------


def _body(elements: list[Any], page: Document) -> str | None:
    found = paragraphs(elements[0]) if len(elements) == 1 and len(elements[0]) else []
    return "\n\n".join(found[1:] if found and is_credit_line(found[0]) else found) or None


def _date(elements: list[Any], page: Document) -> datetime | None:
    lines = (line for element in elements[:20] if 4 <= len(line := text_of(element)) <= _LONGEST_DATE)
    return next((date for line in lines if (date := parse_date(line, now=page.now))), None)


def _image(elements: list[Any], page: Document) -> str | None:
    return urls.image_url(elements[0].get("src"), base=page.url) if elements and elements[0].tag == "img" else None


# For each attribute of a layout: the record's field, and how elements are read for it.
_READERS: dict[str, tuple[str, Callable[[list[Any], Document], Any]]] = {
    "root": ("", lambda elements, page: next(iter(elements), None)),
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
    given = _READERS[name][1](elements, page)
    if isinstance(value, datetime) and given:
        return bool(abs(given - value) <= timedelta(days=1))
    return bool(given == value)


def _holders(name: str, scope: Any, value: Any, one: KnownPage) -> Iterator[Any]:
    """The elements below a scope that give a known value by themselves (one of its values, for a list)."""
    least, most = 0, _LONGEST_DATE * 4
    if isinstance(value, str):
        most = 4 * len(value) + 2_000  # markup is often indented
        least = len(value) // 2 if name != "image" else 0
    elif isinstance(value, list):
        most = 4 * max(map(len, value), default=0) + 200
    for element, size in one.elements:
        if not least <= size <= most or element.tag in ("script", "style"):
            continue
        if element is not scope and scope not in element.iterancestors():
            continue
        if isinstance(value, list):
            if element.tag == "a" and text_of(element) in value:
                yield element
        elif _gives(name, [element], value, one.page):
            yield element


def _root(one: KnownPage) -> Any:
    """The innermost element around the headline and the body."""
    bodies = list(_holders("body", one.page.tree, one.record.article_body, one))
    name = fold_text(one.record.headline)
    headlines = [
        e for e, n in one.elements if e.tag in ("h1", "h2", "h3") and n < 2_000 and fold_text(text_of(e)) == name
    ]
    if not bodies or not headlines:
        return None
    around = [headlines[0], *headlines[0].iterancestors()]
    return next((ancestor for ancestor in bodies[-1].iterancestors() if ancestor in around), None)


# --- selectors ----------------------------------------------------------------------------------


def _best(name: str, wanted: Sequence[tuple[KnownPage, Any, Any]]) -> Proposal | None:
    """The selector that gives the known values on most pages, matches little else, and is likeliest to last.

    `wanted`: pages with the element to look below and the known value.
    """
    candidates: dict[str, None] = {}
    for one, scope, value in [page for page in wanted if page[2] is not None and page[2] != []][:3]:
        for element in [value] if name == "root" else _holders(name, scope, value, one):
            candidates |= dict.fromkeys(islice(_selectors(element, scope), _MOST_CANDIDATES - len(candidates)))
    ranks = []
    for selector in candidates:
        matched = [select(selector)(scope) for _, scope, _ in wanted]
        # A page without the field shows what a selector must not match.
        pages = zip(matched, wanted, strict=True)
        count = sum(_gives(name, elements, value, one.page) for elements, (one, _, value) in pages)
        ranks.append((-count, sum(map(len, matched)), _frailty(selector), selector))
    best = min(ranks, default=None)
    if best is None or -best[0] < max(1, _ENOUGH * len(wanted)):
        return None
    return Proposal(name, best[3], -best[0], len(wanted))


def _selectors(element: Any, scope: Any) -> Iterator[str]:
    """Selectors for an element: by itself, and below one of its ancestors inside the scope."""
    own = list(_names(element))
    yield from own
    ancestor, steps = element.getparent(), 0
    while ancestor is not None and isinstance(ancestor.tag, str) and steps < _ANCESTORS:
        for outer in _names(ancestor):
            for inner in own:
                yield f"{outer} {inner}"
                if steps == 0:
                    yield f"{outer} > {inner}"
        if ancestor is scope:
            return
        ancestor, steps = ancestor.getparent(), steps + 1


def _names(element: Any) -> Iterator[str]:
    """What an element can be called: its tag, its classes, its telling attributes."""
    if not _TAG.fullmatch(element.tag):
        return  # such as Word's <o:p>, which no selector names
    yield element.tag
    for name in (element.get("class") or "").split()[:6]:
        if _CLASS.fullmatch(name):
            yield f".{name}"
            yield f"{element.tag}.{name}"
    for attribute in _ATTRIBUTES:
        value = element.get(attribute)
        if value and re.fullmatch(r"[\w -]{1,40}", value, re.ASCII):
            yield f'{element.tag}[{attribute}="{value}"]'


def _frailty(selector: str) -> int:
    """How soon a selector is likely to break: bare tags and generated names before telling names, long before short."""
    steps = re.split(r" > | ", selector)
    bare = sum(not re.search(r"[.\[]", step) and step not in ("h1", "main", "article", "figcaption") for step in steps)
    return (
        4 * len(_GENERATED.findall(selector)) + 3 * bare + 2 * len(steps) + (" > " not in selector and len(steps) > 1)
    )
