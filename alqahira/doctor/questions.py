"""What nobody knows of the site yet: how listings go on, which addresses lead to an article, what is refused. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from alqahira import site, urls
from alqahira.arabic import fold_text
from alqahira.doctor.data_facts import posts
from alqahira.doctor.exchange import Exchange
from alqahira.doctor.site_visit import Check, SiteVisit, Verdict
from alqahira.listing import Listing
from alqahira.sources.nextjs import at

_COOKIE = re.compile(rb"\s*([^=;\s]+)=")


# --- how a listing goes on ----------------------------------------------------------------------


def second_page(kind: str) -> Check:
    """Whether the answer of this kind is the second page of the category, as a crawl judges it."""

    def check(visit: SiteVisit) -> tuple[Verdict, str]:
        sample, pager = visit.first(kind), visit.pager()
        if sample is None or pager is None:
            why = "no category was answered" if pager is None else _why_not_asked(visit, kind)
            return Verdict.NOT_SEEN, why
        address = urlsplit(sample.asked or sample.url)
        asked = f"{'' if kind == 'page 2 by query' else unquote(address.path)}?{unquote(address.query)}"
        if sample.status != 200 or sample.failure:
            return Verdict.FAILS, f"{asked}: {sample.outcome}"
        listing = visit.listing(sample)
        if pager.is_page(listing, 2):
            return Verdict.HOLDS, f"{asked}: {words_of(listing)}"
        is_first = listing.cards and pager.first.cards and listing.cards[0].key == pager.first.cards[0].key
        return Verdict.FAILS, f"{asked}: {'the first page again, ' if is_first else ''}{words_of(listing)}"

    return check


def _why_not_asked(visit: SiteVisit, kind: str) -> str:
    pager, pressed = visit.pager(), visit.first("pressed")
    if pager and not pager.first.has_more:
        return "not asked: the category has one page"
    if kind == "page 2 by press":
        return "nothing was learned to ask for" if pressed else "no browser was asked"
    return "not asked: the page names no build" if kind == "page 2 by page data" else "not asked"


def words_of(listing: Listing) -> str:
    """«40 posts, page 2 of 710, from 177348 on»."""
    if not listing.cards:
        return "no posts"
    page = f", page {listing.info.current_page} of {listing.info.total_pages}" if listing.info.current_page else ""
    return f"{len(listing.cards)} posts{page}, from {listing.cards[0].key} on"


def data_address(visit: SiteVisit) -> tuple[Verdict, str]:
    """NEXT_DATA_URL: whether what the pages' own script asks is answered with page data."""
    asked = [sample for kind in ("article data", "page 2 by page data") if (sample := visit.first(kind))]
    if not asked:
        return Verdict.NOT_SEEN, "not asked: no listing names a build"
    good = [sample for sample in asked if sample.status == 200 and any("pageProps" in d for d in visit.data(sample))]
    outcomes = ", ".join(f"{sample.kind} {sample.outcome}" for sample in asked)
    return (Verdict.HOLDS if good else Verdict.FAILS), f"page data in {len(good)} of {len(asked)} answers: {outcomes}"


def press(visit: SiteVisit) -> tuple[Verdict, str]:
    """What one press of the load-more control asks for, as a browser saw it."""
    pressed = visit.first("pressed")
    if pressed is None:
        return Verdict.NOT_SEEN, "no browser was asked (ALQAHIRA_BROWSER=never, or none is installed)"
    learned = pressed.note.startswith(("GET ", "POST "))
    return (Verdict.HOLDS if learned else Verdict.FAILS), pressed.note or f"nothing was learned ({pressed.outcome})"


def lists_by_page_data(kind: str) -> Check:
    """Whether a listing of this kind has its posts in page data as a category has; under which name."""

    def check(visit: SiteVisit) -> tuple[Verdict, str]:
        sample = visit.first(kind)
        if sample is None:
            return Verdict.NOT_SEEN, "not asked"
        if sample.status != 200 or sample.failure:
            return Verdict.FAILS, sample.outcome
        words = words_of(visit.listing(sample))
        if not visit.listing(sample).cards:
            return Verdict.FAILS, "200 without articles"
        keys = {card.key for card in visit.listing(sample).cards}
        properties = next((at(data, site.LISTING_PATH.value[:-1]) for data in visit.data(sample)), None)
        properties = properties if isinstance(properties, dict) else {}
        for name, value in properties.items():
            listed = at(value, ("posts",))
            if isinstance(listed, list) and keys <= {str(at(post, ("id",))) for post in listed}:
                return Verdict.HOLDS, f"{words}, by {'.'.join((*site.LISTING_PATH.value[:-1], name))}"
        names = f"pageProps has {', '.join(list(properties)[:8])}" if properties else "without page data"
        return Verdict.FAILS, f"{words}, but {names}"

    return check


# --- which addresses lead to an article ---------------------------------------------------------


