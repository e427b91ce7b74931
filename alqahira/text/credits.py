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
from alqahira.text.normalization import clean_text, fold_letters, fold_text

LONGEST_CREDIT = 90  # characters, as displayed; a longer line is prose
_LONGEST_NAMED = 200  # for text from the site's own field of a credit, which may name more people
_LONGEST_INPUT = 1000  # before `clean_text`
_SEPARATOR = re.compile(r"\s*([-–—/|،,؛;()\[\]•·:+&\n…]+|\.\.+)\s*")
_ONLY_LETTERS = re.compile(r"[^\W\d_]+(?:[ .'’]+[^\W\d_]+)*\.?")
_MOST_WORDS_OF_A_NAME = 4
_MOST_WORDS_OF_AN_AGENCY = 6
_LONE_AND = re.compile(r"(?<!\S)و (?=\S)")
# Two towns or more and as many people: «القاهرة - أحمد علي، غزة - سامي حسن», «القاهرة وغزة - أحمد علي وسامي حسن».
_PAIRS = frozenset(form for n in range(2, 6) for form in ("tp" * n, "pt" * n, "t" * n + "p" * n))
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
_LABELS = _keys((*words.ROLES, *words.PICTURES)) | _SOURCE_WORDS
_ROLE_PHRASES = _keys(words.ROLE_PHRASES)
_PICTURES = _keys(words.PICTURES)
_ROLES_BEFORE_A_NAME = _keys(words.ROLES_BEFORE_A_NAME)
_TITLES = _keys(words.TITLES)
_BY_ENGLISH = re.compile(rf"(?:(?:{'|'.join(words.BY)})\s+){{0,2}}by\b\s*:?\s+(?P<names>.+)", re.IGNORECASE)
_AND_ENGLISH = re.compile(r"\s+(?:and|&|with|in)\s+", re.IGNORECASE)
_ENGLISH_ROLES = frozenset(words.ROLES_IN_ENGLISH)
_BOTH_GENDERS = re.compile(r"^(كتب)\s*/\s*ت\b")  # «كتب/ت»
_WRITERS = _keys(words.ROLES) - _PICTURES
_BY = _keys(["تصوير", "عدسة", "المصور", "المصورة", "photo", "photograph"])  # before a name
_PICTURE_LABELS = _PICTURES | _SOURCE_WORDS | _keys(["من", "الأرشيف"])
_MAY_BE_OF_PICTURE = re.compile(r"\(|\W*(?:" + "|".join(_PICTURE_LABELS) + ")")  # nearly no text does
_OUTLETS = _keys(words.OUTLETS)
_ROLE_LINKS = _keys(words.ROLE_LINKS)
_PLACES = _keys([*words.PLACES, *words.PLACES_OF_TWO_WORDS])
_VERBS = _keys(words.REPORTING_VERBS)
_NAMES_WITH_WAW = _keys(words.NAMES_WITH_WAW)
_NEVER_IN_NAMES = _keys((*words.NEVER_IN_NAMES, *words.OUTLET_WORDS))
_NAMES_WITH_ARTICLE = _keys(words.NAMES_WITH_ARTICLE)
_BEFORE_A_NAME = "role before a name"  # as a label
_EDITION = "للنشره"  # «إعداد … للنشرة العربية»
_SERVANT = _keys(["عبد", "أبو", "بن"])


@dataclass(slots=True)
class _Credit:
    people: list[str] = field(default_factory=list)
    agencies: list[str] = field(default_factory=list)
    is_certain: bool = False  # names the site, an agency or a role
    order: str = ""  # of what it has: "t" for a town, "p" for a person, "-" for anything else


def parse_credit(line: str) -> tuple[list[str], list[str]]:
    """The people (as printed) and the agency codes of a credit line, in its order; two empty lists for prose."""
    credit = _read(line, _LONGEST_NAMED)
    return (list(dict.fromkeys(credit.people)), list(dict.fromkeys(credit.agencies))) if credit else ([], [])


