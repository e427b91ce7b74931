"""The story's image and caption on a page without known markup."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from itertools import chain, islice
from typing import Any

from alqahira.extraction.boilerplate import is_boilerplate
from alqahira.extraction.sources.page_text import Block, PageText, has_word
from alqahira.extraction.urls import image_url
from alqahira.text.normalization import clean_line, fold_text

_LONGEST_CAPTION = 300  # characters
_CAPTIONS = frozenset({"caption", "figcaption", "figure"})  # as a node's `beside`
# The beginnings of words for what readers are asked, which may have a caption of its own.
_ASKED = ("form", "login", "modal", "newsletter", "popup", "register", "signup", "subscri")
_ASIDE = frozenset({"aside", "figcaption", "footer", "form", "header", "nav", "noscript", "script", "style"})
# Where scripts keep the address of an image that is loaded when it comes into view, and several of them.
_LAZY_NAMES = ("data-src", "data-original", "data-lazy-src", "data-lazy", "data-orig-file", "data-echo")
_LAZY_SETS = ("data-srcset", "data-lazy-srcset")
_PICTURE_ADDRESS = re.compile(
    r"\S{1,2000}\.(?:avif|jpe?g|png|webp)(?:[?#]\S{0,2000})?", re.IGNORECASE
)  # under any other name
_IMAGES = ("img", "amp-img")
_SMALLEST = 65  # pixels: smaller is an icon or a writer's picture
_OF_PEOPLE = frozenset({"author", "authors", "avatar", "byline", "icon", "logo", "writer"})
_CANDIDATE = re.compile(r"(?P<address>[^\s,]\S*+)(?:\s++(?P<size>\d{1,6}(?:\.\d{1,3})?)[wxh])?")
_MOST_IMAGES = 100  # of a page; of a `srcset`
# «صدر الصورة، …», «التعليق على الصورة،»: who took it, and a label for screen readers.
_LABEL = re.compile(
    r"(?:صدر الصورة|مصدر الصورة|تصوير|image source|photo(?:graph)? by|©)\b|.{0,40}[،,:]$", re.IGNORECASE
)


def image(root: Any, base: str) -> str | None:
    """The address of the first image in a figure, else of the first outside links and sidebars; None without any."""
    figures = (image for figure in root.iter("figure") for image in figure.iter(*_IMAGES))
    others = (image for image in root.iter(*_IMAGES) if not is_inside(image, {*_ASIDE, "a"}))
    return first_address((image for image in chain(figures, others) if not _is_of_people(image)), base)


def _is_of_people(image: Any) -> bool:
    """Whether an image is a writer's or a logo, by its size or by the names of it and of what is around it."""
    sizes = [image.get("width") or "", image.get("height") or ""]
    if all(size.isdecimal() and int(size[:5]) < _SMALLEST for size in sizes):
        return True
    near = (image, *islice(image.iterancestors(), 2))
    return any(has_word(element.get("class") or "", _OF_PEOPLE) for element in near)


def first_address(images: Iterable[Any], base: str) -> str | None:
    """The address of the first of some `img` elements that has any."""
    return next((address for image in islice(images, _MOST_IMAGES) if (address := _address(image, base))), None)


def _address(image: Any, base: str) -> str | None:
    """The address that a browser shows in the end: scripts and `noscript` replace the `src` of a lazy image."""
    if {image.get("width"), image.get("height")} <= {"0", "1"}:  # counts readers
        return None
    # libxml2 does not know that `source` is empty, and puts what follows into it.
    picture = next(image.iterancestors("picture"), None)
    sources = list(islice(picture.iter("source"), _MOST_IMAGES)) if picture is not None else []
    lazy = [image.get(name) for name in _LAZY_NAMES]
    lazy_sets = [element.get(name) for element in (image, *sources) for name in _LAZY_SETS]
    shown_sets = [element.get("srcset") for element in (image, *sources)]
    others = [text for name, text in image.items() if name.startswith("data-") and _PICTURE_ADDRESS.fullmatch(text)]
    candidates = chain(lazy, map(_largest, lazy_sets), others, [image.get("src")], map(_largest, shown_sets))
    for candidate in candidates:
        if candidate and (address := image_url(candidate, base=base)):
            return address
    around = picture if picture is not None else image
    beside = [element for element in (around.getnext(), around.getprevious()) if element is not None]
    inner = (image for element in beside if element.tag == "noscript" for image in element.iter("img"))
    return next((address for image in inner if (address := _address(image, base))), None)


def _largest(srcset: str | None) -> str | None:
    """The address of the widest or densest candidate of a `srcset` (HTML, «srcset attributes»)."""
    best, largest = None, -1.0
    for match in islice(_CANDIDATE.finditer(srcset or ""), _MOST_IMAGES):
        size = float(match["size"] or 1)
        if size > largest:
            best, largest = match["address"].rstrip(","), size
    return best


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
