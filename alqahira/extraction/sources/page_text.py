"""A page without known markup as blocks of text in reading order, each with its place. Linear in the page's size."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, pairwise
from typing import Any

from lxml import etree

from alqahira.extraction.sources.blocks import HEADINGS, Line, is_caption, is_no_headline, is_part, left_out
from alqahira.extraction.sources.values import date_stamps
from alqahira.text.credits import is_picture_credit

# Elements that browsers display as blocks (HTML, flow content); custom elements, whose names have a hyphen, count too.
_BLOCKS = frozenset([
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dialog", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr",
    "html", "li", "main", "menu", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th",
    "thead", "tr", "ul",
])  # fmt: skip
# Elements whose text is no text of the page.
_NEVER = frozenset([
    "audio", "button", "canvas", "del", "embed", "head", "iframe", "input", "label", "math", "nav",
    "noscript", "object", "option", "rp", "rt", "script", "select", "style", "svg", "template", "textarea",
    "title", "video",
])  # fmt: skip
_BESIDE = frozenset({"aside", "dialog", "figcaption", "figure", "footer", "form", "header", "menu"})
_NEVER_BESIDE = frozenset({"article", "body", "html", "main"})  # by their names
_MAX_EVENTS = 40_000  # two an element; an article's page has 2,000 to 10,000
_LONGEST_NAMES = 200  # characters of class and id
# Signs of Chinese and Japanese: each says as much as two letters, and there is no space between words.
_WIDE = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
_SIGNS_OF_A_WORD = 3
_LONGEST_HEADING, _MOST_TEXTS = 300, 60  # characters; texts
_LONGEST_PIECES = 300  # characters of a block whose pieces are kept


def _words_in(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words in the classes and ids of what stands beside the running text.
_BESIDE_WORDS = _words_in(
    """
    ad ads audio author authors banner bio byline bylines caption captions carousel consent cookie cookies copyright
    correction credit credits dateline disclaimer discussion disqus embed extlinks factbox follow followus foot
    footer gallery gdpr header hidden hide iframe infobox keywords lightbox login marketing masthead menu menus
    modal mostpopular mostread nav navbar navigation navigator outbrain overlay player podcast poll popular popup
    privacy pubdate rating ratings readmore register registration replies reply respond side signup skip slider
    slideshow syndication taboola tag taglist tags teaser teasers ticker timestamp toolbar tooltip topbar topics
    trending video visually vote
    """
)
# Their first letters.
_BESIDE_STEMS = (
    "advert", "breadcrumb", "comment", "newsletter", "promo", "recirc", "recommend", "related", "share", "sharing",
    "sidebar", "social", "sponsor", "subscri",
)  # fmt: skip
# Beside these the word is about the layout: «has-sidebar», «sidebar-grid», «field-label-hidden».
_WITH, _LAYOUT = frozenset({"has", "label", "no", "with", "without"}), frozenset({"grid", "layout"})
_COMMENT_WORDS = _words_in("comment commenting comments consent cookie cookies disqus gdpr respond")
# Words that begin a class of running text, and those that end it: «articleBody», «entry-content», «story-text».
_TEXT_OF = _words_in("article blog detail details entry item main news page post single story")
_TEXT = _words_in("body content contents copy paragraph paragraphs text")
# Of a name's parts between hyphens; those with a digit inside are hashes.
_PART = re.compile(r"(?<![A-Za-z0-9])([A-Za-z]+)[0-9]*(?![A-Za-z0-9])")
_WORD = re.compile(r"[a-z]+|[A-Z][a-z]*|[A-Z]+(?![a-z])")


class Node:
    """A block element, and the numbers of the blocks of text below it."""

    __slots__ = ("beside", "chars", "children", "element", "first", "images", "in_comments", "last", "links", "names",
                 "paragraphs", "parent", "tag", "weight")  # fmt: skip

    def __init__(self, element: Any, parent: Node | None, first: int) -> None:
        self.element, self.parent, self.tag = element, parent, element.tag
        names = element.get("class") or ""
        if "-" in self.tag:  # authors name custom elements as they name classes
            names += f" {self.tag}"
        id_ = element.get("id")
        self.names = f"{names} {id_}" if id_ else names
        self.children: list[Node] = []
        # What puts it beside the running text: its tag, a word of its names, or what `running_text` finds; or "".
        self.beside = ""
        if self.tag in _BESIDE:
            self.beside = self.tag
        elif self.names and self.tag not in _NEVER_BESIDE:
            # Apart, because many elements have one class, and each has an id of its own.
            self.beside = _beside_word(names[:_LONGEST_NAMES]) or (_beside_word(id_[:_LONGEST_NAMES]) if id_ else "")
            if self.beside == "header" and self.tag in HEADINGS:  # of a part of the story
                self.beside = ""
        self.first = self.last = first
        self.in_comments = False
        self.weight = 0.0
        self.chars = self.links = self.images = self.paragraphs = 0  # `links`: characters in links

    @property
    def is_running_text(self) -> bool:
        """Whether its names say that it is the story's text."""
        return self.element.get("itemprop") == "articleBody" or _is_text_name(self.names[:_LONGEST_NAMES])

    @property
    def is_comments(self) -> bool:
        """Whether its names say that it is readers' comments, or a notice of cookies."""
        return self.tag not in _NEVER_BESIDE and _is_comment_name(self.names[:_LONGEST_NAMES])

    def holds(self, number: int | None) -> bool:
        """Whether the block of that number is below it."""
        return number is not None and self.first <= number < self.last

    def outer(self) -> Iterator[Node]:
        """The node and those around it, innermost first."""
        node: Node | None = self
        while node is not None:
            yield node
            node = node.parent


