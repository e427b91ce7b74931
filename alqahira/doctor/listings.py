"""Checks of how articles are found: listings, links, load-more, robots.txt, sitemaps. Pure."""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import unquote, urlsplit

from alqahira import site, urls
from alqahira.arabic import fold_text
from alqahira.doctor.site_visit import ARTICLES, LISTINGS, Check, Sample, SiteVisit, Verdict, css_of, short_text
from alqahira.sources.site_markup import select
from alqahira.topics import match_topics

_BEGINNINGS = (urls.beginning(site.CATEGORY_URL.value), urls.beginning(site.TAG_URL.value))


def answered(kind: str) -> Check:
    """How many listings of this kind answer with articles; with the categories, which others are worth adding."""

    def check(visit: SiteVisit) -> tuple[Verdict, str]:
        asked = [sample for sample in visit.samples if sample.kind == kind]
        if not asked:
            return Verdict.NOT_SEEN, "not asked"
        good = [sample for sample in asked if _has_articles(visit, sample)]
        rest = Counter(sample.outcome for sample in asked if sample not in good)
        words = f"{len(good)} of {len(asked)} answer with articles"
        if rest:
            words += "; the others: " + ", ".join(
                "200 without articles" if status == "200" else status for status in rest
            )
        found = _looks_like_a_section(visit) if kind == "category" else ""
        return (Verdict.HOLDS if good else Verdict.FAILS), words + (f"; worth adding: {found}" if found else "")

    return check


def of_section(section: site.Section, kind: str) -> Check:
    """Which of a section's listings answer with articles; the doctor asks for each only where it is told to."""
    slugs = {"category": section.categories.value, "tag": section.tags.value}[kind]

    def check(visit: SiteVisit) -> tuple[Verdict, str]:
        answers = {unquote(urlsplit(s.asked or s.url).path).split("/")[-1]: s for s in visit.samples if s.kind == kind}
        asked = {slug: answers[slug] for slug in slugs if slug in answers}
        if not asked:
            return Verdict.NOT_SEEN, "not asked"
        good = [slug for slug, sample in asked.items() if _has_articles(visit, sample)]
        bad = [f"{slug} ({sample.outcome})" for slug, sample in asked.items() if slug not in good]
        words = f"with articles: {', '.join(good) or 'none'}" + (f"; without: {', '.join(bad)}" if bad else "")
        if rest := len(slugs) - len(asked):
            words += f"; {rest} not asked (--listings does)"
        return (Verdict.HOLDS if good else Verdict.FAILS), words

    return check


def _has_articles(visit: SiteVisit, sample: Sample) -> bool:
    return sample.status == 200 and not sample.failure and bool(visit.listing(sample).cards)


def category_names(visit: SiteVisit) -> tuple[Verdict, str]:
    """CATEGORIES: those that were asked answer with articles, under the names that `site.py` has for them."""
    verdict, words = answered("category")(visit)
    for page in visit.of("category"):
        slug = unquote(urlsplit(page.asked or page.url).path).split("/")[-1]
        shown, known = visit.listing(page).section, site.CATEGORIES.value.get(slug)
        if shown and known and fold_text(shown) != fold_text(known):
            words += f"; {slug} is named «{shown}» now"
    return verdict, words


def _looks_like_a_section(visit: SiteVisit) -> str:
    """Categories and tags that the pages link to and that sound like ours, but are in no section."""
    known = {
        fold_text(slug.replace("-", " "))
        for section in site.SECTIONS.values()
        for slug in (*section.categories.value, *section.tags.value)
    }
    found: dict[str, None] = {}
    for page in visit.of(*LISTINGS, *ARTICLES):
        for anchor in visit.tree(page).iter("a"):
            path = unquote(urlsplit(anchor.get("href") or "").path)
            kind = next((kind for kind in _BEGINNINGS if path.startswith(kind)), None)
            if kind is None:
                continue
            name = path.removeprefix(kind).replace("-", " ").strip("/")
            if fold_text(name) not in known and match_topics(name, name):
                found[path] = None
    return ", ".join(list(found)[:8])


def shape_of(template: str) -> re.Pattern[str]:
    """The paths that a URL template of site.py makes."""
    return re.compile(f"^{re.sub(r'{[a-z]+}', '[^/]+', template)}$")


