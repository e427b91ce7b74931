"""Which topics an article is on, and the terms that say so: weighted phrases on folded words.

The lexicon, topics.toml, holds the phrases and why each group of them is there; this module knows how a phrase
is found in Arabic text and how the finds add up. docs/topics.md explains both and gives the measured precision
and recall.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from alqahira.text.lexicon import TOPICS, Evidence, Node, Reading, Together, lexicon, read_word
from alqahira.text.normalization import fold_text

# What an article is on weighs at least this share of what it is most on: what a general says of a battle is no
# diplomacy for the states it names.
LEAST_SHARE = 0.3
# News says first what it is about: a headline counts double, the rest of a body is mostly background.
HEADLINE, LEAD, BACKGROUND, KEYWORD = 2.0, 1.0, 0.2, 0.5
# Words of the body that are its lead, and words that are read at all.
LEAD_WORDS, BODY_WORDS = 40, 80

_LONGEST_GAP = 2
_SENTENCE_END = re.compile(r"(?<=[.!?؟؛])\s")


def match_topics(headline: str, body: str, keywords: Iterable[str] = ()) -> dict[str, list[str]]:
    """The topics of an article, each with the terms that decided it, most decisive first.

    Keys are names of `TOPICS`, and only those that the article is on. The terms are spelled as in the
    lexicon, not as in the text. Any of the texts may be empty; no `str` raises.
    """
    finds = list(_finds(headline, body, keywords))
    shares = {topic: _shares(topic, finds) for topic in TOPICS}
    scores = {topic: sum(share for share, _ in found) for topic, found in shares.items()}
    has_lead = bool(body.strip())
    least = LEAST_SHARE * max(scores.values())
    return {
        topic: list(dict.fromkeys(find.shown for share, find in shares[topic] if share > 0))
        for topic, rule in TOPICS.items()
        if scores[topic] >= max(least, rule.threshold_with_lead if has_lead else rule.threshold)
    }


def explain_topics(headline: str, body: str, keywords: Iterable[str] = ()) -> dict[str, dict[str, float]]:
    """For each topic every term found and its share of the score, negative ones too: why a topic holds, or does not."""
    finds = list(_finds(headline, body, keywords))
    return {topic: {find.shown: share for share, find in _shares(topic, finds)} for topic in TOPICS}


# --- the score ----------------------------------------------------------------------------------


class _Find(NamedTuple):
    """Evidence found in the article, how it reads there, and how much its place counts."""

    evidence: Evidence
    shown: str
    zone: float


def _shares(topic: str, finds: Sequence[_Find]) -> list[tuple[float, _Find]]:
    """What each term gives to the topic's score: once, from where it counts most; the largest first."""
    best: dict[int, tuple[float, _Find]] = {}
    for find in finds:
        share = (find.evidence.weights or {}).get(topic, 0.0) * find.zone
        known = best.get(id(find.evidence))
        if share and (known is None or abs(share) > abs(known[0])):
            best[id(find.evidence)] = share, find
    return sorted(best.values(), key=lambda pair: -pair[0])


def _finds(headline: str, body: str, keywords: Iterable[str]) -> Iterator[_Find]:
    yield from _finds_in(headline, HEADLINE)
    words = body.split(None, BODY_WORDS)[:BODY_WORDS]
    for sentence in _SENTENCE_END.split(" ".join(words[:LEAD_WORDS])):
        yield from _finds_in(sentence, LEAD)
    yield from _finds_in(" ".join(words[LEAD_WORDS:]), BACKGROUND)
    for keyword in keywords:
        yield from _finds_in(keyword, KEYWORD)


def _finds_in(text: str, zone: float) -> Iterator[_Find]:
    """The finds in a headline, a sentence of the lead, the background or a tag."""
    readings = [read_word(word) for word in fold_text(text).split()]
    terms, free = _terms_in(readings)
    for node, shown, _ in terms:
        yield _Find(node, shown, zone)
    if zone in (HEADLINE, LEAD):
        yield from (_Find(rule, shown, zone) for rule, shown in _together_in(readings, terms, free))


