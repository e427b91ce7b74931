"""Servers that hang, flood and lead in circles: such a page costs its own article, and no run is held up."""

from __future__ import annotations

import socket
from datetime import UTC, datetime

import pytest
from scrapy_process import UNTHROTTLED, start_scrapy
from scrapyd_server import until
from small_site import QUICK, account, endless, hang, small_site, status

pytestmark = pytest.mark.chaos

OK = b"HTTP/1.1 200 OK\r\n"
HTML = OK + b"Content-Type: text/html\r\n"
TIMEOUT = {"DOWNLOAD_TIMEOUT": "2"}
DRIP = 0.2  # seconds between two pieces

HELD = {
    "never answers": (hang, "timeout"),
    "body by drips": (endless(HTML + b"Content-Length: 100000\r\n\r\n", b"x", seconds=DRIP), "timeout"),
    "headers by drips": (endless(OK, b"X: y\r\n", seconds=DRIP), "timeout"),
    "headers without end": (endless(OK, b"X: %s\r\n" % (b"y" * 40)), "too_large"),
    "a header without end": (endless(OK + b"X: ", b" y\r\n" * 40), "too_large"),
    "100 Continue without end": (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n", seconds=DRIP), "timeout"),
    "body without end": (endless(HTML + b"\r\n", b"x" * 65536), "too_large"),
    "chunks without end": (
        endless(HTML + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n%s\r\n" % (b"x" * 65536)),
        "too_large",
    ),
}


@pytest.mark.parametrize("kind", HELD)
def test_page_that_has_no_end_costs_its_article_alone(kind, tmp_path):
    answer, cause = HELD[kind]
    with small_site(4) as site:
        site.on("/news/1000/", answer)
        corpus = site.corpus(tmp_path)
        ran = corpus.crawl("defense", settings=QUICK | TIMEOUT)
    assert sorted(corpus.by_id()) == ["1001", "1002", "1003"], ran.stderr
    assert account(corpus)["causes"]["failed"] == {cause: 1}


@pytest.mark.parametrize("kind", ["never answers", "body by drips", "headers by drips"])
def test_robots_txt_without_end_allows_nothing(kind, tmp_path):
    with small_site(4) as site:
        site.on("/robots.txt", HELD[kind][0])
        corpus = site.corpus(tmp_path)
        ran = corpus.crawl("defense", settings=QUICK | TIMEOUT)
    assert ran.status == 1
    assert "no listing answered" in ran.lines[-1]
    assert {*site.paths} == {"/robots.txt"}


@pytest.mark.parametrize("kind", ["never answers", "body by drips", "body without end", "status 500"])
def test_sitemap_that_fails_leaves_the_listings(kind, tmp_path):
    with small_site(4, sitemap=True) as site:
        site.on("/sitemap.xml", HELD[kind][0] if kind in HELD else status(500))
        corpus = site.corpus(tmp_path)
        ran = corpus.crawl("defense", settings=QUICK | TIMEOUT)
    assert ran.status == 0, ran.stderr
    assert len(corpus.by_id()) == 4


def test_host_that_accepts_connections_and_says_nothing_ends_the_run_with_status_1(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent, small_site(0) as site:
        site.root = f"http://127.0.0.1:{silent.getsockname()[1]}"
        ran = site.corpus(tmp_path).crawl("defense", settings=QUICK | TIMEOUT)
    assert ran.status == 1
    assert "no listing answered" in ran.lines[-1]


def test_redirects_without_end_are_bounded(tmp_path):
    with small_site(4) as site:
        site.on("/news/1000/", lambda handler: status(302, Location=f"/news/1000/{len(site.paths)}")(handler))
        corpus = site.corpus(tmp_path)
        corpus.crawl("defense", settings=QUICK)
    assert account(corpus)["causes"]["failed"] == {"too_many_redirects": 1}
    assert site.count("/news/1000/") == 1 + 5  # REDIRECT_MAX_TIMES


def test_refreshes_without_end_are_bounded(tmp_path):
    def refresh(handler):
        page = f'<html><head><meta http-equiv="refresh" content="0;url=/news/1000/{len(site.paths)}"></head></html>'
        handler.answer(page.encode(), "text/html")

    with small_site(4) as site:
        site.on("/news/1000/", refresh)
        corpus = site.corpus(tmp_path)
        corpus.crawl("defense", settings=QUICK)
    assert account(corpus)["causes"]["failed"] == {"too_many_redirects": 1}
    assert site.count("/news/1000/") == 1 + 5


@pytest.mark.parametrize(
    "retry_after", ["315360000", "-5", "soon", "Wed, 01 Jan 2036 00:00:00 GMT", "1e9", "9" * 12, "9" * 5000]
)
def test_retry_after_for_ever_leaves_the_articles_to_a_later_run(retry_after, tmp_path):
    with small_site(4) as site:
        site.on("/news/", status(429, **{"Retry-After": retry_after}))
        corpus = site.corpus(tmp_path)
        ran = corpus.crawl("defense", settings=QUICK)
        assert ran.status == 1
        assert account(corpus)["failed"] == 4
        assert not corpus.lines()
        assert site.count("/news/") <= 8
        site.on("/news/", None)
        assert corpus.crawl("defense", settings=QUICK).status == 0
    assert len(corpus.by_id()) == 4


@pytest.mark.parametrize("delay", ["1000000000", "-1", "nan", "inf", "1e400", "abc", "0.0001"])
def test_odd_crawl_delay_is_bounded(delay, tmp_path):
    with small_site(2) as site:
        robots = f"User-agent: *\nCrawl-delay: {delay}\nAllow: /\n"
        site.on("/robots.txt", lambda handler: handler.answer(robots.encode(), "text/plain"))
        corpus = site.corpus(tmp_path)
        ran = corpus.crawl("defense", settings=QUICK | {"ALQAHIRA_CRAWL_DELAY_MAX": "0.05"})
    assert ran.status == 0, ran.stderr
    assert len(corpus.by_id()) == 2


ROBOTS = {
    "one rule of wildcards": "User-agent: *\nDisallow: /" + "*a" * 2000 + "$\n",
    "many rules of wildcards": "User-agent: *\n" + ("Disallow: /" + "*a" * 60 + "*b$\n") * 50,
    "as many rules as are read": "User-agent: *\n" + "".join(f"Disallow: /x{n}*y$\n" for n in range(22_000)),
}


@pytest.mark.parametrize("kind", ROBOTS)
def test_rules_that_are_dear_to_match_hold_up_no_run(kind, tmp_path):
    with small_site(4) as site:
        site.on("/robots.txt", lambda handler: handler.answer(ROBOTS[kind].encode(), "text/plain"))
        cards = "".join(f'<article><a href="/news/{n}/{"a" * 1500}">خبر {n}</a></article>' for n in site.listed)
        site.on("/category/", status(200, f"<html><main>{cards}</main></html>".encode()))
        corpus = site.corpus(tmp_path)
        ran = corpus.crawl("defense", settings=QUICK)
    assert ran.status == 0, ran.stderr
    assert len(corpus.by_id()) == 4


def test_sitemaps_that_robots_txt_names_are_bounded(tmp_path):
    with small_site(4) as site:
        lines = "".join(f"Sitemap: {site.root}/s{n}.xml\n" for n in range(3000))
        site.on("/robots.txt", lambda handler: handler.answer(lines.encode(), "text/plain"))
        corpus = site.corpus(tmp_path)
        corpus.crawl("defense", settings=QUICK | {"ALQAHIRA_MAX_SITEMAPS": "10"})
    assert site.count("/s") == 10
    assert len(corpus.by_id()) == 4


# --- SIGTERM --------------------------------------------------------------------------------------

SLOW_ROBOTS = b"User-agent: *\nCrawl-delay: 200\nAllow: /\n"
WAITS = {
    "robots.txt": ("/robots.txt", hang),
    "headers": ("/news/", endless(OK, b"X: y\r\n", seconds=DRIP)),
    "body": ("/news/", endless(HTML + b"Content-Length: 100000\r\n\r\n", b"x", seconds=DRIP)),
    "Retry-After": ("/news/", status(503, **{"Retry-After": "280"})),
    "Crawl-delay": ("/robots.txt", lambda handler: handler.answer(SLOW_ROBOTS, "text/plain")),
}


def test_sigterm_ends_a_run_that_waits_for_a_name(tmp_path):
    """Neither Python nor Twisted can end a thread that asks the system for a name."""
    log = tmp_path / "log"
    settings = UNTHROTTLED | QUICK | {"DOWNLOAD_TIMEOUT": "3600"}
    settings |= {"ALQAHIRA_SITE_URL": "http://name.test", "ALQAHIRA_OUTPUT_DIR": str(tmp_path / "output")}
    now, asked = datetime.now(UTC), tmp_path / "asked"
    process = start_scrapy("crawl", "defense", settings=settings, log=log, clock=now, PRETENDED_SLOW_DNS=str(asked))
    until(asked.exists, lambda: log.read_text("utf-8"))
    process.terminate()
    assert process.wait(200) == 1, log.read_text("utf-8")
    text = log.read_text("utf-8")
    assert "Spider closed (shutdown)" in text
    assert "no listing answered" in text.splitlines()[-1]
    assert "Traceback" not in text


@pytest.mark.parametrize("wait", WAITS)
def test_sigterm_ends_a_run_that_waits_for_the_server(wait, tmp_path):
    """Without an end of its own each of these runs would last longer than the test may."""
    path, answer = WAITS[wait]
    settings = UNTHROTTLED | QUICK | {"DOWNLOAD_TIMEOUT": "3600", "ALQAHIRA_CRAWL_DELAY_MAX": "300"}
    with small_site(4) as site:
        site.on(path, answer)
        settings |= {"ALQAHIRA_SITE_URL": site.root, "ALQAHIRA_OUTPUT_DIR": str(tmp_path / "output")}
        log = tmp_path / "log"
        process = start_scrapy("crawl", "defense", settings=settings, log=log)
        until(lambda: site.count(path), lambda: log.read_text("utf-8"))
        process.terminate()
        assert process.wait(200) in (0, 1), log.read_text("utf-8")
        text = log.read_text("utf-8")
        assert "Closing spider (shutdown)" in text
        assert "Traceback" not in text
        site.on(path, None)
        corpus = site.corpus(tmp_path)
        assert corpus.crawl("defense", settings=QUICK).status == 0
    assert len(corpus.by_id()) == 4
