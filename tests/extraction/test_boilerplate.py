"""Boilerplate blocks are removed; news with a similar beginning is kept."""

import pytest

from alqahira.extraction.boilerplate import is_boilerplate, without_label_links


@pytest.mark.parametrize(
    ("text", "link_share"),
    [
        ("مشاركة :", 0),
        ("• مشاركة :", 0),
        ("post-title", 0),
        ("جميع الحقوق محفوظة القاهرة الإخبارية © 2025", 0),
        ("اقرأ أيضًا", 0),
        ("اقرأ أيضا:", 0),
        ("اقرأ أيضًا: رئيس الأركان يلتقي نظيره اليوناني", 0.8),
        ("اقرأ أيضًا | رئيس الأركان يلتقي نظيره اليوناني", 0.8),
        ("شاهد أيضًا: لحظة إقلاع الطائرات المشاركة في التدريب", 0),
        ("موضوعات متعلقة", 0),
        ("تابعونا على فيسبوك", 0),
        ("تابعوا القاهرة الإخبارية عبر تليجرام", 0),
        ("لمزيد من الأخبار تابعوا صفحتنا على يوتيوب", 0),
        ("لمزيد من التفاصيل اضغط هنا", 0.7),
        ("المصدر: وكالات", 0),
        ("الكلمات المفتاحية: الجيش، غزة", 0),
    ],
)
def test_boilerplate_block_is_recognized(text, link_share):
    assert is_boilerplate(text, link_share)


@pytest.mark.parametrize(
    "text",
    [
        "لمزيد من الضغط على موسكو، أعلن الاتحاد الأوروبي حزمة عقوبات جديدة تستهدف صادرات الطاقة.",
        "المصدر العسكري أكد أن القوات انسحبت من المدينة.",
        "تابعوا سير المعارك من غرفة العمليات المركزية في العاصمة.",
        "مشاركة مصر في القمة تعكس مكانتها الإقليمية.",
        "المصدر ذاته أضاف أن المفاوضات مستمرة حتى نهاية الأسبوع الجاري في العاصمة القطرية الدوحة.",
        "شارك في التدريب 12 طائرة و3 قطع بحرية.",
        "اقرأ أيضًا في عيون الجنود ما لا تقوله البيانات الرسمية عن هذه الحرب الطويلة.",
    ],
)
def test_news_with_a_similar_beginning_is_kept(text):
    assert not is_boilerplate(text)


def test_labelled_link_is_removed_from_paragraph():
    text = "أعلن الجيش بدء العملية (اقرأ أيضًا: بيان المتحدث العسكري) وأكد استمرارها."
    assert without_label_links(text, ["بيان المتحدث العسكري"]) == "أعلن الجيش بدء العملية وأكد استمرارها."


def test_link_without_label_is_kept():
    text = "وقال البيان المشترك إن اللجنة تجتمع غدًا."
    assert without_label_links(text, ["البيان المشترك"]) == text
