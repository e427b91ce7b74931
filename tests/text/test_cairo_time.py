"""Cairo's days and clock, through every change of its summer time."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from alqahira.text.dates import CAIRO, cairo_day, parse_date, start_of_cairo_day

LATER = datetime(2026, 6, 1, tzinfo=UTC)


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


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
def test_cairo_summer_time_history_is_followed(text: str, moment: str) -> None:
    assert parse_date(text, now=LATER) == _utc(moment)


def test_days_ago_keep_wall_clock_and_hours_ago_do_not() -> None:
    after_change = datetime(2023, 4, 28, 10, 0, tzinfo=CAIRO)
    assert parse_date("منذ يوم", now=after_change) == datetime(2023, 4, 27, 10, 0, tzinfo=CAIRO)
    assert parse_date("منذ 24 ساعة", now=after_change) == datetime(2023, 4, 27, 9, 0, tzinfo=CAIRO)


def test_month_ago_ends_with_the_shorter_month() -> None:
    assert parse_date("منذ شهر", now=datetime(2023, 3, 31, 12, tzinfo=CAIRO)) == datetime(2023, 2, 28, 12, tzinfo=CAIRO)


def test_cairo_day_is_the_local_day() -> None:
    assert cairo_day(datetime(2023, 8, 8, 20, 59, tzinfo=UTC)) == date(2023, 8, 8)
    assert cairo_day(datetime(2023, 8, 8, 21, 0, tzinfo=UTC)) == date(2023, 8, 9)
    assert cairo_day(datetime(2023, 4, 27, 22, 0, tzinfo=UTC)) == date(2023, 4, 28)


def test_cairo_day_starts_at_local_midnight() -> None:
    assert start_of_cairo_day(date(2023, 8, 9)) == datetime(2023, 8, 8, 21, 0, tzinfo=UTC)
    assert start_of_cairo_day(date(2023, 2, 9)) == datetime(2023, 2, 8, 22, 0, tzinfo=UTC)


def test_naive_datetime_is_refused() -> None:
    naive = datetime(2023, 8, 9)
    with pytest.raises(ValueError, match="time zone"):
        parse_date("9 أغسطس 2023", now=naive)
    with pytest.raises(ValueError, match="time zone"):
        cairo_day(naive)
