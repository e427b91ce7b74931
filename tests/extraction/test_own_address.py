"""Whether a page is of the article whose address was asked for, by what it says of its own address."""

from datetime import UTC, datetime

import pytest

from alqahira.extraction.extractor import read_page

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ROOT = "https://alqaheranews.net"


def link(address):
    return f'<link rel="canonical" href="{address}">'


def og(address):
    return f'<meta property="og:url" content="{address}">'


@pytest.mark.parametrize(
    ("asked", "final", "head", "is_of"),
    [
        (7, 7, "", True),
        (7, 7, link("/news/7/slug"), True),
        (7, 7, link("/ar/news/7"), True),
        (7, 7, og(f"{ROOT}//news/7/slug"), True),
        (7, 7, link("/") + og(ROOT), True),  # a site that names its home page everywhere
        (7, 7, link("/category/x"), True),
        (7, 7, link("http://[broken/news/8") + link(""), True),
        (7, 7, link("/news/8/slug"), False),
        (7, 7, og(f"{ROOT}/news/8/slug"), False),
        (7, 7, link("/news/7/x") + og(f"{ROOT}/news/8/x"), True),  # the canonical link is the stronger word
        (7, 8, "", False),  # a redirect to another article
        (7, 8, link("/news/8/slug"), True),  # which says that it is at home there
        (7, 8, og(f"{ROOT}/news/8/slug"), True),
        (7, 8, link("/news/7/slug"), False),
        (7, 8, link("/news/9/slug"), False),
    ],
)
def test_page_names_its_address(asked, final, head, is_of):
    html = f"<html><head>{head}</head><body><h1>عنوان</h1></body></html>"
    reading = read_page(html, f"{ROOT}/news/{final}/x", now=NOW)
    assert reading.is_of(f"{ROOT}/news/{asked}/x", f"{ROOT}/news/{final}/x") is is_of


@pytest.mark.parametrize(("number", "is_of"), [(None, True), ("8", True), ("7", False), ("9", False)])
def test_page_data_may_name_no_third_article(number, is_of):
    reading = read_page(f"<html><head>{link('/news/8/x')}</head></html>", f"{ROOT}/news/8/x", now=NOW)
    reading.number = number
    assert reading.is_of(f"{ROOT}/news/7/x", f"{ROOT}/news/8/x") is is_of
