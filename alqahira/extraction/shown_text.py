"""The text that a page shows to whoever opens it, to compare pages that give no article. Pure."""

from __future__ import annotations

from alqahira.extraction.decoding import decode
from alqahira.extraction.sources import TooLarge, parse_html
from alqahira.extraction.sources.blocks import visible_texts

_LONGEST = 20_000  # characters


def shown_text(body: bytes, content_type: str | None) -> str:
    """The title and the visible text of a page, at most 20,000 characters; empty if it shows nothing.

    `content_type`: the response's header.
    """
    try:
        tree = parse_html(decode(body, content_type))
    except TooLarge:
        return ""
    shown, length = [], 0
    for text in visible_texts(tree):
        shown.append(text)
        length += len(text)
        if length > _LONGEST:
            break
    return "".join(shown)[:_LONGEST]
