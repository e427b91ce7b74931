"""The replica's pages against pages in the captured markup: element for element, attribute for attribute, key for key."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import html

from alqahira.replica.newsroom import Newsroom
from alqahira.replica.options import ReplicaOptions
from alqahira.replica.pages import Pages

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
CAPTURED = Path(__file__).parents[1] / "pages" / "site"
POSTS = ("177031", "177048", "177066", "177119")
# An analytics script is no part of what is copied.
LEFT_OUT = "script[contains(@src, 'cloudflareinsights')]"
WRITTEN_BY_EDITORS = "htmlCode"
EMBED_WITH_TEXT = 61701


@pytest.fixture(scope="module")
def pages() -> Pages:
    return Pages(ReplicaOptions(now=NOW), Newsroom(ReplicaOptions(now=NOW, articles=120), real_now=NOW))


def captured(name: str) -> str:
    return (CAPTURED / f"{name}.html").read_text("utf-8")


def skeleton(page: str, under: str) -> set[tuple[str, ...]]:
    """The paths of (tag, class) to every element below `under`, with the element's attributes."""
    paths = set()

    def walk(element, path):
        if not isinstance(element.tag, str):
            return
        classes = sorted((element.get("class") or "").split())
        names = sorted(name for name in element.attrib if name not in ("class", "content"))
        path = (*path, ".".join((element.tag, *classes)))
        paths.add((*path, " ".join(names)))
        if WRITTEN_BY_EDITORS not in classes:
            for child in element:
                walk(child, path)

    tree = html.document_fromstring(page)
    for unwanted in tree.xpath(f"//{LEFT_OUT}"):
        unwanted.drop_tree()
    for element in tree.xpath(under):
        walk(element, ())
    return paths


def keys(value, path=()) -> set[tuple[str, ...]]:
    """The paths of keys; the items of a list are one."""
    if isinstance(value, dict):
        return {(*path, k) for k in value} | {p for k, v in value.items() for p in keys(v, (*path, k))}
    if isinstance(value, list):
        return {p for item in value for p in keys(item, path)}
    return set()


def data(page: str):
    return json.loads(html.document_fromstring(page).xpath("string(//script[@id='__NEXT_DATA__'])"))


def test_article_has_the_captured_skeleton(pages):
    page = pages.article(pages.newsroom.article(EMBED_WITH_TEXT))
    for under in ("//head", "//header", "//main", "/html", "/html/body/*"):
        ours = skeleton(page, under)
        theirs = set.union(*(skeleton(captured(name), under) for name in POSTS))
        assert ours - theirs == set()
        assert theirs - ours == set()


def test_article_page_data_has_the_captured_keys(pages):
    ours = set.union(*(keys(data(pages.article(article))) for article in list(pages.newsroom.articles())[:80]))
    theirs = set.union(*(keys(data(captured(name))) for name in (*POSTS, "infographic")))
    assert {path for path in ours ^ theirs if "entityMap" not in path} == set()


def test_article_page_data_has_the_captured_types(pages):
    def types(value, path=()):
        pairs = {(path, type(value).__name__)}
        if isinstance(value, dict):
            pairs |= {t for k, v in value.items() for t in types(v, (*path, k))}
        if isinstance(value, list):
            pairs |= {t for item in value for t in types(item, path)}
        return pairs

    article = data(pages.article(pages.newsroom.article(EMBED_WITH_TEXT)))
    theirs = set.union(*(types(data(captured(name))) for name in POSTS))
    assert {pair for pair in types(article) - theirs if pair[0][-1] != "layout"} == set()


def test_listing_has_the_captured_skeleton(pages):
    page = pages.listing(pages.newsroom.listing_page("category", "أخبار"))
    theirs = captured("listing-plain")
    for under in ("//head", "//header", "//main", "/html", "/html/body/*"):
        assert skeleton(page, under) ^ skeleton(theirs, under) == set()


def test_listing_page_data_has_the_captured_keys(pages):
    page = data(pages.listing(pages.newsroom.listing_page("category", "أخبار")))
    theirs = data(captured("listing-plain"))
    assert keys(page) ^ keys(theirs) == set()
    posts, info = page["props"]["pageProps"]["category"]["posts"], page["props"]["pageProps"]["category"]["pageInfo"]
    assert (len(posts), info["currentPage"]) == (40, 1)
    assert [p["publishedAt"] for p in posts if p["publishedAt"]] == sorted(
        (p["publishedAt"] for p in posts if p["publishedAt"]), reverse=True
    )


def test_infographic_has_the_captured_skeleton(pages):
    page = pages.article(pages.newsroom.article(61801))
    ours, theirs = skeleton(page, "//main"), skeleton(captured("infographic"), "//main")
    assert ours ^ theirs == set()


def test_carousel_is_doubled_and_backwards(pages):
    page = html.document_fromstring(pages.listing(pages.newsroom.listing_page("category", "أخبار")))
    theirs = html.document_fromstring(captured("listing-plain"))
    for tree in (page, theirs):
        slider = tree.xpath("//div[contains(@class, 'slick-slider')]")[0]
        indexes = [int(slide.get("data-index")) for slide in slider.xpath(".//div[@data-index]")]
        assert indexes == sorted(indexes, reverse=True)
        links = [a.get("href") for a in slider.xpath(".//a[@class='img-link']")]
        assert len(links) > 2 * len({*links})


def test_captured_selectors_select_the_same_texts(pages):
    """A selector of the captured pages selects the same text here."""
    article = pages.newsroom.article(61703)
    tree = html.document_fromstring(pages.article(article))
    spans = [
        span.text
        for span in tree.xpath("//div[contains(@class, 'entry-header')]//div[contains(@class, 'entry-meta')]/span")
    ]
    assert spans == ["٢٢ نوفمبر ٢٠٢٦", "|", "١٠:٣١ م"]
    assert tree.xpath("string(//figure/following-sibling::p[1]/strong)").strip() == "القاهرة الإخبارية - محمود الطيب"
    assert [title.strip() for title in tree.xpath("//title/text()")] == [
        f"{article.headline} | القاهرة الاخبارية",
        "الموقع الرسمي | القاهرة الاخبارية",
    ]
    assert tree.get("lang") == "en"
    assert len(tree.xpath("//div[@class='htmlCode']")) == 3
    assert tree.xpath("//meta[@property='og:url']/@content")[0].startswith("https://alqaheranews.net//news/61703/")
