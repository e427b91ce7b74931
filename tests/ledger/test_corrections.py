"""Revisions that are no change of the text: corrected metadata, articles that are gone, and those that return."""

from datetime import timedelta

import pytest
from ledger_scenario import NOW, accept, crawled, link, opened, publisher

from alqahira.ledger.decisions import LATER, Outcome, differs_in_metadata
from alqahira.ledger.frontier import REMOVED_PAUSE
from alqahira.publishing.rebuild import rebuild_state

DAY = timedelta(days=1)
IMAGE = "https://alqaheranews.net/photos/1.jpg"


@pytest.fixture
def ledger(tmp_path):
    with opened(tmp_path) as ledger:
        ledger.discover([link(1)], section="defense", run_id="run", now=NOW)
        accept(ledger, with_fields(crawled(1)))
        yield ledger


def with_fields(item, **fields):
    for name, value in {"image_url": IMAGE, "image_caption": "جنود", "keywords": ["الجيش"], **fields}.items():
        setattr(item.article, name, value)
    return item


def reasons(ledger):
    return [(record["revision"], record["revision_reason"]) for record in ledger.records()]


def page(ledger):
    (found,) = ledger.discover([link(1)], section="defense", run_id="run", now=NOW)
    return found


# --- metadata -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "is_other"),
    [
        ({}, False),
        ({"date_published": NOW - timedelta(hours=1)}, True),
        ({"date_published": NOW + timedelta(seconds=20)}, False),  # one source has seconds, another has not
        ({"date_published": None}, False),
        ({"topics": ["defense", "foreign_affairs"]}, True),
        ({"keywords": ["الجيش", "مناورات"]}, True),
        ({"keywords": []}, False),
        ({"keywords": [], "topics": []}, False),  # the topics rested on the tags, which a new layout may lack
        ({"image_caption": "جنود في تدريب"}, True),
        ({"image_caption": None}, False),
        ({"image_url": "https://alqaheranews.net/photos/2.jpg"}, True),
        ({"image_url": f"{IMAGE}?width=800"}, False),
        ({"image_url": None}, False),
        ({"credit_line": "القاهرة الإخبارية - وكالات", "description": "ملخص"}, False),
    ],
)
def test_what_is_a_change_of_metadata(fields, is_other):
    before, now = with_fields(crawled(1)).article, with_fields(crawled(1), **fields).article
    assert differs_in_metadata(now, before) is is_other


def test_order_of_tags_is_no_change():
    one, other = (with_fields(crawled(1), keywords=tags).article for tags in (["غزة", "الجيش"], ["الجيش", "غزة"]))
    assert not differs_in_metadata(one, other)


def test_corrected_caption_is_a_revision(ledger):
    verdict = accept(ledger, with_fields(crawled(1, fetched=NOW + DAY), image_caption="جنود في تدريب"))
    assert verdict.outcome is Outcome.ACCEPTED
    assert reasons(ledger) == [(1, None), (2, "metadata")]


def test_changed_text_is_a_revision_at_once(ledger):
    accept(ledger, with_fields(crawled(1, headline="عنوان صحح بعد النشر", fetched=NOW + timedelta(hours=1))))
    assert reasons(ledger) == [(1, None), (2, "text")]


def test_metadata_make_one_revision_a_day(ledger):
    for hours in range(1, 60):
        tags = ["الجيش", f"وسم {hours}"]
        accept(ledger, with_fields(crawled(1, fetched=NOW + timedelta(hours=hours)), keywords=tags))
    assert reasons(ledger) == [(1, None), (2, "metadata"), (3, "metadata")]


def test_change_that_came_too_soon_is_asked_for_again_without_validators(ledger):
    soon = NOW + timedelta(hours=2)
    verdict = accept(ledger, with_fields(crawled(1, fetched=soon), image_caption="جنود في تدريب"))
    assert (verdict.outcome, verdict.cause) == (Outcome.UNCHANGED, LATER)
    assert page(ledger).etag is None
    (due,) = ledger.due(soon + DAY, 10)
    assert due.link.key == "1"
    accept(ledger, with_fields(crawled(1, fetched=soon + DAY), image_caption="جنود في تدريب"))
    assert reasons(ledger) == [(1, None), (2, "metadata")]


def test_date_at_last_waits_if_other_metadata_were_corrected_today(ledger):
    dates = [(0, None, "الجيش"), (30, None, "مناورات"), (31, NOW, "مناورات"), (55, NOW, "مناورات")]
    for hours, published, tag in dates:
        item = crawled(5, published=published, fetched=NOW + timedelta(hours=hours))
        accept(ledger, with_fields(item, keywords=[tag]))
    records = [record for record in ledger.records() if record["article_id"] == "5"]
    assert [(r["revision_reason"], r["date_crawled"][8:13]) for r in records] == [
        (None, "24T12"),
        ("metadata", "25T18"),
        ("metadata", "26T19"),
    ]


def test_revision_by_a_clock_that_was_ahead_delays_no_correction(ledger):
    accept(ledger, with_fields(crawled(1, headline="عنوان صحح بعد النشر", fetched=NOW + 400 * DAY)))
    item = crawled(1, headline="عنوان صحح بعد النشر", fetched=NOW + DAY)
    assert accept(ledger, with_fields(item, image_caption="جنود في تدريب")).outcome is Outcome.ACCEPTED


def test_dropped_duplicate_has_no_revision_of_metadata(ledger):
    text = crawled(1).article.article_body
    accept(ledger, with_fields(crawled(2, text=text)))
    accept(ledger, with_fields(crawled(2, text=text, fetched=NOW + DAY), image_caption="جنود في تدريب"))
    assert reasons(ledger) == [(1, None)]


