"""The doctor says the right thing of the replica, whatever face it shows."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from time import process_time

import pytest
from crawling import UNTHROTTLED, Corpus, scrapy

from alqahira import site
from alqahira.article import Article
from alqahira.doctor.proposals import KnownPage, propose
from alqahira.extract import read_page
from alqahira.replica.newsroom import Newsroom
from alqahira.replica.options import ReplicaOptions
from alqahira.replica.pages import Pages
from alqahira.sources import Page
from alqahira.sources.site_markup import read, select

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


def replica_pages(now, **switches):
    """(page, truth) of every written article of a replica with these switches."""
    options = ReplicaOptions(now=now, **switches)
    newsroom = Newsroom(options, real_now=now)
    pages = Pages(options, newsroom)
    for article in newsroom.articles():
        if not article.not_article:
            expected = article.expected(options, page_only=True)
            yield Page(pages.article(article), pages.url(article), now), expected


def test_after_a_redesign_it_proposes_a_layout_that_reads_every_article_as_before(replica, tmp_path):
    corpus = Corpus(tmp_path / "output", replica().url)
    assert corpus.crawl("defense").status == 0
    redesigned = replica("--classes", "renamed", "--metadata", "none")
    ran, _ = doctor(redesigned.url, ALQAHIRA_BROWSER="never", ALQAHIRA_OUTPUT_DIR=str(corpus.folder))
    assert "These selectors give the known records" in ran.stdout
    printed = ran.stdout[ran.stdout.index("ArticleLayout(") :]
    layout = eval(printed, {"ArticleLayout": site.ArticleLayout})
    for page, expected in replica_pages(redesigned.now, classes="renamed", metadata="none"):
        found = read(page, [layout])
        assert found.headline == expected["headline"]
        assert "\n\n".join(found.paragraphs) == expected["article_body"]
        assert (found.image_url, found.image_caption) == (expected["image_url"], expected["image_caption"])
        assert (found.credit_line, found.keywords) == (expected["credit_line"], expected["keywords"])


def test_where_the_known_layout_holds_none_is_proposed(replica, tmp_path):
    corpus = Corpus(tmp_path / "output", replica().url)
    assert corpus.crawl("defense").status == 0
    ran, _ = doctor(corpus.site_url, ALQAHIRA_BROWSER="never", ALQAHIRA_OUTPUT_DIR=str(corpus.folder))
    assert "ArticleLayout(" not in ran.stdout


def test_one_revised_article_does_not_spoil_the_proposal():
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    redesigned = replica_pages(now, classes="renamed", metadata="none")
    known = [KnownPage(page, record_of(page, expected)) for page, expected in redesigned][:6]
    known[2] = replace(known[2], record=replace(known[2].record, headline="عنوان آخر قبل التعديل"))
    proposed = propose(known)
    assert proposed is not None
    headline = next(proposal for proposal in proposed.proposals if proposal.name == "headline")
    assert (headline.gives, headline.of) == (5, 6)
    assert "body" in {proposal.name for proposal in proposed.proposals}


def record_of(page, expected) -> Article:
    article = read_page(page.html, page.url, now=page.now).article
    return replace(article, headline=expected["headline"], article_body=expected["article_body"])


def test_what_no_selector_names_is_passed_over_in_a_proposal():
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    redesigned = list(replica_pages(now, classes="renamed", metadata="none"))[:4]
    odd = [
        (replace(page, html=page.html.replace("<h1", "<o:p><h1").replace("</h1>", "</h1></o:p>")), e)
        for page, e in redesigned
    ]
    proposed = propose([KnownPage(page, record_of(page, expected)) for page, expected in odd])
    assert {"headline", "body"} <= {proposal.name for proposal in proposed.proposals}


def test_a_proposal_looks_into_a_bounded_part_of_a_page():
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    nested = "<div>" * 80 + '<i class="c">x y</i>' * 120 + "</div>" * 80
    pages = [
        (replace(page, html=page.html.replace("</body>", nested * 100 + "</body>")), e)
        for page, e in list(replica_pages(now, classes="renamed", metadata="none"))[:2]
    ]
    known = [KnownPage(page, record_of(page, expected)) for page, expected in pages]

    def cost(look):
        begun = process_time()
        assert look()
        return process_time() - begun

    # Measured: 500. A look through both pages is what the same machine can do at least.
    a_look = min(cost(lambda: [select(".c")(one.page.tree) for one in known]) for _ in range(20))
    assert cost(lambda: propose(known)) < 1_000 * a_look
