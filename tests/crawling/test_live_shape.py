"""The captured site, with every variant of what is still unknown about it.

Both spiders bring every article, every field exact, by each paging method and from each source alone; what is no
article has its own outcome; nothing but the site receives requests.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from http_server import QuietHandler, serving
from ledger_scenario import body
from replica_server import start_replica
from scrapy_process import UNTHROTTLED, Corpus, scrapy

from alqahira import site
from alqahira.replica.options import ReplicaOptions
from alqahira.text.dates import cairo_day

SECTIONS = ("defense", "foreign_affairs")
NO_BROWSER = {"ALQAHIRA_BROWSER": "never"}
# Twelve posts a page, so that three weeks lie on several pages, and no sitemap that leads past them.
DEEP = ("--sitemaps", "none", "--page-size", "12")
DAYS = 21
# Its printed date is an unedited default of 2023: without metadata and data it is outside the requested days.
DEFAULT_DATE = "61512"


def crawl_both(folder: Path, *switches: str, settings: dict[str, str] | None = None):
    """Both spiders, three weeks back; the corpus with the server's log, truth and clock."""
    server = start_replica(*switches, log=folder / "access.jsonl")
    corpus = Corpus(folder / "output", server.url)
    since = cairo_day(server.now) - timedelta(days=DAYS)
    corpus.runs = [corpus.crawl(name, "-a", f"since={since}", settings=settings) for name in SECTIONS]
    corpus.seen, corpus.truth, corpus.now = server.log(), server.truth(), server.now
    server.stop()
    return corpus


def wanted(corpus) -> set[str]:
    """Numbers of the articles on the topics in those weeks; of a wire story with a copy, neither."""
    copies = {str(a.duplicate_of) for a in corpus.truth.values() if a.duplicate_of}
    return {
        number
        for number, article in corpus.truth.items()
        if article.topics
        and not article.not_article
        and not article.duplicate_of
        and number not in copies
        and article.listed > corpus.now - timedelta(days=DAYS - 1)
    }


def differences(corpus, options: ReplicaOptions, *, without: tuple[str, ...] = ()):
    """(number, field, in the corpus, in truth) wherever they differ; topics are judged elsewhere."""
    for number, record in corpus.by_id().items():
        article = corpus.truth[number]
        for name, value in article.expected(options).items():
            stored = record[name]
            if isinstance(value, datetime) and stored:
                stored = datetime.fromisoformat(stored)
                value = stored if abs(stored - value) <= article.tolerance else value
            if stored != value and name not in ("topics", *without):
                yield number, name, stored, value


def causes(ran, outcome: str) -> dict[str, int]:
    """The causes of one outcome in a run's account line."""
    line = next(line for line in ran.lines if " discovered = " in line)
    part = next(part for part in line.split(" + ") if f" {outcome}" in part)
    inside = part.partition("(")[2].partition(")")[0]
    return {name: int(number) for name, number in (entry.rsplit(" ", 1) for entry in inside.split(", ") if entry)}


def assert_exact(corpus):
    """Every article of those weeks is there, every field exact."""
    assert [ran.status for ran in corpus.runs] == [0, 0], corpus.runs[0].stderr
    assert wanted(corpus) - corpus.by_id().keys() == set()
    assert list(differences(corpus, ReplicaOptions(sitemaps="none"))) == []


@pytest.mark.parametrize(
    "paging",
    [
        pytest.param("next_data", marks=pytest.mark.sites),
        pytest.param("press", marks=pytest.mark.browser),
        pytest.param("press_post", marks=pytest.mark.browser),
        pytest.param("next", marks=pytest.mark.sites),
    ],
)
def test_every_article_comes_by_each_paging_method(tmp_path, paging):
    settings = None if "press" in paging else NO_BROWSER
    assert_exact(crawl_both(tmp_path, *DEEP, "--paging", paging, settings=settings))


