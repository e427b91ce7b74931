"""Random lives of site, machine and crawler: nothing is lost, nothing is wrong (docs/reliability.md)."""

import os

import pytest
from history import FIRST_RUN_OF_A_SECTION, NOTICE_CONFIRMED_BY_304, history_of, in_new_folder, shortened, story_of

# SIMULATED_HISTORIES=100000 for a long night.
MANY = int(os.environ.get("SIMULATED_HISTORIES", "2000"))
_CHUNK = 100


def failing(seeds):
    """The story of the first seed whose history breaks an invariant; empty if none does."""
    return next((story_of(seed) for seed in seeds if in_new_folder(history_of(seed))), "")


def test_ten_histories_break_no_invariant():
    assert failing(range(10)) == ""


@pytest.mark.chaos
@pytest.mark.parametrize("first", range(10, MANY, _CHUNK))
def test_many_histories_break_no_invariant(first):
    assert failing(range(first, min(first + _CHUNK, MANY))) == ""


def test_first_run_of_a_section_hides_nothing_from_the_other():
    assert in_new_folder(FIRST_RUN_OF_A_SECTION) == []


def test_notice_in_place_of_an_article_is_not_confirmed_by_304():
    assert in_new_folder(NOTICE_CONFIRMED_BY_304) == []


def test_one_seed_gives_one_history():
    stories = [[], []]
    for lines in stories:
        in_new_folder(history_of(7), lines.append)
    assert stories[0] == stories[1]


def test_failing_history_is_shortened(monkeypatch):
    """With a site that says another text than it is asked for, a single run is enough."""
    import simulated_site

    whole = history_of(3)
    monkeypatch.setattr(simulated_site.Story, "texts", lambda story: [("another", "text")])
    assert in_new_folder(whole)[0].startswith("never said")
    assert shortened(whole).steps == ()
