"""Visible and machine dates: the right moment in UTC, or None rather than a guess."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alqahira.dates import CAIRO, cairo_day, parse_date

NOW = datetime(2023, 8, 9, 12, 0, tzinfo=UTC)  # a Wednesday, 15:00 in Cairo, summer time
LATER = datetime(2026, 6, 1, tzinfo=UTC)

# text -> the moment in UTC
MACHINE = {
    "2023-08-09T08:20:00Z": "2023-08-09T08:20",
    "2023-08-09T08:20:00.123456Z": "2023-08-09T08:20",
    "2023-08-09t08:20:00z": "2023-08-09T08:20",
    "2023-08-09T11:20:00+03:00": "2023-08-09T08:20",
    "2023-08-09T11:20:00+0300": "2023-08-09T08:20",
    "2023-08-09T11:20+03": "2023-08-09T08:20",
    "2023-08-09 11:20:00 +0300": "2023-08-09T08:20",
    "2023-08-09T03:20:00-05:00": "2023-08-09T08:20",
    "2023-08-09T11:20:00": "2023-08-09T08:20",  # naive: Cairo, summer
    "2023-02-09T11:20:00": "2023-02-09T09:20",  # naive: Cairo, winter
    "2023-08-09 11:20": "2023-08-09T08:20",
    "2023-08-09": "2023-08-08T21:00",
    "٢٠٢٣-٠٨-٠٩": "2023-08-08T21:00",
    "  2023-08-09T08:20:00Z\n": "2023-08-09T08:20",
    "Wed, 09 Aug 2023 08:20:00 GMT": "2023-08-09T08:20",
    "Wed, 9 Aug 2023 11:20:00 +0300": "2023-08-09T08:20",
    "09 Aug 2023 08:20 UT": "2023-08-09T08:20",
    "Wed, 09 Aug 2023 08:20:00 -0000": "2023-08-09T08:20",
    "Wed Aug 09 2023 11:20:00 GMT+0300 (Eastern European Summer Time)": "2023-08-09T08:20",
}
VISIBLE = {
    "9 أغسطس 2023": "2023-08-08T21:00",
    "09 أغسطس 2023": "2023-08-08T21:00",
    "٩ أغسطس ٢٠٢٣": "2023-08-08T21:00",
    "۹ أغسطس ۲۰۲۳": "2023-08-08T21:00",
    "9 اغسطس 2023": "2023-08-08T21:00",
    "9 أغسطس، 2023": "2023-08-08T21:00",
    "9أغسطس2023": "2023-08-08T21:00",
    "9-أغسطس-2023": "2023-08-08T21:00",
    "9 من أغسطس 2023": "2023-08-08T21:00",
    "9 أغسطس عام 2023": "2023-08-08T21:00",
    "9 أغسطس 2023م": "2023-08-08T21:00",
    "9 أغسطس 2023 ميلادية": "2023-08-08T21:00",
    "2023 أغسطس 9": "2023-08-08T21:00",
    "أغسطس 9, 2023": "2023-08-08T21:00",
    "الأربعاء 9 أغسطس 2023": "2023-08-08T21:00",
    "الأربعاء، 09 أغسطس 2023 11:20 ص": "2023-08-09T08:20",
    "الأربعاء 09/أغسطس/2023 - 11:20 ص": "2023-08-09T08:20",
    "9 أغسطس 2023 | 11:20": "2023-08-09T08:20",
    "9 أغسطس 2023 11:20:35 ص": "2023-08-09T08:20:35",
    "11:20 ص - 9 أغسطس 2023": "2023-08-09T08:20",
    "8 أغسطس 2023 08:20 م": "2023-08-08T17:20",
    "8 أغسطس 2023 08:20 مـ": "2023-08-08T17:20",
    "8 أغسطس 2023 08:20م": "2023-08-08T17:20",
    "8 أغسطس 2023 08:20 مساءً": "2023-08-08T17:20",
    "8 أغسطس 2023 08:20 مساءا": "2023-08-08T17:20",
    "8 أغسطس 2023 20:20": "2023-08-08T17:20",
    "8 أغسطس 2023 20:20 م": "2023-08-08T17:20",
    "8 أغسطس 2023 م 08:20": "2023-08-08T05:20",  # م after the year is «ميلادية»
    "9 أغسطس 2023 08:20 صباحًا": "2023-08-09T05:20",
    "9 أغسطس 2023 4:10 فجرا": "2023-08-09T01:10",
    "9 أغسطس 2023 12:10 ظهرا": "2023-08-09T09:10",
    "8 أغسطس 2023 1:10 ظهرًا": "2023-08-08T10:10",
    "8 أغسطس 2023 3:10 بعد الظهر": "2023-08-08T12:10",
    "8 أغسطس 2023 5:10 عصرًا": "2023-08-08T14:10",
    "8 أغسطس 2023 11:10 ليلا": "2023-08-08T20:10",
    "8 أغسطس 2023 2:10 ليلا": "2023-08-07T23:10",
    "9 أغسطس 2023 12:30 ص": "2023-08-08T21:30",
    "8 أغسطس 2023 12:30 م": "2023-08-08T09:30",
    "8 أغسطس 2023 الساعة 8 مساءً": "2023-08-08T17:00",
    "8 أغسطس 2023 في تمام الساعة 8.30 م": "2023-08-08T17:30",
    "نشر في: 9 أغسطس 2023": "2023-08-08T21:00",
    "تم النشر بتاريخ 9/8/2023 في 11:20": "2023-08-09T08:20",
    "تاريخ النشر : الأربعاء 9 أغسطس 2023 الساعة 11:20 ص": "2023-08-09T08:20",
    "آخر تحديث: 9 أغسطس 2023 11:20 ص بتوقيت القاهرة": "2023-08-09T08:20",
    "9 أغسطس 2023 08:20 بتوقيت جرينتش": "2023-08-09T08:20",
    "9 أغسطس 2023 08:20 بتوقيت غرينتش": "2023-08-09T08:20",
    "9 أغسطس 2023 08:20 GMT": "2023-08-09T08:20",
    "9 أغسطس 2023 11:20 (GMT+3)": "2023-08-09T08:20",
    "9 أغسطس 2023 11:20 بتوقيت مكة المكرمة": "2023-08-09T08:20",
    "9 أغسطس 2023 10:20 EET": "2023-08-09T08:20",
    "\u200f9\u200e أغسطس\u00a02023\u200f": "2023-08-08T21:00",
    "9 أغســطس 2023": "2023-08-08T21:00",
    "9/8/2023": "2023-08-08T21:00",
    "09-08-2023": "2023-08-08T21:00",
    "9.8.2023": "2023-08-08T21:00",
    "٩/٨/٢٠٢٣ ١١:٢٠ ص": "2023-08-09T08:20",
    "9 / 8 / 2023": "2023-08-08T21:00",
    "2023/8/9": "2023-08-08T21:00",
    "2023/08/09 11:20": "2023-08-09T08:20",
    "9/8/23": "2023-08-08T21:00",
    "07/08/2023": "2023-08-06T21:00",  # day first: 7 August
    "9 أغسطس 2023 الموافق 22 محرم 1445 هـ": "2023-08-08T21:00",
    "22 محرم 1445 هـ - 9 أغسطس 2023 م": "2023-08-08T21:00",
    "22/1/1445 هـ الموافق 9/8/2023": "2023-08-08T21:00",
    "August 9, 2023": "2023-08-08T21:00",
    "9th August 2023, 11:20 AM": "2023-08-09T08:20",
    "Aug. 8, 2023 8:20 p.m.": "2023-08-08T17:20",
    "Published on Wednesday, 9 August 2023 at 11:20": "2023-08-09T08:20",
    "Wed Aug  9 11:20:00 2023": "2023-08-09T08:20",  # dateparser's
    "6 أكتوبر 1973": "1973-10-05T22:00",
}
MONTHS = {
    "5 يناير 2023": 1,
    "5 كانون الثاني 2023": 1,
    "5 كانون ثاني 2023": 1,
    "5 جانفي 2023": 1,
    "5 يناير/كانون الثاني 2023": 1,
    "5 شباط 2023": 2,
    "5 فيفري 2023": 2,
    "5 فبراير (شباط) 2023": 2,
    "5 آذار 2023": 3,
    "5 مارس/آذار 2023": 3,
    "5 إبريل 2023": 4,
    "5 نيسان 2023": 4,
    "5 أفريل 2023": 4,
    "5 أيار 2023": 5,
    "5 ماي 2023": 5,
    "5 مايو 2023": 5,
    "5 يونيه 2023": 6,
    "5 حزيران 2023": 6,
    "5 جوان 2023": 6,
    "5 يوليه 2023": 7,
    "5 تموز 2023": 7,
    "5 يوليوز 2023": 7,
    "5 جويلية 2023": 7,
    "5 يوليو/تموز 2023": 7,
    "5 تموز/ يوليو 2023": 7,
    "5 آب 2023": 8,
    "5 غشت 2023": 8,
    "5 أوت 2023": 8,
    "5 أيلول 2022": 9,
    "5 شتنبر 2022": 9,
    "5 تشرين الأول 2022": 10,
    "5 أكتوبر/تشرين الأول 2022": 10,
    "5 تشرين الثاني 2022": 11,
    "5 نونبر 2022": 11,
    "5 كانون الأول 2022": 12,
    "5 دجنبر 2022": 12,
}
RELATIVE = {
    "منذ ثانية": timedelta(seconds=1),
    "منذ 30 ثانية": timedelta(seconds=30),
    "منذ دقيقة": timedelta(minutes=1),
    "منذ دقيقتين": timedelta(minutes=2),
    "قبل ٥ دقائق": timedelta(minutes=5),
    "منذ خمس دقائق": timedelta(minutes=5),
    "منذ خمس عشرة دقيقة": timedelta(minutes=15),
    "منذ خمس وعشرين دقيقة": timedelta(minutes=25),
    "منذ ساعة": timedelta(hours=1),
    "منذ ساعة واحدة": timedelta(hours=1),
    "منذ ساعتين": timedelta(hours=2),
    "قبل ساعتين": timedelta(hours=2),
    "منذ 3 ساعات": timedelta(hours=3),
    "3 ساعات مضت": timedelta(hours=3),
    "منذ 11 ساعة": timedelta(hours=11),
    "منذ نصف ساعة": timedelta(minutes=30),
    "منذ ساعة ونصف": timedelta(minutes=90),
    "منذ ساعتين وربع": timedelta(minutes=135),
    "منذ ساعة و20 دقيقة": timedelta(minutes=80),
    "منذ ساعة و 20 دقيقة": timedelta(minutes=80),
    "نشر منذ ساعتين": timedelta(hours=2),
    "آخر تحديث: منذ ساعتين": timedelta(hours=2),
    "منذ يوم": timedelta(days=1),
    "منذ يوم واحد": timedelta(days=1),
    "منذ يومين": timedelta(days=2),
    "منذ 3 أيام": timedelta(days=3),
    "منذ ثلاثة أيام": timedelta(days=3),
    "قبل 12 يومًا": timedelta(days=12),
    "منذ أسبوع": timedelta(weeks=1),
    "منذ أسبوعين": timedelta(weeks=2),
    "منذ 3 أسابيع": timedelta(weeks=3),
    "منذ شهر": timedelta(days=31),  # 9 July
    "منذ شهرين": timedelta(days=61),  # 9 June
    "منذ عامين": timedelta(days=730),  # 9 August 2021, which had no summer time: an hour less, below
    "2 hours ago": timedelta(hours=2),
    "an hour ago": timedelta(hours=1),
    "5 mins ago": timedelta(minutes=5),
    "3 days ago": timedelta(days=3),
}
NAMED_DAYS = {
    "أمس": "2023-08-07T21:00",
    "أمس 10:30 م": "2023-08-08T19:30",
    "أمس الأول": "2023-08-06T21:00",
    "أول أمس الساعة 9 صباحًا": "2023-08-07T06:00",
    "اليوم 11:20 ص": "2023-08-09T08:20",
    "اليوم، الساعة 8:20 بتوقيت جرينتش": "2023-08-09T08:20",
    "yesterday at 10:30 pm": "2023-08-08T19:30",
}
NO_DATE = [
    *(
        "",
        " ",
        "14",
        "2023",
        "الأحد",
        "أغسطس",
        "أغسطس 2023",
        "9 أغسطس",
        "9/8",
        "08:20",
        "8 مساءً",
        "20230809",
        "1691569200",
    ),
    *(
        "الآن",
        "اليوم",
        "منذ قليل",
        "قبل لحظات",
        "منذ دقائق",
        "منذ ساعات",
        "منذ نحو ساعة",
        "منذ",
        "الأسبوع الماضي",
        "غدًا",
    ),
    *("22 محرم 1445 هـ", "1445/1/22 هـ", "22 محرم 1445", "22 رمضان"),
    *("31 فبراير 2023", "2023-02-30", "30/2/2023", "0 أغسطس 2023", "31/13/2023", "2023-13-01", "29 فبراير 2023"),
    *(
        "2023-08-09T25:00:00Z",
        "9 أغسطس 2023 25:00",
        "9 أغسطس 2023 08:75",
        "9 أغسطس 2023 20:00 ص",
        "2023-08-09T08:00:00+23:00",
    ),
    *("5 يوليو/آب 2023", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9 أغسطس 1445", "9 أغسطس 20233"),
    *(
        "أعلنت الوزارة في 9 أغسطس 2023 عن تدريب",
        "القاهرة 9 أغسطس 2023",
        "9 أغسطس 2023 - 10 أغسطس 2023",
        "كأس العالم 2022",
    ),
    *("منذ 99999999999 يوم", "منذ 500 سنة", "بعد ساعة", "خلال ساعتين", "منذ 9 أغسطس 2023", "منذ 3 ساعات 4"),
    *("11 أغسطس 2023", "2023-08-10T12:00:01Z", "10 أغسطس 2024", "2030-01-01"),  # over a day ahead
]


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(("text", "moment"), [*MACHINE.items(), *VISIBLE.items(), *NAMED_DAYS.items()])
def test_a_printed_date_is_the_moment_it_names(text: str, moment: str) -> None:
    parsed = parse_date(text, now=NOW)
    assert parsed is not None
    assert parsed.replace(microsecond=0) == _utc(moment)
    assert parsed.tzinfo is UTC


@pytest.mark.parametrize(("text", "month"), MONTHS.items())
def test_month_names_of_egypt_the_levant_and_the_maghreb(text: str, month: int) -> None:
    parsed = parse_date(text, now=NOW)
    assert parsed is not None
    assert cairo_day(parsed) == date(2022 if month > 8 else 2023, month, 5)


@pytest.mark.parametrize(("text", "ago"), RELATIVE.items())
def test_relative_forms_count_from_now(text: str, ago: timedelta) -> None:
    summer_time_lost = timedelta(hours=1) if "عامين" in text else timedelta()
    assert parse_date(text, now=NOW) == NOW - ago + summer_time_lost


@pytest.mark.parametrize("text", NO_DATE)
def test_no_date_rather_than_a_guess(text: str) -> None:
    assert parse_date(text, now=NOW) is None


def test_the_tables_hold_at_least_120_cases() -> None:
    assert len([*MACHINE, *VISIBLE, *MONTHS, *RELATIVE, *NAMED_DAYS, *NO_DATE]) >= 120


def test_a_day_after_now_is_the_latest() -> None:
    assert parse_date("2023-08-10T12:00:00Z", now=NOW) == NOW + timedelta(days=1)


# Egypt had no summer time from 2015 to 2022; since 2023 it lasts from the last Friday of April to the last Thursday
# of October, both changes at midnight.
@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("9 أغسطس 2014 12:00", "2014-08-09T09:00"),
        ("9 أغسطس 2015 12:00", "2015-08-09T10:00"),
        ("9 أغسطس 2022 12:00", "2022-08-09T10:00"),
        ("27 أبريل 2023 23:59", "2023-04-27T21:59"),
        ("28 أبريل 2023 00:30", "2023-04-27T22:30"),  # does not exist; read by the clock before the change
        ("28 أبريل 2023", "2023-04-27T22:00"),
        ("28 أبريل 2023 01:00", "2023-04-27T22:00"),
        ("26 أكتوبر 2023 22:59", "2023-10-26T19:59"),
        ("26 أكتوبر 2023 23:30", "2023-10-26T20:30"),  # twice; the first
        ("27 أكتوبر 2023", "2023-10-26T22:00"),
        ("الثلاثاء 11 نوفمبر 2025 05:15 مـ 20 جمادى أول 1447 هـ", "2025-11-11T15:15"),
        ("الخميس، 23 فبراير 2023 08:30 م", "2023-02-23T18:30"),
    ],
)
def test_cairo_s_summer_time_history(text: str, moment: str) -> None:
    assert parse_date(text, now=LATER) == _utc(moment)


def test_days_keep_the_wall_clock_and_hours_do_not_when_clocks_change() -> None:
    after_change = datetime(2023, 4, 28, 10, 0, tzinfo=CAIRO)
    assert parse_date("منذ يوم", now=after_change) == datetime(2023, 4, 27, 10, 0, tzinfo=CAIRO)
    assert parse_date("منذ 24 ساعة", now=after_change) == datetime(2023, 4, 27, 9, 0, tzinfo=CAIRO)


def test_months_end_with_the_month() -> None:
    assert parse_date("منذ شهر", now=datetime(2023, 3, 31, 12, tzinfo=CAIRO)) == datetime(2023, 2, 28, 12, tzinfo=CAIRO)


def test_cairo_day_is_the_day_there() -> None:
    assert cairo_day(datetime(2023, 8, 8, 20, 59, tzinfo=UTC)) == date(2023, 8, 8)
    assert cairo_day(datetime(2023, 8, 8, 21, 0, tzinfo=UTC)) == date(2023, 8, 9)
    assert cairo_day(datetime(2023, 4, 27, 22, 0, tzinfo=UTC)) == date(2023, 4, 28)


def test_a_naive_moment_is_an_error_of_the_caller() -> None:
    naive = datetime(2023, 8, 9)
    with pytest.raises(ValueError, match="time zone"):
        parse_date("9 أغسطس 2023", now=naive)
    with pytest.raises(ValueError, match="time zone"):
        cairo_day(naive)


def test_common_forms_do_not_import_dateparser() -> None:
    program = """
