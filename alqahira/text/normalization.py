"""Arabic text: `clean_text` for display, `fold_text` for search and deduplication keys.

`clean_text` gives text as printed; `fold_text` makes spellings of one text equal. The rules, with code points and
sources, are in docs/arabic.md. No function here raises on any `str`.
"""

from __future__ import annotations

import codecs
import html
import re
import unicodedata
from functools import lru_cache
from html.entities import html5

from alqahira.text import mojibake

# Replaces bytes that could not be decoded (Unicode, REPLACEMENT CHARACTER).
REPLACEMENT = "\ufffd"
_TATWEEL = "\u0640"
_ZWNJ, _ZWJ = "\u200c", "\u200d"

# Regex character classes. Marks: category Mn of the Arabic blocks and the general ones. Letters: the rest of a word.
MARKS = (
    "\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
    "\u0898-\u089f\u08ca-\u08e1\u08e3-\u08ff"
)
_LETTERS = (
    "\u0620-\u063f\u0641-\u064a\u066e\u066f\u0671-\u06d3\u06d5\u06ee\u06ef\u06fa-\u06fc\u06ff\u0750-\u077f\u08a0-\u08c7"
)
_WORD = _LETTERS + MARKS
_EMOJI = (
    "\u203c\u2049\u20e3\u2122\u2139\u2194-\u21aa\u231a-\u2328\u23cf-\u23fa\u24c2\u25aa-\u27bf\u2934-\u2b55\ufe0f"
    "\U0001f000-\U0001faff\U000e0020-\U000e007f"
)

# --- display ------------------------------------------------------------------------------------

# Normalizing a run of marks takes time in the square of its length, so none is longer than this; the rest of it is
# deleted. No language writes as many (Unicode Standard Annex 15, Stream-Safe Text Format).
LONGEST_RUN_OF_MARKS = 30

# Most text, in Latin and Cyrillic letters too, has only these characters and skips decoding, deleting and rewriting:
# saves 0.3 ms for a page of 300 words, 3 % of a run.
_ORDINARY = re.compile(
    "(?:[ -%'-~\\n\u00a0\u00ab\u00bb\u00c0-\u017f\u0410-\u044f\u060c\u061b\u061f\u0621-\u063a\u0641-\u064a"
    "\u0660-\u066c\u2013-\u201f\u2026]++"
    f"|[\u064b-\u0652]{{1,{LONGEST_RUN_OF_MARKS}}}+(?![\u064b-\u0652]))*+"
)
# Every mark is one of these, and no letter or digit is; few texts have so many in a row.
_MANY_NO_LETTERS = re.compile(rf"(?<![^\w\s])[^\w\s]{{{LONGEST_RUN_OF_MARKS + 1}}}")

_LINE_END = re.compile("\r\n|[\v\f\r\x85\u2028\u2029]")  # those of Unicode Standard Annex 14
# C0 and C1 without tab and line ends, soft hyphen, bidi and other invisible controls, BOM, lone surrogates.
_INVISIBLE = re.compile(
    "[\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f"
    "\ufeff\ud800-\udfff]+"
)
_ENTITY = re.compile(r"&(?:#[0-9]{1,9}|#[xX][0-9a-fA-F]{1,8}|[A-Za-z][A-Za-z0-9]{1,31});")

# All but ﷺ ﷻ ﷽, honorifics printed as one sign. ﷼ has its own spelling, because it decomposes to Persian letters.
_PRESENTATION = re.compile("[\ufb50-\ufdf9\ufdfc\ufdfe\ufdff\ufe70-\ufefc]")
_RIYAL_SIGN, _RIYAL = "\ufdfc", "ريال"

# But for the most frequent of those that `_joiner` keeps.
_JOINERS = re.compile(f"(?!(?<=[{_WORD}])\u200c(?=[{_LETTERS}]))(?!(?<=[{_EMOJI}])\u200d(?=[{_EMOJI}]))[\u200c\u200d]+")
_IS_WORD = re.compile(f"[{_WORD}]")
_IS_LETTER = re.compile(f"[{_LETTERS}]")
_IS_EMOJI = re.compile(f"[{_EMOJI}]")

_TATWEEL_RUN = re.compile(f"{_TATWEEL}{{2,}}")
_TATWEEL_IN_WORD = re.compile(f"{_TATWEEL}(?=[{_WORD}])")
# Proclitics of more than two letters before a quotation mark, a number or Latin text.
_LONG_CLITICS = frozenset({"بال", "كال", "وال", "فال", "ولل", "فلل", "وبال", "وكال"})
_LONGEST_CLITIC = 4

_YA_WITH_HAMZA = re.compile("[\u0649\u06cc]([\u064b-\u0652\u0670]*)\u0654")

_OTHER_SPACE = re.compile(r"[^\S\n ][^\S\n]*| [^\S\n]+")
_SPACE_AT_LINE_END = re.compile(r" ?\n ?")
_BLANK_LINES = re.compile(r"\n{3,}")


