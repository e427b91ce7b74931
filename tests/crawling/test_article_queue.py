"""The order in which a run requests articles, and what it counts; without engine and network."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from alqahira.crawling.discovery.article_queue import ArticleQueue
from alqahira.ledger.decisions import Outcome
from alqahira.ledger.frontier import Discovery, Link, Standing
from alqahira.monitoring.run_stats import RunStats
from alqahira.settings.arguments import CrawlArguments

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def link(number, days=None, *, is_listed=False):
    """An article of `days` ago; None: without a date."""
    date = None if days is None else NOW - days * DAY
    return Link(str(number), f"https://alqaheranews.net/news/{number}/x", date=date, is_listed=is_listed)


def queue(pending=(), due=(), *, standing=Standing.NEW, is_claim=False, max_revisits=500):
    ledger = SimpleNamespace(
        pending=lambda: list(pending),
        due=lambda now, limit: [Discovery(each, Standing.DUE) for each in due][:limit],
        discover=lambda links, **_: [Discovery(each, standing, is_claim=is_claim) for each in links],
    )
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


@given(st.lists(st.integers(0, 1000), unique=True, max_size=40))
def test_order_is_that_of_the_dates(days):
    half = len(days) // 2
    made = queue(pending=[link(day, day) for day in days[:half]])
    made.add([link(day, day) for day in days[half:]])
    assert order(made) == sorted(days)
