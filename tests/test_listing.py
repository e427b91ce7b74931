"""Listings, sitemaps and feeds: every article they name, each once, and nothing that is none."""

import gzip
from datetime import UTC, datetime

import pytest

from alqahira.listing import Card, read_listing, read_sitemap

ROOT = "https://alqaheranews.net"
URL = f"{ROOT}/category/x"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def card(href, headline="عنوان", meta=""):
    return (
        f'<article class="col-md-6"><div class="post-thumb"><a class="img-link" href="{href}"></a></div>'
        f'<div class="post-card-content"><h5><a href="{href}">{headline}</a></h5><div class="entry-meta">{meta}</div></div></article>'
    )


def listing(*cards, head="", after=""):
    page = f"<html><head>{head}</head><body><header><a href='/news/99/menu'>x</a></header><main>{''.join(cards)}{after}</main></body></html>"
    return read_listing(page, URL, root=ROOT, now=NOW)


def test_cards_are_read_in_the_order_they_stand():
    found = listing(card("/news/2/b", "الثاني"), card("/news/1/a", "الأول"))
    assert found.cards == [
        Card(f"{ROOT}/news/2/b", "2", "الثاني"),
        Card(f"{ROOT}/news/1/a", "1", "الأول"),
    ]


def test_an_article_shown_twice_is_one_card():
    found = listing(card("/news/2/b"), card("/news/2/another-slug?utm_source=x"), card("/news/1/a"))
    assert [c.key for c in found.cards] == ["2", "1"]


def test_a_card_s_date_is_read():
    found = listing(card("/news/2/b", meta="<span>23 نوفمبر 2026 - 08:30 م</span><span>أخبار</span>"))
    assert found.cards[0].date == datetime(2026, 11, 23, 18, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "href",
    [
        "/category/x",
        "/tag/news/12/x",
        "/author/y",
        "/page/2",
        "javascript:void(0)",
        "https://example.org/news/1/a",
        "//example.org/news/1/a",
        "https://alqaheranews.net@example.org/news/1/a",
        "mailto:a@b.c",
        "",
        "http://[::1",
    ],
)
def test_what_is_no_article_of_the_site_is_no_card(href):
    assert listing(card(href)).cards == []


def test_with_renamed_classes_links_of_the_main_content_are_the_cards():
    found = listing('<section><a href="/news/3/c">خبر</a></section>', '<nav><a href="/news/4/d">قائمة</a></nav>')
    assert [(c.key, c.headline) for c in found.cards] == [("3", "خبر")]


def test_the_next_page_the_feed_and_the_load_more_control_are_seen():
    found = listing(
        card("/news/1/a"),
        head='<link rel="next" href="?page=2"><link rel="alternate" type="application/rss+xml" href="/rss.xml">'
        '<link rel="alternate" type="application/rss+xml" href="https://example.org/rss.xml">',
        after='<button class="load-more">عرض المزيد</button>',
    )
    assert found.next_urls == [f"{ROOT}/category/x?page=2"]
    assert found.feed_urls == [f"{ROOT}/rss.xml"]
    assert found.has_load_more


def test_a_load_more_control_is_known_by_its_label_too():
    assert listing(after="<button>المزيد</button>").has_load_more
    assert not listing(after="<button>بحث</button>").has_load_more


def sitemap(body):
    return read_sitemap(body if isinstance(body, bytes) else body.encode(), f"{ROOT}/sitemap.xml", root=ROOT, now=NOW)


URLSET = """<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">
<url><loc>https://alqaheranews.net/news/7/a</loc><lastmod>2026-11-20T10:00:00+02:00</lastmod></url>
<url><loc>https://alqaheranews.net/category/x</loc></url>
<url><loc>https://example.org/news/8/b</loc></url>
<url><loc>http://www.alqaheranews.net/news/9/%d8%a3?utm_source=x</loc>
<news:news><news:publication_date>2026-11-24T08:00:00Z</news:publication_date><news:title>خبر &amp; آخر</news:title></news:news></url>
</urlset>"""


def test_a_sitemap_names_articles_with_their_dates():
    first, second = sitemap(URLSET).entries
    assert (first.key, first.published, first.date) == ("7", None, datetime(2026, 11, 20, 8, tzinfo=UTC))
    assert (second.url, second.headline) == (f"{ROOT}/news/9/%D8%A3", "خبر & آخر")
    assert second.published == second.date == datetime(2026, 11, 24, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "body", [gzip.compress(URLSET.encode()), b"\xef\xbb\xbf" + URLSET.encode(), b"\n\n" + URLSET.encode()]
)
def test_gzip_a_byte_order_mark_and_leading_lines_are_no_obstacle(body):
    assert [entry.key for entry in sitemap(body).entries] == ["7", "9"]


@pytest.mark.parametrize(("entries", "is_cut"), [(50_000, False), (50_001, True)])
def test_a_sitemap_beyond_the_protocol_s_limit_says_that_it_was_cut(entries, is_cut):
    body = "".join(f"<url><loc>{ROOT}/news/{n}/x</loc></url>" for n in range(1, entries + 1))
    found = read_sitemap(f"<urlset>{body}</urlset>".encode(), f"{ROOT}/sitemap.xml", root=ROOT, now=NOW)
    assert (len(found.entries), found.is_cut) == (50_000, is_cut)


def test_an_index_names_files_of_the_site():
    found = sitemap(
        '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        "<sitemap><loc>https://alqaheranews.net/sitemap-2026-11.xml</loc><lastmod>2026-11-24</lastmod></sitemap>"
        "<sitemap><loc>https://example.org/evil.xml</loc></sitemap></sitemapindex>"
    )
    assert [(file.url, file.date is not None) for file in found.sitemaps] == [(f"{ROOT}/sitemap-2026-11.xml", True)]


@pytest.mark.parametrize(
    "feed",
    [
        "<rss><channel><item><title>خبر</title><link>https://alqaheranews.net/news/7/a</link>"
        "<pubDate>Tue, 24 Nov 2026 10:00:00 +0200</pubDate></item></channel></rss>",
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>خبر</title><link href="https://alqaheranews.net/news/7/a"/>'
        "<published>2026-11-24T10:00:00+02:00</published></entry></feed>",
    ],
)
def test_feeds_are_read_alike(feed):
    found = sitemap(feed)
    assert found.is_news
    assert [(e.key, e.headline, e.published) for e in found.entries] == [
        ("7", "خبر", datetime(2026, 11, 24, 8, tzinfo=UTC))
    ]


def test_what_is_cut_short_is_read_as_far_as_it_goes():
    assert [entry.key for entry in sitemap(URLSET[: URLSET.index("example.org")]).entries] == ["7"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x1f\x8b broken",
        b"<html><body>404</body></html>",
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><urlset><url><loc>&b;</loc></url></urlset>',
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><urlset><url><loc>&e;</loc></url></urlset>',
        b"<" * 100_000,
        b"<urlset>" + b"<url>" * 10_000,
    ],
)
def test_what_is_no_sitemap_gives_nothing(body):
    assert sitemap(body).entries == []
