"""Headers of answers: the encoding, the tag that is sent back, and the way to another address."""

from __future__ import annotations

from pathlib import Path

import pytest
from http_server import QuietHandler
from scrapy.http import HtmlResponse, Request
from scrapy.utils.test import get_crawler
from small_site import QUICK, Answer, article, small_site

from alqahira.crawling.middlewares.redirects import BoundedMetaRefreshMiddleware

ROOT = "https://alqaheranews.net"
TAG = '"caf\xe9-\xff"'


def _answer(content: bytes, kind: str, asked: list[str | None] | None = None, **headers: str) -> Answer:
    """An answer that notes the tag of each request in `asked`."""

    def answer(handler: QuietHandler) -> None:
        if asked is not None:
            asked.append(handler.headers["If-None-Match"])
        handler.answer(content, kind, **headers)

    return answer


@pytest.mark.chaos
def test_encoding_and_address_come_from_headers_and_a_tag_goes_back_byte_for_byte(tmp_path: Path) -> None:
    with small_site(3) as site:
        text = article(1000, site.published).decode()
        site.on("/news/1000/", _answer(text.encode("iso8859_6"), "text/html; charset=iso-8859-6"))
        site.on("/news/1001/x", _answer(b"<html></html>", "text/html", Refresh="0; url=/news/1001/moved"))
        asked: list[str | None] = []
        site.on("/news/1002/", _answer(article(1002, site.published), "text/html; charset=utf-8", asked, ETag=TAG))
        corpus = site.corpus(tmp_path)
        for _ in range(2):
            corpus.crawl("defense", settings=QUICK)
        assert sorted(record["article_id"] for record in corpus.records()) == ["1000", "1001", "1002"]
        assert asked == [None, TAG]


REFRESHES = {
    "0; url=/news/1001/y": f"{ROOT}/news/1001/y",
    "0;URL='/news/1001/y'": f"{ROOT}/news/1001/y",
    '1; url="https://alqaheranews.net/news/1001/y"': f"{ROOT}/news/1001/y",
    "0;url=y": f"{ROOT}/news/1001/y",
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