def is_credit_line(text: str) -> bool:
    """Whether `text` is a credit: short, without a reporting verb, and naming the site, an agency or somebody's role.

    A role alone («كتب») is none, and a picture's credit («تصوير: فلان») is none.
    """
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
    if (by := _BY_ENGLISH.fullmatch(line)) is not None:
        return _read_english(by["names"])
    credit = _Credit()
    pieces = _SEPARATOR.split(_BOTH_GENDERS.sub(r"\1", line))
    parts = [pair for pair in zip(pieces[::2], [*pieces[1::2], ""], strict=True) if pair[0]]
    if not parts or _is_of_picture([fold_text(part) for part, _ in parts]):
        return None
    label, is_headline = "", False
    for number, (part, mark) in enumerate(parts):
        key = fold_text(part)
        if _is_label(key) or (":" in mark and _is_role_phrase(key.split())):
            label = key
        elif mark.strip() and not label and _is_role_before_a_name(key):
            label = _BEFORE_A_NAME
        elif _read_part(part, credit, label=label):
            is_last = number == len(parts) - 1
            # «رويترز: …» is a headline; «كتب- فلان:» and «القاهرة- فلان:» are none.
            is_headline |= ":" in mark and not (is_last and "p" in credit.order)
            label = ""
        else:
            return None
    has_pairs = credit.order in _PAIRS
    credit.is_certain |= has_pairs
    return None if is_headline and not has_pairs else credit


def is_picture_credit(text: str) -> bool:
    """Whether a text right below a picture is its credit: «تصوير: فلان», «صورة أرشيفية - رويترز», «(رويترز)»."""
    if len(text) > LONGEST_CREDIT or not _MAY_BE_OF_PICTURE.match(fold_letters(text[:30]).casefold()):
        return False
    first, *others = [fold_text(part) for part in _SEPARATOR.split(clean_text(text))[::2] if part] or [""]
    if _is_of_picture([first, *others]):
        is_named = len(first.split()) <= _MOST_WORDS_OF_A_NAME + 1 and first.split()[0] in _BY
        return is_named or (bool(others) and _PICTURE_LABELS.issuperset(first.split()))
    return text.startswith("(") and text.endswith(")") and is_credit_line(text)


def _is_of_picture(keys: list[str]) -> bool:
    """Whether a line of such parts is about a picture: «تصوير: فلان», «مصدر الصورة: رويترز»."""
    firsts = [(key.split() or [""])[0] for key in keys]
    named = keys[0].split()[:2] if firsts[0] in _SOURCE_WORDS else firsts[:1]
    return not _PICTURES.isdisjoint(named) and _WRITERS.isdisjoint(firsts)


def _is_label(key: str) -> bool:
    """«كتب», «المصدر», «تحرير وإعداد», «أعد التقرير»."""
    if key in _ROLE_PHRASES:
        return True
    first, *others = key.split() or [""]
    return first in _LABELS and all(other in _LABELS or other.removeprefix("و") in _LABELS for other in others)


def _is_role_phrase(keys: list[str]) -> bool:
    """«مراسل القاهرة الإخبارية في غزة», before a colon."""
    return bool(keys) and keys[0] in _LABELS and _words_of_role(keys[1:]) >= len(keys) - 1


def _read_english(line: str) -> _Credit | None:
    """The credit behind «By»: names in capitals, agencies, places and roles."""
    credit = _Credit()
    for part in filter(None, re.split(r"\s*[,;|/–—]\s*|\s-\s", _AND_ENGLISH.sub(", ", line))):
        part = by["names"] if (by := _BY_ENGLISH.fullmatch(part)) else part
        names = part.split()
        if not _ENGLISH_ROLES.isdisjoint(part.lower().split()):
            continue
        is_name = sum(name[0].isupper() for name in names) >= 2 and not names[0][0].islower()
        if not (is_name or _agencies(fold_text(part)) or fold_text(part) in _SITE_NAMES):
            if credit.people and len(names) <= 2 and names[0][0].isupper():  # a town
                continue
            return None
        if not _read_part(part, credit, label=""):
            return None
    credit.is_certain |= bool(credit.people)
    return credit if credit.is_certain else None


