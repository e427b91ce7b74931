"""No single wrong fact may empty a crawl.

Each unverified fact of `site.py` is wrong on some copy of the site. The crawl still brings nine of ten articles by other
means, or ends with status 1 and a line that names the fact.
"""

from __future__ import annotations

import pytest
from test_live_shape import DEEP, NO_BROWSER, crawl_both, wanted

from alqahira import site

NINE_OF_TEN = 0.9
# The switches under which a fact is wrong, by its name.
WRONG = {
    "CARD_DATE": (*DEEP, "--page-data", "none"),  # no card prints a date
    "NEXT_PAGE": (*DEEP, "--paging", "query"),  # no page links to the next one
    "PAGE_QUERY": (*DEEP, "--paging", "next_data"),  # ?page=2 is the first page again
    "NEXT_DATA_URL": (*DEEP, "--paging", "query"),  # and so is /_next/data/…?page=2
    "NEXT_FLIGHT_PUSH": (*DEEP, "--page-data", "next_data"),
    "ERROR_PAGES": (*DEEP, "--soft-404", "--control"),  # what is gone has a page of another name
    "NOT_FOUND_HEADLINES": (*DEEP, "--soft-404", "--control", "--page-data", "none"),
    "ROBOTS_PATH": ("--robots", "{empty}"),  # robots.txt is empty
    "SITEMAP_PATHS": DEEP,  # there is no sitemap
    "KICKERS": DEEP,
    "VIDEO_MARKER": (*DEEP, "--mixed-kinds", "--classes", "renamed", "--page-data", "none"),
}


def test_each_unseen_fact_is_tested():
    unseen = {name for name, fact in site.facts().items() if fact.confidence is not site.Confidence.SEEN}
    assert WRONG.keys() == unseen


@pytest.mark.sites
@pytest.mark.parametrize("fact", WRONG)
def test_wrong_fact_costs_at_most_one_article_in_ten(tmp_path, fact):
    (tmp_path / "empty").write_text("")
    switches = [switch.replace("{empty}", str(tmp_path / "empty")) for switch in WRONG[fact]]
    corpus = crawl_both(tmp_path, *switches, settings=NO_BROWSER)
    expected = wanted(corpus)
    got = expected & corpus.by_id().keys()
    named = all(ran.status == 1 and fact in ran.lines[-1] for ran in corpus.runs)
    assert named or len(got) >= NINE_OF_TEN * len(expected)
    assert not {number for number, article in corpus.truth.items() if article.not_article} & corpus.by_id().keys()


@pytest.mark.parametrize("facts", [("PAGE_QUERY", "NEXT_DATA_URL", "LOAD_MORE")], ids="+".join)
def test_last_line_names_the_facts_where_no_paging_method_works(tmp_path, facts):
    corpus = crawl_both(tmp_path, *DEEP, "--paging", "none", settings=NO_BROWSER)
    for ran in corpus.runs:
        assert ran.status == 1
        assert all(fact in ran.lines[-1] for fact in facts)
