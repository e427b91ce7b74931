"""Next.js page data: `__NEXT_DATA__` (pages router, as the site has it) and `self.__next_f.push` (app router).

The site's own article is known by its names (`site.POST_PATH`). Where they stand elsewhere, an article is known by
its shape: an object with the page's number, or with a title and a body of some length.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from alqahira import site
from alqahira.extraction.sources import Document, ExtractedFields
from alqahira.extraction.sources.blocks import paragraphs_of
from alqahira.extraction.sources.jsonld import site_credit, string, strings
from alqahira.extraction.urls import article_number, image_url
from alqahira.text.dates import parse_date
from alqahira.text.normalization import fold_text

_HEADLINES = ("title", "headline", "name")
_BODIES = ("body", "content", "articleBody", "article_body", "html", "htmlCode", "text", "details", "description")
# Some sites call the body so, most a teaser.
_LONG_DESCRIPTION = 400
_DESCRIPTIONS = ("brief", "standfirst", "summary", "excerpt", "subtitle", "description")
_PUBLISHED = (
    "publishedAt",
    "published_at",
    "datePublished",
    "publishDate",
    "publish_date",
    "pubDate",
    "createdAt",
    "date",
)
# Not `updatedAt`: the site's moves with its view counter.
_MODIFIED = ("dateModified", "modifiedAt", "modified_at")
_IMAGES = ("image", "imageUrl", "image_url", "mainImage_url", "cover", "thumbnail", "mainImage", "img")
_CAPTIONS = ("imageCaption", "image_caption", "mainImage_comment", "caption", "imageTitle")
_CREDITS = ("credit", "creditLine", "credit_line", "author", "source", "byline")
_SECTIONS = ("Categories", "category", "categories", "section", "sections", "articleSection")
# Not `keywords`: the site's are made by a machine.
_KEYWORDS = ("Tags", "tags", "tag")
_NUMBERS = ("id", "newsId", "news_id", "articleId", "number", "_id")
_SHORTEST_BODY = 80  # characters; less is a teaser
_MAX_OBJECTS = 20_000
_MAX_BLOCKS = 500  # of one article

_PUSH = re.compile(r"self\.__next_f\.push\(\s*(\[.*\])\s*\)", re.DOTALL)
_FLIGHT_ROW = re.compile(rb"(?P<id>[0-9a-f]{1,8}):(?:T(?P<length>[0-9a-f]{1,8}),)?")


def read(page: Document) -> ExtractedFields | None:
    """What the page's own data says of its article; None where it has none."""
    number = article_number(page.url)
    documents = data_of(page)
    if any(map(_is_missing, documents)):
        return ExtractedFields(is_missing=True)
    posts = [post for data in documents if isinstance(post := at(data, site.POST_PATH.value), dict)]
    for post in posts:
        if number is None or str(post.get("id")) == number:
            return _post(post, page)
    candidates = []
    for data in documents:
        for thing in _objects(data):
            headline = next((thing[name] for name in _HEADLINES if isinstance(thing.get(name), str)), None)
            body: Any = thing.get("postContent")
            if not isinstance(body, list):
                body = next((thing[name] for name in _BODIES if _is_body(name, thing.get(name))), None)
            if headline and body is not None and (rank := _rank(thing, headline, number, page)) is not None:
                candidates.append((rank, len(str(body)), thing, headline, body))
    if not candidates:
        return ExtractedFields(number=str(posts[0].get("id"))) if posts else None
    *_, thing, headline, body = max(candidates, key=lambda candidate: candidate[:2])
    return _post(thing, page) if "postContent" in thing else _by_shape(thing, headline, body, page)


def _is_missing(data: Any) -> bool:
    """Whether a page's own data says that there is no such story, whatever the answer's status."""
    if not isinstance(data, dict):
        return False
    *outer, name = site.POST_PATH.value
    holder, answer = at(data, tuple(outer)), at(data, tuple(outer[:-1]))
    is_null = isinstance(holder, dict) and name in holder and holder[name] is None
    is_refused = isinstance(answer, dict) and answer.get("success") is False and not holder
    return data.get("page") in site.ERROR_PAGES.value or is_null or is_refused


def data_of(page: Document) -> list[Any]:
    """Every JSON document that the page hands to its own scripts."""
    documents, pushed = [], []
    for _, name, text in page.scripts:
        if site.NEXT_DATA_SCRIPT.value == f"script#{name}":
            documents.append(read_json(text))
        elif site.NEXT_FLIGHT_PUSH.value in text and (match := _PUSH.search(text)):
            chunk = read_json(match[1])
            if isinstance(chunk, list) and len(chunk) > 1 and isinstance(chunk[1], str):
                pushed.append(chunk[1])
    if pushed:
        documents += _flight("".join(pushed))
    return [data for data in documents if data is not None]


def at(data: Any, path: tuple[str, ...]) -> Any:
    """The value at a path of names; None where it leads nowhere."""
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    return data


# --- the site's own names -----------------------------------------------------------------------


def _post(post: Mapping[str, Any], page: Document) -> ExtractedFields:
    """The fields of a post.

    Neither `updatedAt` is read, which moves with the view counter, nor `keywords`, which a machine makes.
    """
    blocks = [block for block in _list(post.get("postContent"))[:_MAX_BLOCKS] if isinstance(block, dict)]
    if all(isinstance(block.get("order"), int) for block in blocks):
        blocks.sort(key=lambda block: block["order"])
    kind = post.get("type")
    return ExtractedFields(
        number=str(post.get("id")),
        kind=kind if isinstance(kind, str) and kind in (site.ARTICLE_KIND.value, *site.OTHER_KINDS.value) else None,
        headline=string(post.get("title")),
        description=string(post.get("summary")),
        # A block of a type that was never seen may hold text: its markup says whether it does.
        paragraphs=[text for b in blocks if b.get("type") not in site.OTHER_BLOCKS.value for text in _texts(b)],
        credit_line=site_credit(string(post.get("writer"))),
        published=_moment(post.get("publishedAt"), page.now),
        image_url=_image(post.get("mainImage_url"), page),
        image_caption=string(post.get("mainImage_comment")),
        sections=strings(post.get("Categories")),
        keywords=strings(post.get("Tags")),
    )


