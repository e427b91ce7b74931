"""Selectors for a page whose markup has changed: those that give the records already known, to the letter. Pure.

For each field the elements that hold the known value are looked up on every page, every short selector that
leads to them is tried on all pages, and the one that gives the known values most often is proposed. Together
they are a new entry for `site.LAYOUTS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from itertools import islice
from typing import Any

from alqahira import urls
from alqahira.arabic import fold_text
from alqahira.article import Article
from alqahira.credits import is_credit_line
from alqahira.dates import parse_date
from alqahira.doctor.site_visit import ARTICLES, SiteVisit
from alqahira.extract import decode
from alqahira.site import LAYOUTS, NOTHING, ArticleLayout
from alqahira.sources import Document
from alqahira.sources.blocks import paragraphs
from alqahira.sources.site_markup import first_text, read, select, text_of, texts
from alqahira.urls import image_url

# A page may have been revised since its record was written.
_ENOUGH = 0.8
# One page shows no rule.
_FEWEST = 2
_CLASS = re.compile(r"-?[A-Za-z_][\w-]*", re.ASCII)
# Build tools write such names anew with every release: «Stories_x3f9a1c20».
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


def propose(known: Sequence[KnownPage]) -> NewLayout | None:
    """A layout that reproduces the known records; None where the layouts of `site.py` do, or nothing was found."""
    if len(known) < _FEWEST or _reproduced(known, LAYOUTS) >= _ENOUGH * len(known):
        return None
    roots = [_root(one) for one in known]
    scoped = [(one, root) for one, root in zip(known, roots, strict=True) if root is not None]
    if not scoped:
        return None
    found = {"root": _best("root", [(one, _document(root), root) for one, root in scoped], _same_element)}
    root_selector = found["root"].selector if found["root"] else "body"
    inside = [(one, at[0]) for one in known if (at := select(root_selector)(one.page.tree))]
    for name, reader in _READERS.items():
        wanted = [(one, root, reader.known(one.record)) for one, root in inside]
        found[name] = _best(name, wanted, reader.gives)
    proposals = tuple(proposal for proposal in found.values() if proposal)
    needed = {"name": "proposed", "root": root_selector, "headline": NOTHING, "body": NOTHING}
    layout = ArticleLayout(**needed | {proposal.name: proposal.selector for proposal in proposals})
    return NewLayout(proposals, _reproduced(known, (layout,)), len(known))


def _reproduced(known: Sequence[KnownPage], layouts: Sequence[ArticleLayout]) -> int:
    """How many known records' headline and body these layouts give."""
    count = 0
    for one in known:
        found = read(one.page, layouts)
        if found and found.headline == one.record.headline and "\n\n".join(found.paragraphs) == one.record.article_body:
            count += 1
    return count


def known_pages(visit: SiteVisit, records: Mapping[str, Article]) -> list[KnownPage]:
    """The answered article pages, each with its record from before (by article_id), else with what it reads as now."""
    found = []
    for sample in visit.of(*ARTICLES):
        article = visit.reading(sample).article
        record = records.get(urls.article_id(urls.canonical_url(sample.url, root=visit.root)), article)
        if record is not None:
            found.append(KnownPage(Document(decode(sample.body), sample.url, visit.now), record))
    return found


# --- what each field's elements give ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Reader:
    """What is known of a field, and whether the elements that a selector matched on a page give it."""

    known: Callable[[Article], Any]
    gives: Callable[[list[Any], Any, KnownPage], bool]


def _same_element(elements: list[Any], element: Any, one: KnownPage) -> bool:
    return bool(elements) and elements[0] is element


def _same_text(elements: list[Any], text: Any, one: KnownPage) -> bool:
    return bool(first_text(elements) == text)


def _same_texts(elements: list[Any], known: Any, one: KnownPage) -> bool:
    return bool(texts(elements) == known)


def _same_image(elements: list[Any], url: Any, one: KnownPage) -> bool:
    return bool(elements) and image_url(elements[0].get("src"), base=one.page.url) == url


