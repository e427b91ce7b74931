"""`scrapy report --serve`: what its pages show, on a small corpus."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_scenario import NOW, body, opened
from served_site import DAY, RUN, add, as_json, ask, ids, page, pages_of, sample, text

from alqahira.ledger.decisions import Reason
from alqahira.monitoring.report.served import queries
from alqahira.monitoring.report.served.fields import REASONS
from alqahira.monitoring.report.served.queries import PER_PAGE, BadQuery, Selection, match_terms, select
from alqahira.monitoring.rules import MONITORS


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    return sample(tmp_path_factory.mktemp("served"))


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

    @given(st.text(st.sampled_from("اقوات \"«»'()*^:-+.,؟%_\0aR{}") | st.characters(), max_size=60))
    def test_any_words_are_an_answer(self, pages, words):
        select(pages.copy, Selection(words))

    def test_a_word_that_is_repeated_counts_once(self):
        assert match_terms("كلمة " * 300) == match_terms("كلمة")
        assert match_terms(' "" «» ') == []

    @pytest.mark.parametrize(("number", "is_shortened"), [(12, False), (13, True)])
    def test_page_says_that_words_beyond_the_twelfth_are_left_out(self, tmp_path, number, is_shortened):
        words = [f"كلمة{n}" for n in range(12)]
        with opened(tmp_path) as ledger:
            add(ledger, 1, text=" ".join([body(1), *words]))
        query = f"q={quote(' '.join([*words, 'غيرموجودة'][:number]))}"
        pages = pages_of(tmp_path)
        assert ids(pages, query) == ["1"]
        note = "بُحث بأول 12 كلمة أو عبارة وحدها"
        assert (note in ask(pages, f"/?{query}").body.decode()) is is_shortened
        assert as_json(pages, f"/articles.json?{query}")["is_shortened"] is is_shortened


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

    def test_some_values_are_shown_and_many_more_on_request(self, tmp_path):
        with opened(tmp_path) as ledger:
            add(ledger, 1, agencies=[f"agency{n:02}" for n in range(70)])
        shown = page(pages_of(tmp_path), "/?agency=agency69")
        named = shown.xpath("//aside//details//a/bdi/text()")
        assert len(shown.xpath("//aside//section[3]/ul/li")) == 12
        assert len(named) == 60 - 12 + 1, "what is chosen is shown in any case"
        assert named[-1] == "agency69"

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
                "day=x",
                "day=2026-02-30",
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
    assert page(pages, "/?page=2").xpath("//a[@rel='prev']/@href") == ["/"]
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
        assert rows["سبب التعديل"][0] == REASONS[Reason.TEXT]

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

    def test_many_duplicates_are_counted_and_some_shown(self, tmp_path, monkeypatch):
        monkeypatch.setattr(queries, "MOST_DUPLICATES", 2)
        with opened(tmp_path) as ledger:
            for number in range(1, 5):
                add(ledger, number, text=body(1), headline=f"عنوان {number}")
        (section,) = page(pages_of(tmp_path), "/articles/1").xpath("//section[@id='duplicates']")
        assert "3 مادة تكرر هذه، وهذه بعضها" in text(section)
        assert section.xpath(".//a/@href") == ["/articles/2", "/articles/3"]

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
