"""The check of every fact of `site.py`, and of every question about the site beyond them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from alqahira import site
from alqahira.crawling.middlewares.robots_rules import read_answer
from alqahira.doctor import samples
from alqahira.doctor.checks import (
    FAILS,
    HOLDS,
    NOT_SEEN,
    Check,
    Result,
    any_sample,
    data,
    folded,
    has_text,
    has_value,
    holds_if,
    link_shapes,
    markup,
    matches,
    of_template,
    place,
    slug_of,
    unchecked,
    xpath,
)
from alqahira.doctor.visit import ARTICLES, LISTINGS, PAGES, Exchange, Sample, Visit
from alqahira.extraction import urls
from alqahira.extraction.sources import nextjs, site_markup
from alqahira.extraction.sources.site_markup import select, text_of
from alqahira.extraction.sources.upload_time import clocks
from alqahira.extraction.sources.values import value_at
from alqahira.text.dates import parse_date
from alqahira.text.normalization import fold_text
from alqahira.text.topics import match_topics

# --- what pages show ----------------------------------------------------------------------------

images = xpath("//img/@src")


def title_names(page: Sample) -> Iterator[str]:
    """The parts of the page's titles after the headline."""
    titles = (title.rpartition("|") for title in xpath("//title")(page))
    return (name.strip() for headline, _, name in titles if headline.strip())


def hours_apart(page: Sample) -> Iterator[str]:
    """How far the printed time, read as Cairo's, is from page data's UTC; nothing where a day alone is printed."""
    printed, known = site_markup.read(page.document), nextjs.read(page.document)
    if printed and printed.published and known and known.published:
        apart = abs(printed.published - known.published)
        if apart < timedelta(hours=6) and printed.published.astimezone(ZoneInfo(site.TIME_ZONE.value)).hour:
            yield f"{apart / timedelta(hours=1):.0f} hours apart"


def image_hosts(page: Sample) -> Iterator[str]:
    """The hosts of the images themselves."""
    resolved = (urls.image_url(source, base=page.visit.root) for source in images(page))
    return (urlsplit(url).hostname or "" for url in resolved if url)


def clocks_apart(page: Sample) -> Iterator[int]:
    """How many milliseconds the two clocks of an image's name are apart."""
    return (abs(both[0] - both[1]) for source in images(page) if (both := clocks(source)))


def page_sizes(page: Sample) -> Iterator[int]:
    """How many posts a listing shows that has a second page."""
    if page.listing.has_more:
        yield len(page.listing.cards)


def other_kinds(page: Sample) -> Iterator[str]:
    """The kinds of the posts beside and among the articles of a listing."""
    kinds = (card.kind for card in (*page.listing.cards, *page.listing.others))
    return (kind for kind in kinds if kind and kind != site.ARTICLE_KIND.value)


def serving(page: Sample) -> Iterator[str]:
    """Whether the page needed a browser."""
    yield "an empty shell that a browser fills (ALQAHIRA_BROWSER=auto)" if page.is_rendered else "whole"


def validators(page: Sample) -> Iterator[str]:
    """The header by which a crawl can request the article again on condition that it changed."""
    names = [name for name in ("ETag", "Last-Modified") if name in page.response.headers]
    yield names[0] if names else "neither ETag nor Last-Modified"


# --- checks of the whole visit -------------------------------------------------------------------


def has_object(kind: str, path: tuple[str, ...]) -> Check:
    """Whether page data has an object at this path; the names of what it has instead."""

    def names(page: Sample) -> Iterator[str]:
        for document in page.data:
            is_there = isinstance(value_at(document, path), dict)
            yield ".".join(path) if is_there else samples.property_names(value_at(document, path[:2]))

    return has_value([kind], names, {".".join(path)})


def root(visit: Visit) -> Result:
    """Whether the site answers at the known address."""
    if visit.root != site.ROOT.value:
        return NOT_SEEN, f"visited {visit.root} instead (ALQAHIRA_SITE_URL)"
    count = sum(sample.outcome == "200" for sample in visit.samples)
    return holds_if(count), f"{count} pages answered with 200"


