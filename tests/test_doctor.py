"""The doctor says the right thing of the replica, whatever face it shows."""

import re

import pytest
from crawling import UNTHROTTLED, scrapy

needs_browser = pytest.mark.browser


def doctor(root, **settings):
    ran = scrapy("doctor", settings=UNTHROTTLED | {"ALQAHIRA_SITE_URL": root} | settings, COLUMNS="400")
    rows = [[cell.strip() for cell in line.strip("│ ").split("│")] for line in ran.stdout.splitlines() if "│" in line]
    return ran, {row[0]: (row[2].removesuffix(" (needed)"), row[3]) for row in rows if len(row) == 4}


def failing(found):
    return {fact for fact, (verdict, _) in found.items() if verdict == "fails"}


@needs_browser
def test_on_the_site_as_we_know_it_every_fact_that_can_be_seen_holds(replica):
    ran, found = doctor(replica("--page-size", "4").url)
    assert ran.status == 0
    assert failing(found) == set()
    assert (
        found["LOAD_MORE"][1].endswith("it requests GET /api/listing?page=…&slug=…&type=…")
        or "it requests GET" in found["LOAD_MORE"][1]
    )
    assert found["the visible date's form"][1].startswith("«")
    assert "jsonld on" in found["record: date_published"][1]


def test_after_a_redesign_it_names_the_selectors_to_correct_and_what_it_found_instead(replica):
    ran, found = doctor(replica("--classes", "renamed").url, ALQAHIRA_BROWSER="never")
    assert ran.status == 0, "the crawl goes on, by metadata and structure"
    assert {"CARD_LINK", "HEADLINE", "PARAGRAPHS", "ARTICLE_ROOT"} <= failing(found)
    assert re.search(r"found instead: .*h1", found["HEADLINE"][1])
    assert re.search(r"found instead: .* > p", found["PARAGRAPHS"][1])
    assert "Correct in alqahira/site.py: CARD_LINK" in ran.stdout


def test_without_metadata_the_date_is_said_to_be_visible(replica):
    _, found = doctor(replica("--metadata", "none").url, ALQAHIRA_BROWSER="never")
    assert "visible on" in found["record: date_published"][1]


@pytest.mark.parametrize(("form", "fact"), [("next_data", "NEXT_DATA_SCRIPT"), ("next_f", "NEXT_FLIGHT_PUSH")])
def test_page_data_is_seen(replica, form, fact):
    _, found = doctor(replica("--page-data", form).url, ALQAHIRA_BROWSER="never")
    assert found[fact][0] == "holds"


@needs_browser
def test_a_site_that_a_browser_must_render_is_told_so(replica):
    ran, found = doctor(replica("--render", "client").url)
    assert ran.status == 0
    assert {"listings by plain HTTP", "articles by plain HTTP"} <= failing(found)


def test_without_a_browser_a_site_that_needs_one_fails(replica):
    ran, found = doctor(replica("--render", "client").url, ALQAHIRA_BROWSER="never")
    assert ran.status == 1
    assert found["CATEGORIES"][0] == "fails"


def test_a_site_that_does_not_answer_is_one_line_and_status_1():
    ran, _ = doctor("http://127.0.0.1:1", RETRY_TIMES="0", ALQAHIRA_BACKOFF_BASE="0.01")
    assert ran.status == 1
    assert "does not answer" in ran.lines[-1]
    assert "Traceback" not in ran.stderr


def test_next_pages_are_seen(replica):
    _, found = doctor(replica("--paging", "next", "--page-size", "4").url, ALQAHIRA_BROWSER="never")
    assert found["NEXT_PAGE"][0] == "holds"
