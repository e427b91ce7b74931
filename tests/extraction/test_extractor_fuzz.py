"""Mutated pages raise nothing and stay within the CPU limit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from random import Random
from time import process_time

import pytest

from alqahira.extraction.extractor import read_page
from alqahira.replica.newsroom import Newsroom
from alqahira.replica.options import ReplicaOptions
from alqahira.replica.pages import Pages

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
URL, OTHER_URL = "https://alqaheranews.net/news/1/x", "https://news.example.org/world/812/x"
CPU_SECONDS = 1.0  # of any page; four times what the slowest takes, for busy machines
FACES = (
    ReplicaOptions(page_data="next_data", now=NOW),
    ReplicaOptions(page_data="next_f", metadata="none", now=NOW),
    ReplicaOptions(classes="renamed", now=NOW),
    ReplicaOptions(classes="renamed", metadata="none", now=NOW),
    ReplicaOptions(render="client", page_data="next_f", now=NOW),
)
JUNK = [
    b"<", b">", b"</div>", b"<div>", b"<p>", b"</p>", b"<!--", b"-->", b"<![CDATA[", b"<script>", b"</script>", b"\0",
    b"\xff\xfe", b"\xd8", b"&#x110000;", b"&#xd800;", b"&amp;amp;amp;", "\u202e".encode(), "\u0640".encode() * 50,
    "منذ ".encode() * 20, "١٢/١٣/٢٠٢٣ ".encode() * 10, b"<table>" * 20, b"<h1>", b"</main>", b'{"@type":"NewsArticle"',
    b"[[[[[[[[", b'"', b"'", b"\\u0000", b"\\", b"9" * 400, b"<meta property=og:title content=", b'1a:Tffffff,',
    b'<script type="application/ld+json">{"@graph":[', b"<time datetime=9999-99-99T99:99>", b"<svg><foreignObject>",
]  # fmt: skip

NESTS = [
    b"div",
    b"article",
    b"section",
    b"table",
    b"p",
    b"font",
    b"form",
    b"aside",
    b"story-part",
    b"h1",
    b"blockquote",
]


@lru_cache(maxsize=1)
def fixtures() -> tuple[bytes, ...]:
    """The pages of this project's other tests: of the site, and in the shapes of well-known systems."""
    return tuple(path.read_bytes() for path in sorted((Path(__file__).parent.parent / "pages").rglob("*.html")))


@lru_cache(maxsize=1)
def pages() -> tuple[bytes, ...]:
    import dateparser  # both are otherwise loaded with the first page that needs them
    import trafilatura  # noqa: F401

    dateparser.parse("12 يوليو 2023", languages=["ar"])
    made = []
    for options in FACES:
        newsroom = Newsroom(options, real_now=NOW)
        site = Pages(options, newsroom)
        made += [site.article(article).encode("utf-8", "replace") for article in newsroom.articles()]
    return tuple(made)


def mutated(random: Random, pages: Sequence[bytes]) -> bytes:
    page = bytearray(random.choice(pages))
    for _ in range(random.choice((1, 2, 5, 20))):
        at, length = random.randrange(len(page) + 1), random.choice((1, 10, 200, 3000))
        match random.randrange(10):
            case 0:
                del page[at : at + length]
            case 1:
                page[at:at] = random.choice(JUNK)
            case 2:
                page[at:at] = random.choice(JUNK) * random.choice((1, 30, 1000))
            case 3:
                page[at:at] = page[at : at + length] * random.choice((1, 5, 50))
            case 4:
                page[at : at + length] = random.randbytes(min(length, 200))
            case 5:
                other = random.choice(pages)
                begin = random.randrange(len(other))
                page[at:at] = other[begin : begin + length]
            case 6:
                del page[at:]
            case 7 if at < len(page):
                page[at] = random.randrange(256)
            case 8:  # nest: elements that are or are not closed around a part
                tag, times = random.choice(NESTS), random.choice((1, 10, 60))
                part = bytes(page[at : at + length])
                page[at : at + length] = b"<%s>" % tag * times + part + b"</%s>" % tag * random.choice((0, times))
            case 9:  # two parts change places
                other_at = random.randrange(len(page) + 1)
                low, high = sorted((at, other_at))
                end = min(low + length, high)
                page[low:end], page[high : high + end - low] = page[high : high + end - low], page[low:end]
    return bytes(page)


