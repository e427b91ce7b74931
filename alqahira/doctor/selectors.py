"""Whether the selectors of `site.py` still match, and what stands in their place. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from alqahira import site, urls
from alqahira.doctor.site_visit import ARTICLES, LISTINGS, Check, SiteVisit, Verdict, css_of, short_text
from alqahira.sources.site_markup import select


def matches(kinds: Iterable[str], fact: site.Fact[str], instead: Callable[[SiteVisit], str] | None = None) -> Check:
    """The selector of the fact matches on every answered page of these kinds."""

    def check(visit: SiteVisit) -> tuple[Verdict, str]:
        pages = visit.of(*kinds)
        if not pages:
            return Verdict.NOT_SEEN, f"no {' or '.join(kinds)} page was answered"
        hits = [len(select(fact.value)(visit.tree(page))) for page in pages]
        if all(hits):
            return Verdict.HOLDS, f"«{fact.value}» matches {_range(hits)} on {len(pages)} pages"
        if any(hits):
            return Verdict.HOLDS, f"«{fact.value}» matches on {sum(map(bool, hits))} of {len(pages)} pages"
        found = instead(visit) if instead else ""
        return Verdict.FAILS, f"«{fact.value}» matches nothing" + (f"; found instead: {found}" if found else "")

    return check


def _range(numbers: Sequence[int]) -> str:
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low}-{high}"


def may_match(kinds: Iterable[str], fact: site.Fact[str]) -> Check:
    """As `matches`, for what need not be on every page: its absence proves nothing."""

    def check(visit: SiteVisit) -> tuple[Verdict, str]:
        verdict, found = matches(kinds, fact)(visit)
        return (Verdict.NOT_SEEN if verdict is Verdict.FAILS else verdict), found

    return check


def headline_instead(visit: SiteVisit) -> str:
    """Where the article pages' headings of the first rank stand."""
    return ", ".join(
        {f"{css_of(h)} «{short_text(h)[:50]}»": 0 for p in visit.of(*ARTICLES) for h in visit.tree(p).iter("h1")}
    )


def paragraphs_instead(visit: SiteVisit) -> str:
    """Where the article pages' long paragraphs stand."""
    parents: Counter[str] = Counter()
    for page in visit.of(*ARTICLES):
        for paragraph in visit.tree(page).iter("p"):
            if len(short_text(paragraph)) > 80 and paragraph.getparent() is not None:
                parents[f"{css_of(paragraph.getparent())} > p"] += 1
    return ", ".join(css for css, _ in parents.most_common(2))


def cards_instead(visit: SiteVisit) -> str:
    """Where the listings' links to articles stand."""
    places: Counter[str] = Counter()
    for page in visit.of(*LISTINGS):
        for anchor in visit.tree(page).iter("a"):
            url = urls.resolve(anchor.get("href") or "", base=page.url)
            if url and urls.is_article_url(url, visit.root):
                places[css_of(anchor)] += 1
    return ", ".join(f"{css} ({n})" for css, n in places.most_common(3))
