"""The order in which a run requests articles, and what it counts; without engine and network."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_scenario import opened

from alqahira.article import rfc3339
from alqahira.crawling.discovery.article_queue import ArticleQueue
from alqahira.ledger.decisions import Outcome
from alqahira.ledger.frontier import Backlog, Discovery, Link, Standing, age_of
from alqahira.ledger.tables import PageState, pages
from alqahira.monitoring.run_stats import RunStats
from alqahira.settings.arguments import CrawlArguments

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def link(number, days=None, *, is_listed=False):
    """An article of `days` ago; None: without a date."""
    date = None if days is None else NOW - days * DAY
    return Link(str(number), f"https://alqaheranews.net/news/{number}/x", date=date, is_listed=is_listed)


def queue(pending=(), due=(), *, standing=Standing.NEW, is_claim=False, max_revisits=500):
    stored = {each.key: each for each in pending}

    def discover(links, **_):
        found = [Discovery(each, standing, is_claim=is_claim, is_left=each.key in stored) for each in links]
        stored.update((each.key, each) for each in links if each.key not in stored)
        return found

    by_date = sorted(pending, key=lambda each: age_of(each.date))
    ledger = SimpleNamespace(
        backlog=lambda: Backlog((each.key, rfc3339(each.date)) for each in by_date),
        links=lambda keys: {key: stored[key] for key in keys},
        due=lambda now, limit: [Discovery(each, Standing.DUE) for each in due][:limit],
        give_up_unfinished=lambda now: [],
        discover=discover,
    )
    return queue_of(ledger, max_revisits=max_revisits)


def queue_of(ledger, *, max_revisits=500):
    configuration = SimpleNamespace(max_revisits=max_revisits)
    run = SimpleNamespace(ledger=ledger, configuration=configuration, stats=RunStats(), run_id="run", is_full=False)
    run.finish = run.stats.finish
    made = ArticleQueue(run, SimpleNamespace(name="defense"), CrawlArguments())
    made.push_known()
    return made


def order(made):
    return [int(asked.key) for asked, _ in made.next_batch()]


def test_newest_first_whether_new_due_or_left_pending():
    made = queue(pending=[link(1, 40), link(2, 1)], due=[link(3, 10), link(4, 0.5)])
    made.add([link(5, 20), link(6, 0)])
    assert order(made) == [6, 4, 2, 3, 5, 1]


def test_without_a_date_a_listed_article_is_new_and_a_pending_one_old():
    made = queue(pending=[link(1), link(2, 30)])
    made.add([link(3, is_listed=True), link(4, is_listed=True), link(5, 0)])
    assert order(made) == [3, 4, 5, 2, 1]


def test_date_that_another_source_gives_counts():
    made = queue(pending=[link(1), link(2, 30)])
    made.add([link(3, is_listed=True)])
    made.add([link(1, 0), link(3, 50)])
    assert order(made) == [1, 2, 3]


def test_changes_that_sitemaps_date_are_bounded_as_revisits_are():
    made = queue(standing=Standing.DUE, is_claim=True, max_revisits=2)
    made.add([link(number, number) for number in range(1, 6)])
    assert order(made) == [1, 2]
    assert made._run.stats.causes(Outcome.UNCHANGED) == {"not_due": 3}


def test_what_earlier_runs_left_is_counted_until_it_is_requested():
    made = queue(pending=[link(number, number) for number in range(250)])
    stats = made._run.stats
    made.add([link(3, 3), link(300, 300)])
    assert stats.left == 251
    assert order(made) == [*range(200)]
    assert (stats.left, stats.waiting) == (251, 50)
    assert order(made) == [*range(200, 250), 300]
    assert (stats.left, stats.waiting) == (251, 0)
    assert order(made) == []


def test_left_article_that_turns_out_to_be_none_is_not_requested():
    made = queue(pending=[link(1, 1), link(2, 2)], standing=Standing.NOT_ARTICLE)
    made.add([link(1, 1)])
    assert order(made) == [2]
    assert made._run.stats.left == 1


@pytest.mark.perf
def test_link_that_earlier_runs_left_takes_few_bytes(tmp_path):
    def taken(number):
        with opened(tmp_path / str(number)) as ledger:
            rows = [
                (str(10**6 + n), f"https://alqaheranews.net/news/{n}/x", rfc3339(NOW - n * DAY)) for n in range(number)
            ]
            columns = ("key", "url", "hint_date")
            with ledger.transaction() as connection:
                same = {"section": "defense", "state": PageState.PENDING, "first_run": "run"}
                connection.execute(pages.insert(), [dict(zip(columns, row, strict=True)) | same for row in rows])
            queue_of(ledger).next_batch()  # fills caches
            tracemalloc.start()
            try:
                made = queue_of(ledger)
                assert order(made) == [*range(10**6, 10**6 + 200)]
                assert made._run.stats.left == number
                return tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()

    assert taken(40_000) - taken(20_000) < 40 * 20_000


@given(st.lists(st.integers(0, 1000), unique=True, max_size=40))
def test_order_is_that_of_the_dates(days):
    half = len(days) // 2
    made = queue(pending=[link(day, day) for day in days[:half]])
    made.add([link(day, day) for day in days[half:]])
    assert order(made) == sorted(days)
