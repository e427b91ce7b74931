"""Runs whose clock, whose ledger or whose site is of another time. The site's Date is moved; the machine's stays."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from dated_site import dated_site
from scrapy.http import Headers
from scrapy_process import Corpus, scrapy

from alqahira.article import rfc3339
from alqahira.crawling.clock import clock_difference
from alqahira.publishing.manifest import part_files

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
SETTINGS = {"ALQAHIRA_BROWSER": "never"}


@pytest.fixture
def site():
    with dated_site() as made:
        for number in (11, 12, 13):
            made.add(number, NOW - timedelta(hours=number))
        yield made


@pytest.fixture
def corpus(site, tmp_path):
    return Corpus(tmp_path / "output", site.root)


def state(corpus, statement):
    with sqlite3.connect(corpus.folder / "state.db") as connection:
        return connection.execute(statement).fetchall()


@pytest.mark.parametrize(
    ("moved", "words"), [(-700 * DAY, "700.0 days ahead of the site's"), (3 * DAY, "3.0 days behind the site's")]
)
def test_wrong_clock_fails_the_run_and_schedules_nothing(site, corpus, moved, words):
    site.clock = moved
    ran = corpus.crawl("defense", settings=SETTINGS)
    assert ran.status == 1
    assert ran.stderr.count(f"The clock is {words}") == 1
    assert f"this machine's clock is {words}: no page's next visit was set by it" in ran.stderr
    assert corpus.by_id().keys() == {"11", "12", "13"}
    assert set(state(corpus, "select next_visit from pages")) == {("1970-01-01T00:00:00Z",)}
    assert state(corpus, "select complete from runs") == [(0,)]
    site.clock, site.asked[:] = timedelta(0), []
    for story in site.stories.values():
        story.is_listed = False
    site.add(14, NOW)
    assert corpus.crawl("defense", settings=SETTINGS).status == 0
    assert sorted(site.asked) == [11, 12, 13, 14]
    assert {row > (f"{NOW:%Y}",) for row in state(corpus, "select next_visit from pages")} == {True}


@pytest.mark.parametrize(
    "date", ["", "yesterday", "Mon, 30 Nov 99999 10:00:00 GMT", "Mon, 30 Nov 2026 10:00:00 +99999999999999"]
)
def test_date_that_is_none_is_ignored(date):
    assert clock_difference(Headers({"Date": date}), NOW) is None


@pytest.mark.parametrize(
    ("age", "days"), [({}, 3), ({"Age": str(3 * 24 * 3600)}, 0), ({"Age": "9" * 99}, 3), ({"Age": "-1"}, 3)]
)
def test_answer_from_a_cache_is_as_old_as_its_age(age, days):
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert clock_difference(Headers({"Date": "Sat, 21 Nov 2026 12:00:00 GMT", **age}), now) == days * DAY


def test_ledger_with_times_of_the_future_heals(site, corpus):
    corpus.crawl("defense", settings=SETTINGS)
    state(corpus, "update pages set last_visit = '2038-01-01T00:00:00Z', next_visit = null")
    state(corpus, "update runs set started = '2038-01-01T00:00:00Z'")
    for story in site.stories.values():
        story.is_listed = story.number == 11
    site.stories[12].added = "\n\nفقرة أضيفت إلى الخبر."
    ran = corpus.crawl("defense", settings=SETTINGS)
    assert ran.status == 0
    assert "pages that were visited then are due again" in ran.stderr
    assert corpus.by_id()["12"]["revision"] == 2
    again = corpus.crawl("defense", settings=SETTINGS)
    assert "due again" not in again.stderr


def test_clock_behind_the_last_run_is_wrong_while_the_site_gives_no_date(site, corpus):
    corpus.crawl("defense", settings=SETTINGS)
    state(corpus, "update runs set started = '2038-01-01T00:00:00Z'")
    before = state(corpus, "select next_visit from pages order by key")
    site.clock = "soon"
    ran = corpus.crawl("defense", settings=SETTINGS)
    assert ran.status == 1
    assert "days behind the last run in the state" in ran.stderr
    assert state(corpus, "select next_visit from pages order by key") == before


@pytest.mark.sites
def test_run_whose_clock_is_wrong_merges_no_parts(site, corpus):
    each_alone = {"ALQAHIRA_PART_MAX_AGE_SECONDS": "0"}
    at_once = {"ALQAHIRA_COMPACT_AFTER_DAYS": "0", "ALQAHIRA_COMPACT_GRACE_HOURS": "0"}
    site.clock = -700 * DAY
    corpus.crawl("defense", settings=SETTINGS | each_alone | at_once)
    assert len(part_files(corpus.folder)) == 3
    site.clock = timedelta(0)
    assert corpus.crawl("defense", settings=SETTINGS | at_once).status == 0
    assert len(part_files(corpus.folder)) < 3


@pytest.mark.sites
def test_date_of_publication_of_the_future_is_read_again(site, corpus):
    site.stories[11].published = datetime.now(UTC) + 3 * DAY
    corpus.crawl("defense", settings=SETTINGS)
    assert corpus.by_id()["11"]["date_published"] is None
    # Three days later, as the ledger sees it.
    site.stories[11].published = NOW
    state(corpus, "update pages set next_visit = '2026-01-01T00:00:00Z'")
    corpus.crawl("defense", settings=SETTINGS)
    assert corpus.by_id()["11"]["date_published"] == f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
    assert corpus.by_id()["11"]["revision"] == 2


@pytest.mark.sites
@pytest.mark.parametrize("change", ["2026-04-23T22:00:00+00:00", "2026-10-29T21:00:00+00:00"], ids=["begin", "end"])
def test_runs_over_a_change_of_summer_time_take_each_article_once(site, corpus, change):
    """Cairo's clock jumps from 24:00 to 1:00 in spring, and from 24:00 back to 23:00 in autumn."""
    moment = datetime.fromisoformat(change)
    site.stories.clear()
    for number, minutes in enumerate(range(-90, 100, 30), 1):
        site.add(number, moment + timedelta(minutes=minutes), is_listed=False)
    for minutes in (-80, -20, 40, 100):
        now = moment + timedelta(minutes=minutes)
        for story in site.stories.values():
            story.is_listed = story.published <= now
        site.clock = now - datetime.now(UTC)
        assert corpus.crawl("defense", settings=SETTINGS, clock=now).status == 0
    records = corpus.records()
    assert sorted(record["article_id"] for record in records) == sorted(map(str, site.stories))
    for record in records:
        assert record["date_published"] == rfc3339(site.stories[int(record["article_id"])].published)
    assert scrapy("verify", settings={"ALQAHIRA_OUTPUT_DIR": str(corpus.folder)}).status == 0
