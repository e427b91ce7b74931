"""A run's arguments are checked before anything starts, each with one line that says what to write."""

from datetime import date

import pytest

from alqahira.exceptions import ConfigurationError
from alqahira.settings.arguments import CrawlArguments

TODAY = date(2026, 11, 24)


def test_days_and_counts_are_read():
    given = {"since": "2026-11-01", "until": "2026-11-20", "max_articles": "5"}
    assert CrawlArguments.parse(given, today=TODAY) == CrawlArguments(
        since=date(2026, 11, 1), until=date(2026, 11, 20), max_articles=5
    )


def test_the_name_of_a_scrapyd_job_is_no_argument_of_the_crawl():
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
        ({"max_articles": "0"}, "is not a count"),
        ({"max_articles": "-3"}, "is not a count"),
        ({"max_articles": "many"}, "is not a count"),
        ({"max_articles": "1e3"}, "is not a count"),
        ({"max_articles": "9" * 5000}, "is not a count"),
    ],
)
def test_a_wrong_argument_is_named_in_one_line(given, line):
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
def test_both_days_are_included_and_an_undated_article_is_too(day, covered):
    assert CrawlArguments(since=date(2026, 11, 1), until=date(2026, 11, 3)).covers(day) is covered
