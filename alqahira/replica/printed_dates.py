"""Dates as Egyptian and other Arab news pages print them. Pure; the inverse of `alqahira.text.dates`."""

from __future__ import annotations

from datetime import date, datetime

_WEEKDAYS = ("الإثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت", "الأحد")
_MONTHS = {
    "egyptian": (
        *("يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو"),
        *("يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر"),
    ),
    "levantine": (
        *("كانون الثاني", "شباط", "آذار", "نيسان", "أيار", "حزيران"),
        *("تموز", "آب", "أيلول", "تشرين الأول", "تشرين الثاني", "كانون الأول"),
    ),
    "maghrebi": (
        *("جانفي", "فيفري", "مارس", "أفريل", "ماي", "جوان"),
        *("جويلية", "أوت", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر"),
    ),
}
_HIJRI = (
    *("محرم", "صفر", "ربيع أول", "ربيع آخر", "جمادى أول", "جمادى آخر"),
    *("رجب", "شعبان", "رمضان", "شوال", "ذو القعدة", "ذو الحجة"),
)
_TO_ARABIC_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
# Of the Cairo-local moment `t`; the forms in `_ARABIC_DIGITS` are printed with those.
FORMS = {
    "egyptian": "{weekday} {t.day} {egyptian} {t.year} {clock}",
    "egyptian_comma": "{weekday}، {t.day} {egyptian} {t.year} {clock}",
    "with_hijri": "{weekday} {t.day} {egyptian} {t.year} {clock}ـ {hijri}",
    "pair": "{t.day} {egyptian}/{levantine} {t.year} {t:%H:%M}",
    "levantine": "{t.day} {levantine} {t.year} - {t:%H:%M}",
    "maghrebi": "{t.day} {maghrebi} {t.year} {t:%H:%M}",
    "arabic_digits": "{t.day} {egyptian} {t.year}، {clock}",
    "numbers": "{t:%d/%m/%Y} {clock}",
    "label": "نشر في: {weekday} {t.day} {egyptian} {t.year} - {t:%H:%M}",
}
# Day and clock as today's pages print them: «٠٧ أغسطس ٢٠٢٦», «٠٦:٣٩ ص».
_CAPTURED = {"captured_day": "{t:%d} {egyptian} {t.year}", "captured_clock": "{clock}"}
_ARABIC_DIGITS = {"arabic_digits", *_CAPTURED}


def print_date(form: str, moment: datetime) -> str:
    """The Cairo-local moment, to the minute, in one of `FORMS`, or as `captured_day` or `captured_clock`.

    KeyError for an unknown form.
    """
    printed = (FORMS | _CAPTURED)[form].format(
        t=moment,
        weekday=_WEEKDAYS[moment.weekday()],
        clock=f"{moment:%I:%M} {'ص' if moment.hour < 12 else 'م'}",
        hijri=_hijri(moment.date()),
        **{name: months[moment.month - 1] for name, months in _MONTHS.items()},
    )
    return printed.translate(_TO_ARABIC_DIGITS) if form in _ARABIC_DIGITS else printed


def _hijri(day: date) -> str:
    """The day in the tabular Islamic calendar (civil epoch), as a page prints it."""
    days = day.toordinal() - date(622, 7, 19).toordinal()  # 1 Muharram of year 1, in the Gregorian calendar
    year = (30 * days + 10646) // 10631
    day_of_year = days - (354 * (year - 1) + (3 + 11 * year) // 30)
    month = min(12, (2 * day_of_year + 60) // 59)
    return f"{day_of_year - (59 * month - 58) // 2 + 1} {_HIJRI[month - 1]} {year} هـ"
