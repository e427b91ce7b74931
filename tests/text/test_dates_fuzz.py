"""Any text gives None or a moment that is not too late, in little time; printed times round-trip."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alqahira.text.dates import CAIRO, parse_date

NOW = datetime(2023, 8, 9, 12, 0, tzinfo=UTC)

PIECES = [
    "9", "31", "2023", "1445", "99999999999999999999", "٩", "۲۰۲۳", "²", "०९", ":", "/", "-", ".", "،", "+", "Z",
    "T",
    "منذ", "قبل", "و", "نصف", "ساعتين", "دقائق", "سنة", "أغسطس", "كانون", "الثاني", "محرم", "هـ", "م", "ص", "مساء",
    "أمس", "الأول", "اليوم", "GMT", "ago", "Aug", "\ud800", "\0", "\u200f", " ", "\n",
]  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(
    st.one_of(
        st.lists(st.sampled_from(PIECES), max_size=14).map(" ".join),
        st.lists(st.sampled_from(PIECES), max_size=14).map("".join),
        st.text(st.characters(exclude_categories=()), max_size=60),
    )
)
def test_any_text_gives_none_or_a_moment_not_too_late(text: str) -> None:
    parsed = parse_date(text, now=NOW)
    assert parsed is None or (parsed.tzinfo is UTC and parsed <= NOW + timedelta(days=1))


@settings(max_examples=200, deadline=None)
@given(st.datetimes(datetime(2002, 1, 1), datetime(2023, 8, 8)), st.sampled_from(["%d/%m/%Y %H:%M", "%Y-%m-%dT%H:%M"]))
def test_printed_cairo_time_round_trips(moment: datetime, form: str) -> None:
    local = moment.replace(second=0, microsecond=0, fold=0, tzinfo=CAIRO)
    assert parse_date(local.strftime(form), now=NOW) == local.astimezone(UTC)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "part", ["9", "9 ", "9/", "منذ ", "9 أغسطس ", " ", "\u200f", "م", "كانون ", "ساعة و", "ـ", "(a", "+9"]
)
def test_long_repetitions_take_little_time(part: str) -> None:
    for length in (190, 900, 100_000):
        parse_date(part * (length // len(part)), now=NOW)
        parse_date("منذ " + part * (length // len(part)), now=NOW)
