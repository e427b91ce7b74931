"""Pages that answer 200 with something else than their article: nothing is overwritten, invented or lost."""

import json
import signal
from collections import Counter
from datetime import UTC, datetime, timedelta
from html import escape
from urllib.parse import urlsplit

import pytest
from http_server import QuietHandler, serving
from ledger_scenario import live, opened, pending
from replica_server import start_replica
from scrapy_process import Corpus, scrapy_here
from sqlalchemy import func, select
from undisturbed import NOW, SETTINGS, site_of

from alqahira.ledger.tables import pages
from alqahira.replica.article import make_slug
from alqahira.replica.body import body_text
from alqahira.replica.newsroom import Newsroom
from alqahira.replica.options import ReplicaOptions

PAUSES = {"RETRY_TIMES": "0", "ALQAHIRA_BACKOFF_BASE": "0.01"}


def causes(corpus, outcome="quarantined"):
    return corpus.summary()["account"]["causes"].get(outcome, {})


@pytest.mark.chaos
@pytest.mark.parametrize("instead", ["challenge", "maintenance"])
@pytest.mark.parametrize("known", [2, 400], ids=["new articles", "known articles"])
def test_site_that_shows_one_page_for_all_articles_changes_nothing(tmp_path, instead, known):
    with site_of(12, tmp_path) as site:
        port = urlsplit(site.server.url).port
        corpus = Corpus(tmp_path / "output", site.server.url)
        corpus.crawl("defense", "-a", f"max_articles={known}", settings=SETTINGS)
        before = corpus.lines()
        assert before
    server = start_replica("--articles", "12", "--now", NOW, "--instead", instead, "--port", str(port))
    for _ in range(6):
        ran = corpus.crawl("defense", settings=SETTINGS | PAUSES)
        assert ran.status == 1, ran.stderr
        assert corpus.lines() == before
        assert "repeated_text" in failed_monitors(corpus)
        assert causes(corpus, "off_topic") == causes(corpus, "accepted") == causes(corpus, "duplicate") == {}
    server.stop()
    server = start_replica("--articles", "12", "--now", NOW, "--port", str(port))
    try:
        for _ in range(2):
            assert corpus.crawl("defense", settings=SETTINGS).status == 0
    finally:
        server.stop()
    assert site.wrong(tmp_path / "output") == []
    assert quarantine(corpus).stdout == "0 pages in quarantine\n"


def quarantine(corpus, *arguments):
    return scrapy_here("quarantine", *arguments, settings={"ALQAHIRA_OUTPUT_DIR": str(corpus.folder)})


# --- single pages -------------------------------------------------------------------------------

PAGE = """<!DOCTYPE html><html lang="ar"><head><meta charset="utf-8">{head}</head><body><main>
<div class="single-content2"><div class="entry-header"><h1>{headline}</h1></div><article class="entry-wraper">
<div class="entry-main-content"><div class="htmlCode">{text}</div></div></article></div></main></body></html>"""
# A heading that is not the title: no article by its structure.
GATE = (
    "<html><head><title>القاهرة الإخبارية</title></head><body><h1>نتحقق من متصفحك</h1><p>الطلب 8f3a{}</p></body></html>"
)
# On the topic; in the site's own layout it is an article like any other.
MAINTENANCE = ("نعود إليكم قريبا", "تتابعون أخبار القوات المسلحة ووزارة الدفاع والمناورات العسكرية على شاشة القناة.")
# A heading that is the title: by its structure an article.
CHECK = (
    "<html><head><title>One more step before you continue</title></head><body><h1>One more step before you continue</h1>"
    "<p>Checking your browser before accessing the site. It will redirect you shortly.</p></body></html>"
)


