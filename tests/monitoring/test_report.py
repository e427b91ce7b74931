"""The report: its figures, its words, its page, and the command as users run it."""

from __future__ import annotations

import os
import re
import threading
from base64 import b64decode
from datetime import UTC, date, datetime, timedelta

import pytest
from ledger_scenario import NOW, accept, body, crawled, link, live, opened
from lxml import etree, html
from scrapy_process import scrapy_here

from alqahira.article import to_record
from alqahira.monitoring.report import words
from alqahira.monitoring.report.collect import collect
from alqahira.monitoring.report.figures import Corpus, Figures, RecordedRun, field_sources, most_frequent, site_link
from alqahira.monitoring.report.page import policy, render, style_sheet

SITE = "alqaheranews.net"
HOUR = timedelta(hours=1)


def record(number=1, **changed):
    """A record as the ledger keeps it."""
    made = to_record(crawled(number).article)
    assert changed.keys() <= made.keys()
    return made | changed


def corpus(*records, first_run=None):
    counted = Corpus(first_run=first_run)
    for each in records:
        counted.add(each)
    return counted


def report(folder, *arguments):
    return scrapy_here("report", *arguments, settings={"ALQAHIRA_OUTPUT_DIR": str(folder)})


class TestFigures:
    def test_article_of_several_topics_is_in_one_group(self):
        counted = corpus(
            record(topics=["defense"]),
            record(topics=["foreign_affairs"]),
            record(topics=["defense", "foreign_affairs"]),
        )
        (groups,) = counted.by_day.values()
        assert groups == {"defense": 1, "foreign_affairs": 1, "several": 1}
        assert counted.on_topic == {"defense": 2, "foreign_affairs": 2}

    def test_days_are_cairo_days(self):
        counted = corpus(record(date_published="2026-11-23T22:30:00Z"))
        assert list(counted.by_day) == [date(2026, 11, 24)]

    def test_days_end_with_the_newest_and_have_no_gaps(self):
        counted = corpus(record(date_published="2026-11-20T09:00:00Z"), record(date_published="2026-11-18T09:00:00Z"))
        days = counted.days(4, date(2026, 11, 24))
        assert [(day.day, topics.total()) for day, topics in days] == [(17, 0), (18, 1), (19, 0), (20, 1)]

    def test_states_and_their_pairs_are_counted_by_week(self):
        monday, sunday = "2026-11-23T09:00:00Z", "2026-11-22T09:00:00Z"
        counted = corpus(
            record(date_published=monday, countries=["US", "IR", "OM"]),
            record(date_published=monday, countries=["IR", "US"]),
            record(date_published=sunday, countries=["IR"]),
            record(date_published=sunday, countries=None),
        )
        assert counted.states == {date(2026, 11, 23): {"US": 2, "IR": 2, "OM": 1}, date(2026, 11, 16): {"IR": 1}}
        assert counted.pairs[date(2026, 11, 23)] == {"IR US": 2, "OM US": 1, "IR OM": 1}

    def test_days_end_before_a_date_in_the_future(self):
        counted = corpus(record(date_published="2031-01-01T09:00:00Z"), record(date_published="2026-11-24T09:00:00Z"))
        assert counted.days(1, date(2026, 11, 24))[0][0] == date(2026, 11, 24)

    @pytest.mark.parametrize(
        ("published", "fresh", "before", "early"),
        [
            ("2026-11-24T11:50:00Z", 0, None, 0),  # ten minutes before it was seen, after the first run
            ("2026-11-24T10:30:00Z", 2, None, 0),
            ("2026-11-20T12:00:00Z", None, 6, 0),  # before the first run it could not be seen fresh
            ("2026-11-24T12:05:00Z", None, None, 1),
        ],
    )
    def test_delays_are_from_publication_to_first_sight(self, published, fresh, before, early):
        counted = corpus(record(date_published=published), first_run=NOW - 2 * HOUR)
        for share, place in (
            (counted.delays(fresh=True), fresh),
            (counted.delays(fresh=False), before),
        ):
            assert [n for n, articles in enumerate(share) if articles] == ([] if place is None else [place])
        assert counted.early == early

    def test_quantiles_are_of_the_fresh_articles_alone(self):
        stamps = [(NOW - timedelta(minutes=n)).strftime("%Y-%m-%dT%H:%M:%SZ") for n in range(1, 11)]
        counted = corpus(
            *(record(date_published=stamp) for stamp in [*stamps, "2020-01-01T00:00:00Z"]), first_run=NOW - HOUR
        )
        assert counted.delay_quantile(0.5) == timedelta(minutes=6)
        assert counted.delay_quantile(0.9) == timedelta(minutes=10)
        assert corpus(record(), first_run=NOW + HOUR).delay_quantile(0.5) is None

    def test_null_or_empty_field_is_not_filled(self):
        counted = corpus(record(agencies=["afp"], description=None), record(agencies=[], description="مقدمة"))
        assert (counted.filled["agencies"], counted.filled["description"], counted.filled["headline"]) == (1, 1, 2)

    def test_term_counts_once_an_article(self):
        counted = corpus(record(keywords=["قمة", "قمة"]), record(keywords=["قمة", "هدنة"]))
        assert most_frequent(counted.keywords, 2) == [("قمة", 2), ("هدنة", 1)]

    def test_number_of_distinct_terms_is_bounded(self):
        counted = corpus(*(record(keywords=["قمة", *(f"{n}-{k}" for k in range(500))]) for n in range(250)))
        assert len(counted.keywords) <= 50_500
        assert counted.keywords["قمة"] == 250

    def test_field_sources_skip_runs_without_counts(self):
        runs = [
            RecordedRun("b", NOW, NOW, 0, True, {"sources": {"headline": {"site": 3, "none": 1}}}),
            RecordedRun("a", NOW, NOW, 0, True, {"discovered": 4}),
            RecordedRun("c", NOW, None, None, False, {}),
        ]
        assert field_sources(runs) == {"headline": {"site": 3, "none": 1}}

    def test_figures_of_a_ledger_add_up(self, tmp_path):
        live(tmp_path)
        with opened(tmp_path, read_only=True) as ledger:
            figures = collect(ledger, now=NOW)
        assert (figures.corpus.articles, figures.lines, figures.waiting) == (6, 7, 0)
        assert figures.revisions == {1: 5, 2: 1}
        assert figures.dropped == 1
        assert [(story["headline"], times) for story, times in figures.repeated] == [("عنوان الخبر رقم 1", 1)]
        assert (figures.run_total, [run.run_id for run in figures.runs]) == (1, ["run"])
        assert {story["headline"] for story in figures.latest} == {f"عنوان الخبر رقم {n}" for n in (1, 2, 3, 5, 6, 7)}
        assert figures.latest[-1]["headline"] == "عنوان الخبر رقم 3", "the oldest is last"


