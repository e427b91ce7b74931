"""The headline of a page without known markup: from its headings and titles, by what they agree on.

A title in the head may bear the site's name, and may have been reworded for search engines; a heading may be the site's
name, or have a label in front of the headline.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from alqahira.extraction.sources import plain_line, strip_site_name
from alqahira.extraction.sources.blocks import HEADINGS
from alqahira.extraction.sources.page_text import Block, count_words
from alqahira.text.normalization import clean_line, fold_text

_LONGEST, _SHORTEST = 300, 2  # characters of a heading
_LONGEST_TITLE = 500  # with the space around it; the rest is not read
_SHORTEST_OTHER = 12  # of a heading that is no `h1` to `h6`
_MOST_CANDIDATES = 400
_MOST_PARAGRAPH = 200  # weight of a block that may be a heading
_LEAST_SCORE, _LEAST_H1 = 0.45, 0.2
_SAME_WORDS = 0.15  # different words of two headlines that are the same in another order
_BAR = re.compile(r"\s+[|\-–—•·:»«›‹~*]+\s+|\s*[|｜»›]+\s*|\s+::\s+")
_BAR_AFTER, _BAR_BEFORE = re.compile(r"\s*[|\-–—•·:»«~*]"), re.compile(r"[|\-–—•·»«~*]\s*$")
# Bars of a path from the site to the story, which no headline has; and a site's name in another dress.
_PATH_BAR = re.compile(r"\s*[|»›«‹]\s*")
_NAME_AND_COLON, _NAME_IN_BRACKETS = re.compile(r"^([^:]{2,60}):\s+"), re.compile(r"\s*\(([^()]{2,60})\)$")
_LONGEST_LABEL = 3  # words of a section's name
# Characters: search engines ask for headlines of at most 110, and machines cut them there.
_CUT_BY_LENGTH, _SHORTEST_CUT = 100, 20
_LONG_WORD, _SOME_WORDS = 4, 0.2  # characters; of the words of two headlines of one story


@dataclass(frozen=True, slots=True)
class Titles:
    """The titles in a page's head."""

    open_graph: str
    twitter: str
    title: str
    site_names: tuple[str, ...]

    def all(self) -> list[str]:
        return list(dict.fromkeys(filter(None, (self.open_graph, self.twitter, self.title))))


def read_titles(tree: Any, url: str) -> Titles:
    """The titles in a page's head, and the names of its site."""
    metas: dict[str, str] = {}
    for meta in tree.iter("meta"):
        name = (meta.get("property") or meta.get("name") or "").lower()
        if name in ("og:title", "twitter:title", "og:site_name", "application-name") and meta.get("content"):
            metas.setdefault(name, clean_line(meta.get("content")[:_LONGEST_TITLE]))
    title = next(tree.iter("title"), None)
    names = [metas.get("og:site_name", ""), metas.get("application-name", "")]
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    known = {fold_text(name) for name in names if name}

    def real(text: str) -> str:
        return "" if fold_text(text) in known else strip_site_name(text) or ""

    return Titles(
        open_graph=real(metas.get("og:title", "")),
        twitter=real(metas.get("twitter:title", "")),
        title=real("".join(title.itertext())[:_LONGEST_TITLE]) if title is not None else "",
        site_names=(*filter(None, names), host, host.partition(".")[0]),
    )


