"""The pages of a ledger: which are new, pending, due, fresh or given up."""

from dataclasses import replace
from datetime import timedelta

import pytest
from ledger_scenario import NOW, SCHEDULE, accept, crawled, link, pending
from sqlalchemy import text

from alqahira.ledger.frontier import GIVEN_UP_PAUSE, MAX_ATTEMPTS, MAX_UNFINISHED, MIN_FAILING, Standing
from alqahira.ledger.pages import _SET_PAGE


def discover(ledger, *links, section="defense", now=NOW):
    return [discovery.standing for discovery in ledger.discover(links, section=section, run_id="run", now=now)]


def processed(ledger, *links, section="defense"):
    return [discovery.processed for discovery in ledger.discover(links, section=section, run_id="run", now=NOW)]


def test_unknown_page_is_new_then_pending_then_fresh(ledger):
    assert discover(ledger, link(1)) == [Standing.NEW]
    assert discover(ledger, link(1)) == [Standing.PENDING]
    assert [link.key for link in pending(ledger)] == ["1"]
    accept(ledger, crawled(1))
    assert discover(ledger, link(1)) == [Standing.FRESH]
    assert pending(ledger) == []


def test_page_listed_twice_is_one_page(ledger):
    assert discover(ledger, link(1), link(1)) == [Standing.NEW, Standing.NEW]
    assert len(pending(ledger)) == 1


def test_known_page_is_due_by_its_age(ledger):
    discover(ledger, link(1), link(2))
    accept(ledger, crawled(1))
    accept(ledger, crawled(2, published=NOW - timedelta(days=400)))
    assert ledger.due(NOW + timedelta(hours=1), 10) == []
    due = ledger.due(NOW + timedelta(hours=2), 10)
    assert [(discovery.link.key, discovery.etag) for discovery in due] == [("1", '"1"')]
    assert discover(ledger, link(1), now=NOW + timedelta(hours=2)) == [Standing.DUE]


@pytest.mark.parametrize(("age_days", "hours"), [(0, 2), (0.9, 2), (2, 24), (30, 24), (31, None)])
def test_older_article_is_visited_less_often(age_days, hours):
    following = SCHEDULE.next_visit(NOW - timedelta(days=age_days), NOW)
    assert following == (NOW + timedelta(hours=hours) if hours else None)


def test_listed_page_with_validators_is_due(ledger):
    discover(ledger, link(1), link(2))
    accept(ledger, crawled(1))
    silent = crawled(2)
    silent.fetch = replace(silent.fetch, etag=None)
    accept(ledger, silent)
    assert discover(ledger, link(1, is_listed=True), link(2, is_listed=True)) == [Standing.DUE, Standing.FRESH]


@pytest.mark.parametrize(("changed_after_hours", "standing"), [(-1, Standing.FRESH), (1, Standing.DUE)])
def test_page_modified_since_visit_is_due(ledger, changed_after_hours, standing):
    discover(ledger, link(1))
    accept(ledger, crawled(1))
    assert discover(ledger, link(1, modified=NOW + timedelta(hours=changed_after_hours))) == [standing]


def test_unchanged_page_is_not_due(ledger):
    discover(ledger, link(1))
    item = crawled(1)
    accept(ledger, item)
    later = NOW + timedelta(hours=2)
    ledger.unchanged(replace(item.fetch, fetched=later))
    assert ledger.due(later, 10) == []


def fail(ledger, cause="http_500", *, days=0.0, **given):
    return ledger.fail("1", cause, retry=True, now=NOW + timedelta(days=days), **given)


def test_page_is_given_up_after_enough_attempts_and_days(ledger):
    discover(ledger, link(1))
    assert not any(fail(ledger, days=hour / 24) for hour in range(48))
    assert pending(ledger)
    assert fail(ledger, days=MIN_FAILING.days)
    assert pending(ledger) == []


def test_page_is_given_up_once(ledger):
    now = give_up(ledger)
    assert discover(ledger, link(1), now=now + GIVEN_UP_PAUSE) == [Standing.DUE]
    assert not fail(ledger, days=MAX_ATTEMPTS)


def test_few_attempts_over_many_days_do_not_give_a_page_up(ledger):
    discover(ledger, link(1))
    assert not any(fail(ledger, days=10 * n) for n in range(MAX_ATTEMPTS - 1))
    assert pending(ledger)


def test_failure_of_the_host_is_no_attempt(ledger):
    discover(ledger, link(1))
    assert not any(fail(ledger, "dns", days=n, is_attempt=False) for n in range(100))
    assert pending(ledger)
    assert not fail(ledger, days=101)


