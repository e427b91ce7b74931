"""What a page says in machine-readable form: JSON-LD, and Next.js page data of both routers."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from alqahira import site
from alqahira.replica.body import body_html
from alqahira.replica.corpus import ReplicaArticle
from alqahira.replica.options import CAIRO

_BUILD = "q7Zr0f3hXK2vN5bTt9wYc"
_FLIGHT_CHUNK = 1800  # characters in one push; rows are split anywhere, as a stream would


def cairo_iso(moment: datetime | None) -> str | None:
    """`2023-08-09T11:20:00+03:00`: Cairo's own clock and offset."""
    return moment.astimezone(CAIRO).isoformat(timespec="seconds") if moment else None


def _script_safe(text: str) -> str:
    """JSON that cannot end the script element it stands in."""
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def json_ld(article: ReplicaArticle, url: str, about: str) -> str:
    """The NewsArticle, ready to stand in a script element."""
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
    return _script_safe(_json({name: value for name, value in facts.items() if value}))


def _article_data(article: ReplicaArticle) -> dict[str, Any]:
    """The article as the site's own back end might hand it to its pages."""
    dated = "page_data" in article.dates
    return {
        "id": article.number,
        "title": article.headline,
        "slug": article.slug,
        "brief": article.description,
        "credit": article.credit,
        "content": body_html(article.blocks),
        "image": {"url": article.image_url, "caption": article.caption} if article.image_url else None,
        "category": {"name": article.section_name, "slug": article.category},
        "tags": [{"name": tag} for tag in article.tags],
        "publishedAt": cairo_iso(article.listed) if dated else None,
        "updatedAt": cairo_iso(article.modified) if dated else None,
    }


def next_data(article: ReplicaArticle) -> str:
    """The pages router's one script element."""
    value = {
        "props": {"pageProps": {"article": _article_data(article)}, "__N_SSP": True},
        "page": "/news/[id]/[slug]",
        "query": {"id": str(article.number), "slug": article.slug},
        "buildId": _BUILD,
        "isFallback": False,
    }
    return f'<script id="__NEXT_DATA__" type="application/json">{_script_safe(_json(value))}</script>'


def next_flight(article: ReplicaArticle) -> str:
    """The app router's pushes: rows of React's flight format, a long text in a `T` row of its own."""
    data = _article_data(article)
    content = data["content"]
    data["content"] = "$1a"
    tree = ["$", "$L12", None, {"article": data, "params": {"id": str(article.number)}}]
    rows = (
        '2:I[47690,[],"ClientPageRoot"]\n'
        f'0:{{"b":"{_BUILD}","p":""}}\n'
        f"1a:T{len(content.encode()):x},{content}"
        f"5:{_json(tree)}\n"
    )
    pushes = (
        f"<script>self.__next_f.push([1,{_script_safe(_json(rows[i : i + _FLIGHT_CHUNK]))}])</script>"
        for i in range(0, len(rows), _FLIGHT_CHUNK)
    )
    return "<script>(self.__next_f=self.__next_f||[]).push([0])</script>" + "".join(pushes)
