"""The report's Arabic: labels, and the template filters for numbers, dates and spans of time. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from alqahira.ledger.decisions import Outcome
from alqahira.monitoring.report.figures import NO_TOPIC, NOWHERE, SEVERAL, RecordedRun
from alqahira.text import lexicon
from alqahira.text.credit_words import AGENCIES
from alqahira.text.dates import CAIRO
from alqahira.text.entity_table import names

MONTHS = (
    *("يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو"),
    *("يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر"),
)
TOPICS = {name: topic.label for name, topic in lexicon.TOPICS.items()} | {
    SEVERAL: "أكثر من موضوع",
    NO_TOPIC: "بلا موضوع",
}
OUTCOMES = {
    Outcome.ACCEPTED: "مقبولة",
    Outcome.UNCHANGED: "لم تتغير",
    Outcome.DUPLICATE: "مكررة",
    Outcome.OFF_TOPIC: "خارج الموضوع",
    Outcome.NOT_ARTICLE: "ليست مقالات",
    Outcome.QUARANTINED: "محجورة",
    Outcome.FAILED: "متعذرة",
}
EXIT_STATUSES = {0: "اكتملت", 1: "اكتملت بخلل", 2: "إعدادات خاطئة", 3: "المستودع مشغول"}
NOT_ENDED = "جارية أو انقطعت"
STOPPED = "أُوقفت قبل نهايتها"
# The sources of a field.
SOURCES = {
    "site": "قالب الموقع",
    "jsonld": "بيانات JSON-LD",
    "meta": "وسوم meta",
    "page_data": "بيانات الصفحة",
    "visible": "نص الصفحة الظاهر",
    "sitemap": "خريطة الموقع",
    "listing": "صفحة القسم",
    "image_upload": "وقت رفع الصورة",  # in records of schema version 1
    "generic": "مستخرج عام",
    NOWHERE: "غير موجود",
}
FIELDS = {
    "headline": "العنوان",
    "description": "المقدمة",
    "article_body": "النص",
    "credit_line": "سطر المصدر",
    "authors": "الكتّاب",
    "agencies": "الوكالات",
    "date_published": "وقت النشر",
    "date_published_source": "مصدر وقت النشر",
    "date_modified": "وقت التعديل",
    "image_url": "الصورة",
    "image_caption": "تعليق الصورة",
    "article_sections": "أقسام الموقع",
    "keywords": "الكلمات المفتاحية",
    "topics": "الموضوعات",
    "topic_terms": "عبارات الموضوع",
    "countries": "الدول",
    "organizations": "المنظمات",
    "mentions": "ألفاظ الدول والمنظمات",
    "duplicate_of": "تكرار لمادة",
    "discovered_on": "موضع الاكتشاف",
    "published_day": "يوم النشر",
    "revision_reason": "سبب التعديل",
    "date_removed": "وقت الحذف من الموقع",
}
DELAYS = (
    "أقل من ربع ساعة",
    "ربع ساعة إلى ساعة",
    "ساعة إلى 3 ساعات",
    "3 إلى 6 ساعات",
    "6 ساعات إلى يوم",
    "يوم إلى 3 أيام",
    "3 أيام إلى أسبوع",
    "أسبوع فأكثر",
)


def number(value: float) -> str:
    """A whole number with commas at thousands."""
    return f"{value:,.0f}"


def share(part: float, whole: float) -> str:
    """A percentage; 0% and 100% only where it is exactly none or all, and a dash for a share of nothing.

    Words, because a sign for less would stand on the other side of the number from right to left, mirrored.
    """
    if not whole:
        return "–"
    percent = 100 * part / whole
    if 0 < percent < 1:
        return "أقل من 1%"
    return "أكثر من 99%" if 99 < percent < 100 else f"{percent:.0f}%"


def day(value: date) -> str:
    """A day with its year: 24 نوفمبر 2026."""
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def short_day(value: date) -> str:
    """A day without its year."""
    return f"{value.day} {MONTHS[value.month - 1]}"


def month(value: tuple[int, int]) -> str:
    """A (year, month) in words."""
    return f"{MONTHS[value[1] - 1]} {value[0]}"


def moment(value: datetime) -> str:
    """Day and time in Cairo, to the minute."""
    local = value.astimezone(CAIRO)
    return f"{day(local.date())}، {local:%H:%M}"


def short_moment(value: datetime) -> str:
    """Day of the month, month and time in Cairo, in figures."""
    local = value.astimezone(CAIRO)
    return f"{local.day}/{local.month} {local:%H:%M}"


def span(value: timedelta | None) -> str:
    """A length of time in its largest unit, and the next one below an hour or a day; a dash for None."""
    if value is None:
        return "–"
    minutes, seconds = divmod(int(value.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} ي {hours} س" if hours else f"{days} ي"
    if hours:
        return f"{hours} س {minutes} د" if minutes else f"{hours} س"
    return f"{minutes} د" if minutes else f"{seconds} ث"


def size(count: int) -> str:
    """Bytes, in decimal units."""
    power = min(3, (len(str(count)) - 1) // 3)
    return f"{number(count / 1000**power)} {('بايت', 'ك.ب', 'م.ب', 'ج.ب')[power]}"


def agency(code: str) -> str:
    """As news rooms print it: أ ش أ, رويترز; an unknown code stays as it is."""
    return AGENCIES.get(code, (code,))[0]


def state(code: str) -> str:
    """A state's name; an unknown code stays as it is."""
    return names("countries").get(code, code)


def pair(codes: str) -> str:
    """The names of two states, whose codes have a space between them."""
    return " – ".join(map(state, codes.split()))


def run_state(run: RecordedRun) -> str:
    """How a run ended."""
    if run.ended is None:
        return NOT_ENDED
    if not run.exit_status and not run.complete:
        return STOPPED
    return EXIT_STATUSES.get(run.exit_status or 0, f"انتهت بالرمز {run.exit_status}")
