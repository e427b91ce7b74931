"""Everything this project knows of alqaheranews.net, once, each fact with how sure it is.

A maintainer with network access runs `scrapy doctor`, which checks each fact on the live site, and
corrects what no longer holds here and nowhere else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class Sureness(StrEnum):
    """How a fact is known."""

    SEEN = "seen"  # in several independent public scrapers of the site, or in a saved page
    DERIVED = "derived"  # follows from what was seen
    GUESS = "guess"  # common for such sites; unverified


@dataclass(frozen=True, slots=True)
class Fact(Generic[T]):
    """One piece of site knowledge: what it says, how sure it is, and where it comes from."""

    value: T
    sureness: Sureness
    source: str


def seen(value: T, source: str = "public scrapers of the site and a saved page") -> Fact[T]:
    """A fact that several public sources show."""
    return Fact(value, Sureness.SEEN, source)


def derived(value: T, source: str) -> Fact[T]:
    """A fact that follows from what was seen."""
    return Fact(value, Sureness.DERIVED, source)


def guess(value: T, source: str = "common for such sites") -> Fact[T]:
    """A fact that nobody has verified."""
    return Fact(value, Sureness.GUESS, source)


# --- the site ---------------------------------------------------------------------------------

ROOT = seen("https://alqaheranews.net")
NAME = seen("القاهرة الإخبارية")
# The <title> of every page can be this; it is never a headline.
BARE_TITLES = seen(("الموقع الرسمي | القاهرة الاخبارية",))
LANGUAGE = seen("ar")
TIME_ZONE = seen("Africa/Cairo")

# --- URLs -------------------------------------------------------------------------------------

ARTICLE_PATH = guess(
    re.compile(r"^/(?:amp/)?news/(?P<number>\d{1,19})(?:/(?P<slug>[^/]*))?(?:/amp)?/?$", re.ASCII), "strong"
)
ARTICLE_URL = guess("/news/{number}/{slug}", "strong")
NEVER_ARTICLE_PATH = seen(re.compile(r"^/(?:category|tag|author|page)(?:/|$)|/page/\d+/?$"))
CATEGORY_URL = seen("/category/{slug}")  # spaces as hyphens
TAG_URL = seen("/tag/{slug}")  # spaces as %20
IMAGE_HOST = seen("fmcdn.alqaheranews.net")
NEXT_IMAGE_PATH = seen("/_next/image")  # ?url=<the image itself>&w=…
# <UUID version 1>-file-<epoch milliseconds>-<random>: both halves are the time of the upload.
IMAGE_NAME = seen(
    re.compile(
        r"(?P<uuid>[0-9a-f]{8}-[0-9a-f]{4}-1[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})-file-(?P<epoch_ms>\d{13})-\d+",
        re.IGNORECASE,
    )
)
IMAGE_CLOCKS_AGREE_MS = seen(22, "the two known examples; the tolerance of the code is wider")

# --- listings ---------------------------------------------------------------------------------

CATEGORIES = seen(("أخبار", "حول-العالم", "الشرق-الأوسط", "اقتصاد", "رياضة", "فنون-ثقافة", "التكنولوجيا", "المنوعات"))
TAGS = seen(("سياسة", "فلسطين", "إفريقيا", "امريكا", "حول العالم", "الشرق الاوسط"))  # SECTIONS says what is crawled
INSTITUTION_TAGS = guess(
    ("وزارة الدفاع", "القوات المسلحة", "الجيش", "البنتاجون", "الناتو", "وزارة الخارجية", "الأمم المتحدة"),
    "tags named after institutions are likely",
)
CARD = seen("article")
CARD_LINK = seen("article .post-thumb a.img-link[href]")
CARD_HEADLINE = seen(".post-card-content")
CARD_DATE = guess(".post-card-content .entry-meta span, .post-card-content time", "the theme")
LOAD_MORE = guess(
    "a.load-more, button.load-more, .load-more-wrap a, .load-more-wrap button, [data-load-more]",
    "more cards come by a control on the same URL; its markup is unknown",
)
LOAD_MORE_LABELS = guess(("عرض المزيد", "تحميل المزيد", "المزيد"), "seen in scrapers, not on one page")
NEXT_PAGE = guess('link[rel~="next"][href], a[rel~="next"][href]')


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the coverage: where its articles are listed and which topic its articles must have."""

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
            categories=seen(("أخبار", "حول-العالم", "الشرق-الأوسط")),
            tags=guess(
                ("وزارة الدفاع", "القوات المسلحة", "الجيش", "البنتاجون", "الناتو", "فلسطين"),
                "institution tags are likely; «فلسطين» was seen",
            ),
        ),
        Section(
            name="foreign_affairs",
            topic="foreign_affairs",
            categories=seen(("أخبار", "حول-العالم", "الشرق-الأوسط")),
            tags=guess(
                ("سياسة", "فلسطين", "إفريقيا", "امريكا", "وزارة الخارجية", "الأمم المتحدة"),
                "institution tags are likely; the others were seen",
            ),
        ),
    )
}

