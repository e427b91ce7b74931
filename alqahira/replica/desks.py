"""The replica's desks as the site's page data names them: categories, kickers, and tags with their stray blanks."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from alqahira import site
from alqahira.replica.images import bare_image

# Four of these are known; the site's others have ids that nobody saw.
_IDS = {
    "أخبار": 34,
    "الشرق-الأوسط": 15,
    "حول-العالم": 35,
    "الأزمة-الروسية-الأوكرانية": 39,
    "وحدة-الدراسات": 53,
    "الحرب-الإيرانية-الأمريكية": 71,
}
_BLANK_BEHIND = {"أخبار", "اقتصاد"}
KICKER_NAMES = {
    "مصر": "مصر",
    "ليبيا": "ليبيا",
    "أخبار-الخليج": "أخبار الخليج",
    "من-غزة-هنا-القاهرة": "من غزة.. هنا القاهرة",
}
_KICKER_TAGS = {
    "مصر": {"مصر", "منتخب مصر", "مدينة نصر", "القوات المسلحة"},
    "ليبيا": {"ليبيا"},
    "أخبار-الخليج": {"السعودية", "قطر", "الكويت", "عمان", "الإمارات", "البحرين", "الخليج العربي"},
    "من-غزة-هنا-القاهرة": {"فلسطين", "غزة", "لبنان", "قوات الاحتلال"},
}
FEATURED = ("الحرب-الإيرانية-الأمريكية", "وحدة-الدراسات")


def category_id(slug: str) -> int:
    """The id of a category in page data."""
    return _IDS.get(slug) or 100 + zlib.crc32(slug.encode()) % 800


def printed_category(slug: str) -> str:
    """The category's name as page data and pages print it, blanks at the edge and all."""
    return site.category_name(slug) + " " * (slug in _BLANK_BEHIND)


@lru_cache(maxsize=4096)
def printed_tag(tag: str) -> str:
    """A tag as the editors typed it: every fifth with a blank behind, a few with one in front."""
    number = zlib.crc32(tag.encode())
    return " " * (number % 11 == 3) + tag + " " * (number % 5 == 1)


def tag_id(tag: str) -> int:
    """The id of a tag in page data."""
    return zlib.crc32(tag.encode()) % 120_000 + 1


def kickers(tags: Iterable[str]) -> list[str]:
    """The kickers that an article with these tags stands under."""
    found = {tag.strip() for tag in tags}
    return [slug for slug, wanted in _KICKER_TAGS.items() if not wanted.isdisjoint(found)]


@lru_cache(maxsize=64)
def category_data(slug: str) -> Mapping[str, Any]:
    """The category as page data describes it."""
    number = category_id(slug)
    return {
        "image_url": bare_image(1_666_097_225 + number, number),
        "id": number,
        "name": printed_category(slug),
        "description": site.category_name(slug),
        "layout": "grid" if number == 71 else None,
        "language": "ar",
        "is_internal": False,
        "slug": slug,
        "createdAt": "2022-10-18T12:47:33.000Z",
        "updatedAt": "2022-10-23T20:29:58.000Z",
        "parentCategoryId": None,
    }
