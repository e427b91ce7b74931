"""Headers of answers: the encoding, the tag that is sent back, and the way to another address."""

from __future__ import annotations

from html import escape
from pathlib import Path

import pytest
from http_server import QuietHandler
from scrapy.http import HtmlResponse, Request
from scrapy.utils.test import get_crawler
from small_site import QUICK, Answer, article, small_site

from alqahira.crawling.middlewares.redirects import BoundedMetaRefreshMiddleware

ROOT = "https://alqaheranews.net"
# Tags as servers send them: RFC 9110's, weak ones, and such as the RFC does not know.
TAGS = ['"caf\xe9-\xff"', 'W/"812-x"', "5f3e-unquoted", '"a,b", "c"', 'w/"\xd8\xae"', '"gzip\'s-gzip"', '""']


def _answer(content: bytes, kind: str, asked: list[str | None] | None = None, **headers: str) -> Answer:
    """An answer that notes the tag of each request in `asked`."""

    def answer(handler: QuietHandler) -> None:
        if asked is not None:
            asked.append(handler.headers["If-None-Match"])
        handler.answer(content, kind, **headers)

    return answer


@pytest.mark.chaos
def test_encoding_and_address_come_from_headers_and_tags_go_back_byte_for_byte(tmp_path: Path) -> None:
    with small_site(2 + len(TAGS)) as site:
        text = article(1000, site.published).decode()
        site.on("/news/1000/", _answer(text.encode("iso8859_6"), "text/html; charset=iso-8859-6"))
        site.on("/news/1001/x", _answer(b"<html></html>", "text/html", Refresh="0, /news/1001/moved"))
        asked: list[list[str | None]] = [[] for _ in TAGS]
        for number, (tag, seen) in enumerate(zip(TAGS, asked, strict=True), start=1002):
            page = article(number, site.published)
            site.on(f"/news/{number}/", _answer(page, "text/html; charset=utf-8", seen, ETag=tag))
        corpus = site.corpus(tmp_path)
        for _ in range(2):
            corpus.crawl("defense", settings=QUICK)
        numbers = [str(number) for number in range(1000, 1002 + len(TAGS))]
        assert sorted(record["article_id"] for record in corpus.records()) == numbers
        assert asked == [[None, tag] for tag in TAGS]


REFRESHES = {
    "0; url=/news/1001/y": f"{ROOT}/news/1001/y",
    "0;URL='/news/1001/y'": f"{ROOT}/news/1001/y",
    '1; url="https://alqaheranews.net/news/1001/y"': f"{ROOT}/news/1001/y",
    "0;url=y": f"{ROOT}/news/1001/y",
    "0; URL = ../1001/y": f"{ROOT}/news/1001/y",
    "0, url=/news/1001/y": f"{ROOT}/news/1001/y",
    "0 url=/news/1001/y": f"{ROOT}/news/1001/y",
    "0; /news/1001/y": f"{ROOT}/news/1001/y",
    ".5;url=/news/1001/y": f"{ROOT}/news/1001/y",
    "0;url='/news/1001/y' x": f"{ROOT}/news/1001/y",
    "0;url=//www.alqaheranews.net/news/1001/y": "https://www.alqaheranews.net/news/1001/y",
    "0;url=/news/1001/ي": f"{ROOT}/news/1001/%D9%8A",
    ";url=/news/1001/y": None,  # not by HTML
    "soon;url=/news/1001/y": None,
    "0;url=": None,
    "0;url=#top": None,
    "0; url=/news/1001/x": None,  # only reloads itself
    "300": None,
    "3600; url=/news/1001/y": None,  # later than anybody waits
    "0; url=javascript:alert(1)": None,
    "0; url=file:///etc/passwd": None,
    "": None,
    "x": None,
}


@pytest.mark.parametrize(("header", "target"), REFRESHES.items())
def test_refresh_header_is_a_redirect_as_its_element_is(header: str, target: str | None) -> None:
    middleware = BoundedMetaRefreshMiddleware.from_crawler(get_crawler())
    request = Request(f"{ROOT}/news/1001/x", meta={"dont_obey_robotstxt": True})
    response = HtmlResponse(request.url, headers={"Refresh": header}, body=b"<html></html>", request=request)
    answer = middleware.process_response(request, response)
    assert (answer.url if isinstance(answer, Request) else None) == target
    page = f'<HTML><HEAD><META CONTENT="{escape(header)}" HTTP-EQUIV="Refresh"></HEAD></HTML>'.encode()
    response = HtmlResponse(request.url, body=page, request=request, encoding="utf-8")
    answer = middleware.process_response(request, response)
    assert (answer.url if isinstance(answer, Request) else None) == target


ELEMENTS = {
    "<meta http-equiv=refresh content='0;url=/news/1001/y'>": f"{ROOT}/news/1001/y",
    "<base href='/news/9/'><meta http-equiv='refresh' content='0;url=y'>": f"{ROOT}/news/9/y",
    "<noscript><meta http-equiv='refresh' content='0;url=/news/1001/y'></noscript>": None,
    "<!-- <meta http-equiv='refresh' content='0;url=/news/1001/y'> -->": None,
    "<script>'<meta http-equiv=refresh content=\"0;url=/y\">'</script>": None,
    "<meta name='refresh' content='0;url=/news/1001/y'>": None,
}


@pytest.mark.parametrize(("element", "target"), ELEMENTS.items())
def test_refresh_element_counts_where_a_browser_obeys_it(element: str, target: str | None) -> None:
    middleware = BoundedMetaRefreshMiddleware.from_crawler(get_crawler())
    request = Request(f"{ROOT}/news/1001/x")
    response = HtmlResponse(request.url, body=f"<html><head>{element}</head></html>".encode(), request=request)
    answer = middleware.process_response(request, response)
    assert (answer.url if isinstance(answer, Request) else None) == target
