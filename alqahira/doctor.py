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
from zoneinfo import ZoneInfo

from lxml import etree
from lxml import html as lxml_html
from lxml.cssselect import CSSSelector

from alqahira import site, urls
from alqahira.arabic import clean_text, fold_text
from alqahira.dates import parse_date
from alqahira.extract import Reading, read_page
from alqahira.listing import read_listing
from alqahira.sources.image_stamp import clocks
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
        good = [sample for sample in asked if _has_articles(chart, sample)]
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


def _of_section(section: site.Section, kind: str) -> Check:
    """Which of a section's listings answer with articles; the doctor asks for each of them."""
    slugs = {"category": section.categories.value, "tag": section.tags.value}[kind]

    def check(chart: Chart) -> tuple[Verdict, str]:
        answers = {unquote(urlsplit(s.url).path).split("/")[-1]: s for s in chart.samples if s.kind == kind}
        asked = {slug: answers[slug] for slug in slugs if slug in answers}
        if not asked:
            return Verdict.NOT_SEEN, "not asked"
        good = [slug for slug, sample in asked.items() if _has_articles(chart, sample)]
        bad = [f"{slug} ({sample.failure or sample.status})" for slug, sample in asked.items() if slug not in good]
        words = f"with articles: {', '.join(good) or 'none'}" + (f"; without: {', '.join(bad)}" if bad else "")
        return (Verdict.HOLDS if good else Verdict.FAILS), words

    return check


def _has_articles(chart: Chart, sample: Sample) -> bool:
    return sample.status == 200 and bool(read_listing(sample.body, sample.url, root=chart.root, now=chart.now).cards)


def _institution_tags(chart: Chart) -> tuple[Verdict, str]:
    good = {unquote(urlsplit(s.url).path).split("/")[-1] for s in chart.samples if _has_articles(chart, s)}
    found = [tag for tag in site.INSTITUTION_TAGS.value if tag in good]
    asked = any(sample.kind == "tag" for sample in chart.samples)
    verdict = Verdict.HOLDS if found else Verdict.FAILS if asked else Verdict.NOT_SEEN
    return verdict, f"with articles: {', '.join(found) or 'none'}"


def _shape(template: str) -> re.Pattern[str]:
    """The paths that a URL template of site.py makes."""
    return re.compile(f"^{re.sub(r'{[a-z]+}', '[^/]+', template)}$")


def _links(pattern: re.Pattern[str], shape: str, *, never: bool = False) -> Check:
    """Whether the pages link to addresses of that shape; `never`: and none of them is taken for an article."""

    def check(chart: Chart) -> tuple[Verdict, str]:
        pages = chart.of("home", "category", "tag", "article")
        found = 0
        for page in pages:
            for anchor in chart.tree(page).iter("a"):
                url = urls.resolve(anchor.get("href") or "", base=page.url)
                if url and urls.is_on_site(url, chart.root) and pattern.search(urlsplit(url).path):
                    found += 1
                    if never and urls.is_article_url(url, chart.root):
                        return Verdict.FAILS, f"{url} is taken for an article"
        if not pages:
            return Verdict.NOT_SEEN, "no page was answered"
        return (Verdict.HOLDS if found else Verdict.NOT_SEEN), f"{found} links of the shape {shape}"

    return check


def _root(chart: Chart) -> tuple[Verdict, str]:
    answered = [sample for sample in chart.samples if sample.status == 200]
    if chart.root != site.ROOT.value:
        return Verdict.NOT_SEEN, f"asked {chart.root} instead (ALQAHIRA_SITE_URL)"
    return (Verdict.HOLDS if answered else Verdict.FAILS), f"{len(answered)} pages answered with 200"


def _name(chart: Chart) -> tuple[Verdict, str]:
    name = fold_text(site.NAME.value)
    pages = chart.of("home", "category", "tag", "article")
    hits = sum(name in fold_text(_text(chart.tree(page), limit=100_000)) for page in pages)
    if not pages:
        return Verdict.NOT_SEEN, "no page was answered"
    return (Verdict.HOLDS if hits else Verdict.FAILS), f"«{site.NAME.value}» stands on {hits} of {len(pages)} pages"


