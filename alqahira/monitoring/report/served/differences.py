"""Two texts side by side: paragraphs aligned, the words that differ marked. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

# Words of both sides of a changed passage that are compared word by word; of longer ones all are marked. Comparing
# grows with the square: at this size it takes some 0.1 s at worst.
MOST_WORDS = 8_000
MOST_PARAGRAPHS = 2_000
_WORD = re.compile(r"\S+\s*|\s+")


class Piece(NamedTuple):
    """Words in their order; `is_changed`: the other side lacks them."""

    text: str
    is_changed: bool


class Passage(NamedTuple):
    """The same place in both texts: paragraphs joined by blank lines, empty where a side has none."""

    before: list[Piece]
    after: list[Piece]

    @property
    def is_changed(self) -> bool:
        return any(piece.is_changed for piece in (*self.before, *self.after))


def compare(before: str, after: str) -> list[Passage]:
    """Both texts in passages. The pieces of a side, joined, are its paragraphs."""
    ours, theirs = before.split("\n\n"), after.split("\n\n")
    if max(len(ours), len(theirs)) > MOST_PARAGRAPHS:
        ours, theirs = [before], [after]
    return list(_passages(ours, theirs))


def compare_words(before: str, after: str) -> Passage:
    """One passage, whose words are compared. White space alone is no difference."""
    return compare_items(_WORD.findall(before), _WORD.findall(after))


def compare_items(ours: Sequence[str], theirs: Sequence[str], separators: str = "") -> Passage:
    """One passage of words or other items; white space and `separators` at their ends are no difference."""
    if len(ours) + len(theirs) > MOST_WORDS:
        return Passage(_piece(ours, is_changed=True), _piece(theirs, is_changed=True))
    one, other = ([item.rstrip().rstrip(separators) for item in items] for items in (ours, theirs))
    left: list[Piece] = []
    right: list[Piece] = []
    for kind, start, end, other_start, other_end in SequenceMatcher(None, one, other).get_opcodes():
        left += _piece(ours[start:end], is_changed=kind != "equal")
        right += _piece(theirs[other_start:other_end], is_changed=kind != "equal")
    return Passage(left, right)


def _passages(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[Passage]:
    for kind, start, end, other_start, other_end in SequenceMatcher(None, ours, theirs).get_opcodes():
        if kind == "equal":
            for paragraph in ours[start:end]:
                yield Passage(_piece([paragraph], is_changed=False), _piece([paragraph], is_changed=False))
        elif end - start == other_end - other_start:
            yield from map(compare_words, ours[start:end], theirs[other_start:other_end])
        else:
            yield compare_words("\n\n".join(ours[start:end]), "\n\n".join(theirs[other_start:other_end]))


def _piece(words: Sequence[str], *, is_changed: bool) -> list[Piece]:
    return [Piece("".join(words), is_changed)] if any(words) else []
