"""No text from the site can pass for a record of the log, in plain text or in JSON."""

from __future__ import annotations

import io
import json
import logging
import re
from contextlib import contextmanager
from urllib.parse import quote, unquote, urlsplit

import pytest
from http_server import QuietHandler, serving
from hypothesis import given
from hypothesis import strategies as st
from ledger_scenario import body as body_of
from ledger_scenario import crawled
from scrapy.exceptions import DropItem
from scrapy.settings import Settings
from scrapy_process import Corpus, scrapy

from alqahira.exceptions import ConfigurationError
from alqahira.monitoring.failure import fail
from alqahira.monitoring.logs import ItemIdLogFormatter, decode_addresses, install_formatters, readable

BEGINS = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[[\w.]+\] (DEBUG|INFO|WARNING|ERROR|CRITICAL): ")
FORGED = "2026-11-25 06:00:00 [alqahira.crawling.extensions.run] INFO: Run forged: 9 discovered"
# Unescaped, each would end the line, hide it, reorder it or move the cursor.
HOSTILE = [
    f"خبر\n{FORGED}",
    f"خبر\r{FORGED}",
    f"خبر\u2028{FORGED}",
    f"خبر\x85{FORGED}",
    f"\x1b[2J\x1b[1;1H{FORGED}",
    f"\x9b2J{FORGED}",
    f"خبر \u202e{FORGED}\u202c",
    f"خبر \u2066{FORGED}\u2069",
    f"خبر\x00\x08\x7f{FORGED}",
    f"خبر\v\f\x1c\x1d\x1e{FORGED}",
]
DISGUISE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