def find_heading(blocks: Sequence[Block], titles: Iterable[str]) -> int | None:
    """The number of the block that is the story's heading; None if the page shows none."""
    keys = [key for title in titles if (key := fold_text(title))]
    words = [frozenset(key.split()) for key in keys]
    best, found, tried = 0.0, None, 0
    for number, block in enumerate(blocks):
        if not _SHORTEST <= block.chars <= _LONGEST or tried > _MOST_CANDIDATES:
            continue
        is_heading = block.node.tag in HEADINGS
        if not is_heading and (block.link_share > 0.5 or not _SHORTEST_OTHER <= block.chars <= _MOST_PARAGRAPH):
            continue
        if not is_heading and len(block.text.split()) in (2, 3):  # the site's name in a banner; Japanese has no spaces
            continue
        bonus = (0.55 if block.node.tag == "h1" else 0.1) if is_heading else 0.0
        if bonus + (1.0 if keys else 0.0) <= best:  # a title's equal is nearly always among the first
            continue
        tried += 1
        key = fold_text(block.text)
        if not key or strip_site_name(block.text) is None:
            continue
        score = max((_likeness(key, title, own) for title, own in zip(keys, words, strict=True)), default=0.0)
        score += bonus
        if block.link_share > 0.5:
            score -= 0.3
        if block.node.tag == "h1" and count_words(key) <= 2:
            score -= 0.3
        least = _LEAST_H1 if block.node.tag == "h1" else _LEAST_SCORE
        if score >= least and score > best:
            best, found = score, number
    return found


def _likeness(key: str, title: str, title_words: frozenset[str]) -> float:
    """How much of a heading and a title is the same, 0 to 1; a title may have the site's name at either end."""
    if key == title:
        return 1.0
    words = frozenset(key.split())
    if count_words(key) >= 3 and (title.startswith(key) or title.endswith(key)) and len(key) * 2 >= len(title):
        return 0.95
    return 0.9 * len(words & title_words) / len(words | title_words)


def likeness(block: Block, titles: Iterable[str]) -> float:
    """How much of a block and of the title most like it is the same, 0 to 1."""
    key = fold_text(block.text)
    return max((_likeness(key, own, frozenset(own.split())) for own in map(fold_text, titles) if own), default=0.0)


def headline(shown: Block | None, titles: Titles, jsonld: str | None) -> str | None:
    """The headline that heading, titles and JSON-LD agree on; None without any.

    JSON-LD is made for machines and has the headline alone. The heading wins over it if it has the same words in
    another order, or if `og:title` has the heading, and `title` what JSON-LD has. One that was cut short yields to the
    whole one.
    """
    heading = (strip_site_name(plain_line(shown.text)) or "") if shown is not None else ""

    def bare(title: str) -> str:
        if _squeezed(title) in map(_squeezed, titles.site_names):
            return ""
        return heading if heading and _is_framed(title, heading) else without_site_name(title, titles.site_names)

    given = bare((jsonld or "")[:_LONGEST_TITLE])
    shared, title = bare(titles.open_graph or titles.twitter), bare(titles.title)
    is_h1 = shown is not None and shown.node.tag == "h1"
    if given:
        chosen = _with_jsonld(heading, given, shared, title) if is_h1 else given
    elif is_h1 and shared:
        chosen = _without_jsonld(heading, shared, title, is_plain=title == titles.title)
    else:
        chosen = shared or heading or title
    return next((text for text in (heading, given, shared, title) if _is_cut(chosen, text)), chosen) or None


def _with_jsonld(heading: str, given: str, shared: str, title: str) -> str:
    if _same(heading, given):
        return shared if _adds(given, shared) and not _is_labelled(given, shared) else given
    if _same(heading, shared):
        return heading if _same(given, title) or _adds(given, shared) else given
    return heading if _is_reordered(heading, given) else given


def _without_jsonld(heading: str, shared: str, title: str, *, is_plain: bool) -> str:
    """`is_plain`: `title` is all of the page's title."""
    for text in (shared, title):
        label = heading[: -len(text)].split() if text and heading.endswith(f" {text}") else []
        if 0 < len(label) <= _LONGEST_LABEL < count_words(text):
            return text
    is_agreed = shared == title or _is_framed(title, shared)
    if is_agreed and (_same(heading, shared) or heading.startswith(shared) or heading.endswith(shared)):
        return shared  # with the signs and capitals as they were written, and without what else is in the heading
    if _adds(heading, shared) or (is_plain and _same(shared, title) and _share_words(heading, shared)):
        return shared
    return _after_label(heading, shared)


