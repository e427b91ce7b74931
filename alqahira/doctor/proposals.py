"""Selectors for article pages whose markup has changed: those that give the records known from before. Pure.

Every short selector for an element of the article is tried on the known pages, read as a crawl reads them. For each
field the one that gives the known values most often is proposed; together they are a new entry for `site.LAYOUTS`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

from alqahira.article import Article
from alqahira.doctor.visit import ARTICLES, Visit
from alqahira.extraction import urls
from alqahira.extraction.sources import Document
from alqahira.extraction.sources.site_markup import read, select, text_of
from alqahira.site import LAYOUTS, NOTHING, ArticleLayout
from alqahira.text.normalization import fold_text

_ENOUGH = 0.8  # share of the pages: one may have been revised since its record was written
_FEWEST = 2  # pages that are compared
_LOOKED_UP = 3  # pages whose elements selectors are made of
# A page has a thousand elements, an article two hundred, a field some twenty.
_MOST_ELEMENTS, _MOST_CANDIDATES, _MOST_MATCHES = 20_000, 2_000, 100
_NAME = re.compile(r"-?[A-Za-z_][\w-]*", re.ASCII)
# Build tools generate such names anew for every release: `Stories_x3f9a1c20`.
_GENERATED = re.compile(r"(?=\w*\d)[\w-]*[0-9a-f]{5,}|__", re.ASCII)
_SEMANTIC_TAGS = ("h1", "main", "article", "figcaption")
# For each attribute of a layout: the field of ExtractedFields and that of the record.
_FIELDS = {
    "headline": ("headline", "headline"),
    "body": ("paragraphs", "article_body"),
    "credit_line": ("credit_line", "credit_line"),
    "meta_spans": ("published", "date_published"),
    "image": ("image_url", "image_url"),
    "image_caption": ("image_caption", "image_caption"),
    "tag_links": ("keywords", "keywords"),
    "category_links": ("sections", "article_sections"),
}


@dataclass(frozen=True)
class KnownPage:
    """A page as it is now, and the record that was made of it before."""

    page: Document
    record: Article


class Proposal(NamedTuple):
    """A selector for one attribute of `site.ArticleLayout`; of two, the lesser is the better one."""

    misses: int  # known pages on which it does not give the known value
    matches: int  # elements on all pages
    frailty: int
    selector: str


@dataclass(frozen=True, slots=True)
class NewLayout:
    """The best selector for each attribute; on `records` of the known `pages` they give headline and body exactly."""

    proposals: dict[str, Proposal]
    records: int
    pages: int


def known_pages(visit: Visit, records: Mapping[str, Article]) -> list[KnownPage]:
    """The answered article pages, each with its known record (by article_id), else with the one it gives now."""
    pages = []
    for sample in visit.answered(*ARTICLES):
        key = urls.article_id(urls.canonical_url(sample.url, root=visit.root))
        if record := records.get(key, sample.reading.article):
            pages.append(KnownPage(sample.document, record))
    return pages


def propose(known: Sequence[KnownPage]) -> NewLayout | None:
    """A layout that reproduces the known records; None where the layouts of `site.py` do, or none is found."""
    if len(known) < _FEWEST or _reproduced(known, LAYOUTS) >= _ENOUGH * len(known):
        return None
    root = _best_root(known)
    if root is None:
        return None
    scopes = [scope for one in known for scope in select(root.selector)(one.page.tree)[:1]]
    best: dict[str, Proposal] = {}
    for selector in _candidates(scopes[:_LOOKED_UP]):
        matches = [len(select(selector)(scope)) for scope in scopes]
        if max(matches) > _MOST_MATCHES:
            continue
        for name, gives in _given(known, root.selector, selector).items():
            proposal = Proposal(len(known) - gives, sum(matches), _frailty(selector), selector)
            best[name] = min(best.get(name, proposal), proposal)
    proposals = {"root": root} | {name: best[name] for name in _FIELDS if name in best}
    selectors = {name: proposal.selector for name, proposal in proposals.items()}
    layout = ArticleLayout(**{"name": "proposed", "headline": NOTHING, "body": NOTHING} | selectors)
    return NewLayout(proposals, _reproduced(known, (layout,)), len(known))


def _reproduced(known: Sequence[KnownPage], layouts: Sequence[ArticleLayout]) -> int:
    """For how many pages these layouts give the known headline and body."""
    pairs = [(read(one.page, layouts), one.record) for one in known]
    return sum(
        bool(fields and (fields.headline, "\n\n".join(fields.paragraphs)) == (record.headline, record.article_body))
        for fields, record in pairs
    )


def _given(known: Sequence[KnownPage], root: str, selector: str) -> dict[str, int]:
    """On how many pages the selector gives each attribute of a layout; only of those that it gives on enough pages."""
    layout = ArticleLayout(name="candidate", root=root, **dict.fromkeys(_FIELDS, selector))
    gives, values, open_names = Counter[str](), Counter[str](), {*_FIELDS}
    for number, one in enumerate(known, start=1):
        fields = read(one.page, [layout])
        for name in [*open_names]:
            field, column = _FIELDS[name]
            value = getattr(one.record, column)
            # Where the record lacks the field, the selector must give nothing.
            if _is_same(getattr(fields, field, None), value):
                gives[name] += 1
                values[name] += bool(value)
        open_names = {name for name in open_names if number - gives[name] <= (1 - _ENOUGH) * len(known)}
        if not open_names:
            return {}
    return {name: gives[name] for name in open_names if values[name]}


def _is_same(given: Any, value: Any) -> bool:
    """Whether a field as it was read is the record's; a visible date may be a day alone."""
    if isinstance(given, datetime) and isinstance(value, datetime):
        return abs(given - value) <= timedelta(days=1)
    if isinstance(given, list) and isinstance(value, str):
        return "\n\n".join(given) == value
    return bool((given or None) == (value or None))


