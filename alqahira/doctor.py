"""What `scrapy doctor` concludes from a handful of pages: which facts of `site.py` still hold. Pure.

Each fact is checked by itself, on the pages that can show it; where it fails, what was found instead is
named, so that the one line to correct can be corrected from the report alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

from lxml import etree
from lxml import html as lxml_html
from lxml.cssselect import CSSSelector

from alqahira import site, urls
from alqahira.arabic import clean_text, fold_text
from alqahira.dates import parse_date
from alqahira.extract import Reading, read_page
from alqahira.listing import read_listing
from alqahira.topics import match_topics


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
    sureness: str
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
class Chart:
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


@lru_cache(maxsize=256)
def _selector(css: str) -> CSSSelector:
    return CSSSelector(css, translator="html")


Check = Callable[[Chart], tuple[Verdict, str]]


def diagnose(samples: Sequence[Sample], *, root: str, now: datetime) -> list[Finding]:
    """Every fact with its verdict, in the order of `site.py`."""
    chart = Chart(samples, root, now)
    findings = []
    for name, fact in site.facts().items():
        if name not in _CHECKS:
            continue
        needed, check = _CHECKS[name]
        verdict, found = check(chart)
        findings.append(Finding(name, verdict, needed, fact.sureness.value, found))
    for name, needed, check in _QUESTIONS:
        verdict, found = check(chart)
        findings.append(Finding(name, verdict, needed, "question", found))
    return findings


# --- checks -----------------------------------------------------------------------------------


def _on(kinds: Iterable[str], fact: site.Fact[str], instead: Callable[[Chart], str] | None = None) -> Check:
    """The selector of the fact matches on every answered page of these kinds."""

    def check(chart: Chart) -> tuple[Verdict, str]:
        pages = chart.of(*kinds)
        if not pages:
            return Verdict.NOT_SEEN, f"no {' or '.join(kinds)} page was answered"
        hits = [len(_selector(fact.value)(chart.tree(page))) for page in pages]
        if all(hits):
            return Verdict.HOLDS, f"«{fact.value}» matches {_range(hits)} on {len(pages)} pages"
        if any(hits):
            return Verdict.HOLDS, f"«{fact.value}» matches on {sum(map(bool, hits))} of {len(pages)} pages"
        found = instead(chart) if instead else ""
        return Verdict.FAILS, f"«{fact.value}» matches nothing" + (f"; found instead: {found}" if found else "")

    return check


def _range(numbers: Sequence[int]) -> str:
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low}-{high}"


def _optional_on(kinds: Iterable[str], fact: site.Fact[str]) -> Check:
    """As `_on`, for what need not be on every page: its absence proves nothing."""

    def check(chart: Chart) -> tuple[Verdict, str]:
        verdict, found = _on(kinds, fact)(chart)
        return (Verdict.NOT_SEEN if verdict is Verdict.FAILS else verdict), found

    return check


def _answered(kind: str) -> Check:
    def check(chart: Chart) -> tuple[Verdict, str]:
        asked = [sample for sample in chart.samples if sample.kind == kind]
        if not asked:
            return Verdict.NOT_SEEN, "not asked"
        good = [
            s for s in asked if s.status == 200 and read_listing(s.body, s.url, root=chart.root, now=chart.now).cards
        ]
        rest = Counter(sample.failure or str(sample.status) for sample in asked if sample not in good)
        words = f"{len(good)} of {len(asked)} answer with articles"
        if rest:
            words += "; the others: " + ", ".join(
                "200 without articles" if status == "200" else status for status in rest
            )
        found = _looks_like_a_section(chart)
        return (Verdict.HOLDS if good else Verdict.FAILS), words + (f"; worth adding: {found}" if found else "")

    return check


def _looks_like_a_section(chart: Chart) -> str:
    """Categories and tags that the pages link to and that sound like ours, but are in no section."""
    known = {
        fold_text(slug.replace("-", " "))
        for section in site.SECTIONS.values()
        for slug in (*section.categories.value, *section.tags.value)
    }
    found: dict[str, None] = {}
    for page in chart.of("home", "category", "tag", "article"):
        for anchor in chart.tree(page).iter("a"):
            path = unquote(urlsplit(anchor.get("href") or "").path)
            if not path.startswith(("/category/", "/tag/")):
                continue
            name = path.split("/", 2)[2].replace("-", " ").strip("/")
            if fold_text(name) not in known and match_topics(name, name):
                found[path] = None
    return ", ".join(list(found)[:8])


def _article_paths(chart: Chart) -> tuple[Verdict, str]:
    pages = chart.of("home", "category", "tag")
    if not pages:
        return Verdict.NOT_SEEN, "no listing was answered"
    shapes: Counter[str] = Counter()
    articles = 0
    for page in pages:
        for anchor in chart.tree(page).iter("a"):
            url = urls.resolve(anchor.get("href") or "", base=page.url)
            if url is None or not urls.is_on_site(url, chart.root):
                continue
            if urls.is_article_url(url, chart.root):
                articles += 1
            elif not site.NEVER_ARTICLE_PATH.value.search(urlsplit(url).path):
                shapes[
                    re.sub(
                        r"\d+", "<number>", re.sub(r"[^/\d]*[^\x00-\x7f][^/]*", "<words>", unquote(urlsplit(url).path))
                    )
                ] += 1
    if articles:
        return Verdict.HOLDS, f"{articles} links of the shape {site.ARTICLE_URL.value}"
    common = ", ".join(f"{shape} ({n})" for shape, n in shapes.most_common(5))
    return Verdict.FAILS, f"no link of the shape {site.ARTICLE_URL.value}" + (
        f"; links found: {common}" if common else ""
    )


def _load_more(chart: Chart) -> tuple[Verdict, str]:
    pages = chart.of("category", "tag")
    if not pages:
        return Verdict.NOT_SEEN, "no listing was answered"
    requests = sorted({endpoint for page in pages for endpoint in page.endpoints})
    asked = f"; it requests {', '.join(requests[:3])}" if requests else ""
    for page in pages:
        for element in _selector(site.LOAD_MORE.value)(chart.tree(page)):
            return Verdict.HOLDS, f"«{site.LOAD_MORE.value}», labelled «{_text(element)}»{asked}"
    labels = {fold_text(label) for label in site.LOAD_MORE_LABELS.value}
    for page in pages:
        for element in chart.tree(page).iter("a", "button", "div", "span"):
            if fold_text(_text(element)) in labels:
                return Verdict.FAILS, f"a control labelled «{_text(element)}» is {_css_of(element)}{asked}"
    return Verdict.NOT_SEEN, "no such control and no such label" + asked


def _labels(chart: Chart) -> tuple[Verdict, str]:
    known = {fold_text(label) for label in site.LOAD_MORE_LABELS.value}
    for page in chart.of("category", "tag"):
        for element in _selector(site.LOAD_MORE.value)(chart.tree(page)):
            label = _text(element)
            return (Verdict.HOLDS if fold_text(label) in known else Verdict.FAILS), f"«{label}»"
    return Verdict.NOT_SEEN, "no load-more control was seen"


def _title(chart: Chart) -> tuple[Verdict, str]:
    titles = Counter(_text(title) for page in chart.of("article") for title in chart.tree(page).iter("title"))
    if not titles:
        return Verdict.NOT_SEEN, "no article page was answered"
    bare = {fold_text(title) for title in site.BARE_TITLES.value}
    title, _ = titles.most_common(1)[0]
    return (Verdict.HOLDS if fold_text(title) in bare else Verdict.NOT_SEEN), f"«{title}»"


def _share_label(chart: Chart) -> tuple[Verdict, str]:
    pages = chart.of("article")
    if not pages:
        return Verdict.NOT_SEEN, "no article page was answered"
    label = fold_text(site.SHARE_LABEL.value)
    hits = sum(
        any(fold_text(e.text or "") == label for e in chart.tree(page).iter("span", "li", "p")) for page in pages
    )
    return (Verdict.HOLDS if hits else Verdict.NOT_SEEN), f"on {hits} of {len(pages)} pages"


def _image_names(chart: Chart) -> tuple[Verdict, str]:
    sources = [i.get("src") or "" for page in chart.of("article") for i in chart.tree(page).iter("img")]
    named = [source for source in sources if site.IMAGE_NAME.value.search(unquote(source))]
    if named:
        return Verdict.HOLDS, f"{len(named)} of {len(sources)} images carry the time of their upload"
    return (
        Verdict.FAILS if sources else Verdict.NOT_SEEN
    ), f"for instance {sources[0][:100]}" if sources else "no image"


def _image_host(chart: Chart) -> tuple[Verdict, str]:
    hosts = Counter(
        urlsplit(unquote(image.get("src") or "")).hostname or "the page's own"
        for page in chart.of("article")
        for image in chart.tree(page).iter("img")
    )
    if not hosts:
        return Verdict.NOT_SEEN, "no image"
    found = ", ".join(f"{host} ({n})" for host, n in hosts.most_common(3))
    return (Verdict.HOLDS if site.IMAGE_HOST.value in hosts else Verdict.FAILS), found


def _robots(chart: Chart) -> tuple[Verdict, str]:
    for sample in chart.samples:
        if sample.kind == "robots":
            named = re.findall(rb"(?im)^\s*sitemap:\s*(\S+)", sample.body)
            words = f"status {sample.status}, {len(named)} sitemaps named"
            return (Verdict.HOLDS if sample.status == 200 else Verdict.FAILS), words
    return Verdict.NOT_SEEN, "no answer"


def _sitemaps(chart: Chart) -> tuple[Verdict, str]:
    asked = [sample for sample in chart.samples if sample.kind == "sitemap"]
    good = chart.of("sitemap")
    if not asked:
        return Verdict.NOT_SEEN, "none was asked"
    found = ", ".join(f"{urlsplit(sample.url).path} {sample.status}" for sample in asked[:4])
    return (Verdict.HOLDS if good else Verdict.FAILS), found


def _flight(chart: Chart) -> tuple[Verdict, str]:
    pages = chart.of("article")
    hits = sum(site.NEXT_FLIGHT_PUSH.value.encode() in page.body for page in pages)
    return (Verdict.HOLDS if hits else Verdict.NOT_SEEN), f"on {hits} of {len(pages)} article pages"


def _server_rendered(kind: str) -> Check:
    def check(chart: Chart) -> tuple[Verdict, str]:
        pages = chart.of(kind) if kind == "article" else chart.of("category", "tag")
        if not pages:
            return Verdict.NOT_SEEN, f"no {kind} was answered"
        if any(page.rendered for page in pages):
            return Verdict.FAILS, "an empty shell by plain HTTP: a browser renders it (ALQAHIRA_BROWSER=auto does)"
        return Verdict.HOLDS, "plain HTTP shows it whole"

    return check


def _field(name: str) -> Check:
    """Whether every article page gives the field, and from which source."""

    def check(chart: Chart) -> tuple[Verdict, str]:
        pages = chart.of("article")
        if not pages:
            return Verdict.NOT_SEEN, "no article page was answered"
        sources: Counter[str] = Counter()
        causes: Counter[str] = Counter()
        for page in pages:
            reading = chart.reading(page)
            if reading.article is None:
                causes[reading.cause or "no article"] += 1
            elif getattr(reading.article, name):
                sources[reading.sources.get(name, "?")] += 1
            else:
                causes["absent"] += 1
        words = ", ".join(f"{source} on {n}" for source, n in (*sources.most_common(), *causes.most_common()))
        return (Verdict.HOLDS if sources else Verdict.FAILS), f"{words} of {len(pages)} pages"

    return check


def _date_form(chart: Chart) -> tuple[Verdict, str]:
    """How the page prints its date, wherever on it that stands."""
    for page in chart.of("article"):
        tree = chart.tree(page)
        for element in (*_selector(site.META_SPANS.value)(tree), *tree.iter("time", "span", "p", "li", "div")):
            text = _text(element) if len(element) == 0 else ""
            if 4 <= len(text) <= 60 and parse_date(text, now=chart.now):
                return Verdict.HOLDS, f"«{text}» in {_css_of(element)}"
    return Verdict.NOT_SEEN, "no text of the article pages is a date"


def _missing(chart: Chart) -> tuple[Verdict, str]:
    for sample in chart.samples:
        if sample.kind == "missing":
            return (Verdict.HOLDS if sample.status in (404, 410) else Verdict.FAILS), f"status {sample.status}"
    return Verdict.NOT_SEEN, "not asked"


def _validators(chart: Chart) -> tuple[Verdict, str]:
    pages = [page for page in chart.of("article") if not page.rendered]
    with_any = [page for page in pages if {"etag", "last-modified"} & {name.lower() for name in page.headers}]
    if not pages:
        return Verdict.NOT_SEEN, "no article page was answered"
    return (
        Verdict.HOLDS if with_any else Verdict.FAILS
    ), f"ETag or Last-Modified on {len(with_any)} of {len(pages)} pages"


def _headline_instead(chart: Chart) -> str:
    return ", ".join(
        {f"{_css_of(h)} «{_text(h)[:50]}»": 0 for p in chart.of("article") for h in chart.tree(p).iter("h1")}
    )


def _paragraphs_instead(chart: Chart) -> str:
    parents: Counter[str] = Counter()
    for page in chart.of("article"):
        for paragraph in chart.tree(page).iter("p"):
            if len(_text(paragraph)) > 80 and paragraph.getparent() is not None:
                parents[f"{_css_of(paragraph.getparent())} > p"] += 1
    return ", ".join(css for css, _ in parents.most_common(2))


def _cards_instead(chart: Chart) -> str:
    places: Counter[str] = Counter()
    for page in chart.of("category", "tag"):
        for anchor in chart.tree(page).iter("a"):
            url = urls.resolve(anchor.get("href") or "", base=page.url)
            if url and urls.is_article_url(url, chart.root):
                places[_css_of(anchor)] += 1
    return ", ".join(f"{css} ({n})" for css, n in places.most_common(3))


def _text(element: Any) -> str:
    return " ".join(clean_text("".join(element.itertext())).split())[:200]


def _css_of(element: Any) -> str:
    """A short selector for an element: its own and its parent's tag and classes."""

    def own(node: Any) -> str:
        return str(node.tag) + "".join(f".{name}" for name in (node.get("class") or "").split()[:2])

    parent = element.getparent()
    return own(element) if parent is None or not isinstance(parent.tag, str) else f"{own(parent)} > {own(element)}"