def without_site_name(title: str, names: Iterable[str]) -> str:
    """A title without the names of the site at either end, and without what stands beyond them."""
    known = [key for name in names if len(key := _squeezed(name)) > 2]
    for pattern in (_NAME_AND_COLON, _NAME_IN_BRACKETS):
        if (name := pattern.search(title)) and _squeezed(name[1]) in known:
            title = title[: name.start()] + title[name.end() :]
    bars = list(_BAR.finditer(title))
    start, end = 0, len(title)
    while bars and _is_name(title[bars[-1].end() : end], known):
        end = bars.pop().start()
    while bars and _is_name(title[start : bars[0].start()], known):
        start = bars.pop(0).end()
    if len(bars) > 1 and _is_name(title[bars[-2].end() : bars[-1].start()], known):  # «headline | site | writer»
        end = bars[-2].start()
    bare = title[start:end].strip()
    return _without_sections(bare) if bare != title else bare


def _without_sections(title: str) -> str:
    """The headline at one end of a path; the title if another part is as long as a headline."""
    parts = _PATH_BAR.split(title)
    longest = max(parts, key=len)
    return longest if all(part is longest or len(part.split()) <= _LONGEST_LABEL for part in parts) else title


def _is_name(text: str, known: Iterable[str]) -> bool:
    key = _squeezed(text)
    return bool(key) and any(
        key == name or (len(key) > 4 and key in name) or (len(name) > 4 and name in key and len(key) < 2 * len(name))
        for name in known
    )


def _squeezed(text: str) -> str:
    return fold_text(text).replace(" ", "")


def _is_framed(title: str, heading: str) -> bool:
    """Whether a title is the heading and something beyond a bar."""
    if len(heading) < 8 or len(title) <= len(heading):
        return False
    after = title.startswith(heading) and _BAR_AFTER.match(title, len(heading))
    return bool(after or (title.endswith(heading) and _BAR_BEFORE.search(title[: -len(heading)])))


def _same(a: str, b: str) -> bool:
    return bool(a) and fold_text(a) == fold_text(b)


def _is_labelled(text: str, end: str) -> bool:
    return text.endswith(end) and text[: -len(end)].rstrip().endswith(":")


def _adds(longer: str, shorter: str) -> bool:
    """Whether one has all words of the other in their order, and more than an addition at its end."""
    words, rest = fold_text(shorter).split(), iter(all_words := fold_text(longer).split())
    if not 3 <= len(words) < len(all_words) or all_words[: len(words)] == words:
        return False
    return all(word in rest for word in words)


def _is_reordered(a: str, b: str) -> bool:
    key, other = fold_text(a), fold_text(b)
    words, others = set(key.split()), set(other.split())
    is_longer = key.startswith(other) or key.endswith(other)
    return not is_longer and len(words) > 3 and len(words ^ others) <= _SAME_WORDS * len(words | others)


def _share_words(a: str, b: str) -> bool:
    """Whether two headlines are of one story: a title may be the site's for all its pages."""
    words, others = ({word for word in fold_text(text).split() if len(word) >= _LONG_WORD} for text in (a, b))
    return len(words & others) >= _SOME_WORDS * min(len(words), len(others))


def _is_cut(text: str, whole: str) -> bool:
    """Whether a text is the beginning of the other, ending in dots or at the length where machines cut."""
    start = text.rstrip(" .…")
    is_dotted = text.endswith(("...", "…")) and len(start) >= _SHORTEST_CUT
    return len(whole) > len(text) and (is_dotted or len(text) >= _CUT_BY_LENGTH) and whole.startswith(start)


def _after_label(heading: str, title: str) -> str:
    """The end that a heading and a title share, each with a label of its own in front; else the heading."""
    words, others = heading.split(), title.split()
    shared = 0
    while shared < min(len(words), len(others)) and words[-1 - shared] == others[-1 - shared]:
        shared += 1
    is_label = shared >= 5 and shared > len(words) / 2 and others[len(others) - shared - 1 : len(others) - shared]
    return " ".join(words[-shared:]) if is_label and is_label[0].endswith(":") and shared < len(words) else heading
