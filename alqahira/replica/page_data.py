"""Next.js page data as the site's pages carry it: of an article, of a listing, in the form of either router."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from alqahira.replica.article import ReplicaArticle
from alqahira.replica.body import Block, contents
from alqahira.replica.desks import FEATURED, category_data, category_id, printed_category, tag_id
from alqahira.replica.images import bare_image
from alqahira.replica.metadata import machine_keywords, script_safe, to_json, utc_iso

BUILD = "jFMvHe1azFxA5cSzgeP2_"
LOCALES = ("en", "ar")
_FLIGHT_CHUNK = 1800  # characters in one push; rows are split anywhere, as a stream would
_NO_CONTENT = {"json_content": None, "contentableType": None, "contentableId": None}
CAROUSEL_SIZE = 3


def post_props(
    article: ReplicaArticle, related: Sequence[ReplicaArticle], *, views: int, counted: datetime
) -> dict[str, Any]:
    """`pageProps` of an article's page; `views` were counted last at `counted`."""
    post = _post(article, related, 14 + article.number % 90 + views, utc_iso(counted))
    return {"post": {"data": {"post": post, "admin": None}, "success": True}, "isAdmin": False}


def no_post_props() -> dict[str, Any]:
    """`pageProps` of a page whose article is not there."""
    return {"post": {"data": {"post": None}, "success": False}, "isAdmin": False}


def _post(article: ReplicaArticle, related: Sequence[ReplicaArticle], views: int, updated: str) -> dict[str, Any]:
    number = article.number
    created = utc_iso(article.listed - timedelta(minutes=11 + number % 40))
    tagged = utc_iso(article.listed + timedelta(minutes=140 if number % 9 == 0 else 0, seconds=-(number % 3)))
    parts = _contents(article)
    return {
        "mainImage_url": article.image_url,
        "id": number,
        "language": "ar",
        "title": article.headline,
        "type": article.kind,
        "slug": article.slug,
        "keywords": machine_keywords(article),
        "mainImage_comment": article.caption,
        "is_pinned": article.is_pinned,
        "special": False,
        "summary": article.printed_summary,
        "content": None,
        "video_url": None,
        "stageId": 13,
        "views": views,
        "created_by": 50 + number % 80,
        "priority": 1,
        "raw_content": "\n".join(part["raw_content"] for part in parts if part["raw_content"]) or None,
        "publishedAt": utc_iso(article.listed) if "page_data" in article.dates else None,
        "json_content": None,
        "plagiarismScore": None,
        "writer": article.writer,
        "inElastic": True,
        "createdAt": created,
        "updatedAt": updated,
        "deletedAt": None,
        "writerId": None,
        "urgentPostId": None,
        "Tags": [
            {
                "id": tag_id(tag),
                "name": tag,
                "postTag": {"postId": number, "tagId": tag_id(tag), "createdAt": tagged, "updatedAt": tagged},
            }
            for tag in article.printed_tags
        ],
        "postContent": parts,
        "Categories": [_post_category(article, created)],
        "related_posts": [_related(number, created, other, updated) for other in related],
    }


def _post_category(article: ReplicaArticle, created: str) -> dict[str, Any]:
    number = category_id(article.category)
    return {
        "id": number,
        "name": printed_category(article.category),
        "parentCategoryId": None,
        "slug": article.category,
        "postCategory": {
            "postId": article.number,
            "categoryId": number,
            "createdAt": created,
            "updatedAt": created,
        },
    }


def _related(number: int, created: str, other: ReplicaArticle, updated: str) -> dict[str, Any]:
    return {
        "mainImage_url": other.image_url,
        "id": other.number,
        "title": other.headline,
        "mainImage_comment": other.caption,
        "summary": other.printed_summary,
        "createdAt": utc_iso(other.listed - timedelta(minutes=11 + other.number % 40)),
        "updatedAt": updated,
        "priority": 1,
        "views": 14 + other.number % 90,
        "publishedAt": utc_iso(other.listed),
        "slug": other.slug,
        "writerId": None,
        "categories": [category_data(other.category)],
        "relatedPost": {
            "postId": number,
            "relatedPostId": other.number,
            "createdAt": created,
            "updatedAt": created,
        },
    }


def _contents(article: ReplicaArticle) -> list[dict[str, Any]]:
    match article.kind:
        case "infographic" | "album":
            images = [{"order": n, "imgUrl": url} for n, url in enumerate(article.pictures, 1)]
            return [_content(article, "", {"imgs": images}, None, "slider", 0)]
        case "video":
            return [_content(article, video_frame(article), None, None, "embeded", 0)]
    parts = []
    for order, (kind, html, blocks) in enumerate(contents(article.blocks, bare=is_bare(article))):
        is_text = kind == "html"
        meta = {"blocks": [_draft(article, n, b) for n, b in enumerate(blocks)], "entityMap": {}} if is_text else None
        raw = "\n".join(block.text for block in blocks) if is_text else None
        parts.append(_content(article, html, meta, raw, kind, order))
    return parts


