"""An article whose page redirects to a new address stays one article."""

from dataclasses import replace
from datetime import timedelta

import pytest
from ledger_scenario import NOW, accept, body, crawled, link, opened
from sqlalchemy import text

from alqahira.ledger.decisions import Outcome
from alqahira.ledger.frontier import Standing

HOUR = timedelta(hours=1)
CORRECTED = body(1) + "\n\nتصحيح أضيف بعد أن انتقل الخبر إلى عنوانه الجديد."


def moved(key, home, **given):
    """What the page `key` gives when its address redirects to that of `home`."""
    item = crawled(home, **{"text": body(key), "headline": f"عنوان الخبر رقم {key}"} | given)
    item.fetch = replace(item.fetch, key=str(key))
    return item


def discover(ledger, *links, now=NOW):
    return ledger.discover(links, section="defense", run_id="run", now=now)


def revisions(ledger):
    return [(record["article_id"], record["revision"], record["url"][-6:]) for record in ledger.records()]


def first(ledger):
    discover(ledger, link(1))
    accept(ledger, crawled(1))


def test_redirect_alone_is_no_revision(ledger):
    first(ledger)
    assert accept(ledger, moved(1, 50, fetched=NOW + HOUR)).outcome is Outcome.UNCHANGED
    assert revisions(ledger) == [("1", 1, "ws/1/x")]


def test_correction_at_the_new_address_is_a_revision_of_the_same_article(ledger):
    first(ledger)
    accept(ledger, moved(1, 50, fetched=NOW + HOUR))
    discover(ledger, link(50))
    accept(ledger, crawled(50, text=CORRECTED, fetched=NOW + 2 * HOUR))
    assert revisions(ledger) == [("1", 1, "ws/1/x"), ("1", 2, "s/50/x")]


@pytest.mark.parametrize("is_named", [True, False], ids=["listed", "due"])
def test_later_run_knows_the_move(state_url, is_named):
    with opened(state_url) as ledger:
        first(ledger)
        accept(ledger, moved(1, 50, fetched=NOW + HOUR))
    with opened(state_url) as ledger:
        found = discover(ledger, link(50)) if is_named else ledger.due(NOW + 9 * HOUR, 10)
        assert [each.link.key for each in found] == ["50"]
        accept(ledger, crawled(50, text=CORRECTED, fetched=NOW + 9 * HOUR))
        assert revisions(ledger)[-1] == ("1", 2, "s/50/x")


def test_correction_together_with_the_move_is_a_revision(ledger):
    first(ledger)
    accept(ledger, moved(1, 50, text=CORRECTED, fetched=NOW + HOUR))
    assert revisions(ledger) == [("1", 1, "ws/1/x"), ("1", 2, "s/50/x")]


def test_validators_and_schedule_follow_the_move(ledger):
    first(ledger)
    accept(ledger, moved(1, 50, fetched=NOW + HOUR))
    old, new = discover(ledger, link(1, is_listed=True), link(50, is_listed=True), now=NOW + HOUR)
    assert (old.standing, old.etag) == (Standing.FRESH, None)
    assert (new.standing, new.etag) == (Standing.DUE, '"50"')
    assert [each.link.key for each in ledger.due(NOW + 9 * HOUR, 10)] == ["50"]


def test_304_after_a_redirect_moves_the_page_with_its_validators(ledger):
    first(ledger)
    ledger.unchanged(replace(moved(1, 50, fetched=NOW + HOUR).fetch, etag=None))
    (new,) = discover(ledger, link(50), now=NOW + HOUR)
    assert (new.standing, new.etag) == (Standing.FRESH, '"1"')
    accept(ledger, crawled(50, text=CORRECTED, fetched=NOW + 2 * HOUR))
    assert revisions(ledger)[-1] == ("1", 2, "s/50/x")


def test_new_address_that_was_listed_first_joins_its_article(ledger):
    first(ledger)
    discover(ledger, link(50))
    copy = crawled(50, text=body(1), headline="عنوان الخبر رقم 1", fetched=NOW + HOUR)
    assert accept(ledger, copy).outcome is Outcome.DUPLICATE
    accept(ledger, moved(1, 50, fetched=NOW + 2 * HOUR))
    accept(ledger, crawled(50, text=CORRECTED, fetched=NOW + 3 * HOUR))
    assert revisions(ledger) == [("1", 1, "ws/1/x"), ("1", 2, "s/50/x")]


def test_article_that_moves_twice_stays_one(ledger):
    first(ledger)
    accept(ledger, moved(1, 50, fetched=NOW + HOUR))
    accept(ledger, moved(50, 60, text=CORRECTED, fetched=NOW + 2 * HOUR))
    assert revisions(ledger) == [("1", 1, "ws/1/x"), ("1", 2, "s/60/x")]


def test_redirect_to_an_article_of_the_corpus_joins_no_articles(ledger):
    first(ledger)
    discover(ledger, link(50))
    accept(ledger, crawled(50))
    accept(ledger, moved(1, 50, text=body(50), headline="عنوان الخبر رقم 50", fetched=NOW + HOUR))
    assert revisions(ledger) == [("1", 1, "ws/1/x"), ("50", 1, "s/50/x")]


def test_page_that_was_never_read_takes_the_id_of_its_new_address(ledger):
    discover(ledger, link(1))
    accept(ledger, moved(1, 50))
    assert revisions(ledger) == [("50", 1, "s/50/x")]
    (new,) = discover(ledger, link(50))
    assert new.standing is Standing.FRESH


def test_skipped_page_moves_too(ledger):
    discover(ledger, link(1))
    assert ledger.skip(moved(1, 50, topics=()))
    (new,) = discover(ledger, link(50))
    assert new.standing is Standing.FRESH


def test_304_after_a_redirect_to_an_article_of_the_corpus_joins_no_articles(ledger):
    first(ledger)
    discover(ledger, link(50))
    accept(ledger, crawled(50))
    ledger.unchanged(moved(1, 50, fetched=NOW + HOUR).fetch)
    with ledger.reading() as connection:
        assert connection.scalar(text("SELECT article_id FROM pages WHERE key = '50'")) == "50"
    accept(ledger, crawled(50, text=body(50) + "\n\nتصحيح أضيف إلى الخبر الثاني.", fetched=NOW + 2 * HOUR))
    assert revisions(ledger)[-1] == ("50", 2, "s/50/x")


# --- gone ---------------------------------------------------------------------------------------


def removed(ledger, key, *days):
    """The articles that are removed if a page answers 404 on these days."""
    gone = []
    for moment in (NOW + timedelta(days=day) for day in days):
        ledger.fail(key, "http_404", retry=False, now=moment)
        gone += ledger.remove(ledger.gone_for_good([key], moment), moment, "later")
    return [article.article_id for article, _ in gone]


def test_article_whose_old_address_is_gone_is_not_removed(ledger):
    first(ledger)
    accept(ledger, moved(1, 50, fetched=NOW + HOUR))
    assert removed(ledger, "1", 1, 3) == []


def test_article_whose_new_address_is_gone_is_removed(ledger):
    first(ledger)
    accept(ledger, moved(1, 50, fetched=NOW + HOUR))
    assert removed(ledger, "50", 1, 3) == ["1"]
