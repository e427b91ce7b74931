"""Which answers are followed as redirects."""

from __future__ import annotations

import pytest
from scrapy import Request
from scrapy.http import HtmlResponse
from scrapy.utils.test import get_crawler

from alqahira.crawling.middlewares.redirects import BoundedMetaRefreshMiddleware
from alqahira.crawling.request_info import RequestInfo
from alqahira.monitoring.causes import Refused

URL = "https://news.example/a"


def answer_to(
    request: Request, target: str, name: str = "http-equiv", encoding: str = "utf-8"
) -> Request | HtmlResponse:
    middleware = BoundedMetaRefreshMiddleware.from_crawler(get_crawler())
    page = f'<meta {name}="refresh" content="30;url={target}">'.encode(encoding)
    return middleware.process_response(request, HtmlResponse(URL, body=page, request=request))


def test_meta_refresh_to_another_page_is_followed():
    assert answer_to(Request(URL), "/b").url == "https://news.example/b"


@pytest.mark.parametrize(("name", "encoding"), [("HTTP-Equiv", "utf-8"), ("http-equiv", "utf-16")])
def test_meta_refresh_is_seen_in_any_case_and_encoding(name, encoding):
    assert answer_to(Request(URL), "/b", name, encoding).url == "https://news.example/b"


@pytest.mark.parametrize("target", [URL, "/a", "#top", ""])
def test_page_that_only_reloads_itself_is_a_page(target):
    assert isinstance(answer_to(Request(URL), target), HtmlResponse)


def test_page_reached_by_the_last_redirect_may_reload_itself():
    last = Request(URL, meta={"redirect_times": 20, "redirect_ttl": 0})
    assert isinstance(answer_to(last, URL), HtmlResponse)
    with pytest.raises(Refused, match="too_many_redirects"):
        answer_to(last, "/b")


def test_refresh_to_no_address_is_refused():
    with pytest.raises(Refused, match="bad_redirect"):
        answer_to(Request(URL), "http://[::1")


def test_refresh_in_a_robots_txt_is_ignored():
    assert isinstance(answer_to(Request(URL, meta=RequestInfo(is_robots=True).as_meta()), "/b"), HtmlResponse)
