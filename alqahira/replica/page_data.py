"""Next.js page data as the site's pages carry it: of an article, of a listing, in the form of either router."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from markupsafe import Markup

from alqahira.replica.article import ReplicaArticle
from alqahira.replica.body import contents
from alqahira.replica.desks import category_data, tag_id
from alqahira.replica.images import stamped_image
from alqahira.replica.newsroom import CAROUSEL_SIZE, ListingPage
from alqahira.replica.templates import BUILD, render, script_json, to_json, utc_iso

_FLIGHT_CHUNK = 1800  # characters in one push; rows are split anywhere, as a stream would
_FEATURED = {
    "category": category_data("الحرب-الإيرانية-الأمريكية"),
    "secondCategory": category_data("وحدة-الدراسات"),
    "secondImage": stamped_image(1_754_836_372, 53),
    "image": stamped_image(1_785_075_276, 71),
}


def article_value(
    article: ReplicaArticle, related: Sequence[ReplicaArticle], *, views: int, counted: datetime
) -> dict[str, Any]:
    """The whole of `__NEXT_DATA__` on an article's page; `views` were counted last at `counted`."""
    parts = article_parts(article)
    post = render("post.json.jinja", a=article, related=related, parts=parts, views=views, updated=utc_iso(counted))
    data = {"post": json.loads(post), "admin": None}
    return _article_value(data, article.number, [article.slug])


def missing_value(number: int) -> dict[str, Any]:
    """The same on the page of a withdrawn article."""
    return _article_value({"post": None}, number, [])


def listing_value(listing: ListingPage, pinned: int | None) -> dict[str, Any]:
    """The same on a page of a listing."""
    if listing.kind == "category":
        about = category_data(listing.slug)
    else:
        name = listing.name
        about = {"id": tag_id(listing.slug), "name": name, "description": name, "language": "ar", "slug": listing.slug}
    info, posts = page_info(listing.total, listing.size, listing.page), listing_posts(listing.articles, pinned)
    listed = {"pageInfo": info, "posts": posts, "success": True, listing.kind: about}
    props = {listing.kind: listed, "featuredCategory": {"data": _FEATURED, "success": True}}
    for kind, (articles, total) in listing.carousels.items():
        info, posts = page_info(total, CAROUSEL_SIZE, 1), listing_posts(articles, None)
        props[f"category{kind.title()}"] = {"pageInfo": info, "posts": posts, "success": True, "category": about}
        for post, article in zip(posts, articles, strict=True):
            if kind == "video":  # the carousel embeds it
                parts = article_parts(article)
                post["postContent"] = [{name: value for name, value in p.items() if name != "meta"} for p in parts]
    page = f"/{listing.kind}/[slug]" if listing.kind != "home" else "/"
    query = {"slug": listing.slug} if listing.slug else {}
    return _value(props, page, query | ({"page": str(listing.page)} if listing.page > 1 else {}))


def article_parts(article: ReplicaArticle) -> list[dict[str, Any]]:
    """The parts of the body as editors entered them, as `postContent` records."""
    parts: list[tuple[str, str, dict[str, Any] | None, str | None]] = []
    if article.pictures:
        images = [{"order": n, "imgUrl": url} for n, url in enumerate(article.pictures, 1)]
        parts.append(("slider", "", {"imgs": images}, None))
    elif article.kind == "video":
        parts.append(("embeded", render("video.html", a=article), None, None))
    else:
        bare = article.number % 6 == 0  # some editors' paragraphs carry no style
        for kind, html, blocks in contents(article.blocks, bare=bare):
            meta = raw = None
            if kind == "html":
                raw = "\n".join(block.text for block in blocks)
                drafts = [_draft(article.number * 31 + n, b.text, b.draft, bare=bare) for n, b in enumerate(blocks)]
                meta = {"blocks": drafts, "entityMap": {}}
            parts.append((kind, html, meta, raw))
    return [
        {
            "content": html,
            "meta": meta,
            "id": article.number * 7 + order,
            "raw_content": raw,
            "type": kind,
            "order": order,
            "json_content": None,
            "contentableType": None,
            "contentableId": None,
        }
        for order, (kind, html, meta, raw) in enumerate(parts)
    ]