@pytest.mark.parametrize(
    "switches",
    [
        ("--page-data", "none"),
        ("--metadata", "none"),
        ("--page-data", "none", "--metadata", "none"),
        ("--classes", "renamed", "--metadata", "none"),
        ("--classes", "older"),
        ("--page-data", "next_f", "--metadata", "none"),
        ("--mixed-kinds", "--metadata", "none"),
    ],
    ids=" ".join,
)
@pytest.mark.sites
def test_every_article_comes_from_each_source_alone(tmp_path, switches):
    corpus = crawl_both(tmp_path, *DEEP, *switches, settings=NO_BROWSER)
    assert [ran.status for ran in corpus.runs] == [0, 0], corpus.runs[0].stderr
    flags = [switch for switch in switches if switch.startswith("--") and switch != "--mixed-kinds"]
    values = {flag.removeprefix("--").replace("-", "_"): switches[switches.index(flag) + 1] for flag in flags}
    options = ReplicaOptions(sitemaps="none", **values)
    shows_no_date = options.metadata == options.page_data == "none" or options.classes == "older"
    missing = wanted(corpus) - corpus.by_id().keys() - ({DEFAULT_DATE} if shows_no_date else set())
    assert missing == set()
    assert list(differences(corpus, options)) == []


@pytest.fixture(scope="module")
def deep(tmp_path_factory):
    """Three weeks by ?page=N, crawled once for all tests that only read the outcome."""
    return crawl_both(tmp_path_factory.mktemp("deep"), *DEEP, settings=NO_BROWSER)


def test_every_article_comes_by_page_numbers(deep):
    assert_exact(deep)


def test_other_kinds_have_their_own_outcome_and_are_never_requested(deep):
    others = {number: article.kind for number, article in deep.truth.items() if article.kind != "post"}
    for ran in deep.runs:
        assert set(causes(ran, "not_article")) == {"infographic", "album", "video"}
        assert not set(causes(ran, "failed")) & set(others.values())
    requested = {entry["path"].split("/")[2] for entry in deep.seen if entry["path"].startswith("/news/")}
    assert requested
    assert requested.isdisjoint(others)


def test_other_kind_in_a_sitemap_is_not_requested_where_a_listing_shows_it(replica, tmp_path):
    server = replica()
    Corpus(tmp_path / "output", server.url).crawl("defense", settings=NO_BROWSER)
    shown = {number for number, article in server.truth().items() if article.kind != "post"}
    requested = {entry["path"].split("/")[2] for entry in server.log() if entry["path"].startswith("/news/")}
    assert requested.isdisjoint(shown)


def test_missing_category_is_one_warning(tmp_path):
    class OneCategory(QuietHandler):
        def do_GET(self):
            if self.path != site.CATEGORY_URL.value.format(slug=quote("أخبار")):
                self.send_error(404)
                return
            card = b'<article><div class="post-thumb"><a class="img-link" href="/news/1/x"></a></div></article>'
            self.answer(b"<main>" + card + b"</main>", "text/html")

    with serving(OneCategory) as server:
        root = f"http://127.0.0.1:{server.server_port}"
        ran = Corpus(tmp_path / "output", root).crawl("defense", settings=NO_BROWSER)
    gone = [line for line in ran.lines if "WARNING: Listing" in line and line.endswith("http_404")]
    assert len(gone) == len(site.SECTIONS["defense"].categories.value) - 1


@pytest.mark.sites
def test_other_kind_that_only_its_page_shows_is_requested_once(replica, tmp_path):
    server = replica("--page-data", "none", "--mixed-kinds")
    corpus = Corpus(tmp_path / "output", server.url)
    others = {number for number, article in server.truth().items() if article.kind != "post"}
    first = corpus.crawl("defense")
    assert set(causes(first, "not_article")) == {"infographic", "album", "video"}
    before = len(server.log())
    second = corpus.crawl("defense")
    assert causes(second, "not_article") == causes(first, "not_article")
    again = {entry["path"].split("/")[2] for entry in server.log()[before:] if entry["path"].startswith("/news/")}
    assert again.isdisjoint(others)
    assert first.status == second.status == 0


def test_listing_that_cannot_be_paged_fails_a_run_with_since(replica, tmp_path):
    server = replica(*DEEP, "--paging", "none")
    since = cairo_day(server.now) - timedelta(days=DAYS)
    ran = Corpus(tmp_path / "output", server.url).crawl("defense", "-a", f"since={since}", settings=NO_BROWSER)
    assert ran.status == 1
    assert "were read no further than their first page" in ran.lines[-1]
    assert "its first page of 2 (" in ran.lines[-1]


