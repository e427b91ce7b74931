"""Which articles a run asks for, and in which order: by a sitemap's newest date, within bounds, the newest first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from dated_site import dated_site
from scrapy_process import Corpus

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
SETTINGS = {"ALQAHIRA_BROWSER": "never", "CONCURRENT_REQUESTS": "1"}


@pytest.fixture
def site():
    with dated_site() as made:
        yield made


@pytest.fixture
def corpus(site, tmp_path):
    return Corpus(tmp_path / "output", site.root)


def crawl(site, corpus, *arguments, **settings):
    """One run, and the articles that it asked for, in order."""
    site.asked.clear()
    ran = corpus.crawl("defense", *arguments, settings=SETTINGS | settings)
    assert ran.status == 0, ran.stderr
    return site.asked[:]


def test_newest_of_a_sitemaps_dates_decides(site, corpus):
    site.add(1, NOW)
    old = site.add(2, NOW - 12 * DAY, is_listed=False, modified=NOW - 12 * DAY)
    site.add(3, NOW - 10 * DAY, is_listed=False, modified=NOW - timedelta(hours=1))  # published with an old date
    assert crawl(site, corpus) == [1, 3]
    old.modified, old.added = datetime.now(UTC), "\n\nتصحيح أضيف بعد أيام."
    assert set(crawl(site, corpus)) == {1, 2}
    old.modified, old.added = datetime.now(UTC) + timedelta(minutes=1), "\n\nتصحيح آخر أضيف بعد أيام."
    assert set(crawl(site, corpus)) == {1, 2}
    assert corpus.by_id()["2"]["revision"] == 2


@pytest.mark.sites
@pytest.mark.parametrize(
    ("ahead", "asked"),
    [(timedelta(minutes=1), [10, 7, 3, 0]), (1_500 * DAY, [0, 0, 0, 0])],
    ids=["of now is believed once", "of the future is none"],
)
def test_sitemap_that_dates_a_change_of_everything(site, corpus, ahead, asked):
    site.has_etags = False
    site.add(1, NOW)
    runs = []
    for _ in range(4):
        for number in range(10, 20):
            site.add(number, NOW - number * DAY, is_listed=False, modified=datetime.now(UTC) + ahead)
        runs.append(len(set(crawl(site, corpus, ALQAHIRA_MAX_REVISITS="7")) - {1}))
    assert runs == asked


def test_news_of_today_goes_before_what_was_left_pending(site, corpus):
    for number in range(1, 7):
        site.add(number, NOW - (30 - number) * DAY)
    assert crawl(site, corpus, "-a", "max_articles=2")[:2] == [6, 5]
    for story in site.stories.values():
        story.is_listed = False
    site.add(7, NOW - timedelta(hours=1))
    site.add(8, NOW)
    assert crawl(site, corpus)[:4] == [8, 7, 4, 3]


def test_sitemaps_of_robots_txt_are_bounded(site, corpus):
    site.sitemaps = 30
    site.add(1, NOW)
    crawl(site, corpus, ALQAHIRA_MAX_SITEMAPS="4")
    assert len([path for path in site.paths if path.startswith("/sitemap")]) == 4


def test_article_that_moved_takes_its_corrections_along(site, corpus):
    site.add(1, NOW)
    crawl(site, corpus)
    site.stories[1].moved_to = 2
    site.add(2, NOW, is_listed=False)
    assert crawl(site, corpus) == [1, 2]
    site.stories[1].is_listed, site.stories[2].is_listed = False, True
    site.stories[2].added = "\n\nتصحيح أضيف بعد انتقال الخبر."
    assert crawl(site, corpus) == [2]
    lines = [(record["article_id"], record["revision"]) for record in corpus.records()]
    assert sorted(lines) == [("1", 1), ("1", 2)]
    assert corpus.by_id()["1"]["url"].endswith("/news/2/x")
    assert crawl(site, corpus) == [2]


@pytest.mark.sites
def test_article_whose_new_address_is_listed_first_takes_its_corrections_along(site, corpus):
    site.has_canonicals = True
    old = site.add(1, NOW)
    crawl(site, corpus)
    old.moved_to, old.is_listed = 2, False
    new = site.add(2, NOW)
    assert crawl(site, corpus) == [2]
    new.added = "\n\nتصحيح أضيف بعد انتقال الخبر."
    crawl(site, corpus)
    site.clock = DAY  # when the old address is due
    assert corpus.crawl("defense", settings=SETTINGS, clock=datetime.now(UTC) + DAY).status == 0
    assert sorted(corpus.by_id()) == ["1"]
    assert corpus.by_id()["1"]["article_body"].endswith("تصحيح أضيف بعد انتقال الخبر.")


@pytest.mark.sites
def test_text_that_is_taken_back_behind_another_server_comes_back(site, corpus):
    """One of the site's servers gives no ETag: that of the text before may not be sent for its text."""
    story = site.add(1, NOW)
    crawl(site, corpus)
    site.has_etags, story.added = False, "\n\nفقرة نشرت بالخطأ وحذفت بعد دقائق."
    site.clock = DAY / 2
    assert corpus.crawl("defense", settings=SETTINGS, clock=datetime.now(UTC) + DAY / 2).status == 0
    assert "نشرت بالخطأ" in corpus.by_id()["1"]["article_body"]
    site.has_etags, story.added = True, ""
    site.clock = DAY
    assert corpus.crawl("defense", settings=SETTINGS, clock=datetime.now(UTC) + DAY).status == 0
    record = corpus.by_id()["1"]
    assert (record["revision"], "نشرت بالخطأ" in record["article_body"]) == (3, False)


def test_empty_listings_and_sitemaps_fail_the_run_and_lose_nothing(site, corpus):
    story = site.add(1, NOW)
    crawl(site, corpus)
    story.is_listed = False
    ran = corpus.crawl("defense", settings=SETTINGS)
    assert ran.status == 1
    assert "shows an article" in ran.lines[-1]
    story.is_listed = True
    site.add(2, NOW)
    assert sorted(crawl(site, corpus)) == [1, 2]
    assert sorted(corpus.by_id()) == ["1", "2"]