def listing_posts(articles: Sequence[ReplicaArticle], pinned: int | None) -> list[dict[str, Any]]:
    """Articles as a listing's page data has them."""
    return [
        {
            "mainImage_url": article.image_url,
            "id": article.number,
            "slug": article.slug,
            "is_pinned": article.pinned or article.number == pinned,
            "title": article.headline,
            "publishedAt": utc_iso(article.listed) if "listing" in article.dates else None,
            "type": article.kind,
        }
        for article in articles
    ]


def page_info(total: int, size: int, page: int) -> dict[str, int]:
    """The place of a page of a listing among its pages."""
    return {"totalItems": total, "totalPages": -(-total // size), "currentPage": page}


def scripts(value: dict[str, Any], form: Literal["next_data", "none", "next_f"]) -> Markup:
    """The script elements that carry the page data: one of the pages router, or the app router's pushes."""
    if form == "next_data":
        return Markup('<script id="__NEXT_DATA__" type="application/json">{}</script>').format(script_json(value))
    return _flight(value) if form == "next_f" else Markup("")


def _draft(key: int, text: str, kind: str, *, bare: bool) -> dict[str, Any]:
    """A paragraph as the editor, draft.js, keeps it."""
    bold = {"style": "BOLD", "length": len(text), "offset": 0}
    return {
        "key": f"{key % 0x100000:05x}",
        "data": {} if bare else {"text-align": "justify"},
        "text": text,
        "type": kind,
        "depth": 0,
        "entityRanges": [],
        "inlineStyleRanges": [bold] if kind == "header-five" else [],
    }


def _article_value(data: dict[str, Any], number: int, slugs: list[str]) -> dict[str, Any]:
    props = {"post": {"data": data, "success": data["post"] is not None}, "isAdmin": False}
    return _value(props, "/news/[id]/[[...slug]]", {"id": str(number), "slug": slugs})


def _value(props: dict[str, Any], page: str, query: dict[str, Any]) -> dict[str, Any]:
    return {
        "props": {"pageProps": props, "__N_SSP": True},
        "page": page,
        "query": query,
        "buildId": BUILD,
        "isFallback": False,
        "gssp": True,
        "customServer": True,
        "locale": "en",
        "locales": ["en", "ar"],
        "defaultLocale": "en",
        "scriptLoader": [],
    }


def _flight(value: dict[str, Any]) -> Markup:
    """Rows of React's flight format, a long text in a `T` row of its own."""
    props, texts = value["props"]["pageProps"], []
    post = props.get("post", {}).get("data", {}).get("post")
    if post:
        parts = []
        for n, part in enumerate(post["postContent"], 0x1A):
            texts.append(f"{n:x}:T{len(part['content'].encode()):x},{part['content']}")
            parts.append(part | {"content": f"${n:x}"})
        data = props["post"]["data"] | {"post": post | {"postContent": parts}}
        props = props | {"post": props["post"] | {"data": data}}
    tree = to_json(["$", "$L12", None, {**props, "params": value["query"]}])
    rows = f'2:I[47690,[],"ClientPageRoot"]\n0:{{"b":"{BUILD}","p":""}}\n{"".join(texts)}5:{tree}\n'
    chunks = (rows[i : i + _FLIGHT_CHUNK] for i in range(0, len(rows), _FLIGHT_CHUNK))
    pushes = [Markup("<script>self.__next_f.push([1,{}])</script>").format(script_json(chunk)) for chunk in chunks]
    return Markup("<script>(self.__next_f=self.__next_f||[]).push([0])</script>") + Markup("").join(pushes)