def give_up(ledger):
    """The page is given up, and when."""
    discover(ledger, link(1))
    assert [fail(ledger, days=n) for n in range(MAX_ATTEMPTS)][-1]
    return NOW + timedelta(days=MAX_ATTEMPTS - 1)


def test_given_up_page_is_due_again_a_day_later_while_it_is_named(ledger):
    now = give_up(ledger)
    assert discover(ledger, link(1), now=now + timedelta(hours=1)) == [Standing.GIVEN_UP]
    assert discover(ledger, link(1), now=now + GIVEN_UP_PAUSE) == [Standing.DUE]
    assert ledger.due(now + timedelta(days=1000), 10) == []


def test_given_up_page_is_due_at_once_with_since(ledger):
    now = give_up(ledger)
    found = ledger.discover([link(1)], section="defense", run_id="run", now=now, retry=True)
    assert [discovery.standing for discovery in found] == [Standing.DUE]


def test_article_ends_a_row_of_failures(ledger):
    give_up(ledger)
    accept(ledger, crawled(1))
    assert not fail(ledger, days=100)


def test_missing_page_is_due_while_it_is_named(ledger):
    discover(ledger, link(1))
    ledger.fail("1", "http_404", retry=False, now=NOW)
    assert pending(ledger) == []
    assert discover(ledger, link(1), now=NOW + timedelta(minutes=5)) == [Standing.DUE]


def test_page_that_ends_three_runs_is_read_no_more(ledger):
    discover(ledger, link(1), link(2))
    for _ in range(MAX_UNFINISHED):
        assert [link.key for link in pending(ledger)] == ["1", "2"]
        ledger.begin("1")
    assert [link.key for link in pending(ledger)] == ["2"]
    assert discover(ledger, link(1), now=NOW + timedelta(days=100)) == [Standing.GIVEN_UP]


def test_page_that_ends_three_runs_is_given_up_once(ledger):
    discover(ledger, link(1), link(2), link(3))
    accept(ledger, crawled(2))
    now = NOW + timedelta(hours=2)
    for _ in range(MAX_UNFINISHED):
        assert ledger.give_up_unfinished(now) == []
        ledger.begin("1")
        ledger.begin("2")
    assert [link.key for link in ledger.give_up_unfinished(NOW)] == ["1"]
    assert [link.key for link in ledger.give_up_unfinished(now)] == ["2"]  # it was not due before
    assert ledger.give_up_unfinished(now + timedelta(days=100)) == []
    assert discover(ledger, link(1), link(2), now=now) == [Standing.GIVEN_UP] * 2
    assert [link.key for link in pending(ledger)] == ["3"]


def test_page_that_runs_leave_in_order_is_read_again(ledger):
    discover(ledger, link(1), link(2))
    for _ in range(MAX_UNFINISHED + 1):
        ledger.begin("1")
        ledger.leave(["1", "2"])
    assert [link.key for link in pending(ledger)] == ["1", "2"]
    for _ in range(MAX_UNFINISHED):
        ledger.begin("2")
    assert [link.key for link in pending(ledger)] == ["1"]


def test_known_article_whose_page_ends_three_runs_is_read_no_more(ledger):
    discover(ledger, link(1))
    accept(ledger, crawled(1))
    for _ in range(MAX_UNFINISHED):
        ledger.begin("1")
    now = NOW + timedelta(days=100)
    assert discover(ledger, link(1, is_listed=True, modified=now), now=now) == [Standing.GIVEN_UP]
    assert ledger.due(now, 10) == []


def test_page_that_ends_runs_is_read_again_with_since(ledger):
    discover(ledger, link(1))
    for _ in range(MAX_UNFINISHED):
        ledger.begin("1")
    found = ledger.discover([link(1)], section="defense", run_id="run", now=NOW, retry=True)
    assert [discovery.standing for discovery in found] == [Standing.PENDING]
    ledger.give_up_unfinished(NOW)
    found = ledger.discover([link(1)], section="defense", run_id="run", now=NOW, retry=True)
    assert [discovery.standing for discovery in found] == [Standing.DUE]


def test_pending_page_is_given_up_by_a_failure_and_not_by_the_clock(ledger):
    discover(ledger, link(1))
    assert not any(fail(ledger, days=MIN_FAILING.days * n / MAX_ATTEMPTS) for n in range(MAX_ATTEMPTS))
    now = NOW + MIN_FAILING
    assert pending(ledger)
    assert discover(ledger, link(1), now=now) == [Standing.PENDING]