# --- articles that are gone ---------------------------------------------------------------------


def is_gone(ledger, when, key="1"):
    """The articles that are removed after a page answered 404."""
    ledger.fail(key, "http_404", retry=False, now=when)
    removed = ledger.remove(ledger.gone_for_good([key], when), when, "later")
    return [article.article_id for article, is_removal in removed if is_removal]


def test_article_that_is_gone_for_a_day_is_removed(ledger):
    assert is_gone(ledger, NOW + DAY) == []
    assert is_gone(ledger, NOW + 2 * DAY - timedelta(seconds=1)) == []
    assert is_gone(ledger, NOW + 2 * DAY) == ["1"]
    assert is_gone(ledger, NOW + 3 * DAY) == []
    first, last = ledger.records()
    told = {name for name in last if last[name] != first[name]}
    assert told == {"revision", "revision_reason", "date_removed", "date_crawled", "run_id"}
    assert (last["revision_reason"], last["date_removed"]) == ("removed", "2026-11-26T12:00:00Z")


def test_page_that_answers_in_between_is_not_gone(ledger):
    is_gone(ledger, NOW + DAY)
    accept(ledger, with_fields(crawled(1, fetched=NOW + 2 * DAY)))
    assert is_gone(ledger, NOW + 3 * DAY) == []
    assert reasons(ledger) == [(1, None)]


def test_removed_article_is_asked_again_rarely_and_returns(ledger):
    is_gone(ledger, NOW + DAY)
    is_gone(ledger, NOW + 2 * DAY)
    visits = []
    for day in range(3, 365):
        if due := ledger.due(NOW + day * DAY, 10):
            assert due[0].etag is None  # a 304 would bring no article
            visits.append(day)
            is_gone(ledger, NOW + day * DAY)
    assert 10 < len(visits) < 20
    assert visits[-1] > 365 - REMOVED_PAUSE.days
    accept(ledger, with_fields(crawled(1, fetched=NOW + 366 * DAY)))
    assert reasons(ledger) == [(1, None), (2, "removed"), (3, "returned")]
    assert [record["date_removed"] for record in ledger.records()][-1] is None


@pytest.mark.parametrize("number", [2, 3])
def test_page_that_was_never_in_the_corpus_is_not_removed(ledger, number):
    ledger.discover([link(2), link(3)], section="defense", run_id="run", now=NOW)
    accept(ledger, crawled(2, text=crawled(1).article.article_body))  # a duplicate; 3 never answered
    for days in (1, 2, 3):
        assert is_gone(ledger, NOW + days * DAY, str(number)) == []
    assert ledger.remove([str(number)], NOW + 4 * DAY, "later") == []
    assert reasons(ledger) == [(1, None)]


def test_article_can_be_removed_and_return_again_and_again(ledger):
    for day in range(1, 13, 4):
        assert is_gone(ledger, NOW + day * DAY) == []
        assert is_gone(ledger, NOW + (day + 1) * DAY) == ["1"]
        accept(ledger, with_fields(crawled(1, fetched=NOW + (day + 2) * DAY)))
    assert [reason for _, reason in reasons(ledger)] == [None, *["removed", "returned"] * 3]


# --- the duplicates of an article that is gone --------------------------------------------------


def repeated(number, hours=1):
    return crawled(number, text=crawled(1).article.article_body, fetched=NOW + timedelta(hours=hours))


def ids(ledger, **given):
    return [(r["article_id"], r["revision_reason"], r["duplicate_of"]) for r in ledger.records(**given)]


def remove(ledger, day=1):
    is_gone(ledger, NOW + day * DAY)
    assert is_gone(ledger, NOW + (day + 1) * DAY) == ["1"]


def test_dropped_duplicate_takes_the_place_of_a_removed_article(ledger):
    for number in (3, 2):
        assert accept(ledger, repeated(number, hours=9 - number)).outcome is Outcome.DUPLICATE
    remove(ledger)
    assert ids(ledger) == [("1", None, None), ("1", "removed", None), ("3", None, None)]
    assert ids(ledger, duplicates=True, newest=True)[-1] == ("2", None, "3")
    assert accept(ledger, repeated(4)).article.duplicate_of == "3"
    assert is_gone(ledger, NOW + 5 * DAY) == []


def test_marked_duplicate_is_published_already(ledger):
    accept(ledger, repeated(2), "mark")
    remove(ledger)
    assert ids(ledger) == [("1", None, None), ("2", None, "1"), ("1", "removed", None)]


@pytest.mark.parametrize("is_rebuilt", [False, True], ids=["the same ledger", "a rebuilt one"])
@pytest.mark.parametrize("headline", [None, "عنوان الخبر رقم 1"], ids=["near", "same content"])
def test_article_that_repeats_a_removed_one_is_no_duplicate(ledger, tmp_path, headline, is_rebuilt):
    remove(ledger)
    item = crawled(2, text=crawled(1).article.article_body, headline=headline, fetched=NOW + 3 * DAY)
    if not is_rebuilt:
        assert accept(ledger, item).outcome is Outcome.ACCEPTED
        return
    publisher(ledger, tmp_path / "output").seal_all()
    rebuild_state(f"sqlite:///{tmp_path / 'again.db'}", tmp_path / "output")
    with opened(f"sqlite:///{tmp_path / 'again.db'}") as again:
        assert accept(again, item).outcome is Outcome.ACCEPTED


def test_article_that_has_returned_is_repeated_by_duplicates(ledger):
    remove(ledger)
    accept(ledger, with_fields(crawled(1, fetched=NOW + 3 * DAY)))
    assert accept(ledger, repeated(2)).outcome is Outcome.DUPLICATE
