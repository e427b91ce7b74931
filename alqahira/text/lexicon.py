"""The lexicon of the topic test, topics.toml, as a tree of terms; and the words of the lexicon that a text has."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import resources
from itertools import product, zip_longest
from typing import Any, NamedTuple

from alqahira.text.normalization import fold_text


class Topic(NamedTuple):
    """A topic, and the least scores of an article on it (docs/topics.md)."""

    label: str  # in Arabic
    threshold: float = 3.5  # of a headline alone
    threshold_with_lead: float = 4.0
    threshold_of_lead: float = 4.0  # where the headline has next to nothing of the topic
    # Of the strongest topic's score: a general's report of a battle is not diplomacy because it names states.
    least_share: float = 0.2


# All topics, by their names in the record.
TOPICS = {
    "defense": Topic("الدفاع", threshold_with_lead=5.5, threshold_of_lead=6.0, least_share=0.35),
    # All foreign news is full of words about states' dealings: with a lead, one of them in the headline is not enough.
    "foreign_affairs": Topic("الشؤون الخارجية", threshold_with_lead=6.0, threshold_of_lead=7.5, least_share=0.4),
}

_GAP = "…"
_CLASS_SIZE = 7


@dataclass(slots=True)
class Node:
    """A node in the tree of all terms: the words that may follow, and the weights of the term that ends here."""

    weights: dict[str, float] | None = None  # by topic; None where no term ends
    following: dict[str, Node] = field(default_factory=dict)
    after_gap: Node | None = None
    kind: str | None = None  # the class of which the term that ends here is a word
    weight: float = 0.0  # of all topics together
    # Where terms overlap, those that speak against a topic win, and those that are no evidence before them.
    least: float = -1.0


@dataclass(slots=True, eq=False)
class Rule:
    """Weights for a sentence with a word from each slot; a slot is the classes to choose from."""

    weights: dict[str, float]
    slots: list[list[str]]

    def __post_init__(self) -> None:
        if max(self.weights.values()) < 0:
            self.slots = [[*names, *map(hidden_class, names)] for names in self.slots]


@dataclass(slots=True, eq=False)
class Clue:
    """A word, or a class with so many words in a sentence, with the weights that labelled samples gave it."""

    weights: dict[str, float]
    shown: str


def hidden_class(name: str) -> str:
    """The class of a class's words within a zero or negative term: only rules against a topic ask for them."""
    return "-" + name


# --- the lexicon --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The terms as a tree over folded words and `[class]` names, with the spellings and classes of words."""

    root: Node = field(default_factory=Node)
    spelling: dict[str, str] = field(default_factory=dict)  # folded word of a term -> as the lexicon spells it
    classes: dict[str, list[str]] = field(default_factory=dict)  # folded member -> the classes it is in
    members: dict[str, str] = field(default_factory=dict)  # folded member -> as the lexicon spells it
    exceptions: dict[str, set[str]] = field(default_factory=dict)  # class -> folded words that are no members
    rules: dict[str, list[Rule]] = field(default_factory=dict)  # class -> the rules that begin with it
    alternatives: set[str] = field(default_factory=set)  # the `a|b|…` that were made classes
    clues: dict[str, Clue] = field(default_factory=dict)  # by `shortest_stem`
    class_clues: dict[str, list[tuple[int, Clue]]] = field(default_factory=dict)  # class -> least words, what they say

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
        """Add a term in the notation of topics.toml; ValueError if the same words have another weight already."""
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
            if any(node.weights.values()):
                node.weight, node.least = sum(node.weights.values()), min(0.0, *node.weights.values())

    def _alternatives(self, part: str) -> list[str]:
        """The words of `a|b_c`; many are made one class, because the tree has a branch for each combination."""
        words = [spelling for word in part.split("|") for spelling in _spellings(word)]
        singles = [word for word in words if word[0] != "[" and "_" not in word]
        if len(singles) < _CLASS_SIZE:
            return words
        if part not in self.alternatives:
            self.alternatives.add(part)
            self.add_class(part, singles)
        return [f"[{part}]", *(word for word in words if word not in singles)]

    def _next(self, node: Node, word: str) -> Node:
        if word == _GAP:
            node.after_gap = node.after_gap or Node()
            return node.after_gap
        if word.startswith("["):
            return node.following.setdefault(word, Node())
        key = fold_text(word)
        self.spelling.setdefault(key, word)
        return node.following.setdefault(key, Node())