class SmallSite:
    """Numbered articles on a listing and in a sitemap; `answers` replaces what an article's address answers.

    `slugs`: the words of an article's address.
    """

    def __init__(self, texts):
        self.texts, self.dates, self.slugs, self.canonical, self.answers = {}, {}, {}, {}, {}
        for n, text in enumerate(texts):
            self.add(100 + n, text)

    def add(self, number, text):
        self.texts[number], self.slugs[number] = text, "x"
        self.dates[number] = datetime.now(UTC) - timedelta(hours=3, minutes=number)

    def page(self, number):
        headline, text = self.texts[number]
        head = f'<meta property="article:published_time" content="{self.dates[number].isoformat()}">'
        if number in self.canonical:
            head += f'<link rel="canonical" href="/news/{self.canonical[number]}/x">'
        body = "".join(f"<p>{escape(part)}</p>" for part in text.split("\n\n"))
        return PAGE.format(head=head, headline=escape(headline), text=body)

    def handler(site):
        class Handler(QuietHandler):
            def do_GET(self):
                path = urlsplit(self.path).path
                if path == "/robots.txt":
                    return self.answer(f"Sitemap: http://{self.headers['Host']}/sitemap.xml".encode(), "text/plain")
                if path == "/sitemap.xml":
                    now, root = datetime.now(UTC).isoformat(), f"http://{self.headers['Host']}"
                    urls = "".join(
                        f"<url><loc>{root}/news/{n}/{slug}</loc><lastmod>{now}</lastmod></url>"
                        for n, slug in site.slugs.items()
                    )
                    return self.answer(f"<urlset>{urls}</urlset>".encode(), "application/xml")
                if not path.startswith("/news/"):
                    cards = "".join(
                        f'<article><h5><a href="/news/{n}/{site.slugs[n]}">{escape(headline)}</a></h5></article>'
                        for n, (headline, _) in site.texts.items()
                    )
                    return self.answer(f"<html><body><main>{cards}</main></body></html>".encode(), "text/html")
                number = int(path.split("/")[2])
                answer = site.answers.get(number) or site.page(number)
                if isinstance(answer, int):
                    return self.answer(b"", "text/html", 301, Location=f"/news/{answer}/x")
                return self.answer(answer.encode(), "text/html; charset=utf-8")

        return Handler


@pytest.fixture(scope="module")
def texts():
    """(headline, body) of 20 articles on the topic of defense."""
    articles = Newsroom(ReplicaOptions(articles=300)).articles()
    on_topic = (a for a in articles if a.kind == "post" and "defense" in a.topics and a.number > 90_000 and a.blocks)
    return [(a.headline, body_text(a.blocks)) for a, _ in zip(on_topic, range(20), strict=False)]


@pytest.fixture
def small(texts, tmp_path):
    """A crawled small site of 12 articles, and its corpus."""
    site = SmallSite(texts[:12])
    with serving(site.handler()) as server:
        corpus = Corpus(tmp_path / "output", f"http://127.0.0.1:{server.server_port}")
        settings = {"ALQAHIRA_BROWSER": "never"} | PAUSES
        site.crawl = lambda more={}, **how: corpus.crawl("defense", settings=settings | more, **how)
        ran = site.crawl()
        assert ran.status == 0, ran.stderr
        assert len(corpus.by_id()) == 12, ran.stderr
        yield site, corpus


def failed_monitors(corpus):
    return [each["name"] for each in corpus.summary()["monitors"] if each["passed"] is False]


