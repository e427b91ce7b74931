"""`scrapy report --serve`: what its pages show, on a small corpus."""

from __future__ import annotations

import json
import os
import sqlite3
import urllib.error
import urllib.request
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote, unquote

import pytest
from hostile_texts import HOSTILE, fill
from ledger_scenario import NOW, accept, body, crawled, link, live, opened
from lxml import html
from scrapy_process import scrapy
from served_site import served

from alqahira.exceptions import ConfigurationError
from alqahira.ledger.decisions import Reason
from alqahira.monitoring.report.served.database import LEAD_LETTERS, build, open_copy
from alqahira.monitoring.report.served.fields import REASONS
from alqahira.monitoring.report.served.pages import POLICY, Pages
from alqahira.monitoring.report.served.queries import PER_PAGE, BadQuery, Selection, match_expression
from alqahira.monitoring.rules import MONITORS

RUN = "20261124T100000Z-defense"
DAY = timedelta(days=1)


def pages_of(folder):
    with opened(folder, read_only=True) as ledger:
        build(ledger, folder / "corpus.db")
    return Pages(open_copy(folder / "corpus.db"), b"<p>report", "default-src 'none'")


def add(ledger, number, **given):
    """Accept an article whose fields are given; those of `crawled` by its names."""
    known = {name: given.pop(name) for name in ("text", "headline", "published", "fetched", "topics") if name in given}
    item = crawled(number, **known)
    for name, value in given.items():
        assert hasattr(item.article, name)
        setattr(item.article, name, value)
    ledger.discover([link(number)], section="defense", run_id=RUN, now=NOW)
    return accept(ledger, item)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Six articles, one in three revisions, and a duplicate of the first that was dropped."""
    folder = tmp_path_factory.mktemp("served")
    with opened(folder) as ledger:
        ledger.claim_site("alqaheranews.net")
        ledger.start_run(RUN, "defense", NOW)
        add(ledger, 1, headline="الأسطول الجنوبي يبحر", agencies=["mena"], article_sections=["أخبار"])
        both = {"agencies": ["mena", "reuters"], "article_sections": ["شؤون"]}
        add(ledger, 2, headline="والأسطول الشماليّ يعود", **both)
        add(ledger, 3, headline="قمة عربية", topics=["foreign_affairs"], published=NOW - DAY, countries=["EG", "IQ"])
        add(ledger, 4, headline="قمة أخرى", topics=["defense", "foreign_affairs"], published=NOW - 2 * DAY)
        add(ledger, 5, headline="مسؤول يزور المدرسة", published=None, organizations=["nato"])
        add(ledger, 6, text=body(1), headline="عن الأسطول نفسه")
        before = body(2).split()
        for hours, words in ((3, ["تغيّر", *before[1:]]), (30, ["تغيّر", *before[1:], "وانتهى"])):
            fetched = NOW + timedelta(hours=hours)
            add(ledger, 2, headline="الأسطول الشمالي يعود", text=" ".join(words), fetched=fetched, run_id=RUN, **both)
        account = {"discovered": 6, "accepted": 5, "sources": {"headline": {"site": 5, "meta": 1, "none": 2}}}
        account["monitors_failed"] = ["failed_articles"]
        ledger.finish_run(RUN, account, 1, NOW + timedelta(minutes=5), complete=False)
    return pages_of(folder)


def ask(pages, target, status=200, *, method="GET", host="127.0.0.1:8340"):
    answer = pages.answer(method, host, target)
    assert answer.status == status, answer.body.decode()
    return answer


def page(pages, target, status=200):
    return html.document_fromstring(ask(pages, target, status).body.decode())


def as_json(pages, target):
    answer = ask(pages, target)
    assert answer.content_type.startswith("application/json")
    return json.loads(answer.body)


def ids(pages, query):
    return [each["article_id"] for each in as_json(pages, f"/articles.json?{query}")["articles"]]


def text(element):
    return " ".join(element.text_content().split())


class TestSearch:
    @pytest.mark.parametrize(
        ("words", "expected"),
        [
            ("الأسطول", ["2", "1"]),
            ("أسطول", ["2", "1"]),  # with any proclitic
            ("وبالأسطول", ["2", "1"]),
            ("لل", []),
            ("الشمالي", ["2"]),
            ("الشَمَالـيّ", ["2"]),  # folded
            ("مسئول", ["5"]),
            ("يبحر الأسطول", ["1"]),  # both, in any order
            ('"أسطول الجنوبي"', []),  # as it is written
            ("«الأسطول الجنوبي»", ["1"]),
            ("الجنوبي -الأسطول^ (\"'*", ["1"]),  # no syntax of FTS5
            ("الجنوبي NOT headline:الأسطول", []),
            ("غيرموجودة", []),
            ("؟!", []),
        ],
    )
    def test_words_are_looked_for_as_folded(self, pages, words, expected):
        assert sorted(ids(pages, f"q={quote(words)}")) == sorted(expected)

    def test_body_is_searched_too(self, pages):
        assert ids(pages, f"q={quote('وانتهى')}") == ["2"]

    def test_text_of_an_older_revision_is_not_found(self, pages):
        assert ids(pages, f"q={quote('«' + ' '.join(body(2).split()[:3]) + '»')}") == []

    def test_relevance_puts_headlines_first(self, tmp_path):
        with opened(tmp_path) as ledger:
            add(ledger, 1, headline="عن البرلمان", published=NOW - DAY)
            add(ledger, 2, text=f"{body(2)} البرلمان")
        pages = pages_of(tmp_path)
        assert ids(pages, f"q={quote('البرلمان')}") == ["2", "1"]
        assert ids(pages, f"q={quote('البرلمان')}&order=relevance") == ["1", "2"]

    def test_expression_never_holds_more_than_its_words(self):
        assert match_expression("كلمة " * 300).count("AND") == 11
        assert match_expression(' "" «» ') == ""


class TestFilters:
    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("", ["5", "2", "1", "3", "4"]),
            ("topic=defense", ["5", "2", "1", "4"]),
            ("topic=defense&topic=foreign_affairs", ["4"]),
            ("agency=reuters", ["2"]),
            (f"desk={quote('أخبار')}", ["1"]),
            ("country=IQ", ["3"]),
            ("organization=nato", ["5"]),
            ("day=2026-11-23", ["3"]),
            ("since=2026-11-23", ["2", "1", "3"]),
            ("until=2026-11-22", ["4"]),
            (f"topic=defense&since=2026-11-23&q={quote('الأسطول')}&agency=mena", ["2", "1"]),
            ("agency=nobody", []),
        ],
    )
    def test_conditions_select_articles(self, pages, query, expected):
        assert sorted(ids(pages, query)) == sorted(expected)

    def test_newest_come_first(self, pages):
        days = [each["published_day"] for each in as_json(pages, "/articles.json?since=2026-11-01")["articles"]]
        assert days == sorted(days, reverse=True)

    def test_counts_are_of_the_articles_selected(self, pages):
        everything = as_json(pages, "/articles.json")["facets"]
        assert everything["topic"] == [
            {"value": "defense", "articles": 4},
            {"value": "foreign_affairs", "articles": 2},
        ]
        assert everything["day"][0]["value"] == "2026-11-24", "days begin with the newest"
        some = as_json(pages, "/articles.json?agency=mena")["facets"]
        assert some["agency"] == [{"value": "mena", "articles": 2}, {"value": "reuters", "articles": 1}]
        assert "country" not in some

    def test_each_value_is_a_link_that_adds_or_removes_it(self, pages):
        shown = page(pages, f"/?agency=mena&q={quote('أسطول')}")
        links = {text(a): unquote(a.get("href")) for a in shown.xpath("//aside//li/a")}
        assert links["الدفاع"] == "/?q=أسطول&agency=mena&topic=defense"
        assert links["أ ش أ"] == "/?q=أسطول"
        assert shown.xpath("//aside//a[@aria-current='true']/bdi/text()") == ["أ ش أ"]

    def test_form_keeps_what_is_chosen(self, pages):
        (form,) = page(pages, "/?agency=mena&since=2026-11-01&q=x").xpath("//form")
        values = {field.get("name"): field.get("value") for field in form.xpath(".//input")}
        assert values == {"q": "x", "since": "2026-11-01", "until": "", "agency": "mena"}

    @pytest.mark.parametrize(
        "query",
        [
            *(
                "unknown=1",
                "since=yesterday",
                "since=2026-02-30",
                "until=2026-1-1",
                "page=0",
                "page=x",
                "page=1&page=1",
            ),
            *("order=random", f"q={'x' * 301}", "topic=%ff", "&".join(f"topic={n}" for n in range(41))),
        ],
    )
    def test_query_that_is_none_is_refused(self, pages, query):
        with pytest.raises(BadQuery):
            Selection.parse(query)
        assert page(pages, f"/?{query}", 400).xpath("//h1")

    def test_query_of_a_selection_is_read_back(self):
        query = "q=%D9%82%D9%88%D8%A7%D8%AA&since=2026-11-01&until=2026-11-02&topic=defense&desk=a%26b&order=relevance"
        assert Selection.parse(query).query() == query
        assert Selection.parse(query).query(page=3) == f"{query}&page=3"


def test_pages_follow_each_other(tmp_path):
    with opened(tmp_path) as ledger:
        for number in range(PER_PAGE + 1):
            add(ledger, number + 1, published=NOW - timedelta(hours=number))
    pages = pages_of(tmp_path)
    first = as_json(pages, "/articles.json?topic=defense")
    assert (first["total"], first["pages"], len(first["articles"])) == (PER_PAGE + 1, 2, PER_PAGE)
    (last,) = as_json(pages, first["next"])["articles"]
    assert last["article_id"] == str(PER_PAGE + 1)
    assert page(pages, "/?page=2").xpath("//a[@rel='prev']/@href") == ["/?"]
    ask(pages, "/?page=3", 404)


class TestArticle:
    def test_newest_revision_stands_beside_the_one_before(self, pages):
        shown = page(pages, "/articles/2")
        assert text(shown.xpath("//h1")[0]) == "الأسطول الشمالي يعود"
        (section,) = shown.xpath("//section[@id='revisions']")
        assert [text(title) for title in section.xpath(".//h3")] == ["النسخة 2", "النسخة 3"]
        assert (section.xpath(".//del"), [text(each) for each in section.xpath(".//ins")]) == ([], ["وانتهى"])

    def test_any_revision_can_be_compared_with_the_one_before(self, pages):
        (section,) = page(pages, "/articles/2?revision=2").xpath("//section[@id='revisions']")
        assert [text(title) for title in section.xpath(".//h3")] == ["النسخة 1", "النسخة 2"]
        assert text(section.xpath(".//del")[0]) == "والأسطول الشماليّ"
        assert [text(each) for each in section.xpath(".//ins")][-1] == "تغيّر"
        for wrong in ("revision=1", "revision=9", "revision=x", "x"):
            ask(pages, f"/articles/2?{wrong}", 404)

    def test_each_field_names_its_source(self, pages):
        rows = {text(row[0]): (text(row[1]), text(row[2])) for row in page(pages, "/articles/2").xpath("//tbody/tr")}
        assert rows["وقت النشر"] == ("24 نوفمبر 2026، 14:00", "بيانات JSON-LD")
        assert rows["النص"][1] == "قالب الموقع"
        assert rows["العنوان"][1] == "في صفحات جولتها: قالب الموقع 5، وسوم meta 1"
        assert rows["الوكالات"] == ("أ ش أ، رويترز", "من سطر المصدر")
        assert rows["المقدمة"] == ("غير موجود", "")

    @pytest.mark.parametrize(
        ("url", "shown"),
        [
            ("https://alqaheranews.net/news/1/%D9%82%D9%85%D8%A9", "https://alqaheranews.net/news/1/قمة"),
            ("https://alqaheranews.net/news/1/%E2%80%AE", "https://alqaheranews.net/news/1/%E2%80%AE"),
            ("https://alqaheranews.net/news/1/%ff", "https://alqaheranews.net/news/1/%ff"),
        ],
    )
    def test_address_is_shown_readable_unless_that_hides_something(self, tmp_path, url, shown):
        with opened(tmp_path) as ledger:
            add(ledger, 1, url=url)
        rows = {text(row[0]): text(row[1]) for row in page(pages_of(tmp_path), "/articles/1").xpath("//tbody/tr")}
        assert rows["العنوان على الويب"] == shown

    def test_words_that_decided_are_shown(self, tmp_path):
        with opened(tmp_path) as ledger:
            mentions = {"countries": ["IQ"], "organizations": ["nato"], "mentions": ["IQ:العراقية", "nato:الناتو"]}
            add(ledger, 1, topic_terms=["قوات مسلحة"], **mentions)
        rows = page(pages_of(tmp_path), "/articles/1").xpath("//tbody/tr")
        sources = {text(row[0]): text(row[2]) for row in rows}
        assert [sources[name] for name in ("الموضوعات", "الدول", "المنظمات")] == [
            "عباراتها: قوات مسلحة",
            "عباراتها: العراقية",
            "عباراتها: الناتو",
        ]

    def test_dropped_duplicate_stands_beside_its_original(self, pages):
        assert page(pages, "/articles/1").xpath("//section[@id='duplicates']//a/@href") == ["/articles/6"]
        twin = page(pages, "/articles/6")
        assert twin.xpath("//section[@id='duplicates']//a/@href") == ["/articles/1"]
        assert [text(title) for title in twin.xpath("//section[@id='revisions']//h3")] == [
            "المادة الأصلية",
            "هذه المادة",
        ]
        assert [text(name) for name in twin.xpath("//p[@class='field']")] == [
            "العنوان",
            "الوكالات",
            "أقسام الموقع",
            "النص: بلا تغيير",
        ]
        assert "أُسقطت" in text(twin.xpath("//section[@class='story']")[0])
        assert "6" not in ids(pages, ""), "the corpus has what was published"

    def test_article_as_json_has_every_revision_as_recorded(self, pages):
        article = as_json(pages, "/articles/2.json")
        assert [record["revision"] for record in article["revisions"]] == [1, 2, 3]
        assert article["revisions"][0]["article_body"] == body(2)
        assert as_json(pages, "/articles/1.json")["duplicates"] == [{"article_id": "6", "headline": "عن الأسطول نفسه"}]

    def test_every_reason_of_a_revision_has_words(self):
        assert set(REASONS) == {None, *Reason}


class TestRuns:
    def test_runs_have_accounts_and_monitors_sparklines(self, pages):
        shown = page(pages, "/runs")
        assert "6 = 5 مقبولة" in text(shown.xpath("//ol[@class='runs']")[0])
        assert len(shown.xpath("//ul[@class='sparklines']//svg")) == len(MONITORS)
        (failed,) = shown.xpath("//ul[@class='sparklines']/li[@class='bad']")
        assert failed.xpath(".//code/text()") == ["failed_articles"]
        assert failed.xpath(".//circle[@class='failure']")

    def test_runs_as_json(self, pages):
        (run,) = as_json(pages, "/runs.json")["runs"]
        assert (run["run_id"], run["complete"], run["account"]["discovered"]) == (RUN, False, 6)

    def test_account_of_a_run_that_goes_on_is_empty(self, tmp_path):
        with opened(tmp_path) as ledger:
            ledger.start_run(RUN, "defense", NOW)
        assert "جارية" in text(page(pages_of(tmp_path), "/runs"))


class TestSafety:
    def test_no_page_may_run_or_load_anything_from_elsewhere(self, pages):
        for target in ("/", "/articles/2", "/articles/6", "/runs", "/x", "/articles.json", "/style.css"):
            answer = pages.answer("GET", "localhost", target)
            assert answer.policy == POLICY
            if answer.content_type.startswith("text/html"):
                shown = html.document_fromstring(answer.body.decode())
                assert not shown.xpath("//script | //style | //img | //*[@style or @onclick]")
                assert shown.xpath("//link/@href") == ["data:,", "/style.css"]
        assert "unsafe" not in POLICY
        assert POLICY.startswith("default-src 'none'")

    def test_report_keeps_its_own_policy(self, pages):
        answer = ask(pages, "/report")
        assert (answer.body, answer.policy) == (b"<p>report", "default-src 'none'; frame-ancestors 'none'")

    @pytest.mark.parametrize(
        "host", ["evil.example", "127.0.0.1.evil.example", "", "127.0.0.1:8340@x", "[::1]", "0.0.0.0"]
    )
    def test_other_host_names_are_refused(self, pages, host):
        answer = ask(pages, "/articles.json", 403, host=host)
        assert b"article_id" not in answer.body

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get"])
    def test_other_methods_are_refused(self, pages, method):
        ask(pages, "/", 405, method=method)

    @pytest.mark.parametrize(
        "target",
        [
            *("/nothing", "/articles/", "/articles/9", "/articles/../runs", "/style.css/x", "/articles.json/"),
            *("/%2e%2e/etc/passwd", "/%ff", "//evil.example/", "/articles/1'%20OR%201=1--"),
        ],
    )
    def test_unknown_paths_are_refused(self, pages, target):
        ask(pages, target, 404)

    @pytest.mark.parametrize("target", ["", "x", "http://evil.example/", "*"])
    def test_unreadable_targets_are_refused(self, pages, target):
        ask(pages, target, 400)

    def test_hostile_text_stays_text(self, tmp_path):
        fill(tmp_path)
        pages = pages_of(tmp_path)
        for target in ("/", "/runs", *(f"/articles/{number + 1}" for number in range(len(HOSTILE)))):
            shown = page(pages, target)
            assert not shown.xpath("//script | //style | //img | //iframe | //foreignobject")
            assert not [name for each in shown.iter() for name in each.attrib if name.startswith("on")]
            for href in shown.xpath("//a/@href"):
                assert href.startswith(("/", "?", "#", "https://alqaheranews.net/news/"))
        headlines = {heading.text_content() for heading in page(pages, "/").xpath("//ol[@class='stories']//h3")}
        assert {" ".join(each.split()) for each in headlines} == {" ".join(each.split()) for each in HOSTILE}

    def test_label_that_is_hostile_is_a_filter(self, tmp_path):
        fill(tmp_path)
        pages = pages_of(tmp_path)
        (link,) = {a.get("href") for a in page(pages, "/").xpath("//aside//a") if "alert(1)" in text(a)}
        assert [text(each) for each in page(pages, link).xpath("//ol[@class='stories']//h3")] == [HOSTILE[0]]

    def test_control_characters_are_replaced(self, tmp_path):
        with opened(tmp_path) as ledger:
            add(ledger, 1, headline="قبل\0\x1bبعد")
        assert "قبل\ufffd\ufffdبعد" in text(page(pages_of(tmp_path), "/articles/1"))

    def test_copy_cannot_be_written(self, pages):
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            pages.copy.execute("DELETE FROM articles")


class TestCopy:
    def test_either_backend_is_copied(self, state_url, tmp_path):
        with opened(state_url) as ledger:
            ledger.start_run(RUN, "defense", NOW)
            add(ledger, 1, agencies=["mena"])
            add(ledger, 2, text=body(1))
        with opened(state_url, read_only=True) as ledger:
            assert build(ledger, tmp_path / "corpus.db") == 1
        pages = Pages(open_copy(tmp_path / "corpus.db"), b"", "")
        assert ids(pages, "agency=mena") == ["1"]
        assert [each["article_id"] for each in as_json(pages, "/articles/1.json")["duplicates"]] == ["2"]
        assert len(as_json(pages, "/runs.json")["runs"]) == 1

    def test_copy_is_read_after_its_file_is_gone(self, tmp_path):
        with opened(tmp_path) as ledger:
            add(ledger, 1)
        pages = pages_of(tmp_path)
        (tmp_path / "corpus.db").unlink()
        assert ids(pages, f"q={quote('عنوان')}") == ["1"]

    def test_line_of_an_older_version_has_its_day(self, tmp_path):
        with opened(tmp_path) as ledger:
            add(ledger, 1, published_day=None)
        assert ids(pages_of(tmp_path), "day=2026-11-24") == ["1"]

    def test_list_shows_the_beginning_of_a_text(self, tmp_path):
        with opened(tmp_path) as ledger:
            add(ledger, 1, description=None)
            add(ledger, 2, description="مقدمة")
        by_id = {each["article_id"]: each["lead"] for each in as_json(pages_of(tmp_path), "/articles.json")["articles"]}
        assert by_id["2"] == "مقدمة"
        assert by_id["1"].endswith("…")
        assert len(by_id["1"]) <= LEAD_LETTERS + 1

    def test_sqlite_without_full_text_search_is_named(self, tmp_path, monkeypatch):
        def execute(script):
            raise sqlite3.OperationalError("no such module: fts5")

        without = SimpleNamespace(executescript=execute, close=lambda: None)
        monkeypatch.setattr("alqahira.monitoring.report.served.database.sqlite3.connect", lambda *_, **__: without)
        with pytest.raises(ConfigurationError, match="FTS5"):
            build(SimpleNamespace(), tmp_path / "corpus.db")

    def test_folder_that_is_none_is_one_line(self, tmp_path):
        with opened(tmp_path) as ledger, pytest.raises(ConfigurationError, match="cannot be written"):
            build(ledger, tmp_path / "none" / "corpus.db")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--serve", "-o", "x.html"], "leave out -o"),
        (["--port", "1"], "--port needs --serve"),
        (["--serve", "--port", "65536"], "no port"),
        (["--serve", "--port", "-1"], "--port"),
        (["--serve"], "no run has written there"),
    ],
)
def test_what_cannot_be_served_is_refused_in_one_line(tmp_path, arguments, line):
    ran = scrapy("report", *arguments, settings={"ALQAHIRA_OUTPUT_DIR": str(tmp_path / "none")})
    assert (ran.status, len(ran.lines)) == (2, 1)
    assert line in ran.lines[0]
    assert os.listdir(tmp_path) == []


def test_site_is_served_until_interrupted_and_leaves_nothing(tmp_path):
    folder, temporary, log = tmp_path / "corpus", tmp_path / "temporary", tmp_path / "log"
    temporary.mkdir()
    live(folder)
    before = sorted(folder.rglob("*"))
    with served(folder, log, TMPDIR=str(temporary)) as url:
        assert os.listdir(temporary) == []
        with urllib.request.urlopen(f"{url}articles.json") as answer:
            assert json.load(answer)["total"] == 6
            headers = answer.headers
        assert headers["Content-Security-Policy"] == POLICY
        assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
        assert headers["Server"] is None
        for request, status in (
            (urllib.request.Request(url, headers={"Host": "evil.example"}), 403),
            (urllib.request.Request(url, method="POST"), 405),
        ):
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request)
            assert refused.value.code == status
        with pytest.raises((urllib.error.URLError, ConnectionError)) as cut_off:
            urllib.request.urlopen(url, data=b"x")
        assert not isinstance(cut_off.value, urllib.error.HTTPError), "a body is not even read"
        port = int(url.rstrip("/").rpartition(":")[2])
        assert listens_on_loopback_alone(port)
        taken = scrapy("report", "--serve", "--port", str(port), settings={"ALQAHIRA_OUTPUT_DIR": str(folder)})
        assert (taken.status, len(taken.lines)) == (2, 1)
        assert f"port {port} of 127.0.0.1 cannot be used" in taken.lines[0]
    assert log.read_text("utf-8") == f"{url}: 6 articles; Ctrl-C ends it\n"
    assert sorted(folder.rglob("*")) == before


def listens_on_loopback_alone(port):
    """By Linux' table of sockets: no other address listens on the port."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text("utf-8").splitlines()]
    listening = [row[1] for row in rows if row[3] == "0A" and row[1].endswith(f":{port:04X}")]
    return listening == [f"0100007F:{port:04X}"]
