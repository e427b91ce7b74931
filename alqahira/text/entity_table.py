"""The words of states and organizations as a tree of terms, and the words of a text as that tree reads them.

countries.txt explains the notation of both tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from itertools import chain
from typing import NamedTuple

from alqahira.text.lexicon import FINAL_TA
from alqahira.text.normalization import MARKS, fold_text

TABLES = ("countries", "organizations")
# By table, what the phrases are called after which its names are not sure.
CONTEXT_OF = {table: f"before {table}" for table in TABLES}
CONTEXTS = tuple(CONTEXT_OF.values())
# The phrases that make their sentence one of history; those without a name hide such phrases.
HISTORY = "history"
# Codes that a term may stand for -> whether it means nothing else. Without codes the term hides what is in it.
Names = dict[str, bool]

# Classes of words that terms may name.
_ORIGIN, _DEFINITE_ORIGIN, _DEFINITE_FEMININE = "~", "ال~", "ال~ة"
_FIRST_NAME, _INDEFINITE, _ANY = "@", "+", "*"
_NUMBER, _PAST_YEAR = "#", "####"
_PAST_YEARS = range(1000, 1990)
_CLASSES = frozenset(
    (_ORIGIN, _DEFINITE_ORIGIN, _DEFINITE_FEMININE, _FIRST_NAME, _INDEFINITE, _ANY, _NUMBER, _PAST_YEAR)
)
_DEFINITE = {"ي": _DEFINITE_ORIGIN, FINAL_TA: _DEFINITE_FEMININE}
# Endings of adjectives of origin: gender, number, accusative.
_ENDINGS = ("", FINAL_TA, "ان", "ين", "ون", "تان", "تين", "ات", "ا")


@dataclass(slots=True, eq=False)
class Node:
    """A node in the tree of all terms: by table, the names of the term that ends here; the words that may follow."""

    names: dict[str, Names] = field(default_factory=dict)
    following: dict[str, Node] = field(default_factory=dict)

    def add(self, words: Iterable[str]) -> Node:
        """The node at the end of these words."""
        node = self
        for word in words:
            node = node.following.setdefault(word, Node())
        return node


# --- the words of a text --------------------------------------------------------------------------


class Word(NamedTuple):
    """A word as printed, and how the tree reads it.

    `keys`: its key and classes; `first`: the nodes that it leads to as the first word of a term, and `second` the keys
    that may follow it there, none at the end of a clause; `alone`: by table, the term that it is by itself, with its
    number of words.
    """

    shown: str
    keys: tuple[str, ...]
    first: tuple[Node, ...]
    second: frozenset[str]
    alone: dict[str, tuple[int, Names]]
    ends_clause: bool
    ends_sentence: bool

    def is_adjective(self) -> bool:
        """Whether it is an adjective of origin, without و and the like before it, and no name such as «ليبيا»."""
        return _ORIGIN in self.keys and not self.keys[0].endswith("ا")

    def is_surname_after(self, first: Word) -> bool:
        """Whether it is an adjective of origin after a first name: «خليل الهندي»."""
        return _DEFINITE_ORIGIN in self.keys and _FIRST_NAME in first.keys

    def with_clitics(self) -> Iterator[str]:
        """The keys of a word that begins with ال, alone and with what may be before it: «الهندي», «وللهندي»."""
        key = self.keys[0]
        for before in ("", "و", "ف"):
            yield from (before + key, before + "ب" + key, before + "ك" + key, before + "ل" + key[1:])


def words_of(text: str) -> list[Word]:
    """The words of a text, in order."""
    return list(chain.from_iterable(map(_READ.__getitem__, text.split())))


class _Readings(dict[str, tuple[Word, ...]]):
    """The words in each stretch of text without white space; each is read once, since most of them are frequent."""

    def __missing__(self, stretch: str) -> tuple[Word, ...]:
        words = tuple(_read(stretch))
        if len(stretch) <= _LONGEST_CACHED:
            if len(self) >= _MOST_CACHED:
                self.clear()
            self[stretch] = words
        return words


_READ = _Readings()
_MOST_CACHED, _LONGEST_CACHED = 1 << 15, 40  # stretches, characters
# «#كوريا_الشمالية» and «مصر2030» are two words each.
_WORD = re.compile(rf"([^\W\d_](?:[^\W\d_]|[{MARKS}\u200c])*|\d+)")
_CLAUSE_END, _SENTENCE_END = re.compile("[.,:;!?،؛؟]"), re.compile(r"[.!?؟]\W*$")
_QUOTED = re.compile("[«\"“'‘„][»\"”'’“]")
# «اليمنى», «مجرى», «كوبًا», «وجوبًا», «القُطري», «مُصرّ», which fold to Yemenite, Hungarian, Cuba, Juba, Qatari, Egypt.
_SHORT = "[ـ\u064b-\u0652]*"  # what may be printed between letters
_OTHER_WORD = re.compile(
    f"{_SHORT.join('يمنى')}$|{_SHORT.join('مجرى')}$|{_SHORT.join('كو')}{_SHORT}ب(?:\u064bا|ا\u064b)$"
    f"|{_SHORT.join('جو')}{_SHORT}ب(?:\u064bا|ا\u064b)$|ق\u064fطر|م\u064fص|مص\u0650?ر[\u064b-\u0650]?\u0651"
)
_SHORTEST_AFTER_K = 3  # letters
_PARTICLES = frozenset(
    fold_text("أن إن من عن في إلى على مع التي الذي بأن بين لأن قال قالت حول بعد قبل ضد و أو").split()
)


def _read(stretch: str) -> Iterator[Word]:
    parts = _WORD.split(stretch)  # what is between words, and the words
    for at in range(1, len(parts), 2):
        shown, before, after = parts[at], parts[at - 1][-1:], parts[at + 1]
        key = _key(shown)
        if not key:
            continue
        first = () if _OTHER_WORD.search(shown) else (*_first_nodes(key),)
        if _QUOTED.fullmatch(before + after[:1]) and (node := _tree().following.get(f"«{key}»")):
            first = (node, *first)
        ends_clause = bool(_CLAUSE_END.search(after))
        second = frozenset(() if ends_clause else chain.from_iterable(node.following for node in first))
        alone = {table: (1, names) for node in reversed(first) for table, names in node.names.items()}
        yield Word(shown, _keys(key), first, second, alone, ends_clause, bool(_SENTENCE_END.match(after)))


def _keys(key: str) -> tuple[str, ...]:
    keys = [key, *_classes().get(key, ())]
    if key.isdecimal():
        keys += [_PAST_YEAR, _NUMBER] if len(key) == 4 and int(key) in _PAST_YEARS else [_NUMBER]
    if key.startswith("ال"):
        keys.append(_ANY)
    elif not (key in _PARTICLES or (_ORIGIN in keys and key[-1] != "ا") or _is_at_a_state(key)):
        keys += [_INDEFINITE, _ANY]
    return tuple(keys)


def _is_at_a_state(key: str) -> bool:
    """Whether a word is a state's name after ب, «فندق بتركيا», and none itself, as «بنما» is."""
    following = _tree().following
    return key[0] == "ب" and key not in following and key[1:] in following and "countries" in following[key[1:]].names