def test_single_lying_pages_wait_in_quarantine_until_somebody_decides(small, texts):
    site, corpus = small
    site.answers = dict.fromkeys((100, 101, 102), CHECK)
    site.texts[103] = texts[13]  # the id of another story
    site.texts[104] = (site.texts[104][0], site.texts[104][1] + "\n\nتصحيح: العدد 45 وليس 12 كما ورد من قبل.")
    ran = site.crawl()
    assert ran.status == 0, ran.stderr
    assert causes(corpus) == {"another_story": 1, "other_language": 3}
    assert causes(corpus, "accepted") == {"revision": 1}
    assert Counter(record["revision"] for record in corpus.by_id().values()) == {1: 11, 2: 1}
    listed = quarantine(corpus, "list")
    assert sorted(line.split()[:2] for line in listed.lines[:-1]) == [
        *(["100", "other_language"], ["101", "other_language"], ["102", "other_language"], ["103", "another_story"]),
    ]
    assert json.loads(quarantine(corpus, "show", "103").stdout)["record"]["headline"] == texts[13][0]
    assert [quarantine(corpus, "release", "103").status for _ in range(2)] == [0, 2]
    assert [quarantine(corpus, "drop", "102").status for _ in range(2)] == [0, 2]
    site.answers = {}
    assert site.crawl().status == 0
    assert corpus.by_id()["103"]["headline"] == texts[13][0]
    assert Counter(record["revision"] for record in corpus.by_id().values()) == {1: 10, 2: 2}
    assert quarantine(corpus).lines == ["0 pages in quarantine"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("show", "7"), "7 is not in quarantine; see scrapy quarantine list"),
        (("release", "7"), "7 is not in quarantine; see scrapy quarantine list"),
        (("drop", "7"), "7 is not in quarantine; see scrapy quarantine list"),
        (("drop",), "scrapy quarantine drop takes an ID"),
        (("list", "7"), "scrapy quarantine list takes no ID"),
        (("empty",), "'empty' is none of list, show, release, drop"),
        (("drop", "7", "8"), "unknown argument '8'; see scrapy quarantine --help"),
    ],
    ids=" ".join,
)
def test_refusal_is_one_line(archived, arguments, line):
    ran = quarantine(archived, *arguments)
    assert (ran.status, len(ran.lines)) == (2, 1)
    assert line in ran.lines[0]


@pytest.mark.parametrize("arguments", [(), ("show", "7"), ("release", "7"), ("drop", "7")])
def test_nothing_is_made_where_no_run_has_written(tmp_path, arguments):
    ran = scrapy_here("quarantine", *arguments, settings={"ALQAHIRA_OUTPUT_DIR": str(tmp_path / "output")})
    assert (ran.status, len(ran.lines)) == (2, 1)
    assert [*tmp_path.iterdir()] == []


def test_release_and_drop_take_the_lock_and_list_does_not(tmp_path):
    live(tmp_path)
    settings = {"ALQAHIRA_OUTPUT_DIR": str(tmp_path)}
    with opened(tmp_path):
        ran = [
            scrapy_here("quarantine", *arguments, settings=settings) for arguments in (("release", "1"), ("drop", "1"))
        ]
        assert [(one.status, len(one.lines)) for one in ran] == [(3, 1), (3, 1)]
        assert scrapy_here("quarantine", settings=settings).status == 0


@pytest.mark.chaos
def test_page_of_another_article_is_not_taken(small, texts):
    site, corpus = small
    site.answers = {100: 101, 102: 103}  # moved; only 103 says of itself that it is at home there
    site.canonical = {103: 103, 104: 105, 106: 106}
    site.add(112, texts[13])
    site.add(113, texts[14])
    site.canonical |= {112: 101, 113: 113}
    ran = site.crawl()
    assert ran.status == 0, ran.stderr
    assert causes(corpus, "failed") == {"another_article": 2, "redirected_to_another": 1}
    assert causes(corpus, "unchanged") == {"same_content": 10}
    assert {record["article_id"] for record in corpus.records()} == {str(number) for number in [*range(100, 112), 113]}
    site.answers, site.canonical = {}, {}
    assert site.crawl().status == 0
    assert sum(causes(corpus, "unchanged").values()) == 13  # most not due: the sitemap's last dates brought nothing new
    assert len(corpus.lines()) == 14