import sys
from datetime import datetime, UTC
from alqahira.dates import parse_date
for text in sys.argv[1:]:
    parse_date(text, now=datetime(2023, 8, 9, 12, tzinfo=UTC))
sys.exit("dateparser" in sys.modules)
"""
    forms = [
        text
        for text in (*MACHINE, *VISIBLE, *MONTHS, *RELATIVE, *NAMED_DAYS, *NO_DATE)
        if "9 11:20:00 2023" not in text
    ]
    assert subprocess.run([sys.executable, "-c", program, *forms], check=False).returncode == 0


PIECES = [
    *(
        "9",
        "31",
        "2023",
        "1445",
        "99999999999999999999",
        "٩",
        "۲۰۲۳",
        "²",
        "०९",
        ":",
        "/",
        "-",
        ".",
        "،",
        "+",
        "Z",
        "T",
    ),
    *("منذ", "قبل", "و", "نصف", "ساعتين", "دقائق", "سنة", "أغسطس", "كانون", "الثاني", "محرم", "هـ", "م", "ص", "مساء"),
    *("أمس", "الأول", "اليوم", "GMT", "ago", "Aug", "\ud800", "\0", "\u200f", " ", "\n"),
]


@settings(max_examples=500, deadline=None)
@given(
    st.one_of(
        st.lists(st.sampled_from(PIECES), max_size=14).map(" ".join),
        st.lists(st.sampled_from(PIECES), max_size=14).map("".join),
        st.text(st.characters(exclude_categories=()), max_size=60),
    )
)
def test_no_text_raises_and_no_moment_is_too_late(text: str) -> None:
    parsed = parse_date(text, now=NOW)
    assert parsed is None or (parsed.tzinfo is UTC and parsed <= NOW + timedelta(days=1))


@settings(max_examples=200, deadline=None)
@given(st.datetimes(datetime(2000, 1, 1), datetime(2023, 8, 8)), st.sampled_from(["%d/%m/%Y %H:%M", "%Y-%m-%dT%H:%M"]))
def test_a_printed_cairo_time_comes_back(moment: datetime, form: str) -> None:
    local = moment.replace(second=0, microsecond=0, tzinfo=CAIRO)
    assert parse_date(local.strftime(form), now=NOW) == local.astimezone(UTC)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "part", ["9", "9 ", "9/", "منذ ", "9 أغسطس ", " ", "\u200f", "م", "كانون ", "ساعة و", "ـ", "(a", "+9"]
)
def test_long_repetitions_take_little_time(part: str) -> None:
    for length in (190, 900, 100_000):
        parse_date(part * (length // len(part)), now=NOW)
        parse_date("منذ " + part * (length // len(part)), now=NOW)
