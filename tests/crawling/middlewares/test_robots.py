"""robots.txt as the server sees it: no disallowed request arrives, in any case."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hostile_server import Crawl, Host, raw, reply, run_crawl, run_crawls

from alqahira.crawling.middlewares.robots_rules import MAX_BYTES, read_answer

OpenHost = Callable[..., Host]
KEEP_OUT = "User-agent: *\nDisallow: /closed/\n"


def test_disallowed_requests_never_race_past_robots_txt(open_host: OpenHost) -> None:
    slow, quick = open_host(), open_host()
    slow.on("/robots.txt", raw(b"HTTP/1.1 200 OK\r\n\r\n", KEEP_OUT.encode(), pause=0.3))
    quick.on("/robots.txt", text=KEEP_OUT)
    closed = [f"/closed/{n}" for n in range(12)]

    crawls = [Crawl(host, [*closed, "/open"], {"CONCURRENT_REQUESTS": 16}) for host in (slow, quick)]
    for host, outcome in zip((slow, quick), run_crawls(crawls), strict=True):
        assert sorted(host.paths()) == ["/open", "/robots.txt"]
        assert {outcome.cause(host, path) for path in closed} == {"robots"}
        assert outcome.cause(host, "/open") == "ok"
        assert outcome.stats["alqahira/refused/robots"] == 12


def test_unreachable_robots_txt_disallows_all_and_a_missing_one_allows_all(open_host: OpenHost) -> None:
    silent = raw(hang=True)
    answers = {
        "robots_unreachable": [
            reply(status=500),
            reply(status=503),
            reply(status=429),
            raw(),  # the connection is closed without an answer
            raw(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nUser-agent: *"),  # truncated
            silent,
        ],
        "ok": [reply(status=404), reply(status=403), reply(status=410), reply("<html>no rules</html>"), reply("")],
    }
    expected, crawls = [], []
    for cause, handlers in answers.items():
        for handler in handlers:
            host = open_host()
            host.on("/robots.txt", handler)
            crawls.append(Crawl(host, ["/a", "/b"], {"DOWNLOAD_TIMEOUT": 2} if handler is silent else {}))
            expected.append(cause)

    outcomes = run_crawls(crawls, RETRY_TIMES=1)
    for crawl, cause, outcome in zip(crawls, expected, outcomes, strict=True):
        assert [outcome.cause(crawl.site, path) for path in crawl.paths] == [cause] * 2
        pages = [path for path in crawl.site.paths() if path != "/robots.txt"]
        assert sorted(pages) == (crawl.paths if cause == "ok" else [])
        assert crawl.site.paths().count("/robots.txt") == (1 if cause == "ok" else 2)  # once more before giving up


def test_robots_txt_that_fails_once_is_retried_before_any_page(open_host: OpenHost) -> None:
    host = open_host()
    host.on("/robots.txt", reply(status=500), reply(KEEP_OUT))
    outcome = run_crawl(Crawl(host, ["/closed/a", "/open"]))
    assert host.paths() == ["/robots.txt", "/robots.txt", "/open"]
    assert outcome.cause(host, "/closed/a") == "robots"


def test_no_setting_or_request_flag_turns_robots_off(open_host: OpenHost) -> None:
    host = open_host()
    host.on("/robots.txt", text=KEEP_OUT)
    off = {"ROBOTSTXT_OBEY": False, "ROBOTSTXT_USER_AGENT": "other", "USER_AGENT": "other"}
    run_crawl(Crawl(host, ["/closed/a"], off, {"meta": {"dont_obey_robotstxt": True}}))
    assert host.paths() == ["/robots.txt"]
    assert host.seen[0].headers["User-Agent"].startswith("alqahira/")


def test_robots_txt_redirects_are_followed_for_five_hops(open_host: OpenHost) -> None:
    host = open_host()
    for hop in range(5):
        host.on(f"/hop{hop}" if hop else "/robots.txt", reply(status=302, Location=f"/hop{hop + 1}"))
    host.on("/hop5", text=KEEP_OUT)
    outcome = run_crawl(Crawl(host, ["/closed/a", "/open"]))
    assert host.paths() == ["/robots.txt", "/hop1", "/hop2", "/hop3", "/hop4", "/hop5", "/open"]
    assert outcome.cause(host, "/closed/a") == "robots"


def test_crawl_delay_spaces_requests_with_and_without_autothrottle(open_host: OpenHost) -> None:
    hosts = [open_host(), open_host()]
    for host in hosts:
        host.on("/robots.txt", text="User-agent: alqahira\nCrawl-delay: 1\nDisallow:\n")
    throttled = {"AUTOTHROTTLE_ENABLED": True, "AUTOTHROTTLE_START_DELAY": 0.01}
    run_crawls([Crawl(host, ["/1", "/2", "/3"], s) for host, s in zip(hosts, ({}, throttled), strict=True)])
    for host in hosts:
        assert len(host.seen) == 4
        # A busy machine may record the first one late.
        first, *others = host.times()
        assert all(at - first > number - 0.8 for number, at in enumerate(others, start=1))


def test_crawl_delay_above_the_maximum_is_cut_with_a_warning(open_host: OpenHost) -> None:
    host = open_host()
    host.on("/robots.txt", text="User-agent: *\nCrawl-delay: 86400\n")
    outcome = run_crawl(Crawl(host, ["/1", "/2"], {"ALQAHIRA_CRAWL_DELAY_MAX": 0.2}))
    assert outcome.cause(host, "/2") == "ok"
    assert "asks for Crawl-delay 86400 s; waiting 0.2 s" in outcome.log


def test_sitemaps_of_robots_txt_are_available(open_host: OpenHost) -> None:
    host = open_host()
    host.on("/robots.txt", text="Sitemap: https://x.example/s.xml\nUser-agent: *\nDisallow:\nSitemap: /news.xml\n")
    outcome = run_crawl(Crawl(host, ["/"]))
    assert outcome.sitemaps == ["https://x.example/s.xml", host.url("/news.xml")]


def test_too_large_robots_txt_is_cut_and_obeyed(open_host: OpenHost) -> None:
    host = open_host()
    endless = KEEP_OUT.encode() + b"# filler line\n" * 3_000_000  # 42 MB, more than is ever downloaded
    host.on("/robots.txt", raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n", endless))
    outcome = run_crawl(Crawl(host, ["/closed/a", "/open"]))
    assert outcome.cause(host, "/closed/a") == "robots"
    assert outcome.cause(host, "/open") == "ok"
    assert host.paths() == ["/robots.txt", "/open"]


SITE = "https://news.example"


@pytest.mark.parametrize(
    ("body", "path", "allowed"),
    [
        ("User-agent: *\nDisallow: /x", "/x/1", False),
        ("User-agent: *\nDisallow: /x\nAllow: /x/open", "/x/open/1", True),  # the longest match wins
        ("User-agent: *\nDisallow: /\n\nUser-agent: alqahira\nDisallow:", "/x", True),  # our own group alone
        ("User-agent: AlQahira\nDisallow: /", "/x", False),  # names are compared without case
        ("User-agent: alqahirabot\nDisallow: /", "/x", True),  # another product
        ("User-agent: *\nDisallow: /*.pdf$", "/a.pdf", False),
        ("User-agent: *\r\nDisallow: /x\r\n", "/x", False),
        ("User-agent: *\rDisallow: /x\r", "/x", False),
        ("User-agent: *\nDisallow: /أرشيف", "/%D8%A3%D8%B1%D8%B4%D9%8A%D9%81/1", False),
        ("User-agent: *\nDisallow: /%d8%a3%d8%b1%d8%b4%d9%8a%d9%81", "/%D8%A3%D8%B1%D8%B4%D9%8A%D9%81/1", False),
        ("User-agent: *\nDisallow: /", "/robots.txt", True),
    ],
)
def test_rule_matches_as_in_rfc_9309(body: str, path: str, allowed: bool) -> None:
    assert read_answer(200, body.encode(), f"{SITE}/robots.txt").allows(SITE + path) is allowed


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbfUser-agent: *\nDisallow: /x",
        "User-agent: *\nDisallow: /x".encode("utf-16"),
        "# أرشيف الأخبار\nUser-agent: *\nDisallow: /x".encode("cp1256"),
        b"User-agent: *\nDisallow: /\xff\xfe\nDisallow: /x\n",
        b"User-agent: *\nDisallow: /x\0\n",
    ],
    ids=["BOM", "UTF-16", "cp1256 comment", "bad bytes", "NUL"],
)
def test_rules_survive_their_encoding(body: bytes) -> None:
    rules = read_answer(200, body, f"{SITE}/robots.txt")
    assert not rules.allows(f"{SITE}/x/1")
    assert rules.allows(f"{SITE}/y")


def test_sitemap_line_that_is_no_address_is_skipped_alone() -> None:
    body = b"Sitemap: http://[::1\nUser-agent: *\nDisallow: /x\nSitemap: /news.xml\n"
    rules = read_answer(200, body, f"{SITE}/robots.txt")
    assert rules.sitemaps == (f"{SITE}/news.xml",)
    assert not rules.allows(f"{SITE}/x/1")


def test_size_limit_cuts_only_whole_lines() -> None:
    head = b"User-agent: *\nDisallow: /x\n"
    long_line = b"Allow: /x" + b"y" * 40 + b"\n"
    filler = b"#" * (MAX_BYTES - len(head) - 11) + b"\n"
    assert not read_answer(200, head + filler + long_line, f"{SITE}/robots.txt").allows(f"{SITE}/x")


@pytest.mark.parametrize(
    ("status", "free"), [(200, True), (204, True), (404, True), (401, True), (429, False), (500, False), (302, False)]
)
def test_client_error_allows_all_and_server_error_nothing(status: int, free: bool) -> None:
    assert read_answer(status, b"", SITE).allows(SITE) is free
