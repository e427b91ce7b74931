"""Pages in quarantine: what they answered is kept, asked for again, and published only if it is released."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from ledger_scenario import NOW, accept, crawled, lines, link, pending, publisher
from sqlalchemy import select

from alqahira.ledger.decisions import skip_reason
from alqahira.ledger.frontier import Standing
from alqahira.ledger.same_article import RepeatedTexts, SeenPage
from alqahira.ledger.stored_records import pack, unpack
from alqahira.ledger.tables import articles, bands, pages
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
    assert CAKE in unpack(kept.record)
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
    assert [link.key for link in pending(ledger)] == ["1"]
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


# --- the words of the address -------------------------------------------------------------------

ADDRESS = "https://alqaheranews.net/news/{}/وزير-الدفاع-يزور-قاعدة-بحرية-في-الخليج"
OWN = "زار وزير الدفاع قاعدة بحرية مطلة على الخليج والتقى قائد القوات الجوية وعددا من المقاتلين في جولة تفقدية."


def named(number, item):
    item.article.url = ADDRESS.format(number)
    return item


@pytest.mark.parametrize("topics", [("defense",), ()], ids=["on topic", "off topic"])
def test_new_page_without_a_word_of_its_address_waits_in_quarantine(ledger, topics):
    discovered(ledger, 1)
    item = named(1, lie(1, topics=topics))
    assert skip_reason(item.article) is None
    assert accept(ledger, item).cause == "another_story"
    assert [*ledger.records()] == []
    assert [link.key for link in pending(ledger)] == ["1"]
    assert accept(ledger, named(1, crawled(1, text=OWN, fetched=LATER))).outcome == "accepted"
    assert ledger.quarantined() == []


def test_headline_of_the_listing_is_no_word_of_the_page(ledger):
    discovered(ledger, 1, 2)
    for number, sources in ((1, {"headline": "site"}), (2, {"headline": "listing"})):
        item = named(number, lie(number, topics=("defense",)))
        item.article.headline, item.sources = "وزير الدفاع يزور قاعدة بحرية في الخليج", sources
        assert accept(ledger, item, "off").outcome == ("accepted" if number == 1 else "quarantined")


def test_published_text_gives_way_to_the_one_that_its_address_names(ledger):
    discovered(ledger, 1, 2)
    for number in (1, 2):
        accept(ledger, lie(number, topics=("defense",)), "off")
    with ledger.transaction() as connection:  # as published before addresses were compared
        record = connection.scalar(select(articles.c.record).where(articles.c.article_id == "1"))
        url = json.dumps(ADDRESS.format(1), ensure_ascii=False)
        moved = pack(unpack(record).replace('"https://alqaheranews.net/news/1/x"', url))
        connection.execute(articles.update().where(articles.c.article_id == "1").values(record=moved))
    told = [accept(ledger, named(n, crawled(n, text=OWN, published=LATER, fetched=LATER)), "off") for n in (1, 2)]
    assert [(each.outcome, each.cause) for each in told] == [("accepted", "revision"), ("quarantined", "another_story")]


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
    assert pending(ledger) == []


@pytest.mark.parametrize("is_same", [True, False], ids=["the same text", "another"])
def test_released_text_of_a_removed_article_brings_it_back(ledger, is_same):
    discovered(ledger, 1)
    accept(ledger, crawled(1))
    ledger.remove(["1"], LATER, "run")
    item = crawled(1, fetched=LATER, text=None if is_same else CAKE)
    own = fingerprint(item.article.article_body)
    assert ledger.accept(item, own, near_duplicates="drop", is_repeated=True).outcome == "quarantined"
    assert ledger.release("1").revision == 3
    *_, last = ledger.records()
    assert (last["revision"], last["revision_reason"], last["date_removed"]) == (3, "returned", None)


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
    assert {link.key for link in pending(ledger)} == {"2", "3", "4"}
    assert [known.link.key for known in ledger.due(LATER, 10)] == ["1"]
    assert {page(ledger, key).attempts for key in "1234"} == {0}


def test_line_that_is_in_a_part_stays_until_its_page_tells_the_article(flooded, tmp_path):
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
    assert {kept.key for kept in ledger.quarantined()} == {*"1234"}
    (key,) = lying
    again = lie(int(key), topics=("defense",), text=crawled(9).article.article_body)
    own = fingerprint(again.article.article_body)
    assert ledger.accept(again, own, near_duplicates="drop", is_repeated=True).cause == "same_text"
    back = accept(ledger, crawled(int(key), text=OWN, published=LATER, fetched=LATER))
    assert (back.outcome, back.article.revision) == ("accepted", 1 + max(n for k, n in sealed if k == key))
    assert key not in {kept.key for kept in ledger.quarantined()}


def test_other_lie_over_a_published_one_stays_in_quarantine(flooded, tmp_path):
    ledger, items, _ = flooded
    publisher(ledger, tmp_path, max_rows=1).seal_all()
    ledger.withdraw([seen(item) for item in items], items[3].article)
    for number in (1, 2):
        assert accept(ledger, lie(number, text=CHECK, headline="Just a moment")).cause == "other_language"


@pytest.mark.parametrize("was_named", [True, False], ids=["named before", "known by the redirect alone"])
def test_new_address_of_a_lying_page_is_asked_as_if_never_visited(ledger, was_named):
    discovered(ledger, 1, 2, *([51] if was_named else []))
    accept(ledger, crawled(1))
    items = []
    for number, home in ((1, 50), (2, 51)):
        item = lie(home, topics=("defense",), text=crawled(9).article.article_body)
        item.fetch = replace(item.fetch, key=str(number))
        assert accept(ledger, item, "off").outcome == "accepted"
        items.append(item)
    assert page(ledger, 50).etag
    ledger.withdraw([seen(item) for item in items], items[0].article)
    assert [(page(ledger, home).etag, page(ledger, home).last_modified) for home in (50, 51)] == [(None, None)] * 2
    assert {link.key for link in pending(ledger)} == {"2", "51"}
    assert {known.link.key for known in ledger.due(LATER, 10)} == {"1", "50"}
    back = [accept(ledger, crawled(number, fetched=LATER)).outcome for number in (2, 51)]
    assert back == ["accepted", "accepted"]


def test_what_a_killed_run_did_not_publish_is_one_of_many(flooded, tmp_path):
    ledger, _items, _ = flooded
    texts = RepeatedTexts()
    waiting = ledger.unsealed()
    assert [seen.key for seen, _ in waiting] == ["1", "1"]
    assert not any(texts.add(seen, article) for seen, article in waiting)
    publisher(ledger, tmp_path).seal_all()
    assert ledger.unsealed() == []


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
