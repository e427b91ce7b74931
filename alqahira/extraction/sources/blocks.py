"""From an element to the paragraphs of the body in it, in reading order."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from lxml import etree

from alqahira.extraction.boilerplate import is_boilerplate, is_related_label, without_label_links
from alqahira.extraction.sources import MOST_TAGS, parse_html
from alqahira.text.credits import is_picture_credit
from alqahira.text.normalization import clean_line, clean_text

# Elements that browsers display as blocks (HTML, flow content).
_BLOCKS = frozenset([
    "address", "article", "aside", "blockquote", "center", "dd", "details", "div", "dl", "dt", "fieldset", "figcaption",
    "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "li", "main", "nav", "ol",
    "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
])  # fmt: skip
# Elements whose text is never body.
_SKIPPED = frozenset([
    "aside", "audio", "button", "canvas", "del", "embed", "figcaption", "figure", "footer", "form", "head", "iframe",
    "input", "label", "math", "nav", "noscript", "object", "picture", "rp", "rt", "script", "select", "style", "svg",
    "template", "textarea", "title", "video",
])  # fmt: skip
_PICTURES = frozenset(["figure", "img", "picture"])
_UNSEEN = frozenset([
    "audio", "button", "canvas", "del", "dialog", "iframe", "noscript", "object", "option", "rp", "rt", "script",
    "select", "style", "svg", "template", "textarea", "video",
])  # fmt: skip
# The classes of posts that editors paste from other platforms, and of advertisements: never body.
_EMBEDS = frozenset([
    "adsbygoogle", "bluesky-embed", "fb-post", "fb-video", "fb-xfbml-parse-ignore", "instagram-media",
    "reddit-embed-bq", "text-post-media", "tiktok-embed", "twitter-tweet", "twitter-video",
])  # fmt: skip
# Text for screen readers alone, by the classes of Bootstrap, WordPress, Drupal and others.
_HIDDEN = frozenset([
    "a11y-hidden", "screen-reader", "screen-reader-only", "screen-reader-text", "sr-only", "visually-hidden",
    "visuallyhidden",
])  # fmt: skip
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
# In a heading: what frameworks hide, icons that are words, and links of themes and of wikis.
_NO_HEADLINE = frozenset([
    "anchor", "d-none", "edit-link", "edit-section", "headerlink", "hidden", "hide", "invisible", "is-hidden",
    "material-icons", "material-symbols-outlined", "mw-editsection", "permalink", "share", "social-share",
])  # fmt: skip
_LETTER = re.compile(r"\w|¶")
_RESPONSIVE = re.compile(r"\bd-(?:sm|md|lg|xl|xxl)-|:")  # shown on some screens
_UNSEEN_STYLE = re.compile(
    r"(?:opacity|font-size|width|height):0(?![.\d])|clip:rect|(?:left|right|top|text-indent):-\d{3}"
)
_NOT_IN_HEADINGS = frozenset({"aside", "dialog", "figcaption", "figure", "form", "label", "math", "menu"})
# Editors' names of an image's caption, or of images with their captions: of WordPress, Froala, Drupal and others. Not
# of what only has one: «has-caption».
_CAPTION_NAMES = re.compile(
    r"(?<!has-)(?<!with-)(?<!no-)(?:(?<![a-z])(?:fig|image|img|media|photo|picture|wp)?-?_?caption|(?<![a-z])fr-inner"
    r"|(?<![\w-])(?:image|img|photo|picture)[-_]?(?:alt|credits?|desc(?:ription)?|source|title)(?![a-z])"
    r"|(?<![\w-])(?:photo-?|image-?)?galler(?:y|ies)(?![a-z]))",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"\s*<(?:blockquote|div|h[1-6]|ol|p|section|span|ul)(?:\s[^<>]{0,300})?>", re.IGNORECASE)
_BREAK = re.compile(r"<br\s?/?>|</p>", re.IGNORECASE)
_ENCODED = re.compile(r"&(?:amp;)*(?:lt|#0*60|#x0*3c);", re.IGNORECASE)
_MOST_ENCODED = 3  # times
_CAPTION_CODE = re.compile(r"\[caption\b[^\]]{0,500}\].{0,2000}?\[/caption\]", re.DOTALL)  # of WordPress
# A paragraph or sub-heading as the site's editor writes nearly all of them: text with nothing inside that a parser may
# change. The entities are decoded alike by libxml2 and Python.
_PLAIN_BLOCK = re.compile(
    r"[ \t\n]*+<(?P<tag>p|h5)(?: style=\"text-align:(?:center|end|justify|left|right|start);\")?+>(?P<bold><strong>)?+"
    r"(?P<text>[^<]*+)"
    r"(?(bold)</strong>)</(?P=tag)>[ \t\n]*+"
)
_OTHER_ENTITY = re.compile("&(?!(?:amp|gt|lt|nbsp|quot);)")
_CONTROLS = bytes({*range(32)} - {*b"\t\n"})  # parsers drop them or refuse them
_LONGEST_PLAIN = 60_000  # characters, which have fewer tags than are parsed
_LONGEST_CAPTION, _MOST_IMAGES, _MOST_TEXTS = 300, 50, 500  # characters; images; texts
_MAX_EVENTS = 2 * MOST_TAGS  # two an element
_NEARLY_ALL = 0.9


class Line(NamedTuple):
    """One line of a block as it is in the markup, with the texts of the links in it."""

    text: str
    links: tuple[str, ...] = ()

    @property
    def link_share(self) -> float:
        """The share of the text in links, 0 to 1, without space."""
        if not self.links:
            return 0.0
        length = len("".join(self.text.split()))
        return sum(len("".join(link.split())) for link in self.links) / length if length else 0.0


def blocks(element: Any) -> Iterator[list[Line]]:
    """The blocks of text below an element in reading order, each as its lines, which `br` ends."""
    lines: list[Line] = []
    texts: list[str] = []
    links: list[str] = []
    anchor: Any = None  # the link around the current node
    is_below_picture = False
    walk = etree.iterwalk(element, events=("start", "end"))
    for event, node in islice(walk, _MAX_EVENTS):
        if node.tag in _BLOCKS or (event == "start" and node.tag == "br"):
            if texts or lines:
                lines.append(Line("".join(texts), tuple(links)))
                texts, links = [], []
            if node.tag in _BLOCKS:
                if any(line.text.strip() for line in lines):
                    if not (is_below_picture and _is_picture_credit(lines)):
                        yield lines
                    is_below_picture = False
                lines = []
        if event == "start":
            if node.tag in _PICTURES:
                is_below_picture = True
            if node.tag in _SKIPPED or (node is not element and (left_out(node) or is_caption(node))):
                walk.skip_subtree()
                continue
            if node.tag == "a" and anchor is None:
                anchor = node
            text = node.text
        else:
            text = node.tail if node is not element else None
            if node is anchor:
                anchor = None
        if text:
            texts.append(text)
            if anchor is not None:
                links.append(text)
    lines.append(Line("".join(texts), tuple(links)))
    if any(line.text.strip() for line in lines):
        yield lines


def _is_picture_credit(lines: Sequence[Line]) -> bool:
    texts = [text for line in lines if (text := clean_line(line.text))]
    return len(texts) == 1 and is_picture_credit(texts[0])


def visible_texts(element: Any) -> Iterator[str]:
    """The texts below an element without those that nobody sees, and a space at each border of a line or block."""
    is_heading = element.tag in HEADINGS
    walk = etree.iterwalk(element, events=("start", "end"))
    for event, node in islice(walk, _MAX_EVENTS):
        if node is element:
            is_apart = is_unseen = False
        else:
            is_apart = node.tag in _BLOCKS or node.tag == "br" or "-" in node.tag
            is_unseen = False
            if event == "start":
                is_apart = is_apart or (is_heading and is_part(node))
                is_unseen = bool(left_out(node) or (is_heading and is_no_headline(node)))
        if is_apart:
            yield " "
        if event == "start":
            if node.tag in _UNSEEN or is_unseen:
                walk.skip_subtree()
            elif node.text:
                yield node.text
        elif node is not element and node.tail:
            yield node.tail


def is_no_headline(node: Any) -> bool:
    """Whether an element of a heading is no part of the headline: hidden in other ways, an icon, a link to itself."""
    if node.tag in _NOT_IN_HEADINGS or node.get("popover") is not None:
        return True
    names = node.get("class") or ""
    if names and not _NO_HEADLINE.isdisjoint(names.split()) and not _RESPONSIVE.search(names):
        return (
            _LETTER.search("".join(node.itertext())) is not None
        )  # a hidden colon is between a label and the headline
    style = node.get("style")
    return style is not None and _UNSEEN_STYLE.search(style.replace(" ", "").lower()) is not None


def is_part(node: Any) -> bool:
    """Whether an element of a heading stands apart from the text before it: a label, then the headline."""
    if "display:block" in (node.get("style") or "").replace(" ", "") or "d-block" in (node.get("class") or "").split():
        return True
    before = node.getprevious() if node.tag == "span" and node.get("class") else None
    if before is None or before.tag != "span" or not before.get("class") or before.tail:
        return False
    return (before.text or "")[-1:].isalnum() and (node.text or "")[:1].isalnum()


def left_out(node: Any) -> str:
    """ "hidden" for a hidden element, "embed" for a post of another platform, else ""."""
    if node.get("hidden") is not None or node.get("aria-hidden") == "true":
        return "hidden"
    if (names := node.get("class")) and (by_class := _left_out_by(names)):
        return by_class
    if (style := node.get("style")) is None:
        return ""
    style = style.replace(" ", "").lower()
    return "hidden" if "display:none" in style or "visibility:hidden" in style else ""


@lru_cache(maxsize=4096)
def _left_out_by(names: str) -> str:
    words = names.split()
    if not _EMBEDS.isdisjoint(words):
        return "embed"
    return "" if _HIDDEN.isdisjoint(words) else "hidden"


def is_caption(node: Any) -> bool:
    """Whether an element is named for captions, and has no more text than its images may have."""
    if not (names := node.get("class")) or not _is_named_caption(names):
        return False
    images = max(1, sum(1 for _ in islice(node.iter("img"), _MOST_IMAGES)))
    return len("".join(islice(node.itertext(), _MOST_TEXTS))) <= _LONGEST_CAPTION * images


@lru_cache(maxsize=4096)
def _is_named_caption(names: str) -> bool:
    return _CAPTION_NAMES.search(names) is not None


def paragraphs(element: Any) -> list[str]:
    """The body's paragraphs below an element as display text, without boilerplate.

    A single `br` ends a line of the paragraph; an empty line ends the paragraph.
    """
    return paragraphs_in(blocks(element))


def paragraphs_in(parts: Iterable[Sequence[Line]]) -> list[str]:
    """As `paragraphs`, of the lines of blocks."""
    body = _paragraphs_in(parts)
    if any("<" in text and _is_markup(text) for text in body):  # it was encoded as text
        inner = parse_html("<html><body>" + "".join(f"<p>{text}</p>" for text in body)).find("body")
        return _paragraphs_in(blocks(inner)) if inner is not None else body
    return body


def _is_markup(text: str) -> bool:
    """Whether a text is markup as a whole; a story may quote a tag."""
    return _MARKUP.match(text) is not None or len(_BREAK.findall(text)) > 1


def _paragraphs_in(parts: Iterable[Sequence[Line]]) -> list[str]:
    body: list[str] = []
    after_label = False
    for block in parts:
        lines: list[str] = []
        for line in [*block, Line("")]:
            text = clean_line(line.text)
            if text:
                if after_label and line.link_share >= _NEARLY_ALL:
                    continue  # a story listed under a label such as «موضوعات متعلقة»
                after_label = is_related_label(text)
                if not is_boilerplate(text, line.link_share):
                    text = without_label_links(text, [clean_line(link) for link in line.links]) if line.links else text
                    lines += [text] if text else []
            elif lines:
                body.append("\n".join(lines))
                lines = []
    return body


def _decoded(body: str) -> str:
    """Markup as such where all of it was encoded as text, once or more."""
    markup = body
    for _ in range(_MOST_ENCODED):
        if "<" in markup or not _ENCODED.search(markup):
            break
        markup = html.unescape(markup)
    return markup if _is_markup(markup) else body


@lru_cache(maxsize=16)
def plain_texts(body: str) -> list[str] | None:
    """The text of each block of a body that is nothing but plain paragraphs and sub-headings; None for any other.

    As a parser would give them, twenty times as fast. The list is cached: do not change it.
    """
    if len(body) > _LONGEST_PLAIN or any(odd in body for odd in ("[caption", "\ufffe", "\uffff")):
        return None
    try:
        encoded = body.encode()
    except UnicodeEncodeError:
        return None
    if len(encoded.translate(None, _CONTROLS)) < len(encoded) or ("&" in body and _OTHER_ENTITY.search(body)):
        return None
    texts, end = [], 0
    while block := _PLAIN_BLOCK.match(body, end):
        texts.append(block["text"])
        end = block.end()
    if not texts or end < len(body):
        return None
    return [html.unescape(text) for text in texts] if "&" in body else texts


def paragraphs_of(body: str) -> list[str]:
    """The paragraphs of a body given as markup or as lines of text."""
    if (texts := plain_texts(body)) is not None:
        lines = [line for text in texts if (line := clean_line(text)) and not is_boilerplate(line)]
        if not any("<" in line for line in lines):  # none was encoded as text
            return lines
    body = _decoded(body)
    if "<" in body:
        body = _CAPTION_CODE.sub("", body)
        element = parse_html(f"<html><body>{body}</body></html>").find("body")
        return paragraphs(element) if element is not None else []
    return [line for raw in clean_text(body).split("\n") if (line := raw.strip()) and not is_boilerplate(line)]
