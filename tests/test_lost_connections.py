"""A run on PostgreSQL whose connections are lost: it goes on where its share is still its own, and else writes nothing."""

import threading
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from ledger_scenario import NOW, accept, body, crawled, opened
from shared_runs import APRIL, DEFENSE, FOREIGN, MARCH, discover, lose_connections, lose_lock

from alqahira import settings
from alqahira.errors import LedgerBusy, LedgerLost, LedgerUnreachable
from alqahira.frontier import Standing

pytestmark = [pytest.mark.postgres, pytest.mark.chaos]


@pytest.mark.parametrize("lose", [lose_lock, lose_connections])
def test_the_late_answer_of_a_run_that_was_taken_over_is_refused(holding, lose):
    late = holding(MARCH)
    discover(late, 1, 2)
    told = []
    late.on_failure = told.append
    lose(late)
    successor = holding(MARCH, "successor")
    with pytest.raises(LedgerLost, match=rf"another run has taken over the share {MARCH} .*run successor"):
        accept(late, crawled(1))
    assert [type(error) for error in told] == [LedgerLost]
    assert LedgerLost.exit_status == 3
    assert [found.key for found in successor.pending(DEFENSE)] == ["1", "2"]
    assert list(successor.records()) == []


def test_a_run_whose_connections_were_lost_goes_on_where_nobody_has_taken_its_share(holding, database):
    ledger = holding(MARCH)
    discover(ledger, 1)
    lose_connections(ledger)
    assert accept(ledger, crawled(1)).outcome == "accepted"
    with pytest.raises(LedgerBusy):  # it holds its lock again
        opened(database, share=MARCH)


def test_a_run_outlives_a_restart_of_the_database(holding, postgres):
    ledger = holding(MARCH)
    discover(ledger, 1, 2)
    accept(ledger, crawled(1))
    postgres.restart()
    assert accept(ledger, crawled(2)).outcome == "accepted"
    assert [record["article_id"] for record in ledger.records()] == ["1", "2"]


def test_a_restart_of_the_database_makes_no_run_look_dead(holding, postgres):
    march, april, ended = holding(MARCH), holding(APRIL), holding(FOREIGN)
    discover(march, 1)
    discover(ended, 2)
    ended.close()
    # A share's time is kept to the second, and what was taken after the restart is no sign of life from before.
    with april.transaction() as connection:
        connection.execute(sa.text("update shares set since = '2025-04-01T00:00:00Z'"))
    postgres.restart()
    assert discover(april, 1, 2) == [Standing.ELSEWHERE, Standing.PENDING]
    accept(march, crawled(1))
    assert discover(april, 1) == [Standing.FRESH]


def test_a_run_that_begins_while_the_database_restarts_waits_for_it(database, postgres):
    opened(database).close()
    postgres.stop()
    done = []
    opening = threading.Thread(target=lambda: done.append(opened(database).close()))
    opening.start()
    postgres.start()
    opening.join()
    assert done == [None]


def test_a_database_that_stays_away_ends_the_run_in_one_line(holding, postgres, monkeypatch):
    monkeypatch.setattr(settings, "POSTGRESQL_PATIENCE", 0.5)
    ledger = holding(MARCH)
    postgres.stop()
    try:
        with pytest.raises(LedgerUnreachable, match=r"does not answer for 0\.5 s") as caught:
            discover(ledger, 1)
    finally:
        postgres.start()
    assert "\n" not in str(caught.value)
    assert caught.value.exit_status == 1


@pytest.mark.parametrize(
    ("story", "outcome", "cause"),
    [
        (crawled(9), "accepted", ""),
        (crawled(1, headline="عنوان معدل"), "accepted", "revision"),
        (crawled(8, text=body(1), headline="عنوان آخر"), "duplicate", "near_duplicate"),
    ],
)
def test_an_acceptance_that_was_committed_unheard_is_told_as_it_was_and_not_done_twice(
    holding, monkeypatch, story, outcome, cause
):
    ledger = holding(MARCH)
    accept(ledger, crawled(1))
    story = replace(story, article=replace(story.article, run_id="run"), visit=replace(story.visit))
    story.article.date_crawled = NOW + timedelta(hours=1)
    begin = ledger.engine.begin

    class Deaf:
        """Commits, and loses the connection before it hears of it."""

        def __enter__(self):
            self.context = begin()
            return self.context.__enter__()

        def __exit__(self, *error):
            self.context.__exit__(*error)
            if error[0] is None:
                monkeypatch.undo()
                raise sa.exc.OperationalError("commit", {}, Exception("server closed the connection"), True)

    monkeypatch.setattr(ledger.engine, "begin", Deaf)
    verdict = accept(ledger, story)
    assert (verdict.outcome, verdict.cause) == (outcome, cause)
    ids = Counter((record["article_id"], record["revision"]) for record in ledger.records(duplicates=True))
    assert ids.total() == 2
    assert max(ids.values()) == 1
