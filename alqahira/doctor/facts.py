"""Every fact of `site.py` with its check. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from alqahira import site
from alqahira.crawling.middlewares.robots_rules import read_answer
from alqahira.doctor.checks import (
    FAILS,
    NOT_SEEN,
    Check,
    Result,
    answered,
    answers,
    folded,
    has_object,
    has_text,
    holds_if,
    in_data,
    link_shapes,
    matches,
    of_template,
    on_pages,
    seen,
    slug_of,
)
from alqahira.doctor.questions import has_page_data, is_second_page, lists_posts
from alqahira.doctor.visit import ARTICLES, LISTINGS, PAGES, Sample, Visit
from alqahira.extraction import urls
from alqahira.extraction.sitemap import read_sitemap
from alqahira.extraction.sources import nextjs, site_markup
from alqahira.extraction.sources.site_markup import select, text_of
from alqahira.extraction.sources.upload_time import clocks
from alqahira.text.normalization import fold_text
from alqahira.text.topics import match_topics

# --- what the pages show ------------------------------------------------------------------------


def names_in_titles(visit: Visit) -> Iterator[str]:
    """What stands after the headline in the heads' titles."""
    titles = on_pages(ARTICLES, "//title")(visit)
    return (name.strip() for headline, _, name in (title.rpartition("|") for title in titles) if headline.strip())


def hours_apart(visit: Visit) -> Iterator[str]:
    """How far the printed time, read as Cairo's, is from page data's UTC; a day alone says nothing of the zone."""
    for page in visit.of(*ARTICLES):
        printed, known = site_markup.read(page.page), nextjs.read(page.page)
        if printed and printed.published and known and known.published:
            apart = abs(printed.published - known.published)
            if apart < timedelta(hours=6) and printed.published.astimezone(ZoneInfo(site.TIME_ZONE.value)).hour:
                yield f"{apart / timedelta(hours=1):.0f} hours apart"


def is_article(path: str) -> bool:
    """Whether a path is an article's."""
    return bool(site.ARTICLE_PATH.value.match(path)) and not site.NEVER_ARTICLE_PATH.value.search(path)


# Where the articles' images come from, as the pages name it.
images = on_pages(ARTICLES, "//img/@src")


def image_hosts(visit: Visit) -> Iterator[str]:
    """The hosts of the images themselves."""
    found = (urls.image_url(source, base=visit.root) for source in images(visit))
    return (urlsplit(url).hostname or "" for url in found if url)


def clocks_apart(visit: Visit) -> Iterator[int]:
    """How many milliseconds the two clocks of an image's name are apart."""
    return (abs(both[0] - both[1]) for source in images(visit) if (both := clocks(source)))


def page_sizes(visit: Visit) -> Iterator[int]:
    """How many posts the categories show that have a second page."""
    return (len(page.listing.cards) for page in visit.of("category") if page.listing.has_more)


def load_more_labels(visit: Visit) -> Iterator[str]:
    """How the load-more controls are labelled."""
    trees = (page.page.tree for page in visit.of(*LISTINGS))
    return (text_of(control) for tree in trees for control in select(site.LOAD_MORE.value)(tree))


def missing_headings(visit: Visit) -> Iterator[str]:
    """The headings of an address that is not there."""
    trees = (sample.page.tree for sample in visit.asked("missing"))
    return (text for tree in trees for heading in tree.iter("h1", "h2") if (text := text_of(heading)))


def error_pages(visit: Visit) -> Iterator[str]:
    """What the page data of an address that is not there calls its page."""
    return (page for sample in visit.asked("missing") for page in sample.values("page"))


def other_kinds(visit: Visit) -> Iterator[str]:
    """The kinds of all that stands beside and among the articles of the listings."""
    listings = (page.listing for page in visit.of(*LISTINGS))
    kinds = (card.kind for listing in listings for card in (*listing.cards, *listing.others))
    return (kind for kind in kinds if kind and kind != site.ARTICLE_KIND.value)


# --- checks of their own -------------------------------------------------------------------------


