"""Which states and organizations an article is about, and the words that say so.

countries.txt and organizations.txt have the words, a line for each code; `entity_table` reads them. This module finds
them in Arabic text and decides which count. docs/entities.md explains both and has the measured precision and recall.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from alqahira.text.entity_table import CONTEXT_OF, CONTEXTS, HISTORY, TABLES, Names, Word, words_of

# An article is about what its headline or lead names; later words must name it this often, since most of them are
# background.
LEAD_WORDS, LEAST_MENTIONS = 60, 3
_LONGEST_TEXT = 20_000  # characters


class Entities(NamedTuple):
    """`countries` (ISO 3166-1 alpha-2) and `organizations` (codes of organizations.txt), most prominent first: those of
    the headline, then those of the body, each in the order in which they are first named.

    `mentions`: `IQ:العراقية` for each code and each different term that gave it, its words as printed, in the order of
    the codes.
    """

    countries: list[str]
    organizations: list[str]
    mentions: list[str]


def match_entities(headline: str, body: str) -> Entities:
    """The states and organizations that an article is about. Any text may be empty; no `str` raises."""
    terms: dict[str, list[_Term]] = {table: [] for table in TABLES}
    _add_terms(terms, headline)
    _add_terms(terms, body, is_body=True)
    countries, organizations = (_entities(terms[table]) for table in TABLES)
    mentions = [f"{code}:{words}" for code, shown in (countries | organizations).items() for words in shown]
    return Entities([*countries], [*organizations], mentions)


# --- the terms of a text --------------------------------------------------------------------------

# The codes that a term may stand for, its words as printed, and whether the headline or the lead has it.
_Term = tuple[Names, str, bool]


def _add_terms(terms: dict[str, list[_Term]], text: str, *, is_body: bool = False) -> None:
    """Add the longest terms of each table, from the first word on.

    In a body, what follows a phrase of place or origin, and a sentence of history, names no party by itself.
    """
    words = words_of(text[:_LONGEST_TEXT])
    free = dict.fromkeys((*TABLES, *CONTEXTS, HISTORY), 0)  # where the next term may begin
    past: set[int] = set()  # the words of sentences of history
    named: list[tuple[str, int, int, Names]] = []
    for at, word in enumerate(words):
        if not word.first:
            continue
        for table, (length, names) in _longest(words, at).items():
            if at < free[table]:
                continue
            free[table] = at + length
            if names and table == HISTORY:
                past.update(_sentence(words, at))
            elif names:
                if is_body and at and at == free[CONTEXT_OF[table]]:
                    names = dict.fromkeys(names, False)
                named.append((table, at, length, names))
    for table, at, length, names in named:
        if is_body and at in past:
            names = dict.fromkeys(names, False)
        shown = words[at].shown if length == 1 else " ".join(word.shown for word in words[at : at + length])
        terms[table].append((names, shown, at < LEAD_WORDS or not is_body))


def _sentence(words: list[Word], at: int) -> range:
    """The positions of the words in a word's sentence; none in the first sentence, which tells the news."""
    start = next((before + 1 for before in range(at - 1, -1, -1) if words[before].ends_sentence), len(words))
    end = next((after + 1 for after in range(at, len(words)) if words[after].ends_sentence), len(words))
    return range(start, end)


def _longest(words: list[Word], at: int) -> dict[str, tuple[int, Names]]:
    """By table: the number of words and the names of the longest term that begins at a word."""
    word, end = words[at], at + 1
    if end == len(words) or word.ends_clause or word.second.isdisjoint(words[end].keys):
        return word.alone
    longest, nodes = dict(word.alone), word.first
    while nodes and end < len(words) and not words[end - 1].ends_clause:
        keys = words[end].keys
        nodes = tuple(node.following[key] for node in nodes for key in keys if key in node.following)
        end += 1
        for node in reversed(nodes):  # the first has precedence
            for table, names in node.names.items():
                longest[table] = end - at, names
    return longest


# --- which count ----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Entity:
    shown: dict[str, None] = field(default_factory=dict)
    is_sure: bool = False
    is_early: bool = False
    mentions: int = 0

    @property
    def counts(self) -> bool:
        return self.is_sure and (self.is_early or self.mentions >= LEAST_MENTIONS)


def _entities(terms: list[_Term]) -> dict[str, dict[str, None]]:
    """The different terms of each code that counts, in the order of their first terms."""
    entities: dict[str, _Entity] = {}
    for names, shown, is_early in terms:
        for code, is_sure in names.items() if len(names) == 1 else _meant(names, terms):
            if code not in entities:
                entities[code] = _Entity()
            entity = entities[code]
            entity.shown[shown] = None
            entity.is_sure |= is_sure
            entity.is_early |= is_early
            entity.mentions += 1
    return {code: entity.shown for code, entity in entities.items() if entity.counts}


def _meant(names: Names, terms: list[_Term]) -> list[tuple[str, bool]]:
    """A word of several states means those without `?`, unless only another is named by another word."""
    sure = {code for others, _, _ in terms if len(others) == 1 for code, is_sure in others.items() if is_sure}
    firm = [code for code, is_sure in names.items() if is_sure]
    others = [code for code in names if code not in firm]
    if firm and sure.isdisjoint(firm):
        firm = [code for code in others if code in sure] or firm
    return [(code, True) for code in firm] or [(code, False) for code in others]
