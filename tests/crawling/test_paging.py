"""Paging ends after a row of known or old articles, never at a single pinned one, and always at a bound."""

from datetime import UTC, date, datetime, timedelta

import pytest

from alqahira.crawling.discovery.paging import PaginationState
from alqahira.ledger.frontier import Link


def cards(*keys, days=None):
    dates = [datetime(2026, 11, day, 12, tzinfo=UTC) if day else None for day in days or [None] * len(keys)]
    return [Link(key, f"https://a.b/news/{key}", None, when) for key, when in zip(keys, dates, strict=True)]


def stop(state, since=None, max_pages=50):
    return state.stop_reason(overlap=3, max_pages=max_pages, since=since)


def test_page_of_new_articles_is_followed_by_the_next():
    state = PaginationState()
    state.add(cards("1", "2", "3"), processed=set())
    assert stop(state) is None


def test_pinned_known_article_is_no_overlap():
    state = PaginationState()
    state.add(cards("pinned", "9", "8"), processed={"pinned"})
    assert stop(state) is None


def test_row_of_known_articles_is_an_overlap():
    state = PaginationState()
    state.add(cards("9", "3", "2", "1"), processed={"3", "2", "1"})
    assert stop(state) == "overlap"


def test_row_may_span_two_pages():
    state = PaginationState()
    state.add(cards("9", "3", "2"), processed={"3", "2", "1"})
    assert stop(state) is None
    state.add(cards("1", "0"), processed={"1", "0"})
    assert stop(state) == "overlap"


def test_new_article_among_known_ones_breaks_the_row():
    state = PaginationState()
    state.add(cards("3", "2", "9", "1"), processed={"3", "2", "1"})
    assert stop(state) is None


def test_with_since_only_a_row_of_older_days_ends_paging():
    state = PaginationState()
    state.add(cards("3", "2", "1", days=[20, 20, 19]), processed={"3", "2", "1"})
    assert stop(state, since=date(2026, 11, 15)) is None
    state.add(cards("0", "a", "b", days=[14, 13, 12]), processed=set())
    assert stop(state, since=date(2026, 11, 15)) == "since"


@pytest.mark.parametrize("days", [[14, 20, 20], [14, None, 13]])
def test_old_pinned_or_undated_card_does_not_end_paging_by_day(days):
    state = PaginationState()
    state.add(cards("1", "2", "3", days=days), processed=set())
    assert stop(state, since=date(2026, 11, 15)) is None


def test_page_without_new_articles_is_the_end():
    state = PaginationState()
    state.add(cards("1", "2"), processed=set())
    state.add(cards("2", "1"), processed=set())
    assert stop(state) == "repeats"


def test_endless_listing_stops_at_the_bound():
    state = PaginationState()
    for page in range(4):
        state.add(cards(str(page)), processed=set())
    assert stop(state, max_pages=4) == "bound"


# --- gaps -----------------------------------------------------------------------------------------


def page(first, count=12, *, every=10, numbers=False):
    """The cards from the first-newest article on, one every so many minutes, with or without numbers and dates."""
    noon = datetime(2026, 11, 25, 12, tzinfo=UTC)
    links = []
    for place in range(first, first + count):
        key = str(90_000 - 7 * place) if numbers else f"key-{place}"
        links.append(
            Link(key, f"https://a.b/{key}", None, None if numbers else noon - timedelta(minutes=every * place))
        )
    return links


def gaps(*pages):
    state = PaginationState()
    gaps = []
    for links in pages:
        state.add(links, processed=set())
        gaps.append(state.gap)
    return gaps


@pytest.mark.parametrize("numbers", [False, True])
def test_pages_that_adjoin_or_overlap_have_no_gap(numbers):
    assert gaps(page(0, numbers=numbers), page(12, numbers=numbers), page(22, numbers=numbers)) == ["", "", ""]


def test_skipped_page_shows_in_the_time_between():
    assert gaps(page(0, every=120), page(24, every=120)) == ["", "26.0 hours lie between pages 1 and 2"]


def test_skipped_page_without_dates_shows_in_the_numbers():
    first, second, third = gaps(page(0, numbers=True), page(12, numbers=True), page(36, numbers=True))
    assert (first, second) == ("", "")
    assert third == "91 article numbers lie between pages 2 and 3"


def test_night_between_two_pages_is_no_gap():
    assert gaps(page(0, every=10), page(42, every=10)) == ["", ""]  # five hours


def test_quiet_listing_has_no_gap():
    days = [0, 3, 4, 11, 12, 13, 19, 20, 27, 30, 31, 40, 48, 49, 51, 60, 62, 70, 71, 77]
    made = [
        Link(f"key-{day}", "https://a.b", None, datetime(2026, 11, 25, tzinfo=UTC) - timedelta(days=day))
        for day in days
    ]
    assert gaps(made[:10], made[10:]) == ["", ""]


def test_pinned_story_on_every_page_does_not_join_them():
    pinned = Link("pinned", "https://a.b", None, datetime(2025, 1, 1, tzinfo=UTC))
    between = gaps([pinned, *page(0, every=120)], [pinned, *page(24, every=120)])
    assert between == ["", "26.0 hours lie between pages 1 and 2"]


def test_numbers_that_do_not_count_down_show_no_gap():
    shuffled = page(12, numbers=True)[::-1]
    assert gaps(page(0, numbers=True), shuffled, page(60, numbers=True)) == ["", "", ""]
