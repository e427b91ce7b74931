"""Every article that a run starts gets one outcome in its account."""

from hypothesis import given
from hypothesis import strategies as st

from alqahira.ledger.decisions import Outcome
from alqahira.monitoring.run_stats import RunStats, account_line, account_table


def test_article_seen_twice_is_started_once():
    stats = RunStats()
    assert stats.start("7")
    assert not stats.start("7")
    stats.finish("7", Outcome.ACCEPTED)
    assert not stats.start("7")


def test_first_outcome_of_an_article_holds():
    stats = RunStats()
    stats.start("7")
    stats.finish("7", Outcome.ACCEPTED)
    stats.finish("7", Outcome.FAILED, "late")
    assert stats.as_dict()["accepted"] == 1
    assert stats.as_dict()["failed"] == 0


def test_unfinished_article_is_left_to_the_next_run():
    stats = RunStats()
    stats.start("1")
    stats.start("2")
    stats.finish("1", Outcome.FAILED, "no_body")
    assert (stats.discovered, stats.left) == (1, 1)
    assert account_line(stats.as_dict()) == (
        "1 discovered = 0 accepted + 0 unchanged + 0 duplicate + 0 off_topic + 0 not_article + 0 quarantined + "
        "1 failed (no_body 1); 1 left to the next run"
    )


def test_outcome_that_is_taken_back_counts_as_the_next_one():
    stats = RunStats()
    stats.start("7")
    stats.finish("7", Outcome.ACCEPTED)
    assert stats.withdraw("7") == (Outcome.ACCEPTED, "accepted")
    stats.finish("7", Outcome.QUARANTINED, "same_text")
    account = stats.as_dict()
    assert (account["accepted"], account["quarantined"], account["in_feed"]) == (0, 1, 0)
    assert account["causes"] == {"quarantined": {"same_text": 1}}
    assert stats.withdraw("8") is None
    assert stats.as_dict() == account


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(list(Outcome)), st.sampled_from(["", "x", "y"]))))
def test_account_always_adds_up(events):
    stats = RunStats()
    for key, outcome, cause in events:
        stats.start(key)
        stats.finish(key, outcome, cause)
        made = stats.as_dict()
        assert made["discovered"] == sum(made[outcome.value] for outcome in Outcome)
    assert stats.discovered == len({key for key, *_ in events})


def test_table_has_a_row_for_each_outcome_cause_and_sum():
    stats = RunStats()
    outcomes = [
        (Outcome.ACCEPTED, ""),
        (Outcome.ACCEPTED, "revision"),
        (Outcome.FAILED, "no_body"),
        (Outcome.UNCHANGED, "not_due"),
    ]
    for number, (outcome, cause) in enumerate(outcomes):
        stats.start(str(number))
        stats.finish(str(number), outcome, cause)
    stats.start("left")
    assert [line.split() for line in account_table(stats.as_dict())] == [
        ["outcome", "cause", "articles"],
        ["accepted", "2"],
        ["revision", "1"],
        ["unchanged", "1"],
        ["not_due", "1"],
        ["duplicate", "0"],
        ["off_topic", "0"],
        ["not_article", "0"],
        ["quarantined", "0"],
        ["failed", "1"],
        ["no_body", "1"],
        ["=", "discovered", "4"],
        ["left", "to", "the", "next", "run", "1"],
    ]


def test_accepted_articles_outside_the_feed_are_counted_apart():
    stats = RunStats()
    stats.finish("1", Outcome.ACCEPTED)
    assert "in the feed" not in account_line(stats.as_dict())
    stats.finish("2", Outcome.ACCEPTED, in_feed=False)
    assert stats.as_dict()["in_feed"] == 1
    assert account_line(stats.as_dict()).endswith("; 1 of the accepted in the feed")
    assert ["accepted,", "in", "the", "feed", "1"] in [line.split() for line in account_table(stats.as_dict())]


def test_absence_counts_only_in_new_articles():
    """A page without a date is read in full by every run, one with a date answers 304."""
    stats = RunStats()
    stats.count_sources({"headline": "site"})
    for _ in range(20):
        stats.count_sources({"headline": "site"}, is_new=False)
    assert stats.sources["headline"] == {"site": 21}
    assert stats.sources["date_published"] == {"none": 1}


def test_rows_of_the_table_have_the_same_width():
    stats = RunStats()
    stats.start("1")
    stats.finish("1", Outcome.OFF_TOPIC, "no_topic")
    assert len({len(line) for line in account_table(stats.as_dict())}) == 1


def test_all_gaps_are_counted_and_the_first_listed():
    stats = RunStats()
    for number in range(100):
        stats.add_gap(f"page {number}")
    assert stats.as_dict()["gaps"] == [f"page {number}" for number in range(20)]
    assert stats.as_dict()["notes"] == {"listing_gap": 100}
