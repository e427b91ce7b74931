"""Every article that a run starts on ends in its account once, with a cause."""

from hypothesis import given
from hypothesis import strategies as st

from alqahira.ledger.decisions import Outcome
from alqahira.monitoring.run_stats import RunStats, account_line, account_table


def test_article_seen_twice_is_taken_once():
    account = RunStats()
    assert account.start("7")
    assert not account.start("7")
    account.finish("7", Outcome.ACCEPTED)
    assert not account.start("7")


def test_first_outcome_of_an_article_holds():
    account = RunStats()
    account.start("7")
    account.finish("7", Outcome.ACCEPTED)
    account.finish("7", Outcome.FAILED, "late")
    assert account.as_dict()["accepted"] == 1
    assert account.as_dict()["failed"] == 0


def test_unfinished_article_is_left_to_the_next_run():
    account = RunStats()
    account.start("1")
    account.start("2")
    account.finish("1", Outcome.FAILED, "no_body")
    assert (account.discovered, account.left) == (1, 1)
    assert account_line(account.as_dict()) == (
        "1 discovered = 0 accepted + 0 unchanged + 0 duplicate + 0 off_topic + 0 not_article + 1 failed (no_body 1); "
        "1 left to the next run"
    )


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(list(Outcome)), st.sampled_from(["", "x", "y"]))))
def test_it_adds_up_whatever_happens(events):
    account = RunStats()
    for key, outcome, cause in events:
        account.start(key)
        account.finish(key, outcome, cause)
        made = account.as_dict()
        assert made["discovered"] == sum(made[outcome.value] for outcome in Outcome)
    assert account.discovered == len({key for key, *_ in events})


def test_the_table_has_a_row_for_each_outcome_and_cause_and_their_sum():
    account = RunStats()
    outcomes = [
        (Outcome.ACCEPTED, ""),
        (Outcome.ACCEPTED, "revision"),
        (Outcome.FAILED, "no_body"),
        (Outcome.UNCHANGED, "not_due"),
    ]
    for number, (outcome, cause) in enumerate(outcomes):
        account.start(str(number))
        account.finish(str(number), outcome, cause)
    account.start("left")
    assert [line.split() for line in account_table(account.as_dict())] == [
        ["outcome", "cause", "articles"],
        ["accepted", "2"],
        ["revision", "1"],
        ["unchanged", "1"],
        ["not_due", "1"],
        ["duplicate", "0"],
        ["off_topic", "0"],
        ["not_article", "0"],
        ["failed", "1"],
        ["no_body", "1"],
        ["=", "discovered", "4"],
        ["left", "to", "the", "next", "run", "1"],
    ]


def test_accepted_articles_outside_the_feed_are_counted_apart():
    account = RunStats()
    account.finish("1", Outcome.ACCEPTED)
    assert "in the feed" not in account_line(account.as_dict())
    account.finish("2", Outcome.ACCEPTED, in_feed=False)
    assert account.as_dict()["in_feed"] == 1
    assert account_line(account.as_dict()).endswith("; 1 of the accepted in the feed")
    assert ["accepted,", "in", "the", "feed", "1"] in [line.split() for line in account_table(account.as_dict())]


def test_each_row_of_the_table_is_a_line_of_the_same_width():
    account = RunStats()
    account.start("1")
    account.finish("1", Outcome.OFF_TOPIC, "no_topic")
    assert len({len(line) for line in account_table(account.as_dict())}) == 1


def test_gaps_are_all_counted_and_the_first_are_named():
    account = RunStats()
    for number in range(100):
        account.add_gap(f"page {number}")
    assert account.as_dict()["gaps"] == [f"page {number}" for number in range(20)]
    assert account.as_dict()["notes"] == {"listing_gap": 100}
