"""Everything this project knows about alqaheranews.net, each fact once, with its confidence and its source.

Most facts come from a public capture of 27 August 2026: 70 article pages by plain HTTP and one rendered category page
(`CAPTURE`); tests/pages/ holds pages in its markup. `scrapy doctor` checks each fact on the live site, open ones
too. A fact that no longer holds is corrected here and nowhere else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")

CAPTURE = "a public capture of 27 August 2026: 70 articles, one category page"
SCRAPERS = "public scrapers of the site, 2023 to 2025"


class Confidence(StrEnum):
    """How a fact is known."""

    SEEN = "seen"  # in the capture, or in several public scrapers
    INFERRED = "inferred"  # follows from what was seen
    OPEN = "open"  # a guess; `scrapy doctor` checks it on the live site


@dataclass(frozen=True, slots=True)
class Fact(Generic[T]):
    """One fact about the site, with its confidence and its source."""

    value: T
    confidence: Confidence
    source: str


def seen(value: T, source: str = CAPTURE) -> Fact[T]:
    """A fact that the capture or several public scrapers show."""
    return Fact(value, Confidence.SEEN, source)


def inferred(value: T, source: str) -> Fact[T]:
    """A fact that follows from what was seen."""
    return Fact(value, Confidence.INFERRED, source)


def unverified(value: T, source: str = "common for such sites") -> Fact[T]:
    """An open fact: a guess that nobody has verified."""
    return Fact(value, Confidence.OPEN, source)


# --- the site ---------------------------------------------------------------------------------

ROOT = seen("https://alqaheranews.net")
NAME = seen("القاهرة الإخبارية")
# The head's <title> is «headline | القاهرة الاخبارية » (no hamza); this one is inside #__next on every page.
BARE_TITLES = seen(("الموقع الرسمي | القاهرة الاخبارية",))
OPEN_GRAPH_NAME = seen("Al QaheraNews Tv")
TITLE_NAME = seen("القاهرة الاخبارية")
# The agency that built the site is named on every page; it is no author.
META_AUTHOR = seen("Bee Interactive")
LANGUAGE = seen("ar", "page data; <html lang> says `en` on every page")
TIME_ZONE = seen("Africa/Cairo", "the printed times against page data's UTC")

# --- URLs -------------------------------------------------------------------------------------

# og:url has a double slash; the slug is optional and may have several segments (`/news/[id]/[[...slug]]`).
ARTICLE_PATH = seen(
    re.compile(
        r"^/{1,2}(?:(?:ar|en|amp)/)?news/(?P<number>\d{1,19})"
        r"(?:/(?P<slug>[^?#/]*(?:/(?!(?:amp/?)?$)[^?#/]*)*))?(?:/amp)?/?$",
        re.ASCII | re.IGNORECASE,
    ),
    f"{CAPTURE}, all 70; `ar`, `en` and `amp` in front are inferred from the locales and from older pages",
)
ARTICLE_URL = seen("/news/{number}/{slug}")
LOCALES = seen(("en", "ar"), "page data: locales, defaultLocale `en`")
NEVER_ARTICLE_PATH = seen(re.compile(r"^/(?:category|kicker|tag|author|page)(?:/|$)|/page/\d+/?$"))
CATEGORY_URL = seen("/category/{slug}")
KICKER_URL = seen("/kicker/{slug}", f"{CAPTURE}, the menu")
TAG_URL = seen("/tag/{slug}")  # blanks as %20, a leading one too
IMAGE_HOST = seen("fmcdn.alqaheranews.net")
# The page shows `?&w=700&compress=80&gravity=face`; the image itself has no query.
IMAGE_RENDITION = seen(re.compile(r"\?&.*\Z", re.DOTALL))
# Shown for a story without an image.
PLACEHOLDER_IMAGE = seen("/assets/imgs/post-default.jpg")
NEXT_IMAGE_PATH = seen("/_next/image")  # ?url=<the image itself>&w=…
# <UUID version 1>-file-<epoch milliseconds>-<random>. UUID and epoch are both the time of the upload, which is no date
# of the article: 12 of 32 images were over two days older than their story, the oldest 1,011 days.
IMAGE_NAME = seen(
    re.compile(
        r"(?P<uuid>[0-9a-f]{8}-[0-9a-f]{4}-1[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})-file-(?P<epoch_ms>\d{13})-\d+",
        re.IGNORECASE,
    )
)
IMAGE_CLOCKS_AGREE_MS = seen(165)

# --- desks ------------------------------------------------------------------------------------

# Slug and name of every category in the menu; each post has exactly one.
CATEGORIES = seen(
    {
        "أخبار": "أخبار",
        "الشرق-الأوسط": "الشرق الأوسط",
        "حول-العالم": "حول العالم",
        "اقتصاد": "عالم الاقتصاد",
        "رياضة": "رياضة",
        "فنون-ثقافة": "فنون وثقافة",
        "السودان-يواجه-المصير": "السودان يواجه المصير",
        "الأزمة-الروسية-الأوكرانية": "الأزمة الروسية الأوكرانية",
        "وحدة-الدراسات": "وحدة الدراسات",
        "مراسلونا-حول-العالم": "مراسلونا حول العالم",
        "المنوعات": "المنوعات",
        "التكنولوجيا": "التكنولوجيا",
        "الحرب-الإيرانية-الأمريكية": "الحرب الإيرانية الأمريكية",
    },
    f"{CAPTURE}, the menu",
)
# Any desk but sport and culture may have a story on the topics: the topic test decides, not the desk.
_DESKS = tuple(slug for slug in CATEGORIES.value if slug not in ("رياضة", "فنون-ثقافة"))
# Their posts are in a category as well; whether kickers list posts by the same page data is unknown.
KICKERS = unverified(("مصر", "ليبيا", "أخبار-الخليج", "من-غزة-هنا-القاهرة"), "the sub-menu of the capture")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the coverage: the listings that its spider reads, and the topic of its articles."""

    name: str
    topic: str
    categories: Fact[tuple[str, ...]]
    tags: Fact[tuple[str, ...]]


