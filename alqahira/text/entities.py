"""Which states and organizations an article is about, and the words that say so.

countries.txt and organizations.txt have the words, a line for each code; `entity_table` reads them. This module finds
them in Arabic text and decides which count. docs/entities.md explains both and has the measured precision and recall.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate
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
    surnames = _add_terms(terms, headline) | _add_terms(terms, body, is_body=True)
    if surnames:
        terms = {table: [_unsure_if(term, surnames) for term in terms[table]] for table in TABLES}
    countries, organizations = (_entities(terms[table]) for table in TABLES)
    mentions = [f"{code}:{words}" for code, shown in (countries | organizations).items() for words in shown]
    return Entities([*countries], [*organizations], mentions)


# --- the terms of a text --------------------------------------------------------------------------

# The codes that a term may stand for, its words as printed, the key of its only one, and whether the headline or the
# lead has it.
_Term = tuple[Names, str, str, bool]
# The table that has a term, the position of its first word, the number of its words, and its names.
_Named = tuple[str, int, int, Names]
_FREE = dict.fromkeys((*TABLES, *CONTEXTS, HISTORY), 0)


def _add_terms(terms: dict[str, list[_Term]], text: str, *, is_body: bool = False) -> set[str]:
    """Add the longest terms of each table, from the first word on.

    In a body, what follows a phrase of place or origin, and a sentence of history, names no party by itself.
    Returns the keys of surnames that look like a state's adjective, with و and the like before them and without.
    """
    words = words_of(text[:_LONGEST_TEXT])
    free = _FREE.copy()  # where the next term may begin
    history: list[int] = []  # words that make their sentence one of history
    named: list[_Named] = []
    surnames: set[str] = set()
    end_of_text = len(words) - 1
    for at in [at for at, word in enumerate(words) if word.first]:
        word = words[at]
        is_alone = at == end_of_text or word.second.isdisjoint(words[at + 1].keys)
        longest = word.alone if is_alone else _longest(words, at)
        if not longest:
            continue
        for table, (length, names) in longest.items():
            end = at + length
            if at >= free[table]:
                free[table] = end
            elif table in CONTEXTS or not names:  # «كوبري تحيا» and «تحيا مصر» hide three words
                free[table] = max(free[table], end)
            else:
                continue
            if names and table == HISTORY:
                history.append(at)
            elif names:
                if is_body and at and at <= free[CONTEXT_OF[table]]:
                    names = dict.fromkeys(names, False)
                    if end < len(words) and words[end].keys[0][0] == "و" and not words[end - 1].ends_clause:
                        free[CONTEXT_OF[table]] = max(end, free[CONTEXT_OF[table]])  # «حدود مصر وليبيا»
                named.append((table, at, length, names))
            elif length > 1 and words[end - 1].is_surname_after(words[end - 2]):
                surnames.update(words[end - 1].with_clitics())
    past = _past(words, history) if is_body and history else ()
    last: _Named | None = None
    for table, at, length, names in named:
        if at in past:
            names = dict.fromkeys(names, False)
        elif last and at == last[1] + last[2] and _is_joined(words, last, (table, at, length, names)):
            names = dict.fromkeys(names, True)
        last = table, at, length, names
        shown, key = words[at].shown, words[at].keys[0]
        if length > 1:
            shown, key = " ".join(word.shown for word in words[at : at + length]), ""
        terms[table].append((names, shown, key, at < LEAD_WORDS or not is_body))
    return surnames


def _unsure_if(term: _Term, surnames: set[str]) -> _Term:
    """A surname alone, after the whole name: «خليل الهندي», then «الهندي»."""
    names, shown, key, is_early = term
    return (dict.fromkeys(names, False) if key in surnames else names), shown, key, is_early


def _is_joined(words: list[Word], last: _Named, this: _Named) -> bool:
    """Whether و joins a name with a second meaning to a sure one, that is no adjective: «النيجر ومالي»."""
    return (
        last[0] == this[0]
        and words[this[1]].keys[0][0] == "و"
        and not words[this[1] - 1].ends_clause
        and any(last[3].values())
        and not any(this[3].values())
        and not words[last[1]].is_adjective()
    )


def _past(words: list[Word], history: list[int]) -> set[int]:
    """The positions of the words in sentences of history; the first sentence, which tells the news, is none."""
    sentences = [0, *accumulate(word.ends_sentence for word in words)]  # the number of each word's
    past = {sentences[at] for at in history} - {0}
    return {at for at, sentence in enumerate(sentences) if sentence in past}


def _longest(words: list[Word], at: int) -> dict[str, tuple[int, Names]]:
    """By table: the number of words and the names of the longest term of several words that begins here, or of one."""
    longest, nodes = dict(words[at].alone), [*words[at].first]
    for end in range(at + 1, len(words)):
        keys = words[end].keys
        nodes = [node.following[key] for node in nodes for key in keys if key in node.following]
        for node in reversed(nodes):  # the first has precedence
            for table, names in node.names.items():
                longest[table] = end + 1 - at, names
        if not nodes or words[end].ends_clause:
            break
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
    sure = {code for names, _, _, _ in terms if len(names) == 1 for code, is_sure in names.items() if is_sure}
    for names, shown, _, is_early in terms:
        for code, is_sure in (names if len(names) == 1 else _meant(names, sure)).items():
            if code not in entities:
                entities[code] = _Entity()
            entity = entities[code]
            entity.shown[shown] = None
            entity.is_sure |= is_sure
            entity.is_early |= is_early
            entity.mentions += 1
    return {code: entity.shown for code, entity in entities.items() if entity.counts}


def _meant(names: Names, sure: set[str]) -> Names:
    """A word of several states means those without `?`, unless only another is `sure`: named by another word."""
    firm = [code for code, is_sure in names.items() if is_sure]
    others = [code for code in names if code not in firm]
    if firm and sure.isdisjoint(firm):
        firm = [code for code in others if code in sure] or firm
    return dict.fromkeys(firm, True) or dict.fromkeys(others, False)
