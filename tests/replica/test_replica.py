"""The replica behaves like the site, and changes with each switch as described."""

from __future__ import annotations

import gzip
import http.client
import json
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from urllib.parse import quote

import pytest
from lxml import html
from replica_server import Answer

from alqahira import site
from alqahira.replica.__main__ import main
from alqahira.replica.body import body_text
from alqahira.replica.desks import KICKER_NAMES
from alqahira.replica.generator import FIRST_NUMBER, Generator
from alqahira.replica.newsroom import Newsroom
from alqahira.replica.options import ReplicaOptions
from alqahira.replica.pages import Pages
from alqahira.replica.templates import BUILD
from alqahira.text.near_duplicates import features

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
NEWS = quote("أخبار")
SIZE = "7"


def page_data(answer):
    return json.loads(html.document_fromstring(answer.text).xpath("string(//script[@id='__NEXT_DATA__'])"))


def listed(answer):
    return [post["id"] for post in page_data(answer)["props"]["pageProps"]["category"]["posts"]]


def pages_of(**switches):
    options = ReplicaOptions(now=NOW, **switches)
    return Pages(options, Newsroom(options, real_now=NOW))


def posts(answer):
    return [post["id"] for post in answer.json()["posts"]]


def test_unchanged_article_is_304_on_a_conditional_request(replica):
    server = replica()
    path = "/news/61001"
    first = server.get(path)
    again = server.get(path, {"If-None-Match": first.headers["ETag"]})
    since = server.get(path, {"If-Modified-Since": first.headers["Last-Modified"]})
    other = server.get(path, {"If-None-Match": '"other"', "If-Modified-Since": first.headers["Last-Modified"]})
    assert (first.status, again.status, since.status, other.status) == (200, 304, 304, 200)
    assert again.body == b""
    assert [line["bytes"] for line in server.log()][-3:-1] == [0, 0]
    assert server.stop() == 0


def test_missing_page_is_a_404_in_arabic(replica):
    missing = replica().get("/no/such/page")
    assert missing.status == 404
    assert "الصفحة" in missing.text


def test_generated_articles_are_reproducible_and_unlike_each_other():
    generator = Generator(date(2026, 11, 24))
    made = [generator.article(FIRST_NUMBER + n) for n in range(120)]
    assert made == [Generator(date(2026, 11, 24)).article(article.number) for article in made]
    texts = [article for article in made if article.kind == "post"]
    shingles = [features(body_text(article.blocks)).shingles for article in texts]
    assert max(len(a & b) / len(a | b) for a, b in combinations(shingles, 2)) < 0.3
    assert 0.5 < sum(bool(article.topics) for article in texts) / len(texts) < 0.8
    assert {article.kind for article in made} == {"post", "infographic", "album", "video"}
    assert all(article.not_article == article.kind for article in made if article.kind != "post")


def test_generated_articles_are_in_listings_and_sitemaps():
    pages = pages_of(articles=300)
    articles = pages.newsroom.listing_page("home", "", size=400).articles
    generated = [article.number for article in articles if article.number >= FIRST_NUMBER]
    sitemap = pages.feeds()["/sitemap-2026-11.xml"]().decode()
    assert len(generated) > 200
    assert all(f"/news/{number}/" in sitemap for number in generated)


# --- listings ---------------------------------------------------------------------------------


def test_every_category_kicker_and_tag_has_listing_data(replica):
    server = replica()
    paths = [("category", slug) for slug in site.CATEGORIES.value] + [("kicker", slug) for slug in KICKER_NAMES]
    for kind, slug in [*paths, ("tag", " البحرية"), ("tag", "البحرية ")]:
        answer = server.get(f"/{kind}/{quote(slug)}")
        props = page_data(answer)["props"]["pageProps"]
        assert (answer.status, {*props} - {"featuredCategory"}) == (
            200,
            {kind, "categoryVideo", "categoryInfographic", "categoryAlbum"},
        )
        assert {post["type"] for post in props[kind]["posts"]} <= {"post"}
        assert props[kind]["pageInfo"]["totalItems"] == len(props[kind]["posts"])
        assert kind == "category" or props[kind]["posts"]
    assert server.get(f"/category/{quote('لا-يوجد')}").status == 404


def test_other_kinds_are_in_carousels_and_with_mixed_kinds_among_posts():
    for mixed in (False, True):
        pages = pages_of(articles=300, page_size=400, mixed_kinds=mixed)
        listing = pages.newsroom.listing_page("category", "أخبار")
        props = pages.listing_value(listing)["props"]["pageProps"]
        assert ({post["type"] for post in props["category"]["posts"]} > {"post"}) is mixed
        for name in ("Video", "Infographic", "Album"):
            shown = props[f"category{name}"]["posts"]
            assert {post["type"] for post in shown} == {name.lower()}
            assert [post["is_pinned"] for post in shown] == [True, *(False for _ in shown[1:])]
            assert shown[0]["publishedAt"].startswith("2023-")
            assert ("postContent" in shown[0]) is (name == "Video")
    assert "vimeo" in pages.listing(listing)


