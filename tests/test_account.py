"""Every article that a run takes up ends in its account once, with a cause."""

from hypothesis import given
from hypothesis import strategies as st

from alqahira.account import Account, Outcome


def test_an_article_met_twice_is_taken_once():
    account = Account()
    assert account.take("7")
    assert not account.take("7")
    account.settle("7", Outcome.ACCEPTED)
    assert not account.take("7")


def test_the_first_word_on_an_article_holds():
    account = Account()
    account.take("7")
    account.settle("7", Outcome.ACCEPTED)
    account.settle("7", Outcome.FAILED, "late")
    assert account.as_dict()["accepted"] == 1
    assert account.as_dict()["failed"] == 0


def test_what_was_taken_and_not_settled_is_left_to_the_next_run():
    account = Account()
    account.take("1")
    account.take("2")
    account.settle("1", Outcome.FAILED, "no_body")
    assert (account.discovered, account.left) == (1, 1)
    assert account.line() == (
        "1 discovered = 0 accepted + 0 unchanged + 0 duplicate + 0 off_topic + 1 failed (no_body 1); "
        "1 left to the next run"
    )


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(list(Outcome)), st.sampled_from(["", "x", "y"]))))
def test_it_adds_up_whatever_happens(events):
    account = Account()
    for key, outcome, cause in events:
        account.take(key)
        account.settle(key, outcome, cause)
        assert account.adds_up()
    found = account.as_dict()
    assert found["discovered"] == sum(found[outcome.value] for outcome in Outcome) == len({key for key, *_ in events})
