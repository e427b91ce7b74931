"""What a site can send costs seconds at most: larger things are refused with a cause, and the rest is linear."""

from __future__ import annotations

import os
import resource
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime

import hostile_pages as hostile
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from alqahira.extraction.extractor import read_page
from alqahira.extraction.listing import read_listing
from alqahira.extraction.sitemap import read_sitemap
from alqahira.extraction.sources import Document, TooLarge, jsonld, parse_html
from alqahira.extraction.sources.site_markup import select
from alqahira.text.dates import parse_date
from alqahira.text.near_duplicates import fingerprint
from alqahira.text.normalization import LONGEST_RUN_OF_MARKS, clean_text, fold_text
from alqahira.text.topics import match_topics

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ROOT = "https://alqaheranews.net"
CPU_SECONDS = 5  # for one page, whatever is on it


def within_cpu_limit(do: Callable[[], object]) -> bool:
    """Whether `do` ends in a child process before the kernel kills that for its use of the CPU."""
    child = os.fork()
    if not child:
        used = resource.getrusage(resource.RUSAGE_SELF)
        limit = int(used.ru_utime + used.ru_stime) + 1 + CPU_SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        try:
            do()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def read(html: str) -> None:
    """All that a run does with the text of an article's page."""
    article = read_page(html.encode(), f"{ROOT}/news/1/x", now=NOW).article
    if article:
        match_topics(article.headline, article.article_body, article.keywords)
        fingerprint(article.article_body)


@pytest.mark.chaos
@pytest.mark.parametrize("name", hostile.PAGES)
def test_page_costs_seconds_at_most(name):
    assert within_cpu_limit(lambda: read(hostile.PAGES[name]))


@pytest.mark.chaos
@pytest.mark.parametrize("name", hostile.LISTINGS)
def test_listing_costs_seconds_at_most(name):
    assert within_cpu_limit(
        lambda: read_listing(hostile.LISTINGS[name].encode(), f"{ROOT}/category/x", root=ROOT, now=NOW)
    )


@pytest.mark.chaos
@pytest.mark.parametrize("name", hostile.SITEMAPS)
def test_sitemap_costs_seconds_at_most(name):
    body = f"<urlset>{hostile.SITEMAPS[name]}</urlset>".encode()
    assert within_cpu_limit(lambda: read_sitemap(body, f"{ROOT}/s.xml", root=ROOT, now=NOW))