def _first_nodes(key: str) -> Iterator[Node]:
    """The nodes after a first word, which may have و ف ب ك ل before it."""
    bases = [key]
    if key[0] in "وف":
        bases.append(key[1:])
    for base in tuple(bases):
        if base.startswith("لل"):
            bases.append("ال" + base[2:])
        if base[:1] in ("ب", "ل") or (base[:1] == "ك" and len(base) > _SHORTEST_AFTER_K):
            bases.append(base[1:])
    following = _tree().following
    for base in bases:
        if base:
            yield from (following[key] for key in _keys(base) if key in following)


# One mark, which a key has not, parts Jordan's capital from Oman.
_AMMAN = re.compile("ع\u064e?م(?:\u0651\u064e?|\u064e\u0651)ان"), "عمmان"


def _key(word: str) -> str:
    """The folded word with ة kept apart from ه, so that the state قطر is not in «قطرة»."""
    if "\u0651" in word:
        word = _AMMAN[0].sub(_AMMAN[1], word)
    return fold_text(word.replace("ة", FINAL_TA))


# --- the tables -----------------------------------------------------------------------------------


@cache
def codes(table: str) -> frozenset[str]:
    """All codes of one of the TABLES."""
    return frozenset(code for line in _lines(table) if line.table == table for code in line.codes)


