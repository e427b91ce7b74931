"""A run whose clock is wrong writes no schedule, and times of the future starve no later run."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_scenario import NOW, SCHEDULE, accept, crawled, link, pending

from alqahira.ledger.frontier import CLAIM_PAUSE, CLOCK_TOLERANCE, MAX_ATTEMPTS, Standing

DAY = timedelta(days=1)
YEARS = timedelta(days=700)


def discover(ledger, *links, now=NOW, retry=False):
    found = ledger.discover(links, section="defense", run_id="run", now=now, retry=retry)
    return [discovery.standing for discovery in found]


def due(ledger, now):
    return [discovery.link.key for discovery in ledger.due(now, 10)]


@pytest.mark.parametrize("wrong", [YEARS, -3 * DAY], ids=["ahead", "behind"])
def test_page_visited_by_a_wrong_clock_is_due_once_the_clock_is_right(ledger, wrong):
    ledger.is_clock_right = False
    discover(ledger, link(1), now=NOW + wrong)
    accept(ledger, crawled(1, fetched=NOW + wrong))
    assert due(ledger, NOW + wrong + YEARS) == []
    assert discover(ledger, link(1), now=NOW + wrong + YEARS) == [Standing.FRESH]
    ledger.is_clock_right = True
    assert due(ledger, NOW) == ["1"]


def test_wrong_clock_leaves_the_next_visit_of_a_known_page(ledger):
    discover(ledger, link(1))
    accept(ledger, crawled(1))
    ledger.is_clock_right = False
    ledger.unchanged(replace(crawled(1).fetch, fetched=NOW + YEARS))
    ledger.is_clock_right = True
    assert (due(ledger, NOW + timedelta(hours=1)), due(ledger, NOW + timedelta(hours=2))) == ([], ["1"])


def test_failure_under_a_wrong_clock_is_no_attempt(ledger):
    discover(ledger, link(1))
    ledger.is_clock_right = False
    for days in range(100):
        assert not ledger.fail("1", "http_404", retry=False, now=NOW + days * DAY)
    assert [link.key for link in pending(ledger)] == ["1"]


def test_page_given_up_stays_so_under_a_wrong_clock(ledger):
    discover(ledger, link(1))
    for day in range(MAX_ATTEMPTS):
        ledger.fail("1", "http_500", retry=True, now=NOW + day * DAY)
    ledger.is_clock_right = False
    assert discover(ledger, link(1), now=NOW + YEARS) == [Standing.GIVEN_UP]


def test_visit_of_the_future_does_not_hide_a_change(ledger):
    discover(ledger, link(1))
    accept(ledger, crawled(1, fetched=NOW + YEARS))
    assert discover(ledger, link(1, modified=NOW), now=NOW) == [Standing.DUE]


def test_ledger_with_times_of_the_future_is_corrected(ledger):
    discover(ledger, link(1), link(2), link(3))
    accept(ledger, crawled(1, fetched=NOW + YEARS))  # too old by that clock to be visited again
    ledger.fail("2", "http_404", retry=False, now=NOW + YEARS)
    accept(ledger, crawled(3))
    ledger.finish_run("run", {}, 0, NOW + YEARS, complete=True)
    assert ledger.latest_time() == NOW + YEARS
    assert due(ledger, NOW) == []
    assert ledger.correct_future(NOW) == 2
    assert due(ledger, NOW) == ["1", "2"]
    assert ledger.latest_time() == NOW
    assert ledger.correct_future(NOW + timedelta(minutes=1)) == 2  # until they have been visited
    accept(ledger, crawled(1))
    assert ledger.correct_future(NOW + timedelta(minutes=1)) == 1


def test_run_of_the_future_is_no_longer_the_last_one(ledger):
    ledger.start_run("future", "defense", NOW + YEARS)
    ledger.finish_run("future", {}, 0, NOW + YEARS, complete=True)
    ledger.correct_future(NOW)
    assert ledger.last_completed_run("defense") == "2026-11-24T12:00:00Z"


def test_a_day_ahead_is_no_time_of_the_future(ledger):
    discover(ledger, link(1))
    accept(ledger, crawled(1, fetched=NOW + CLOCK_TOLERANCE))
    assert ledger.correct_future(NOW) == 0


@given(st.timedeltas(min_value=timedelta(days=-4000), max_value=timedelta(days=4000)))
def test_next_visit_comes_after_a_pause_of_the_schedule(age):
    following = SCHEDULE.next_visit(NOW - age, NOW)
    pauses = [pause for _, pause in SCHEDULE.steps]
    assert following is None or following - NOW in pauses
    if age < -CLOCK_TOLERANCE:  # a date of the future makes no article young
        assert following == NOW + max(pauses)


# --- dates of change ----------------------------------------------------------------------------


def visits(ledger, days, *, changes=False):
    """The days on which a page is due whose sitemap dates a change at every run, and what each visit finds."""
    discover(ledger, link(1), now=NOW - DAY * 400)
    accept(ledger, crawled(1, published=NOW - DAY * 400, fetched=NOW - DAY))
    asked = []
    for hour in range(0, 24 * days, 6):
        now = NOW + timedelta(hours=hour)
        if discover(ledger, link(1, modified=now), now=now) == [Standing.DUE]:
            asked.append(hour / 24)
            text = f"نص الخبر بعد التعديل رقم {hour}" if changes else None
            accept(ledger, crawled(1, text=text, published=NOW - DAY * 400, fetched=now))
    return asked


def test_change_that_a_sitemap_dates_in_vain_is_believed_less_and_less_often(ledger):
    assert visits(ledger, 40) == [0, 1, 3, 7, 15, 31]


def test_change_that_a_sitemap_dates_truly_is_always_believed(ledger):
    assert len(visits(ledger, 5, changes=True)) == 5 * 4


def test_304_and_failure_are_changes_dated_in_vain(ledger):
    discover(ledger, link(1), link(2))
    for number in (1, 2):
        accept(ledger, crawled(number))
    now = NOW + timedelta(hours=1)
    claims = [link(number, modified=now) for number in (1, 2)]
    assert discover(ledger, *claims, now=now) == [Standing.DUE] * 2
    ledger.unchanged(replace(crawled(1).fetch, fetched=now))
    ledger.fail("2", "http_404", retry=False, now=now)
    later = [replace(claim, modified=now + timedelta(minutes=1)) for claim in claims]
    assert discover(ledger, *later, now=now + timedelta(minutes=1)) == [Standing.FRESH] * 2
    tomorrow = [replace(claim, modified=now + CLAIM_PAUSE) for claim in claims]
    assert discover(ledger, *tomorrow, now=now + CLAIM_PAUSE) == [Standing.DUE] * 2


# --- dates of publication -----------------------------------------------------------------------


def test_article_without_a_date_is_read_again_without_validators(ledger):
    discover(ledger, link(1))
    accept(ledger, crawled(1, published=None))
    (known,) = ledger.due(NOW + timedelta(hours=2), 10)
    assert (known.etag, known.last_modified) == (None, None)


def test_date_that_was_missing_is_a_revision_and_its_loss_is_none(ledger):
    discover(ledger, link(1))
    revisions = [
        accept(ledger, crawled(1, published=published, fetched=NOW + timedelta(hours=hour))).article.revision
        for hour, published in enumerate([None, None, NOW, None, NOW])
    ]
    assert revisions == [1, 1, 2, 2, 2]
    assert ledger.article("1").date_published == NOW