@contextmanager
def log(**settings):
    """The root logger as Scrapy sets it up, writing to memory."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter(Settings()["LOG_FORMAT"], Settings()["LOG_DATEFORMAT"]))
    before, logging.root.handlers = logging.root.handlers, [handler]
    make_record = logging.getLogRecordFactory()
    try:
        install_formatters(Settings(settings))
        yield stream
    finally:
        logging.root.handlers = before
        logging.setLogRecordFactory(make_record)


def raising(text):
    try:
        raise ValueError(text)
    except ValueError:
        logging.getLogger("alqahira.test").exception("Broken by %s", text)


def assert_plain(written):
    """Assert that every line begins or continues a record and disguises nothing; return those that begin one."""
    lines = written.split("\n")
    assert lines.pop() == ""
    for line in lines:
        assert BEGINS.match(line) or line.startswith("    | "), line
        assert not DISGUISE.search(line), ascii(line)
    return [line for line in lines if not line.startswith("    | ")]


@given(st.text(), st.sampled_from(HOSTILE))
def test_any_text_is_one_record_of_a_plain_log(text, hostile):
    with log() as stream:
        logging.getLogger("alqahira.test").warning("No article from %s", text + hostile)
        raising(hostile + text)
    assert len(assert_plain(stream.getvalue())) == 2


@given(st.text(st.characters(codec=None)), st.sampled_from(HOSTILE))
def test_any_text_is_one_object_of_a_json_log(text, hostile):
    with log(ALQAHIRA_LOG_JSON="1") as stream:
        logging.getLogger("alqahira.test").warning("No article from %s", text + hostile)
        raising(hostile + text)
    first, second, rest = stream.getvalue().split("\n")
    assert rest == ""
    assert stream.getvalue().isascii()
    assert json.loads(first)["message"] == f"No article from {text}{hostile}"
    assert json.loads(first)["level"] == "WARNING"
    assert "ValueError" in json.loads(second)["traceback"]
    assert json.loads(second).keys() == {"time", "level", "logger", "message", "traceback"}


def test_formatter_of_another_class_is_kept():
    class Own(logging.Formatter):
        pass

    with log(ALQAHIRA_LOG_JSON="1"):
        chosen = Own()
        logging.root.handlers[0].setFormatter(chosen)
        logging.getLogger("alqahira.test").warning("Anything")
        assert logging.root.handlers[0].formatter is chosen


def test_record_factory_of_another_library_is_kept():
    made = []

    def make(*args, **kwargs):
        made.append(logging.LogRecord(*args, **kwargs))
        return made[-1]

    before = logging.getLogRecordFactory()
    logging.setLogRecordFactory(make)
    try:
        with log():
            install_formatters(Settings())
            logging.getLogger("alqahira.test").warning("Anything")
    finally:
        logging.setLogRecordFactory(before)
    assert len(made) == 1


def test_item_is_named_and_not_printed():
    formatter = ItemIdLogFormatter()
    lines = [
        formatter.scraped(crawled(61505), None, None),
        formatter.dropped(crawled(61505), DropItem("near_duplicate"), None, None),
        formatter.item_error(crawled(61505), ValueError(), None, None),
        formatter.scraped({}, None, None),
    ]
    assert [line["msg"] % line["args"] for line in lines] == [
        "Accepted article 61505",
        "Dropped 61505: near_duplicate",
        "Error processing article 61505",
        "Accepted article dict",
    ]


class HostileSite(QuietHandler):
    """A site whose headlines, addresses, redirects, headers and robots.txt all try to forge the log."""

    def do_GET(self):
        path = urlsplit(self.path).path
        if path == "/robots.txt":
            self.send_page(f"User-agent: *\nDisallow: /private\n{HOSTILE[4]}\n", "text/plain")
        elif path.startswith("/category/"):
            self.send_page(f"<main>{''.join(self.card(number) for number in range(2 * len(HOSTILE) + 1))}</main>")
        elif path.startswith("/news/"):
            self.article(int(path.split("/")[2]) - 100)
        else:
            self.send_page(HOSTILE[0], status=404)

    def send_page(self, text, kind="text/html; charset=utf-8", status=200, **headers):
        self.answer(text.encode(), kind, status, **headers)

    def card(self, number):
        text = HOSTILE[number % len(HOSTILE)]
        link = f"/news/{100 + number}/{quote(text)}"
        return (
            f'<article class="loop-grid"><div class="post-thumb"><a class="img-link" href="{link}"></a></div>'
            f'<div class="post-card-content"><h2>{text}</h2></div></article>'
        )

    def article(self, number):
        text = HOSTILE[number % len(HOSTILE)]
        if number < len(HOSTILE):
            own = body_of(number).replace("\n\n", " ")  # one text under many addresses is no article
            body = f"<p>{text} قال الجيش إن القوات المسلحة نفذت مناورات عسكرية قرب الحدود. {own}</p>"
        elif number % 3 == 0:
            return self.send_page("", status=301, Location=f"/{quote(text)}")
        elif number % 3 == 1:
            return self.send_page(text, "text/html; charset=" + quote(text), status=500)
        else:
            body = ""
        return self.send_page(
            f'<main class="main"><div class="container"><div class="row"><div class="col-lg-8">'
            f'<div class="single-content2"><div class="entry-header"><h1>{text}</h1></div>'
            f'<article><div class="entry-main-content"><div class="htmlCode">{body}</div></div></article>'
            f"</div></div></div></div></main>"
        )


FEW_RETRIES = {"RETRY_TIMES": "1", "ALQAHIRA_BACKOFF_BASE": "0.01"}


@pytest.fixture(scope="module")
def hostile_url():
    with serving(HostileSite) as server:
        yield f"http://127.0.0.1:{server.server_port}"


def crawl(folder, url, level="DEBUG", **settings):
    corpus = Corpus(folder / "output", url)
    ran = corpus.crawl("defense", "-L", level, settings=FEW_RETRIES | settings)
    assert corpus.records(), ran.stderr[-2000:]
    return ran


def test_hostile_site_forges_no_line_of_a_plain_log(tmp_path, hostile_url):
    ran = crawl(tmp_path, hostile_url)
    *log_lines, last = ran.stderr.rstrip("\n").split("\n") if ran.status else [*ran.stderr.rstrip("\n").split("\n"), ""]
    assert last.startswith("alqahira: ") or not last
    records = assert_plain("\n".join([*log_lines, ""]))
    assert not [line for line in records if line.startswith(FORGED)]
    assert len([line for line in records if " discovered = " in line]) == 1


def test_hostile_site_forges_no_object_of_a_json_log(tmp_path, hostile_url):
    ran = crawl(tmp_path, hostile_url, ALQAHIRA_LOG_JSON="1", ALQAHIRA_MAX_FAILED_SHARE="0.4")
    objects = [json.loads(line) for line in ran.stderr.splitlines()]
    assert len([entry for entry in objects if " discovered = " in entry["message"]]) == 1
    assert {"scrapy.core.engine", "alqahira.crawling.extensions.run"} <= {entry["logger"] for entry in objects}
    assert ran.status == 1  # too many articles failed; the last line is an object as well


def test_log_level_warning_shows_formatted_warnings_only(tmp_path, hostile_url):
    ran = crawl(tmp_path, hostile_url, "WARNING", ALQAHIRA_LOG_JSON="1")
    levels = {json.loads(line)["level"] for line in ran.stderr.splitlines()}
    assert levels >= {"WARNING"}
    assert levels.isdisjoint({"DEBUG", "INFO"})


def test_doctor_log_is_formatted():
    nobody = {"ALQAHIRA_SITE_URL": "http://127.0.0.1:1", "ALQAHIRA_LOG_JSON": "1"}
    *lines, last = scrapy("doctor", settings=FEW_RETRIES | nobody).stderr.splitlines()
    assert "WARNING" in {json.loads(line)["level"] for line in lines}
    assert last == "alqahira: http://127.0.0.1:1 could not be reached: nobody listens there (connection_refused)"


def test_good_run_warns_only_of_pages_without_an_article(tmp_path, replica):
    ran = Corpus(tmp_path / "output", replica().url).crawl("defense", "-L", "WARNING")
    assert ran.status == 0
    assert [line for line in ran.stderr.splitlines() if ": No article from " not in line] == []


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("/tag/%D9%85%D8%B5%D8%B1: http_404", "/tag/مصر: http_404"),
        ("/tag/%d9%85%d8%b5%d8%b1%20%D8%A9", "/tag/مصر%20ة"),  # still one word
        ("/a%2Fb%3Fc%0A%25D9", "/a%2Fb%3Fc%0A%25D9"),  # leads elsewhere if it is decoded
        ("%D9/%85 %D9%41", "%D9/%85 %D9%41"),  # is no UTF-8
        ("%C0%AF %ED%A0%80", "%C0%AF %ED%A0%80"),
        ("%E2%80%AE%D9%85%E2%81%A6", "%E2%80%AEم%E2%81%A6"),  # marks that reorder a line stay encoded
        ("%F0%9F%87%AA", "🇪"),
        ("100 %", "100 %"),
    ],
)
def test_addresses_can_be_read(written, shown):
    assert decode_addresses(written) == readable(written) == shown


@given(st.text())
def test_decoded_address_leads_to_the_same_page(text):
    address = quote(text)
    assert unquote(decode_addresses(address)) == text
    assert not DISGUISE.search(readable(address))
    assert " " not in decode_addresses(address)


@pytest.mark.parametrize("settings", [{}, {"STATS_DUMP": "1"}, {"ALQAHIRA_LOG_JSON": "1", "STATS_DUMP": "1"}])
def test_log_has_no_lists_and_dictionaries_of_python(settings, tmp_path):
    ran = Corpus(tmp_path / "output", "http://127.0.0.1:1").crawl("defense", settings=FEW_RETRIES | settings)
    assert "Run " in ran.stderr
    assert re.findall(r"^.*[\[{]'.*$", ran.stderr, re.MULTILINE) == []
    assert "    | " not in ran.stderr
    assert ("Stat finish_reason: finished" in ran.stderr) is ("STATS_DUMP" in settings)


def test_error_that_is_printed_is_one_line_without_control_characters(capsys):
    with pytest.raises(SystemExit):
        fail(ConfigurationError("a\nb \x1b[31m\u202e مصر"))
    assert capsys.readouterr().err == "alqahira: a\\nb \\x1b[31m\\u202e مصر\n"
