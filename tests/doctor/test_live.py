"""`scrapy live`, the command for day one on the live site, against the replica."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from scrapy_process import PROJECT, scrapy

from alqahira.article import to_record
from alqahira.doctor.side_by_side import side_by_side
from alqahira.extraction.extractor import read_page
from alqahira.extraction.sources import Document

PAGES = Path(__file__).parents[1] / "pages" / "site"
NOW = datetime(2026, 8, 27, 9, tzinfo=UTC)


def live(root, folder):
    return scrapy("live", ALQAHIRA_SITE_URL=root, ALQAHIRA_OUTPUT_DIR=str(folder), ALQAHIRA_BROWSER="never")


def test_ten_records_are_compared_with_their_pages(replica, tmp_path):
    # With so many generated articles few of the written ones, which are odd on purpose, are among the first ten.
    ran = live(replica("--articles", "200").url, tmp_path)
    assert ran.status == 0
    assert "PAGE_QUERY\topen\t" in ran.stdout
    records, fields, same, other = map(
        int,
        re.fullmatch(r"(\d+) records, (\d+) fields: (\d+) as on the page, (\d+) not \(≠\)\.", ran.lines[-1]).groups(),
    )
    assert (records, fields) == (10, 50)
    assert (same, other) == (50, 0)
    assert ran.stdout.count("  headline =  ") == 10
    folder = tmp_path / "live"
    assert list(folder.glob("doctor-*.warc.gz"))
    assert len(list((folder / "archive").glob("*.warc.gz"))) == 2
    assert (folder / "state.db").exists()
    assert not (tmp_path / "state.db").exists(), "the everyday corpus is not touched"


def test_unreachable_site_is_not_crawled(tmp_path):
    ran = live("http://127.0.0.1:1", tmp_path)
    assert ran.status == 4
    assert "could not be reached" in ran.lines[-1]
    assert "Crawling" not in ran.stdout


@pytest.mark.parametrize("challenge", ["forbidden", "page"])
def test_refusing_site_is_not_crawled(replica, tmp_path, challenge):
    ran = live(replica("--challenge", challenge).url, tmp_path)
    assert ran.status == 1
    assert "the site refuses this crawler" in ran.lines[-1]
    assert "Crawling" not in ran.stdout


def test_unknown_argument_is_refused():
    ran = scrapy("live", "defense")
    assert (ran.status, ran.lines) == (2, ["alqahira: unknown argument 'defense'; see scrapy live --help"])


def compared(**changes):
    html = (PAGES / "177031.html").read_text("utf-8")
    url = "https://alqaheranews.net/news/177031/x"
    record = to_record(read_page(html.encode(), url, now=NOW).article) | changes
    return {row.field: row.is_same for row in side_by_side(record, Document(html, url, NOW))}


def test_record_of_a_captured_page_matches_it():
    assert compared() == {"headline": True, "date": True, "credit": True, "tags": True, "body": True}


@pytest.mark.parametrize(
    ("field", "value", "row"),
    [
        ("headline", "عنوان آخر", "headline"),
        ("date_published", "2026-08-27T03:38:00Z", "date"),
        ("date_published", None, "date"),
        ("credit_line", "القاهرة الإخبارية - رويترز", "credit"),
        ("keywords", ["مصر"], "tags"),
        ("article_body", "نص آخر", "body"),
    ],
)
def test_field_unlike_the_page_is_marked(field, value, row):
    assert [name for name, is_same in compared(**{field: value}).items() if not is_same] == [row]


BEGINNING = "عقد وزراء الخارجية اجتماعهم في بغداد،"


@pytest.mark.parametrize(
    "block",
    [
        f"{BEGINNING}<br><br>وأكدوا التعاون.",
        f"{BEGINNING} <b>وأكدوا</b> التعاون.",
        f"<br>{BEGINNING}<br>وأكدوا التعاون.",
        f"<p></p><p>{BEGINNING}</p><p>وأكدوا التعاون.</p>",
        f"<p><b>{BEGINNING}</b> وأكدوا التعاون.</p>",
    ],
)
@pytest.mark.parametrize(("body", "is_same"), [(f"{BEGINNING} وأكدوا التعاون.", True), ("وأكدوا التعاون.", False)])
def test_body_is_compared_however_the_page_parts_it(block, body, is_same):
    html = f'<article><div class="htmlCode"> </div><div class="htmlCode">{block}</div></article>'
    record = {"headline": "", "date_published": None, "credit_line": None, "keywords": [], "article_body": body}
    rows = {row.field: row for row in side_by_side(record, Document(html, "https://alqaheranews.net/news/1/x", NOW))}
    assert rows["body"].is_same is is_same


def test_make_live_runs_the_command():
    makefile = (PROJECT / "Makefile").read_text("utf-8")
    assert re.search(r"^live: .*\n\t\$\(VENV\)/bin/scrapy live$", makefile, re.MULTILINE)