def clean_text(text: str) -> str:
    """The text as printed, in NFC, without invisible characters; with its lines, at most one blank line in a row.

    Digits, diacritics, quotation marks and punctuation stay, and so does U+FFFD, which marks a defect of the source.
    HTML entities are decoded if two passes decode them all; deeper nesting stays as it is. UTF-8 that was encoded
    twice is put right (`mojibake`). Idempotent.
    """
    if _ORDINARY.fullmatch(text):
        text = unicodedata.normalize("NFC", text)
        if "\u00a0" in text or "  " in text:  # no other space is ordinary
            text = _OTHER_SPACE.sub(" ", text)
    else:
        text = _decode_entities(_clean_characters(mojibake.mend(text)))
        text = _OTHER_SPACE.sub(" ", to_nfc(_join_words(text)))
        if mojibake.mend(text) != text:  # it was apart, by characters that nobody sees
            return clean_text(text)
    if "\n" in text:
        text = _BLANK_LINES.sub("\n\n", _SPACE_AT_LINE_END.sub("\n", text))
    return text.strip()


def clean_line(text: str) -> str:
    """`clean_text` on one line, with single spaces."""
    text = clean_text(text)
    return " ".join(text.split()) if "\n" in text else text


def to_nfc(text: str) -> str:
    """The text in NFC (Unicode Standard Annex 15), without what is beyond `LONGEST_RUN_OF_MARKS` in a run of marks.

    Linear in its length. Idempotent.
    """
    text = _without_long_runs(text)
    composed = unicodedata.normalize("NFC", text)
    # Again, since some marks are two in NFC.
    return text if composed == text else _without_long_runs(composed)


def _without_long_runs(text: str) -> str:
    if not _MANY_NO_LETTERS.search(text):
        return text
    kept, end = [], 0
    for run in _LONG_RUN.finditer(text.translate(_KINDS)):
        kept.append(text[end : run.start() + LONGEST_RUN_OF_MARKS])
        end = run.end()
    return "".join([*kept, text[end:]])


class _Kinds(dict[int, str]):
    """`m` for the code point of a mark, `-` for any other. A regex class of all marks is many times slower."""

    def __missing__(self, code_point: int) -> str:
        self[code_point] = kind = "m" if unicodedata.category(chr(code_point))[0] == "M" else "-"
        return kind


_KINDS = _Kinds()
_LONG_RUN = re.compile(f"m{{{LONGEST_RUN_OF_MARKS + 1},}}")


def _clean_characters(text: str) -> str:
    """The text without invisible characters and presentation forms; also for decoded entities, which may be any."""
    text = _INVISIBLE.sub("", _LINE_END.sub("\n", text))
    text = _JOINERS.sub(_joiner, _PRESENTATION.sub(_presentation_form, text))
    # So that no later step depends on the order of marks, nor on U+037E, which NFC makes a semicolon.
    return to_nfc(text)


def _decode_entities(text: str) -> str:
    if "&" not in text:
        return text
    decoded = _decode_once(_decode_once(text))
    return decoded if _decode_once(decoded) == decoded else text


def _decode_once(text: str) -> str:
    decoded = _ENTITY.sub(_entity, text)
    return text if decoded == text else _clean_characters(mojibake.mend(decoded))


def _entity(match: re.Match[str]) -> str:
    entity = match[0]
    # html.unescape would decode the beginning of an unknown name: &parallax; to ∥ax;.
    return html.unescape(entity) if entity[1] == "#" else html5.get(entity[1:], entity)


def _presentation_form(match: re.Match[str]) -> str:
    if match[0] == _RIYAL_SIGN:
        return _RIYAL
    letters = unicodedata.normalize("NFKC", match[0])
    # A spacing mark such as U+FE70 decomposes to a space and the mark; the space was never printed.
    return letters.lstrip(" ")


def _joiner(match: re.Match[str]) -> str:
    start, end = match.span()
    before, after = match.string[max(start - 1, 0) : start], match.string[end : end + 1]
    if _ZWNJ in match[0] and _IS_WORD.match(before) and _IS_LETTER.match(after):
        return _ZWNJ
    if _ZWJ in match[0] and _IS_EMOJI.match(before) and _IS_EMOJI.match(after):
        return _ZWJ
    return ""


def _join_words(text: str) -> str:
    text = _TATWEEL_IN_WORD.sub("", _TATWEEL_RUN.sub(_TATWEEL, text))
    text = re.sub(_TATWEEL, _tatweel_at_word_end, text)
    return _YA_WITH_HAMZA.sub("\u064a\\1\u0654", text)


def _tatweel_at_word_end(match: re.Match[str]) -> str:
    """A tatweel before no letter: kept after a clitic or abbreviation, a hyphen if it is alone, else deleted."""
    text, letters = match.string, ""
    for position in range(match.start() - 1, -1, -1):
        if not _IS_WORD.match(text[position]):
            break
        if _IS_LETTER.match(text[position]):
            letters = text[position] + letters
        if len(letters) > _LONGEST_CLITIC:
            break
    if not letters:
        return "-"
    return _TATWEEL if len(letters) <= 2 or letters in _LONG_CLITICS else ""


