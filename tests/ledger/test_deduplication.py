"""Near-duplicates, and only they, are found: on generated pairs, as the ledger decides."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alqahira.text.near_duplicates import content_hash, fingerprint, is_near_duplicate
from alqahira.text.normalization import clean_text, fold_text
from benchmarks.deduplication import KINDS, make_pairs, measure


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    return measure(list(make_pairs(200, seed=11)), tmp_path_factory.mktemp("pairs"))


def test_recall_and_precision_are_at_least_098(result):
    assert result.recall >= 0.98
    assert result.precision >= 0.98


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_pair_has_at_most_five_percent_errors(result, kind):
    wrong = [why for pair, why in result.wrong if pair.kind == kind]
    assert len(wrong) <= 0.05 * result.pairs[kind], wrong


BODY = "أعلنت إدارة الأسلحة أن 25 آلية وصلت إلى القاعدة الجوية، بعد رحلة استغرقت أسبوعين.\n\nوأضافت أنها ستدخل الخدمة قريبًا"


@pytest.mark.parametrize(
    "same",
    [
        BODY.replace("أ", "ا").replace("إ", "ا").replace("آ", "ا"),
        BODY.replace("إدارة", "إدارة".replace("ا", "اــ")),
        BODY.replace("25", "٢٥"),
        BODY.replace("25", "۲۵"),
        BODY.replace("،", "").replace(".", "!"),
        BODY.replace(" ", "  "),
        BODY.replace("الجوية", "الجَوِّيَّة"),
    ],
    ids=["alef", "tatweel", "Arabic digits", "Persian digits", "punctuation", "spaces", "diacritics"],
)
def test_letter_and_digit_forms_make_no_difference(same):
    assert same != BODY
    assert content_hash("عنوان", same) == content_hash("عنوان", BODY)
    assert fingerprint(same) == fingerprint(BODY)


def test_other_number_is_no_duplicate():
    assert not is_near_duplicate(BODY, BODY.replace("25", "26"))


# All that folding treats specially: marks, joiners, digits with separators, entities, unusual spaces.
DISPLAYED = st.lists(
    st.text("ابةىأ\u0640\u064e\u0654\u200c\u200d\ufdfd e,.-1٢٣٤،&;#amplt\u00a0\u1112\u1161\u0301", max_size=12).map(
        clean_text
    ),
    max_size=4,
)


@given(DISPLAYED)
def test_content_hash_is_that_of_folded_text(paragraphs):
    body = "\n\n".join(filter(None, (" ".join(paragraph.split()) for paragraph in paragraphs)))
    whole = hashlib.sha256(f"{fold_text('عنوان')}\n{fold_text(body)}".encode()).hexdigest()
    assert content_hash("عنوان", body) == whole