def root(visit: Visit) -> Result:
    """Whether the site answers there."""
    if visit.root != site.ROOT.value:
        return NOT_SEEN, f"asked {visit.root} instead (ALQAHIRA_SITE_URL)"
    count = sum(sample.is_answered for sample in visit.samples)
    return holds_if(count), f"{count} pages answered with 200"


def categories(visit: Visit) -> Result:
    """Whether those that were asked answer with articles; which have another name, and which are worth adding."""
    verdict, evidence = answers("category", site.CATEGORIES.value)(visit)
    for page in visit.of("category"):
        shown, known = page.listing.section, site.CATEGORIES.value.get(slug_of(page))
        if shown and known and fold_text(shown) != fold_text(known):
            evidence += f"; {slug_of(page)} is named {shown} now"
    sections = site.SECTIONS.values()
    is_ours = folded(slug.replace("-", " ") for s in sections for slug in (*s.categories.value, *s.tags.value))
    others = {}
    for path in map(unquote, on_pages(PAGES, "//a/@href")(visit)):
        for start in (urls.beginning(site.CATEGORY_URL.value), urls.beginning(site.TAG_URL.value)):
            name = path.removeprefix(start).replace("-", " ").strip("/")
            if path.startswith(start) and not is_ours(name) and match_topics(name, name):
                others[path] = name
    return verdict, evidence + (f"; worth adding: {', '.join(list(others)[:8])}" if others else "")


def robots(visit: Visit) -> Result:
    """Whether there is a robots.txt, and the sitemaps it names."""
    asked = [exchange for exchange in visit.exchanges if exchange.kind == "robots"]
    if not asked or (last := asked[-1].response) is None:
        return (FAILS if asked else NOT_SEEN), "no answer"
    named = read_answer(last.status, last.body, last.url).sitemaps
    return holds_if(last.status == 200), f"{last.status}, {len(named)} sitemaps named"


def is_sitemap(visit: Visit, sample: Sample) -> Result:
    """Whether it lists articles or further sitemaps."""
    read = read_sitemap(sample.response.body, sample.url, root=sample.root, now=sample.now)
    evidence = f"{len(read.entries)} articles, {len(read.sitemaps)} sitemaps"
    return holds_if(read.entries or read.sitemaps), evidence


# --- the table ---------------------------------------------------------------------------------

# A crawl cannot do without these.
NEEDED = {"ARTICLE_PATH", "CATEGORIES", "record: headline", "record: article_body", "record: date_published"}
# Facts that no page the doctor asks for can show, each with why.
NO_CHECK = {
    "KIND_MARKERS": "no infographic and no album is asked for",
    "OTHER_BLOCKS": "the check of TEXT_BLOCK names every type of block",
}
_ARTICLE_LINKS = f"//a[contains(@href, '{urls.beginning(site.ARTICLE_URL.value)}')]"
_META = "//meta[@property='{0}' or @name='{0}']/@content"
_LABELS = " or ".join(f"normalize-space()='{label}'" for label in site.LOAD_MORE_LABELS.value)
# The menu has a link without href that is labelled so.
_LABELLED = f"//*[self::button or self::a[@href] or self::div or self::span][{_LABELS}]"
_POST = site.POST_PATH.value