def _spellings(word: str) -> list[str]:
    """`ي/تقصف` is a verb of either gender and of the first person: يقصف, تقصف, نقصف and أقصف."""
    prefix, slash, verb = word.partition("/")
    return [first + verb[1:] for first in (prefix, verb[0], "ن", "أ")] if slash else [word]


@cache
def lexicon() -> Lexicon:
    """The lexicon of topics.toml and topic_clues.txt, read once, also from a package in a zip."""
    files = resources.files("alqahira.text")
    data = tomllib.loads((files / "topics.toml").read_text(encoding="utf-8"))
    made = Lexicon()
    for name, members in data["classes"].items():
        made.add_class(name, members)
    for group in data["groups"]:
        for term in group["terms"]:
            made.add_term(term, _weights(group), group.get("kind"))
    for table in data.get("together", ()):
        rule = Rule(_weights(table), [slot.split("|") for slot in table["of"]])
        for name in rule.slots[0]:
            made.rules.setdefault(name, []).append(rule)
    for line in (files / "topic_clues.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            # A topic that nothing was learnt for, yet, has no column.
            shown, *hundredths = line.split("\t")
            clue = Clue(
                {topic: int(given) / 100 for topic, given in zip_longest(TOPICS, hundredths, fillvalue="0")}, shown
            )
            if shown[0] == "[":
                name, _, least = shown[1:].partition("]")
                for either in (name, hidden_class(name)):
                    made.class_clues.setdefault(either, []).append((int(least or 1), clue))
            else:
                made.clues[shortest_stem(fold(shown))] = clue
    return made


def _weights(table: dict[str, Any]) -> dict[str, float]:
    return {topic: float(table[topic]) for topic in TOPICS if topic in table}


# --- words --------------------------------------------------------------------------------------

# Folded, ة is ه, which may be a pronoun; in the words that are read it stays apart as a letter that is not Arabic.
FINAL_TA = "t"
_SHORTEST_STEM = 3
_SHORTEST_VERB, _FUTURE = 4, ("ي", "ت", "ن")
_ARTICLES = ("ال", "وال", "فال", "بال", "كال", "لل")
_PRONOUNS = ("هما", "ها", "هم", "نا", "ه")
# Dual, sound plural, their construct forms, verb endings, and the alef of the accusative.
_ENDINGS = ("تان", "تين", "ان", "ين", "ون", "تا", "تي", "وا", "ت", "ا")
_FEMININE_ENDINGS = ("تان", "تين", "تا", "تي", "ات", "ت")
# Shapes of adjectives and titles that have a masculine: عسكرية, مسلحة, سفيرة.
_FEMININE = re.compile("..+يه|م..+ه|..ي.ه")

# What two do, whatever it is: تتقاسمان, يشكلان. The class of these words has no list.
OF_TWO = "فعل اثنين"
_OF_TWO = re.compile("و?[يت]...+ان")


@lru_cache(maxsize=1 << 16)
def read_word(word: str) -> dict[str, str]:
    """The words and `[class]` names of the lexicon that a word may be a form of, each with its display text.

    The word is folded, but for `FINAL_TA`.
    """
    known, folded = lexicon(), word.replace(FINAL_TA, "ه")
    reading: dict[str, str] = {}
    for stem in stems(word):
        if stem in known.spelling:
            reading.setdefault(stem, known.spelling[stem])
        for name in known.classes.get(stem, ()):
            if folded.lstrip("وف") not in known.exceptions.get(name, ()):
                reading.setdefault(f"[{name}]", _shown_member(known.members[stem], folded))
    if _OF_TWO.fullmatch(folded) and folded not in known.members:
        reading[f"[{OF_TWO}]"] = folded
    return reading


def _shown_member(member: str, word: str) -> str:
    """A class member in the form of the text, without clitics: السعودية, مصرية."""
    feminine = "ة" if member.endswith("ي") and word.endswith("يه") else ""
    article = "ال" if word.startswith(_ARTICLES) and not member.startswith("ال") and member.endswith("ي") else ""
    return article + member + feminine


class Word(NamedTuple):
    """What the lexicon knows of a word, each with its display text."""

    reading: dict[str, str]  # as `read_word` has it
    alone: list[tuple[str, Node]]  # where it is a term by itself
    first_nodes: list[tuple[str, Node]]  # where longer terms begin with it
    second: frozenset[str]  # words and `[class]` names of which one is the next in these terms
    after_gap: frozenset[str]  # those of them that may stand after a gap
    classes: list[tuple[str, str]]  # those that have a name
    clue: Clue | None


@lru_cache(maxsize=1 << 16)
def look_up(word: str) -> Word:
    """What the lexicon knows of a word; the word is folded, but for `FINAL_TA`."""
    known, reading = lexicon(), read_word(word)
    following = known.root.following
    nodes = [(shown, following[key]) for key, shown in reading.items() if key in following]
    after_gap = frozenset(key for _, node in nodes if node.after_gap for key in node.after_gap.following)
    return Word(
        reading,
        [(shown, node) for shown, node in nodes if node.weights is not None],
        [(shown, node) for shown, node in nodes if node.following or node.after_gap],
        frozenset(key for _, node in nodes for key in node.following) | after_gap,
        after_gap,
        [(key[1:-1], shown) for key, shown in reading.items() if key[0] == "[" and "|" not in key],
        known.clues.get(shortest_stem(word)),
    )


def shortest_stem(word: str) -> str:
    """What all forms of a word have in common, more or less; the word is folded, but for `FINAL_TA`."""
    return min(stems(word), key=len)


def fold(text: str) -> str:
    """The text folded, with `FINAL_TA` for ة."""
    return fold_text(text.replace("ة", FINAL_TA))


def stems(word: str) -> Iterator[str]:
    """A folded word, and the rest of it without clitics and endings, the longest first; most are no words at all."""
    is_feminine = word.endswith(FINAL_TA)
    bases = _without_proclitics(word.replace(FINAL_TA, "ه"))
    definite = [base[2:] for base in bases if base.startswith("ال") and len(base) - 2 >= _SHORTEST_STEM]
    for base in bases + definite:
        yield base
        yield from _without_endings(base)
        if is_feminine:
            # Other words without ة are other words: الرياضة and الرياض, خلافة and خلاف.
            if _FEMININE.fullmatch(base):
                yield base[:-1]
        elif base not in definite and not base.startswith("ال"):
            for owned in _without(_PRONOUNS, base):
                yield owned
                yield from _without_endings(owned)
                if owned.endswith("ت"):
                    yield owned[:-1] + "ه"  # قمتها


def _without_proclitics(word: str) -> list[str]:
    """The word, and the rest of it without و ف, without ب ك ل, without س of a verb in the future."""
    bases = [word]
    if word[0] in "وف" and len(word) >= _SHORTEST_STEM:
        bases.append(word[1:])
    bases += [base[1:] for base in bases if base[0] == "س" and base[1:2] in _FUTURE and len(base) > _SHORTEST_VERB]
    for base in tuple(bases):
        if base.startswith("لل"):
            bases.append("ال" + base[2:])
        elif base[0] in "بكل" and len(base) > _SHORTEST_STEM:
            bases.append(base[1:])
    return bases


def _without_endings(base: str) -> Iterator[str]:
    yield from _without(_ENDINGS, base)
    for stem in _without(_FEMININE_ENDINGS, base):
        yield stem + "ه"


def _without(endings: Iterable[str], base: str) -> Iterator[str]:
    for ending in endings:
        if base.endswith(ending) and len(base) - len(ending) >= _SHORTEST_STEM:
            yield base[: -len(ending)]