def links_of(pattern: re.Pattern[str], shape: str, *, never: bool = False) -> Check:
    """Whether the pages link to addresses of that shape; `never`: and none of them is taken for an article."""

    def check(visit: SiteVisit) -> tuple[Verdict, str]:
        pages = visit.of(*LISTINGS, *ARTICLES)
        found = 0
        for page in pages:
            for anchor in visit.tree(page).iter("a"):
                url = urls.resolve(anchor.get("href") or "", base=page.url)
                if url and urls.is_on_site(url, visit.root) and pattern.search(urlsplit(url).path):
                    found += 1
                    if never and urls.is_article_url(url, visit.root):
                        return Verdict.FAILS, f"{url} is taken for an article"
        if not pages:
            return Verdict.NOT_SEEN, "no page was answered"
        return (Verdict.HOLDS if found else Verdict.NOT_SEEN), f"{found} links of the shape {shape}"

    return check


def article_paths(visit: SiteVisit) -> tuple[Verdict, str]:
    """ARTICLE_PATH: whether the listings link to addresses of that shape; the shapes found, where not."""
    pages = visit.of(*LISTINGS)
    if not pages:
        return Verdict.NOT_SEEN, "no listing was answered"
    shapes: Counter[str] = Counter()
    articles = 0
    for page in pages:
        for anchor in visit.tree(page).iter("a"):
            url = urls.resolve(anchor.get("href") or "", base=page.url)
            if url is None or not urls.is_on_site(url, visit.root):
                continue
            if urls.is_article_url(url, visit.root):
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


def load_more(visit: SiteVisit) -> tuple[Verdict, str]:
    """LOAD_MORE: the control, and where one with a known label stands instead."""
    pages = visit.of(*LISTINGS)
    if not pages:
        return Verdict.NOT_SEEN, "no listing was answered"
    for page in pages:
        for element in select(site.LOAD_MORE.value)(visit.tree(page)):
            return Verdict.HOLDS, f"«{site.LOAD_MORE.value}», labelled «{short_text(element)}»"
    labels = {fold_text(label) for label in site.LOAD_MORE_LABELS.value}
    for page in pages:
        for element in visit.tree(page).iter("button", "a", "div", "span"):
            is_link = element.tag == "a" and not element.get("href")  # the menu has one of that name
            if not is_link and fold_text(short_text(element)) in labels:
                return Verdict.FAILS, f"a control labelled «{short_text(element)}» is {css_of(element)}"
    return Verdict.NOT_SEEN, "no such control and no such label"


def load_more_labels(visit: SiteVisit) -> tuple[Verdict, str]:
    """LOAD_MORE_LABELS: how the control is labelled."""
    known = {fold_text(label) for label in site.LOAD_MORE_LABELS.value}
    for page in visit.of(*LISTINGS):
        for element in select(site.LOAD_MORE.value)(visit.tree(page)):
            label = short_text(element)
            return (Verdict.HOLDS if fold_text(label) in known else Verdict.FAILS), f"«{label}»"
    return Verdict.NOT_SEEN, "no load-more control was seen"


def robots(visit: SiteVisit) -> tuple[Verdict, str]:
    """ROBOTS_PATH: whether there is a robots.txt, and the sitemaps it names."""
    for sample in visit.samples:
        if sample.kind == "robots":
            named = re.findall(rb"(?im)^\s*sitemap:\s*(\S+)", sample.body)
            words = f"{sample.outcome}, {len(named)} sitemaps named"
            return (Verdict.HOLDS if sample.status == 200 else Verdict.FAILS), words
    return Verdict.NOT_SEEN, "no answer"


def sitemaps(visit: SiteVisit) -> tuple[Verdict, str]:
    """SITEMAP_PATHS: whether a sitemap answers."""
    asked = [sample for sample in visit.samples if sample.kind == "sitemap"]
    good = visit.of("sitemap")
    if not asked:
        return Verdict.NOT_SEEN, "none was asked"
    found = ", ".join(f"{urlsplit(sample.url).path} {sample.outcome}" for sample in asked[:4])
    return (Verdict.HOLDS if good else Verdict.FAILS), found


def missing_page(visit: SiteVisit) -> tuple[Verdict, str]:
    """Whether a page that cannot be there is answered with 404 or 410."""
    for sample in visit.samples:
        if sample.kind == "missing":
            return (Verdict.HOLDS if sample.status in (404, 410) else Verdict.FAILS), sample.outcome
    return Verdict.NOT_SEEN, "not asked"
