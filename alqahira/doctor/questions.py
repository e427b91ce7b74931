"""What `site.py` cannot say: questions that the live site answers, each with its check. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from alqahira import site
from alqahira.doctor.checks import FAILS, HOLDS, NOT_SEEN, Check, Result, answered, holds_if, place, seen
from alqahira.doctor.visit import ARTICLES, LISTINGS, Exchange, Sample, Visit, is_rendered
from alqahira.extraction import urls
from alqahira.extraction.listing import Listing
from alqahira.extraction.sources.site_markup import select, text_of
from alqahira.extraction.sources.values import at
from alqahira.text.dates import parse_date
from alqahira.text.normalization import fold_text

# --- what a sample says -------------------------------------------------------------------------


def is_second_page(visit: Visit, sample: Sample) -> Result:
    """Whether it is the second page of the category, as a crawl judges it."""
    listing, pager = sample.listing, visit.pager()
    if pager is None:
        return NOT_SEEN, "no category was answered"
    is_second = pager.is_page(listing, 2)
    again = "the first page again, " if not is_second and listing.cards[:1] == pager.first.cards[:1] else ""
    return holds_if(is_second), f"{again}{_contents(listing)}"


def _contents(listing: Listing) -> str:
    if not listing.cards:
        return "no posts"
    page = f", page {listing.info.current_page} of {listing.info.total_pages}" if listing.info.current_page else ""
    return f"{len(listing.cards)} posts{page}, from {listing.cards[0].key} on"


def is_press_learned(visit: Visit, sample: Sample) -> Result:
    """Whether one press of the load-more control has shown a browser the request for the next page."""
    return holds_if(sample.note.startswith(("GET ", "POST "))), sample.note or "nothing was learned"


def lists_posts(visit: Visit, sample: Sample) -> Result:
    """Whether it has its posts in page data as a category has; under which name."""
    keys, (*outer, _) = {card.key for card in sample.listing.cards}, site.LISTING_PATH.value
    properties = next((value for value in sample.values(*outer) if isinstance(value, dict)), {})
    for name, value in properties.items():
        listed = at(value, ("posts",))
        if keys and isinstance(listed, list) and keys <= {str(at(post, ("id",))) for post in listed}:
            return HOLDS, f"{_contents(sample.listing)}, by {'.'.join((*outer, name))}"
    return FAILS, f"{_contents(sample.listing)}; pageProps has {', '.join(list(properties)[:8]) or 'nothing'}"


def has_page_data(visit: Visit, sample: Sample) -> Result:
    """Whether it is what the pages' own script asks for."""
    properties = sample.values("pageProps")
    return holds_if(properties), f"{len(sample.response.body)} bytes{'' if properties else ' without page data'}"


def is_same_article(visit: Visit, sample: Sample) -> Result:
    """Whether it is the article whose number was asked for."""
    article, number = sample.reading.article, urls.article_number(sample.asked)
    if article is None:
        return FAILS, str(sample.reading.cause)
    cards = (card for page in visit.of(*LISTINGS) for card in page.listing.cards)
    known = next((fold_text(card.headline) for card in cards if card.key == number and card.headline), None)
    is_same = article.article_id == number and known in (None, fold_text(article.headline))
    return holds_if(is_same), f"article {article.article_id}, {'as its card' if known else 'of which no card was seen'}"


def is_article_data(visit: Visit, sample: Sample) -> Result:
    """Whether it is the article as page data alone, without its markup."""
    path = site.POST_PATH.value[1:]
    number = next(iter(sample.values(*path, "id")), None)
    texts = sample.values(*path, "postContent", "type").count(site.TEXT_BLOCK.value)
    evidence = f"story {number} with {texts} blocks of text, {len(sample.response.body)} bytes"
    return holds_if(texts and f"/news/{number}.json" in sample.asked), evidence


def is_video(visit: Visit, sample: Sample) -> Result:
    """Whether a video's page is known for what it is, and gives no record."""
    reading = sample.reading
    kinds = ", ".join(map(str, sample.values(*site.POST_PATH.value, "type"))) or "nothing"
    read_as = "an article" if reading.article else reading.cause
    return holds_if(reading.kind == "video"), f"page data says {kinds}; read as {read_as}"


def is_read(visit: Visit, sample: Sample) -> Result:
    """Whether an old article is read as those of today are."""
    reading, article = sample.reading, sample.reading.article
    if article is None:
        return (NOT_SEEN if reading.kind else FAILS), f"it reads as {reading.cause}"
    day = f"{article.date_published:%Y-%m-%d}" if article.date_published else "no date"
    source = reading.sources.get("article_body")
    return HOLDS, f"{day}, {article.word_count} words from {source}, credit {article.credit_line or 'none'}"


# --- what all pages or exchanges say ------------------------------------------------------------