def _is_role_before_a_name(key: str) -> bool:
    """«تحقيق», «رصد وتحرير»."""
    first, *others = key.split() or [""]
    known = _ROLES_BEFORE_A_NAME | _LABELS
    return first in known and all(other in known or other.removeprefix("و") in known for other in others)


def _read_part(part: str, credit: _Credit, *, label: str) -> bool:
    """Add the names in one part to the credit; False if the part belongs to a sentence. `label`: the role before it."""
    key = fold_text(part)
    if key in _SITE_NAMES:
        credit.is_certain = True
    elif codes := _agencies(key):
        credit.is_certain = True
        credit.agencies += codes
    elif _PLACES.issuperset(towns := key.split(" و")):
        credit.order += "t" * len(towns)
        credit.is_certain |= bool(label)
    else:
        return _read_names(part, credit, label=label)
    return True


def _read_names(part: str, credit: _Credit, *, label: str) -> bool:
    names = part.split()
    keys = [fold_text(name) for name in names]
    if any(key in _VERBS or (key[:1] in "وف" and key[1:] in _VERBS) for key in keys):
        return False
    while keys and _is_label(keys[0]):
        label, names, keys = keys[0], names[1:], keys[1:]
    is_named = label == _BEFORE_A_NAME  # else it is a headline: «تحليل: واشنطن تقترب من اتفاق»
    if is_named and not _PLACES.isdisjoint(keys):
        return False
    if label:
        skipped = _words_of_role(keys)
        names, keys = names[skipped:], keys[skipped:]
        credit.is_certain |= skipped > 0 and not keys
    if _EDITION in keys:
        names, keys = names[: keys.index(_EDITION)], keys[: keys.index(_EDITION)]
    if keys and credit.people and _is_joined(keys[0]):  # «أحمد علي، وسامي حسن»
        names, keys = [names[0][1:], *names[1:]], [keys[0][1:], *keys[1:]]
    town = len(keys) > 1 and keys[-1][:1] == "و" and keys[-1][1:] in _PLACES  # «أحمد علي وغزة - سامي حسن»
    if town:
        names, keys = names[:-1], keys[:-1]
    people = [
        name for name in _split_people(names, keys) if _is_person(name, alone_is_enough=bool(label) and not is_named)
    ]
    credit.is_certain |= bool(label and people)
    if is_named and not people:
        return False
    if label.split()[:1] and label.split()[0] in _SOURCE_WORDS:  # a source is no author
        credit.is_certain = True
        return _count(keys) <= _MOST_WORDS_OF_A_NAME
    credit.people += people
    credit.order += ("p" * len(people) or "-") + ("t" if town else "")
    return _count(keys) <= _MOST_WORDS_OF_A_NAME or bool(people)


def _is_joined(key: str) -> bool:
    """Whether a word begins with the conjunction."""
    return len(key) > 2 and key[0] == "و" and key not in _NAMES_WITH_WAW


def _count(keys: list[str]) -> int:
    """How many words a name has, without titles; «عبد» and the next word are one."""
    return sum(key not in _SERVANT and key not in _TITLES for key in keys)


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
        elif _is_joined(key) and len(people[-1]) >= 2 and index + 1 < len(keys):
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
        and keys[0] not in _ROLES_BEFORE_A_NAME
        and (not name.startswith("ال") or (len(keys) > 1 and keys[0] in _NAMES_WITH_ARTICLE | _TITLES))
        and any(len(key) > 2 for key in keys)  # «م ح» are initials
        and " ".join(keys) not in _PLACES
        and _OUTLETS.isdisjoint(" ".join(keys[:length]) for length in {2, 3, len(keys)})
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