def slowest(count: int, seed: int, pages: Sequence[bytes], url: str) -> float:
    """CPU seconds of the slowest of `count` mutated pages."""
    random, most = Random(seed), 0.0
    warm = Random(0)
    for _ in range(50):  # loads the libraries that some pages need
        read_page(mutated(warm, pages), url, now=NOW)
    for _ in range(count):
        page = mutated(random, pages)
        begun = process_time()
        read_page(page, url, now=NOW)
        most = max(most, process_time() - begun)
        assert most < CPU_SECONDS, page[:300]
    return most


@pytest.mark.parametrize("count", [100, pytest.param(1_000, marks=pytest.mark.perf)])
def test_mutated_pages_raise_nothing_within_cpu_limit(count):
    assert slowest(count, 1, pages(), URL) < CPU_SECONDS


def test_100_mutated_pages_of_other_systems_raise_nothing_within_cpu_limit():
    assert slowest(100, 3, fixtures(), OTHER_URL) < CPU_SECONDS


@pytest.mark.slow
def test_10000_mutated_pages_raise_nothing_within_cpu_limit():
    assert slowest(10_000, 2, pages(), URL) < CPU_SECONDS


@pytest.mark.slow
def test_10000_mutated_pages_of_other_systems_raise_nothing_within_cpu_limit():
    assert slowest(10_000, 4, fixtures(), OTHER_URL) < CPU_SECONDS


BODY = "<p>أعلنت وزارة الدفاع في بيان رسمي عن بدء مناورات مشتركة واسعة في البحر المتوسط اليوم.</p>"
WORST = {
    "nested": "<div>" * 100_000 + BODY,
    "paragraphs": f"<h1>عنوان الخبر</h1><main>{BODY * 20_000}</main>",
    "empty paragraphs": "<h1>عنوان الخبر</h1><main>" + "<p></p>" * 200_000 + BODY,
    "an attribute": f'<main class="{"x " * 500_000}"><h1>عنوان الخبر</h1>{BODY}</main>',
    "a headline": f"<h1>{'كلمة ' * 200_000}</h1>{BODY}",
    "links": "<h1>عنوان الخبر</h1>" + '<a href="/tag/x">وسم</a>' * 50_000 + BODY,
    "brackets": '<script type="application/ld+json">' + "[" * 500_000 + "</script>" + BODY,
    "documents": '<script type="application/ld+json">' + "[] " * 300_000 + "</script>" + BODY,
    "spaces in data": '<script type="application/ld+json">' + " " * 400_000 + "x</script>" + BODY,
    "objects": '<script id="__NEXT_DATA__">' + '{"a":' * 100_000 + "</script>" + BODY,
    "spaces": f"<h1>عنوان</h1><p>{' ' * 1_000_000}</p>" + BODY,
    "dates": "<h1>عنوان الخبر</h1>" + "<span>منذ ١٢ يوليو/تموز ٢٠٢٣</span>" * 20_000 + BODY,
    "lines": "<h1>عنوان الخبر</h1><div>" + "نص قصير<br>" * 100_000 + "</div>",
}


@pytest.mark.parametrize("name", WORST)
def test_largest_pages_are_read_in_bounded_time(name):
    """Megabytes of one thing: ten times the CPU limit for a page a hundred times as large."""
    begun = process_time()
    read_page(WORST[name], URL, now=NOW)
    assert process_time() - begun < 2.5 * CPU_SECONDS
