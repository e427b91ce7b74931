"""Checks of the names in Next.js' page data. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from alqahira import site
from alqahira.doctor.site_visit import ARTICLES, LISTINGS, Check, SiteVisit, Verdict, css_of, short_text
from alqahira.sources.nextjs import at
from alqahira.sources.site_markup import select


def posts(visit: SiteVisit, *kinds: str) -> list[dict[str, Any]]:
    """The story in the page data of each answered page of these kinds, where `site.POST_PATH` leads to one."""
    found = (at(data, site.POST_PATH.value) for page in visit.of(*kinds) for data in visit.data(page))
    return [post for post in found if isinstance(post, dict)]


def stands_at(path: tuple[str, ...], *kinds: str) -> Check:
    """Whether page data has an object at this path; what it has instead, where not."""

    def check(visit: SiteVisit) -> tuple[Verdict, str]:
        documents = [data for page in visit.of(*kinds) for data in visit.data(page)]
        if not documents:
            return Verdict.NOT_SEEN, f"no page data on {len(visit.of(*kinds))} pages"
        hits = sum(isinstance(at(data, path), dict) for data in documents)
        if hits:
            return Verdict.HOLDS, f"{'.'.join(path)} on {hits} of {len(documents)} pages"
        names = at(documents[0], path[:2])
        instead = f"; pageProps has {', '.join(list(names)[:8])}" if isinstance(names, dict) else ""
        return Verdict.FAILS, f"nothing at {'.'.join(path)}{instead}"

    return check


def language(visit: SiteVisit) -> tuple[Verdict, str]:
    """LANGUAGE is what page data says; where it says nothing, what the pages declare."""
    said = Counter(value for page in visit.of(*ARTICLES, *LISTINGS) for value in _values(visit.data(page), "language"))
    where = "page data"
    if not said:
        pages = visit.of(*ARTICLES, *LISTINGS)
        said, where = Counter(str(visit.tree(page).get("lang") or "") for page in pages), "<html lang>"
        del said[""]
    if not said:
        return Verdict.NOT_SEEN, "no page names a language"
    words = ", ".join(f"{name} ({count})" for name, count in said.most_common(3))
    holds = any(name.partition("-")[0].lower() == site.LANGUAGE.value for name in said)
    # <html lang> says «en» whatever the text is.
    fails = Verdict.FAILS if where == "page data" else Verdict.NOT_SEEN
    return (Verdict.HOLDS if holds else fails), f"{where}: {words}"


def locales(visit: SiteVisit) -> tuple[Verdict, str]:
    """LOCALES is what page data lists."""
    listed = [data["locales"] for page in visit.of(*ARTICLES, *LISTINGS) for data in visit.data(page) if _lists(data)]
    if not listed:
        return Verdict.NOT_SEEN, "page data lists no locales"
    holds = tuple(listed[0]) == site.LOCALES.value
    return (Verdict.HOLDS if holds else Verdict.FAILS), f"page data: {', '.join(map(str, listed[0]))}"


def _lists(data: dict[str, Any]) -> bool:
    return isinstance(data.get("locales"), list)


def article_kind(visit: SiteVisit) -> tuple[Verdict, str]:
    """ARTICLE_KIND is the type of the stories that are articles."""
    kinds = Counter(str(post.get("type")) for post in posts(visit, "article"))
    return _judged(kinds, lambda kind: kind == site.ARTICLE_KIND.value, "no story's page data was seen")


def other_kinds(visit: SiteVisit) -> tuple[Verdict, str]:
    """OTHER_KINDS are the kinds of all that stands beside and among a listing's articles."""
    listings = [visit.listing(page) for page in visit.of(*LISTINGS)]
    cards = [card for listing in listings for card in (*listing.cards, *listing.others)]
    kinds = Counter(card.kind for card in cards if card.kind and card.kind != site.ARTICLE_KIND.value)
    known = site.OTHER_KINDS.value
    if strangers := sorted(kind for kind in kinds if kind not in known):
        return Verdict.FAILS, f"unknown: {', '.join(strangers)}"
    return _judged(kinds, lambda kind: kind in known, "no listing shows another kind")


