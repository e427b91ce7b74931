"""What the head of an article's page says to machines: JSON-LD of both layouts, and the machine-made keywords."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from alqahira import site
from alqahira.replica.article import ReplicaArticle
from alqahira.replica.body import body_text
from alqahira.replica.options import CAIRO

_MOST_KEYWORDS = 60
_EARLIER_DRAFT = ("المنامة", "2100", "بتوقيت جرينتش")  # words that the published text does not have
_ABOUT_LENGTH = 150  # characters of the lead that the older meta description repeats


def cairo_iso(moment: datetime | None) -> str | None:
    """`2023-08-09T11:20:00+03:00`: Cairo's own clock and offset."""
    return moment.astimezone(CAIRO).isoformat(timespec="seconds") if moment else None


def utc_iso(moment: datetime) -> str:
    """`2023-08-09T08:20:00.000Z`, as page data and today's JSON-LD have it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z"


def to_json(value: Any) -> str:
    """JSON as Next.js writes it, without blanks."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def script_safe(text: str) -> str:
    """JSON that cannot end the script element it stands in."""
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def machine_keywords(article: ReplicaArticle) -> str | None:
    """Words, names and numbers of an earlier draft: never the article's tags."""
    words = [word.strip("،.؛:«»\"'()") for word in body_text(article.blocks).split()[::3]]
    words = [word for word in words if len(word) > 3 or word.isdecimal()][:_MOST_KEYWORDS]
    return ",".join((*_EARLIER_DRAFT[article.number % 3 :], *words)) if words else None


def json_ld(article: ReplicaArticle, root: str) -> str:
    """The NewsArticle of today's pages, ready to stand in a script element."""
    facts: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": article.headline,
        "image": [article.image_url] if article.image_url else [],
    }
    if "jsonld" in article.dates:
        facts |= {"datePublished": utc_iso(article.listed), "dateModified": utc_iso(article.listed)}
    facts["author"] = [{"@type": "Person", "name": article.writer, "url": f"{root}/"}]
    return script_safe(to_json(facts))


def older_json_ld(article: ReplicaArticle, url: str, about: str) -> str:
    """The NewsArticle of the older layout."""
    organization = {"@type": "NewsMediaOrganization", "name": site.NAME.value, "url": site.ROOT.value}
    facts: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "mainEntityOfPage": {"@type": "WebPage", "@id": url},
        "headline": article.headline,
        "description": about,
        "image": [article.image_url] if article.image_url else None,
        "articleSection": article.section_name,
        "keywords": ", ".join(article.tags),
        "inLanguage": "ar",
        "author": organization,
        "publisher": organization,
    }
    if "jsonld" in article.dates:
        facts |= {"datePublished": cairo_iso(article.listed), "dateModified": cairo_iso(article.modified)}
    return script_safe(to_json({name: value for name, value in facts.items() if value}))


def older_about(article: ReplicaArticle) -> str:
    """The older meta description: the standfirst, or the lead cut short."""
    if article.description:
        return article.description
    lead = article.lead
    return lead if len(lead) <= _ABOUT_LENGTH else lead[:_ABOUT_LENGTH].rsplit(" ", 1)[0] + "..."