# --- elements and selectors ---------------------------------------------------------------------


def _best_root(known: Sequence[KnownPage]) -> Proposal | None:
    """The selector whose first match is the innermost element around headline and body, on enough of the pages."""
    roots = [(one.page.tree, root) for one in known if (root := _root(one)) is not None]
    proposals = []
    for selector in dict.fromkeys(selector for _, root in roots[:_LOOKED_UP] for selector in _selectors(root)):
        matches = [(select(selector)(tree), root) for tree, root in roots]
        gives = sum(elements[:1] == [root] for elements, root in matches)
        if gives >= _ENOUGH * len(roots):
            count = sum(len(elements) for elements, _ in matches)
            proposals.append(Proposal(len(known) - gives, count, _frailty(selector), selector))
    return min(proposals, default=None)


def _root(one: KnownPage) -> Any:
    """The innermost element around the headline and the last paragraph; None where either is not on the page."""
    headline, last = fold_text(one.record.headline), one.record.article_body.rpartition("\n\n")[2]
    headings = one.page.tree.iter("h1", "h2", "h3")
    heading = next((element for element in headings if fold_text(text_of(element)) == headline), None)
    elements = [element for element in islice(one.page.tree.iter(), _MOST_ELEMENTS) if text_of(element) == last]
    if heading is None or not elements:
        return None
    around = {*heading.iterancestors()}
    return next((ancestor for ancestor in elements[-1].iterancestors() if ancestor in around), None)


def _candidates(scopes: Sequence[Any]) -> list[str]:
    """The selectors of all elements in these scopes, each once, up to a bound."""
    elements = (element for scope in scopes for element in islice(scope.iterdescendants(), _MOST_ELEMENTS))
    selectors = dict.fromkeys(selector for element in elements for selector in _selectors(element))
    return list(selectors)[:_MOST_CANDIDATES]


def _selectors(element: Any) -> Iterator[str]:
    """Selectors for an element: by itself, and below the nearest ancestor that has a class."""
    own = list(_names(element))
    yield from own
    outer = next((ancestor for ancestor in element.iterancestors() if ancestor.get("class")), None)
    if outer is not None:
        step = " > " if outer is element.getparent() else " "
        yield from (f"{name}{step}{inner}" for name in _names(outer) for inner in own)


def _names(element: Any) -> Iterator[str]:
    """The names of an element in a selector: its tag and its classes."""
    if not _NAME.fullmatch(element.tag):
        return  # such as Word's <o:p>
    yield element.tag
    for name in (element.get("class") or "").split()[:6]:
        if _NAME.fullmatch(name):
            yield f".{name}"
            yield f"{element.tag}.{name}"


def _frailty(selector: str) -> int:
    """How soon a selector is likely to break: by bare tags, generated names, many steps."""
    steps = re.split(r" > | ", selector)
    bare = sum("." not in step and step not in _SEMANTIC_TAGS for step in steps)
    return 4 * len(_GENERATED.findall(selector)) + 3 * bare + 2 * len(steps)