def _same_day(elements: list[Any], moment: Any, one: KnownPage) -> bool:
    """The first of the elements that is a date is the known one; a visible date may have no more than its day."""
    lines = (line for element in elements[:20] if 4 <= len(line := text_of(element)) <= _LONGEST_DATE)
    said = next((date for line in lines if (date := parse_date(line, now=one.page.now))), None)
    return said is not None and abs(said - moment) <= timedelta(days=1)


def _same_body(elements: list[Any], body: Any, one: KnownPage) -> bool:
    return len(elements) == 1 and _body_of(elements[0]) == body


def _body_of(element: Any) -> str:
    found = paragraphs(element)
    return "\n\n".join(found[1:] if found and is_credit_line(found[0]) else found)


_READERS = {
    "headline": _Reader(lambda record: record.headline, _same_text),
    "body": _Reader(lambda record: record.article_body, _same_body),
    "credit_line": _Reader(lambda record: record.credit_line, _same_text),
    "meta_spans": _Reader(lambda record: record.date_published, _same_day),
    "image": _Reader(lambda record: record.image_url, _same_image),
    "image_caption": _Reader(lambda record: record.image_caption, _same_text),
    "tag_links": _Reader(lambda record: record.keywords, _same_texts),
    "category_links": _Reader(lambda record: record.article_sections, _same_texts),
}


def _holders(
    scope: Any, gives: Callable[[list[Any], Any, KnownPage], bool], value: Any, one: KnownPage
) -> Iterator[Any]:
    """The elements below a scope that give a known value by themselves (one of its values, for a list)."""
    most = _LONGEST_DATE * 4
    if isinstance(value, str):
        most = 4 * len(value) + 2_000  # markup is often indented
    elif isinstance(value, list):
        most = 4 * max(map(len, value), default=0) + 200
    least = len(value) // 2 if gives in (_same_body, _same_text) else 0
    for element, size in one.elements:
        if not least <= size <= most or element.tag in ("script", "style"):
            continue
        if element is not scope and scope not in element.iterancestors():
            continue
        if isinstance(value, list):
            if element.tag == "a" and text_of(element) in value:
                yield element
        elif _may_give(gives, element) and gives([element], value, one):
            yield element


def _may_give(gives: Callable[[list[Any], Any, KnownPage], bool], element: Any) -> bool:
    """What need not be looked into: an image is an img, a body has elements below it."""
    if gives is _same_image:
        return bool(element.tag == "img")
    return gives is not _same_body or len(element) > 0


def _root(one: KnownPage) -> Any:
    """The innermost element around the headline and the body."""
    tree = one.page.tree
    bodies = list(_holders(tree, _same_body, one.record.article_body, one))
    headlines = [e for e, size in one.elements if e.tag in ("h1", "h2", "h3") and size < 2_000 and _is_headline(e, one)]
    if not bodies or not headlines:
        return None
    around = [headlines[0], *headlines[0].iterancestors()]
    return next((ancestor for ancestor in bodies[-1].iterancestors() if ancestor in around), None)


def _is_headline(element: Any, one: KnownPage) -> bool:
    return fold_text(text_of(element)) == fold_text(one.record.headline)


def _document(element: Any) -> Any:
    return element.getroottree().getroot()


# --- selectors ----------------------------------------------------------------------------------


def _best(
    name: str, wanted: Sequence[tuple[KnownPage, Any, Any]], gives: Callable[[list[Any], Any, KnownPage], bool]
) -> Proposal | None:
    """The selector that gives the known values on most pages, matches little else, and is likeliest to last."""
    candidates: dict[str, None] = {}
    for one, scope, value in [page for page in wanted if page[2] is not None and page[2] != []][:3]:
        holders = [value] if gives is _same_element else _holders(scope, gives, value, one)
        for element in holders:
            candidates |= dict.fromkeys(islice(_selectors(element, scope), _MOST_CANDIDATES - len(candidates)))
    best: tuple[int, int, int, str] | None = None
    for selector in candidates:
        count = matched = 0
        for one, scope, value in wanted:
            elements = select(selector)(scope)
            matched += len(elements)
            # A page without the field shows what a selector must not match.
            count += (not elements) if value is None or value == [] else gives(elements, value, one)
        rank = (-count, matched, _frailty(selector), selector)
        best = rank if best is None else min(best, rank)
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
