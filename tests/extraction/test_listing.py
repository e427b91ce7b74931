"""Listings: every article on them, each once, and nothing else."""

from datetime import UTC, datetime

import pytest

from alqahira.extraction.listing import Card, read_listing

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


def test_cards_keep_page_order():
    result = listing(card("/news/2/b", "الثاني"), card("/news/1/a", "الأول"))
    assert result.cards == [
        Card(f"{ROOT}/news/2/b", "2", "الثاني"),
        Card(f"{ROOT}/news/1/a", "1", "الأول"),
    ]


def test_article_shown_twice_is_one_card():
    result = listing(card("/news/2/b"), card("/news/2/another-slug?utm_source=x"), card("/news/1/a"))
    assert [c.key for c in result.cards] == ["2", "1"]


def test_card_date_is_read():
    result = listing(card("/news/2/b", meta="<span>23 نوفمبر 2026 - 08:30 م</span><span>أخبار</span>"))
    assert result.cards[0].date == datetime(2026, 11, 23, 18, 30, tzinfo=UTC)


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
def test_link_to_anything_else_is_no_card(href):
    assert listing(card(href)).cards == []


def test_renamed_classes_fall_back_to_links_in_main_content():
    result = listing('<section><a href="/news/3/c">خبر</a></section>', '<nav><a href="/news/4/d">قائمة</a></nav>')
    assert [(c.key, c.headline) for c in result.cards] == [("3", "خبر")]


def test_next_page_feed_and_load_more_control_are_read():
    result = listing(
        card("/news/1/a"),
        head='<link rel="next" href="?page=2"><link rel="alternate" type="application/rss+xml" href="/rss.xml">'
        '<link rel="alternate" type="application/rss+xml" href="https://example.org/rss.xml">',
        after='<button class="load-more">عرض المزيد</button>',
    )
    assert result.next_urls == [f"{ROOT}/category/x?page=2"]
    assert result.feed_urls == [f"{ROOT}/rss.xml"]
    assert result.has_load_more


def test_load_more_control_is_recognized_by_label():
    assert listing(after="<button>المزيد</button>").has_load_more
    assert not listing(after="<button>بحث</button>").has_load_more