def test_first_page_is_enough_without_since(replica, tmp_path):
    server = replica(*DEEP, "--paging", "none")
    assert Corpus(tmp_path / "output", server.url).crawl("defense", settings=NO_BROWSER).status == 0


@pytest.mark.browser
def test_press_is_learned_once_and_replayed_by_plain_http(replica, tmp_path):
    server = replica(*DEEP, "--paging", "press", "--control")
    corpus = Corpus(tmp_path / "output", server.url)
    since = f"since={cairo_day(server.now) - timedelta(days=DAYS)}"
    assert "Learned what the load-more control" in corpus.crawl("defense", "-a", since).stderr
    before = len(server.log())
    again = corpus.crawl("defense", "-a", since)
    assert "Launching browser" not in again.stderr
    pages = [entry["path"] for entry in server.log()[before:] if entry["path"].startswith("/api/posts?")]
    assert pages
    assert "?page=" not in "".join(entry["path"] for entry in server.log()[before:] if "/category/" in entry["path"])


@pytest.mark.browser
def test_press_that_requests_something_else_now_is_learned_again(replica, tmp_path):
    server = replica(*DEEP, "--paging", "press")
    corpus = Corpus(tmp_path / "output", server.url)
    since = f"since={cairo_day(server.now) - timedelta(days=DAYS)}"
    assert corpus.crawl("defense", "-a", since).status == 0
    server.stop()
    server = replica(*DEEP, "--paging", "press_post", "--port", str(server.port))
    again = corpus.crawl("defense", "-a", since)
    assert again.status == 0
    assert "Learned what the load-more control" in again.stderr
    assert any(entry["method"] == "POST" for entry in server.log())


@pytest.mark.sites
def test_second_spider_misses_nothing_that_the_first_has_read(replica, tmp_path):
    server = replica(*DEEP, "--control")
    corpus = Corpus(tmp_path / "output", server.url)
    for section in SECTIONS:
        corpus.crawl(section, settings=NO_BROWSER)
    before = corpus.by_id().keys()
    published = {str(item["id"]) for item in server.publish(150)}
    for section in SECTIONS:
        assert corpus.crawl(section, settings=NO_BROWSER).status == 0
    accepted = corpus.by_id().keys() - before
    alone = Corpus(tmp_path / "alone", server.url)
    since = f"since={cairo_day(server.now)}"
    for section in SECTIONS:
        alone.crawl(section, "-a", since, settings=NO_BROWSER)
    assert accepted & published == alone.by_id().keys() & published


class Unsteady(QuietHandler):
    """One category of three pages, the second of which can break; its articles are on defense."""

    first, broken = 100, False

    def do_GET(self):
        parts = urlsplit(self.path)
        page = int(parts.query.removeprefix("page=") or 1)
        if parts.path.startswith("/news/"):
            number = int(parts.path.split("/")[2])
            self.answer_page(
                f"<h1>القوات المسلحة تنفذ مناورات {body(number, words=6)}</h1><article><p>{ARTICLE} {body(number)}</p></article>"
            )
        elif parts.path != site.CATEGORY_URL.value.format(slug=quote("أخبار")) or page > 3:
            self.send_error(404)
        elif page == 2 and self.broken:
            self.send_error(500)
        else:
            numbers = range(self.first - 10 * (page - 1), self.first - 10 * page, -1)
            cards = (
                f'<article><div class="post-thumb"><a class="img-link" href="/news/{n}/x"></a></div></article>'
                for n in numbers
            )
            self.answer_page("".join(cards) + "<button>المزيد</button>" * (page < 3))

    def answer_page(self, html):
        self.answer(f"<html><body><main>{html}</main></body></html>".encode(), "text/html; charset=utf-8")


ARTICLE = "قال الجيش إن القوات المسلحة نفذت مناورات عسكرية بالذخيرة الحية قرب الحدود بمشاركة طائرات مقاتلة."