def test_outcome_takes_back_that_a_page_was_begun(ledger):
    discover(ledger, link(1), link(2))
    for _ in range(MAX_UNFINISHED):
        ledger.begin("1")
        fail(ledger, "timeout", is_attempt=False)
    assert [link.key for link in pending(ledger)] == ["1", "2"]


def test_validators_of_an_earlier_response_are_forgotten(ledger):
    discover(ledger, link(1))
    accept(ledger, crawled(1))
    item = crawled(1, text="نص آخر")
    item.fetch = replace(item.fetch, etag=None)
    accept(ledger, item)
    (known,) = ledger.discover([link(1)], section="defense", run_id="run", now=NOW + timedelta(days=1))
    assert (known.etag, known.last_modified) == (None, None)


def test_304_without_validators_keeps_them(ledger):
    discover(ledger, link(1))
    accept(ledger, crawled(1))
    ledger.unchanged(replace(crawled(1).fetch, etag=None))
    (known,) = ledger.discover([link(1)], section="defense", run_id="run", now=NOW)
    assert known.etag == '"1"'


def test_accepted_article_stays_after_failure_of_its_page(ledger):
    discover(ledger, link(1))
    accept(ledger, crawled(1))
    ledger.fail("1", "http_404", retry=False, now=NOW)
    assert pending(ledger) == []
    assert ledger.article("1") is not None


def test_skipped_article_is_revisited_and_not_stored(ledger):
    discover(ledger, link(1))
    assert ledger.skip(crawled(1, topics=()))
    assert discover(ledger, link(1)) == [Standing.FRESH]
    assert discover(ledger, link(1), now=NOW + timedelta(hours=2)) == [Standing.DUE]
    assert ledger.is_empty()
    assert accept(ledger, crawled(1)).article.revision == 1


def test_published_article_is_not_skipped(ledger):
    accept(ledger, crawled(1))
    assert not ledger.skip(crawled(1, topics=()))


def test_pages_of_another_section_are_pending_and_due(ledger):
    discover(ledger, link(1), link(2))
    accept(ledger, crawled(1))
    assert [link.key for link in pending(ledger)] == ["2"]
    assert [discovery.link.key for discovery in ledger.due(NOW + timedelta(hours=2), 10)] == ["1"]


def test_complete_run_processes_the_pages_that_were_known_for_its_section_alone(ledger):
    discover(ledger, link(1))
    other = ledger.start_run("other", "foreign_affairs", NOW)
    ledger.finish_run(other, {}, 0, NOW, complete=True)
    discover(ledger, link(2))
    assert processed(ledger, link(1), link(2)) == [False, False]
    assert processed(ledger, link(1), link(2), section="foreign_affairs") == [True, False]
    ledger.finish_run("run", {}, 0, NOW, complete=True)
    assert processed(ledger, link(1), link(2)) == [True, True]
    assert processed(ledger, link(1), link(2), section="foreign_affairs") == [True, False]


def test_only_complete_run_processes_pages(ledger):
    discover(ledger, link(1))
    accept(ledger, crawled(1))
    assert ledger.last_completed_run("defense") is None
    ledger.finish_run("run", {}, 1, NOW, complete=False)
    assert processed(ledger, link(1)) == [False]
    ledger.finish_run("run", {}, 0, NOW, complete=True)
    assert processed(ledger, link(1), link(2)) == [True, False]
    assert processed(ledger, link(2)) == [False]
    assert ledger.last_completed_run("defense") is not None


def test_error_rolls_back_its_whole_transaction_alone(ledger):
    discover(ledger, link(1))

    def broken():
        with ledger.transaction(grouped=True) as connection:
            connection.execute(text("UPDATE pages SET state = 'failed'"))
            ledger.store.execute(connection, _SET_PAGE, {"page": link(1).key, "cause": "x"})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    assert discover(ledger, link(1), link(2)) == [Standing.PENDING, Standing.NEW]
    with ledger.transaction() as connection:
        assert connection.execute(text("SELECT cause FROM pages")).scalars().all() == [None, None]


def test_date_that_only_a_later_source_gives_outlives_the_run(ledger):
    discover(ledger, link(1))
    discover(ledger, replace(link(1), discovered_on="/sitemap.xml", date=NOW))
    (left,) = pending(ledger)
    (named_again,) = ledger.discover([link(1)], section="defense", run_id="run", now=NOW)
    for known in (left, named_again.link):
        assert (known.date, known.dated_on, known.discovered_on) == (NOW, "/sitemap.xml", link(1).discovered_on)