def categories(visit: Visit) -> Result:
    """Whether the requested ones list articles; which have another name, and which listings are worth adding."""
    verdict, evidence = any_sample(samples.has_posts, "category", slugs=site.CATEGORIES.value)(visit)
    for page in visit.answered("category"):
        shown, known = page.listing.section, site.CATEGORIES.value.get(slug_of(page))
        if shown and known and fold_text(shown) != fold_text(known):
            evidence += f"; {slug_of(page)} is named {shown} now"
    sections = site.SECTIONS.values()
    is_ours = folded(slug.replace("-", " ") for s in sections for slug in (*s.categories.value, *s.tags.value))
    others: dict[str, None] = {}
    for path in (unquote(link) for page in visit.answered(*PAGES) for link in xpath("//a/@href")(page)):
        for start in (urls.path_prefix(site.CATEGORY_URL.value), urls.path_prefix(site.TAG_URL.value)):
            name = path.removeprefix(start).replace("-", " ").strip("/")
            if path.startswith(start) and not is_ours(name) and match_topics(name, name):
                others[path] = None
    return verdict, evidence + (f"; worth adding: {', '.join(list(others)[:8])}" if others else "")


def robots(visit: Visit) -> Result:
    """Whether there is a robots.txt, and the sitemaps it names."""
    exchanges = [exchange for exchange in visit.exchanges if exchange.kind == "robots"]
    if not exchanges or not exchanges[-1].status:
        return (FAILS if exchanges else NOT_SEEN), "no answer"
    last = exchanges[-1].response
    named = read_answer(last.status, last.body, last.url).sitemaps
    return holds_if(last.status == 200), f"{last.status}, {len(named)} sitemaps named"


def record_field(name: str) -> Check:
    """Whether the article pages give the field; from which sources, or why not."""

    def check(visit: Visit) -> Result:
        sources, causes = Counter[str](), Counter[str]()
        for reading in (page.reading for page in visit.answered(*ARTICLES)):
            if reading.article and getattr(reading.article, name):
                sources[reading.sources.get(name, "?")] += 1
            else:
                causes[reading.cause or "absent"] += 1
        total = sources.total() + causes.total()
        counts = [f"{source} on {count}" for source, count in (*sources.most_common(), *causes.most_common())]
        return holds_if(sources, FAILS if total else NOT_SEEN), f"{', '.join(counts) or '0'} of {total} pages"

    return check


def date_form(visit: Visit) -> Result:
    """Where a page prints its date, and how."""
    for page in visit.answered(*ARTICLES):
        tree = page.document.tree
        for element in (*select(site.META_SPANS.value)(tree), *tree.iter("time", "span", "p", "li", "div")):
            text = text_of(element) if len(element) == 0 else ""
            if 4 <= len(text) <= 60 and parse_date(text, now=page.when):
                return HOLDS, place(element)
    return NOT_SEEN, "no text of the article pages is a date"


def no_answer(is_such: Callable[[Exchange], object], header: str) -> Check:
    """Whether no answer is such; the statuses of those that are, and their values of a header."""

    def check(visit: Visit) -> Result:
        answers = [exchange for exchange in visit.exchanges if exchange.status]
        matching = [exchange for exchange in answers if is_such(exchange)]
        marks = {str(exchange.status) for exchange in matching}
        marks |= {f"{header}: {value}" for exchange in matching for value in exchange.header(header)}
        evidence = f"{len(matching)} of {len(answers)} answers" + (f": {', '.join(sorted(marks))}" if marks else "")
        return (FAILS if matching else holds_if(answers, NOT_SEEN)), evidence

    return check


def cookies(visit: Visit) -> Result:
    """Which cookies the site sets."""
    values = (value for exchange in visit.exchanges for value in exchange.header("Set-Cookie"))
    names = Counter(value.partition("=")[0].strip() for value in values)
    shown = ", ".join(f"{name} ({count})" for name, count in names.most_common(5)) or "none"
    return holds_if(visit.exchanges, NOT_SEEN), f"{shown}; none is sent back"


# --- the table ---------------------------------------------------------------------------------

_ARTICLE_LINKS = f"//a[contains(@href, '{urls.path_prefix(site.ARTICLE_URL.value)}')]"
_META = "//meta[@property='{0}' or @name='{0}']/@content"
_LABELS = " or ".join(f"normalize-space()='{label}'" for label in site.LOAD_MORE_LABELS.value)
# The menu has a link without href that is labelled so.
_LABELLED = f"//*[self::button or self::a[@href] or self::div or self::span][{_LABELS}]"
_POST = site.POST_PATH.value
_ROOT = site.ROOT.value

