"""Next.js page data: `__NEXT_DATA__` (pages router, as the site has it) and `self.__next_f.push` (app router).

The article is the object at `site.POST_PATH`. If there is none, it is the object with a title and a body that has the
page's number or headline.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from alqahira import site
from alqahira.extraction.sources import LONGEST_HEADING, MOST_TAGS, Document, ExtractedFields, TooLarge
from alqahira.extraction.sources.blocks import paragraphs_of
from alqahira.extraction.sources.values import image, moment, objects, read_json, site_credit, string, strings, value_at
from alqahira.extraction.urls import article_number
from alqahira.text.normalization import fold_text

# The site's own names first; then names common in other page data.
_HEADLINES = ("title", "headline")
_BODIES = ("content", "body", "articleBody", "text", "html")
_DESCRIPTIONS = ("summary", "description", "excerpt")
_PUBLISHED = ("publishedAt", "published_at", "datePublished", "date")
_IMAGES = ("mainImage_url", "mainImage", "image", "imageUrl")
_CAPTIONS = ("mainImage_comment", "imageCaption", "caption")
# Not `updatedAt`, which moves with the site's view counter, and not `keywords`, which a machine makes.
_MODIFIED = ("modifiedAt", "dateModified")
_SECTIONS = ("Categories", "categories", "category", "section")
_KEYWORDS = ("Tags", "tags")
_NUMBERS = ("id", "newsId", "articleId")
KINDS = (site.ARTICLE_KIND.value, *site.OTHER_KINDS.value)
_TEXTS_OF_BLOCK = ("content", "raw_content")
_SHORTEST_BODY = 80  # characters; less is a teaser
_MOST_BLOCKS = 5_000  # of one article, which has some ten
_MOST_ROWS = 50_000  # of React's data on a page, which has hundreds

_PUSH = re.compile(r"self\.__next_f\.push\(\s*+(?=\[)")
_FLIGHT_ROW = re.compile(rb"(?P<id>[0-9a-f]{1,8}):(?:T(?P<length>[0-9a-f]{1,8}),)?")


def read(page: Document) -> ExtractedFields | None:
    """The fields of the article in page data; None if it has none."""
    number = article_number(page.url)
    documents = data_of(page)
    if any(map(is_missing, documents)):
        return ExtractedFields(is_missing=True)
    posts = [post for data in documents if isinstance(post := value_at(data, site.POST_PATH.value), dict)]
    for post in posts:
        if number is None or str(post.get("id")) == number:
            return fields_of(post, page.base, page.now, is_post=True)
    candidates = [
        (rank, _length(body), thing)
        for thing in objects(documents)
        if (body := _body(thing)) is not None and (rank := _rank(thing, number, page)) is not None
    ]
    if candidates:
        thing = max(candidates, key=lambda candidate: candidate[:2])[2]
        return fields_of(thing, page.base, page.now, is_post="postContent" in thing)
    return ExtractedFields(number=str(posts[0].get("id"))) if posts else None


def is_missing(data: Any) -> bool:
    """Whether page data says that there is no such story, whatever the HTTP status."""
    if not isinstance(data, dict):
        return False
    *outer, name = site.POST_PATH.value
    holder, answer = value_at(data, outer), value_at(data, outer[:-1])
    is_null = isinstance(holder, dict) and name in holder and holder[name] is None
    is_refused = isinstance(answer, dict) and answer.get("success") is False and not holder
    return data.get("page") in site.ERROR_PAGES.value or is_null or is_refused


def data_of(page: Document) -> list[Any]:
    """The JSON documents of the page for its own scripts. Raises TooLarge."""
    documents, pushed = [], []
    for _, name, text in page.scripts:
        if site.NEXT_DATA_SCRIPT.value == f"script#{name}":
            documents.append(read_json(text))
        elif site.NEXT_FLIGHT_PUSH.value in text and (match := _PUSH.search(text)):
            chunk = read_json(text[match.end() :])
            if isinstance(chunk, list) and len(chunk) > 1 and isinstance(chunk[1], str):
                pushed.append(chunk[1])
    if pushed:
        documents += _flight("".join(pushed))
    return [data for data in documents if data is not None]


# --- the fields of an object --------------------------------------------------------------------


def fields_of(thing: dict[str, Any], base: str, now: datetime, *, is_post: bool) -> ExtractedFields:
    """The fields of an object; `is_post`: it is a post of the site, with the site's own names. Raises TooLarge."""
    picture, body = _first(thing, _IMAGES), _body(thing)
    caption = _first(thing, _CAPTIONS) or (_first(picture, _CAPTIONS) if isinstance(picture, dict) else None)
    summaries = (thing.get(name) for name in _DESCRIPTIONS if thing.get(name) != body)
    return ExtractedFields(
        number=str(thing.get("id")) if is_post else None,
        kind=next((kind for kind in KINDS if is_post and thing.get("type") == kind), None),
        headline=string(_headline(thing)),
        description=next(filter(None, map(string, summaries)), None),
        paragraphs=_paragraphs(body),
        credit_line=site_credit(string(thing.get("writer"))),
        published=moment(_first(thing, _PUBLISHED[:1] if is_post else _PUBLISHED), now),
        modified=moment(_first(thing, _MODIFIED), now),
        image_url=image(picture, base),
        image_caption=string(caption),
        sections=strings(_first(thing, _SECTIONS)),
        keywords=strings(_first(thing, _KEYWORDS), split=True),
    )


