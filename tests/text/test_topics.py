"""Topics are decided as a person would decide them, with the deciding terms."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alqahira.text.topics import TOPICS, explain_topics, match_topics

SAMPLES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "data" / "topics_labelled.jsonl").read_text("utf-8").splitlines()
]


@pytest.mark.parametrize(
    ("headline", "topics"),
    [
        ("الجيش السوداني يستعيد السيطرة على قاعدة جوية غربي أم درمان", {"defense"}),
        ("وزير الخارجية المصري يبحث مع نظيره السعودي تطورات الأوضاع في المنطقة", {"foreign_affairs"}),
        (
            "وزيرا الدفاع والخارجية في مصر واليونان يوقعان اتفاقا للتعاون العسكري في ختام مباحثات بأثينا",
            {"defense", "foreign_affairs"},
        ),
        ("دفاع الأهلي الصلب يقود الفريق إلى الفوز على الزمالك", set()),
        ("هجوم ليفربول يمطر شباك منافسه بخماسية", set()),
        ("الدفاع المدني يسيطر على حريق في مخزن للأخشاب", set()),
        ("سفيرة النوايا الحسنة تزور مستشفى للأطفال", set()),
        ("هيئة الدفاع تطلب استدعاء الشهود وتأجيل محاكمة المتهم", set()),
        ("حرب أسعار بين شركات السيارات الكهربائية", set()),
        ("السيول تغلق الطرق ووزارة المالية تصرف تعويضات", set()),
        ("مصرع شخصين في انقلاب سيارة بطريق الفيوم", set()),
        ("طائرات مسيرة لرش المبيدات في حقول القمح", set()),
        ("رحلة سياحية جديدة بين مصر وكازاخستان", set()),
        ("", set()),
    ],
)
def test_headline_topics_despite_traps(headline, topics):
    assert set(match_topics(headline, headline)) == topics


def test_terms_are_sorted_by_share():
    found = match_topics("الجيش يتصدى لهجوم بطائرات مسيرة", "أعلن الجيش إسقاط طائرات مسيرة قرب الحدود.")
    shares = explain_topics("الجيش يتصدى لهجوم بطائرات مسيرة", "أعلن الجيش إسقاط طائرات مسيرة قرب الحدود.")["defense"]
    assert found["defense"]
    assert [shares[term] for term in found["defense"]] == sorted(
        (shares[term] for term in found["defense"]), reverse=True
    )


def test_rule_applies_within_one_sentence():
    together = match_topics("مستوطنون يحرقون بيوتا قرب نابلس", "")["defense"]
    assert any(" + " in term for term in together)
    in_one_sentence = explain_topics("", "أحرق مستوطنون بيوتا في القرية.")["defense"]
    in_two = explain_topics("", "وصل مستوطنون إلى القرية. ثم أحرق أحدهم بيتا.")["defense"]
    assert any(" + " in term for term in in_one_sentence)
    assert not any(" + " in term for term in in_two)


def test_class_exception_is_no_member():
    shares = explain_topics("حزب الله يتمسك بسلاحه والجيش اللبناني يبدأ خطة الحصر", "")["defense"]
    assert "سلاح + جيش اللبناني" in shares  # not «بسلاحه + …»: the class has «سلاح»


def test_verb_matches_in_either_gender():
    assert match_topics("الجيش يقصف مواقع المسلحين", "").keys() == match_topics("القوات تقصف مواقع المسلحين", "").keys()


def test_clitics_and_spelling_are_ignored():
    plain = match_topics("القوات المسلحة تنفذ مناورة", "")
    assert match_topics("والقُوّات المسلّحه تنفذ مناورة", "").keys() == plain.keys() == {"defense"}


@given(st.text(max_size=200), st.text(max_size=400), st.lists(st.text(max_size=20), max_size=3))
def test_any_text_is_accepted(headline, body, keywords):
    found = match_topics(headline, body, keywords)
    assert set(found) <= set(TOPICS)
    assert all(found.values())


@pytest.mark.parametrize("topic", TOPICS)
def test_precision_and_recall_on_held_out_samples(topic):
    """Of headline and lead (docs/topics.md)."""
    chosen = [sample for sample in SAMPLES if sample["split"] == "held_out"]
    assert len(chosen) >= 200
    decided = [topic in match_topics(s["headline"], s["body"], s["keywords"]) for s in chosen]
    labelled = [topic in sample["topics"] for sample in chosen]
    both = sum(a and b for a, b in zip(decided, labelled, strict=True))
    assert both / sum(decided) >= 0.95
    assert both / sum(labelled) >= 0.95
