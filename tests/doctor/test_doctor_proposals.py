"""After a redesign the doctor proposes selectors that give the known records."""

from dataclasses import replace
from datetime import UTC, datetime
from time import process_time

import pytest
from scrapy_process import Corpus
from test_doctor import doctor

from alqahira import site
from alqahira.article import Article
from alqahira.doctor.proposals import KnownPage, propose
from alqahira.extraction.extractor import read_page
from alqahira.extraction.sources import Document
from alqahira.extraction.sources.site_markup import read, select
from alqahira.replica.newsroom import Newsroom
from alqahira.replica.options import ReplicaOptions
from alqahira.replica.pages import Pages


def replica_pages(now, **switches):
    """(page, truth) of every written article of a replica with these switches."""
    options = ReplicaOptions(now=now, **switches)
    newsroom = Newsroom(options, real_now=now)
    pages = Pages(options, newsroom)
    for article in newsroom.articles():
        if not article.not_article:
            expected = article.expected(options, page_only=True)
            # Markup would escape what the tests put in.
            yield Document(str(pages.article(article)), pages.url(article), now), expected


@pytest.mark.sites
def test_proposed_layout_reads_every_redesigned_article_as_before(replica, tmp_path):
    server = replica()
    corpus = Corpus(tmp_path / "output", server.url)
    assert corpus.crawl("defense").status == 0
    # The names of the newest images follow the clock.
    redesigned = replica("--classes", "renamed", "--metadata", "none", "--now", server.now.isoformat())
    ran, _ = doctor(redesigned.url, ALQAHIRA_BROWSER="never", ALQAHIRA_OUTPUT_DIR=str(corpus.folder))
    assert "These selectors give the known records" in ran.stdout
    printed = ran.stdout[ran.stdout.index("ArticleLayout(") :]
    layout = eval(printed, {"ArticleLayout": site.ArticleLayout})
    for page, expected in replica_pages(server.now, classes="renamed", metadata="none"):
        fields = read(page, [layout])
        assert fields.headline == expected["headline"]
        assert "\n\n".join(fields.paragraphs) == expected["article_body"]
        assert (fields.image_url, fields.image_caption) == (expected["image_url"], expected["image_caption"])
        assert (fields.credit_line, fields.keywords) == (expected["credit_line"], expected["keywords"])


def test_known_layout_gets_no_proposal(replica, tmp_path):
    corpus = Corpus(tmp_path / "output", replica().url)
    assert corpus.crawl("defense").status == 0
    ran, _ = doctor(corpus.site_url, ALQAHIRA_BROWSER="never", ALQAHIRA_OUTPUT_DIR=str(corpus.folder))
    assert "ArticleLayout(" not in ran.stdout


def test_one_revised_article_is_tolerated():
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    redesigned = replica_pages(now, classes="renamed", metadata="none")
    known = [KnownPage(page, record_of(page, expected)) for page, expected in redesigned][:6]
    known[2] = replace(known[2], record=replace(known[2].record, headline="عنوان آخر قبل التعديل"))
    proposed = propose(known)
    assert proposed is not None
    assert (proposed.proposals["headline"].misses, proposed.pages) == (1, 6)
    assert "body" in proposed.proposals


def record_of(page, expected) -> Article:
    article = read_page(page.html, page.url, now=page.now).article
    return replace(article, headline=expected["headline"], article_body=expected["article_body"])


def test_tag_that_no_selector_can_name_is_skipped():
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    redesigned = list(replica_pages(now, classes="renamed", metadata="none"))[:4]
    odd = [
        (replace(page, html=page.html.replace("<h1", "<o:p><h1").replace("</h1>", "</h1></o:p>")), e)
        for page, e in redesigned
    ]
    proposed = propose([KnownPage(page, record_of(page, expected)) for page, expected in odd])
    assert {"headline", "body"} <= proposed.proposals.keys()


@pytest.mark.perf
def test_proposal_costs_are_bounded_on_huge_pages():
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    nested = "<div>" * 60 + '<i class="c">x y</i>' * 120 + "</div>" * 60  # within the bounds of a page
    pages = [
        (replace(page, html=page.html.replace("</body>", nested * 40 + "</body>")), e)
        for page, e in list(replica_pages(now, classes="renamed", metadata="none"))[:2]
    ]
    known = [KnownPage(page, record_of(page, expected)) for page, expected in pages]

    def cost(work):
        begun = process_time()
        assert work()
        return process_time() - begun

    # Measured: 340 times one search of both pages.
    one_search = min(cost(lambda: [select(".c")(one.page.tree) for one in known]) for _ in range(20))
    assert cost(lambda: propose(known)) < 1_000 * one_search
