"""A page in the captured markup that shows what its page data says: the sources of both, read without a tree.

Most of the site's pages are such: the program that writes the page data writes the markup from it. Of these nothing is
parsed but JSON. Each field of the page data is looked up in the text of the page, at its place in the markup, and the
body's HTML is there to the letter; what a parser would give is known then. Any page that differs in anything, however
little, is not read here but as all others are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from html import unescape
from typing import Any

from alqahira import site
from alqahira.extraction.sources import Document, ExtractedFields, meta, nextjs
from alqahira.extraction.sources.blocks import plain_texts
from alqahira.extraction.sources.values import value_at
from alqahira.extraction.urls import article_number
from alqahira.text.credits import is_credit_line, parse_credit
from alqahira.text.dates import CAIRO, parse_date

_LARGEST = 1_000_000  # characters; a page of the site has 70,000
_SCRIPT, _SCRIPT_END = '<script id="__NEXT_DATA__" type="application/json">', "</script>"
# The marks of data that is read elsewhere, or by scripts of another kind.
_OTHER_DATA = ("__NEXT_DATA__", "__next_f", "ld+json")
# What the site's posts have, always.
_NAMES = frozenset([
    "id", "type", "title", "writer", "publishedAt", "mainImage_url", "mainImage_comment", "summary", "Tags",
    "postContent", "Categories",
])  # fmt: skip
_JSON_LD_NAMES = frozenset(["@context", "@type", "headline", "image", "datePublished", "dateModified", "author"])
# Meta elements that would say more than the page data does.
_OTHER_META = frozenset((*meta.PUBLISHED, *meta.MODIFIED, meta.SECTION, meta.TAG))
_META = re.compile(r'<meta (?:name|property)="(?P<name>[^"<>]*)" content="(?P<content>[^"<>]*)"/>')
_JSON_LD = re.compile(r'<script type="application/ld\+json">(?P<json>[^<]*)</script>')
_TITLE_END = f" | {site.TITLE_NAME.value}"
_MONTHS = (
    "يناير",
    "فبراير",
    "مارس",
    "أبريل",
    "مايو",
    "يونيو",
    "يوليو",
    "أغسطس",
    "سبتمبر",
    "أكتوبر",
    "نوفمبر",
    "ديسمبر",
)
_ARABIC_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")

# The parts of the page in their order, by the selectors of `site.LAYOUTS[0]`.
_HEADER = re.compile(
    r'<main class="[^"<>]*"><div class="[^"<>]*"><div class="container"><div class="row"><div class="col-lg-8">'
    r'<div class="single-content2"><div class="entry-header(?: [^"<>]*)?">'
    r'<h1 class="entry-title(?: [^"<>]*)?">(?P<headline>[^<>]*)</h1>'
    r'<div class="row"><div class="col-sm-6"><div class="entry-meta(?: [^"<>]*)?"><span class="[^"<>]*">(?P<day>[^<>]*)'
    r'</span><span class="[^"<>]*">\|</span><span class="[^"<>]*">(?P<clock>[^<>]*)</span></div></div>'
)
_FIGURE_START = '<figure class="image '
_FIGURE = re.compile(
    r'<figure class="image(?: [^"<>]*)?"><img class="[^"<>]*" src="(?P<image>https://[\w./%&;=?:-]*)" alt="post-title"/>'
    r"(?:<figcaption>(?P<caption>[^<>]*)</figcaption>)?</figure>"
    rf"<p><strong>{site.NAME.value} - <!-- -->(?P<writer>[^<>]+)<!-- --></strong></p>"
    r'<article class="[^"<>]*"><div class="entry-main-content(?: [^"<>]*)?">',
    re.ASCII,
)
_PART = re.compile(r'<div class="(?P<name>htmlCode|embededCode)" style="width:100%;margin-bottom:20px">')
_FRAME = re.compile(r"<iframe(?: [^<>]*)?></iframe>")
_TAGS = re.compile(
    r'</div><div class="entry-bottom(?: [^"<>]*)?"><div class="tags"><span>وسوم :</span>'
    r'(?P<tags>(?:<a href="/tag/[^"<>]*">[^<>]*</a>)*+)</div></div>'
)
_TAG = re.compile(r">([^<>]*)</a>")
_ARTICLE_END = "</article></div>"
# Buttons that share a story; nothing of them is read.
_BUTTONS = re.compile(r"(?:[^<>]|<!-- -->|</?(?:a|button|circle|div|i|li|path|span|svg|ul)(?: [^<>]*)?>)*")


def read(page: Document) -> dict[str, ExtractedFields] | None:
    """The sources of such a page by name, as they would be read from its tree; None for any other page.

    What is left out of a source is equal to the page data's, or missing. Raises TooLarge.
    """
    html, number = page.html, article_number(page.url)
    main = html.find("<main class=")
    if number is None or main < 0 or len(html) > _LARGEST:
        return None
    header = _HEADER.match(html, main)
    figure = _FIGURE.match(html, html.find(_FIGURE_START, header.end())) if header else None
    data_start = html.find("<script", figure.end()) if figure else -1
    if not header or not figure or not html.startswith(_SCRIPT, data_start):
        return None
    data_end = html.find(_SCRIPT_END, data_start)
    head, tail = html[:main], html[data_end:]
    is_whole = data_end > 0 and tail.rstrip().endswith("</html>")
    if not is_whole or _is_in_comment(html, main) or _is_in_comment(html, data_start, main):
        return None
    if "canonical" in head or any(mark in tail or mark in head for mark in _OTHER_DATA[:2]) or _OTHER_DATA[2] in tail:
        return None
    post = _post(html[data_start + len(_SCRIPT) : data_end], number)
    if post is None or not _is_plain(html[header.end() : figure.start()], 2):
        return None
    tags = _tags_after_body(html, figure.end(), post["postContent"])
    data = nextjs.fields_of(post, page.url, page.now, is_post=True) if tags else None
    if not tags or not data or not _is_complete(data):
        return None
    end = html.find(_ARTICLE_END, tags.end())
    if end < 0 or not _is_plain(html[tags.end() : end], 0):
        return None
    shown = (header["headline"], figure["image"], figure["caption"] or "", figure["writer"])
    said = (post["title"], post["mainImage_url"], post["mainImage_comment"] or "", post["writer"])
    headline, image, caption, writer = map(unescape, shown)
    if (headline, site.IMAGE_RENDITION.value.sub("", image), caption, writer) != said:
        return None
    if list(map(unescape, _TAG.findall(tags["tags"]))) != _names(post["Tags"]):
        return None
    head_fields = _read_head(head, post, page.url)
    published = _visible_date(header["day"], header["clock"], data.published, page.now)
    if head_fields is None or published is None:
        return None
    markup = replace(data, kind=None, number=None, description=None, sections=[], modified=None, published=published)
    return {"site": markup, "page_data": data, "meta": head_fields}


def _is_in_comment(html: str, at: int, start: int = 0) -> bool:
    return html.rfind("<!--", start, at) > html.rfind("-->", start, at)


def _post(text: str, number: str) -> dict[str, Any] | None:
    """The post of that number in page data; None if anything of it is of another shape."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    post = value_at(data, site.POST_PATH.value)
    if not isinstance(post, dict) or nextjs.is_missing(data) or not post.keys() >= _NAMES:
        return None
    is_this = post["type"] == site.ARTICLE_KIND.value and str(post["id"]) == number
    return post if is_this and isinstance(post["postContent"], list) else None


