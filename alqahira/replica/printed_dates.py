"""Dates as Egyptian and other Arab news pages print them. Pure; the inverse of `alqahira.text.dates`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

_WEEKDAYS = ("الإثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت", "الأحد")
_EGYPTIAN = (
    *("يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو"),
    *("يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر"),
)
_LEVANTINE = (
    *("كانون الثاني", "شباط", "آذار", "نيسان", "أيار", "حزيران"),
    *("تموز", "آب", "أيلول", "تشرين الأول", "تشرين الثاني", "كانون الأول"),
)
_MAGHREBI = (
    *("جانفي", "فيفري", "مارس", "أفريل", "ماي", "جوان"),
    *("جويلية", "أوت", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر"),
)
_HIJRI = (
    *("محرم", "صفر", "ربيع أول", "ربيع آخر", "جمادى أول", "جمادى آخر"),
    *("رجب", "شعبان", "رمضان", "شوال", "ذو القعدة", "ذو الحجة"),
)
_TO_ARABIC_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def _clock12(moment: datetime) -> str:
    return f"{moment:%I:%M} {'ص' if moment.hour < 12 else 'م'}"


def _egyptian(moment: datetime) -> str:
    return f"{_WEEKDAYS[moment.weekday()]} {moment.day} {_EGYPTIAN[moment.month - 1]} {moment.year} {_clock12(moment)}"


def _egyptian_comma(moment: datetime) -> str:
    return _egyptian(moment).replace(" ", "، ", 1)


def _pair(moment: datetime) -> str:
    month = f"{_EGYPTIAN[moment.month - 1]}/{_LEVANTINE[moment.month - 1]}"
    return f"{moment.day} {month} {moment.year} {moment:%H:%M}"


def _levantine(moment: datetime) -> str:
    return f"{moment.day} {_LEVANTINE[moment.month - 1]} {moment.year} - {moment:%H:%M}"


def _maghrebi(moment: datetime) -> str:
    return f"{moment.day} {_MAGHREBI[moment.month - 1]} {moment.year} {moment:%H:%M}"


def _arabic_digits(moment: datetime) -> str:
    month = _EGYPTIAN[moment.month - 1]
    return f"{moment.day} {month} {moment.year}، {_clock12(moment)}".translate(_TO_ARABIC_DIGITS)


def captured_spans(moment: datetime) -> tuple[str, str]:
    """Day and clock of the Cairo-local moment as today's pages print them: «٠٧ أغسطس ٢٠٢٦», «٠٦:٣٩ ص»."""
    day = f"{moment:%d} {_EGYPTIAN[moment.month - 1]} {moment.year}"
    return day.translate(_TO_ARABIC_DIGITS), _clock12(moment).translate(_TO_ARABIC_DIGITS)


def _numbers(moment: datetime) -> str:
    return f"{moment:%d/%m/%Y} {_clock12(moment)}"


def _label(moment: datetime) -> str:
    month = _EGYPTIAN[moment.month - 1]
    return f"نشر في: {_WEEKDAYS[moment.weekday()]} {moment.day} {month} {moment.year} - {moment:%H:%M}"


def _with_hijri(moment: datetime) -> str:
    return f"{_egyptian(moment)}ـ {_hijri(moment.date())}"


def _hijri(day: date) -> str:
    """The day in the tabular Islamic calendar (civil epoch), as a page prints it."""
    days = day.toordinal() - date(622, 7, 19).toordinal()  # 1 Muharram of year 1, in the Gregorian calendar
    year = (30 * days + 10646) // 10631
    day_of_year = days - (354 * (year - 1) + (3 + 11 * year) // 30)
    month = min(12, (2 * day_of_year + 60) // 59)
    return f"{day_of_year - (59 * month - 58) // 2 + 1} {_HIJRI[month - 1]} {year} هـ"


FORMS: dict[str, Callable[[datetime], str]] = {
    "egyptian": _egyptian,
    "egyptian_comma": _egyptian_comma,
    "with_hijri": _with_hijri,
    "pair": _pair,
    "levantine": _levantine,
    "maghrebi": _maghrebi,
    "arabic_digits": _arabic_digits,
    "numbers": _numbers,
    "label": _label,
}


def print_date(form: str, moment: datetime) -> str:
    """The Cairo-local moment in one of `FORMS`, to the minute. KeyError for an unknown form."""
    return FORMS[form](moment)
