"""What the doctor looks at and what it says: the fetched pages, parsed once, and its findings. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from lxml import etree
from lxml import html as lxml_html

from alqahira.discovery.depth import Pager
from alqahira.extract import Reading, decode, read_page
from alqahira.listing import Listing, read_listing
from alqahira.sources import Document
from alqahira.sources.nextjs import data_of
from alqahira.sources.site_markup import text_of


class Verdict(StrEnum):
    """What the pages say of a fact."""

    HOLDS = "holds"
    FAILS = "fails"
    NOT_SEEN = "not seen"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact and what became of it. A `needed` one that does not hold makes the doctor end with status 1.

    `confidence` is the fact's, or `question` for what is no fact of `site.py`; `settles` names the fact that the answer
    to a question is written at.
    """

    fact: str
    verdict: Verdict
    needed: bool
    confidence: str
    found: str
    settles: str = ""

    @property
    def is_bad(self) -> bool:
        return self.needed and self.verdict is not Verdict.HOLDS


# What a sample may be, as `Sample.kind` has it. Listings and articles are also asked for in other ways, to see whether
# those lead to the same.
LISTINGS = ("category", "kicker", "tag")
ARTICLES = ("article", "without slug", "with locale", "old article", "known article")


@dataclass(frozen=True, slots=True)
class Sample:
    """One answer. `kind` is one of LISTINGS or ARTICLES, or robots, sitemap, page data, missing and the like.

    `asked` is the address before any redirect. `rendered`: a browser had to fill it. `failure`: why there was no
    answer (the status is 0 then), or `challenge`, `blocked`. `note`: what the browser learned from a press.
    """

    kind: str
    url: str
    status: int
    body: bytes
    asked: str = ""
    rendered: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    failure: str = ""
    note: str = ""

    @property
    def outcome(self) -> str:
        """The failure, else the status."""
        return self.failure or str(self.status)


@dataclass
class SiteVisit:
    """The samples of one visit, parsed once."""

    samples: Sequence[Sample]
    root: str
    now: datetime

    def __post_init__(self) -> None:
        self._trees: dict[int, Any] = {}
        self._readings: dict[int, Reading] = {}
        self._listings: dict[int, Listing] = {}
        self._data: dict[int, list[Any]] = {}

    def of(self, *kinds: str) -> list[Sample]:
        """The samples of these kinds that were answered with 200, by the site itself."""
        return [s for s in self.samples if s.kind in kinds and s.status == 200 and not s.failure]

    def first(self, kind: str) -> Sample | None:
        """The first sample of a kind, answered or not; None where none was asked for."""
        return next((sample for sample in self.samples if sample.kind == kind), None)

    def tree(self, sample: Sample) -> Any:
        if id(sample) not in self._trees:
            self._trees[id(sample)] = _tree(sample.body)
        return self._trees[id(sample)]

    def reading(self, sample: Sample) -> Reading:
        if id(sample) not in self._readings:
            self._readings[id(sample)] = read_page(sample.body, sample.url, now=self.now)
        return self._readings[id(sample)]

    def listing(self, sample: Sample) -> Listing:
        if id(sample) not in self._listings:
            self._listings[id(sample)] = read_listing(sample.body, sample.url, root=self.root, now=self.now)
        return self._listings[id(sample)]

    def page(self, sample: Sample) -> Document:
        return Document(decode(sample.body), sample.url, self.now)

    def data(self, sample: Sample) -> list[dict[str, Any]]:
        """The JSON objects that a page hands to its scripts, or that the answer is."""
        if id(sample) not in self._data:
            documents = [_json(sample.body)] if sample.body.lstrip()[:1] == b"{" else data_of(self.page(sample))
            self._data[id(sample)] = [document for document in documents if isinstance(document, dict)]
        return self._data[id(sample)]

    def pager(self) -> Pager | None:
        """The category's listing as a crawl would page it; None where it was not answered."""
        category = next(iter(self.of("category")), None)
        return Pager(category.url, first=self.listing(category)) if category else None


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


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