def _is_complete(data: ExtractedFields) -> bool:
    credit = data.credit_line
    is_credit = bool(credit) and (is_credit_line(credit) or any(parse_credit(credit)))
    return bool(is_credit and data.headline and data.paragraphs and data.published and data.image_url and data.sections)


@lru_cache(maxsize=16)
def _is_plain(markup: str, outer: int) -> bool:
    """Whether markup is nothing but buttons, and closes so many `div` elements that it does not open."""
    closed = markup.count("</div>") - markup.count("<div")
    others = all(markup.count(f"<{name}") == markup.count(f"</{name}>") for name in ("ul", "button", "svg", "span"))
    return closed == outer and others and "entry-" not in markup and _BUTTONS.fullmatch(markup) is not None


def _tags_after_body(html: str, at: int, parts: Sequence[Any]) -> re.Match[str] | None:
    """The tags, which follow the body; None unless the body is shown as page data has it, in plain paragraphs."""
    if not all(isinstance(part, dict) and isinstance(part.get("order"), int) for part in parts):
        return None
    for part in sorted(parts, key=lambda part: part["order"]):
        kind, content, start = part.get("type"), part.get("content"), _PART.match(html, at)
        if start is None or not isinstance(content, str) or not html.startswith(content, start.end()):
            return None
        is_text = start["name"] == "htmlCode" and kind == site.TEXT_BLOCK.value and plain_texts(content)
        if not is_text and not (kind in site.OTHER_BLOCKS.value and _FRAME.fullmatch(content)):
            return None
        at = start.end() + len(content)
        if not html.startswith("</div>", at):
            return None
        at += len("</div>")
    return _TAGS.match(html, at)


def _names(tags: Any) -> list[Any]:
    return [tag.get("name") if isinstance(tag, dict) else None for tag in tags] if isinstance(tags, list) else [None]


def _visible_date(day: str, clock: str, published: datetime | None, now: datetime) -> datetime | None:
    """The date that the page shows, to the minute."""
    if published is None:
        return None
    local = published.astimezone(CAIRO)
    hour = f"{local:%I:%M} {'ص' if local.hour < 12 else 'م'}"
    if day == f"{local:%d} {_MONTHS[local.month - 1]} {local.year}".translate(_ARABIC_DIGITS):
        if clock == hour.translate(_ARABIC_DIGITS):
            return published.replace(second=0, microsecond=0)
    return parse_date(f"{day} | {clock}", now=now)


def _read_head(head: str, post: Mapping[str, Any], base: str) -> ExtractedFields | None:
    """What the head says besides the page data; None if it contradicts it, or has what is read nowhere else."""
    values: dict[str, str] = {}
    for name, content in _META.findall(head):
        if content and not content.isspace():
            values.setdefault(name.lower(), unescape(content))
    title = post["title"]
    if not _OTHER_META.isdisjoint(values) or not _json_ld_agrees(head, post):
        return None
    if any(values.get(name, title).rstrip() not in (title.rstrip(), title + _TITLE_END) for name in meta.HEADLINE):
        return None
    if any(values.get(name, post["summary"]) != post["summary"] for name in meta.DESCRIPTION):
        return None
    return ExtractedFields(address_number=meta.number_of(values.get("og:url"), base))


def _json_ld_agrees(head: str, post: Mapping[str, Any]) -> bool:
    if "ld+json" not in head:
        return True
    scripts = _JSON_LD.findall(head)
    if len(scripts) != 1 or head.count("ld+json") != 1:
        return False
    try:
        article = json.loads(scripts[0])
        (author,) = article["author"]
        dates = {article.get("datePublished", post["publishedAt"]), article.get("dateModified", post["publishedAt"])}
        is_same = (article["headline"], author["name"], dates) == (post["title"], post["writer"], {post["publishedAt"]})
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return False
    return is_same and article.keys() <= _JSON_LD_NAMES