def _content(
    article: ReplicaArticle, html: str, meta: dict[str, Any] | None, raw: str | None, kind: str, order: int
) -> dict[str, Any]:
    return {
        "content": html,
        "meta": meta,
        "id": article.number * 7 + order,
        "raw_content": raw,
        "type": kind,
        "order": order,
        **_NO_CONTENT,
    }


def _draft(article: ReplicaArticle, n: int, block: Block) -> dict[str, Any]:
    """A paragraph as the editor, draft.js, keeps it."""
    bold = {"style": "BOLD", "length": len(block.text), "offset": 0}
    return {
        "key": f"{(article.number * 31 + n) % 0x100000:05x}",
        "data": {} if is_bare(article) else {"text-align": "justify"},
        "text": block.text,
        "type": block.draft,
        "depth": 0,
        "entityRanges": [],
        "inlineStyleRanges": [bold] if block.draft == "header-five" else [],
    }


def is_bare(article: ReplicaArticle) -> bool:
    """Whether the article's paragraphs carry no style: some editors' do not."""
    return article.number % 6 == 0


def video_frame(article: ReplicaArticle) -> str:
    """The embed of a video."""
    number = 800_000_000 + article.number * 61 % 99_999_999
    title = article.headline.replace('"', "&quot;")
    return (
        f'<iframe src="https://player.vimeo.com/video/{number}?h=5c20aa91f4&amp;badge=0&amp;autopause=0&amp;player_id=0'
        '&amp;app_id=58479" width="400" height="300" frameborder="0" allow="autoplay; fullscreen; picture-in-picture" '
        f'allowfullscreen title="{title}"></iframe>'
    )


def listing_post(article: ReplicaArticle, *, pinned: int | None = None) -> dict[str, Any]:
    """An article as a listing's page data has it."""
    return {
        "mainImage_url": article.image_url,
        "id": article.number,
        "slug": article.slug,
        "is_pinned": article.is_pinned or article.number == pinned,
        "title": article.headline,
        "publishedAt": utc_iso(article.listed) if "listing" in article.dates else None,
        "type": article.kind,
    }


def carousel_post(article: ReplicaArticle) -> dict[str, Any]:
    """The same in a carousel: a video brings its embed."""
    data = listing_post(article)
    if article.kind != "video":
        return data
    embed = {"content": video_frame(article), "id": article.number * 7, "raw_content": None, "type": "embeded"}
    return data | {"postContent": [embed | {"order": 0} | _NO_CONTENT]}


def page_info(total: int, size: int, page: int) -> dict[str, int]:
    """Where a page of a listing stands among its pages."""
    return {"totalItems": total, "totalPages": -(-total // size), "currentPage": page}


def listing_data(info: dict[str, int], posts: list[dict[str, Any]], about: Mapping[str, Any]) -> dict[str, Any]:
    """A listing, or the carousel of one."""
    return {"pageInfo": info, "posts": posts, "success": True, "category": about}


def featured_category() -> dict[str, Any]:
    """The two desks that every listing shows beside its first post."""
    first, second = FEATURED
    images = {"secondImage": bare_image(1_754_836_372, 53), "image": bare_image(1_785_075_276, 71)}
    data = {"category": category_data(first), "secondCategory": category_data(second)} | images
    return {"data": data, "success": True}


def next_value(props: dict[str, Any], page: str, query: dict[str, Any]) -> dict[str, Any]:
    """All that `__NEXT_DATA__` holds."""
    return {
        "props": {"pageProps": props, "__N_SSP": True},
        "page": page,
        "query": query,
        "buildId": BUILD,
        "isFallback": False,
        "gssp": True,
        "customServer": True,
        "locale": LOCALES[0],
        "locales": list(LOCALES),
        "defaultLocale": LOCALES[0],
        "scriptLoader": [],
    }


def next_data(value: dict[str, Any]) -> str:
    """The pages router's one script element."""
    return f'<script id="__NEXT_DATA__" type="application/json">{script_safe(to_json(value))}</script>'


def next_flight(value: dict[str, Any]) -> str:
    """The app router's pushes: rows of React's flight format, a long text in a `T` row of its own."""
    props, texts = value["props"]["pageProps"], []
    post = (props.get("post") or {}).get("data", {}).get("post")
    if post:
        parts = []
        for n, part in enumerate(post["postContent"]):
            texts.append(f"{0x1A + n:x}:T{len(part['content'].encode()):x},{part['content']}")
            parts.append(part | {"content": f"${0x1A + n:x}"})
        data = props["post"]["data"] | {"post": post | {"postContent": parts}}
        props = props | {"post": props["post"] | {"data": data}}
    tree = ["$", "$L12", None, {**props, "params": value["query"]}]
    rows = (
        '2:I[47690,[],"ClientPageRoot"]\n' + f'0:{{"b":"{BUILD}","p":""}}\n' + "".join(texts) + f"5:{to_json(tree)}\n"
    )
    pushes = (
        f"<script>self.__next_f.push([1,{script_safe(to_json(rows[i : i + _FLIGHT_CHUNK]))}])</script>"
        for i in range(0, len(rows), _FLIGHT_CHUNK)
    )
    return "<script>(self.__next_f=self.__next_f||[]).push([0])</script>" + "".join(pushes)
