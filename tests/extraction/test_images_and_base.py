"""The address of a story's image however it is loaded, and relative addresses below a `base` element."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from alqahira.extraction.extractor import read_page
from alqahira.extraction.listing import read_listing

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ROOT = "https://alqaheranews.net"
URL = f"{ROOT}/news/812/x"
NAME = "البلدية تفتتح مكتبة عامة في الحي القديم"
BODY = "".join(f"<p>افتتحت البلدية مكتبة عامة رقم {n} ودعت السكان إلى زيارتها خلال أيام الأسبوع.</p>" for n in range(4))
PHOTO = "https://img.example/2026/photo.jpg"
SMALL = "https://img.example/2026/small.jpg"
BLANK = "data:image/gif;base64,R0lGODlhAQABAAAAACw="


def known(figure="", head=""):
    """A page in the site's markup."""
    return read_page(
        f"<html><head>{head}</head><body><main><div class=container><div class=row><div class=col-lg-8>"
        f"<div class=single-content2><div class=entry-header><h1 class=entry-title>{NAME}</h1></div>"
        f"<figure class=image>{figure}</figure><article><div class=entry-main-content><div class=htmlCode>{BODY}</div>"
        "</div></article></div></div></div></div></main></body></html>",
        URL,
        now=NOW,
    )


def other(figure="", head=""):
    """A page in markup that no selector knows."""
    html = f"<html><head><title>{NAME}</title>{head}</head><body><h1>{NAME}</h1><figure>{figure}</figure>{BODY}</body>"
    return read_page(html, URL, now=NOW)


IMG = '<img alt="post-title" {}>'.format
BESIDE = {
    "the writer's picture": '<div class="post-author"><img src="/w.jpg"></div>',
    "a small picture": '<img src="/w.jpg" width="48" height="48">',
    "an avatar": '<img class="avatar photo" src="/w.jpg">',
    "a logo": '<span class="site-logo"><img src="/l.png"></span>',
}


@pytest.mark.parametrize("kind", BESIDE)
def test_pictures_of_people_and_logos_are_not_the_story_s(kind):
    assert other(f'{BESIDE[kind]}<img src="{PHOTO}">').article.image_url == PHOTO


IMAGES = {
    "an address": IMG(f'src="{PHOTO}"'),
    "an address beside smaller ones": IMG(f'src="{PHOTO}" srcset="{SMALL} 300w"'),
    "loaded later": IMG(f'src="{BLANK}" data-src="{PHOTO}"'),
    "loaded later in place of a small one": IMG(f'src="{SMALL}" data-src="{PHOTO}"'),
    "loaded later by another script": IMG(f'data-original="{PHOTO}"'),
    "loaded later by a plugin of WordPress": IMG(f'src="{BLANK}" data-lazy-src="{PHOTO}" data-lazy-srcset="{SMALL} 9w"'),
    "loaded later, of several sizes": IMG(f'src="/blank.gif" data-srcset="{SMALL} 300w, {PHOTO} 1200w"'),
    "of several sizes": IMG(f'srcset="{SMALL} 320w,{PHOTO} 1024w"'),
    "of several densities": IMG(f'srcset="{SMALL}, {PHOTO} 2x"'),
    "of several sizes, behind a placeholder": IMG(f'src="/img/placeholder.svg" srcset="{PHOTO} 1.5x"'),
    "in a picture": f'<picture><source srcset="{PHOTO} 1x">{IMG(f"src={BLANK}")}</picture>',
    "in a picture, loaded later": f'<picture><source data-srcset="{SMALL} 1x, {PHOTO} 2x">{IMG("src=/1x1.png")}</picture>',
    "in a noscript": IMG("src=/assets/loading.gif") + f'<noscript><img src="{PHOTO}"></noscript>',
    "in a noscript behind a picture": f'<picture>{IMG(f"src={BLANK}")}</picture><noscript><img src="{PHOTO}"></noscript>',
    "behind a counter of readers": IMG('src="https://count.example/x.gif" width="1" height="1"') + IMG(f'src="{PHOTO}"'),
    "under a name of a plugin's own": IMG(f'src="{BLANK}" data-td-src-property="{PHOTO}"'),
    "under a name of a network's own": IMG(f'data-cfsrc="{PHOTO}" style="display:none"'),
    "under a name of a theme's own": IMG(f'src="/img/loading.gif" data-full-image="{PHOTO}"'),
    "in a noscript in front": f'<noscript><img src="{PHOTO}"></noscript>' + IMG(f"src={BLANK}"),
    "behind a placeholder": IMG("src=/spacer.gif") + IMG(f'src="{PHOTO}"'),
}  # fmt: skip