def _language(chart: Chart) -> tuple[Verdict, str]:
    said = Counter(
        str(chart.tree(page).get("lang") or "none") for page in chart.of("home", "category", "tag", "article")
    )
    if not said:
        return Verdict.NOT_SEEN, "no page was answered"
    holds = any(lang.split("-")[0].lower() == site.LANGUAGE.value for lang in said)
    found = ", ".join(f"{lang} ({n})" for lang, n in said.most_common(3))
    return (Verdict.HOLDS if holds else Verdict.NOT_SEEN if set(said) == {"none"} else Verdict.FAILS), f"lang: {found}"


_STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?[+-]\d\d:?\d\d")


def _time_zone(chart: Chart) -> tuple[Verdict, str]:
    """Offsets that the article pages print are Cairo's at that time; UTC says nothing of where the site is."""
    zone = ZoneInfo(site.TIME_ZONE.value)
    right, wrong = 0, ""
    for page in chart.of("article"):
        for text in _STAMP.findall(page.body):
            try:
                moment = datetime.fromisoformat(text.decode())
            except ValueError:
                continue
            if moment.utcoffset() == moment.astimezone(zone).utcoffset():
                right += 1
            elif moment.utcoffset():
                wrong = text.decode()
    if wrong:
        return Verdict.FAILS, f"{wrong} is not the offset of {site.TIME_ZONE.value}"
    return (Verdict.HOLDS if right else Verdict.NOT_SEEN), f"{right} times with {site.TIME_ZONE.value}'s offset"


def _images(chart: Chart) -> list[str]:
    return [image.get("src") or "" for page in chart.of("article") for image in chart.tree(page).iter("img")]


def _next_images(chart: Chart) -> tuple[Verdict, str]:
    sources = _images(chart)
    hits = sum(urlsplit(source).path == site.NEXT_IMAGE_PATH.value for source in sources)
    return (Verdict.HOLDS if hits else Verdict.NOT_SEEN), f"{hits} of {len(sources)} images"


def _image_clocks(chart: Chart) -> tuple[Verdict, str]:
    apart = [abs(both[0] - both[1]) for source in _images(chart) if (both := clocks(source))]
    if not apart:
        return Verdict.NOT_SEEN, "no image name has both clocks"
    verdict = Verdict.HOLDS if max(apart) <= site.IMAGE_CLOCKS_AGREE_MS.value else Verdict.FAILS
    return verdict, f"at most {max(apart)} ms apart on {len(apart)} images"


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
    sources = _images(chart)
    named = [source for source in sources if site.IMAGE_NAME.value.search(unquote(source))]
    if named:
        return Verdict.HOLDS, f"{len(named)} of {len(sources)} images carry the time of their upload"
    return (
        Verdict.FAILS if sources else Verdict.NOT_SEEN
    ), f"for instance {sources[0][:100]}" if sources else "no image"


def _image_host(chart: Chart) -> tuple[Verdict, str]:
    hosts = Counter(urlsplit(unquote(source)).hostname or "the page's own" for source in _images(chart))
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


def _text(element: Any, *, limit: int = 200) -> str:
    return " ".join(clean_text("".join(element.itertext())[: limit * 4]).split())[:limit]


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
    "ROOT": (False, _root),
    "NAME": (False, _name),
    "LANGUAGE": (False, _language),
    "TIME_ZONE": (False, _time_zone),
    "ARTICLE_URL": (False, _links(_shape(site.ARTICLE_URL.value), site.ARTICLE_URL.value)),
    "NEVER_ARTICLE_PATH": (False, _links(site.NEVER_ARTICLE_PATH.value, "/category/, /tag/, …", never=True)),
    "CATEGORY_URL": (False, _links(_shape(site.CATEGORY_URL.value), site.CATEGORY_URL.value)),
    "TAG_URL": (False, _links(_shape(site.TAG_URL.value), site.TAG_URL.value)),
    "NEXT_IMAGE_PATH": (False, _next_images),
    "IMAGE_CLOCKS_AGREE_MS": (False, _image_clocks),
    "INSTITUTION_TAGS": (False, _institution_tags),
    "CARD": (False, _on(_LISTINGS, site.CARD)),
    "IMAGE_ALT": (False, _on(_ARTICLES, site.IMAGE)),
    "BODY": (False, _on(_ARTICLES, site.BODY)),
    **{
        f"SECTIONS[{section.name}].{plural}": (False, _of_section(section, kind))
        for section in site.SECTIONS.values()
        for plural, kind in (("categories", "category"), ("tags", "tag"))
    },
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