def text_block(visit: SiteVisit) -> tuple[Verdict, str]:
    """TEXT_BLOCK is the type of the blocks that hold text."""
    blocks = (block for post in posts(visit, *ARTICLES) for block in _list(post.get("postContent")))
    kinds = Counter(str(block.get("type")) for block in blocks if isinstance(block, dict))
    return _judged(kinds, lambda kind: kind == site.TEXT_BLOCK.value, "no postContent was seen")


def _judged(kinds: Counter[Any], is_known: Callable[[Any], bool], nothing: str) -> tuple[Verdict, str]:
    if not kinds:
        return Verdict.NOT_SEEN, nothing
    words = ", ".join(f"{kind} ({count})" for kind, count in kinds.most_common(5))
    return (Verdict.HOLDS if any(map(is_known, kinds)) else Verdict.FAILS), words


def page_size(visit: SiteVisit) -> tuple[Verdict, str]:
    """PAGE_SIZE is the number of posts on a page that is not the last."""
    sizes = {len(visit.listing(page).cards) for page in visit.of("category") if visit.listing(page).has_more}
    if not sizes:
        return Verdict.NOT_SEEN, "no category with a second page was answered"
    return (Verdict.HOLDS if sizes == {site.PAGE_SIZE.value} else Verdict.FAILS), f"{', '.join(map(str, sizes))} posts"


def error_pages(visit: SiteVisit) -> tuple[Verdict, str]:
    """ERROR_PAGES: what the page data of an address that is not there says of itself."""
    missing = visit.first("missing")
    pages = [str(data.get("page")) for data in visit.data(missing)] if missing else []
    if not pages:
        return Verdict.NOT_SEEN, f"no page data; the answer's status is {missing.outcome}" if missing else "not asked"
    holds = any(page in site.ERROR_PAGES.value for page in pages)
    return (Verdict.HOLDS if holds else Verdict.NOT_SEEN), f"page: {', '.join(pages)}"


def not_found_headlines(visit: SiteVisit) -> tuple[Verdict, str]:
    """NOT_FOUND_HEADLINES: the heading of an address that is not there."""
    missing = visit.first("missing")
    headings = [text for e in visit.tree(missing).iter("h1", "h2") if (text := short_text(e))] if missing else []
    if not headings:
        return Verdict.NOT_SEEN, "no heading" if missing else "not asked"
    holds = any(heading in site.NOT_FOUND_HEADLINES.value for heading in headings)
    return (Verdict.HOLDS if holds else Verdict.NOT_SEEN), f"«{'», «'.join(headings[:3])}»"


def video_marker(visit: SiteVisit) -> tuple[Verdict, str]:
    """VIDEO_MARKER matches on the page of a video; the frames that it has instead."""
    pages = visit.of("video")
    if not pages:
        return Verdict.NOT_SEEN, "no video page was answered"
    if hits := len(select(site.VIDEO_MARKER.value)(visit.tree(pages[0]))):
        return Verdict.HOLDS, f"«{site.VIDEO_MARKER.value}» matches {hits} on 1 page"
    frames = ", ".join(css_of(frame) for frame in visit.tree(pages[0]).iter("iframe", "video"))
    return Verdict.FAILS, f"«{site.VIDEO_MARKER.value}» matches nothing; frames: {frames or 'none'}"


def _values(documents: list[dict[str, Any]], name: str) -> Iterator[str]:
    """The texts of this name in page data: at its top, or in the story."""
    for data in documents:
        story, properties = at(data, site.POST_PATH.value), at(data, site.POST_PATH.value[:2])
        for holder in (story, properties, data):
            if isinstance(holder, dict) and isinstance(holder.get(name), str):
                yield holder[name]
                break


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