FACTS: dict[str, Check] = {
    "ROOT": root,
    "NAME": has_text(PAGES, site.NAME.value, FAILS),
    "BARE_TITLES": seen(on_pages(ARTICLES, "//title"), folded(site.BARE_TITLES.value), absent=NOT_SEEN),
    "OPEN_GRAPH_NAME": seen(on_pages(PAGES, _META.format("og:site_name")), {site.OPEN_GRAPH_NAME.value}),
    "TITLE_NAME": seen(names_in_titles, {site.TITLE_NAME.value}),
    "META_AUTHOR": seen(on_pages(PAGES, _META.format("author")), {site.META_AUTHOR.value}),
    "LANGUAGE": seen(in_data(PAGES, *_POST, "language"), {site.LANGUAGE.value}),
    "TIME_ZONE": seen(hours_apart, {"0 hours apart"}, every=True),
    "ARTICLE_PATH": seen(link_shapes(LISTINGS), is_article),
    "ARTICLE_URL": seen(link_shapes(PAGES), of_template(site.ARTICLE_URL.value), absent=NOT_SEEN),
    "LOCALES": seen(in_data(PAGES, "locales"), site.LOCALES.value, every=True),
    "NEVER_ARTICLE_PATH": seen(link_shapes(PAGES), site.NEVER_ARTICLE_PATH.value.search, absent=NOT_SEEN),
    "CATEGORY_URL": seen(link_shapes(PAGES), of_template(site.CATEGORY_URL.value), absent=NOT_SEEN),
    "KICKER_URL": answers("kicker", site.KICKERS.value),
    "TAG_URL": seen(link_shapes(PAGES), of_template(site.TAG_URL.value), absent=NOT_SEEN),
    "IMAGE_HOST": seen(image_hosts, {site.IMAGE_HOST.value}),
    "IMAGE_RENDITION": seen(images, site.IMAGE_RENDITION.value.search, absent=NOT_SEEN),
    "PLACEHOLDER_IMAGE": has_text(PAGES, site.PLACEHOLDER_IMAGE.value),
    "NEXT_IMAGE_PATH": seen(images, lambda src: urlsplit(src).path == site.NEXT_IMAGE_PATH.value, absent=NOT_SEEN),
    "IMAGE_NAME": seen(images, clocks),
    "IMAGE_CLOCKS_AGREE_MS": seen(clocks_apart, range(site.IMAGE_CLOCKS_AGREE_MS.value + 1), every=True),
    "CATEGORIES": categories,
    "KICKERS": answered(lists_posts, "kicker"),
    "PAGE_SIZE": seen(page_sizes, {site.PAGE_SIZE.value}, every=True),
    "CARD": matches(LISTINGS, site.CARD),
    "CARD_LINK": matches(LISTINGS, site.CARD_LINK, _ARTICLE_LINKS),
    "CARD_HEADLINE": matches(LISTINGS, site.CARD_HEADLINE),
    "CARD_DATE": matches(LISTINGS, site.CARD_DATE, optional=True),
    "CAROUSELS": matches(("category",), site.CAROUSELS, optional=True),
    "LOAD_MORE": matches(LISTINGS, site.LOAD_MORE, _LABELLED, optional=True),
    "LOAD_MORE_LABELS": seen(load_more_labels, folded(site.LOAD_MORE_LABELS.value)),
    "NEXT_PAGE": matches(LISTINGS, site.NEXT_PAGE, optional=True),
    "PAGE_QUERY": answered(is_second_page, "page 2 by query"),
    "NEXT_DATA_URL": answered(has_page_data, "article data", "page 2 by page data"),
    "NEXT_DATA_SCRIPT": matches(ARTICLES, site.NEXT_DATA_SCRIPT, optional=True),
    "NEXT_FLIGHT_PUSH": has_text(ARTICLES, site.NEXT_FLIGHT_PUSH.value),
    "POST_PATH": has_object(_POST, "article"),
    "LISTING_PATH": has_object(site.LISTING_PATH.value, "category"),
    "ERROR_PAGES": seen(error_pages, site.ERROR_PAGES.value, absent=NOT_SEEN),
    "NOT_FOUND_HEADLINES": seen(missing_headings, site.NOT_FOUND_HEADLINES.value, absent=NOT_SEEN),
    "ARTICLE_KIND": seen(in_data(["article"], *_POST, "type"), {site.ARTICLE_KIND.value}),
    "OTHER_KINDS": seen(other_kinds, site.OTHER_KINDS.value, every=True),
    "TEXT_BLOCK": seen(in_data(ARTICLES, *_POST, "postContent", "type"), {site.TEXT_BLOCK.value}),
    "ROBOTS_PATH": robots,
    "SITEMAP_PATHS": answered(is_sitemap, "sitemap"),
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
    "VIDEO_MARKER": matches(("video",), site.VIDEO_MARKER, "//iframe | //video"),
    "OLDER_PARAGRAPHS": matches(ARTICLES, site.OLDER_PARAGRAPHS, optional=True),
    **{f"SECTIONS[{s.name}].categories": answers("category", s.categories.value) for s in site.SECTIONS.values()},
    **{f"SECTIONS[{s.name}].tags": answers("tag", s.tags.value) for s in site.SECTIONS.values()},
}
