"""Paging ends after a row of known or old articles, never on a single pinned one, and never goes on for ever."""

from datetime import UTC, date, datetime

import pytest

from alqahira.ledger import Link
from alqahira.paging import Trail


def cards(*keys, days=None):
    dates = [datetime(2026, 11, day, 12, tzinfo=UTC) if day else None for day in days or [None] * len(keys)]
    return [Link(key, f"https://a.b/news/{key}", None, when) for key, when in zip(keys, dates, strict=True)]


def stop(trail, since=None, max_pages=50):
    return trail.why_stop(overlap=3, max_pages=max_pages, since=since)


def test_new_articles_ask_for_the_next_page():
    trail = Trail()
    trail.add(cards("1", "2", "3"), settled=set())
    assert stop(trail) is None


def test_a_pinned_known_article_is_no_overlap():
    trail = Trail()
    trail.add(cards("pinned", "9", "8"), settled={"pinned"})
    assert stop(trail) is None


def test_a_row_of_known_articles_is_one():
    trail = Trail()
    trail.add(cards("9", "3", "2", "1"), settled={"3", "2", "1"})
    assert stop(trail) == "overlap"


def test_the_row_may_reach_over_two_pages():
    trail = Trail()
    trail.add(cards("9", "3", "2"), settled={"3", "2", "1"})
    assert stop(trail) is None
    trail.add(cards("1", "0"), settled={"1", "0"})
    assert stop(trail) == "overlap"


def test_a_new_article_among_known_ones_breaks_the_row():
    trail = Trail()
    trail.add(cards("3", "2", "9", "1"), settled={"3", "2", "1"})
    assert stop(trail) is None


def test_with_since_known_articles_do_not_end_it_but_a_row_of_older_days_does():
    trail = Trail()
    trail.add(cards("3", "2", "1", days=[20, 20, 19]), settled={"3", "2", "1"})
    assert stop(trail, since=date(2026, 11, 15)) is None
    trail.add(cards("0", "a", "b", days=[14, 13, 12]), settled=set())
    assert stop(trail, since=date(2026, 11, 15)) == "since"


@pytest.mark.parametrize("days", [[14, 20, 20], [14, None, 13]])
def test_an_old_pinned_or_an_undated_card_does_not_end_a_search_by_day(days):
    trail = Trail()
    trail.add(cards("1", "2", "3", days=days), settled=set())
    assert stop(trail, since=date(2026, 11, 15)) is None


def test_a_page_that_shows_nothing_new_is_the_end():
    trail = Trail()
    trail.add(cards("1", "2"), settled=set())
    trail.add(cards("2", "1"), settled=set())
    assert stop(trail) == "repeats"


def test_an_endless_listing_is_left_at_the_bound():
    trail = Trail()
    for page in range(4):
        trail.add(cards(str(page)), settled=set())
    assert stop(trail, max_pages=4) == "bound"
