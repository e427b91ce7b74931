"""The load-more control, pressed once in real Chromium."""

from __future__ import annotations

import json

import pytest
from aiohttp import web
from browser_pages import assert_nothing_left, pressed
from conftest import Crawl, processes

from alqahira.extraction.load_more import LearnedRequest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

CARDS = "<main><a href=/news/1/x>خبر</a> <a href=/news/2/x>خبر</a></main>"
# As on the site, before the control: a link without an address.
MENU = "<ul><li class=menu-item-has-children><a onclick=\"fetch('/menu')\">المزيد</a></ul>"


def control(script: str) -> str:
    return f'<button class="loadMoreButton" onclick="{script}">المزيد</button>'


async def posts(_: web.Request) -> web.Response:
    return web.json_response({"posts": [{"id": n, "slug": f"x-{n}", "title": f"خبر {n}"} for n in range(3, 6)]})


def learned_by(crawl: Crawl) -> LearnedRequest:
    result = crawl.results[0]
    assert result["note"] is None
    return LearnedRequest.from_json(result["learned"])


class TestLoadMore:
    def test_press_is_learned_and_the_page_is_as_before(self, site, crawl):
        done = crawl(pressed())
        assert site.hits("/api/list") == 2  # the page's own, and one press
        learned = learned_by(done)
        assert learned.for_page(7)[:2] == ("GET", f"{site.url}/api/list?page=6&token=s3cret")
        assert not learned.serves("other")
        assert [f"/news/{n}/x" in done.results[0]["html"] for n in (997, 996)] == [True, False]
        assert_nothing_left(done)

    def test_post_keeps_the_headers_of_the_script(self, site, crawl):
        site.pages["/api/search"] = site.pages["/api/menu"] = posts
        site.html(
            "/category/أخبار",
            CARDS + MENU + control(
                "fetch('/api/menu'); fetch('/api/search', {method: 'POST', headers: {'Content-Type': "
                "'application/json', 'X-Client': 'web'}, body: JSON.stringify({slug: 'أخبار', page: 2})})"
            ),
        )  # fmt: skip
        done = crawl(pressed("/category/%D8%A3%D8%AE%D8%A8%D8%A7%D8%B1"))
        method, url, headers, body = learned_by(done).for_page(3, listing_slug="رياضة")
        assert (method, url) == ("POST", f"{site.url}/api/search")
        assert headers == {"content-type": "application/json", "x-client": "web", "accept": "*/*"}
        assert json.loads(body) == {"slug": "رياضة", "page": 3}
        assert "/menu" not in site.seen  # the menu's «المزيد» was not pressed

    def test_offset_and_listing_number_are_learned(self, site, crawl):
        site.pages["/api/posts"] = posts
        shown = [{"id": n, "slug": f"x-{n}", "title": f"خبر {n}"} for n in range(12)]
        listing = {"category": {"id": 34}, "posts": shown}
        data = json.dumps({"props": {"pageProps": {"category": listing}}})
        site.html(
            "/category/news",
            CARDS + f"<script id=__NEXT_DATA__ type=application/json>{data}</script>"
            + control("fetch('/api/posts?category=34&offset=12')"),
        )  # fmt: skip
        learned = learned_by(crawl(pressed()))
        assert learned.for_page(4, listing_id=15)[1] == f"{site.url}/api/posts?category=15&offset=36"

    @pytest.mark.parametrize(
        ("script", "note"),
        [
            ("", "the press requested nothing"),
            ("fetch('/api/article?page=2&key=s3cret')",
             "the press requested GET /api/article?key=…&page=…, which lists no articles as JSON"),
            ("fetch('/api/posts?cursor=s3cret')", "no page number in GET /api/posts?cursor=…"),
            ("fetch('{other}/api/posts?page=2', {{headers: {{'x-key': 'k'}}}})", "the press requested another host: {host}"),
            ("location.href = '{other}/all'", "the press requested another host: {host}"),
            ("location.href = '/category/all?page=2'",
             "the press requested GET /category/all?page=…, which lists no articles as JSON"),
        ],
    )  # fmt: skip
    def test_note_explains_why_nothing_was_learned(self, site, other_site, crawl, script, note):
        site.pages["/api/posts"] = posts
        site.html("/category/news", CARDS + control(script.format(other=other_site.url)))
        done = crawl(pressed())
        result = done.results[0]
        assert result["learned"] is None
        assert result["note"] == note.format(host=other_site.url.removeprefix("http://"))
        assert (result["url"], "/news/1/x" in result["html"]) == (f"{site.url}/category/news", True)
        assert other_site.seen == []
        assert processes(done.mark) == []

    @pytest.mark.parametrize(
        "control",
        [
            "<a href=/category/all>المزيد</a><a href=/menu class=load-more>المزيد</a>",
            "<ul><li><a onclick=\"fetch('/menu')\">المزيد</a></ul>",
            "<button hidden onclick=\"fetch('/menu')\">المزيد</button><button disabled>المزيد</button>",
            "<button onclick=\"fetch('/menu')\">بحث</button>",
        ],
    )
    def test_element_that_is_no_control_is_not_pressed(self, site, crawl, control):
        site.html("/category/news", CARDS + control)
        done = crawl(pressed())
        assert done.results[0]["note"] == "no load-more control"
        assert site.seen == ["/category/news"]

    def test_press_without_a_browser_is_noted(self, site, crawl):
        site.html("/category/news", CARDS)
        done = crawl(pressed(), ALQAHIRA_BROWSER="never")
        assert done.results[0]["note"] == "no browser: ALQAHIRA_BROWSER=never"
        assert done.results[0]["status"] == 200
        assert done.imported == []

    def test_endless_press_ends_at_the_deadline(self, site, crawl):
        site.html("/category/news", CARDS + control("while (true);"))
        done = crawl(pressed(), ALQAHIRA_BROWSER_DEADLINE=6)
        assert done.results[0]["cause"] == "browser_timeout"
        assert_nothing_left(done)

    def test_error_page_has_no_control(self, site, crawl):
        done = crawl(pressed("/missing"))
        assert (done.results[0]["status"], done.results[0]["note"]) == (404, "no load-more control")
