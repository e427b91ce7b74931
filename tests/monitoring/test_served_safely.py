"""`scrapy report --serve`: what it refuses, what hostile text does not do, and the command as users run it."""

from __future__ import annotations

import json
import os
import sqlite3
import urllib.error
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from hostile_texts import HOSTILE, fill
from ledger_scenario import NOW, body, live, opened
from lxml import html
from scrapy_process import scrapy
from served_site import RUN, add, as_json, ask, ids, page, pages_of, sample, served, text

from alqahira.exceptions import ConfigurationError
from alqahira.monitoring.report.served.database import LEAD_LETTERS, build, open_copy
from alqahira.monitoring.report.served.pages import POLICY, Pages


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    return sample(tmp_path_factory.mktemp("served"))


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
        (["--serve", "-o", "x.html"], "-o, --serve and --site exclude each other"),
        (["--serve", "--site", "x"], "-o, --serve and --site exclude each other"),
        (["--site", "x", "--port", "1"], "--port needs --serve"),
        (["--site", "s3://bucket/site"], "is not a file of this machine"),
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
