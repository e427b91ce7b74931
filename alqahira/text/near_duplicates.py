"""Near-duplicates: a hash of the text, MinHash bands that find candidates, and the exact rule for two articles.

All on folded text, so that spelling, diacritics, tatweel and punctuation make no difference. docs/deduplication.md has
the rule and its measurements.
"""

from __future__ import annotations

import hashlib
import struct
from collections import Counter
from dataclasses import dataclass

from alqahira.text.normalization import fold_text

BANDS, ROWS = 32, 4  # a pair with a Jaccard of 0.55 shares a band with probability 0.95, one with 0.65 with 0.998
_SEED = 1
_SHINGLE = 3  # words
_LEAD_PARAGRAPHS = 2

# A text with every tenth word replaced has a Jaccard of 0.56 with its original. A bulletin that adds a short story to a
# long one reaches 0.67, but is 1.5 times as long.
JACCARD, LEAD, NUMBERS, LENGTH = 0.55, 0.50, 0.80, 1.5


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


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Features and bands of an article, computed once, before the transaction that decides about it."""

    features: Features
    bands: tuple[int, ...]


def _shingles(text: str) -> frozenset[str]:
    words = text.split()
    starts = range(max(1, len(words) - _SHINGLE + 1)) if words else ()
    return frozenset(" ".join(words[start : start + _SHINGLE]) for start in starts)


def features(body: str) -> Features:
    """The features of an article's body, whose paragraphs are separated by blank lines."""
    folded = [fold_text(paragraph) for paragraph in body.split("\n\n")]
    whole = " ".join(folded)
    return Features(
        shingles=_shingles(whole),
        lead=_shingles(" ".join(folded[:_LEAD_PARAGRAPHS])),
        numbers=Counter(word for word in whole.split() if word.isdigit()),
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
    """The exact rule: most shingles shared, similar lengths, each lead mostly in the other text, the same numbers.

    The lead is compared because background paragraphs alone can reach a Jaccard of 0.76; the length because a bulletin
    holds a story and more; the numbers because the same sentence with other figures is another report.
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
    return fewer == 0 or (a.numbers & b.numbers).total() / fewer >= NUMBERS


def _share(part: frozenset[str], whole: frozenset[str]) -> float:
    return len(part & whole) / len(part) if part else 1.0


def is_near_duplicate(body_a: str, body_b: str) -> bool:
    """Whether two article bodies have the same story in nearly the same words."""
    return same_story(features(body_a), features(body_b))