FACTS: dict[str, Check] = {
    "ROOT": root,
    "NAME": has_text(PAGES, site.NAME.value, FAILS),
    "BARE_TITLES": has_value(ARTICLES, xpath("//title"), folded(site.BARE_TITLES.value), absent=NOT_SEEN),
    "OPEN_GRAPH_NAME": has_value(PAGES, xpath(_META.format("og:site_name")), {site.OPEN_GRAPH_NAME.value}),
    "TITLE_NAME": has_value(ARTICLES, title_names, {site.TITLE_NAME.value}),
    "META_AUTHOR": has_value(PAGES, xpath(_META.format("author")), {site.META_AUTHOR.value}),
    "LANGUAGE": has_value(PAGES, data(*_POST, "language"), {site.LANGUAGE.value}),
    "TIME_ZONE": has_value(ARTICLES, hours_apart, {"0 hours apart"}, every=True),
    "ARTICLE_PATH": has_value(LISTINGS, link_shapes, lambda path: urls.is_article_url(_ROOT + path, _ROOT)),
    "ARTICLE_URL": has_value(PAGES, link_shapes, of_template(site.ARTICLE_URL.value), absent=NOT_SEEN),
    "LOCALES": has_value(PAGES, data("locales"), site.LOCALES.value, every=True),
    "NEVER_ARTICLE_PATH": has_value(PAGES, link_shapes, site.NEVER_ARTICLE_PATH.value.search, absent=NOT_SEEN),
    "CATEGORY_URL": has_value(PAGES, link_shapes, of_template(site.CATEGORY_URL.value), absent=NOT_SEEN),
    "KICKER_URL": any_sample(samples.has_posts, "kicker", slugs=site.KICKERS.value),
    "TAG_URL": has_value(PAGES, link_shapes, of_template(site.TAG_URL.value), absent=NOT_SEEN),
    "IMAGE_HOST": has_value(ARTICLES, image_hosts, {site.IMAGE_HOST.value}),
    "IMAGE_RENDITION": has_value(ARTICLES, images, site.IMAGE_RENDITION.value.search, absent=NOT_SEEN),
    "PLACEHOLDER_IMAGE": has_text(PAGES, site.PLACEHOLDER_IMAGE.value),
    "NEXT_IMAGE_PATH": has_value(
        ARTICLES, images, lambda source: urlsplit(source).path == site.NEXT_IMAGE_PATH.value, absent=NOT_SEEN
    ),
    "IMAGE_NAME": has_value(ARTICLES, images, clocks),
    "IMAGE_CLOCKS_AGREE_MS": has_value(ARTICLES, clocks_apart, range(site.IMAGE_CLOCKS_AGREE_MS.value + 1), every=True),
    "CATEGORIES": categories,
    "KICKERS": any_sample(samples.lists_posts, "kicker"),
    "PAGE_SIZE": has_value(["category"], page_sizes, {site.PAGE_SIZE.value}, every=True),
    "CARD": matches(LISTINGS, site.CARD),
    "CARD_LINK": matches(LISTINGS, site.CARD_LINK, _ARTICLE_LINKS),
    "CARD_HEADLINE": matches(LISTINGS, site.CARD_HEADLINE),
    "CARD_DATE": matches(LISTINGS, site.CARD_DATE, optional=True),
    "CAROUSELS": matches(["category"], site.CAROUSELS, optional=True),
    "LOAD_MORE": matches(LISTINGS, site.LOAD_MORE, _LABELLED, optional=True),
    "LOAD_MORE_LABELS": has_value(LISTINGS, markup(site.LOAD_MORE.value), folded(site.LOAD_MORE_LABELS.value)),
    "NEXT_PAGE": matches(LISTINGS, site.NEXT_PAGE, optional=True),
    "PAGE_QUERY": any_sample(samples.is_second_page, "page 2 by query"),
    "NEXT_DATA_URL": any_sample(samples.has_page_data, "article data", "page 2 by page data"),
    "NEXT_DATA_SCRIPT": matches(ARTICLES, site.NEXT_DATA_SCRIPT, optional=True),
    "NEXT_FLIGHT_PUSH": has_text(ARTICLES, site.NEXT_FLIGHT_PUSH.value),
    "POST_PATH": has_object("article", _POST),
    "LISTING_PATH": has_object("category", site.LISTING_PATH.value),
    "ERROR_PAGES": has_value(["missing"], data("page"), site.ERROR_PAGES.value, absent=NOT_SEEN),
    "NOT_FOUND_HEADLINES": has_value(
        ["missing"], xpath("//h1 | //h2"), site.NOT_FOUND_HEADLINES.value, absent=NOT_SEEN
    ),
    "ARTICLE_KIND": has_value(["article"], data(*_POST, "type"), {site.ARTICLE_KIND.value}),
    "OTHER_KINDS": has_value(LISTINGS, other_kinds, site.OTHER_KINDS.value, every=True),
    "OTHER_BLOCKS": unchecked("the check of TEXT_BLOCK names every type of block"),
    "TEXT_BLOCK": has_value(ARTICLES, data(*_POST, "postContent", "type"), {site.TEXT_BLOCK.value}),
    "ROBOTS_PATH": robots,
    "SITEMAP_PATHS": any_sample(samples.is_sitemap, "sitemap"),
    "ARTICLE_ROOT": matches(ARTICLES, site.ARTICLE_ROOT),
    "HEADLINE": matches(ARTICLES, site.HEADLINE, "//h1"),
    "META_SPANS": matches(ARTICLES, site.META_SPANS),
    "SHARE_LABEL": has_text(ARTICLES, site.SHARE_LABEL.value),
    "IMAGE": matches(ARTICLES, site.IMAGE),
    "IMAGE_ALT": matches(ARTICLES, site.IMAGE),
    "IMAGE_CAPTION": matches(ARTICLES, site.IMAGE_CAPTION, optional=True),
    "CREDIT_LINE": matches(ARTICLES, site.CREDIT_LINE, optional=True),
    "BODY": matches(ARTICLES, site.BODY),
    "PARAGRAPHS": matches(ARTICLES, site.PARAGRAPHS, "//p[string-length(normalize-space()) > 80]"),
    "TAG_LINKS": matches(ARTICLES, site.TAG_LINKS, optional=True),
    "KIND_MARKERS": unchecked("no infographic and no album is requested"),
    "VIDEO_MARKER": matches(["video"], site.VIDEO_MARKER, "//iframe | //video"),
    "OLDER_PARAGRAPHS": matches(ARTICLES, site.OLDER_PARAGRAPHS, optional=True),
    **{
        f"SECTIONS[{section.name}].{name}": any_sample(samples.has_posts, kind, slugs=slugs.value)
        for section in site.SECTIONS.values()
        for name, kind, slugs in (("categories", "category", section.categories), ("tags", "tag", section.tags))
    },
}

