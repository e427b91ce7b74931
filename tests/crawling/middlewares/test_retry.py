"""Retries as the server sees them: a host that demands a pause gets one, and no other host waits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest
from hostile_server import Crawl, Host, raw, reply, run_crawl, run_crawls
from hypothesis import given
from hypothesis import strategies as st
from scrapy import Request
from scrapy.utils.test import get_crawler

from alqahira.crawling.middlewares.politeness import PoliteRetryMiddleware, backoff_seconds, retry_after_seconds
from alqahira.exceptions import BrowserCrashed

OpenHost = Callable[..., Host]
# Without a delay Scrapy 2.19 starts all that is queued for a host at once, whatever its concurrency.
ONE_BY_ONE = {"CONCURRENT_REQUESTS_PER_DOMAIN": 1, "DOWNLOAD_DELAY": 0.05}
NOW = datetime(2023, 8, 9, 8, 20, tzinfo=UTC)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_pauses_all_requests_to_the_host(open_host: OpenHost, status: int, form: str) -> None:
    host = open_host()
    now = datetime.now(UTC).replace(microsecond=0)
    wait = {"seconds": "1", "date": format_datetime(now + timedelta(seconds=1), usegmt=True)}[form]
    busy = reply(status=status, Retry_After=wait, Date=format_datetime(now, usegmt=True))
    host.on("/busy", busy, reply())
    others = [f"/{n}" for n in range(5)]

    outcome = run_crawl(Crawl(host, ["/busy", *others], ONE_BY_ONE))

    requested = host.times("/busy")[0]
    after = [request for request in host.seen if request.at > requested]
    # One that was on its way together with the first may arrive before it.
    assert {request.path for request in host.seen} >= {"/busy", *others}
    assert "/busy" in {request.path for request in after}
    assert min(request.at for request in after) - requested >= 1.0
    assert set(outcome.causes.values()) == {"ok"}


@pytest.mark.chaos
def test_other_hosts_are_not_paused(open_host: OpenHost) -> None:
    held, free = open_host(), open_host()
    held.on("/0", reply(status=429, Retry_After="6"), reply())  # time enough for twenty pages on any machine
    many = [held.url(f"/{n}") for n in range(40)]
    order = [many[0], *(free.url(f"/{n}") for n in range(10)), *many[1:], *(free.url(f"/late{n}") for n in range(10))]
    outcome = run_crawl(Crawl(held, order, {"CONCURRENT_REQUESTS": 4}))

    requested = held.times("/0")[0]
    released = min(at for at in held.times() if at >= requested + 6.0)
    assert set(outcome.causes.values()) == {"ok"}
    assert len(free.times("/late9")) == 1
    assert max(free.times()) < released


def test_host_with_a_too_long_retry_after_is_given_up(open_host: OpenHost) -> None:
    host = open_host()
    paths = [f"/{n}" for n in range(6)]
    for path in paths:
        host.on(path, reply(status=503, Retry_After="86400"))
    outcome = run_crawl(Crawl(host, paths, ONE_BY_ONE))
    assert len(host.paths()) == 2  # robots.txt and the first page
    assert {outcome.cause(host, path) for path in paths} == {"retry_after_too_long"}
    assert "left alone for 86400.0 s" in outcome.log


def test_closing_run_does_not_wait_for_a_paused_host(open_host: OpenHost) -> None:
    host = open_host()
    paths = [f"/{n}" for n in range(20)]
    for path in paths:
        host.on(path, reply(status=503, Retry_After="280"))  # longer than the crawl's process may live
    outcome = run_crawl(Crawl(host, paths, ONE_BY_ONE | {"CLOSESPIDER_TIMEOUT": 2}))
    assert outcome.stats["finish_reason"] == "closespider_timeout"
    assert len(host.paths()) == 2  # robots.txt and the first page
    assert set(outcome.causes.values()) == {"run_ending"}


def test_without_retry_after_the_waits_grow(open_host: OpenHost) -> None:
    hosts = [open_host(), open_host()]
    for host, failing in zip(hosts, (reply(status=503), reply(status=500)), strict=True):
        host.on("/down", failing)
    outcomes = run_crawls([Crawl(host, ["/down"]) for host in hosts], ALQAHIRA_BACKOFF_BASE=0.2, RETRY_TIMES=3)
    for host, outcome, status in zip(hosts, outcomes, (503, 500), strict=True):
        waits = [later - earlier for earlier, later in pairwise(host.times("/down"))]
        assert outcome.cause(host, "/down") == f"http_{status}"
        assert [wait >= least for wait, least in zip(waits, (0.1, 0.2, 0.4), strict=True)] == [True] * 3


@pytest.mark.chaos
def test_transient_failures_are_retried_and_lasting_ones_have_a_cause(open_host: OpenHost) -> None:
    host = open_host()
    short = raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n<html>half")
    chunked = raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n<html>half")
    reset = raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n<html>half", pause=0.05, reset=True)
    failures = {
        "/500": (reply(status=500), "http_500"),
        "/short": (short, "truncated"),
        "/chunked": (chunked, "truncated"),
        "/reset": (reset, "truncated"),
        "/closed": (raw(), "connection_lost"),
        "/garbage": (raw(b"no HTTP at all\r\n\r\n"), "connection_lost"),
    }
    for path, (failing, _) in failures.items():
        host.on(path, failing)
        host.on(f"/once{path}", failing, reply())
    paths = [*failures, *(f"/once{path}" for path in failures), "/404"]
    host.on("/404", reply(status=404))
    # With a short timeout, on a host of its own: nothing else may be too slow for it.
    silent = open_host()
    silent.on("/silent", raw(hang=True))
    silent.on("/once/silent", raw(hang=True), reply())
    hangs = Crawl(silent, ["/silent", "/once/silent"], {"DOWNLOAD_TIMEOUT": 2})

    outcome, waited = run_crawls([Crawl(host, paths), hangs], CONCURRENT_REQUESTS_PER_DOMAIN=16)

    assert {path: outcome.cause(host, path) for path in failures} == {p: cause for p, (_, cause) in failures.items()}
    assert {outcome.cause(host, f"/once{path}") for path in failures} == {"ok"}
    requested = {path: host.paths().count(path) for path in failures}
    assert all(requested[path] == 3 for path in ("/500", "/short", "/chunked"))
    # Twisted itself asks once more where a kept-alive connection is closed without an answer.
    assert all(3 <= times <= 6 for times in requested.values())
    assert (outcome.cause(host, "/404"), host.paths().count("/404")) == ("http_404", 1)
    assert (waited.cause(silent, "/silent"), silent.paths().count("/silent")) == ("timeout", 3)
    assert waited.cause(silent, "/once/silent") == "ok"


def test_crash_of_our_own_browser_is_no_retry_of_the_host() -> None:
    crawler = get_crawler()
    middleware = PoliteRetryMiddleware.from_crawler(crawler)
    assert middleware.process_exception(Request("https://news.example/"), BrowserCrashed("killed")) is None


def test_log_names_the_cause_of_a_retry_without_objects_of_python(open_host: OpenHost) -> None:
    host = open_host()
    secure = Crawl(host, [host.url("/x").replace("http:", "https:")], {"RETRY_TIMES": 1})
    outcome = run_crawl(secure)
    assert "(failed 2 times): tls" in outcome.log
    assert "Failure" not in outcome.log


def test_run_out_of_retries_fails_at_once(open_host: OpenHost) -> None:
    host = open_host()
    paths = [f"/{n}" for n in range(10)]
    for path in paths:
        host.on(path, reply(status=500))
    outcome = run_crawl(Crawl(host, paths, {"ALQAHIRA_RETRY_BUDGET": 3}), CONCURRENT_REQUESTS_PER_DOMAIN=1)
    answers = len(host.paths()) - 1
    assert answers < 10 + 3 + 0.25 * 20
    assert set(outcome.causes.values()) == {"http_500"}
    assert outcome.stats["retry/budget_exhausted"] >= 5
    assert outcome.log.count("No retries left") == 1


def http(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        ("120", None, 120.0),
        (" 0 ", None, 0.0),
        ("-5", None, None),
        ("1.5", None, None),  # RFC 9110 knows whole seconds only
        ("soon", None, None),
        ("", None, None),
        (None, None, None),
        ("٣٠", None, None),  # digits, but no HTTP ones
        ("9" * 400, None, None),
        (http(NOW + timedelta(minutes=2)), None, 120.0),
        (http(NOW - timedelta(minutes=2)), None, 0.0),
        (http(NOW + timedelta(hours=1, seconds=30)), http(NOW + timedelta(hours=1)), 30.0),  # their clock is ahead
        ("Wednesday, 09-Aug-23 08:20:45 GMT", None, 45.0),
        ("Wed Aug  9 08:20:45 2023", None, 45.0),
        ("Wed, 31 Feb 2023 08:20:45 GMT", None, None),
        ("Wed, 09 Aug 2023 08:20:45 +99999999999999", None, None),
        ("Wed, 09 Aug 2023 08:20:45 GMT", "Wed, 09 Aug 2023 08:20:45 +99999999999999", 45.0),
        (f"Wed, 09 Aug {'9' * 20} 08:20:45 GMT", None, None),
        ("Wed, 09 Aug 99999 08:20:45 GMT", None, None),
        (f"Wed, 09 Aug 2023 08:20:45 +{'9' * 12}", None, None),
        ("Fri, 31 Dec 9999 23:59:59 -2359", None, None),
        ("Mon, 01 Jan 0001 00:00:00 +2359", None, 0.0),
        (http(NOW + timedelta(minutes=2)), f"Wed, 09 Aug {'9' * 20} 08:20:45 GMT", 120.0),  # their date is none
        (http(NOW + timedelta(minutes=2)), "-1", 120.0),
    ],
)
def test_retry_after_header(value: str | None, date: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(value, date=date, now=NOW) == seconds


@given(st.text(alphabet="0123456789 -+:,.GMTWedAug\0é", max_size=60), st.text(max_size=40))
def test_no_retry_after_header_is_an_error(value: str, date: str) -> None:
    seconds = retry_after_seconds(value, date=date, now=NOW)
    assert seconds is None or 0 <= seconds < 1e12


@pytest.mark.parametrize(("attempt", "step"), [(1, 1.0), (2, 2.0), (5, 16.0), (7, 60.0), (10_000, 60.0)])
def test_backoff_doubles_up_to_its_limit_with_jitter(attempt: int, step: float) -> None:
    waits = {backoff_seconds(attempt, base=1.0, longest=60.0) for _ in range(50)}
    assert all(step / 2 <= wait <= step for wait in waits)
    assert len(waits) == 50