class TestLinks:
    @pytest.mark.parametrize(
        "url",
        [
            "https://alqaheranews.net/news/1/x",
            "http://www.alqaheranews.net/news/1/%D8%A7",
            "https://alqaheranews.net:443/news/1/خبر",
        ],
    )
    def test_address_of_the_site_is_a_link(self, url):
        assert site_link(url, SITE) == url

    @pytest.mark.parametrize(
        "url",
        [
            "javascript:alert(1)",
            "JaVaScRiPt://alqaheranews.net/%0aalert(1)",
            "data:text/html,x",
            "//alqaheranews.net/news/1/x",
            "ftp://alqaheranews.net/news/1/x",
            "https://evil.example/alqaheranews.net",
            "https://alqaheranews.net.evil.example/",
            "https://alqaheranews.net@evil.example/",
            "https://user:word@alqaheranews.net/",
            "https://evil.example\\@alqaheranews.net/",
            "https://alqaheranews.net:8080/",
            "https://alqaheranews.net:x/",
            "https://[alqaheranews.net/",
            "https://alqaheranews.net/\u202egpj.exe",
            "https://alqaheranews.net/a b",
            'https://alqaheranews.net/"onclick=',
            "java\nscript:alert(1)",
            "",
        ],
    )
    def test_other_address_is_no_link(self, url):
        assert site_link(url, SITE) is None

    def test_loopback_address_may_have_any_port(self):
        assert site_link("http://127.0.0.1:40091/news/1/x", "loopback")
        assert site_link("http://127.0.0.1:40091/news/1/x", SITE) is None
        assert site_link("https://alqaheranews.net/news/1/x", "") is None


