"""How each fact of `site.py` is checked on the fetched pages. Pure.

A check gives a verdict and its evidence; where a fact fails, the evidence is what was found instead, so that the one
line to correct can be corrected from the report alone. Pages are read by the crawl's own parser, selectors and readers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any
from urllib.parse import unquote, urlsplit

from alqahira import site
from alqahira.doctor.visit import Sample, Visit
from alqahira.extraction import urls
from alqahira.extraction.sources.site_markup import select, text_of
from alqahira.extraction.sources.values import at
from alqahira.text.normalization import fold_text


class Verdict(StrEnum):
    """What the pages say of a fact."""

    HOLDS = "holds"
    FAILS = "fails"
    NOT_SEEN = "not seen"


HOLDS, FAILS, NOT_SEEN = Verdict


def holds_if(condition: object, otherwise: Verdict = FAILS) -> Verdict:
    """HOLDS where the condition is true."""
    return HOLDS if condition else otherwise


Result = tuple[Verdict, str]
Check = Callable[[Visit], Result]
Find = Callable[[Visit], Iterable[Any]]
Look = Callable[[Visit, Sample], Result]
_LONGEST = 100  # characters of one value in the evidence

# --- kinds of checks ----------------------------------------------------------------------------


def seen(
    find: Find, known: Callable[[Any], object] | Container[Any], *, absent: Verdict = FAILS, every: bool = False
) -> Check:
    """Whether one of the values found (or every one) is known; `absent`: the verdict where not."""
    is_known = known if callable(known) else known.__contains__

    def check(visit: Visit) -> Result:
        values = Counter(find(visit))
        right = Counter({value: count for value, count in values.items() if is_known(value)})
        holds = right == values if every else bool(right)
        shown = ", ".join(str(value)[:_LONGEST] for value, _ in (right if holds else values - right).most_common(3))
        if not values:
            return NOT_SEEN, "on no page that was answered"
        return (HOLDS if holds else absent), f"{right.total()} of {values.total()}: {shown}"

    return check


def matches(kinds: Sequence[str], fact: site.Fact[str], instead: str = "", *, optional: bool = False) -> Check:
    """Whether a selector matches on the pages of these kinds; else what this XPath finds instead.

    That an optional one matches nothing proves nothing.
    """

    def check(visit: Visit) -> Result:
        trees = [page.page.tree for page in visit.of(*kinds)]
        if not trees:
            return NOT_SEEN, f"no {' or '.join(kinds)} page was answered"
        hits = [len(select(fact.value)(tree)) for tree in trees]
        evidence = f"{fact.value} matches {sum(hits)} elements on {sum(map(bool, hits))} of {len(trees)} pages"
        if any(hits):
            return HOLDS, evidence
        others = Counter(
            map(place, (element for tree in trees for element in (tree.xpath(instead) if instead else ())))
        )
        found = ", ".join(f"{other} ({count})" for other, count in others.most_common(3))
        return (FAILS if found or not optional else NOT_SEEN), evidence + (f"; found instead: {found}" if found else "")

    return check


def answers(kind: str, slugs: Iterable[str]) -> Check:
    """Which of these listings answer with articles; all are asked for only with --listings."""

    def check(visit: Visit) -> Result:
        samples = {slug_of(sample): sample for sample in visit.asked(kind)}
        asked = {slug: samples[slug] for slug in slugs if slug in samples}
        good = [slug for slug, sample in asked.items() if sample.is_answered and sample.listing.cards]
        bad = [f"{slug} ({sample.outcome})" for slug, sample in asked.items() if slug not in good]
        evidence = f"with articles: {', '.join(good) or 'none'}" + (f"; without: {', '.join(bad)}" if bad else "")
        rest = sum(slug not in asked for slug in slugs)
        evidence += f"; {rest} not asked (--listings does)" if rest else ""
        return (HOLDS if good else FAILS if asked else NOT_SEEN), evidence

    return check


def answered(look: Look, *kinds: str, unanswered: Verdict = FAILS, unasked: str = "no page leads to it") -> Check:
    """What the samples of these kinds say at best; `unanswered`: what one says that the site does not answer."""

    def check(visit: Visit) -> Result:
        verdicts, evidence = [NOT_SEEN], []
        for sample in (sample for kind in kinds for sample in visit.asked(kind)):
            verdict, text = look(visit, sample) if sample.is_answered else (unanswered, sample.outcome)
            parts, moved = urlsplit(sample.asked), urlsplit(sample.url).path
            redirect = f", redirected to {unquote(moved)[:60]}" if sample.url != sample.asked else ""
            evidence.append(f"{unquote(parts.path)}{'?' * bool(parts.query)}{unquote(parts.query)}: {text}{redirect}")
            verdicts.append(verdict)
        return min(verdicts, key=list(Verdict).index), "; ".join(evidence) or f"not asked: {unasked}"

    return check


# --- what stands on the pages -------------------------------------------------------------------


def place(element: Any) -> str:
    """A short selector for an element by its own and its parent's tag and classes, and the beginning of its text."""
    pair = [element] if element.getparent() is None else [element.getparent(), element]
    css = " > ".join(".".join((str(one.tag), *(one.get("class") or "").split()[:2])) for one in pair)
    return f'{css} "{text_of(element)[:40]}"'