def test_sitemaps_hold_every_kind():
    pages = pages_of()
    files = {path: make() for path, make in pages.feeds().items() if path.startswith("/sitemap-")}
    texts = [gzip.decompress(file) if path.endswith(".gz") else file for path, file in files.items()]
    listed = b"".join(texts).decode()
    kinds = {article.kind for article in pages.newsroom.articles() if article.path in listed}
    assert kinds == {"post", "infographic", "album", "video"}


@pytest.mark.parametrize(
    ("paging", "effective"),
    [
        ("query", "query"),
        ("next", "query"),
        ("next_data", "next_data"),
        ("press", "press"),
        ("press-post", "press_post"),
        ("none", None),
    ],
)
def test_each_paging_method_works_alone(replica, paging, effective):
    server = replica("--page-size", SIZE, "--paging", paging)
    first = server.get(f"/category/{NEWS}")
    second = server.get(f"/category/{NEWS}?page=2")
    assert ({*listed(first)}.isdisjoint(listed(second))) is (effective == "query")
    assert ('class="loadMoreButton"' in first.text) is (paging != "next")
    assert ('rel="next"' in first.text) is (paging == "next")

    data = server.get(f"/_next/data/{BUILD}/en/category/{NEWS}.json?slug={NEWS}&page=2").json()
    assert data["pageProps"]["category"]["pageInfo"]["currentPage"] == (2 if effective == "next_data" else 1)
    assert server.get(f"/_next/data/other/en/category/{NEWS}.json?slug={NEWS}").status == 404

    pressed = server.get(f"/api/posts?slug={NEWS}&page=2&limit={SIZE}")
    assert (pressed.status == 200) is (effective == "press")
    requested = json.dumps({"categorySlug": "أخبار", "page": 2, "pageSize": int(SIZE)})
    posted = post(server, requested, "application/json")
    assert (posted.status == 200) is (effective == "press_post")
    assert post(server, requested, "text/plain").status == (400 if effective == "press_post" else 404)
    for answer in (pressed, posted):
        if answer.status == 200:
            assert {*answer.json()} == {"success", "pageInfo", "posts"}
            assert {*listed(first)}.isdisjoint(posts(answer))
            assert len(posts(answer)) == int(SIZE)


def post(server, body, content_type):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=200)
    try:
        connection.request("POST", "/api/posts/search", body.encode(), {"Content-Type": content_type})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def test_page_after_the_last_is_empty(replica):
    answer = replica().get(f"/category/{NEWS}?page=99")
    assert (answer.status, listed(answer)) == (200, [])
    assert "loadMoreButton" not in answer.text


# --- articles ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/news/61001", "/ar/news/61001/a/b", "/en/news/61001/x", "//news/61001/x"])
def test_article_is_served_at_every_form_of_its_address(replica, path):
    assert "صقر 9" in replica().get(path).text


def test_slug_switch_redirects_other_slugs(replica):
    server = replica("--slug", "redirect")
    answer = server.get("/news/61001/other")
    assert answer.status == 301
    assert server.get(answer.headers["Location"]).status == 200


def test_article_data_is_served_without_its_page(replica):
    server = replica()
    data = server.get(f"/_next/data/{BUILD}/ar/news/61001.json?id=61001").json()
    shown = page_data(server.get("/news/61001"))["props"]
    assert data["__N_SSP"] is True
    for value in (data, shown):  # the view counter moves
        value["pageProps"]["post"]["data"]["post"] |= {"views": 0, "updatedAt": ""}
        for other in value["pageProps"]["post"]["data"]["post"]["related_posts"]:
            other["updatedAt"] = ""
    assert data["pageProps"] == shown["pageProps"]


def test_view_changes_updated_at_but_not_last_modified(replica):
    server = replica("--control")
    first, second = (server.get("/news/61001") for _ in range(2))
    posts = [page_data(answer)["props"]["pageProps"]["post"]["data"]["post"] for answer in (first, second)]
    assert posts[0]["views"] < posts[1]["views"]
    assert posts[0]["updatedAt"] < posts[1]["updatedAt"]
    assert posts[0]["postContent"] == posts[1]["postContent"]
    assert first.headers["Last-Modified"] == second.headers["Last-Modified"]
    server.revise(61001)
    third = page_data(server.get("/news/61001"))["props"]["pageProps"]["post"]["data"]["post"]
    assert third["postContent"] != posts[0]["postContent"]
    assert third["publishedAt"] == posts[0]["publishedAt"]


