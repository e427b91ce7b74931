"""Spider arguments are checked before anything starts; a wrong one is one clear line."""

from datetime import date

import pytest

from alqahira.exceptions import ConfigurationError
from alqahira.settings.arguments import CrawlArguments

TODAY = date(2026, 11, 24)


def test_days_and_count_are_parsed():
    given = {"since": "2026-11-01", "until": "2026-11-20", "max_articles": "5"}
    assert CrawlArguments.parse(given, today=TODAY) == CrawlArguments(
        since=date(2026, 11, 1), until=date(2026, 11, 20), max_articles=5
    )


def test_job_of_scrapyd_is_ignored():
    assert CrawlArguments.parse({"_job": "abc"}, today=TODAY) == CrawlArguments()


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"sinse": "2026-11-01"}, "unknown spider argument 'sinse'"),
        ({"section": "../../x"}, "unknown spider argument 'section'"),
        ({"since": "yesterday"}, "since='yesterday' is not a date"),
        ({"since": "2026-02-30"}, "is not a date"),
        ({"since": "20261101"}, "is not a date"),
        ({"until": "٢٠٢٦-١١-٠١"}, "is not a date"),
        ({"since": "2026-11-02", "until": "2026-11-01"}, "since=2026-11-02 is after until=2026-11-01"),
        ({"since": "2026-11-25"}, "is after today"),
        ({"max_articles": "0"}, "is not a whole number above 0"),
        ({"max_articles": "-3"}, "is not a whole number above 0"),
        ({"max_articles": "many"}, "is not a whole number above 0"),
        ({"max_articles": "1e3"}, "is not a whole number above 0"),
        ({"max_articles": "9" * 5000}, "is not a whole number above 0"),
    ],
)
def test_wrong_argument_is_refused_in_one_line(given, line):
    with pytest.raises(ConfigurationError, match=line) as raised:
        CrawlArguments.parse(given, today=TODAY)
    assert "\n" not in str(raised.value)
    assert raised.value.exit_status == 2


@pytest.mark.parametrize(
    ("day", "covered"),
    [
        (date(2026, 10, 31), False),
        (date(2026, 11, 1), True),
        (date(2026, 11, 3), True),
        (date(2026, 11, 4), False),
        (None, True),
    ],
)
def test_window_includes_both_days_and_unknown_day(day, covered):
    assert CrawlArguments(since=date(2026, 11, 1), until=date(2026, 11, 3)).covers(day) is covered