class TestWords:
    @pytest.mark.parametrize(
        ("seconds", "shown"),
        [(4, "4 ث"), (59 * 60, "59 د"), (3_600, "1 س"), (5_400, "1 س 30 د"), (86_400, "1 ي"), (200_000, "2 ي 7 س")],
    )
    def test_span_has_its_two_largest_units(self, seconds, shown):
        assert words.span(timedelta(seconds=seconds)) == shown

    @pytest.mark.parametrize(
        ("part", "whole", "shown"),
        [
            (0, 0, "–"),
            (0, 9, "0%"),
            (9, 9, "100%"),
            (1, 9_999, "أقل من 1%"),
            (9_998, 9_999, "أكثر من 99%"),
            (1, 3, "33%"),
        ],
    )
    def test_share_is_0_or_100_percent_only_if_exact(self, part, whole, shown):
        assert words.share(part, whole) == shown

    @pytest.mark.parametrize(
        ("count", "shown"),
        [(0, "0 بايت"), (999, "999 بايت"), (1_500, "2 ك.ب"), (5 * 10**9, "5 ج.ب"), (10**13, "10,000 ج.ب")],
    )
    def test_size_is_in_decimal_units(self, count, shown):
        assert words.size(count) == shown

    def test_times_are_cairo_times(self):
        assert words.moment(datetime(2026, 11, 24, 22, 5, tzinfo=UTC)) == "25 نوفمبر 2026، 00:05"


@pytest.mark.parametrize(
    ("ended", "exit_status", "complete", "shown"),
    [
        (NOW, 0, True, words.EXIT_STATUSES[0]),
        (NOW, 0, False, words.STOPPED),  # SIGTERM, max_articles
        (NOW, 1, False, words.EXIT_STATUSES[1]),
        (NOW, 7, False, "انتهت بالرمز 7"),
        (None, None, False, words.NOT_ENDED),
    ],
)
def test_run_state_names_its_end(ended, exit_status, complete, shown):
    assert words.run_state(RecordedRun("a", NOW, ended, exit_status, complete, {})) == shown


