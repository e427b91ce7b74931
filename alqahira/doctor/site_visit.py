"""What the doctor looks at and what it says: the fetched pages, parsed once, and its findings. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from lxml import etree
from lxml import html as lxml_html

from alqahira.extract import Reading, read_page
from alqahira.sources.site_markup import text_of


class Verdict(StrEnum):
    """What the pages say of a fact."""

    HOLDS = "holds"
    FAILS = "fails"
    NOT_SEEN = "not seen"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact and what became of it. A `needed` one that fails makes the doctor end with status 1."""

    fact: str
    verdict: Verdict
    needed: bool
    confidence: str
    found: str

    @property
    def is_bad(self) -> bool:
        return self.needed and self.verdict is not Verdict.HOLDS


@dataclass(frozen=True, slots=True)
class Sample:
    """One fetched page. `kind` is robots, sitemap, home, category, tag, article or missing (a made-up address).

    `rendered`: a browser had to fill it. `endpoints`: what it requested of the site while a browser had it open.
    `failure`: why there was no answer; the status is 0 then.
    """

    kind: str
    url: str
    status: int
    body: bytes
    rendered: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    endpoints: tuple[str, ...] = ()
    failure: str = ""


@dataclass
class SiteVisit:
    """The samples of one visit, parsed once."""

    samples: Sequence[Sample]
    root: str
    now: datetime

    def __post_init__(self) -> None:
        self._trees = {id(sample): _tree(sample.body) for sample in self.samples}
        self._readings: dict[int, Reading] = {}

    def of(self, *kinds: str) -> list[Sample]:
        """The samples of these kinds that were answered with 200."""
        return [sample for sample in self.samples if sample.kind in kinds and sample.status == 200]

    def tree(self, sample: Sample) -> Any:
        return self._trees[id(sample)]

    def reading(self, sample: Sample) -> Reading:
        if id(sample) not in self._readings:
            self._readings[id(sample)] = read_page(sample.body, sample.url, now=self.now)
        return self._readings[id(sample)]


def _tree(body: bytes) -> Any:
    try:
        return lxml_html.document_fromstring(body.decode("utf-8", "replace")[:5_000_000].replace("\0", ""))
    except (etree.ParserError, ValueError):
        return lxml_html.document_fromstring("<html></html>")


Check = Callable[[SiteVisit], tuple[Verdict, str]]


def short_text(element: Any, *, limit: int = 200) -> str:
    """The beginning of an element's text."""
    return text_of(element)[:limit]


def css_of(element: Any) -> str:
    """A short selector for an element: its own and its parent's tag and classes."""

    def own(node: Any) -> str:
        return str(node.tag) + "".join(f".{name}" for name in (node.get("class") or "").split()[:2])

    parent = element.getparent()
    return own(element) if parent is None or not isinstance(parent.tag, str) else f"{own(parent)} > {own(element)}"
