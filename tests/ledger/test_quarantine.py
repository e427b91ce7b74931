"""Pages in quarantine: what they answered is kept, asked for again, and published only if it is released."""

from dataclasses import replace
from datetime import timedelta

import pytest
from ledger_scenario import NOW, accept, crawled, lines, link, publisher
from sqlalchemy import select

from alqahira.ledger.frontier import Standing
from alqahira.ledger.same_article import SeenPage
from alqahira.ledger.tables import bands, pages
from alqahira.publishing.manifest import read_manifest
from alqahira.text.near_duplicates import fingerprint

LATER = NOW + timedelta(hours=1)
CAKE = "نحتاج إلى كوب من السكر وثلاث بيضات وكوب دقيق وملعقة فانيليا ثم نخلط الجميع جيدا في وعاء عميق"
CHECK = "Checking your browser before accessing the site. This process is automatic and takes a few seconds."


def discovered(ledger, *numbers, now=NOW):
    return ledger.discover([link(number) for number in numbers], section="defense", run_id="run", now=now)


def lie(number, fetched=LATER, text=CAKE, topics=(), **given):
    item = crawled(number, text=text, headline="وصفة كعكة الشوكولاتة بالفانيليا", fetched=fetched, topics=topics)
    item.article.article_id = str(number)
    for name, value in given.items():
        setattr(item.article, name, value)
    return item


def page(ledger, number):
    with ledger.reading() as connection:
        return connection.execute(select(pages).where(pages.c.key == str(number))).one()


def indexed(ledger):
    with ledger.reading() as connection:
        return {(row.band, row.article_id) for row in connection.execute(select(bands))}


def seen(item):
    return SeenPage(item.fetch.key, item.fetch.fetched, item.article.article_id, item.article.url)


@pytest.fixture
def lying(ledger):
    """A ledger whose page 1 was an article and answered with another text afterwards."""
    discovered(ledger, 1)
    accept(ledger, crawled(1))
    assert accept(ledger, lie(1)).outcome == "quarantined"
    return ledger


def test_other_text_without_topic_is_kept_and_not_published(lying):
    (kept,) = lying.quarantined()
    assert (kept.key, kept.cause) == ("1", "no_longer_on_topic")
    assert CAKE in kept.record
    assert [record["article_id"] for record in lying.records()] == ["1"]
    assert lying.article("1").revision == 1


def test_page_in_quarantine_is_asked_by_the_next_run_without_validators(lying):
    (discovery,) = lying.due(LATER, 10)
    assert (discovery.standing, discovery.etag, discovery.last_modified) == (Standing.DUE, None, None)
    (listed,) = discovered(lying, 1, now=LATER)
    assert listed.standing is Standing.DUE


def test_page_that_never_gave_an_article_stays_pending(ledger):
    discovered(ledger, 1)
    assert accept(ledger, lie(1, text=CHECK, headline="Just a moment")).cause == "other_language"
    assert [link.key for link in ledger.pending()] == ["1"]
    assert page(ledger, 1).article_id is None


def test_page_that_lies_for_days_is_asked_once_a_day(lying):
    for hours in range(2, 100):
        accept(lying, lie(1, fetched=NOW + timedelta(hours=hours)))
    last = NOW + timedelta(hours=99)
    assert lying.due(last + timedelta(hours=23), 10) == []
    assert [known.link.key for known in lying.due(last + timedelta(hours=24), 10)] == ["1"]


def test_article_that_is_back_leaves_quarantine(lying):
    assert accept(lying, crawled(1, fetched=LATER)).outcome == "unchanged"
    assert lying.quarantined() == []
    assert page(lying, 1).etag == '"1"'


def test_not_modified_leaves_quarantine(lying):
    lying.unchanged(crawled(1, fetched=LATER).fetch)
    assert lying.quarantined() == []


@pytest.mark.parametrize(("is_attempt", "left"), [(True, 0), (False, 1)])
def test_later_failure_of_the_page_replaces_its_answer(lying, is_attempt, left):
    lying.fail("1", "no_body", retry=False, now=LATER, is_attempt=is_attempt)
    assert len(lying.quarantined()) == left


def test_infographic_leaves_quarantine_with_validators_of_its_own(lying):
    lying.not_article(replace(crawled(1, fetched=LATER).fetch, etag=None, last_modified="x"), "infographic")
    assert lying.quarantined() == []
    assert (page(lying, 1).etag, page(lying, 1).last_modified) == (None, "x")


@pytest.mark.parametrize("road", ["accepted", "revision", "unchanged", "duplicate", "off_topic", "not_article"])
def test_answer_without_validators_leaves_none(ledger, road):
    """A validator of an earlier answer would match a text that the ledger does not have any more."""
    discovered(ledger, 1, 2)
    before = crawled(1)
    if road in ("revision", "unchanged", "duplicate"):
        accept(ledger, before)
    item = crawled(2, text=before.article.article_body) if road == "duplicate" else crawled(1)
    item.article.article_body += " فقرة" if road == "revision" else ""
    item.article.content_hash += "x" if road == "revision" else ""
    with ledger.transaction() as connection:
        connection.execute(pages.update().values(etag="old", last_modified="old"))
    item.fetch = replace(item.fetch, etag=None, last_modified=None)
    if road == "off_topic":
        assert ledger.skip(item)
    elif road == "not_article":
        ledger.not_article(item.fetch, "video")
    else:
        assert road in (accept(ledger, item).outcome, accept(ledger, item).cause, "accepted", "revision")
    assert (page(ledger, item.fetch.key).etag, page(ledger, item.fetch.key).last_modified) == (None, None)


