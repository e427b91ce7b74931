"""The replica's desks as the site's page data names them: categories, kickers, and tags with their stray blanks."""

from __future__ import annotations

import tomllib
import zlib
from collections.abc import Iterable
from functools import lru_cache
from importlib import resources
from typing import Any

from alqahira import site
from alqahira.replica.images import stamped_image

_DESKS = tomllib.loads(resources.files("alqahira.replica").joinpath("desks.toml").read_text("utf-8"))
_TRAILING_BLANK = {"أخبار", "اقتصاد"}
KICKER_NAMES: dict[str, str] = {slug: kicker["name"] for slug, kicker in _DESKS["kickers"].items()}


def printed_category(slug: str) -> str:
    """The category's name as page data and pages print it, blanks at the edge and all."""
    return site.category_name(slug) + " " * (slug in _TRAILING_BLANK)


@lru_cache(maxsize=4096)
def printed_tag(tag: str) -> str:
    """A tag as the editors typed it: every fifth with a blank behind, a few with one in front."""
    number = zlib.crc32(tag.encode())
    return " " * (number % 11 == 3) + tag + " " * (number % 5 == 1)


def tag_id(tag: str) -> int:
    """The id of a tag in page data."""
    return zlib.crc32(tag.encode()) % 120_000 + 1


def kickers(tags: Iterable[str]) -> list[str]:
    """The kickers that list an article with these tags."""
    stripped = {tag.strip() for tag in tags}
    return [slug for slug, kicker in _DESKS["kickers"].items() if not stripped.isdisjoint(kicker["tags"])]


@lru_cache(maxsize=64)
def category_data(slug: str) -> dict[str, Any]:
    """The category as page data describes it."""
    number = _DESKS["ids"].get(slug) or 100 + zlib.crc32(slug.encode()) % 800
    return {
        "image_url": stamped_image(1_666_097_225 + number, number),
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