def _texts(block: Mapping[str, Any]) -> list[str]:
    """A block's paragraphs: its HTML, else its plain text, one paragraph a line."""
    for name in ("content", "raw_content"):
        if isinstance(text := block.get(name), str) and (paragraphs := paragraphs_of(text)):
            return paragraphs
    return []


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _image(value: Any, page: Document) -> str | None:
    return image_url(value, base=page.url) if isinstance(value, str) else None


# --- any other shape ----------------------------------------------------------------------------


def _by_shape(thing: Mapping[str, Any], headline: str, body: Any, page: Document) -> ExtractedFields:
    image = _first(thing, _IMAGES)
    caption = _first(thing, _CAPTIONS)
    if isinstance(image, dict):
        caption = caption or _first(image, _CAPTIONS)
        image = image.get("url") or image.get("src")
    credit = _first(thing, _CREDITS)
    return ExtractedFields(
        headline=string(headline),
        description=next((text for name in _DESCRIPTIONS if (text := _other_text(thing.get(name), body))), None),
        paragraphs=_paragraphs(body),
        credit_line=site_credit(string(thing.get("writer")))
        or string(credit.get("name") if isinstance(credit, dict) else credit),
        published=_moment(_first(thing, _PUBLISHED), page.now),
        modified=_moment(_first(thing, _MODIFIED), page.now),
        image_url=_image(image, page),
        image_caption=string(caption),
        sections=strings(_first(thing, _SECTIONS)),
        keywords=strings(_first(thing, _KEYWORDS), split=True),
    )


def _flight(stream: str) -> list[Any]:
    """The values of React's flight rows, which may be cut anywhere between two pushes.

    A row is `<hex id>:<json>` up to the line's end, or `<hex id>:T<hex length>,<text>` of so many bytes; in JSON,
    `$<id>` stands for the row of that id (react-server's ReactFlightClient).
    """
    content, at = stream.encode("utf-8", "replace"), 0
    values: list[Any] = []
    texts: dict[str, str] = {}
    while at < len(content):
        match = _FLIGHT_ROW.match(content, at)
        end = content.find(b"\n", at)
        line_end = end if end >= 0 else len(content)
        if match and match["length"] is not None:
            # The next row begins where the text ends, with no line end between them.
            at = match.end() + int(match["length"], 16)
            texts[match["id"].decode()] = content[match.end() : at].decode("utf-8", "replace")
            continue
        if match:
            values.append(read_json(content[match.end() : line_end].decode("utf-8", "replace")))
        at = line_end + 1
    return [_with_texts(value, texts) for value in values]


def _with_texts(value: Any, texts: dict[str, str]) -> Any:
    """The value with the texts in it that stand in rows of their own."""
    for thing in _objects(value):
        for name, entry in thing.items():
            if isinstance(entry, str) and entry.startswith("$") and entry[1:] in texts:
                thing[name] = texts[entry[1:]]
    return value


def _other_text(value: Any, body: Any) -> str | None:
    return string(value) if isinstance(value, str) and value != body else None


def read_json(text: str) -> Any:
    """The JSON value that a text begins with; None where it begins with none."""
    try:
        return json.JSONDecoder(strict=False).raw_decode(text.strip())[0]
    except (ValueError, RecursionError):
        return None


def _objects(data: Any) -> list[dict[str, Any]]:
    """Every object below, breadth first, up to a bound."""
    found: list[dict[str, Any]] = []
    queue: deque[Any] = deque([data])
    while queue and len(found) < _MAX_OBJECTS:
        thing = queue.popleft()
        if isinstance(thing, dict):
            found.append(thing)
            queue.extend(thing.values())
        elif isinstance(thing, list):
            queue.extend(thing)
    return found


def _rank(thing: dict[str, Any], headline: str, number: str | None, page: Document) -> int | None:
    """How surely an object is this page's article: by its number, else by its headline; None where it is another's."""
    numbers = {str(thing[name]) for name in _NUMBERS if isinstance(thing.get(name), str | int)}
    if number is not None and number in numbers:
        return 2
    if fold_text(headline) in page.headings:
        return 1
    # A page that says nothing of itself is an empty shell: what has no number of its own may be its article.
    return None if page.headings or any(text.isdigit() for text in numbers) else 0


def _is_body(name: str, value: Any) -> bool:
    if name == "description" and (not isinstance(value, str) or len(value) < _LONG_DESCRIPTION):
        return False
    if isinstance(value, list):
        return bool(value) and all(isinstance(entry, str) for entry in value) and sum(map(len, value)) >= _SHORTEST_BODY
    return isinstance(value, str) and len(value) >= _SHORTEST_BODY


def _paragraphs(body: Any) -> list[str]:
    return paragraphs_of("\n".join(f"<p>{entry}</p>" for entry in body) if isinstance(body, list) else body)


def _first(thing: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((thing[name] for name in names if thing.get(name)), None)


def _moment(value: Any, now: datetime) -> datetime | None:
    if isinstance(value, str):
        return parse_date(value, now=now)
    if isinstance(value, int | float) and not isinstance(value, bool) and 1e9 < value < 1e14:
        moment = datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
        return moment if moment <= now else None
    return None