def test_gap_is_closed_by_the_next_run(tmp_path):
    handler = type("OneUnsteady", (Unsteady,), {})
    settings = NO_BROWSER | {"RETRY_TIMES": "0", "ALQAHIRA_NEAR_DUPLICATES": "off"}
    statuses = []
    with serving(handler) as server:
        corpus = Corpus(tmp_path / "output", f"http://127.0.0.1:{server.server_port}")
        for first, broken in ((100, False), (125, True), (125, False)):
            handler.first, handler.broken = first, broken
            statuses.append(corpus.crawl("defense", settings=settings).status)
    assert statuses == [0, 1, 0]
    assert {int(number) for number in corpus.by_id()} >= set(range(91, 126))


def test_method_that_worked_is_remembered(replica, tmp_path):
    server = replica(*DEEP, "--paging", "next_data")
    corpus = Corpus(tmp_path / "output", server.url)
    since = f"since={cairo_day(server.now) - timedelta(days=DAYS)}"
    corpus.crawl("defense", "-a", since, settings=NO_BROWSER)
    before = len(server.log())
    corpus.crawl("defense", "-a", since, settings=NO_BROWSER)
    paths = [entry["path"] for entry in server.log()[before:]]
    assert any(path.startswith("/_next/data/") for path in paths)
    assert not any("/category/" in path and "?page=" in path for path in paths if not path.startswith("/_next/"))


@pytest.fixture
def silent_proxy():
    """A proxy that never answers, and the first bytes of each connection to it."""
    requested: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def take() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                requested.append(connection.recv(200))

    threading.Thread(target=take, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", requested
    listener.close()


@pytest.mark.parametrize("browser", ["never", pytest.param("always", marks=pytest.mark.browser)])
def test_only_the_site_receives_requests(replica, tmp_path, silent_proxy, browser):
    server = replica("--cookies")
    proxy, requested = silent_proxy
    settings = UNTHROTTLED | {
        "ALQAHIRA_OUTPUT_DIR": str(tmp_path / "output"),
        "ALQAHIRA_SITE_URL": server.url,
        "ALQAHIRA_BROWSER": browser,
    }
    proxies = {"http_proxy": proxy, "https_proxy": proxy, "no_proxy": "127.0.0.1"}
    ran = scrapy("crawl", "defense", "-a", "max_articles=10", settings=settings, **proxies)
    assert ran.status == 0, ran.stderr
    assert requested == []
    assert any("Set-Cookie" in answer.headers for answer in [server.get("/")])


@pytest.mark.browser
@pytest.mark.parametrize(
    ("switch", "cause"),
    [("--home-for-removed", "redirected_elsewhere"), ("--soft-404", "soft_404")],
)
def test_removed_story_fails_with_a_cause_and_is_no_record(replica, tmp_path, switch, cause):
    server = replica("--control", switch)
    corpus = Corpus(tmp_path / "output", server.url)
    corpus.crawl("defense", "-a", "max_articles=1")
    kept = {record["article_id"] for record in corpus.records()}
    gone = next(number for number, article in server.truth().items() if article.topics and number not in kept)
    page = server.get(server.truth()[gone].path)
    assert page.status == 200
    # Withdrawn between the listing and the article: the frontier of the run before still names it.
    server.withdraw(int(gone))
    ran = corpus.crawl("defense")
    assert causes(ran, "failed").get(cause) == 1
    assert gone not in corpus.by_id()


@pytest.mark.parametrize(("challenge", "cause"), [("page", "challenge"), ("forbidden", "http_403")])
def test_refusing_site_is_named_in_the_last_line(replica, tmp_path, challenge, cause):
    server = replica("--challenge", challenge)
    corpus = Corpus(tmp_path / "output", server.url)
    ran = corpus.crawl("defense", settings=NO_BROWSER)
    assert ran.status == 1
    assert f"no listing answered at {server.url}: {cause}" in ran.lines[-1]
    assert "the site refuses this crawler" in ran.lines[-1]
    assert corpus.records() == []
    (summary,) = [json.loads(path.read_text()) for path in (corpus.folder / "runs").glob("*.json")]
    assert "the site refuses this crawler" in summary["problem"]