class TestThePage:
    def page(self, folder):
        with opened(folder, read_only=True) as ledger:
            figures = collect(ledger, now=NOW)
        return render(figures)

    def test_page_is_arabic_with_one_style_sheet_allowed_by_its_policy(self, tmp_path):
        live(tmp_path)
        text = self.page(tmp_path)
        page = html.document_fromstring(text)
        assert (page.get("lang"), page.get("dir")) == ("ar", "rtl")
        assert page.xpath("//meta[@name='viewport']/@content") == ["width=device-width, initial-scale=1"]
        (style,) = page.xpath("//style/text()")
        (held,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
        assert held == policy(style) == policy(style_sheet())
        assert "unsafe" not in held
        assert not page.xpath("//script | //*[@style] | //link[not(starts-with(@href, 'data:'))]")

    def test_every_plot_has_a_table_below_it(self, tmp_path):
        live(tmp_path)
        page = html.document_fromstring(self.page(tmp_path))
        figures = page.xpath("//figure[.//img]")
        assert len(figures) == 5
        for figure in figures:
            assert figure.xpath(".//img/@alt")[0].strip()
            assert figure.xpath(".//details//tbody/tr")
            for uri in (*figure.xpath(".//img/@src"), *figure.xpath(".//source/@srcset")):
                etree.fromstring(b64decode(uri.partition("base64,")[2]))

    def test_same_state_gives_the_same_page(self, tmp_path):
        live(tmp_path)
        assert self.page(tmp_path) == self.page(tmp_path)

    def test_run_entry_has_account_causes_and_drift(self, tmp_path):
        with opened(tmp_path) as ledger:
            ledger.start_run("20261124T120000Z-defense", "defense", NOW)
            account = {"discovered": 5, "accepted": 2, "failed": 3, "left": 4, "causes": {"failed": {"no_body": 3}}}
            account["drift"] = ["headline comes from meta instead of site"]
            ledger.finish_run("20261124T120000Z-defense", account, 1, NOW + HOUR, complete=False)
            ledger.start_run("20261124T130000Z-defense", "defense", NOW + HOUR)
        page = html.document_fromstring(self.page(tmp_path))
        running, ended = (" ".join(run.text_content().split()) for run in page.xpath("//ol[@class='runs']/li"))
        assert words.NOT_ENDED in running
        assert "5 = 2 مقبولة" in ended
        assert "3 متعذرة" in ended
        assert "no_body" in ended
        assert "headline comes from meta" in ended
        assert "استغرقت 1 س" in ended
        assert page.xpath("//li[@class='bad']//bdi[@dir='ltr']/code/text()")[0] == "20261124T120000Z-defense"

    def test_empty_state_has_a_page_of_its_own(self):
        page = html.document_fromstring(render(Figures(now=NOW)))
        assert "لا مواد بعد" in page.text_content()
        assert "scrapy crawl defense" in page.text_content()
        assert not page.xpath("//img")

    def test_characters_that_html_forbids_are_replaced(self, tmp_path):
        with opened(tmp_path) as ledger:
            ledger.discover([link(1)], section="defense", run_id="run", now=NOW)
            accept(ledger, crawled(1, headline="قبل\0\x1b[31m\x85بعد"))
        assert "قبل\ufffd\ufffd[31m\ufffdبعد" in self.page(tmp_path)


class TestTheCommand:
    def test_report_goes_to_the_output_folder_or_to_a_file(self, tmp_path):
        live(tmp_path)
        ran = report(tmp_path)
        assert (ran.status, ran.stderr) == (0, "")
        assert ran.stdout == f"{tmp_path / 'report.html'}: 6 articles, 1 runs\n"
        elsewhere = tmp_path / "new" / "page.html"
        assert report(tmp_path, "-o", str(elsewhere)).status == 0
        for path in (elsewhere, tmp_path / "report.html"):
            assert path.read_text("utf-8").rstrip().endswith("</html>")
        assert os.listdir(elsewhere.parent) == ["page.html"]

    def test_report_before_the_first_run_is_refused_and_leaves_nothing(self, tmp_path):
        ran = report(tmp_path / "none")
        assert (ran.status, len(ran.lines)) == (2, 1)
        assert "no run has written there" in ran.lines[0]
        assert os.listdir(tmp_path) == []

    def test_report_works_while_a_run_writes(self, tmp_path):
        live(tmp_path)
        with opened(tmp_path) as ledger, ledger.transaction() as connection:
            connection.exec_driver_sql("UPDATE articles SET status = 'duplicate'")
            ran = report(tmp_path)
        assert ran.status == 0
        assert "6 articles" in ran.stdout, "uncommitted changes are not read"

    def test_figures_are_of_one_moment(self, tmp_path):
        """An article accepted while records are read is in none of the figures."""
        live(tmp_path)

        def accept_another():
            with opened(tmp_path) as writer:
                writer.discover([link(99)], section="defense", run_id="run", now=NOW)
                accept(writer, crawled(99, text=body(99)))

        def watch(records, total):
            other = threading.Thread(target=accept_another)
            other.start()
            other.join()
            assert total == 6
            yield from records

        with opened(tmp_path, read_only=True) as ledger:
            figures = collect(ledger, now=NOW, watch=watch)
            assert figures.corpus.articles == figures.revisions.total() == len(figures.latest) == 6
            assert collect(ledger, now=NOW).corpus.articles == 7

    @pytest.mark.parametrize("target", ["/dev/null/x", "{folder}"])
    def test_unwritable_file_is_one_line_and_status_2(self, tmp_path, target):
        live(tmp_path)
        ran = report(tmp_path, "-o", target.format(folder=tmp_path))
        assert ran.status == 2
        assert len(ran.lines) == 1
        assert "cannot be written" in ran.lines[0]

    def test_failure_keeps_an_earlier_page(self, tmp_path):
        live(tmp_path)
        (tmp_path / "report.html").write_text("earlier")
        (tmp_path / "state.db").write_bytes(b"garbage" * 5_000)
        ran = report(tmp_path)
        assert ran.status == 2
        assert "cannot be read" in ran.lines[-1]
        assert "Traceback" not in ran.stderr
        assert (tmp_path / "report.html").read_text() == "earlier"

    def test_damaged_record_is_one_line_and_status_2(self, tmp_path):
        live(tmp_path)
        with opened(tmp_path) as ledger, ledger.transaction() as connection:
            connection.exec_driver_sql("UPDATE articles SET record = substr(record, 1, 99) WHERE article_id = '3'")
        ran = report(tmp_path)
        assert ran.status == 2
        assert re.fullmatch(r"alqahira: the state cannot be read: .*", ran.lines[-1])