@pytest.mark.parametrize("read", [known, other])
@pytest.mark.parametrize("kind", IMAGES)
def test_image_is_the_one_that_is_shown_in_the_end(kind, read):
    assert read(IMAGES[kind]).article.image_url == PHOTO


def test_image_of_amp_is_one():
    assert other(f'<amp-img src="{PHOTO}" width="900" height="500"></amp-img>').article.image_url == PHOTO


NO_IMAGES = {
    "nothing but a placeholder": IMG("src=/images/lazyload.png"),
    "inline data": IMG(f"src={BLANK}"),
    "a counter of readers": IMG('src="https://count.example/x.gif" width=1 height=1'),
    "nothing": IMG(""),
    "an empty list": IMG('srcset=" , ,"'),
}


@pytest.mark.parametrize("read", [known, other])
@pytest.mark.parametrize("kind", NO_IMAGES)
def test_placeholder_is_no_image(kind, read):
    assert read(NO_IMAGES[kind]).article.image_url is None


@pytest.mark.parametrize("name", ["google-pixel-9.jpg", "loading-dock.jpg", "white-house.jpg", "maxresdefault.jpg"])
def test_image_named_like_a_placeholder_is_one(name):
    assert known(IMG(f"src=/a/{name}")).article.image_url == f"{ROOT}/a/{name}"


def test_long_list_of_sizes_takes_linear_time():
    assert known(IMG(f'srcset="{"a" * 200_000} b"')).article is not None
    assert known(IMG(f'srcset="{"a ," * 50_000}"')).article is not None


BASE = '<base href="https://media.example/files/">'


def ld(**fields):
    return (
        f'<script type="application/ld+json">{json.dumps({"@type": "NewsArticle", "headline": NAME} | fields)}</script>'
    )


IMAGES_BELOW = {
    "in markup": (IMG("src=a/photo.jpg"), ""),
    "loaded later": (IMG("data-src=a/photo.jpg"), ""),
    "in JSON-LD": ("", ld(image={"url": "a/photo.jpg"})),
    "in a meta element": ("", '<meta property="og:image" content="a/photo.jpg">'),
}


@pytest.mark.parametrize("read", [known, other])
@pytest.mark.parametrize("kind", IMAGES_BELOW)
def test_image_counts_from_the_base(kind, read):
    figure, head = IMAGES_BELOW[kind]
    assert read(figure, BASE + head).article.image_url == "https://media.example/files/a/photo.jpg"


BASES = {
    "absolute": (f"{ROOT}/news/", "900/y"),
    "relative": ("../", "900/y"),
    "of the root": ("/", "news/900/y"),
    "the second counts for nothing": (f'{ROOT}/news/"><base href="/other/', "900/y"),
    "no address": ("javascript:0", "../900/y"),
}


@pytest.mark.parametrize(("href", "link"), BASES.values(), ids=BASES)
def test_own_address_counts_from_the_base(href, link):
    base = f'<base target="_top"><base href="{href}">'
    assert known(head=f'{base}<link rel="canonical" href="{link}">').address_number == "900"
    assert known(head=base + ld(url=link, datePublished="2020-01-01")).article.date_published is None


@pytest.mark.parametrize(("href", "link"), BASES.values(), ids=BASES)
def test_links_of_a_listing_count_from_the_base(href, link):
    page = (
        f'<html><head><base href="{href}"><link rel="next" href="?page=2"></head><body><main><article>'
        f'<div class="post-thumb"><a class="img-link" href="{link}"></a></div></article></main></body></html>'
    )
    read = read_listing(page, URL, root=ROOT, now=NOW)
    assert [card.key for card in read.cards] == ["900"]
    assert len(read.next_urls) == 1


def test_next_page_and_feed_count_from_the_base():
    head = '<link rel="next" href="list?page=2"><link rel="alternate" type="application/rss+xml" href="rss.xml">'
    page = f'<html><head><base href="/ar/">{head}</head><body><main></main></body></html>'
    read = read_listing(page, f"{ROOT}/category/x/", root=ROOT, now=NOW)
    assert (read.next_urls, read.feed_urls) == ([f"{ROOT}/ar/list?page=2"], [f"{ROOT}/ar/rss.xml"])
