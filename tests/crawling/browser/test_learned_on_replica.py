"""The request learned from one press on the replica brings the other pages over plain HTTP."""

from __future__ import annotations

import json
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest

from alqahira.extraction.load_more import LearnedRequest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

NEWS, OTHER = "أخبار", "الشرق-الأوسط"
PATH = f"/category/{quote(NEWS)}"
LISTING = {"path": PATH, "kind": "listing", "info": {"learn_load_more": True}}


def fetch(learned: LearnedRequest, n: int, **listing: object) -> dict:
    """The listing's data from a plain request."""
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
    ("paging", "endpoint"),
    [("press", "GET /api/posts"), ("press_post", "POST /api/posts/search"), ("next_data", "GET /_next/data/")],
)
def test_one_press_gives_every_page_of_every_category(replica, crawl, render, paging, endpoint):
    server = replica("--paging", paging, "--render", render, "--page-size", "4", "--articles", "200")
    result = crawl(LISTING, root=server.url).results[0]
    assert result["note"] is None
    pressed = [f"{line['method']} {line['path']}" for line in server.log()]
    assert [line.startswith(endpoint) for line in pressed].count(True) == 1
    learned = LearnedRequest.from_json(result["learned"])
    pages = [fetch(learned, n) for n in (1, 2, 3)]
    assert [page["pageInfo"]["currentPage"] for page in pages] == [1, 2, 3]
    assert len({post["id"] for page in pages for post in page["posts"]}) == 12
    listed = [f"/news/{post['id']}/" in result["html"] for page in pages[:2] for post in page["posts"]]
    assert listed == [True] * 4 + [False] * 4, "the page is handed over as it was before the press"
    if render == "server":
        assert learned.serves(OTHER)
        assert fetch(learned, 1, listing_slug=OTHER)["posts"] == first_page(server, OTHER)["posts"]


def test_button_without_effect_teaches_nothing(replica, crawl):
    server = replica("--paging", "none", "--page-size", "4", "--articles", "60")
    done = crawl(LISTING, root=server.url)
    assert (done.results[0]["learned"], done.results[0]["note"]) == (None, "the press requested nothing")
    assert "المزيد</a>" in done.results[0]["html"]
    assert [path for path in server.paths() if path.startswith(("/category", "/api", "/news"))] == [PATH]


def test_menu_with_the_label_is_not_pressed(replica, crawl):
    server = replica("--page-size", "4000", "--articles", "60")
    done = crawl(LISTING, root=server.url)
    assert "المزيد</a>" in done.results[0]["html"]
    assert done.results[0]["note"] == "no load-more control"


def test_note_names_a_request_that_lists_no_articles(replica, crawl):
    server = replica("--paging", "query", "--page-size", "4", "--articles", "60")
    note = crawl(LISTING, root=server.url).results[0]["note"]
    assert note == f"the press requested GET {PATH}?page=…, which lists no articles as JSON"
