"""Display text stays as printed; keys make spellings equal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alqahira.text import normalization
from alqahira.text.normalization import (
    clean_text,
    fold_letters,
    fold_text,
    fold_tokens,
)

CLEANED = {
    "CRLF is one line end": ("سطر\r\nسطر", "سطر\nسطر"),
    "lone CR": ("سطر\rسطر", "سطر\nسطر"),
    "Unicode line separators": ("ا\u2028ب\u2029ت", "ا\nب\nت"),
    "named entity": ("مصر &amp; السودان", "مصر & السودان"),
    "numeric entities": ("&#1605;&#x635;ر", "مصر"),
    "entity escaped twice": ("&amp;quot;نص&amp;quot;", '"نص"'),
    "entity escaped thrice stays": ("&amp;amp;amp;lt;", "&amp;amp;amp;lt;"),
    "no entity without a semicolon": ("?a=1&para=2", "?a=1&para=2"),
    "no beginning of an unknown entity": ("&parallax;", "&parallax;"),
    "no-break space entity": ("ألف&nbsp;جندي", "ألف جندي"),
    "soft hyphen": ("الدفا\u00adع", "الدفاع"),
    "bidi marks and isolates": ("\u200fمصر\u200e \u202aAFP\u202c \u2067قنا\u2069\u061c", "مصر AFP قنا"),
    "zero-width space and BOM": ("\ufeffالجيش\u200b المصري", "الجيش المصري"),
    "word joiner": ("ا\u2060ب", "اب"),
    "NUL and C1": ("نص\x00\x9f كامل\x07", "نص كامل"),
    "lone surrogates": ("نص\ud83d كامل\udfff", "نص كامل"),
    "presentation forms": ("\ufe8d\ufedf\ufea0\ufef4\ufeb6", "الجيش"),
    "lam-alef ligature": ("\ufef7مر", "لأمر"),
    "word ligature": ("\ufdf2", "الله"),
    "mark of a presentation form gains no space": ("م\ufe76صر", "مَصر"),
    "honorific signs stay": ("النبي ﷺ ﷻ ﷽", "النبي ﷺ ﷻ ﷽"),
    "riyal sign": ("50 ﷼", "50 ريال"),
    "compatibility characters outside Arabic stay": ("10 m² ① ﬁ", "10 m² ① ﬁ"),
    "ya and combining hamza": ("شى\u0654", "شئ"),
    "Farsi ya and combining hamza": ("شی\u0654", "شئ"),
    "decomposed letters": ("ا\u0653ذار و\u0654", "آذار ؤ"),
    "ZWNJ between letters": ("می\u200cشود", "می\u200cشود"),
    "ZWNJ at a word's end": ("مصر\u200c والسودان", "مصر والسودان"),
    "ZWJ between letters": ("ه\u200dم", "هم"),
    "ZWJ in an emoji": ("👩\u200d💻", "👩\u200d💻"),
    "tatweel in a word": ("القـــاهرة", "القاهرة"),
    "tatweel at a word's end": ("القاهرةـــ الآن", "القاهرة الآن"),
    "tatweel after a clitic before a quotation": ('لـ"القاهرة"', 'لـ"القاهرة"'),
    "tatweel after a clitic before a number": ("بــ50", "بـ50"),
    "tatweel after a longer clitic": ("بالـ«درونز»", "بالـ«درونز»"),
    "tatweel of an abbreviation": ("1445 هـ", "1445 هـ"),
    "lone tatweel is a hyphen": ("القاهرة ـــ وكالات", "القاهرة - وكالات"),
    "other spaces": ("مصر\u00a0\u2003\tو\u3000ليبيا", "مصر و ليبيا"),
    "at most one blank line": ("أ\n \n\n\nب", "أ\n\nب"),
    "no space at line ends": (" أ \n ب ", "أ\nب"),
    "digits and diacritics as printed": ("٢٠٢٣ و۲۰۲۳ و2023 مؤكِّدًا", "٢٠٢٣ و۲۰۲۳ و2023 مؤك\u0650\u0651دًا"),
    "quotes and punctuation as printed": ("«نص»، “نص”؛ 'نص'؟ … – —", "«نص»، “نص”؛ 'نص'؟ … – —"),
    "replacement character stays as a defect": ("ن\ufffdص", "ن\ufffdص"),
    "nothing": ("", ""),
    "only invisible": ("\u200f\u00a0\n", ""),
}


@pytest.mark.parametrize(("printed", "cleaned"), CLEANED.values(), ids=CLEANED.keys())
def test_clean_text_rule(printed: str, cleaned: str) -> None:
    assert clean_text(printed) == cleaned


FOLDED = {
    "alef forms": ("آأإٱا", "ااااا"),
    "hamza seats, both spellings": ("مسؤول مسئول", "مسءول مسءول"),
    "bare hamza stays": ("سماء", "سماء"),
    "ya forms": ("على علي علی ے", "علي علي علي ي"),
    "ha forms": ("ة ه ۀ ہ ھ", "ه ه ه ه ه"),
    "kaf forms": ("ك ک گ", "ك ك ك"),
    "letters of foreign names": ("ڤيينا پوتين چورچيا", "فيينا بوتين جورجيا"),
    "diacritics, dagger alef, tatweel": ("مُحَمَّدٌ هٰذا القـاهرة", "محمد هذا القاهره"),
    "tatweel after a clitic": ("لـ«القاهرة»", "ل القاهره"),
    "digits of three scripts": ("٢٠٢٣ ۲۰۲۳ 2023", "2023 2023 2023"),
    "fullwidth": ("ＮＡＴＯ２", "nato2"),
    "thousands marks": ("1,250,000 ١٬٢٥٠", "1250000 1250"),
    "a comma that is none": ("1,25 10,000,5", "1 25 10000 5"),
    "decimal points": ("٣٫٥ 3.5", "3.5 3.5"),
    "a full stop is none": ("عام 2023. ثم 5.", "عام 2023 ثم 5"),
    "punctuation and symbols": ("«نص»، (نص) - نص/نص 50% $", "نص نص نص نص 50"),
    "case": ("NATO Straße", "nato strasse"),
    "basmala and honorifics": ("﷽ ﷺ", "بسم الله الرحمن الرحيم صلي الله عليه وسلم"),
    "zero-width non-joiner": ("می\u200cشود", "ميشود"),
    "lines": ("سطر\n\nسطر", "سطر سطر"),
    "letters are kept": ("الجيش café 한국", "الجيش café 한국"),
    "nothing": ("«—»", ""),
}


@pytest.mark.parametrize(("text", "key"), FOLDED.values(), ids=FOLDED.keys())
def test_fold_text_rule(text: str, key: str) -> None:
    assert fold_text(text) == key


def test_fold_tokens_are_the_words_of_the_key() -> None:
    assert fold_tokens("القاهرة، ٢٠٢٣") == ["القاهره", "2023"]


def test_fold_letters_keeps_punctuation_case_and_spaces() -> None:
    assert fold_letters("الأَربعـاء، ٩/٨ PM") == "الاربعاء، 9/8 PM"
    assert fold_letters("مُؤكِّدًا هٰذا قـوة") == "مءكدا هذا قوه"


# A character for each rule, so that rules interact.
RULE_CHARACTERS = (
    "ابتلوهيىیأإآٱؤئةء ـ\u064b\u064e\u0651\u0654\u0653\u0670\u200c\u200d\u200f\u00ad&;#xalmptg1238,.٬٫٣۳\n\r\u00a0"
    "\ufe70\ufe71\ufdfa\ufdfd\ufdfc\ufc60\ufef5👩💻\ufe0f\ud800\0\u037eİßé\u0301가ﺎ«»-"
)
FRAGMENTS = [
    "&amp;", "&lt;", "&zwnj;", "&zwj;", "&shy;", "&#38;", "&#8204;", "&#1600;", "&nbsp;", "amp;", "&a", "mp;",
    "ـ", "لـ", "ل", "ى", "\u0654", "\u200d", "5", ",000", "هـ", " ",
]  # fmt: skip
texts = st.one_of(
    st.text(alphabet=RULE_CHARACTERS, max_size=30),
    st.lists(st.sampled_from(FRAGMENTS), max_size=10).map("".join),
    st.text(st.characters(exclude_categories=()), max_size=30),
)
words = st.text(alphabet="ابتثجحخدذرزسشصضطظعغفقكلمنهويىةأإآؤئء", min_size=1, max_size=8)
prose = st.lists(st.one_of(words, st.sampled_from(["2023", "1,250", "3.5", "،", "«", "NATO"])), max_size=12).map(
    " ".join
)
thorough = settings(max_examples=400, deadline=None)


@thorough
@given(texts)
@example("&amp;&zwj;ap;")
@example("&a&zwnj;mp;")
@example("ب\u0651ـ\u064b")
def test_clean_text_is_idempotent(text: str) -> None:
    cleaned = clean_text(text)
    assert clean_text(cleaned) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    cleaned.encode()  # no lone surrogate is left


@given(st.text(alphabet=st.characters(max_codepoint=0x6FF) | st.sampled_from("–«»…\u200c😀"), max_size=30))
def test_frequent_characters_are_folded_as_all_others_are(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(normalization, "_BYTES", {})  # no character is frequent
        key = normalization._fold(text)
    assert normalization._fold(text) == key


@thorough
@given(texts)
def test_fold_text_is_idempotent_and_same_for_cleaned_text(text: str) -> None:
    key = fold_text(text)
    assert fold_text(key) == key
    assert fold_text(clean_text(text)) == key


# `clean_text` skips its rules for text of these characters alone.
ORDINARY = "ابتلوهىيأإآؤئةء \u064b\u0651,.٬٫٣1238xX\n\u00a0،؛؟«»–…\"'"


@thorough
@given(st.text(alphabet=ORDINARY, max_size=30))
@example("1,234.5")
@example("3…5,000")
def test_invisible_character_changes_neither_text_nor_key(text: str) -> None:
    invisible = "\u200f"
    assert clean_text(text) == clean_text(invisible + text)
    assert fold_text(text) == fold_text(invisible + text)


def test_latin_and_cyrillic_letters_need_no_rules() -> None:
    for letter in map(chr, (*range(0xC0, 0x180), *range(0x410, 0x450))):
        assert clean_text(f"x{letter}x") == clean_text(f"x{letter}\u200fx")
        assert fold_text(f"x{letter}x") == fold_text(f"x{letter}\u200fx")


def _after_each_letter(text: str, mark: str) -> str:
    return "".join(c + mark if "\u0621" <= c <= "\u064a" and c.isalpha() else c for c in text)


@thorough
@given(prose, st.sampled_from("\u0640\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652\u0670"))
def test_key_ignores_tatweel_and_diacritics(text: str, mark: str) -> None:
    assert fold_text(_after_each_letter(text, mark)) == fold_text(text)


RESPELLINGS = [
    str.maketrans("أإآٱ", "اااا"),
    str.maketrans("ا", "أ"),
    str.maketrans("ى", "ي"),
    str.maketrans("ة", "ه"),
    str.maketrans("ؤ", "ئ"),
    str.maketrans("كي", "کی"),
    str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"),
    str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"),
]


@thorough
@given(prose, st.sampled_from(RESPELLINGS))
def test_key_ignores_forms_of_letters_and_digits(text: str, respelling: dict[int, int]) -> None:
    assert fold_text(text.translate(respelling)) == fold_text(text)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "part",
    [
        *("ـ", "ـ\u064b", "ب", "\u200c", "ب\u200c", "ى\u064b\u064b", "\u0654", "بـ\u00a0", "a\u0301\u0327", "\ufdfa"),
        *("&", "&amp;", "&amp", "&#1", "1,", "1", ".", ",111", "\n ", "\ud800"),
    ],
)
def test_long_repetitions_take_linear_time(part: str) -> None:
    text = part * (100_000 // len(part))
    fold_text(text + "ـ")
    fold_text("ى" + text)