TOO_LARGE = {
    "bytes": hostile.page("<p>" + "x" * 4_200_000),
    "tags": hostile.page("<br>" * 20_000),
    "attributes": hostile.page(f"<p {hostile.counted('a# ', 200_000)}>x</p>"),
    "depth": hostile.page("<div>" * 101),
    "tags in data": hostile.json_ld('{"@type":"NewsArticle","articleBody":"' + r"\u003cbr>" * 20_001 + '"}'),
    "text": hostile.page("<p>" + "كلمة " * 60_001),
    "rows": hostile.flight(r"1:{}\n" * 50_001),
    "objects of data": hostile.flight("1:[" + "{}," * 200_001 + "{}]"),
    "objects of JSON-LD": hostile.json_ld("[" + "{}," * 200_001 + "{}]"),
    "a headline": hostile.page(headline="ا" * 100_001),
    "blocks": hostile.post(",".join(['{"content":"<p>x</p>"}'] * 5_001)),
    "tags in blocks": hostile.post(",".join(['{"content":"' + "<p>x" * 2_001 + '"}'] * 20)),
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_page_beyond_a_bound_is_refused_with_a_cause(name):
    reading = read_page(TOO_LARGE[name], f"{ROOT}/news/1/x", now=NOW)
    assert (reading.article, reading.cause) == (None, "too_large")


def test_page_within_the_bounds_is_read_whole():
    body = "".join(f"<p>فقرة رقم {number} عن المناورات</p>" for number in range(9_900))
    article = read_page(hostile.page(body), f"{ROOT}/news/1/x", now=NOW).article
    assert article
    assert "فقرة رقم 9899 " in article.article_body


OWN = '{"@type":"NewsArticle","url":"/news/1/x","articleBody":"' + "كلام عن المناورات " * 20 + '"}'
OTHER = '{"@type":"NewsArticle","url":"/news/2/x","articleBody":"' + "كلام آخر " * 20 + '"}'
AFTER_OTHERS = {
    "of a list": hostile.json_ld(f"[{(OTHER + ',') * 500}{OWN}]"),
    "of a graph": hostile.json_ld(f'{{"@graph":[{(OTHER + ",") * 500}{OWN}]}}'),
    "of a script": hostile.json_ld("\n".join([OTHER] * 500 + [OWN])),
    "of a page": hostile.json_ld(f"{OTHER}</script><script type='application/ld+json'>" * 500 + OWN),
}


@pytest.mark.parametrize("place", AFTER_OTHERS)
def test_article_after_many_others_is_found(place):
    page = Document(AFTER_OTHERS[place], f"{ROOT}/news/1/x", NOW)
    assert jsonld.read(page).paragraphs[0].startswith("كلام عن المناورات")


def test_article_of_many_blocks_is_read_whole():
    blocks = ",".join(f'{{"content":"<p>فقرة رقم {number} عن المناورات</p>"}}' for number in range(4_900))
    article = read_page(hostile.post(blocks), f"{ROOT}/news/1/x", now=NOW).article
    assert article
    assert article.article_body.endswith("فقرة رقم 4899 عن المناورات")


def test_structure_is_read_to_the_end_of_the_page():
    text = "".join(f"<p>فقرة رقم {number} عن المناورات.</p>" for number in range(9_900))
    title = "القوات المسلحة تبدأ المناورات"
    html = f"<html><head><title>{title}</title></head><body><h1>{title}</h1><div>{text}</div></body></html>"
    article = read_page(html, f"{ROOT}/news/1/x", now=NOW).article
    assert article
    assert article.article_body.endswith("فقرة رقم 9899 عن المناورات.")


def test_listing_in_data_beyond_a_bound_is_too_large():
    data = "[" + "{}," * 200_001 + "{}]"
    assert read_listing(data, ROOT, root=ROOT, now=NOW).is_too_large
    assert read_listing(hostile.flight(f"1:{data}"), ROOT, root=ROOT, now=NOW).is_too_large


def test_listing_beyond_a_bound_is_too_large():
    assert read_listing("<br>" * 20_001, ROOT, root=ROOT, now=NOW).is_too_large
    assert read_listing(" " * 4_200_000, ROOT, root=ROOT, now=NOW).is_too_large


def test_sitemap_beyond_a_bound_is_cut():
    assert read_sitemap(b"<urlset>" + b"<url/>" * 100_001, ROOT, root=ROOT, now=NOW).is_cut


@pytest.mark.parametrize("form", ["<p {}>", "<br><p {}/>", "<!-- <p a=' --><p {}>", "<script>'<p a='</script><p {}>"])
def test_attributes_are_counted_by_the_parser_itself(form):
    with pytest.raises(TooLarge):
        parse_html(form.format(hostile.counted("a# ", 200_000)))


def test_date_that_only_dateparser_reads_is_read_on_request():
    text = "الأحد 12 january 2024 foo"
    assert parse_date("12 january 2024", now=NOW, guess=False)
    assert parse_date(text, now=NOW, guess=False) is None


# --- runs of marks --------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["\u064b", "\u0301", "\u0f73", "\u064b\u0650"])
def test_run_of_marks_is_cut(mark):
    cleaned = clean_text(f"كتاب{mark * 100} كتاب")
    assert cleaned.startswith("كتاب")
    assert cleaned.endswith(" كتاب")
    assert sum(unicodedata.category(character) == "Mn" for character in cleaned) == LONGEST_RUN_OF_MARKS


def test_marks_that_are_written_stay():
    text = "كِتَابٌ مُبِينٌ"
    assert clean_text(text) == unicodedata.normalize("NFC", text)


@given(
    st.lists(
        st.sampled_from(
            ["ا", "ى", "\u064b", "\u0650\u0301", "\u064e" * 40, "\u0640", "\u200d", "\u0344", "\u0654", " "]
        )
    )
)
def test_cleaning_long_runs_is_idempotent_and_changes_no_key(pieces):
    text = "".join(pieces)
    cleaned = clean_text(text)
    assert clean_text(cleaned) == cleaned
    assert fold_text(cleaned) == fold_text(text)


# --- selectors ------------------------------------------------------------------------------------

TREE = (
    "<main><div class=a><p class=b>1</p><div class=a><p>2<b>3</b></p><p>4</p></div><i>5</i></div>"
    "<p class=b>6</p><div><div class=a><i class=b>7</i><p title='x y'>8<b>9</b></p></div></div></main>"
)
SELECTORS = (
    "p",
    ".a p",
    "main .a p",
    "main div div p",
    ".a .a p",
    ".a + i",
    ".b + p > b",
    ".a .b + p > b",
    "p.b, .a i",
    ".a p, .a i, p",
    'p[title="x y"] b',
    ".a > p b",
    "div > .a > p",
    ":not(*)",
)


@pytest.mark.parametrize("css", SELECTORS)
def test_selector_matches_what_css_says(css):
    from cssselect import HTMLTranslator

    tree = parse_html(TREE)
    for root in (tree, tree.find(".//main"), tree.find(".//div")):
        assert select(css)(root) == etree.XPath(HTMLTranslator().css_to_xpath(css))(root)