@cache
def names(table: str) -> dict[str, str]:
    """The first word of each code of one of the TABLES: a state's name."""
    lines = [line for line in _lines(table) if line.table == table]
    return {line.codes[0]: line.terms[0].lstrip("?") for line in reversed(lines) if len(line.codes) == 1}


@cache
def _tree() -> Node:
    """The terms of both tables, and the phrases before them."""
    root = Node()
    for table in TABLES:
        for line in _lines(table):
            for term in line.terms:
                is_sure, term = not term.startswith("?"), term.lstrip("?")
                for words in _forms(term[1:]) if _ADJECTIVE.match(term) else [_phrase(term)]:
                    # Some print ه for ة.
                    for spelling in (words, [word.replace(FINAL_TA, "ه") for word in words]):
                        sure = root.add(spelling).names.setdefault(line.table, {})
                        for code in line.codes:
                            sure[code] = sure.get(code, False) or is_sure
    return root


@cache
def _classes() -> dict[str, list[str]]:
    """The classes of words that phrases may name, by key."""
    classes: dict[str, list[str]] = {}
    for text in _table("countries"):
        if text.startswith("@ "):
            for name in text[2:].split(" | "):
                classes.setdefault(_key(name), []).append(_FIRST_NAME)
    for line in _lines("countries"):
        for term in line.terms if line.codes else ():
            if _ADJECTIVE.match(term.lstrip("?")) and " " not in term:
                for (form,) in _forms(term.lstrip("?" + _ORIGIN)):
                    kinds = [_ORIGIN]
                    if form.startswith("ال") and form[-1] in _DEFINITE:
                        kinds.append(_DEFINITE[form[-1]])
                    for spelling in (form, form.replace(FINAL_TA, "ه")):
                        classes[spelling] = kinds
    return classes


class _Line(NamedTuple):
    table: str
    codes: list[str]
    terms: list[str]


_ADJECTIVE = re.compile(r"~\S")
_LINE = re.compile(r"(?P<codes>(?:[A-Z]{2} )+|(?:[a-z][a-z0-9_]+ )+|)(?:Q[0-9]+ |- |(?P<before>> )|(?P<history><-? ))?")


def _lines(file: str) -> Iterator[_Line]:
    """The lines of a table but for its first names."""
    for line in _table(file):
        if not line.startswith("@ ") and (match := _LINE.match(line)):
            terms = [term.strip() for term in line[match.end() :].split(" | ")]
            table = CONTEXT_OF[file] if match["before"] else HISTORY if match["history"] else file
            yield _Line(table, [HISTORY] if match["history"] == "< " else match["codes"].split(), terms)


def _table(table: str) -> list[str]:
    text = (resources.files("alqahira.text") / f"{table}.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def _forms(adjective: str) -> Iterator[list[str]]:
    """The words of all forms of an adjective of origin; with ال only, if it has it."""
    *before, last = map(_key, adjective.split())
    for article in ("",) if adjective.startswith("ال") else ("", "ال"):
        for ending in _ENDINGS:
            yield [*before, article + last + ending]


def _phrase(term: str) -> list[str]:
    words = []
    for word in term.split():
        key = word if word in _CLASSES else _key(word)
        words.append(f"«{key}»" if word[0] == "«" else key)
    return words
