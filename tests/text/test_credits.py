"""Credit lines: people as printed, agencies as codes; prose is no credit."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alqahira.text.credit_words import AGENCIES, ONLY_AFTER_AGENCY_WORD
from alqahira.text.credits import LONGEST_CREDIT, is_credit_line, parse_credit

CREDITS = [
    ("القاهرة الإخبارية", [], []),
    ("القاهرة الإخبارية - وكالات", [], ["wires"]),
    ("القاهرة الإخبارية – منى السيد", ["منى السيد"], []),
    ("القاهرة الإخبارية — محمد عبد الله", ["محمد عبد الله"], []),
    ("القاهرة الاخباريه - أحمد سمير", ["أحمد سمير"], []),
    ("القاهرة الإخبارية-وكالات", [], ["wires"]),
    ("القاهرة الإخبارية - وكالات - أحمد سمير", ["أحمد سمير"], ["wires"]),
    ("القاهرة الإخبارية | رويترز، أ ف ب", [], ["reuters", "afp"]),
    ("القاهرة الإخبارية وكالات", [], ["wires"]),
    ("القاهرة الإخبارية ووكالات", [], ["wires"]),
    ("القاهرة الإخبارية ورويترز ووكالات", [], ["reuters", "wires"]),
    ("القاهرة الإخبارية - خاص", [], []),
    ("القاهرة الإخبارية - متابعات", [], []),
    ("القاهرة الإخبارية - إعداد: نادر فهمي - تصميم: حسام لطفي", ["نادر فهمي", "حسام لطفي"], []),
    ("القاهرة الإخبارية - إعداد: نادر فهمي ــ تصميم: حسام لطفي", ["نادر فهمي", "حسام لطفي"], []),
    ("القاهرة الإخبارية - عبد الرحمن محمد عبد العزيز", ["عبد الرحمن محمد عبد العزيز"], []),
    ("القاهرة الإخبارية - السيد البدوي", ["السيد البدوي"], []),
    ("القاهرة الإخبارية - محمود ترك + وكالات", ["محمود ترك"], ["wires"]),
    ("القاهرة الإخبارية - مراسل القاهرة الإخبارية في غزة: يوسف أبو كويك", ["يوسف أبو كويك"], []),
    ("القاهرة الإخبارية - القدس المحتلة", [], []),
    ("القاهرة الإخبارية - وليد حسن", ["وليد حسن"], []),
    ("القاهرة الإخبارية - محمد أحمد وليد حسن", ["محمد أحمد وليد حسن"], []),
    ("القاهرة (أ ش أ)", [], ["mena"]),
    ("القاهرة ـ أ ف ب", [], ["afp"]),
    ("القاهرة/أ ش أ", [], ["mena"]),
    ("واشنطن - رام الله - رويترز", [], ["reuters"]),
    ("أ.ش.أ", [], ["mena"]),
    ("أش أ", [], ["mena"]),
    ("وكالة أنباء الشرق الأوسط", [], ["mena"]),
    ("وكالة الأنباء الفرنسية", [], ["afp"]),
    ("الفرنسية", [], ["afp"]),
    ("وكالة الأنباء الألمانية (د ب أ)", [], ["dpa"]),
    ("د.ب.أ", [], ["dpa"]),
    ("أسوشيتد برس", [], ["ap"]),
    ("(أ ب)", [], ["ap"]),
    ("تاس الروسية", [], ["tass"]),
    ("وكالة أنباء شينخوا", [], ["xinhua"]),
    ("نقلًا عن وكالة الأناضول", [], ["anadolu"]),
    ("وكالة قنا", [], ["qna"]),
    ("وكالة الأنباء القطرية", [], ["qna"]),
    ("واس", [], ["spa"]),
    ("وام - وفا", [], ["wam", "wafa"]),
    ("رويترز وفرانس برس", [], ["reuters", "afp"]),
    ("رويترز و أ ف ب", [], ["reuters", "afp"]),
    ("وكالتا رويترز وأسوشيتد برس", [], ["reuters", "ap"]),
    ("سبوتنيك ونوفوستي وتاس", [], ["sputnik", "ria", "tass"]),
    ("رويترز - رويترز", [], ["reuters"]),
    ("AFP / Reuters", [], ["afp", "reuters"]),
    ("المصدر: وكالات", [], ["wires"]),
    ("كتب: محمد أحمد", ["محمد أحمد"], []),
    ("كتب محمد أحمد", ["محمد أحمد"], []),
    ("كتب - أحمد", ["أحمد"], []),
    ("كتبت: منى السيد وسارة حسن", ["منى السيد", "سارة حسن"], []),
    ("كتب: أحمد سعيد ووليد حسن", ["أحمد سعيد", "وليد حسن"], []),
    ("تحرير وإعداد: سامي فؤاد", ["سامي فؤاد"], []),
    ("تصوير: علي حسن، كتب: محمد سمير", ["علي حسن", "محمد سمير"], []),
    ("مراسل القاهرة الإخبارية في غزة يوسف خالد", ["يوسف خالد"], []),
    ("كتب: إسلام علي", ["إسلام علي"], []),
    ("مراسلنا في واشنطن", [], []),
    ("القـاهرة الإخبارية\u200f\u00a0- وكالات", [], ["wires"]),
]
PROSE = [
    "قالت رويترز إن القوات انسحبت من المدينة",
    "وذكرت وكالة الأنباء الألمانية أن الاتفاق وشيك",
    "رويترز: روسيا تقصف كييف",
    "القاهرة الإخبارية: الاحتلال يقصف وسط غزة",
    "القاهرة الإخبارية تكشف تفاصيل جديدة عن المفاوضات",
    "مشاركة مصر في القمة",
    "القاهرة",
    "قنا",
    "الشرق الأوسط",
    "السعودية",
    "• مشاركة :",
    "الموقع الرسمي | القاهرة الاخبارية",
    "هل تنسحب روسيا؟ - رويترز",
    "",
    "وزير الخارجية يبحث مع نظيره الأردني في القاهرة مستجدات الأوضاع في المنطقة وسبل دعم الاستقرار - وكالات",
]


@pytest.mark.parametrize(("line", "people", "agencies"), CREDITS)
def test_credit_gives_people_and_agencies(line: str, people: list[str], agencies: list[str]) -> None:
    assert parse_credit(line) == (people, agencies)
    assert is_credit_line(line)


@pytest.mark.parametrize("line", PROSE)
def test_prose_is_no_credit(line: str) -> None:
    assert parse_credit(line) == ([], [])
    assert not is_credit_line(line)


def test_bare_name_is_a_person_but_no_credit_line() -> None:
    assert parse_credit("وليد حسن") == (["وليد حسن"], [])
    assert not is_credit_line("وليد حسن")


@pytest.mark.parametrize(("code", "name"), [(code, name) for code, names in AGENCIES.items() for name in names])
def test_agency_is_recognized_by_each_name(code: str, name: str) -> None:
    line = f"وكالة {name}" if name in ONLY_AFTER_AGENCY_WORD else name
    assert parse_credit(f"القاهرة الإخبارية - {line}") == ([], [code])


def test_line_beyond_longest_credit_is_prose() -> None:
    line = "القاهرة الإخبارية - وكالات - "
    assert is_credit_line(line + "أ" * (LONGEST_CREDIT - len(line)))
    assert not is_credit_line(line + "أ" * (LONGEST_CREDIT - len(line) + 1))


PIECES = [
    "القاهرة الإخبارية", "وكالات", "و", "وا", "أ", "ب", "رويترز", "كتب", "محمد علي", "-", ":", "(", ")", "\ud800",
    " ",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join),
        st.text(st.characters(exclude_categories=()), max_size=80),
    )
)
def test_any_line_is_accepted(line: str) -> None:
    people, agencies = parse_credit(line)
    assert set(agencies) <= AGENCIES.keys()
    assert all(people)


@pytest.mark.timeout(10)
@pytest.mark.parametrize("part", ["وا ", "و ", "ورويترز ", "- ", "(", "كتب ", "\u200f", "ـ "])
def test_long_repetitions_take_little_time(part: str) -> None:
    for length in (88, 1000, 100_000):
        parse_credit(part * (length // len(part)))
