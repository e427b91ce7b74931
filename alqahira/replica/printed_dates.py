"""Dates as Egyptian and other Arab news pages print them. Pure; the inverse of `alqahira.text.dates`."""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from importlib import resources

_CALENDAR = tomllib.loads(resources.files("alqahira.replica").joinpath("calendar.toml").read_text("utf-8"))
_TO_ARABIC_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
FORMS: dict[str, str] = _CALENDAR["forms"]
# Day and clock as today's pages print them: «٠٧ أغسطس ٢٠٢٦», «٠٦:٣٩ ص».
_CAPTURED = {"captured_day": "{t:%d} {egyptian} {t.year}", "captured_clock": "{clock}"}
_ARABIC_DIGITS = {"arabic_digits", *_CAPTURED}


def print_date(form: str, moment: datetime) -> str:
    """The Cairo-local moment, to the minute, in one of `FORMS`, or as `captured_day` or `captured_clock`.

    KeyError for an unknown form.
    """
    printed = (FORMS | _CAPTURED)[form].format(
        t=moment,
        weekday=_CALENDAR["weekdays"][moment.weekday()],
        clock=f"{moment:%I:%M} {'ص' if moment.hour < 12 else 'م'}",
        hijri=_hijri(moment.date()),
        **{name: months[moment.month - 1] for name, months in _CALENDAR["months"].items()},
    )
    return printed.translate(_TO_ARABIC_DIGITS) if form in _ARABIC_DIGITS else printed


def _hijri(day: date) -> str:
    """The day in the tabular Islamic calendar (civil epoch), as a page prints it."""
    days = day.toordinal() - date(622, 7, 19).toordinal()  # 1 Muharram of year 1, in the Gregorian calendar
    year = (30 * days + 10646) // 10631
    day_of_year = days - (354 * (year - 1) + (3 + 11 * year) // 30)
    month = min(12, (2 * day_of_year + 60) // 59)
    return f"{day_of_year - (59 * month - 58) // 2 + 1} {_CALENDAR['hijri'][month - 1]} {year} هـ"
