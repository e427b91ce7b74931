"""From an element to its paragraphs: what a reader sees as a block of text, in order, without what is no body."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from alqahira.arabic import clean_text
from alqahira.boilerplate import is_boilerplate, without_label_links

# Elements that begin and end a block of text (HTML, «flow content» that browsers display as blocks).
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "blockquote",
        "center",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "footer",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hgroup",
        "hr",
        "li",
        "main",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
        "details",
        "summary",
        "br",
    ]
)
# Elements whose text is never body.
_SKIPPED = frozenset(
    [
        "script",
        "style",
        "noscript",
        "template",
        "svg",
        "math",
        "iframe",
        "object",
        "embed",
        "form",
        "button",
        "select",
        "textarea",
        "input",
        "label",
        "nav",
        "aside",
        "figure",
        "figcaption",
        "video",
        "audio",
        "canvas",
        "picture",
        "head",
        "title",
        "footer",
        "ins",
    ]
)
_MAX_NODES = 60_000


@dataclass(frozen=True, slots=True)
class Block:
    """One block of text as displayed, and what part of it is link."""

    text: str
    link_characters: int
    link_texts: tuple[str, ...] = ()


def blocks(element: Any) -> Iterator[Block]:
    """The blocks below an element in reading order; `br` parts blocks too. Text is raw."""
    buffer: list[str] = []
    links: list[str] = []

    def flush() -> Iterator[Block]:
        text = "".join(buffer)
        if text.strip():
            yield Block(text, sum(map(len, links)), tuple(links))
        buffer.clear()
        links.clear()

    anchors = 0
    # An explicit stack: a page may nest deeper than Python recurses.
    stack: list[tuple[Any, bool]] = [(element, True)]
    visited = 0
    while stack and visited < _MAX_NODES:
        node, entering = stack.pop()
        visited += 1
        tag = node.tag if isinstance(node.tag, str) else ""
        if entering:
            skipped = not tag or tag in _SKIPPED or (node is not element and _is_hidden(node))
            if tag in _BLOCKS:
                yield from flush()
            if skipped:
                if tag in _SKIPPED and tag not in ("ins", "label"):
                    yield from flush()
            else:
                anchors += tag == "a"
                if node.text:
                    buffer.append(node.text)
                    if anchors:
                        links.append(node.text)
                stack.append((node, False))
                stack.extend((child, True) for child in reversed(node))
                continue
        else:
            anchors -= tag == "a"
            if tag in _BLOCKS:
                yield from flush()
        if node is not element and node.tail:
            buffer.append(node.tail)
            if anchors:
                links.append(node.tail)
    yield from flush()


def _is_hidden(node: Any) -> bool:
    if node.get("hidden") is not None or node.get("aria-hidden") == "true":
        return True
    style = node.get("style")
    return style is not None and "display:none" in style.replace(" ", "").lower()


def paragraphs(element: Any) -> list[str]:
    """The body's paragraphs below an element as display text, boilerplate left out."""
    found = []
    for block in blocks(element):
        text = " ".join(clean_text(block.text).split())
        if not text or is_boilerplate(text, block.link_characters):
            continue
        if block.link_texts:
            text = without_label_links(text, [" ".join(clean_text(link).split()) for link in block.link_texts])
        if text:
            found.append(text)
    return found
