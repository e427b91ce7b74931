"""The kinds of checks that the tables of facts and questions are made of. Pure.

A check gives a verdict and its evidence; where a fact fails, the evidence is what the pages have instead, so that
`site.py` can be corrected from the report alone. Pages are read by the crawl's own parser, selectors and readers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Container, Iterable, Sequence
from enum import StrEnum
from typing import Any
from urllib.parse import unquote, urlsplit

from alqahira import site
from alqahira.doctor.visit import Sample, Visit
from alqahira.extraction import urls
from alqahira.extraction.sources.site_markup import select, text_of
from alqahira.text.normalization import fold_text


class Verdict(StrEnum):
    """Whether the pages agree with a fact; the best comes first."""

    HOLDS = "holds"
    FAILS = "fails"
    NOT_SEEN = "not seen"


HOLDS, FAILS, NOT_SEEN = Verdict


def holds_if(condition: object, otherwise: Verdict = FAILS) -> Verdict:
    """HOLDS where the condition is true."""
    return HOLDS if condition else otherwise


Result = tuple[Verdict, str]
Check = Callable[[Visit], Result]
Reader = Callable[[Sample], Iterable[Any]]  # gives values of one page
SampleCheck = Callable[[Sample], Result]
_LONGEST = 100  # characters of one value in the evidence


def has_value(
    kinds: Sequence[str],
    read: Reader,
    known: Callable[[Any], object] | Container[Any],
    *,
    absent: Verdict = FAILS,
    every: bool = False,
) -> Check:
    """Whether one of the values on the answered pages (or every one) is known; `absent`: the verdict where not."""
    is_known = known if callable(known) else known.__contains__

    def check(visit: Visit) -> Result:
        values = Counter(value for page in visit.answered(*kinds) for value in read(page))
        if not values:
            return NOT_SEEN, "on no page that was answered"
        right = Counter({value: count for value, count in values.items() if is_known(value)})
        holds = right == values if every else bool(right)
        shown = (right if holds else values - right).most_common(3)
        evidence = ", ".join(str(value)[:_LONGEST] for value, _ in shown)
        return holds_if(holds, absent), f"{right.total()} of {values.total()}: {evidence}"

    return check


def has_text(kinds: Sequence[str], text: str, absent: Verdict = NOT_SEEN) -> Check:
    """Whether one of the answered pages contains the text."""
    return has_value(kinds, lambda page: [text if text in page.document.html else "without it"], {text}, absent=absent)


def matches(kinds: Sequence[str], fact: site.Fact[str], instead: str = "", *, optional: bool = False) -> Check:
    """Whether a selector matches on the answered pages; if not, which elements the XPath `instead` finds.

    An optional one that matches nothing is not seen.
    """

    def check(visit: Visit) -> Result:
        trees = [page.document.tree for page in visit.answered(*kinds)]
        if not trees:
            return NOT_SEEN, f"no {' or '.join(kinds)} page was answered"
        hits = [len(select(fact.value)(tree)) for tree in trees]
        evidence = f"{fact.value} matches {sum(hits)} elements on {sum(map(bool, hits))} of {len(trees)} pages"
        if any(hits):
            return HOLDS, evidence
        others = Counter(place(element) for tree in trees if instead for element in tree.xpath(instead))
        if others:
            evidence += "; found instead: " + ", ".join(f"{other} ({count})" for other, count in others.most_common(3))
        return (NOT_SEEN if optional and not others else FAILS), evidence

    return check


def unchecked(reason: str) -> Check:
    """Of a fact that no page can show which the doctor requests."""
    return lambda visit: (NOT_SEEN, reason)


def any_sample(
    check_sample: SampleCheck,
    *kinds: str,
    slugs: Collection[str] | None = None,
    unanswered: Verdict = FAILS,
    no_sample: Callable[[Visit], str] = lambda visit: "no page leads to it",
) -> Check:
    """The best verdict on the samples of these kinds (and slugs).

    `unanswered`: the verdict on a sample that the site answered with an error; `no_sample`: why there may be none.
    """

    def check(visit: Visit) -> Result:
        samples = [sample for sample in visit.of(*kinds) if slugs is None or slug_of(sample) in slugs]
        verdicts, evidence = [NOT_SEEN], []
        for sample in samples:
            if sample.is_answered:
                verdict, text = check_sample(sample)
            else:
                verdict, text = NOT_SEEN if sample.is_lost else unanswered, sample.outcome
            if sample.url != sample.requested:
                text += f", redirected to {unquote(urlsplit(sample.url).path)[:60]}"
            evidence.append(f"{unquote(sample.requested.removeprefix(visit.root))}: {text}")
            verdicts.append(verdict)
        if slugs is not None and (rest := len({*slugs} - {slug_of(sample) for sample in samples})):
            evidence.append(f"{rest} not requested (use --listings)")
        return min(verdicts, key=list(Verdict).index), "; ".join(evidence) or f"not requested: {no_sample(visit)}"

    return check


# --- what pages show ----------------------------------------------------------------------------


def xpath(expression: str) -> Reader:
    """What an XPath leads to, as text on one line."""
    return lambda page: (
        " ".join(node.split()) if isinstance(node, str) else text_of(node)
        for node in page.document.tree.xpath(expression)
    )


def markup(css: str) -> Reader:
    """The texts of the elements that a selector matches."""
    return lambda page: map(text_of, select(css)(page.document.tree))


def data(*path: str) -> Reader:
    """The values at a path of the page's data."""
    return lambda page: page.values(*path)


def link_shapes(page: Sample) -> Iterable[str]:
    """The path of every link to the site, with 0 for a number and x for words in Arabic."""
    resolved = (urls.resolve(link, base=page.url) for link in page.document.tree.xpath("//a/@href"))
    paths = (unquote(urlsplit(url).path) for url in resolved if url and urls.is_on_site(url, page.visit.root))
    return [re.sub(r"\d+", "0", re.sub(r"[^/\d]*[^\x00-\x7f][^/]*", "x", path)) for path in paths]


def place(element: Any) -> str:
    """A short selector for an element by its own and its parent's tag and classes, and the beginning of its text."""
    pair = [element] if element.getparent() is None else [element.getparent(), element]
    css = " > ".join(".".join((str(one.tag), *(one.get("class") or "").split()[:2])) for one in pair)
    return f'{css} "{text_of(element)[:40]}"'


def slug_of(sample: Sample) -> str:
    """The last part of the requested address."""
    return unquote(urlsplit(sample.requested).path).split("/")[-1]


def of_template(template: str) -> Callable[[str], object]:
    """Whether a path is one that a URL template of `site.py` makes."""
    return re.compile(f"^{re.sub(r'{[a-z]+}', '[^/]+', template)}$").search


def folded(texts: Iterable[str]) -> Callable[[str], bool]:
    """Whether a text is one of these, however it is spelled."""
    known = {fold_text(text) for text in texts}
    return lambda text: fold_text(text) in known
