"""Near-duplicates: a hash of the text, MinHash bands that find candidates, and the exact rule for two articles.

All on folded text, so that spelling, diacritics, tatweel and punctuation make no difference. docs/deduplication.md has
the rule and its measurements.
"""

from __future__ import annotations

import hashlib
import struct
from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from importlib import resources

from alqahira.text.lexicon import stems
from alqahira.text.normalization import fold_text

BANDS, ROWS = 32, 4  # a pair with a Jaccard of 0.55 shares a band with probability 0.95, one with 0.65 with 0.998
_SEED = 1
_SHINGLE = 3  # words
_LEAD_PARAGRAPHS = 2

# A text with every tenth word replaced has a Jaccard of 0.56 with its original. A bulletin that adds a short story to a
# long one reaches 0.67, but is 1.5 times as long.
JACCARD, LEAD, NUMBERS, LENGTH = 0.55, 0.50, 0.80, 1.5
_OPENING = 80  # words that must have the same names: the report; what follows is background
_LONGEST_NAME = 6  # words; a longer difference is another wording
_SPELLING = 0.7  # two words this much alike are one name: نتنياهو, نتانياهو


def content_hash(headline: str, body: str) -> str:
    """SHA-256 (hex) of the folded headline and body, which is the same for other spellings of a text."""
    # By paragraphs, because `fold_text` has them in its cache; the result is the same for display text.
    folded = " ".join(filter(None, map(fold_text, body.split("\n\n"))))
    return hashlib.sha256(f"{fold_text(headline)}\n{folded}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Features:
    """The parts of a body that the exact rule compares. Shingles are runs of three words."""

    shingles: frozenset[str]
    lead: frozenset[str]
    numbers: Counter[str]
    opening: tuple[str, ...]  # the first words


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Features and bands of an article, computed once, before the transaction that decides about it."""

    features: Features
    bands: tuple[int, ...]


def _shingles(words: list[str]) -> frozenset[str]:
    starts = range(max(1, len(words) - _SHINGLE + 1)) if words else ()
    return frozenset(" ".join(words[start : start + _SHINGLE]) for start in starts)


def features(body: str) -> Features:
    """The features of an article's body, whose paragraphs are separated by blank lines."""
    folded = [fold_text(paragraph) for paragraph in body.split("\n\n")]
    words = " ".join(folded).split()
    return Features(
        shingles=_shingles(words),
        lead=_shingles(" ".join(folded[:_LEAD_PARAGRAPHS]).split()),
        numbers=Counter(word for word in words if word.isdigit()),
        opening=tuple(words[:_OPENING]),
    )


def fingerprint(body: str) -> Fingerprint:
    """Features and LSH bands of an article's body."""
    compared = features(body)
    return Fingerprint(compared, _bands(compared.shingles))


def _bands(shingles: frozenset[str]) -> tuple[int, ...]:
    """One 63-bit number per band, the same on every machine; articles with an equal number are candidates."""
    from rensa import RMinHash  # a compiled module, loaded only in a crawl

    sketch = RMinHash(num_perm=BANDS * ROWS, seed=_SEED)
    sketch.update([shingle.encode() for shingle in shingles])
    signature = sketch.digest()
    keys = []
    for band in range(BANDS):
        packed = struct.pack(f"<B{ROWS}I", band, *signature[band * ROWS : (band + 1) * ROWS])
        keys.append(int.from_bytes(hashlib.blake2b(packed, digest_size=8).digest(), "big") >> 1)
    return tuple(keys)


def same_story(a: Features, b: Features) -> bool:
    """The exact rule: most shingles shared, similar lengths, each lead mostly in the other, the same numbers and names.

    The lead is compared because background paragraphs alone can reach a Jaccard of 0.76; the length because a bulletin
    holds a story and more; the numbers and names because the same sentence with others is another report.
    """
    shared = len(a.shingles & b.shingles)
    union = len(a.shingles) + len(b.shingles) - shared
    if not union or shared / union < JACCARD:
        return False
    if max(len(a.shingles), len(b.shingles)) >= LENGTH * min(len(a.shingles), len(b.shingles)):
        return False
    if min(_share(a.lead, b.shingles), _share(b.lead, a.shingles)) < LEAD:
        return False
    fewer = min(a.numbers.total(), b.numbers.total())
    if fewer and (a.numbers & b.numbers).total() / fewer < NUMBERS:
        return False
    return not _differ_in_names(a.opening, b.opening)


def _share(part: frozenset[str], whole: frozenset[str]) -> float:
    return len(part & whole) / len(part) if part else 1.0


# --- names --------------------------------------------------------------------------------------


def _differ_in_names(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    """Whether the same sentence has one name in `a` and another in `b`.

    A name of names.txt decides alone. Any other words after محافظة, اللواء and the like do if there is no other
    difference, because an editor changes those, too. The first word may be a dateline, and is not compared.
    """
    is_unlisted, is_reworded = False, False
    for operation, i, i_end, j, j_end in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if operation == "equal":
            continue
        one, other = a[i:i_end], b[j:j_end]
        if operation != "replace" or not (i and j) or max(len(one), len(other)) > _LONGEST_NAME:
            is_reworded = True
        # With a word before and after, because بيت لاهيا and بيت حانون share one.
        elif _are_other_names(_names(a[i - 1 : i_end + 1]), _names(b[j - 1 : j_end + 1])):
            return True
        elif a[i - 1] in _listed().before or {one[0], other[0]} <= _listed().before:
            is_unlisted |= not _is_other_spelling(one, other)
        else:
            is_reworded |= not all(map(str.isdigit, one + other))
    return is_unlisted and not is_reworded


@dataclass(frozen=True, slots=True)
class _Listed:
    """names.txt, folded: each name, as words, with its kind and line; and the words that a name follows."""

    names: dict[tuple[str, ...], tuple[str, int]]
    before: frozenset[str]


@cache
def _listed() -> _Listed:
    names: dict[tuple[str, ...], tuple[str, int]] = {}
    before: set[str] = set()
    kind = ""
    for number, line in enumerate((resources.files("alqahira.text") / "names.txt").read_text("utf-8").splitlines()):
        if line.startswith("["):
            kind = line.strip("[]")
        elif kind == "before":
            before.update(fold_text(line).split())
        elif line and not line.startswith("#"):
            names.update((tuple(fold_text(name).split()), (kind, number)) for name in line.split("|"))
    return _Listed(names, frozenset(before | {f"{clitic}{word}" for word in before for clitic in "بلو"}))


def _names(words: tuple[str, ...]) -> set[tuple[str, int]]:
    """Kind and line of each name of names.txt among the words; of two words before one."""
    names, found, start = _listed().names, set(), 0
    while start < len(words):
        forms = [(stem, *words[start + 1 : start + length]) for length in (2, 1) for stem in stems(words[start])]
        name = next((form for form in forms if form in names), None)
        if name:
            found.add(names[name])
        start += len(name or "-")
    return found


def _are_other_names(one: set[tuple[str, int]], other: set[tuple[str, int]]) -> bool:
    """Whether each has a name that the other has not, of the same kind."""
    return bool({kind for kind, _ in one - other} & {kind for kind, _ in other - one})


def _is_other_spelling(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    one, other = ("".join(word.removeprefix("ال") for word in words) for words in (a, b))
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= _SPELLING


def is_near_duplicate(body_a: str, body_b: str) -> bool:
    """Whether two article bodies have the same story in nearly the same words."""
    return same_story(features(body_a), features(body_b))