@pytest.mark.chaos
def test_new_pages_that_do_not_tell_what_their_address_names_wait(small, texts):
    site, corpus = small
    for number, text in zip((112, 113), texts[12:14], strict=True):
        site.add(number, text)
        site.slugs[number] = make_slug(text[0])
    told, site.texts[112], site.texts[113] = site.texts[112], MAINTENANCE, texts[14]
    ran = site.crawl()
    assert ran.status == 0, ran.stderr
    assert causes(corpus) == {"another_story": 2}
    assert len(corpus.lines()) == 12
    site.texts[112] = told
    assert site.crawl().status == 0
    assert (corpus.by_id()["112"]["headline"], len(corpus.lines())) == (told[0], 13)
    assert len(quarantine(corpus).lines) == 2


@pytest.fixture
def flooded(small, texts):
    """The small site with eight new articles, all of which show one notice on the topic without a date of its own."""
    site, corpus = small
    for number, text in enumerate(texts[12:], 112):
        site.add(number, text)
    notice = PAGE.format(head="", headline=MAINTENANCE[0], text=f"<p>{' '.join([MAINTENANCE[1]] * 3)}</p>")
    site.answers = dict.fromkeys(range(112, 120), notice)
    return site, corpus


def lying_lines(corpus):
    return [record["article_id"] for record in corpus.records() if record["headline"] == MAINTENANCE[0]]


@pytest.mark.chaos
def test_text_of_many_is_not_published_by_the_run_after_a_killed_one(flooded):
    site, corpus = flooded
    now = datetime.now(UTC)
    one_by_one = {"CONCURRENT_REQUESTS_PER_DOMAIN": "1"}
    dies = site.crawl(one_by_one, clock=now, PRETENDED_POISON="/news/11", PRETENDED_POISON_AT="4")
    assert dies.status == -signal.SIGKILL
    with opened(corpus.folder) as ledger:
        assert [int(seen.key) in site.answers for seen, _ in ledger.unsealed()] == [True]
    assert (site.crawl().status, failed_monitors(corpus), lying_lines(corpus)) == (1, ["repeated_text"], [])
    site.answers = {}
    assert site.crawl(clock=now + timedelta(hours=3)).status == 0
    assert len(corpus.by_id()) == 20
    assert lying_lines(corpus) == []


@pytest.mark.chaos
def test_line_that_was_sealed_before_the_fourth_page_blocks_no_article(flooded):
    site, corpus = flooded
    parts_of_one = {"ALQAHIRA_PART_MAX_ROWS": "1", "ALQAHIRA_NEAR_DUPLICATES": "off"}
    for _ in range(2):
        assert site.crawl(parts_of_one).status == 1
        published = lying_lines(corpus)
        assert 0 < len(published) < 4
    site.answers = {}
    assert site.crawl(parts_of_one).status == 0
    assert lying_lines(corpus) == published
    newest = corpus.by_id()
    assert {number: newest[str(number)]["headline"] for number in site.texts} == {
        n: t[0] for n, t in site.texts.items()
    }


@pytest.mark.chaos
def test_bot_check_without_an_article_at_half_of_the_pages_is_no_attempt(small, texts):
    site, corpus = small
    for number in (112, 113, 114):
        site.add(number, texts[number - 100])
    lying = (100, 101, 102, 103, 104, 112, 113)
    site.answers = {number: GATE.format(number) for number in lying}
    for _ in range(2):
        ran = site.crawl()
        assert (ran.status, failed_monitors(corpus)) == (1, ["repeated_text"])
        assert causes(corpus, "failed") == {"same_text": 7}
        assert ran.lines[-1].endswith("7 pages show one text, as a bot check or maintenance does")
    assert len(corpus.lines()) == 13
    with opened(corpus.folder) as ledger:
        assert {link.key for link in pending(ledger)} == {"112", "113"}
        with ledger.reading() as connection:
            assert connection.scalar(select(func.sum(pages.c.attempts))) == 0
    site.answers = {}
    assert site.crawl().status == 0
    assert len(corpus.lines()) == 15
