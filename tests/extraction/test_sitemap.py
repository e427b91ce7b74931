"""Sitemaps and feeds: every article in them, and nothing else."""

import gzip
from datetime import UTC, datetime, timedelta

import pytest

from alqahira.extraction import sitemap as sitemaps
from alqahira.extraction.sitemap import read_sitemap

ROOT = "https://alqaheranews.net"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


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


def test_sitemap_gives_articles_with_dates():
    first, second = sitemap(URLSET).entries
    assert (first.key, first.published, first.date) == ("7", None, datetime(2026, 11, 20, 8, tzinfo=UTC))
    assert (second.url, second.headline) == (f"{ROOT}/news/9/%D8%A3", "خبر & آخر")
    assert second.published == second.date == datetime(2026, 11, 24, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("published", "modified", "newest"),
    [(10, 24, 24), (24, 10, 24), (10, None, 10), (None, 10, 10), (None, None, None)],
)
def test_date_of_an_entry_is_its_newest(published, modified, newest):
    entry = f"<loc>{ROOT}/news/7/a</loc>"
    entry += f"<lastmod>2026-11-{modified}</lastmod>" if modified else ""
    entry += f"<news><publication_date>2026-11-{published}</publication_date></news>" if published else ""
    (read,) = sitemap(f"<urlset><url>{entry}</url></urlset>").entries
    assert (read.date and read.date + timedelta(hours=2)) == (newest and datetime(2026, 11, newest, tzinfo=UTC))


def test_rss_1_dates_an_entry_by_dublin_core():
    item = f'<item><link>{ROOT}/news/7/a</link><d:date xmlns:d="http://purl.org/dc/elements/1.1/">{NOW.isoformat()}'
    (read,) = sitemap(f"<rss>{item}</d:date></item></rss>").entries
    assert read.published == NOW


@pytest.mark.parametrize(
    "body", [gzip.compress(URLSET.encode()), b"\xef\xbb\xbf" + URLSET.encode(), b"\n\n" + URLSET.encode()]
)
def test_gzip_bom_and_leading_lines_are_accepted(body):
    assert [entry.key for entry in sitemap(body).entries] == ["7", "9"]


def test_most_entries_are_those_of_the_protocol():
    assert sitemaps._MOST_ENTRIES == 50_000


@pytest.mark.parametrize(("entries", "is_cut"), [(50, False), (51, True)])
def test_sitemap_beyond_most_entries_is_cut(entries, is_cut, monkeypatch):
    monkeypatch.setattr(sitemaps, "_MOST_ENTRIES", 50)
    body = "".join(f"<url><loc>{ROOT}/news/{n}/x</loc></url>" for n in range(1, entries + 1))
    result = read_sitemap(f"<urlset>{body}</urlset>".encode(), f"{ROOT}/sitemap.xml", root=ROOT, now=NOW)
    assert (len(result.entries), result.is_cut) == (50, is_cut)


def test_index_gives_files_of_the_site():
    result = sitemap(
        '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        "<sitemap><loc>https://alqaheranews.net/sitemap-2026-11.xml</loc><lastmod>2026-11-24</lastmod></sitemap>"
        "<sitemap><loc>https://example.org/evil.xml</loc></sitemap></sitemapindex>"
    )
    assert [(file.url, file.date is not None) for file in result.sitemaps] == [(f"{ROOT}/sitemap-2026-11.xml", True)]


@pytest.mark.parametrize(
    "feed",
    [
        "<rss><channel><item><title>خبر</title><link>https://alqaheranews.net/news/7/a</link>"
        "<pubDate>Tue, 24 Nov 2026 10:00:00 +0200</pubDate></item></channel></rss>",
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>خبر</title><link href="https://alqaheranews.net/news/7/a"/>'
        "<published>2026-11-24T10:00:00+02:00</published></entry></feed>",
    ],
)
def test_rss_and_atom_give_the_same_entry(feed):
    result = sitemap(feed)
    assert result.is_news
    assert [(e.key, e.headline, e.published) for e in result.entries] == [
        ("7", "خبر", datetime(2026, 11, 24, 8, tzinfo=UTC))
    ]


