"""Pages that gave no article: what many addresses show is no attempt at any of them."""

from datetime import UTC, datetime, timedelta

import pytest
from ledger_scenario import link, opened, pending

from alqahira.crawling.failures import Failures
from alqahira.extraction.shown_text import shown_text
from alqahira.ledger.same_article import MANY, text_label
from alqahira.monitoring.causes import REDIRECTED_ELSEWHERE, SOFT_404
from alqahira.monitoring.run_stats import RunStats

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
CHECK, HOME = text_label("Security check"), text_label("https://alqaheranews.net/")
NO_ARTICLE = "not_an_article"


@pytest.fixture
def ledger(tmp_path):
    with opened(tmp_path) as made:
        made.start_run("run", "defense", NOW)
        made.discover([link(number) for number in range(MANY)], section="defense", run_id="run", now=NOW)
        yield made


def failed(ledger, shown, cause=NO_ARTICLE, *, listings=(), has_article=False, now=NOW, decided=True):
    """The account's causes after a run in which each page `n` failed and showed `shown[n]`."""
    stats = RunStats()
    failures = Failures(ledger, stats, stats.finish, has_article)
    for label in listings:
        failures.add_listing(label)
    for number, label in enumerate(shown):
        stats.start(str(number))
        failures.add(str(number), f"/news/{number}", cause, now, shown=label)
    if decided:
        failures.decide()
    return stats.as_dict()["causes"].get("failed", {})


@pytest.mark.parametrize(
    ("name", "shown", "more", "expected"),
    [
        ("one page for all", [CHECK] * MANY, {}, {"same_text": MANY}),
        ("one page for all, articles elsewhere", [CHECK] * MANY, {"has_article": True}, {"same_text": MANY}),
        ("one page for some", [CHECK] * (MANY - 1) + [HOME], {}, {NO_ARTICLE: MANY}),
        ("and on a listing", [CHECK] * (MANY - 1), {"listings": [CHECK, HOME]}, {"same_text": MANY - 1}),
        ("pages of their own", [bytes([n]) for n in range(MANY)], {}, {NO_ARTICLE: MANY}),
        ("causes that are the page's alone", [None] * MANY, {}, {NO_ARTICLE: MANY}),
    ],
)
def test_what_many_addresses_show_is_no_attempt(ledger, name, shown, more, expected):
    assert failed(ledger, shown, **more) == expected
    assert len(pending(ledger)) == (MANY if "same_text" in expected else 0)


@pytest.mark.parametrize("cause", [REDIRECTED_ELSEWHERE, SOFT_404])
@pytest.mark.parametrize("has_article", [False, True])
def test_page_of_removed_articles_is_the_hosts_only_where_no_page_gave_an_article(ledger, has_article, cause):
    assert failed(ledger, [HOME] * MANY, cause, has_article=has_article) == {
        cause if has_article else "same_text": MANY
    }


def test_page_of_the_host_gives_nothing_up_however_long_it_is_shown(ledger):
    for day in range(30):
        assert failed(ledger, [CHECK] * MANY, now=NOW + timedelta(days=day)) == {"same_text": MANY}
    assert len(pending(ledger)) == MANY


def test_killed_run_leaves_it_undecided(ledger):
    for key in map(str, range(MANY)):
        ledger.begin(key)
    assert failed(ledger, [CHECK] * MANY, decided=False) == {}
    assert len(pending(ledger)) == MANY
    assert ledger.give_up_unfinished(NOW) == []


def test_undecided_failures_are_given_up_like_others(ledger):
    for day in range(5):
        causes = failed(ledger, [HOME], REDIRECTED_ELSEWHERE, now=NOW + timedelta(days=day))
    assert causes == {"given_up": 1}


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<title>Check</title><body><p>Wait a<b>while</b></p><script>x()</script><p hidden>y</p>", "Check Wait awhile"),
        ("<html><head><style>p {}</style></head><body></body></html>", ""),
        ("", ""),
        ("<p>" + "x" * 30_000, "x" * 19_000),
    ],
)
def test_shown_text_is_title_and_visible_text(html, text):
    shown = " ".join(shown_text(html.encode(), "text/html; charset=utf-8").split())
    assert shown == text or (text.startswith("xx") and shown.startswith(text) and len(shown) <= 20_000)
