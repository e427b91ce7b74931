"""The story's image and caption on a page without known markup."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from itertools import chain
from typing import Any

from alqahira.extraction.boilerplate import is_boilerplate
from alqahira.extraction.sources.page_text import Block, PageText
from alqahira.text.normalization import clean_line, fold_text

_LONGEST_CAPTION = 300  # characters
_CAPTIONS = frozenset({"caption", "figcaption", "figure"})  # as a node's `beside`
# The beginnings of words for what readers are asked, which may have a caption of its own.
_ASKED = ("form", "login", "modal", "newsletter", "popup", "register", "signup", "subscri")
_ASIDE = frozenset({"aside", "figcaption", "footer", "form", "header", "nav", "noscript", "script", "style"})
# «صدر الصورة، …», «التعليق على الصورة،»: who took it, and a label for screen readers.
_LABEL = re.compile(
    r"(?:صدر الصورة|مصدر الصورة|تصوير|image source|photo(?:graph)? by|©)\b|.{0,40}[،,:]$", re.IGNORECASE
)


def image(root: Any) -> Any:
    """The first image in a figure, else the first outside links and sidebars; None without any."""
    figures = (image for figure in root.iter("figure") for image in figure.iter("img"))
    others = (image for image in root.iter("img") if not is_inside(image, {*_ASIDE, "a"}))
    return next((image for image in chain(figures, others) if image.get("src")), None)


def caption(page: PageText, heading: int | None, story: Sequence[Block]) -> str | None:
    """The first caption between headline and story, else the first inside the story."""
    chosen = {id(block) for block in story}
    start = heading + 1 if heading is not None else 0
    last = max((number for number, block in enumerate(page.blocks) if id(block) in chosen), default=-1)
    title = fold_text(page.blocks[heading].text) if heading is not None else ""
    for block in page.blocks[start : last + 1]:
        if block.node.beside not in _CAPTIONS or block.link_share > 0.5 or block.chars > _LONGEST_CAPTION:
            continue
        if any(node.beside.startswith(_ASKED) for node in block.node.outer()):
            continue
        text = clean_line(block.text)
        if text and fold_text(text) != title and not is_boilerplate(text) and not _LABEL.match(text):
            return text
    return None


def is_inside(element: Any, tags: Collection[str]) -> bool:
    """Whether an element is below one with such a tag."""
    return any(ancestor.tag in tags for ancestor in element.iterancestors())