# --- robots.txt and sitemaps ------------------------------------------------------------------

ROBOTS_PATH = guess("/robots.txt", "RFC 9309; whether the site has one is unknown")
SITEMAP_PATHS = guess(("/sitemap.xml", "/news-sitemap.xml"), "asked when robots.txt names none")

# --- article pages ----------------------------------------------------------------------------

ARTICLE_ROOT = seen("main .container .row .col-lg-8 .single-content2")
HEADLINE = derived(".entry-header h1", "the theme; the headline stands first in a saved page")
META_SPANS = derived(".entry-meta span", "the theme: date and category")
SHARE_LABEL = seen("مشاركة :")
IMAGE = seen('figure img[alt="post-title"]')
IMAGE_ALT = seen("post-title")
IMAGE_CAPTION = guess("figure figcaption", "a caption follows the image; its element is unknown")
CREDIT_LINE = guess("article p.font-medium", "stands before the body; its place in the DOM is unknown")
PARAGRAPHS = seen("article .entry-main-content .htmlCode p")
OLDER_PARAGRAPHS = seen("article div div p", "an older public scraper")
BODY = seen("article .entry-main-content .htmlCode")
TAG_LINKS = derived('.tags a[rel="tag"]', "the theme")
CATEGORY_LINKS = derived(".entry-meta a[href*='/category/']", "the theme")
# A selector that matches no element: a field that a layout does not show.
NOTHING = ":not(*)"


@dataclass(frozen=True, slots=True)
class ArticleLayout:
    """One version of the article page: where its root stands, and inside that each field.

    Each has a page and its record as a fixture in tests/pages/. A layout that the site has left stays here as
    long as its pages may be met; the newest stands first in `LAYOUTS`.
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


_STORIES = ArticleLayout(
    name="stories",
    root=ARTICLE_ROOT.value,
    headline=HEADLINE.value,
    meta_spans=META_SPANS.value,
    image=IMAGE.value,
    image_caption=IMAGE_CAPTION.value,
    credit_line=CREDIT_LINE.value,
    body=BODY.value,
    tag_links=TAG_LINKS.value,
    category_links=CATEGORY_LINKS.value,
)
# Of the older one only the paragraphs' selector is known.
LAYOUTS = (_STORIES, replace(_STORIES, name="older", body=OLDER_PARAGRAPHS.value))

NEXT_DATA_SCRIPT = guess("script#__NEXT_DATA__", "Next.js pages router")
NEXT_FLIGHT_PUSH = guess("self.__next_f.push", "Next.js app router")


def facts() -> dict[str, Fact[object]]:
    """Every fact of this module by name, in the order they stand, the sections' listings included."""
    found = {name: value for name, value in globals().items() if isinstance(value, Fact)}
    for section in SECTIONS.values():
        found[f"SECTIONS[{section.name}].categories"] = section.categories
        found[f"SECTIONS[{section.name}].tags"] = section.tags
    return found
