"""Each layout of the article page has a fixture and its record."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alqahira import site
from alqahira.article import to_record
from alqahira.extraction.extractor import extract_article
from alqahira.extraction.sources import Document
from alqahira.extraction.sources.site_markup import read, select, select_first

PAGES = Path(__file__).parents[1] / "pages"
NOW = datetime(2026, 8, 27, 9, tzinfo=UTC)
NAMES = [layout.name for layout in site.LAYOUTS]
FILES = {"captured": PAGES / "site" / "177119.html"}


def html_of(name):
    return FILES.get(name, PAGES / f"{name}.html").read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_layout_page_gives_its_record(name):
    expected = json.loads((PAGES / f"{name}.json").read_text("utf-8"))
    assert to_record(extract_article(html_of(name), expected["url"], now=NOW)) == expected
    assert expected["layout"] == "site"


@pytest.mark.parametrize("layout", site.LAYOUTS, ids=NAMES)
def test_layout_reads_its_page_without_the_others(layout):
    page = Document(html_of(layout.name).decode(), "https://alqaheranews.net/news/1/x", NOW)
    alone, among_all = read(page, [layout]), read(page)
    assert alone is not None
    assert alone.paragraphs
    assert alone == among_all


@pytest.mark.parametrize(
    "html",
    [
        "<main><div class=row><p>1</p><p>2</p></div></main>",
        "<main><div class=row></div><div class=row><p>1</p></div></main><main><div class=row><p>2</p></div></main>",
        "<main></main><main><div class=row><div class='a row'><p>1</p></div><p>2</p></div></main>",
        "<main><main><div class='row'><p>1</p></div></main></main><div class=row><p>2</p></div>",
        "<div class=row><main><p>1</p></main></div><p class=row>2</p>",
        "<main class=row><p>1</p></main>",
    ],
)
@pytest.mark.parametrize("css", ["main .row p", "main p", ".row", "p", "main > .row p", "p:not(.row)", "h1, main p"])
def test_select_first_is_the_first_of_all_matches(html, css):
    tree = Document(html, "https://alqaheranews.net/news/1/x", NOW).tree
    assert select_first(css, tree) is next(iter(select(css)(tree)), None)
