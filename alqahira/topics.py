"""Which topics an article is on, and the terms that say so: weighted phrases on folded words.

The lexicon, topics.toml, holds the phrases and why each group of them is there; this module knows how a phrase
is found in Arabic text and how the finds add up. docs/topics.md explains both and gives the measured precision
and recall.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import resources
from itertools import product
from typing import NamedTuple

from alqahira.arabic import fold_text

TOPICS = ("defense", "foreign_affairs")

# A topic holds from this score on. Weights and zones are in units of it: see the head of topics.toml. Words of states'
# dealings fill all foreign news, so that with a lead more than one of them in the headline is asked for.
THRESHOLD = 4.0
THRESHOLD_WITH_LEAD = {"defense": 4.0, "foreign_affairs": 5.5}
# What an article is on weighs at least this share of what it is most on: what a general says of a battle is no
# diplomacy for the states it names.
LEAST_SHARE = 0.3
# News says first what it is about: a headline counts double, the rest of a body is mostly background.
HEADLINE, LEAD, BACKGROUND, KEYWORD = 2.0, 1.0, 0.2, 0.5
# Words of the body that are its lead, and words that are read at all. Reading on changed no decision that was measured.
LEAD_WORDS, BODY_WORDS = 40, 80

_GAP = "…"
_LONGEST_GAP = 2
_CLASS_SIZE = 7
_SENTENCE_END = re.compile(r"(?<=[.!?؟؛])\s")


def match_topics(headline: str, body: str, keywords: Iterable[str] = ()) -> dict[str, list[str]]:
    """The topics of an article, each with the terms that decided it, most decisive first.

    Keys are `defense` and `foreign_affairs`, and only those that the article is on. The terms are spelled as in the
    lexicon, not as in the text. Any of the texts may be empty; no `str` raises.
    """
    finds = list(_finds(headline, body, keywords))
    shares = {topic: _shares(topic, finds) for topic in TOPICS}
    scores = {topic: sum(share for share, _ in found) for topic, found in shares.items()}
    thresholds = THRESHOLD_WITH_LEAD if body.strip() else dict.fromkeys(TOPICS, THRESHOLD)
    least = LEAST_SHARE * max(scores.values())
    return {
        topic: list(dict.fromkeys(find.shown for share, find in shares[topic] if share > 0))
        for topic in TOPICS
        if scores[topic] >= max(least, thresholds[topic])
    }


def explain_topics(headline: str, body: str, keywords: Iterable[str] = ()) -> dict[str, dict[str, float]]:
    """For each topic every term found and its share of the score, negative ones too: why a topic holds, or does not."""
    finds = list(_finds(headline, body, keywords))
    return {topic: {find.shown: share for share, find in _shares(topic, finds)} for topic in TOPICS}


# --- the score ----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Evidence:
    """What a term, or several kinds of words in one sentence, weigh for each topic."""

    weights: dict[str, float] | None = None


@dataclass(slots=True)
class _Node(_Evidence):
    """A place in the tree of all terms: the words that may follow, and the weights of the term that ends here."""

    following: dict[str, _Node] = field(default_factory=dict)
    after_gap: _Node | None = None
    kind: str | None = None  # the class in which the term that ends here counts as one word
    precedence: tuple[float, float] = (0.0, 0.0)  # among terms of as many words the lowest is found


@dataclass(slots=True)
class _Together(_Evidence):
    """A rule: words of several classes weigh more in one sentence than each alone; a slot names those to choose."""

    slots: tuple[tuple[str, ...], ...] = ()


class _Find(NamedTuple):
    """Evidence found in the article, how it reads there, and how much its place counts."""

    evidence: _Evidence
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
    readings = [_reading(word) for word in fold_text(text).split()]
    terms, free = _terms_in(readings)
    for node, shown, _ in terms:
        yield _Find(node, shown, zone)
    if zone in (HEADLINE, LEAD):
        yield from (_Find(rule, shown, zone) for rule, shown in _together_in(readings, terms, free))


# --- finding terms ------------------------------------------------------------------------------

# The end of a term in the tree, the positions of its words (not of a gap's), and how each reads.
_Match = tuple[_Node, tuple[int, ...], tuple[str, ...]]


# A term with how it reads and where its words are.
_Term = tuple[_Node, str, tuple[int, ...]]
# A word of a class, or a term that counts as one: where it is and how it reads.
_Word = tuple[tuple[int, ...], str]


class _Reading(NamedTuple):
    """What a folded word can stand for, each with how it is shown."""

    keys: dict[str, str]  # words of terms and `[class]` names
    starts: tuple[tuple[_Node, str], ...]  # where terms begin with it
    kinds: tuple[tuple[str, str], ...]  # the classes that rules ask for


def _terms_in(readings: Sequence[_Reading]) -> tuple[list[_Term], set[int]]:
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


def _together_in(
    readings: Sequence[_Reading], terms: Iterable[_Term], free: set[int]
) -> Iterator[tuple[_Together, str]]:
    """The rules of which each slot has its own word in the sentence, with these words."""
    words: dict[str, list[_Word]] = {}
    for node, shown, positions in terms:
        if node.kind is not None:
            words.setdefault(node.kind, []).append((positions, shown))
    for position, reading in enumerate(readings):
        if position in free:
            for kind, shown in reading.kinds:
                words.setdefault(kind, []).append(((position,), shown))
    for rule in _lexicon().together:
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
    node: _Node,
    readings: Sequence[_Reading],
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
    following: dict[str, _Node],
    readings: Sequence[_Reading],
    here: int,
    positions: tuple[int, ...],
    spelled: tuple[str, ...],
    matches: list[_Match],
) -> None:
    """Follows what of `following` the word at `here` can stand for."""
    keys = readings[here].keys
    if keys.keys().isdisjoint(following):
        return
    for key, shown in keys.items():
        if key in following:
            _follow(following[key], readings, here + 1, (*positions, here), (*spelled, shown), matches)


def _precedence(match: _Match) -> tuple[int, tuple[float, float], int]:
    """Longer terms first, since a phrase says more than its words; among equals those that speak against a topic."""
    node, positions, _ = match
    return -len(positions), node.precedence, positions[0]


# --- words --------------------------------------------------------------------------------------

_SHORTEST_STEM = 3
_ARTICLES = ("ال", "وال", "فال", "بال", "كال", "لل")
_PRONOUNS = ("هما", "ها", "هم", "نا", "ه")
# Dual, sound plural, their construct forms, verb endings, and the alef of the accusative.
_ENDINGS = ("تان", "تين", "ان", "ين", "ون", "تا", "تي", "وا", "ت", "ا")
_FEMININE_ENDINGS = ("تان", "تين", "تا", "تي", "ات", "ت")


@lru_cache(maxsize=1 << 16)
def _reading(word: str) -> _Reading:
    """The words and classes of the lexicon that a folded word can stand for, each with how it is shown."""
    lexicon = _lexicon()
    found: dict[str, str] = {}
    for stem in _stems(word):
        if stem in lexicon.spelling:
            found.setdefault(stem, lexicon.spelling[stem])
        for name in lexicon.classes.get(stem, ()):
            if word.lstrip("وف") in lexicon.exceptions.get(name, ()):
                continue
            found.setdefault(f"[{name}]", _shown_member(lexicon.members[stem], word))
    root = lexicon.root.following
    return _Reading(
        found,
        tuple((root[key], shown) for key, shown in found.items() if key in root),
        tuple((key[1:-1], shown) for key, shown in found.items() if key[1:-1] in lexicon.kinds),
    )


def _shown_member(member: str, word: str) -> str:
    """A class member as the text has it, without its clitics: السعودية, مصرية."""
    feminine = "ة" if member.endswith("ي") and word.endswith("يه") else ""
    article = "ال" if word.startswith(_ARTICLES) and not member.startswith("ال") and member.endswith("ي") else ""
    return article + member + feminine


def _stems(word: str) -> Iterator[str]:
    """`word` and what is left of it without clitics and endings, nearest first; most are no words at all."""
    for base in _without_proclitics(word):
        yield base
        yield from _without_endings(base)
        for pronoun in _PRONOUNS:
            if base.endswith(pronoun) and len(base) - len(pronoun) >= _SHORTEST_STEM:
                owned = base[: -len(pronoun)]
                yield owned
                yield from _without_endings(owned)


def _without_proclitics(word: str) -> list[str]:
    """`word` without و ف, without ب ك ل, without ال."""
    bases = [word]
    if word[0] in "وف" and len(word) > _SHORTEST_STEM:
        bases.append(word[1:])
    for base in tuple(bases):
        if base.startswith("لل"):
            bases.append("ال" + base[2:])
        elif base[0] in "بكل" and len(base) > _SHORTEST_STEM:
            bases.append(base[1:])
    bases += [base[2:] for base in bases if base.startswith("ال") and len(base) - 2 >= _SHORTEST_STEM]
    return bases


def _without_endings(base: str) -> Iterator[str]:
    for ending in _ENDINGS:
        if base.endswith(ending) and len(base) - len(ending) >= _SHORTEST_STEM:
            yield base[: -len(ending)]
    for ending in _FEMININE_ENDINGS:
        if base.endswith(ending) and len(base) - len(ending) >= _SHORTEST_STEM:
            yield base[: -len(ending)] + "ه"


# --- the lexicon --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Lexicon:
    """The terms as a tree over folded words and `[class]` names, and what is needed to read words with it."""

    root: _Node = field(default_factory=_Node)
    spelling: dict[str, str] = field(default_factory=dict)  # folded word of a term -> as the lexicon spells it
    classes: dict[str, list[str]] = field(default_factory=dict)  # folded member -> the classes it is in
    members: dict[str, str] = field(default_factory=dict)  # folded member -> as the lexicon spells it
    exceptions: dict[str, set[str]] = field(default_factory=dict)  # class -> folded words that only look like members
    together: list[_Together] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)  # the classes that the rules of `together` ask for
    known_parts: set[str] = field(default_factory=set)  # the `a|b|…` that are classes by themselves

    def add_class(self, name: str, members: Iterable[str]) -> None:
        for member in (spelling for entry in members for spelling in _spellings(entry)):
            key = fold_text(member.lstrip("-"))
            if member.startswith("-"):
                self.exceptions.setdefault(name, set()).add(key.lstrip("وف"))
                continue
            names = self.classes.setdefault(key, [])
            if name not in names:
                names.append(name)
            self.members.setdefault(key, member)

    def add_term(self, term: str, weights: dict[str, float], kind: str | None = None) -> None:
        """`term` in the notation of topics.toml; ValueError where the same words would have two weights."""
        for alternatives in product(*map(self._alternatives, term.split())):
            words = [word for given in alternatives for word in ([given] if given[0] == "[" else given.split("_"))]
            node = self.root
            for word in words:
                node = self._next(node, word)
            node.weights = node.weights or {}
            if any(node.weights.get(topic, weight) != weight for topic, weight in weights.items()):
                raise ValueError(f"{' '.join(words)} has two weights in the lexicon")
            node.weights.update(weights)
            node.kind = kind or node.kind
            shares = node.weights.values()
            node.precedence = min(0.0, *shares) if any(shares) else -1.0, -sum(shares)

    def _alternatives(self, part: str) -> list[str]:
        """The words of `a|b_c`; one class of them where they are many, lest the tree holds every pair of such parts."""
        words = [spelling for word in part.split("|") for spelling in _spellings(word)]
        singles = [word for word in words if word[0] != "[" and "_" not in word]
        if len(singles) < _CLASS_SIZE:
            return words
        if part not in self.known_parts:
            self.known_parts.add(part)
            self.add_class(part, singles)
        return [f"[{part}]", *(word for word in words if word not in singles)]

    def _next(self, node: _Node, word: str) -> _Node:
        if word == _GAP:
            node.after_gap = node.after_gap or _Node()
            return node.after_gap
        if word.startswith("["):
            return node.following.setdefault(word, _Node())
        key = fold_text(word)
        self.spelling.setdefault(key, word)
        return node.following.setdefault(key, _Node())


def _spellings(word: str) -> list[str]:
    """`ي/تقصف` is a verb of either gender: يقصف and تقصف."""
    masculine, slash, feminine = word.partition("/")
    return [masculine + feminine[1:], feminine] if slash else [word]


@cache
def _lexicon() -> _Lexicon:
    """topics.toml, read once; from the package wherever it is installed, a zip too."""
    data = tomllib.loads((resources.files("alqahira") / "topics.toml").read_text(encoding="utf-8"))
    lexicon = _Lexicon()
    for name, members in data["classes"].items():
        lexicon.add_class(name, members)
    for group in data["groups"]:
        weights = {topic: float(group[topic]) for topic in TOPICS if topic in group}
        for term in group["terms"]:
            lexicon.add_term(term, weights, group.get("kind"))
    for rule in data.get("together", ()):
        slots = tuple(tuple(slot.split("|")) for slot in rule["of"])
        lexicon.kinds.update(*slots)
        lexicon.together.append(_Together({topic: float(rule[topic]) for topic in TOPICS if topic in rule}, slots))
    return lexicon
