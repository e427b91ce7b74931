"""Whether the selectors of `site.py` still match, and what stands in their place. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from alqahira import site, urls
from alqahira.doctor.chart import Chart, Check, Verdict, css_of, short_text
from alqahira.sources.site_markup import select


def matches(kinds: Iterable[str], fact: site.Fact[str], instead: Callable[[Chart], str] | None = None) -> Check:
    """The selector of the fact matches on every answered page of these kinds."""

    def check(chart: Chart) -> tuple[Verdict, str]:
        pages = chart.of(*kinds)
        if not pages:
            return Verdict.NOT_SEEN, f"no {' or '.join(kinds)} page was answered"
        hits = [len(select(fact.value)(chart.tree(page))) for page in pages]
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


def may_match(kinds: Iterable[str], fact: site.Fact[str]) -> Check:
    """As `matches`, for what need not be on every page: its absence proves nothing."""

    def check(chart: Chart) -> tuple[Verdict, str]:
        verdict, found = matches(kinds, fact)(chart)
        return (Verdict.NOT_SEEN if verdict is Verdict.FAILS else verdict), found

    return check


def headline_instead(chart: Chart) -> str:
    """Where the article pages' headings of the first rank stand."""
    return ", ".join(
        {f"{css_of(h)} «{short_text(h)[:50]}»": 0 for p in chart.of("article") for h in chart.tree(p).iter("h1")}
    )


def paragraphs_instead(chart: Chart) -> str:
    """Where the article pages' long paragraphs stand."""
    parents: Counter[str] = Counter()
    for page in chart.of("article"):
        for paragraph in chart.tree(page).iter("p"):
            if len(short_text(paragraph)) > 80 and paragraph.getparent() is not None:
                parents[f"{css_of(paragraph.getparent())} > p"] += 1
    return ", ".join(css for css, _ in parents.most_common(2))


def cards_instead(chart: Chart) -> str:
    """Where the listings' links to articles stand."""
    places: Counter[str] = Counter()
    for page in chart.of("category", "tag"):
        for anchor in chart.tree(page).iter("a"):
            url = urls.resolve(anchor.get("href") or "", base=page.url)
            if url and urls.is_article_url(url, chart.root):
                places[css_of(anchor)] += 1
    return ", ".join(f"{css} ({n})" for css, n in places.most_common(3))