def same_article(kind: str) -> Check:
    """Whether an address of this form shows the article whose number it has."""

    def check(visit: SiteVisit) -> tuple[Verdict, str]:
        sample = visit.first(kind)
        if sample is None:
            return Verdict.NOT_SEEN, "not asked: no listing shows an article"
        if sample.status != 200 or sample.failure:
            return Verdict.FAILS, f"{urlsplit(sample.asked).path}: {sample.outcome}"
        article, number = visit.reading(sample).article, urls.article_number(sample.asked)
        where = "" if sample.url == sample.asked else f", redirected to {urlsplit(sample.url).path[:60]}"
        if article is None:
            return Verdict.FAILS, f"{urlsplit(sample.asked).path}: {visit.reading(sample).cause}{where}"
        known = _headline_in_listings(visit, number)
        is_same = article.article_id == number and known in (None, fold_text(article.headline))
        told = "as its card" if known else "of which no card was seen"
        words = f"{urlsplit(sample.asked).path}: article {article.article_id}, {told}{where}"
        return (Verdict.HOLDS if is_same else Verdict.FAILS), words

    return check


def _headline_in_listings(visit: SiteVisit, number: str | None) -> str | None:
    """The folded headline that a listing gives the article of this number."""
    cards = (card for page in visit.of("category", "kicker", "tag") for card in visit.listing(page).cards)
    return next((fold_text(card.headline) for card in cards if card.key == number and card.headline), None)


def article_data(visit: SiteVisit) -> tuple[Verdict, str]:
    """Whether an article can be had as page data alone, without its markup."""
    sample = visit.first("article data")
    if sample is None:
        return Verdict.NOT_SEEN, "not asked: no article, or its listing names no build"
    path = urlsplit(sample.asked).path
    if sample.status != 200 or sample.failure:
        return Verdict.FAILS, f"{path}: {sample.outcome}"
    story = next((at(data, site.POST_PATH.value[1:]) for data in visit.data(sample)), None)
    if not isinstance(story, dict):
        return Verdict.FAILS, f"{path}: no story at {'.'.join(site.POST_PATH.value[1:])}"
    blocks = [block for block in story.get("postContent") or [] if isinstance(block, dict)]
    texts = sum(block.get("type") == site.TEXT_BLOCK.value for block in blocks)
    asked = re.search(r"/news/(\d+)\.json", path)
    is_same = asked is not None and str(story.get("id")) == asked[1]
    words = f"{path}: story {story.get('id')} with {texts} blocks of text, {len(sample.body)} bytes"
    return (Verdict.HOLDS if is_same and texts else Verdict.FAILS), words


def video_page(visit: SiteVisit) -> tuple[Verdict, str]:
    """Whether a video's page is known for what it is, and gives no record."""
    sample = visit.first("video")
    if sample is None:
        return Verdict.NOT_SEEN, "no listing shows a video"
    if sample.status != 200 or sample.failure:
        return Verdict.FAILS, sample.outcome
    reading = visit.reading(sample)
    said = ", ".join(str(post.get("type")) for post in posts(visit, "video")) or "nothing"
    words = f"page data says {said}; read as {'an article' if reading.article else reading.cause}"
    return (Verdict.HOLDS if reading.kind == "video" else Verdict.FAILS), words


def old_article(visit: SiteVisit) -> tuple[Verdict, str]:
    """Whether a post of 2022 is read as those of today are."""
    sample = visit.first("old article")
    if sample is None:
        return Verdict.NOT_SEEN, "not asked"
    if sample.status != 200 or sample.failure:
        return Verdict.NOT_SEEN, f"{urlsplit(sample.asked).path}: {sample.outcome}"
    reading = visit.reading(sample)
    if reading.article is None:
        is_other = reading.kind is not None
        return (Verdict.NOT_SEEN if is_other else Verdict.FAILS), f"it reads as {reading.cause}"
    article, source = reading.article, reading.sources.get("article_body")
    day = f"{article.date_published:%Y-%m-%d}" if article.date_published else "no date"
    return Verdict.HOLDS, f"{day}, {article.word_count} words from {source}, credit «{article.credit_line or ''}»"


# --- what the site does to a crawler -------------------------------------------------------------


def manners_of_the_site(exchanges: Iterable[Exchange]) -> list[tuple[str, Verdict, str]]:
    """Challenges, rate limits and cookies among the answers: (question, verdict, what was met)."""
    answers = [exchange for exchange in exchanges if exchange.status]
    challenged = [exchange for exchange in answers if exchange.refusal]
    limited = [e for e in answers if e.status == 429 or e.header(b"retry-after")]
    waits = {f"Retry-After: {value.decode('latin-1')}" for e in limited for value in e.header(b"retry-after")}
    marks = {f"cf-mitigated: {v.decode('latin-1')}" for e in challenged for v in e.header(b"cf-mitigated")}
    cookies = Counter(
        match[1].decode("latin-1")
        for exchange in answers
        for value in exchange.header(b"set-cookie")
        if (match := _COOKIE.match(value))
    )
    total = len(answers)
    named = ", ".join(f"{name} ({count})" for name, count in cookies.most_common(5)) or "none"

    def judged(hits: list[Exchange], marks: set[str]) -> tuple[Verdict, str]:
        if not hits:
            return (Verdict.HOLDS if total else Verdict.NOT_SEEN), f"0 of {total} answers"
        statuses = {str(exchange.status) for exchange in hits}
        return Verdict.FAILS, f"{len(hits)} of {total} answers: {', '.join(sorted(marks | statuses))}"

    return [
        ("no challenge", *judged(challenged, marks)),
        ("no rate limit", *judged(limited, waits)),
        ("cookies that are set", Verdict.HOLDS if total else Verdict.NOT_SEEN, f"{named}; none is sent back"),
    ]