# --- finding terms ------------------------------------------------------------------------------

# The end of a term in the tree, the positions of its words (not of a gap's), and how each reads.
_Match = tuple[Node, tuple[int, ...], tuple[str, ...]]


# A term with how it reads and where its words are.
_Term = tuple[Node, str, tuple[int, ...]]
# A word of a class, or a term that counts as one: where it is and how it reads.
_Word = tuple[tuple[int, ...], str]


def _terms_in(readings: Sequence[Reading]) -> tuple[list[_Term], set[int]]:
    """The terms in a sentence, no word part of two, and the positions that none of them speaks against."""
    matches: list[_Match] = []
    for position, reading in enumerate(readings):
        for node, shown in reading.starts:
            _follow(node, readings, position + 1, (position,), (shown,), matches)
    matches.sort(key=_precedence)
    taken: set[int] = set()
    free = set(range(len(readings)))
    found = []
    for node, positions, spelled in matches:
        if taken.isdisjoint(positions):
            taken.update(positions)
            found.append((node, " ".join(spelled), positions))
            if node.precedence[1] >= 0:
                free.difference_update(positions)
    return found, free


def _together_in(readings: Sequence[Reading], terms: Iterable[_Term], free: set[int]) -> Iterator[tuple[Together, str]]:
    """The rules of which each slot has its own word in the sentence, with these words."""
    words: dict[str, list[_Word]] = {}
    for node, shown, positions in terms:
        if node.kind is not None:
            words.setdefault(node.kind, []).append((positions, shown))
    for position, reading in enumerate(readings):
        if position in free:
            for kind, shown in reading.kinds:
                words.setdefault(kind, []).append(((position,), shown))
    for rule in lexicon().together:
        chosen = _filled(rule.slots, words, ())
        if chosen:
            yield rule, " + ".join(shown for _, shown in chosen)


def _filled(
    slots: tuple[tuple[str, ...], ...], words: dict[str, list[_Word]], chosen: tuple[_Word, ...]
) -> tuple[_Word, ...]:
    """A word for each slot, all of them different; empty where there is none."""
    if not slots:
        return chosen
    for name in slots[0]:
        for word in words.get(name, ()):
            if all(set(word[0]).isdisjoint(other[0]) and word[1] != other[1] for other in chosen):
                filled = _filled(slots[1:], words, (*chosen, word))
                if filled:
                    return filled
    return ()


def _follow(
    node: Node,
    readings: Sequence[Reading],
    position: int,
    positions: tuple[int, ...],
    spelled: tuple[str, ...],
    matches: list[_Match],
) -> None:
    """Adds every term to `matches` that goes on at `position` from `node`."""
    if node.weights is not None:
        matches.append((node, positions, spelled))
    if node.following and position < len(readings):
        _step(node.following, readings, position, positions, spelled, matches)
    if node.after_gap is not None:
        for here in range(position, min(position + _LONGEST_GAP + 1, len(readings))):
            _step(node.after_gap.following, readings, here, positions, spelled, matches)


def _step(
    following: dict[str, Node],
    readings: Sequence[Reading],
    here: int,
    positions: tuple[int, ...],
    spelled: tuple[str, ...],
    matches: list[_Match],
) -> None:
    """Follows what of `following` the word at `here` can stand for."""
    keys = readings[here].keys
    if keys.keys().isdisjoint(following.keys()):  # nearly always
        return
    # A word stands for few keys, while many words may follow.
    for key, shown in keys.items():
        node = following.get(key)
        if node is not None:
            _follow(node, readings, here + 1, (*positions, here), (*spelled, shown), matches)


def _precedence(match: _Match) -> tuple[int, tuple[float, float], int]:
    """Longer terms first, since a phrase says more than its words; among equals those that speak against a topic."""
    node, positions, _ = match
    return -len(positions), node.precedence, positions[0]