@pytest.mark.parametrize(("switches", "status"), [((), 404), (("--home-for-removed",), 302), (("--soft-404",), 200)])
def test_withdrawn_article_answers_by_switch(replica, switches, status):
    server = replica("--control", *switches)
    server.withdraw(61001)
    answer = server.get("/news/61001/x")
    assert answer.status == status
    assert server.get("/news/999999999").status == 404
    if status == 302:
        assert answer.headers["Location"] == "/"
    if status == 200:
        assert page_data(answer)["props"]["pageProps"]["post"] == {"data": {"post": None}, "success": False}
        assert "<h1" not in answer.text


# --- in front of the site --------------------------------------------------------------


def test_cookies_and_headers_are_cloudflares(replica):
    with_cookies, without = replica(), replica("--no-cookies")
    answer = with_cookies.get("/news/61001")
    assert answer.headers["Set-Cookie"].startswith("__cf_bm=")
    assert answer.headers["Server"] == "cloudflare"
    assert answer.headers["CF-RAY"]
    assert with_cookies.get("/robots.txt").headers["Set-Cookie"] is None
    assert without.get("/news/61001").headers["Set-Cookie"] is None
    assert without.get("/news/61001").headers["CF-RAY"] is None


@pytest.mark.parametrize(("challenge", "status"), [("page", 200), ("forbidden", 403)])
def test_challenge_replaces_every_page(replica, challenge, status):
    server = replica("--challenge", challenge)
    for path in ("/", f"/category/{NEWS}", "/news/61001", f"/_next/data/{BUILD}/en/news/61001.json"):
        answer = server.get(path)
        assert answer.status == status
        assert "صقر" not in answer.text
        assert (answer.headers["cf-mitigated"] == "challenge") is (challenge == "page")
    assert server.get("/robots.txt").text.startswith("User-agent")


def test_empty_shell_of_every_page_can_be_filled(replica):
    server = replica("--render", "client")
    for path in ("/", f"/category/{NEWS}", "/news/61001"):
        assert '<div id="__next"></div>' in server.get(path).text
        assert "<header" in server.get(f"/api/page?path={quote(path)}").json()["html"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--page-size", "0"),
        ("--articles", "-1"),
        ("--delay", "-1"),
        ("--port", "65536"),
        ("--today", "tomorrow"),
        ("--now", "noon"),
        ("--robots", "/no/such/file"),
        ("--paging", "scroll"),
    ],
    ids=" ".join,
)
def test_wrong_argument_is_refused_with_its_name(arguments, capsys):
    with pytest.raises(SystemExit) as refusal:
        main([*arguments])
    assert refusal.value.code == 2
    assert f"argument {arguments[0]}: " in capsys.readouterr().err


def test_robots_names_no_sitemap_without_sitemaps(replica):
    server = replica("--sitemaps", "none")
    assert "Sitemap" not in server.get("/robots.txt").text
    assert {server.get(path).status for path in ("/sitemap.xml", "/news-sitemap.xml")} == {404}


# --- expected records --------------------------------------------------------------------------------


def article(number):
    return pages_of().newsroom.article(number)


def test_expected_record_follows_the_switches():
    story = article(61002)  # revised in the older layout after 35 minutes
    known, older = ReplicaOptions(now=NOW), ReplicaOptions(now=NOW, classes="older")
    assert story.expected(known)["date_modified"] is None
    assert story.expected(older)["date_modified"] == story.listed + timedelta(minutes=35)
    assert story.listed.second
    assert story.expected(known)["date_published"] == story.listed

    bare = ReplicaOptions(now=NOW, page_data="none", metadata="none")
    seen = story.expected(bare, page_only=True)
    assert (seen["date_published_source"], seen["date_published"]) == ("visible", story.listed.replace(second=0))
    assert seen["article_sections"] == []
    assert seen["description"] is None
    assert story.expected(bare)["article_sections"] == ["الشرق الأوسط"]
    assert "?" not in seen["image_url"]


def test_date_source_needs_a_place_in_the_layout():
    known, older = ReplicaOptions(now=NOW), ReplicaOptions(now=NOW, classes="older")
    assert article(61502).date_source(older) == "meta"
    assert article(61502).date_source(known) is None
    assert article(61507).date_source(known) is None, "an upload is no publication"
    assert article(61506).date_source(known) == "listing"
    assert article(61506).date_source(ReplicaOptions(now=NOW, page_data="none")) is None
    assert article(61505).date_source(ReplicaOptions(now=NOW, sitemaps="none")) is None


def test_repeating_summary_is_no_description():
    assert article(61701).summary
    assert article(61701).expected()["description"] is None
    assert article(61703).expected()["description"].startswith("الخلاف ينحصر")


def test_embeds_and_deleted_words_are_not_in_the_body():
    body = article(61701).expected()["article_body"]
    assert "فقدان أي معدات" in body
    assert "30" not in body
    assert "Понтонну" not in body
