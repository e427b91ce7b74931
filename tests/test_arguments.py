"""Arguments and settings are checked before anything starts, each with one line that says what to write."""

from datetime import date

import pytest

from alqahira.arguments import CrawlArguments, check_choice, check_output_dir, check_site_url
from alqahira.errors import ConfigurationError

TODAY = date(2026, 11, 24)


def test_days_and_counts_are_read():
    given = {"since": "2026-11-01", "until": "2026-11-20", "max_articles": "5"}
    assert CrawlArguments.parse(given, today=TODAY) == CrawlArguments(date(2026, 11, 1), date(2026, 11, 20), 5)


def test_the_name_of_a_scrapyd_job_is_no_argument_of_the_crawl():
    assert CrawlArguments.parse({"_job": "abc"}, today=TODAY) == CrawlArguments()


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"sinse": "2026-11-01"}, "unknown spider argument 'sinse'"),
        ({"section": "../../x"}, "unknown spider argument 'section'"),
        ({"since": "yesterday"}, "since='yesterday' is no date"),
        ({"since": "2026-02-30"}, "is no date"),
        ({"since": "20261101"}, "is no date"),
        ({"until": "٢٠٢٦-١١-٠١"}, "is no date"),
        ({"since": "2026-11-02", "until": "2026-11-01"}, "since=2026-11-02 is after until=2026-11-01"),
        ({"since": "2026-11-25"}, "is after today"),
        ({"max_articles": "0"}, "is no count"),
        ({"max_articles": "-3"}, "is no count"),
        ({"max_articles": "many"}, "is no count"),
        ({"max_articles": "1e3"}, "is no count"),
        ({"max_articles": "9" * 5000}, "is no count"),
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
    assert CrawlArguments(date(2026, 11, 1), date(2026, 11, 3)).covers(day) is covered


@pytest.mark.parametrize(
    ("url", "root"),
    [
        ("https://alqaheranews.net", "https://alqaheranews.net"),
        ("https://Alqaheranews.net/", "https://alqaheranews.net"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    ],
)
def test_a_site_is_its_root(url, root):
    assert check_site_url(url) == root


@pytest.mark.parametrize(
    "url", ["", "alqaheranews.net", "ftp://a.b", "https://", "http://a b", "http://a:b", "http://a/b", "http://[x", "x"]
)
def test_a_site_url_that_is_none_is_refused(url):
    with pytest.raises(ConfigurationError):
        check_site_url(url)


def test_a_choice_is_one_of_its_words():
    assert check_choice("X", "Drop", ("drop", "off")) == "drop"
    with pytest.raises(ConfigurationError, match="none of drop, off"):
        check_choice("X", "keep", ("drop", "off"))


def test_the_output_folder_is_made_and_left_clean(tmp_path):
    folder = check_output_dir(str(tmp_path / "a" / "b"))
    assert folder.is_dir()
    assert not list(folder.iterdir())


@pytest.mark.parametrize("name", ["file/below", "nul\0byte"])
def test_a_folder_that_cannot_be_written_is_refused(tmp_path, name):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        check_output_dir(str(tmp_path / name))
