"""Articles are discovered by listings, sitemaps and feeds, and paging stops at known ones and at bounds."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from http_server import QuietHandler, serving
from replica_server import written
from scrapy_process import Corpus

from alqahira import site
from alqahira.replica.options import ReplicaOptions
from alqahira.text.dates import cairo_day

NO_SITEMAPS = "User-agent: *\nDisallow: /sitemap\nDisallow: /news-sitemap\nDisallow: /rss\n"
# Which of two copies of a story comes first depends on the order of the responses.
NO_BROWSER = {"ALQAHIRA_BROWSER": "never", "ALQAHIRA_NEAR_DUPLICATES": "off"}
DESKS = site.SECTIONS["defense"].categories.value


@pytest.fixture
def robots(tmp_path):
    """A robots.txt that allows only the listings."""
    path = tmp_path / "robots.txt"
    path.write_text(NO_SITEMAPS, "utf-8")
    return str(path)


def in_corpus(server, since):
    """Numbers of the defense articles published since then that a crawl must find: no copies, no broken pages."""
    return {
        number
        for number, article in server.truth().items()
        if "defense" in article.topics
        and not article.duplicate_of
        and not article.not_article
        and article.listed >= since
    }


def listing_pages(server, since=0):
    """The (path, page) of each requested listing page."""
    pages = []
    for entry in server.log()[since:]:
        parts = urlsplit(entry["path"])
        if parts.path.startswith(("/category/", "/tag/")):
            pages.append((parts.path, int(parse_qs(parts.query).get("page", ["1"])[0])))
    return pages


def test_sitemaps_of_robots_txt_and_feed_of_a_page_are_read(replica, tmp_path):
    server = replica("--classes", "older")
    corpus = Corpus(tmp_path / "output", server.url)
    corpus.crawl("defense", settings=NO_BROWSER)
    requested = {urlsplit(path).path for path in server.paths()}
    assert {"/robots.txt", "/sitemap.xml", "/news-sitemap.xml"} <= requested
    assert "/rss.xml" in requested


def test_without_since_the_last_seven_days_of_sitemaps_are_taken(replica, tmp_path):
    server = replica("--page-size", "1")
    corpus = Corpus(tmp_path / "output", server.url)
    corpus.crawl("defense", settings=NO_BROWSER)
    truth = server.truth()
    recent = in_corpus(server, since=server.now - timedelta(days=6))
    assert {number for number in recent if "sitemap" in truth[number].dates} <= set(corpus.by_id())


def test_with_since_sitemaps_reach_back_to_that_day(replica, tmp_path):
    server = replica("--page-size", "1")
    corpus = Corpus(tmp_path / "output", server.url)
    since = cairo_day(server.now) - timedelta(days=60)
    assert corpus.crawl("defense", "-a", f"since={since}", settings=NO_BROWSER).status == 0
    assert in_corpus(server, since=server.now - timedelta(days=59)) <= set(corpus.by_id())


def test_sitemaps_in_gzip_reach_back_by_years(replica, tmp_path):
    server = replica("--page-size", "1")
    corpus = Corpus(tmp_path / "output", server.url)
    assert corpus.crawl("defense", "-a", "since=2022-01-01", settings=NO_BROWSER).status == 0
    assert any(entry["path"].endswith(".xml.gz") and entry["status"] == 200 for entry in server.log())
    assert any((record["date_published"] or "9999") < "2023" for record in corpus.records())


@pytest.mark.browser
def test_site_rendered_in_the_browser_gives_the_same_records(replica, tmp_path):
    server = replica("--render", "client", "--metadata", "none", "--page-data", "none")
    corpus = Corpus(tmp_path / "output", server.url)
    ran = corpus.crawl("defense", "-a", "max_articles=4")
    assert ran.status == 0
    assert "Pages of kind listing are empty shells" in ran.stderr
    assert "Pages of kind article are empty shells" in ran.stderr
    truth = server.truth()
    assert sum("defense" in record["topics"] for record in corpus.records()) == 4
    for record in corpus.records():
        expected = truth[record["article_id"]].expected(ReplicaOptions(metadata="none", page_data="none"))
        for name in ("headline", "article_body", "credit_line", "image_caption", "image_url"):
            assert record[name] == expected[name]


def test_with_since_next_pages_reach_back_without_sitemaps(replica, tmp_path, robots):
    server = replica("--paging", "next", "--page-size", "2", "--robots", robots)
    corpus = Corpus(tmp_path / "output", server.url)
    corpus.crawl("defense", "-a", f"since={cairo_day(server.now) - timedelta(days=30)}", settings=NO_BROWSER)
    assert max(page for _, page in listing_pages(server)) > 1
    first_pages_only = Corpus(tmp_path / "first", server.url)
    first_pages_only.crawl("defense", settings=NO_BROWSER)
    assert len(corpus.by_id()) > len(first_pages_only.by_id()) > 0


@pytest.mark.browser
def test_sitemap_that_reaches_the_day_starts_no_browser(replica, tmp_path):
    server = replica("--page-size", "2")
    ran = Corpus(tmp_path / "output", server.url).crawl(
        "defense", "-a", f"since={cairo_day(server.now) - timedelta(days=3)}"
    )
    assert ran.status == 0
    assert "Launching browser" not in ran.stderr


def test_second_run_stops_paging_at_an_overlap_of_known_articles(replica, tmp_path, robots):
    server = replica("--paging", "next", "--page-size", "2", "--robots", robots)
    corpus = Corpus(tmp_path / "output", server.url)
    corpus.crawl("defense", "-a", f"since={cairo_day(server.now) - timedelta(days=30)}", settings=NO_BROWSER)
    seen = len(server.log())
    corpus.crawl("defense", settings=NO_BROWSER | {"ALQAHIRA_OVERLAP": "2"})
    assert {page for _, page in listing_pages(server, seen)} == {1}


def test_pinned_story_does_not_stop_paging(replica, tmp_path, robots):
    pinned = max(written(datetime.now(UTC)).values(), key=lambda article: article.listed).number
    server = replica("--paging", "next", "--page-size", "3", "--robots", robots, "--control", "--pinned", str(pinned))
    corpus = Corpus(tmp_path / "output", server.url)
    assert corpus.crawl("defense", settings=NO_BROWSER).status == 0
    seen = len(server.log())
    corpus.crawl("defense", settings=NO_BROWSER | {"ALQAHIRA_OVERLAP": "5"})
    assert max(page for _, page in listing_pages(server, seen)) > 1


@pytest.mark.sites
def test_unfinished_run_leaves_no_gap_behind(replica, tmp_path, robots):
    """Articles that an unfinished run has seen do not end the paging of the next one."""
    server = replica("--paging", "next", "--page-size", "2", "--robots", robots)
    corpus = Corpus(tmp_path / "output", server.url)
    since = f"since={cairo_day(server.now) - timedelta(days=30)}"
    corpus.crawl("defense", "-a", since, "-a", "max_articles=1", settings=NO_BROWSER)
    corpus.crawl("defense", "-a", since, settings=NO_BROWSER)
    whole = Corpus(tmp_path / "whole", server.url)
    whole.crawl("defense", "-a", since, settings=NO_BROWSER)
    truth = server.truth()
    stories = [{truth[number].duplicate_of or int(number) for number in c.by_id()} for c in (corpus, whole)]
    assert stories[0] == stories[1]


# --- traps --------------------------------------------------------------------------------------


class Trap(QuietHandler):
    """A listing without end, whose addresses carry a new session id each time."""

    requested: list[str]
    fresh = True

    def do_GET(self):
        self.requested.append(self.path)
        parts = urlsplit(self.path)
        page = int(parse_qs(parts.query).get("page", ["1"])[0])
        if "sitemap" in parts.path:
            children = "".join(f"<sitemap><loc>/sitemap-{page}-{n}.xml?page={page + 1}</loc></sitemap>" for n in (1, 2))
            self.answer(f"<sitemapindex>{children}</sitemapindex>".encode(), "application/xml")
            return
        if not parts.path.startswith("/category/"):
            self.send_error(404)
            return
        number = 1000 + page if self.fresh else 1000
        body = (
            f'<html><head><link rel="next" href="?page={page + 1}&sid={page * 7919}"></head><body><main><article>'
            f'<div class="post-thumb"><a class="img-link" href="/news/{number}/x?sid={page}"></a></div>'
            f'<div class="post-card-content"><h5>خبر {number}</h5></div></article></main></body></html>'
        )
        self.answer(body.encode(), "text/html; charset=utf-8")


@pytest.fixture
def trap(request):
    handler = type("OneTrap", (Trap,), {"requested": [], "fresh": request.param})
    with serving(handler) as server:
        yield f"http://127.0.0.1:{server.server_port}", handler.requested


SINCE = ("-a", "since=2020-01-01")


@pytest.mark.parametrize("trap", [True], indirect=True)
def test_listing_without_end_stops_at_the_bound_and_is_reported(trap, tmp_path):
    root, requested = trap
    ran = Corpus(tmp_path / "output", root).crawl(
        "defense", *SINCE, settings=NO_BROWSER | {"ALQAHIRA_MAX_LISTING_PAGES": "5"}
    )
    pages = [path for path in requested if path.startswith("/category/")]
    assert len(pages) == 5 * len(DESKS)
    assert "has no end: left after 5 pages" in ran.stderr


@pytest.mark.parametrize("trap", [True], indirect=True)
def test_sitemaps_without_end_stop_at_the_bound_and_are_reported(trap, tmp_path):
    root, requested = trap
    ran = Corpus(tmp_path / "output", root).crawl(
        "defense", settings=NO_BROWSER | {"ALQAHIRA_MAX_SITEMAPS": "7", "ALQAHIRA_MAX_LISTING_PAGES": "1"}
    )
    assert len([path for path in requested if "sitemap" in path]) == 7
    assert "Sitemaps have no end: left after 7 files" in ran.stderr


@pytest.mark.parametrize("trap", [False], indirect=True)
def test_session_id_makes_no_new_article_or_listing(trap, tmp_path):
    root, requested = trap
    Corpus(tmp_path / "output", root).crawl("defense", *SINCE, settings=NO_BROWSER)
    assert len([path for path in requested if path.startswith("/category/")]) == 2 * len(DESKS)
    assert len([path for path in requested if path.startswith("/news/")]) == 1


def test_account_names_the_articles_left_and_why(replica, tmp_path):
    import sqlite3

    corpus = Corpus(tmp_path / "output", replica().url)
    corpus.crawl("defense", "-a", "max_articles=1", settings=NO_BROWSER)
    (account,) = sqlite3.connect(corpus.folder / "state.db").execute("select account from runs").fetchone()
    outcome = json.loads(account)
    assert outcome["accepted"] == 1
    assert outcome["left"] > 0
    assert outcome["reason"] == "max_articles"