def _flight(stream: str) -> list[Any]:
    """The values of React's flight rows; a push may end in the middle of a row.

    A row is `<hex id>:<json>` up to the line's end, or `<hex id>:T<hex length>,<text>` of so many bytes; in JSON,
    `$<id>` stands for the row of that id (react-server's ReactFlightClient). Raises TooLarge.
    """
    content, position = stream.encode("utf-8", "replace"), 0
    values: list[Any] = []
    texts: dict[str, str] = {}
    rows = 0
    while position < len(content):
        if (rows := rows + 1) > _MOST_ROWS:
            raise TooLarge(f"more than {_MOST_ROWS} rows of data")
        match = _FLIGHT_ROW.match(content, position)
        if match and match["length"] is not None:
            # The next row follows directly, without a line end.
            position = match.end() + int(match["length"], 16)
            texts[match["id"].decode()] = content[match.end() : position].decode("utf-8", "replace")
            continue
        end = content.find(b"\n", position)
        line_end = end if end >= 0 else len(content)
        if match:
            values.append(read_json(content[match.end() : line_end].decode("utf-8", "replace")))
        position = line_end + 1
    for thing in objects(values) if texts else ():
        for name, entry in thing.items():
            if isinstance(entry, str) and entry.startswith("$") and entry[1:] in texts:
                thing[name] = texts[entry[1:]]
    return values


def _rank(thing: dict[str, Any], number: str | None, page: Document) -> int | None:
    """2 for an object with this page's number, 1 with its headline, 0 unknown; None for another page's or none."""
    headline = _headline(thing)
    if not headline:
        return None
    numbers = {str(thing[name]) for name in _NUMBERS if isinstance(thing.get(name), str | int)}
    if number is not None and number in numbers:
        return 2
    if len(headline) <= LONGEST_HEADING and fold_text(headline) in page.headings:
        return 1
    # A page without a heading is an empty shell: an object without a number may be its article.
    return None if page.headings or any(text.isdigit() for text in numbers) else 0


def _headline(thing: dict[str, Any]) -> str | None:
    return next((text for name in _HEADLINES if isinstance(text := thing.get(name), str)), None)


def _body(thing: dict[str, Any]) -> Any:
    """The site's blocks, else a text or list of texts of at least `_SHORTEST_BODY`; None without either."""
    if isinstance(blocks := thing.get("postContent"), list):
        return blocks
    for name in _BODIES:
        value = thing.get(name)
        parts = value if isinstance(value, list) else [value]
        if all(isinstance(part, str) for part in parts) and sum(map(len, parts)) >= _SHORTEST_BODY:
            return value
    return None


def _length(body: Any) -> int:
    """The length of a body's texts, which are not copied: many objects may refer to one long text."""
    parts = body if isinstance(body, list) else [body]
    texts = (text for part in parts for text in (part.values() if isinstance(part, dict) else [part]))
    return sum(len(text) for text in texts if isinstance(text, str))


def _paragraphs(body: Any) -> list[str]:
    """The paragraphs of a body's text, texts or blocks. Raises TooLarge."""
    if isinstance(body, str):
        return paragraphs_of(body)
    if any(isinstance(part, str) for part in body or ()):
        return paragraphs_of("\n".join(f"<p>{part}</p>" for part in body))
    blocks = [block for block in body or () if isinstance(block, dict)]
    texts = (text for block in blocks for name in _TEXTS_OF_BLOCK if isinstance(text := block.get(name), str))
    most_tags = 2 * MOST_TAGS  # a block may have its text twice
    if len(blocks) > _MOST_BLOCKS or sum(text.count("<") for text in texts) > most_tags:
        raise TooLarge(f"more than {_MOST_BLOCKS} blocks of text, or {most_tags} tags in them")
    if all(isinstance(block.get("order"), int) for block in blocks):
        blocks.sort(key=lambda block: block["order"])
    # Blocks of an unknown type may hold text.
    text_blocks = (block for block in blocks if block.get("type") not in site.OTHER_BLOCKS.value)
    return [text for block in text_blocks for text in _block_paragraphs(block)]


def _block_paragraphs(block: dict[str, Any]) -> list[str]:
    """A block's paragraphs: its HTML, else its plain text, one paragraph a line."""
    texts = (block.get(name) for name in _TEXTS_OF_BLOCK)
    return next((read for text in texts if isinstance(text, str) and (read := paragraphs_of(text))), [])


def _first(thing: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((thing[name] for name in names if thing.get(name)), None)