def slug_of(sample: Sample) -> str:
    """The last part of the address that was asked for."""
    return unquote(urlsplit(sample.asked).path).split("/")[-1]


def on_pages(kinds: Sequence[str], xpath: str) -> Find:
    """What an XPath finds on the answered pages of these kinds, as text."""

    def find(visit: Visit) -> Iterator[str]:
        for node in (node for page in visit.of(*kinds) for node in page.page.tree.xpath(xpath)):
            yield " ".join(node.split()) if isinstance(node, str) else text_of(node)

    return find


def in_data(kinds: Sequence[str], *path: str) -> Find:
    """The values at a path of the answered pages' data."""
    return lambda visit: (value for page in visit.of(*kinds) for value in page.values(*path))


def has_text(kinds: Sequence[str], text: str, absent: Verdict = NOT_SEEN) -> Check:
    """Whether a text stands on the answered pages of these kinds."""
    return seen(
        lambda visit: (text if text in page.page.html else "without it" for page in visit.of(*kinds)),
        {text},
        absent=absent,
    )


def has_object(path: tuple[str, ...], kind: str) -> Check:
    """Whether page data has an object at this path; what it has instead, where not."""

    def find(visit: Visit) -> Iterator[str]:
        for data in (data for page in visit.of(kind) for data in page.data):
            properties = at(data, path[:2])
            names = ", ".join(list(properties)[:8]) if isinstance(properties, dict) else "nothing"
            yield ".".join(path) if isinstance(at(data, path), dict) else f"pageProps has {names}"

    return seen(find, {".".join(path)})


def link_shapes(kinds: Sequence[str]) -> Find:
    """The path of every link of the pages to the site, with 0 for a number and x for words in Arabic."""

    def find(visit: Visit) -> Iterator[str]:
        for page in visit.of(*kinds):
            found = (urls.resolve(link, base=page.url) for link in page.page.tree.xpath("//a/@href"))
            for path in (unquote(urlsplit(url).path) for url in found if url and urls.is_on_site(url, visit.root)):
                yield re.sub(r"\d+", "0", re.sub(r"[^/\d]*[^\x00-\x7f][^/]*", "x", path))

    return find


def of_template(template: str) -> Callable[[str], object]:
    """Whether a path is one that a URL template of `site.py` makes."""
    return re.compile(f"^{re.sub(r'{[a-z]+}', '[^/]+', template)}$").search


def folded(texts: Iterable[str]) -> Callable[[str], bool]:
    """Whether a text is one of these, however it is spelled."""
    known = {fold_text(text) for text in texts}
    return lambda text: fold_text(text) in known
