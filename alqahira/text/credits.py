"""The credit line of an article: who wrote it and which agencies it draws on.

«القاهرة الإخبارية - وكالات», «القاهرة الإخبارية - منى السيد», «القاهرة (أ ش أ)». Each part between separators is
compared as a whole, folded, so that a sentence about an agency is no credit. The words are in credit_words.py, the
rules in docs/arabic.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from alqahira.site import BARE_TITLES
from alqahira.text import credit_words as words
from alqahira.text.normalization import clean_text, fold_text

LONGEST_CREDIT = 90  # characters, as displayed; a longer line is prose
_LONGEST_NAMED = 200  # for text from the site's own field of a credit, which may name more people
_LONGEST_INPUT = 1000  # before `clean_text`
_SEPARATOR = re.compile(r"\s*([-–—/|،,؛;()\[\]•·:+&\n]+)\s*")
_ONLY_LETTERS = re.compile(r"[^\W\d_]+(?:[ .'’]+[^\W\d_]+)*\.?")
_MOST_WORDS_OF_A_NAME = 4
_MOST_WORDS_OF_AN_AGENCY = 6
_LONE_AND = re.compile(r"(?<!\S)و (?=\S)")
_SENTENCE_END = re.compile("[؟?!]")


def _keys(printed: Iterable[str]) -> frozenset[str]:
    return frozenset(map(fold_text, printed))


# Without spaces, which do not matter in abbreviations.
_AGENCIES = {fold_text(name).replace(" ", ""): code for code, names in words.AGENCIES.items() for name in names}
_ONLY_AFTER_AGENCY_WORD = _keys(words.ONLY_AFTER_AGENCY_WORD)
_AGENCY_WORDS = _keys(words.AGENCY_WORDS)
_SOURCE_WORDS = _keys(words.SOURCE_WORDS)
_NATIONALITIES = _keys(words.NATIONALITIES)
_BARE_TITLES = _keys(BARE_TITLES.value)  # the site's name, but no credit
_SITE_NAMES = _keys(words.SITE_NAMES)
_LABELS = _keys(words.ROLES) | _SOURCE_WORDS
_ROLE_LINKS = _keys(words.ROLE_LINKS)
_PLACES = _keys([*words.PLACES, *words.PLACES_OF_TWO_WORDS])
_VERBS = _keys(words.REPORTING_VERBS)
_NAMES_WITH_WAW = _keys(words.NAMES_WITH_WAW)
_NEVER_IN_NAMES = _keys(words.NEVER_IN_NAMES)
_NAMES_WITH_ARTICLE = _keys(words.NAMES_WITH_ARTICLE)
_SERVANT = _keys(["عبد", "أبو", "بن"])


@dataclass(slots=True)
class _Credit:
    people: list[str] = field(default_factory=list)
    agencies: list[str] = field(default_factory=list)
    is_certain: bool = False  # names the site, an agency or a role


def parse_credit(line: str) -> tuple[list[str], list[str]]:
    """The people (as printed) and the agency codes of a credit line, in its order; two empty lists for prose."""
    credit = _read(line, _LONGEST_NAMED)
    return (list(dict.fromkeys(credit.people)), list(dict.fromkeys(credit.agencies))) if credit else ([], [])


def is_credit_line(text: str) -> bool:
    """Whether `text` is a credit: short, without a reporting verb, and naming the site, an agency or a role."""
    credit = _read(text, LONGEST_CREDIT)
    return credit is not None and credit.is_certain


@lru_cache(maxsize=64)  # each line is read up to three times, which would be 150 of a page's 1,900 function calls
def _read(line: str, longest: int) -> _Credit | None:
    """The credit of a line, or None for prose. It is cached: do not change it."""
    if len(line) > _LONGEST_INPUT:
        return None
    line = clean_text(line)
    if len(line) > longest or _SENTENCE_END.search(line) or fold_text(line) in _BARE_TITLES:
        return None
    credit = _Credit()
    pieces = _SEPARATOR.split(line)
    after_role = False
    for part, mark in zip(pieces[::2], [*pieces[1::2], ""], strict=True):
        if not part:
            continue
        label = _is_label(fold_text(part)) or (":" in mark and _is_role_phrase(fold_text(part).split()))
        if ":" in mark and not label:
            return None  # «رويترز: …» is a headline
        if label:
            credit.is_certain = after_role = True
        elif _read_part(part, credit, after_role=after_role):
            after_role = False
        else:
            return None
    return credit


def _is_label(key: str) -> bool:
    """«كتب», «المصدر», «تحرير وإعداد»."""
    first, *others = key.split() or [""]
    return first in _LABELS and all(other in _LABELS or other.removeprefix("و") in _LABELS for other in others)


def _is_role_phrase(keys: list[str]) -> bool:
    """«مراسل القاهرة الإخبارية في غزة», before a colon."""
    return bool(keys) and keys[0] in _LABELS and _words_of_role(keys[1:]) >= len(keys) - 1


def _read_part(part: str, credit: _Credit, *, after_role: bool) -> bool:
    """Add the names in one part to the credit; False if the part belongs to a sentence."""
    key = fold_text(part)
    if key in _SITE_NAMES:
        credit.is_certain = True
    elif codes := _agencies(key):
        credit.is_certain = True
        credit.agencies += codes
    elif key not in _PLACES:
        return _read_names(part, credit, after_role=after_role)
    return True


def _read_names(part: str, credit: _Credit, *, after_role: bool) -> bool:
    names = part.split()
    keys = [fold_text(name) for name in names]
    if any(key in _VERBS or (key[:1] in "وف" and key[1:] in _VERBS) for key in keys):
        return False
    while keys and _is_label(keys[0]):
        names, keys = names[1:], keys[1:]
        credit.is_certain = after_role = True
    if after_role:
        skipped = _words_of_role(keys)
        names, keys = names[skipped:], keys[skipped:]
    people = [name for name in _split_people(names, keys) if _is_person(name, alone_is_enough=after_role)]
    credit.people += people
    return _count(keys) <= _MOST_WORDS_OF_A_NAME or bool(people)


def _count(keys: list[str]) -> int:
    """How many words a name has; «عبد» and the next word are one."""
    return sum(key not in _SERVANT for key in keys)


def _words_of_role(keys: list[str]) -> int:
    """How many of the first words name the site or a place, as after a role: «مراسل القاهرة الإخبارية في غزة …»."""
    skipped = 0
    while skipped < len(keys):
        if " ".join(keys[skipped : skipped + 2]) in _SITE_NAMES | _PLACES:
            skipped += 2
        elif keys[skipped] in _ROLE_LINKS or keys[skipped] in _PLACES:
            skipped += 1
        else:
            break
    return skipped


def _split_people(names: list[str], keys: list[str]) -> list[str]:
    """The names of one part, split at «و», but not in a given name such as وليد."""
    people: list[list[str]] = [[]]
    for index, (name, key) in enumerate(zip(names, keys, strict=True)):
        if key == "و":
            people.append([])
        elif key[0:1] == "و" and key not in _NAMES_WITH_WAW and len(people[-1]) >= 2 and index + 1 < len(keys):
            people.append([name[1:]])
        else:
            people[-1].append(name)
    return [" ".join(person) for person in people if person]


def _is_person(name: str, *, alone_is_enough: bool) -> bool:
    keys = fold_text(name).split()
    return (
        (1 if alone_is_enough else 2) <= len(keys)
        and _count(keys) <= _MOST_WORDS_OF_A_NAME
        and _ONLY_LETTERS.fullmatch(name) is not None
        and (not name.startswith("ال") or (len(keys) > 1 and keys[0] in _NAMES_WITH_ARTICLE))
        and " ".join(keys) not in _PLACES
        and _NEVER_IN_NAMES.isdisjoint(keys)
    )


def _agencies(key: str) -> list[str]:
    """The codes of a key that is agencies joined by «و», with or without the site's name in front; [] for any other."""
    site_name = next((name for name in _SITE_NAMES if key.startswith(f"{name} ")), "")
    tokens = _LONE_AND.sub("و", key[len(site_name) :]).split()
    codes: list[str] = []
    while tokens:
        length, code = _leading_agency(tokens)
        if not code and (codes or site_name):
            length, code = _leading_agency([tokens[0].removeprefix("و"), *tokens[1:]])
        if not code:
            return []
        codes.append(code)
        tokens = tokens[length:]
    return codes


def _leading_agency(tokens: list[str]) -> tuple[int, str]:
    """The most words at the beginning that name an agency, and its code; 0 and "" for none."""
    for length in range(min(len(tokens), _MOST_WORDS_OF_AN_AGENCY), 0, -1):
        code = _agency(tokens[:length])
        if code:
            return length, code
    return 0, ""


def _agency(tokens: list[str]) -> str | None:
    while tokens and tokens[0] in _SOURCE_WORDS:
        tokens = tokens[1:]
    if code := _agency_by_name(tokens, is_alone=True):
        return code  # «وكالات الأنباء» contains one of the words removed next
    is_alone = True
    while tokens and tokens[0] in _AGENCY_WORDS:
        tokens, is_alone = tokens[1:], False
    while len(tokens) > 1 and "".join(tokens) not in _AGENCIES and tokens[-1] in _NATIONALITIES:
        tokens = tokens[:-1]
    return _agency_by_name(tokens, is_alone=is_alone)


def _agency_by_name(tokens: list[str], *, is_alone: bool) -> str | None:
    """The code of a name; `is_alone`: without «وكالة» in front."""
    return None if is_alone and " ".join(tokens) in _ONLY_AFTER_AGENCY_WORD else _AGENCIES.get("".join(tokens))