# --- release and drop ---------------------------------------------------------------------------


def test_released_text_is_the_next_revision_published_once(lying, tmp_path):
    assert lying.release("1").revision == 2
    assert lying.release("1") is None
    parts = publisher(lying, tmp_path)
    parts.seal_all()
    parts.seal_all()
    assert lines(tmp_path) == {("1", 1): 1, ("1", 2): 1}
    assert lying.quarantined() == []


def test_released_text_is_unchanged_when_it_is_read_again(lying):
    lying.release("1")
    assert accept(lying, lie(1, fetched=LATER + timedelta(hours=1))).outcome == "unchanged"


def test_released_page_that_never_gave_an_article_is_its_first_revision(ledger):
    discovered(ledger, 1)
    accept(ledger, lie(1, text=CHECK))
    assert ledger.release("1").revision == 1
    assert ledger.pending() == []


def test_dropped_text_is_forgotten_and_its_page_asked_by_its_schedule(lying):
    assert lying.drop("1")
    assert not lying.drop("1")
    assert lying.quarantined() == []
    assert lying.article("1").revision == 1
    assert lying.due(LATER, 10) == []
    assert [known.link.key for known in lying.due(LATER + timedelta(hours=2), 10)] == ["1"]


# --- one text on many pages ---------------------------------------------------------------------


@pytest.fixture
def flooded(ledger):
    """Pages 1 (an article before), 2 (accepted), 3 (its duplicate), 4 (off topic) show one text on the topic."""
    discovered(ledger, 1, 2, 3, 4)
    accept(ledger, crawled(1))
    before = indexed(ledger)
    items = [lie(number, topics=("defense",), text=crawled(9).article.article_body) for number in (1, 2, 3, 4)]
    outcomes = [accept(ledger, item).outcome for item in items[:3]]
    assert outcomes == ["accepted", "accepted", "duplicate"] or outcomes == ["accepted", "duplicate", "duplicate"]
    ledger.skip(items[3])
    return ledger, items, before


def test_text_of_many_pages_is_withdrawn_from_all_of_them(flooded, tmp_path):
    ledger, items, before = flooded
    assert ledger.withdraw([seen(item) for item in items], items[3].article) == ["1", "2", "3", "4"]
    assert {(kept.key, kept.cause) for kept in ledger.quarantined()} == {(key, "same_text") for key in "1234"}
    publisher(ledger, tmp_path).seal_all()
    assert lines(tmp_path) == {("1", 1): 1}
    assert list(ledger.records(duplicates=True)) == list(ledger.records())
    assert indexed(ledger) == before
    assert {link.key for link in ledger.pending()} == {"2", "3", "4"}
    assert [known.link.key for known in ledger.due(LATER, 10)] == ["1"]
    assert {page(ledger, key).attempts for key in "1234"} == {0}


def test_line_that_is_in_a_part_stays(flooded, tmp_path):
    ledger, items, _ = flooded
    publisher(ledger, tmp_path, max_rows=1).seal_all()
    sealed = lines(tmp_path)
    lying = {record["article_id"] for record in ledger.records() if "كعكة" in record["headline"]}
    assert lying
    expected = [key for key in "1234" if key not in lying]
    assert ledger.withdraw([seen(item) for item in items], items[3].article) == expected
    publisher(ledger, tmp_path).seal_all()
    assert lines(tmp_path) == sealed
    assert set(sealed) == {(record["article_id"], record["revision"]) for record in ledger.records()}


def test_articles_come_back_after_the_text_of_many(flooded, tmp_path):
    ledger, items, _ = flooded
    ledger.withdraw([seen(item) for item in items], items[3].article)
    back = [accept(ledger, crawled(number, fetched=LATER + timedelta(hours=1))) for number in (1, 2, 3, 4)]
    assert [(each.outcome, each.article.revision) for each in back] == [("unchanged", 1), *[("accepted", 1)] * 3]
    assert ledger.quarantined() == []
    publisher(ledger, tmp_path).seal_all()
    assert lines(tmp_path) == {(key, 1): 1 for key in "1234"}
    assert sum(part.rows for part in read_manifest(tmp_path)) == 4


def test_text_known_from_many_pages_is_refused_at_once(ledger):
    discovered(ledger, 1, 2)
    accept(ledger, crawled(1))
    for item in (lie(1, topics=("defense",)), lie(2, topics=("defense",))):
        own = fingerprint(item.article.article_body)
        assert ledger.accept(item, own, near_duplicates="drop", is_repeated=True).cause == "same_text"
    assert [article.article_body for article in ledger.repeated_texts()] == [CAKE, CAKE]
    own = fingerprint(crawled(1).article.article_body)
    again = ledger.accept(crawled(1, fetched=LATER), own, near_duplicates="drop", is_repeated=True)
    assert again.outcome == "unchanged"