# --- key ----------------------------------------------------------------------------------------

_LETTER_FOLDS = str.maketrans("آأإٱٲٳىیےۓةۀہۂۃھەؤئکڪگڤپچ", "ااااااييييههههههه" + "ءءكككفبج")
_DIACRITICS = dict.fromkeys((*range(0x64B, 0x653), 0x670))
_ARABIC_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "0123456789" * 2)
_LETTERS_AND_DIGITS: dict[int, int | None] = {**_LETTER_FOLDS, **_ARABIC_DIGITS, **_DIACRITICS, ord(_TATWEEL): None}
# ﷽ has no decomposition in Unicode.
_BASMALA_SIGN, _BASMALA = "\ufdfd", "بسم الله الرحمن الرحيم"

_THOUSANDS_MARK = re.compile(r",(?<=[0-9],)(?=[0-9]{3}(?![0-9]))")
_NO_DECIMAL_POINT = re.compile(r"\.(?:(?<![0-9]\.)|(?![0-9]))")


class _FoldTable(dict[int, str]):
    """The key of each code point; those not given are computed once."""

    def __missing__(self, code_point: int) -> str:
        character = chr(code_point)
        compatible = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", character).casefold())
        folded = _fold_character(character) if compatible == character else "".join(map(self._fold, compatible))
        self[code_point] = folded
        return folded

    def _fold(self, character: str) -> str:
        return self.get(ord(character)) or _fold_character(character)


def _fold_character(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category[0] in "LN":
        return character
    return "" if category[0] == "M" else " "


_FOLD = _FoldTable(
    {code_point: chr(letter) for code_point, letter in _LETTER_FOLDS.items()}
    | {ord(_BASMALA_SIGN): f" {_BASMALA} "}
    | {ord("\ufdfa"): " صلي الله عليه وسلم ", ord("\ufdfb"): " جل جلاله "}
    | {ord(c): "" for c in (_TATWEEL, _ZWNJ, _ZWJ)}
    | {ord("."): ".", ord("\u066b"): ".", ord(","): ",", ord("\u066c"): ","}
)


# The same for the most frequent ordinary characters, each a byte: loops in C, six times as fast as a dictionary.
_FREQUENT = "\0" + "".join(
    character
    for code_point in (*range(0x20, 0x7F), *range(0xA0, 0x100), *range(0x600, 0x680), *range(0x2010, 0x2030), 0x0A)
    if _ORDINARY.fullmatch(character := chr(code_point)) and len(_FOLD[code_point]) <= 1
)
# A dictionary, and slow, unless there are 256 and the first is NUL.
_BYTES = codecs.charmap_build(_FREQUENT.ljust(256, "\ufffe"))
_KEYS = "".join(_FOLD[ord(character)] or " " for character in _FREQUENT)
_DELETED = bytes(number for number, character in enumerate(_FREQUENT) if character == "\0" or not _FOLD[ord(character)])


def fold_text(text: str) -> str:
    """The key of `text`: two spellings of the same words give the same key.

    Letters, digits and single spaces only, and a point between digits: Arabic letters in one form each, no marks,
    Latin letters in lower case, digits in ASCII, thousands marks out. Idempotent, and equal for `clean_text(text)`.
    Accepted collision: على and علي.
    """
    return _fold_cached(text) if len(text) <= _LONGEST_CACHED else _fold(text)


def _fold(text: str) -> str:
    try:
        encoded = codecs.charmap_encode(text, "strict", _BYTES)[0].translate(None, _DELETED)
        key = codecs.charmap_decode(encoded, "strict", _KEYS)[0]
    except UnicodeEncodeError:
        key = text.translate(_FOLD) if _ORDINARY.fullmatch(text) else _fold_characters(clean_text(text))
    if "," in key:
        key = _THOUSANDS_MARK.sub("", key).replace(",", " ")
    if "." in key:
        key = _NO_DECIMAL_POINT.sub(" ", key)
    return " ".join(key.split())


def _fold_characters(text: str) -> str:
    # NFC again: without marks between them, parts of a Korean syllable can be neighbours.
    return unicodedata.normalize("NFC", text.translate(_FOLD))


# Several callers fold the same headline and paragraphs: saves 0.3 ms a page, 3 % of a run.
_LONGEST_CACHED = 1000  # characters
_fold_cached = lru_cache(maxsize=256)(_fold)


def fold_letters(text: str) -> str:
    """The text with Arabic letters and digits as in a key and no diacritics; punctuation, case and spaces stay."""
    return text.translate(_LETTERS_AND_DIGITS)


def fold_tokens(text: str) -> list[str]:
    """The words of `fold_text(text)`."""
    return fold_text(text).split()
