"""Near-duplicates are found, and only they: on generated pairs, through the ledger's own decision."""

import pytest

from alqahira.similarity import content_hash, fingerprint, is_near_duplicate
from benchmarks.deduplication import KINDS, make_pairs, measure


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    return measure(list(make_pairs(200, seed=11)), tmp_path_factory.mktemp("pairs"))


def test_recall_and_precision_are_at_least_098(result):
    assert result.recall >= 0.98
    assert result.precision >= 0.98


@pytest.mark.parametrize("kind", KINDS)
def test_no_class_of_pairs_is_decided_wrongly_more_than_now_and_then(result, kind):
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
def test_forms_of_letters_and_digits_make_no_difference(same):
    assert same != BODY
    assert content_hash("عنوان", same) == content_hash("عنوان", BODY)
    assert fingerprint(same) == fingerprint(BODY)


def test_another_number_is_another_report():
    assert not is_near_duplicate(BODY, BODY.replace("25", "26"))