def record_field(name: str) -> Check:
    """Whether the article pages give the field; from which sources, or why not."""

    def check(visit: Visit) -> Result:
        sources, causes = Counter[str](), Counter[str]()
        for reading in (page.reading for page in visit.of(*ARTICLES)):
            if reading.article and getattr(reading.article, name):
                sources[reading.sources.get(name, "?")] += 1
            else:
                causes[reading.cause or "absent"] += 1
        total = sources.total() + causes.total()
        counts = [f"{source} on {count}" for source, count in (*sources.most_common(), *causes.most_common())]
        return holds_if(sources, FAILS if total else NOT_SEEN), f"{', '.join(counts) or '0'} of {total} pages"

    return check


def date_form(visit: Visit) -> Result:
    """How the page prints its date, wherever on it that stands."""
    for page in visit.of(*ARTICLES):
        tree = page.page.tree
        for element in (*select(site.META_SPANS.value)(tree), *tree.iter("time", "span", "p", "li", "div")):
            text = text_of(element) if len(element) == 0 else ""
            if 4 <= len(text) <= 60 and parse_date(text, now=page.now):
                return HOLDS, place(element)
    return NOT_SEEN, "no text of the article pages is a date"


def plain_http(kinds: Sequence[str]) -> Check:
    """Whether pages of these kinds are whole without a browser."""

    def check(visit: Visit) -> Result:
        pages = visit.of(*kinds)
        rendered = sum(is_rendered(page.response) for page in pages)
        evidence = f"{rendered} of {len(pages)} are empty shells that a browser fills (ALQAHIRA_BROWSER=auto)"
        return (FAILS if rendered else holds_if(pages, NOT_SEEN)), evidence

    return check


def missing_page(visit: Visit) -> Result:
    """Whether a page that cannot be there is answered with 404 or 410."""
    outcomes = [sample.outcome for sample in visit.asked("missing")]
    return holds_if({"404", "410"} & {*outcomes}, FAILS if outcomes else NOT_SEEN), ", ".join(outcomes) or "not asked"


def validators(visit: Visit) -> Iterator[str]:
    """What a crawl can ask again for each article by."""
    for page in visit.of(*ARTICLES):
        names = [name for name in ("ETag", "Last-Modified") if name in page.response.headers]
        yield names[0] if names else "neither ETag nor Last-Modified"


def no_answer(is_met: Callable[[Exchange], object], header: str) -> Check:
    """Whether no answer is of this sort; the statuses of those that are, and their values of a header."""

    def check(visit: Visit) -> Result:
        answers = [exchange for exchange in visit.exchanges if exchange.response]
        met = [exchange for exchange in answers if is_met(exchange)]
        marks = {str(exchange.status) for exchange in met}
        marks |= {f"{header}: {value}" for exchange in met for value in exchange.header(header)}
        evidence = f"{len(met)} of {len(answers)} answers" + (f": {', '.join(sorted(marks))}" if met else "")
        return (FAILS if met else holds_if(answers, NOT_SEEN)), evidence

    return check


def cookies(visit: Visit) -> Result:
    """Which cookies the site sets."""
    values = (value for exchange in visit.exchanges for value in exchange.header("Set-Cookie"))
    names = Counter(value.partition("=")[0].strip() for value in values)
    shown = ", ".join(f"{name} ({count})" for name, count in names.most_common(5)) or "none"
    return holds_if(visit.exchanges, NOT_SEEN), f"{shown}; none is sent back"


# --- the table ----------------------------------------------------------------------------------

_NO_BROWSER = "ALQAHIRA_BROWSER=never, no browser is installed, or the category has one page"

# Each question with its check and the fact that the answer is written at.
QUESTIONS: dict[str, tuple[Check, str]] = {
    "listings by plain HTTP": (plain_http(LISTINGS), ""),
    "articles by plain HTTP": (plain_http(ARTICLES), ""),
    **{
        f"record: {name}": (record_field(name), "")
        for name in ("headline", "article_body", "date_published", "credit_line", "image_url", "keywords")
    },
    "the visible date's form": (date_form, ""),
    "page 2 by page data": (answered(is_second_page, "page 2 by page data"), "NEXT_DATA_URL"),
    "what a press asks for": (answered(is_press_learned, "pressed", unasked=_NO_BROWSER), "LOAD_MORE"),
    "page 2 by what a press asks for": (answered(is_second_page, "page 2 by press"), "LOAD_MORE"),
    "an article without its slug": (answered(is_same_article, "without slug"), "ARTICLE_PATH"),
    "an article with a locale": (answered(is_same_article, "with locale"), "LOCALES"),
    "an article as page data alone": (answered(is_article_data, "article data"), "NEXT_DATA_URL"),
    "a video is no article": (answered(is_video, "video"), "VIDEO_MARKER"),
    "a post of 2022": (answered(is_read, "old article", unanswered=NOT_SEEN), "LAYOUTS"),
    "a tag lists by page data": (answered(lists_posts, "tag"), "TAG_URL"),
    "a missing page answers 404": (missing_page, ""),
    "conditional requests": (seen(validators, {"ETag", "Last-Modified"}), ""),
    "no challenge": (no_answer(lambda exchange: exchange.refusal, "cf-mitigated"), ""),
    "no rate limit": (no_answer(lambda e: e.status == 429 or e.header("Retry-After"), "Retry-After"), ""),
    "cookies that are set": (cookies, ""),
}
