"""The doctor says the right thing of the replica, whatever face it shows."""

import re

import pytest
from crawling import UNTHROTTLED, scrapy

from alqahira import site

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
    assert "it requests GET /api/listing?" in found["LOAD_MORE"][1]
    assert set(site.facts()) <= set(found), "every fact has a row"
    assert found["ROOT"][0] == "not seen", "the replica is not the site"
    assert found["TIME_ZONE"][0] == found["IMAGE_CLOCKS_AGREE_MS"][0] == "holds"
    assert "القوات المسلحة" in found["SECTIONS[defense].tags"][1]
    assert found["the visible date's form"][1].startswith("«")
    assert "jsonld on" in found["record: date_published"][1]


def test_after_a_redesign_it_names_the_selectors_to_correct_and_what_it_found_instead(replica):
    ran, found = doctor(replica("--classes", "renamed").url, ALQAHIRA_BROWSER="never")
    assert ran.status == 0, "the crawl goes on, by metadata and structure"
    assert {"CARD_LINK", "HEADLINE", "PARAGRAPHS", "ARTICLE_ROOT"} <= failing(found)
    assert re.search(r"found instead: .*h1", found["HEADLINE"][1])
    assert re.search(r"found instead: .* > p", found["PARAGRAPHS"][1])
    assert "Correct in alqahira/site.py: CARD, CARD_LINK" in ran.stdout


def test_without_metadata_the_date_is_said_to_be_visible(replica):
    _, found = doctor(replica("--metadata", "none").url, ALQAHIRA_BROWSER="never")
    assert "visible on" in found["record: date_published"][1]


@pytest.mark.parametrize("switches", [("--title", "headline"), ("--slug", "serve"), ("--articles", "40")])
def test_what_a_crawl_does_not_mind_fails_nothing(replica, switches):
    ran, found = doctor(replica(*switches).url, ALQAHIRA_BROWSER="never")
    assert ran.status == 0
    assert failing(found) == set()


def test_a_title_that_is_more_than_the_site_s_name_is_shown(replica):
    _, found = doctor(replica("--title", "headline").url, ALQAHIRA_BROWSER="never")
    assert found["BARE_TITLES"][0] == "not seen"
    assert " | " in found["BARE_TITLES"][1] or " - " in found["BARE_TITLES"][1]


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
