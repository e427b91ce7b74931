"""A page that scripts have yet to fill is told from one that is whole, and from one that is merely poor."""

from __future__ import annotations

from time import process_time

import pytest

from alqahira.extraction.empty_shell import needs_javascript

ROOT = '<script src="/app.js"></script><div id="__next">{}</div>'
TEXT = "أعلنت وزارة الدفاع عن بدء مناورات مشتركة في البحر المتوسط"
LINK = '<a class="card" href="/news/120/عنوان">عنوان</a>'


@pytest.mark.parametrize("root", ["__next", "__nuxt", "root", "app"])
@pytest.mark.parametrize("kind", ["listing", "article"])
def test_scripts_and_an_app_s_root_with_nothing_in_it_are_a_shell(root, kind):
    assert needs_javascript(ROOT.replace("__next", root).format("").encode(), kind)


@pytest.mark.parametrize(
    "content",
    [
        f"<p>{TEXT}</p>",
        f"<p class=x><strong>{TEXT}</strong></p>",
        "<h1><span>عنوان</span></h1>",
        '<script type="application/ld+json">{"articleBody": "…"}</script>',
    ],
)
def test_an_article_that_shows_text_or_carries_it_is_none(content):
    assert not needs_javascript(ROOT.format(content).encode(), "article")


@pytest.mark.parametrize(
    "content",
    [
        "<p>قصير</p>",
        f"<noscript><p>{TEXT}</p></noscript>",
        f"<!-- <p>{TEXT}</p> -->",
        f"<template><h1>{TEXT}</h1></template>",
    ],
)
def test_what_no_reader_sees_fills_no_page(content):
    assert needs_javascript(ROOT.format(content).encode(), "article")


def test_what_is_never_closed_hides_nothing():
    assert not needs_javascript(ROOT.format(f"<svg><p>{TEXT}</p>").encode(), "article")


def test_a_listing_is_whole_when_it_shows_one_article():
    assert not needs_javascript(ROOT.format(LINK).encode(), "listing")
    assert needs_javascript(ROOT.format('<a href="/category/x">x</a>').encode(), "listing")


@pytest.mark.parametrize("page", ["<div id=__next></div>", '<script src="/x.js"></script><p>x</p>', ""])
def test_a_page_without_scripts_or_without_an_app_is_what_it_is(page):
    assert not needs_javascript(page.encode(), "article")


WORST = ("<script>", "<svg", "<!--", "<p ", "<p><b>", "<h1>", "<h1 ", "<a ", "<div ", "</script ")


@pytest.mark.parametrize("kind", ["listing", "article"])
@pytest.mark.parametrize("piece", WORST)
def test_megabytes_of_one_thing_take_no_longer_than_their_length(piece, kind):
    page = (ROOT.format("") + piece * 200_000).encode()
    begun = process_time()
    needs_javascript(page, kind)
    assert process_time() - begun < 2.5


@pytest.mark.parametrize("kind", ["listing", "article"])
def test_a_page_that_parses_to_nothing_is_a_shell(kind):
    assert needs_javascript(b"<!--<script>__NEXT_DATA__</script>-->", kind)