# No category named defense or foreign affairs was found: a section is a set of listings plus the topic test.
SECTIONS = {
    section.name: section
    for section in (
        Section(
            name="defense",
            topic="defense",
            categories=seen(_DESKS, f"{CAPTURE}, the menu"),
            tags=seen(
                ("البحرية الأمريكية", "الأسطول الأمريكي", "قوات الاحتلال", "فلسطين"), "tags of captured articles"
            ),
        ),
        Section(
            name="foreign_affairs",
            topic="foreign_affairs",
            categories=seen(_DESKS, f"{CAPTURE}, the menu"),
            tags=seen(
                ("الرئاسة المصرية", "مجلس الأمن", "المحكمة الجنائية الدولية", "الكرملين", "فلسطين"),
                "tags of captured articles",
            ),
        ),
    )
}

# --- listings ---------------------------------------------------------------------------------

PAGE_SIZE = seen(40)
CARD = seen("article")
CARD_LINK = seen("article .post-thumb a.img-link[href]")
CARD_HEADLINE = seen(".post-card-content h5.post-title > a, .post-content h5.post-title > a, .post-card-content")
# The captured cards print no date: `.entry-meta` is empty, dates are in page data only.
CARD_DATE = inferred(".post-card-content .entry-meta span, .post-card-content time", "an older theme of the site")
# Cards in these are no part of a listing: carousels run backwards and twice, old pinned stories among them.
CAROUSELS = seen(".slick-slider, .infograph-list, .playlist-videos, .featured-category, .related-posts")
LOAD_MORE = seen("button.loadMoreButton, a.load-more, button.load-more, [data-load-more]", f"{CAPTURE}: the first")
# The menu has another «المزيد», an <a> without href: pressing it loads nothing, so a label alone counts on buttons.
LOAD_MORE_LABELS = seen(("المزيد", "عرض المزيد", "تحميل المزيد"), f"{CAPTURE}: the first")
NEXT_PAGE = unverified('link[rel~="next"][href], a[rel~="next"][href]', "the capture has none")
# How a listing continues, the cheapest way first; what the button requests is learned in a browser.
PAGE_QUERY = unverified("page", "nothing on the page says how more is loaded")
NEXT_DATA_URL = unverified("/_next/data/{build}/{locale}{path}.json", "Next.js, pages router")

# --- page data --------------------------------------------------------------------------------

NEXT_DATA_SCRIPT = seen("script#__NEXT_DATA__", f"{CAPTURE}: Next.js, pages router, gssp")
NEXT_FLIGHT_PUSH = unverified("self.__next_f.push", "Next.js app router: the site has not moved there")
POST_PATH = seen(("props", "pageProps", "post", "data", "post"))
LISTING_PATH = seen(("props", "pageProps", "category"))
# A page without a story: the post is null, or Next.js shows its own error page.
ERROR_PAGES = inferred(("/404", "/_error"), "Next.js' own names")
NOT_FOUND_HEADLINES = unverified(
    (
        *("404", "خطأ", "خطأ 404", "عذرا", "الصفحة غير موجودة", "الخبر غير متاح", "الخبر غير موجود", "لم يتم العثور"),
        *("الصفحة المطلوبة غير", "هذه الصفحة غير", "هذا الخبر غير", "هذا الخبر لم يعد", "الصفحة التي تبحث عنها"),
        *("الموقع قيد الصيانة", "الموقع تحت الصيانة"),
    ),
    "common for such sites",
)
# `post.type`: a post is an article; the others are pictures or a film with a headline, and never a record.
ARTICLE_KIND = seen("post")
OTHER_KINDS = seen(("infographic", "album", "video"))
# `postContent[].type` of text, and of embeds and pictures.
TEXT_BLOCK = seen("html")
OTHER_BLOCKS = seen(("code", "embeded", "slider"))

