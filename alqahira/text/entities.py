"""Which states and organizations an article is about, and the words that say so.

countries.txt and organizations.txt have the words, one line for each code. This module finds them in Arabic text and
decides which count. docs/entities.md explains both and has the measured precision and recall.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import resources
from typing import NamedTuple

from alqahira.text.lexicon import FINAL_TA
from alqahira.text.normalization import fold_text

# An article is about what its headline or lead names; later words must name it this often, since most of them are
# background.
LEAD_WORDS, LEAST_MENTIONS = 60, 3
# How much a mention counts for the order.
HEADLINE, LEAD, LATER = 100, 10, 1
_LONGEST_TEXT = 20_000  # characters


class Entities(NamedTuple):
    """`countries` (ISO 3166-1 alpha-2) and `organizations` (codes of organizations.txt), most prominent first.

    `mentions`: `IQ:العراقية` for each code and each different word that gave it, as printed, in the order of the codes.
    """

    countries: list[str]
    organizations: list[str]
    mentions: list[str]


def match_entities(headline: str, body: str) -> Entities:
    """The states and organizations that an article is about. Any text may be empty; no `str` raises."""
    body = body[:_LONGEST_TEXT]
    headline_words, body_words = _words(headline), _words(body)
    countries = _ranked(_mentions(_tree("countries.txt"), headline_words, body_words))
    organizations = _ranked(_mentions(_tree("organizations.txt"), headline_words, body_words))
    mentions = [f"{code}:{word}" for code, words in (countries | organizations).items() for word in words]
    return Entities([*countries], [*organizations], mentions)


def _ranked(mentions: Iterable[_Mention]) -> dict[str, Iterable[str]]:
    """The words that gave each code that counts, the most prominent first."""
    entities: dict[str, _Entity] = {}
    for mention in mentions:
        entity = entities.setdefault(mention.code, _Entity())
        entity.score += mention.weight
        entity.later += mention.weight == LATER
        entity.is_sure |= mention.is_sure
        entity.words.setdefault(mention.shown)
    ranked = sorted(entities.items(), key=lambda pair: -pair[1].score)  # stable: among equals the first named
    return {code: entity.words for code, entity in ranked if entity.counts}


@dataclass(slots=True)
class _Entity:
    score: int = 0
    later: int = 0
    is_sure: bool = False
    words: dict[str, None] = field(default_factory=dict)

    @property
    def counts(self) -> bool:
        return self.is_sure and (self.score > self.later * LATER or self.later >= LEAST_MENTIONS)


# --- the words of a text --------------------------------------------------------------------------

_WORD = re.compile(r"[^\W_\d][\w\u064b-\u0652\u0670\u0640]*|\d+")
# The right hand and a channel of water, which fold to the Yemenite and the Hungarian.
_OTHER_WORDS = ("يمنى", "مجرى")
_JORDANS_CAPITAL = "عمّان", "عمmان"  # one mark, which a key has not, parts it from Oman
_SHORTEST_AFTER_K = 4  # letters: «كسول» is not Seoul
_BORDER = re.compile(r"(?:حدودها? مع|الحدود مع|حدود) $")
_PARTICLES = frozenset(fold_text("أن إن من عن في إلى على مع التي الذي بأن بين لأن قال قالت حول بعد قبل ضد و أو").split())


class _Mention(NamedTuple):
    code: str
    shown: str  # the words as printed
    weight: int
    is_sure: bool  # whether the words mean nothing else


def _words(text: str) -> list[re.Match[str]]:
    return [*_WORD.finditer(text)]


def _mentions(tree: _Node, headline: list[re.Match[str]], body: list[re.Match[str]]) -> Iterator[_Mention]:
    terms = [(term, HEADLINE) for term in _scan(tree, headline)]
    terms += [(term, LEAD if term.at < LEAD_WORDS else LATER) for term in _scan(tree, body, borders=True)]
    sure = {code for term, _ in terms if len(term.names) == 1 for code, is_sure in term.names.items() if is_sure}
    for term, weight in terms:
        firm = [code for code, is_sure in term.names.items() if is_sure]
        others = [code for code in term.names if code not in firm]
        # A word of two states means the one that has no `?`, unless only the other is named by another word.
        meant = [code for code in others if code in sure] if firm and sure.isdisjoint(firm) else []
        for code in meant or firm or others:
            yield _Mention(code, term.shown, weight, bool(meant or firm))


class _Term(NamedTuple):
    names: _Names
    shown: str
    at: int  # the position of its first word


def _scan(tree: _Node, words: list[re.Match[str]], *, borders: bool = False) -> Iterator[_Term]:
    """The longest terms of a text, from its first word on. `borders`: a neighbour that only says where is not sure."""
    at = 0
    while at < len(words):
        length, names = _longest(tree, words, at)
        if names:
            last = words[at + length - 1]
            if borders and at and _BORDER.search(words[at].string, words[max(0, at - 2)].start(), words[at].start()):
                names = dict.fromkeys(names, False)
            yield _Term(names, last.string[words[at].start() : last.end()], at)
        at += max(1, length)


def _longest(tree: _Node, words: list[re.Match[str]], at: int) -> tuple[int, _Names]:
    """The number of words and the names of the longest term that begins here; (0, {}) if none does."""
    best: tuple[int, _Names] = 0, {}
    for node in _first_nodes(tree, words[at][0]):
        reached, length = [node], 1
        while reached:
            for end in (node for node in reached if node.ends and length > best[0]):
                best = length, end.names
            following = words[at + length][0] if at + length < len(words) else ""
            reached = [later for node in reached for later in node.next(following)] if following else []
            length += 1
    return best


@lru_cache(maxsize=1 << 17)
def _first_nodes(tree: _Node, word: str) -> tuple[_Node, ...]:
    """The nodes after a first word, which may have و ف ب ك ل before it."""
    if word.endswith(_OTHER_WORDS):
        return ()
    key = _key(word)
    bases = [key]
    if key[:1] in ("و", "ف"):
        bases.append(key[1:])
    for base in tuple(bases):
        if base.startswith("لل"):
            bases.append("ال" + base[2:])
        elif base[:1] in ("ب", "ل") or (base[:1] == "ك" and len(base) > _SHORTEST_AFTER_K):
            bases.append(base[1:])
    return tuple(node for base in bases for node in tree.next_by_key(base))


@lru_cache(maxsize=1 << 16)
def _key(word: str) -> str:
    """The folded word with its final ة kept apart from ه, so that the state قطر is not in «قطرة»."""
    return fold_text(word.replace("ة", FINAL_TA).replace(*_JORDANS_CAPITAL))


# --- the tables -----------------------------------------------------------------------------------

_Names = dict[str, bool]  # codes that a term may stand for -> whether it means nothing else
_CLASSES = _ORIGIN, _DEFINITE_ORIGIN, _FIRST_NAME, _NUMBER, _ANY = "~", "ال~", "@", "#", "*"
# Endings of adjectives of origin: gender, number, accusative; ه is how some print ة.
_ENDINGS = ("", FINAL_TA, "ه", "ان", "ين", "ون", "تان", "تين", "ات", "ا")


@dataclass(slots=True, eq=False)
class _Node:
    """A node in the tree of all terms. Where a term `ends` without names, it hides what is in it."""

    ends: bool = False
    names: _Names = field(default_factory=dict)
    following: dict[str, _Node] = field(default_factory=dict)

    def next(self, word: str) -> list[_Node]:
        return self.next_by_key(_key(word)) if self.following else []

    def next_by_key(self, key: str) -> list[_Node]:
        keys = [key, *_classes().get(key, ())]
        if key.isdigit():
            keys.append(_NUMBER)
        if key not in _PARTICLES:
            keys.append(_ANY)
        return [self.following[key] for key in keys if key in self.following]

    def add(self, words: list[str]) -> _Node:
        node = self
        for word in words:
            node = node.following.setdefault(word, _Node())
        node.ends = True
        return node


@cache
def _tree(file: str) -> _Node:
    """The terms of a table."""
    root = _Node()
    for codes, terms in _lines(file):
        for term in terms:
            is_sure, term = not term.startswith("?"), term.lstrip("?")
            for words in _forms(term[1:]) if len(term) > 1 and term[0] == _ORIGIN else [_phrase(term)]:
                names = root.add(words).names
                for code in codes:
                    names[code] = names.get(code, False) or is_sure
    return root


@cache
def _classes() -> dict[str, list[str]]:
    """The classes of words that phrases may name, by key."""
    classes: dict[str, list[str]] = {}
    for line in _table("countries.txt"):
        if line.startswith("@ "):
            for name in line[2:].split(" | "):
                classes.setdefault(_key(name), []).append(_FIRST_NAME)
    for codes, terms in _lines("countries.txt"):
        for term in terms if codes else ():
            if _ORIGIN in term and " " not in term:
                for (form,) in _forms(term.lstrip("?" + _ORIGIN)):
                    is_definite_man = form.startswith("ال") and form.endswith("ي")
                    classes.setdefault(form, []).extend([_ORIGIN, _DEFINITE_ORIGIN][: 1 + is_definite_man])
    return classes


def _lines(file: str) -> Iterator[tuple[list[str], list[str]]]:
    """(codes, terms) of each line of a table; no codes where the terms hide what is in them."""
    for line in _table(file):
        match = _LINE.match(line)
        if match and not line.startswith("@ "):
            yield match["codes"].split(), line[match.end() :].split(" | ")


_LINE = re.compile(r"(?P<codes>(?:[A-Z]{2} )+|[a-z][a-z0-9_]+ |)(?:Q[0-9]+ |- )?")


def _table(file: str) -> list[str]:
    text = (resources.files("alqahira.text") / file).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def _forms(adjective: str) -> Iterator[list[str]]:
    """The words of all forms of an adjective of origin; with ال only, if it has it."""
    *before, last = map(_key, adjective.split())
    for article in ("",) if adjective.startswith("ال") else ("", "ال"):
        for ending in _ENDINGS:
            yield [*before, article + last + ending]


def _phrase(term: str) -> list[str]:
    return [word if word in _CLASSES else _key(word) for word in term.split()]
