"""What one press in the site's own markup teaches, and whether plain requests made of that bring the pages."""

from __future__ import annotations

import json
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest

from alqahira.extraction.load_more import LearnedRequest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

NEWS, OTHER = "أخبار", "الشرق-الأوسط"
PATH = f"/category/{quote(NEWS)}"
LISTING = {"path": PATH, "kind": "listing", "meta": {"learn_load_more": True}}


def ask(learned: LearnedRequest, n: int, **listing: object) -> dict:
    """The listing in a plain request's answer."""
    method, url, headers, body = learned.for_page(n, **listing)
    with urlopen(Request(url, body and body.encode(), headers, method=method)) as answer:
        data = json.load(answer)
    return data.get("pageProps", {}).get("category") or data


def first_page(server, slug: str) -> dict:
    html = server.get(f"/category/{quote(slug)}").text
    data = html.partition('<script id="__NEXT_DATA__" type="application/json">')[2].partition("</script>")[0]
    return json.loads(data)["props"]["pageProps"]["category"]


@pytest.mark.parametrize("render", ["server", "client"])
@pytest.mark.parametrize(
    ("paging", "asked"),
    [("press", "GET /api/posts"), ("press_post", "POST /api/posts/search"), ("next_data", "GET /_next/data/")],
)
def test_one_press_gives_every_page_of_every_category(replica, crawl, render, paging, asked):
    server = replica("--paging", paging, "--render", render, "--page-size", "4", "--articles", "200")
    result = crawl(LISTING, root=server.url).results[0]
    assert result["note"] is None
    pressed = [f"{line['method']} {line['path']}" for line in server.log()]
    assert [line.startswith(asked) for line in pressed].count(True) == 1
    learned = LearnedRequest.from_json(result["learned"])
    pages = [ask(learned, n) for n in (1, 2, 3)]
    assert [page["pageInfo"]["currentPage"] for page in pages] == [1, 2, 3]
    assert len({post["id"] for page in pages for post in page["posts"]}) == 12
    listed = [f"/news/{post['id']}/" in result["html"] for page in pages[:2] for post in page["posts"]]
    assert listed == [True] * 4 + [False] * 4, "the page is handed over as it was before the press"
    if render == "server":
        assert learned.serves(OTHER)
        assert ask(learned, 1, listing_slug=OTHER)["posts"] == first_page(server, OTHER)["posts"]


def test_a_button_that_does_nothing_and_a_menu_with_its_label(replica, crawl):
    server = replica("--paging", "none", "--page-size", "4", "--articles", "60")
    done = crawl(LISTING, root=server.url)
    assert (done.results[0]["learned"], done.results[0]["note"]) == (None, "the press asked for nothing")
    assert "المزيد</a>" in done.results[0]["html"]
    assert [path for path in server.paths() if path.startswith(("/category", "/api", "/news"))] == [PATH]


def test_where_the_menu_alone_has_the_label_nothing_is_pressed(replica, crawl):
    server = replica("--page-size", "4000", "--articles", "60")
    done = crawl(LISTING, root=server.url)
    assert "المزيد</a>" in done.results[0]["html"]
    assert done.results[0]["note"] == "no load-more control"


def test_a_listing_that_goes_on_by_its_pages_address_says_so(replica, crawl):
    server = replica("--paging", "query", "--page-size", "4", "--articles", "60")
    note = crawl(LISTING, root=server.url).results[0]["note"]
    assert note == f"the press asked for GET {PATH}?page=…, which lists no articles as JSON"