def test_truncated_sitemap_is_read_up_to_the_cut():
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
def test_invalid_sitemap_has_no_entries(body):
    assert sitemap(body).entries == []


NEWS = (
    "<news:news><news:publication><news:name>صحيفة</news:name></news:publication>"
    "<news:publication_date>2026-11-20T10:00:00+02:00</news:publication_date><news:title>خبر</news:title></news:news>"
)
IMAGE = "<image:image><image:loc>https://x.example/a.jpg</image:loc><image:title>صورة</image:title></image:image>"
VIDEO = (
    "<video:video><video:title>مقطع</video:title>"
    "<video:publication_date>2019-01-01T00:00:00Z</video:publication_date></video:video>"
)
NAMESPACES = " ".join(
    f'xmlns:{name}="http://www.google.com/schemas/sitemap-{name}/1.1"' for name in ("news", "image", "video")
)
LOC, RSS_LINK = f"<loc>{ROOT}/news/7/a</loc>", f"<link>{ROOT}/news/7/a</link>"
DATE = datetime(2026, 11, 20, 8, tzinfo=UTC)
MRSS = "http://search.yahoo.com/mrss/"
# file -> headline and date of its one article
SHAPES = {
    "image in front of the address": (f"<urlset {NAMESPACES}><url>{IMAGE}{LOC}</url></urlset>", None, None),
    "image in front of the news": (f"<urlset {NAMESPACES}><url>{LOC}{IMAGE}{NEWS}</url></urlset>", "خبر", DATE),
    "video with a date of its own": (f"<urlset {NAMESPACES}><url>{LOC}{VIDEO}</url></urlset>", None, None),
    "undeclared prefixes": (f"<urlset><url>{LOC}{IMAGE}{NEWS}</url></urlset>", "خبر", DATE),
    "a prefix for all": (
        f'<s:urlset xmlns:s="urn:s"><s:url><s:loc>{ROOT}/news/7/a</s:loc></s:url></s:urlset>',
        None,
        None,
    ),
    "a media title in front of the title": (
        f'<rss xmlns:media="{MRSS}"><item><media:title>صورة</media:title><title>خبر</title>{RSS_LINK}</item></rss>',
        "خبر",
        None,
    ),
    "a guid alone": (f"<rss><item><guid>{ROOT}/news/7/a</guid></item></rss>", None, None),
    "an enclosure in front of the link": (
        f'<feed><entry><link rel="enclosure" href="{ROOT}/news/8/a"/><link href="{ROOT}/news/7/a"/></entry></feed>',
        None,
        None,
    ),
    "a link below xml:base": (f'<feed xml:base="{ROOT}/news/"><entry><link href="7/a"/></entry></feed>', None, None),
    "a link of FeedBurner": (
        f'<rss xmlns:f="urn:f"><item><link>https://x.example/1</link><f:origLink>{ROOT}/news/7/a</f:origLink></item></rss>',
        None,
        None,
    ),
    "an entry from another feed": (
        f'<feed><entry><source><title>مصدر</title></source><title>خبر</title><link href="{ROOT}/news/7/a"/>'
        "<issued>2026-11-20T10:00:00+02:00</issued></entry></feed>",
        "خبر",
        DATE,
    ),
}


@pytest.mark.parametrize(("file", "headline", "published"), SHAPES.values(), ids=SHAPES)
def test_article_is_read_from_a_file_of_any_shape(file, headline, published):
    (entry,) = sitemap(file).entries
    assert (entry.key, entry.headline, entry.published) == ("7", headline, published)


def test_video_makes_no_news_sitemap():
    assert not sitemap(f"<urlset {NAMESPACES}><url>{LOC}{VIDEO}</url></urlset>").is_news


def test_guid_that_is_no_address_of_a_page_is_none():
    assert sitemap(f'<rss><item><guid isPermaLink="false">{ROOT}/news/7/a</guid></item></rss>').entries == []


def test_sitemap_that_is_packed_twice_is_read():
    assert len(sitemap(gzip.compress(gzip.compress(URLSET.encode()))).entries) == 2