# --- robots.txt and sitemaps ------------------------------------------------------------------

ROBOTS_PATH = unverified("/robots.txt", "RFC 9309; whether the site has one is unknown")
SITEMAP_PATHS = unverified(("/sitemap.xml", "/news-sitemap.xml"), "requested when robots.txt names none")

# --- article pages ----------------------------------------------------------------------------

ARTICLE_ROOT = seen("main .container .row .col-lg-8 .single-content2")
HEADLINE = seen(".entry-header h1.entry-title")
# «٢٧ أغسطس ٢٠٢٦», «|», «٠٦:٣٩ ص», Cairo: together they give the minute, alone only the day.
META_SPANS = seen(".entry-header .entry-meta span")
SHARE_LABEL = seen("مشاركة :")
IMAGE = seen('figure.image img[alt="post-title"]')
IMAGE_ALT = seen("post-title")
IMAGE_CAPTION = seen("figure.image figcaption")
# «القاهرة الإخبارية - <!-- -->متابعات<!-- -->»: what follows the dash is page data's `writer`.
CREDIT_LINE = seen("figure.image + p > strong, .entry-header + p > strong", f"{CAPTURE}; without an image inferred")
BODY = seen("article .entry-main-content .htmlCode")  # several where an embed stands between
PARAGRAPHS = seen("article .entry-main-content .htmlCode p")
TAG_LINKS = seen('article .entry-bottom .tags a[href^="/tag/"]')
# A selector that matches no element, for a field that a layout does not show; the captured one shows no category.
NOTHING = ":not(*)"
# Markup that identifies a page as another kind than an article.
KIND_MARKERS = seen(
    {
        "infographic": "main.infograph-post, .entry-main-content li.blocks-gallery-item.infographic",
        "album": ".entry-main-content figure.wp-block-gallery .image-gallery",
    }
)
VIDEO_MARKER = inferred(".entry-main-content iframe", "the listing's video block; no video page was captured")
OLDER_PARAGRAPHS = seen("article div div p", SCRAPERS)


@dataclass(frozen=True, slots=True)
class ArticleLayout:
    """One version of the article page: the selector of its root, and selectors of the fields inside it.

    Each has a page and its record as a fixture in tests/pages/. An old layout stays here as long as pages may
    have it; the newest comes first in `LAYOUTS`.
    """

    name: str
    root: str
    headline: str
    body: str
    meta_spans: str = NOTHING
    image: str = NOTHING
    image_caption: str = NOTHING
    credit_line: str = NOTHING
    tag_links: str = NOTHING
    category_links: str = NOTHING


_CAPTURED = ArticleLayout(
    name="captured",
    root=ARTICLE_ROOT.value,
    headline=HEADLINE.value,
    meta_spans=META_SPANS.value,
    image=IMAGE.value,
    image_caption=IMAGE_CAPTION.value,
    credit_line=CREDIT_LINE.value,
    body=BODY.value,
    tag_links=TAG_LINKS.value,
)
# What public scrapers of 2023 to 2025 and the theme suggest; the capture has none of its own marks.
_STORIES = replace(
    _CAPTURED,
    name="stories",
    headline=".entry-header h1",
    meta_spans=".entry-meta span",
    image='figure img[alt="post-title"]',
    image_caption="figure figcaption",
    credit_line="article p.font-medium",
    tag_links='.tags a[rel="tag"]',
    category_links=".entry-meta a[href*='/category/']",
)
# Of the oldest one only the paragraphs' selector is known.
LAYOUTS = (_CAPTURED, _STORIES, replace(_STORIES, name="older", body=OLDER_PARAGRAPHS.value))


def facts() -> dict[str, Fact[object]]:
    """Every fact of this module by name, in the order of the file, with the sections' listings."""
    named = {name: value for name, value in globals().items() if isinstance(value, Fact)}
    for section in SECTIONS.values():
        named[f"SECTIONS[{section.name}].categories"] = section.categories
        named[f"SECTIONS[{section.name}].tags"] = section.tags
    return named


def category_name(slug: str) -> str:
    """The site's own name of a category; of one that is not in `CATEGORIES`, its slug in words."""
    return CATEGORIES.value.get(slug) or slug.replace("-", " ").strip()
