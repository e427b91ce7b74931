"""A page in the captured markup that shows what its page data says: the sources of both, read without a tree.

Nearly all of the site's articles are such: one program writes the markup and the page data from one record. Nothing is
parsed of them but that JSON. Each of its fields is looked up in the bytes of the page, at its place in the markup, and
the body's HTML must be there to the letter; what a parser would give is known then. A page that differs in anything,
however little, is not read here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from html import unescape
from typing import Any

from alqahira import site
from alqahira.extraction.sources import ExtractedFields, meta, nextjs
from alqahira.extraction.sources.blocks import plain_texts
from alqahira.extraction.sources.values import value_at
from alqahira.extraction.urls import article_number
from alqahira.text.credits import is_credit_line, parse_credit
from alqahira.text.dates import CAIRO, parse_date

_LARGEST = 1_000_000  # bytes; a page of the site has 75,000
# What the site's posts always have.
_NAMES = frozenset([
    "id", "type", "title", "writer", "publishedAt", "mainImage_url", "mainImage_comment", "summary", "Tags",
    "postContent", "Categories",
])  # fmt: skip
_MONTHS = (
    "يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو", "يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر",
)  # fmt: skip
_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩", "0123456789")


def _pattern(text: str) -> re.Pattern[bytes]:
    """`…` stands for more classes, `·` for any value of an attribute, and `«name»` for a value or text that is read."""
    text = text.replace("…", '(?: [^"]*)?').replace("·", '[^"]*+')
    text = re.sub('"«([a-z]+)»"', r'"(?P<\1>[^"]*+)"', text)
    return re.compile(re.sub("«([a-z]+)»", r"(?P<\1>[^<]*+)", text).encode())


# The parts of the page in their order, by the selectors of `site.LAYOUTS[0]`.
_HEAD = _pattern(
    '<title>[^<]*</title><meta name="title" content="«title»"/>'
    '<meta name="description"(?: content="«about»")?/><meta name="author" content="·"/>'
    '<meta property="og:type" content="article"/><meta property="og:url" content="«url»"/>'
    '<meta property="og:title" content="(?P=title)"/><meta property="og:description"(?(about) content="(?P=about)")/>'
    '<meta property="og:image" content="·"/><meta property="fb:app_id" content="·"/>'
    '<meta property="twitter:card" content="·"/><meta property="twitter:url" content="·"/>'
    '<meta property="twitter:title" content="(?P=title)"/>'
    '<meta property="twitter:description"(?(about) content="(?P=about)")/>'
    '<meta property="twitter:image" content="·"/><meta property="article:author" content="·"/>'
    '<meta property="article:publisher" content="·"/><meta property="og:site_name" content="·"/>'
    '<meta property="fb:pages" content="·"/><meta name="keywords"(?: content="·")?/>'
    r'<script type="application/ld\+json">{"@context":"https://schema.org","@type":"NewsArticle","headline":'
    r'(?P<headline>"[^"\\<]*+(?:\\.[^"\\<]*+){0,100}"),"image":\[[^]<]{0,500}\]'
    '(?:,"datePublished":"(?P<date>[^"<]{0,40})","dateModified":"(?P=date)")?,"author":'
    r'\[{"@type":"Person","name":(?P<writer>"[^"\\<]*+(?:\\.[^"\\<]*+){0,100}"),"url":"[^"<]{0,500}"}\]}</script>'
)
_HEADER = _pattern(
    '<main class="·"><div class="·"><div class="container"><div class="row"><div class="col-lg-8">'
    '<div class="single-content2"><div class="entry-header…"><h1 class="entry-title…">«headline»</h1><div class="row">'
    '<div class="col-sm-6"><div class="entry-meta…"><span class="·">«day»</span><span class="·">\\|</span>'
    '<span class="·">«clock»</span></div></div>'
)
_FIGURE_START, _ARTICLE_END = b'<figure class="image ', b"</article></div>"
_FIGURE = _pattern(
    '<figure class="image…"><img class="·" src="(?P<image>https://[A-Za-z0-9_./%&;=?:-]+)" alt="post-title"/>'
    "(?:<figcaption>«caption»</figcaption>)?</figure>"
    f"<p><strong>{site.NAME.value} - <!-- -->«writer»<!-- --></strong></p>"
    '<article class="·"><div class="entry-main-content…">'
)
_PART = _pattern('<div class="(?P<name>htmlCode|embededCode)" style="width:100%;margin-bottom:20px">')
_TAGS = _pattern(
    '</div><div class="entry-bottom…"><div class="tags"><span>وسوم :</span>'
    '(?P<tags>(?:<a href="/tag/·">[^<]*+</a>)*+)</div></div>'
)
_TAG = re.compile(b">([^<]*)</a>")
_FRAME = re.compile("<iframe(?: [^<>]*)?></iframe>")
_SCRIPT, _SCRIPT_END = b'<script id="__NEXT_DATA__" type="application/json">', b"</script>"
_RAW = (b"iframe", b"noscript", b"script", b"style", b"textarea", b"title")
_MARK, _JSON_LD = b"__NEXT_DATA__", b"ld+json"
# Buttons that share a story; nothing of them is read.
_BUTTONS = re.compile(rb"(?:[^<>]++|<!-- -->|</?(?:a|button|circle|div|i|li|path|span|svg|ul)(?: [^<>]*)?>)*+")
_BUTTONS_IN_PAIRS = (b"a", b"button", b"circle", b"i", b"li", b"path", b"span", b"svg", b"ul")


def read(html: bytes, url: str, now: datetime) -> dict[str, ExtractedFields] | None:
    """The sources of such a page by name, as they would be read from its tree; None for any other page.

    A source that says nothing but what page data says is left out; of an infographic, an album or a video, which needs
    no text, the markup is, too. Raises TooLarge.
    """
    try:
        return _read(html, url, now) if len(html) <= _LARGEST else None
    except (UnicodeError, RecursionError):
        return None


def _read(html: bytes, url: str, now: datetime) -> dict[str, ExtractedFields] | None:
    head = _HEAD.match(html, html.find(b"<title>"))
    main = html.find(b"<main class=", head.end()) if head else -1
    header = _HEADER.match(html, main) if main > 0 else None
    figure = _FIGURE.match(html, html.find(_FIGURE_START, header.end())) if header else None
    if not head or not header or not figure:
        return None
    data_start = html.find(_MARK, figure.end()) - _SCRIPT.index(_MARK)
    data_end = html.find(b"<", data_start + len(_SCRIPT))  # Next.js escapes it in page data
    if not html.startswith(_SCRIPT, data_start) or not html.startswith(_SCRIPT_END, data_end):
        return None
    is_alone = _is_before(html[: head.start()] + html[head.end() : main]) and _is_after(html[data_end:])
    if not is_alone or html.find(_JSON_LD, figure.end(), data_start) > 0 or _is_in_comment(html, data_start, main):
        return None
    post = _post(html[data_start + len(_SCRIPT) : data_end].decode(), article_number(url))
    if post is None or not _is_plain(html[header.end() : figure.start()], 2):
        return None
    if post["type"] != site.ARTICLE_KIND.value:
        address = _address_in_head(head, post) if _is_ended(html[figure.end() : data_start].lower()) else None
        return _data_and_number(post, address, url, now) if address else None
    tags = _tags_after_body(html, figure.end(), post["postContent"])
    end = html.find(_ARTICLE_END, tags.end()) if tags else -1
    if not tags or end < 0 or not _is_plain(html[tags.end() : end], 0):
        return None
    shown = (header["headline"], figure["image"], figure["caption"] or b"", figure["writer"])
    headline, image, caption, writer = map(_text, shown)
    said = (post["title"], post["mainImage_url"], post["mainImage_comment"] or "", post["writer"])
    if (headline, site.IMAGE_RENDITION.value.sub("", image), caption, writer) != said:
        return None
    if list(map(_text, _TAG.findall(tags["tags"]))) != _names(post["Tags"]):
        return None
    address = _address_in_head(head, post)
    sources = _data_and_number(post, address, url, now) if address else None
    if not sources or not _is_complete(data := sources["page_data"]):
        return None
    published = _visible_date(_text(header["day"]), _text(header["clock"]), data.published, now)
    if published is None:
        return None
    markup = replace(data, kind=None, number=None, description=None, sections=[], modified=None, published=published)
    return {"site": markup, **sources}


def _data_and_number(post: dict[str, Any], address: str, url: str, now: datetime) -> dict[str, ExtractedFields]:
    data = nextjs.fields_of(post, url, now, is_post=True)
    return {"page_data": data, "meta": ExtractedFields(address_number=meta.number_of(address, url))}


def _text(markup: bytes) -> str:
    return unescape(markup.decode()) if b"&" in markup else markup.decode()


def _is_in_comment(html: bytes, at: int, start: int = 0) -> bool:
    return html.rfind(b"<!--", start, at) > html.rfind(b"-->", start, at)


@lru_cache(maxsize=16)  # nearly all pages have the same
def _is_before(html: bytes) -> bool:
    """Whether what stands before the article, without title, meta elements and JSON-LD, says nothing about it."""
    lower = html.lower()
    metas = re.findall(b'<meta (charset|name="viewport"|name="next-head-count")?', lower)
    marks = (_MARK.lower(), _JSON_LD, b"__next_f", b"canonical", b"\0", b"<base")
    return (
        _is_ended(lower)
        and all(metas)
        and not any(mark in lower for mark in marks)
        and not _is_in_comment(html, len(html))
    )


def _is_ended(lower: bytes) -> bool:
    """Whether each element has an end of those whose content is no markup without one."""
    return all(lower.count(b"<" + name) == lower.count(b"</" + name) for name in _RAW)


@lru_cache(maxsize=16)
def _is_after(html: bytes) -> bool:
    """Whether what stands after page data has no other data, and is the end of the page."""
    return not any(mark in html for mark in (_MARK, _JSON_LD, b"__next_f")) and html.rstrip().endswith(b"</html>")


def _post(text: str, number: str | None) -> dict[str, Any] | None:
    """The post of that number in page data; None if anything of it is of another shape."""
    try:
        data = json.loads(text)
    except ValueError:
        return None
    post = value_at(data, site.POST_PATH.value)
    if not isinstance(post, dict) or nextjs.is_missing(data) or not post.keys() >= _NAMES:
        return None
    is_this = post["type"] in nextjs.KINDS and str(post["id"]) == number
    return post if number and is_this and isinstance(post["postContent"], list) else None


def _is_complete(data: ExtractedFields) -> bool:
    credit = data.credit_line or ""
    is_credit = is_credit_line(credit) or any(parse_credit(credit))
    is_printed = is_credit and not credit.endswith(("-", "–", "—"))  # of a line that ends so the dash is cut
    return bool(
        is_printed and data.headline and data.paragraphs and data.published and data.image_url and data.sections
    )


@lru_cache(maxsize=16)
def _is_plain(markup: bytes, outer: int) -> bool:
    """Whether markup is nothing but buttons, and closes so many `div` elements that it does not open."""
    closed = markup.count(b"</div>") - len(re.findall(b"<div[ >]", markup))
    pairs = all(
        len(re.findall(b"<" + name + b"[ >]", markup)) == markup.count(b"</" + name + b">")
        for name in _BUTTONS_IN_PAIRS
    )
    return closed == outer and pairs and b"entry-" not in markup and _BUTTONS.fullmatch(markup) is not None


def _tags_after_body(html: bytes, at: int, parts: list[Any]) -> re.Match[bytes] | None:
    """The tags, which follow the body; None unless the body is shown as page data has it, in plain paragraphs."""
    if not all(isinstance(part, dict) and isinstance(part.get("order"), int) for part in parts):
        return None
    for part in sorted(parts, key=lambda part: part["order"]):
        kind, content, start = part.get("type"), part.get("content"), _PART.match(html, at)
        if start is None or not isinstance(content, str) or not html.startswith(shown := content.encode(), start.end()):
            return None
        is_text = start["name"] == b"htmlCode" and kind == site.TEXT_BLOCK.value and plain_texts(content)
        if not is_text and not (kind in site.OTHER_BLOCKS.value and _FRAME.fullmatch(content)):
            return None
        at = start.end() + len(shown)
        if not html.startswith(b"</div>", at):
            return None
        at += len(b"</div>")
    return _TAGS.match(html, at)


def _names(tags: Any) -> list[Any]:
    return [tag.get("name") if isinstance(tag, dict) else None for tag in tags] if isinstance(tags, list) else [None]


def _visible_date(day: str, clock: str, published: datetime | None, now: datetime) -> datetime | None:
    """The date that the page shows, to the minute."""
    if published is None:
        return None
    local = published.astimezone(CAIRO)
    printed = (
        f"{local.day:02} {_MONTHS[local.month - 1]} {local.year}",
        f"{local.hour % 12 or 12:02}:{local.minute:02} {'ص' if local.hour < 12 else 'م'}",
    )
    if (day.translate(_DIGITS), clock.translate(_DIGITS)) == printed:
        return published.replace(second=0, microsecond=0)
    return parse_date(f"{day} | {clock}", now=now)


def _address_in_head(head: re.Match[bytes], post: Mapping[str, Any]) -> str | None:
    """The page's own address in its head; None if the head contradicts page data."""
    title, writer, date = post["title"], post["writer"], post["publishedAt"]
    said = (
        _text(head["title"]).removesuffix(f" | {site.TITLE_NAME.value} "),
        _text(head["about"] or b""),
        json.loads(head["headline"]),
        json.loads(head["writer"]),
        date if head["date"] is None else head["date"].decode(),
    )
    return _text(head["url"]) if said == (title, post["summary"] or "", title, writer, date) else None