QUESTIONS: dict[str, Check] = {
    "listings by plain HTTP": has_value(LISTINGS, serving, {"whole"}, every=True),
    "articles by plain HTTP": has_value(ARTICLES, serving, {"whole"}, every=True),
    **{
        f"record: {name}": record_field(name)
        for name in ("headline", "article_body", "date_published", "credit_line", "image_url", "keywords")
    },
    "the visible date's form": date_form,
    "page 2 by page data": any_sample(samples.is_second_page, "page 2 by page data"),
    "the load-more request": any_sample(samples.is_press_learned, "pressed", no_sample=lambda visit: visit.not_pressed),
    "page 2 by the load-more request": any_sample(samples.is_second_page, "page 2 by press"),
    "an article without its slug": any_sample(samples.is_same_article, "without slug"),
    "an article with a locale": any_sample(samples.is_same_article, "with locale"),
    "an article as page data alone": any_sample(samples.is_article_data, "article data"),
    "a video is no article": any_sample(samples.is_video, "video"),
    "a post of 2022": any_sample(samples.is_read, "old article", unanswered=NOT_SEEN),
    "a tag lists by page data": any_sample(samples.lists_posts, "tag"),
    "a missing page answers 404": has_value(["missing"], lambda page: [page.outcome], {"404", "410"}),
    "conditional requests": has_value(ARTICLES, validators, {"ETag", "Last-Modified"}),
    "no challenge": no_answer(lambda exchange: exchange.failure, "cf-mitigated"),
    "no rate limit": no_answer(lambda e: e.status == 429 or e.header("Retry-After"), "Retry-After"),
    "cookies that are set": cookies,
}
# Facts that the answers to some of the questions are about.
ABOUT = {
    "page 2 by page data": "NEXT_DATA_URL",
    "the load-more request": "LOAD_MORE",
    "page 2 by the load-more request": "LOAD_MORE",
    "an article without its slug": "ARTICLE_PATH",
    "an article with a locale": "LOCALES",
    "an article as page data alone": "NEXT_DATA_URL",
    "a video is no article": "VIDEO_MARKER",
    "a post of 2022": "LAYOUTS",
    "a tag lists by page data": "TAG_URL",
}
