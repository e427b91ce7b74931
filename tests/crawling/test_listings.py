"""Listings of one kind share the paging method that one of them learns; without engine and network."""

from __future__ import annotations

import json
from datetime import date
from types import SimpleNamespace

import pytest
from scrapy.http import HtmlResponse, TextResponse
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.python.failure import Failure

from alqahira import site
from alqahira.crawling.discovery.listings import Listings
from alqahira.crawling.request_info import note, request_info
from alqahira.extraction.load_more import LearnedRequest
from alqahira.monitoring.run_stats import RunStats

ROOT = "https://alqaheranews.net"
SLUGS = ("أخبار", "الشرق-الأوسط", "حول-العالم")
SECTION = site.Section("defense", "defense", site.seen(SLUGS), site.seen(()))


class Ledger(dict):
    """The facts that discovery keeps from run to run."""

    remembered = dict.get
    remember = dict.__setitem__

    def last_completed_run(self, spider):
        return None


class Articles:
    def add_hints(self, key, hints):
        pass

    def add(self, links):
        return []


def start(ledger, *, reach_back=False):
    """The listings of a run with `since`, and its account."""
    configuration = SimpleNamespace(site_url=ROOT, overlap=5, max_listing_pages=50)
    run = SimpleNamespace(ledger=ledger, configuration=configuration, stats=RunStats())
    sitemaps = SimpleNamespace(reach_back=reach_back, requests=lambda urls: [])
    arguments = SimpleNamespace(since=date(2026, 11, 1))
    return Listings(run, SECTION, arguments, Articles(), sitemaps), run.stats


def first_page(request):
    """Two articles and a load-more control."""
    number = 1000 * (1 + SLUGS.index(request.cb_kwargs["pager"].slug))
    cards = "".join(f'<article><a class="img-link" href="/news/{number - n}/x">{n}</a></article>' for n in range(2))
    return HtmlResponse(request.url, body=f"<main>{cards}<button>المزيد</button></main>".encode(), request=request)


def second_page(request, pages=2):
    number = 500 * (1 + SLUGS.index(request.cb_kwargs["pager"].slug))
    posts = [{"id": number - n, "title": "خبر", "slug": "x"} for n in range(2)]
    body = json.dumps({"posts": posts, "pageInfo": {"currentPage": 2, "totalPages": pages}})
    return TextResponse(request.url, body=body.encode(), encoding="utf-8", request=request)


def fail(request, status=404):
    failure = Failure(HttpError(TextResponse(request.url, status=status, request=request)))
    failure.request = request
    return list(request.errback(failure))


def answer(request, response):
    return list(request.callback(response, **request.cb_kwargs))


def after_first_pages(listings):
    return [more for request in listings.start_requests() for more in answer(request, first_page(request))]


def learned(path="/api/posts"):
    url = f"{ROOT}{path}?slug={{quoted_slug}}&page={{page}}"
    return LearnedRequest(method="GET", url=url, headers=(), body=None, slug=SLUGS[0])


def press(listings, learned_request):
    """Answer the request to press a load-more control; the requests that follow."""
    (request,) = listings.press_requests()
    assert request_info(request).learn_load_more
    note(request, learned_request=learned_request, load_more_note="no control")
    response = HtmlResponse(request.url, request=request)
    return list(request.callback(response))


def test_one_listing_tries_and_the_others_follow():
    listings, account = start(Ledger())
    (request,) = after_first_pages(listings)
    assert request.url.endswith("?page=2")
    others = answer(request, second_page(request))
    assert [other.url.endswith("?page=2") for other in others] == [True, True]
    assert account.first_page_only == []


def test_press_serves_all_listings_and_the_next_run():
    ledger = Ledger()
    listings, account = start(ledger)
    (request,) = after_first_pages(listings)
    assert fail(request) == []
    (request,) = press(listings, learned())
    assert request.url.startswith(f"{ROOT}/api/posts?slug=")
    others = answer(request, second_page(request))
    assert [other.url.startswith(f"{ROOT}/api/posts?slug=") for other in others] == [True, True]
    assert list(listings.press_requests()) == []
    assert (account.first_page_only, account.gaps) == ([], [])

    again, _ = start(ledger)
    (request,) = after_first_pages(again)
    assert request.url.startswith(f"{ROOT}/api/posts?slug=")


def test_learned_request_that_fails_is_learned_again():
    ledger = Ledger({"load_more/category": learned("/api/old").to_json(), "way/category": "learned"})
    listings, _ = start(ledger)
    (request,) = after_first_pages(listings)
    assert request.url.startswith(f"{ROOT}/api/old?")
    assert fail(request) == []
    assert ledger["load_more/category"] is None
    (request,) = press(listings, learned("/api/new"))
    assert request.url.startswith(f"{ROOT}/api/new?")
    assert "/api/new" in ledger["load_more/category"]


def test_listings_are_cut_short_where_nothing_is_learned():
    listings, account = start(Ledger())
    (request,) = after_first_pages(listings)
    fail(request)
    (request,) = press(listings, None)  # the second listing tries for itself
    assert fail(request) == []  # a method that failed for two listings is not tried on the third
    assert len(account.first_page_only) == len(SLUGS)
    assert list(listings.press_requests()) == []


def test_nothing_is_pressed_where_a_sitemap_reaches_back():
    listings, account = start(Ledger(), reach_back=True)
    (request,) = after_first_pages(listings)
    fail(request)
    assert list(listings.press_requests()) == []
    assert account.first_page_only == []


@pytest.mark.parametrize("status", [404, 500])
def test_page_that_fails_on_a_proven_method_is_a_gap(status):
    listings, account = start(Ledger())
    (request,) = after_first_pages(listings)
    third, *_ = [more for more in answer(request, second_page(request, pages=3)) if more.cb_kwargs["number"] == 3]
    assert fail(third, status) == []
    assert [gap.partition(": ")[2] for gap in account.gaps] == [f"its page 3 did not come (http_{status})"]