class Block:
    """A block of text: its lines, the pieces of text in a short one, and where it stands."""

    __slots__ = ("chars", "is_beside", "lines", "links", "node", "pieces", "text", "weight")

    def __init__(self, node: Node, lines: list[Line], pieces: list[str]) -> None:
        self.node, self.lines = node, lines
        if len(lines) == 1:  # nearly always
            text, links = lines[0]
        else:
            text, links = " ".join([line.text for line in lines]), tuple(link for line in lines for link in line.links)
        self.text = " ".join(text.split())
        self.chars = length(self.text)
        self.links = sum([length(" ".join(link.split())) for link in links]) if links else 0
        self.pieces = pieces if self.chars <= _LONGEST_PIECES else []
        self.weight = 0.0
        self.is_beside = False

    @property
    def link_share(self) -> float:
        """The share of its text in links, 0 to 1."""
        return min(1.0, self.links / self.chars) if self.chars else 0.0


def length(text: str) -> int:
    """The text's characters, with two for each sign of Chinese and Japanese."""
    return len(text) + (len(_WIDE.findall(text)) if _WIDE.search(text) else 0)


def count_words(text: str) -> int:
    """How many words a text has, about, also without spaces between them."""
    return len(text.split()) + (len(_WIDE.findall(text)) // _SIGNS_OF_A_WORD if _WIDE.search(text) else 0)


@dataclass(frozen=True, slots=True)
class PageText:
    """A page's block elements in document order, its blocks of text, and its dates for machines."""

    nodes: list[Node]
    blocks: list[Block]
    times: list[tuple[int, str]]  # (number of the next block, date)


@lru_cache(maxsize=4096)
def _words(names: str) -> tuple[str, ...]:
    """The words of a class or id, in lower case: «articleBody» and «article-body» have two."""
    words: list[str] = []
    for part in _PART.findall(names):
        if part.islower():
            words.append(part)
        else:  # a word of two or three letters inside may be part of a hash, such as «kxAdQp»
            pieces = [piece.lower() for piece in _WORD.findall(part)]
            words += [piece for number, piece in enumerate(pieces) if number == 0 or len(piece) > 3]
    return tuple(words)


@lru_cache(maxsize=4096)
def _beside_word(names: str) -> str:
    words = _words(names)
    for number, word in enumerate(words):
        if word in _BESIDE_WORDS or word.startswith(_BESIDE_STEMS):
            before, after = words[number - 1] if number else "", words[number + 1] if number + 1 < len(words) else ""
            if before not in _WITH and after not in _LAYOUT:
                return word
    return ""


@lru_cache(maxsize=1024)
def _is_text_name(names: str) -> bool:
    words = _words(names)
    return "articlebody" in words or any(a in _TEXT_OF and b in _TEXT for a, b in pairwise(words))


@lru_cache(maxsize=1024)
def _is_comment_name(names: str) -> bool:
    return not _COMMENT_WORDS.isdisjoint(_words(names))


def has_word(names: str, words: frozenset[str]) -> bool:
    """Whether a class or id has one of the words."""
    return not words.isdisjoint(_words(names[:_LONGEST_NAMES]))


@lru_cache(maxsize=8)
def _is_short(heading: Any) -> bool:
    """Whether a heading may be one, rather than one without its end."""
    return len("".join(islice(heading.itertext(), _MOST_TEXTS))) <= _LONGEST_HEADING


def read_text(tree: Any) -> PageText:
    """The page's text, of its first 20,000 elements."""
    at = Node(tree, None, 0)
    nodes, blocks, times = [at], list[Block](), list[tuple[int, str]]()
    lines: list[Line] = []
    texts: list[str] = []  # of the current line
    links: list[str] = []
    pieces: list[str] = []  # of the current block
    anchor: Any = None  # the link around the current element
    is_below_picture = False
    stamps = date_stamps(tree)

    def end_block() -> None:
        nonlocal lines, texts, links, pieces, is_below_picture
        if texts:
            lines.append(Line("".join(texts), tuple(links)))
            texts, links = [], []
        count = len(blocks)
        part: list[Line] = []
        for line in lines:
            if line.text and not line.text.isspace():
                part.append(line)
            elif part:  # an empty line, of two br, ends a paragraph
                blocks.append(Block(at, part, pieces))
                part = []
        if part:
            blocks.append(Block(at, part, pieces))
        lines, pieces = [], []
        if is_below_picture and len(blocks) > count:
            is_below_picture = False
            if not at.beside and is_picture_credit(blocks[-1].text):
                blocks.pop()

    walk = etree.iterwalk(tree, events=("start", "end"))
    for event, element in islice(walk, _MAX_EVENTS):
        tag = element.tag
        is_block, is_line_end = tag in _BLOCKS or "-" in tag or at.element is element, tag == "br" and event == "start"
        if at.tag in HEADINGS and at.element is not element and _is_short(at.element):  # all of it is one line
            if event == "start" and is_no_headline(element):
                walk.skip_subtree()
                continue
            if is_block or is_line_end or (event == "start" and is_part(element)):
                is_block = is_line_end = False
                texts.append(" ")
        if is_block:
            if texts or lines:
                end_block()
        elif is_line_end:
            lines.append(Line("".join(texts), tuple(links)))
            texts, links = [], []
        if event == "start":
            if tag in _NEVER or ((hidden := left_out(element)) and not is_block):
                walk.skip_subtree()
                continue
            if tag in ("p", "span") and is_caption(element):
                is_block, hidden = True, "caption"
                end_block()
            if is_block and element is not tree:
                node = Node(element, at, len(blocks))
                if hidden:
                    node.beside = hidden
                at.children.append(node)
                nodes.append(node)
                at = node
            elif tag == "a" and anchor is None and element.get("href"):
                anchor = element
            elif tag == "img":
                at.images += 1
                is_below_picture = True
            if stamps and element in stamps:
                times.append((len(blocks), stamps[element]))
            text = element.text
        else:
            if at.element is element and at.parent is not None:
                at.last = len(blocks)
                at = at.parent
            elif element is anchor:
                anchor = None
            text = element.tail
        if text and (texts or not text.isspace()):  # nearly half is space between blocks
            texts.append(text)
            pieces.append(text)
            if anchor is not None:
                links.append(text)
    end_block()
    for node in at.outer():
        node.last = len(blocks)
    return PageText(nodes, blocks, times)