_LISTINGS = ("category", "tag")
_ARTICLES = ("article",)
# Each fact of site.py that pages can show: whether the crawl needs it, and how it is checked.
_CHECKS: dict[str, tuple[bool, Check]] = {
    "BARE_TITLES": (False, _title),
    "ARTICLE_PATH": (True, _article_paths),
    "IMAGE_HOST": (False, _image_host),
    "IMAGE_NAME": (False, _image_names),
    "CATEGORIES": (True, _answered("category")),
    "TAGS": (False, _answered("tag")),
    "CARD_LINK": (False, _on(_LISTINGS, site.CARD_LINK, _cards_instead)),
    "CARD_HEADLINE": (False, _on(_LISTINGS, site.CARD_HEADLINE)),
    "CARD_DATE": (False, _optional_on(_LISTINGS, site.CARD_DATE)),
    "LOAD_MORE": (False, _load_more),
    "LOAD_MORE_LABELS": (False, _labels),
    "NEXT_PAGE": (False, _optional_on(_LISTINGS, site.NEXT_PAGE)),
    "ROBOTS_PATH": (False, _robots),
    "SITEMAP_PATHS": (False, _sitemaps),
    "ARTICLE_ROOT": (False, _on(_ARTICLES, site.ARTICLE_ROOT)),
    "HEADLINE": (False, _on(_ARTICLES, site.HEADLINE, _headline_instead)),
    "META_SPANS": (False, _on(_ARTICLES, site.META_SPANS)),
    "SHARE_LABEL": (False, _share_label),
    "IMAGE": (False, _on(_ARTICLES, site.IMAGE)),
    "IMAGE_CAPTION": (False, _optional_on(_ARTICLES, site.IMAGE_CAPTION)),
    "CREDIT_LINE": (False, _optional_on(_ARTICLES, site.CREDIT_LINE)),
    "PARAGRAPHS": (False, _on(_ARTICLES, site.PARAGRAPHS, _paragraphs_instead)),
    "OLDER_PARAGRAPHS": (False, _optional_on(_ARTICLES, site.OLDER_PARAGRAPHS)),
    "TAG_LINKS": (False, _optional_on(_ARTICLES, site.TAG_LINKS)),
    "CATEGORY_LINKS": (False, _optional_on(_ARTICLES, site.CATEGORY_LINKS)),
    "NEXT_DATA_SCRIPT": (False, _optional_on(_ARTICLES, site.NEXT_DATA_SCRIPT)),
    "NEXT_FLIGHT_PUSH": (False, _flight),
}
# What site.py cannot say yet: each is a question that the live site answers.
_QUESTIONS: tuple[tuple[str, bool, Check], ...] = (
    ("listings by plain HTTP", False, _server_rendered("listing")),
    ("articles by plain HTTP", False, _server_rendered("article")),
    ("record: headline", True, _field("headline")),
    ("record: article_body", True, _field("article_body")),
    ("record: date_published", True, _field("date_published")),
    ("record: credit_line", False, _field("credit_line")),
    ("record: image_url", False, _field("image_url")),
    ("record: keywords", False, _field("keywords")),
    ("the visible date's form", False, _date_form),
    ("a missing page answers 404", False, _missing),
    ("conditional requests", False, _validators),
)
