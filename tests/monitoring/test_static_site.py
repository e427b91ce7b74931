"""`scrapy report --site`: the files of the site, and the index that its script searches."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from hostile_texts import HOSTILE, fill
from hypothesis import given
from hypothesis import strategies as st
from ledger_scenario import NOW, body, live, opened
from lxml import html
from scrapy_process import scrapy
from served_site import DAY, add, pages_of, sample

from alqahira.exceptions import ConfigurationError
from alqahira.monitoring.report.served import static
from alqahira.monitoring.report.served.database import build, open_copy
from alqahira.monitoring.report.served.links import StaticLinks, file_name
from alqahira.monitoring.report.served.queries import match_terms, stem_of, stems
from alqahira.monitoring.report.served.static import POLICY, POLICY_WITH_SEARCH, SHARDS, shard_of, write_site
from alqahira.text.normalization import fold_text

LETTERS = st.text(st.sampled_from("والبكفلعمن3a"), min_size=1, max_size=9)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("static")
    write_site(sample(place).copy, b"<p>report", place / "site")
    return place / "site"


def pages_in(folder):
    return {path: html.document_fromstring(path.read_text("utf-8")) for path in folder.rglob("*.html")}


def found(folder, word):
    """The articles, by number, that the files have for a word."""
    stem = stem_of(fold_text(word))
    places = json.loads((folder / f"search/words/{shard_of(stem)}.json").read_text("utf-8"))
    steps = places.get(stem, [])
    return {sum(steps[: n + 1]) for n in range(len(steps))}


def test_every_article_and_dropped_duplicate_has_a_page(folder):
    names = {path.name for path in (folder / "articles").iterdir()}
    assert names == {"1.html", "2.html", "2~2.html", "2~3.html", "3.html", "4.html", "5.html", "6.html"}


def test_every_link_within_the_site_is_relative_and_leads_to_a_file(folder):
    for path, page in pages_in(folder).items():
        for address in page.xpath("//a/@href | //link/@href | //script/@src | //form/@action"):
            parts = urlsplit(address)
            if parts.scheme in ("https", "data") or not parts.path:
                continue
            assert not parts.path.startswith("/")
            assert (path.parent / unquote(parts.path)).resolve().is_relative_to(folder.resolve())
            assert (path.parent / unquote(parts.path)).is_file(), address


def test_every_page_has_its_policy_and_the_first_alone_a_script(folder):
    for path, page in pages_in(folder).items():
        if path.name == "report.html":
            continue  # as given; test_report.py reads its own
        is_first = path == folder / "index.html"
        (policy,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
        assert policy == (POLICY_WITH_SEARCH if is_first else POLICY)
        assert page.xpath("//script/@src") == (["search.js"] if is_first else [])


def test_page_of_a_revision_compares_it(folder):
    page = html.document_fromstring((folder / "articles" / "2~2.html").read_text("utf-8"))
    assert [each.text for each in page.xpath("//div[@class='row head']/h3")] == ["النسخة 1", "النسخة 2"]


@given(LETTERS, LETTERS)
def test_index_finds_what_the_served_search_finds(asked, word):
    assert (stem_of(asked) in stems(word)) == (f'"{word}"' in " ".join(match_terms(asked)))


@pytest.mark.parametrize(
    ("word", "count"), [("الأسطول", 2), ("وبالأسطول", 2), ("الشَمَالـيّ", 1), ("مسئول", 1), ("وانتهى", 1), ("لل", 0)]
)
def test_words_lead_to_articles(folder, word, count):
    assert len(found(folder, word)) == count


def test_files_of_words_are_all_there(folder):
    assert len(list((folder / "search/words").iterdir())) == SHARDS


def test_the_oldest_are_left_out(tmp_path):
    with opened(tmp_path) as ledger:
        for number in range(1, 5):
            add(ledger, number, published=NOW - number * DAY, agencies=[f"a{number}"])
        add(ledger, 9, text=body(4), published=NOW - 4 * DAY)  # repeats one that is left out
    with opened(tmp_path, read_only=True) as ledger:
        assert build(ledger, tmp_path / "corpus.db", newest=2) == 2
    write_site(open_copy(tmp_path / "corpus.db"), b"", tmp_path / "site")
    assert {path.name for path in (tmp_path / "site/articles").iterdir()} == {"1.html", "2.html"}
    index = json.loads((tmp_path / "site/search/articles.json").read_text("utf-8"))
    assert [value for kind, value, _ in index["labels"] if kind == "agency"] == ["a1", "a2"]
    assert [day for day, _ in index["rows"]] == ["2026-11-23", "2026-11-22"]


def test_article_without_a_page_is_no_link():
    links = StaticLinks("../", known={"1"})
    assert (links.article("1"), links.article("2")) == ("../articles/1.html", "")


@pytest.mark.parametrize("article_id", ["../../etc/passwd", "..", ".", "", "a/b", "ع", "%2e%2e", "a\0b", "x?y#z"])
def test_no_id_leads_out_of_the_folder(article_id):
    name = file_name(article_id)
    assert "/" not in name
    assert "\0" not in name
    assert name.endswith(".html")
    assert unquote(StaticLinks(known={article_id}).article(article_id)) == f"articles/{name}"


def test_hostile_text_stays_text(tmp_path):
    fill(tmp_path)
    write_site(pages_of(tmp_path).copy, b"<p>", tmp_path / "site")
    for page in pages_in(tmp_path / "site").values():
        assert page.xpath("//script/@src") in ([], ["search.js"])
        assert not page.xpath("//script[not(@src)] | //style | //img | //iframe | //foreignobject")
        assert not [name for each in page.iter() for name in each.attrib if name.startswith("on")]
    cards = json.loads((tmp_path / "site/search/cards/0.json").read_text("utf-8"))
    assert {each["headline"] for each in cards} == set(HOSTILE)


class TestCommand:
    def test_site_is_written_with_the_report_of_the_corpus(self, tmp_path):
        live(tmp_path / "corpus")
        target = tmp_path / "www" / "site"
        ran = scrapy("report", "--site", str(target), settings={"ALQAHIRA_OUTPUT_DIR": str(tmp_path / "corpus")})
        assert (ran.status, ran.stdout) == (0, f"{target}/index.html: 6 articles\n")
        assert sorted(path.name for path in target.parent.iterdir()) == ["site"]
        assert "<title>" in (target / "report.html").read_text("utf-8")

    @pytest.mark.parametrize(("folder", "line"), [("", "--site: name a folder"), ("/dev/null/x", "--site='/dev/null'")])
    def test_folder_that_cannot_be_is_one_line(self, tmp_path, folder, line):
        live(tmp_path)
        ran = scrapy("report", "--site", folder, settings={"ALQAHIRA_OUTPUT_DIR": str(tmp_path)})
        assert (ran.status, len(ran.lines)) == (2, 1)
        assert line in ran.lines[0]
        assert not (tmp_path / "report.html").exists()

    def test_site_goes_where_a_link_leads_and_into_the_current_folder(self, tmp_path, monkeypatch):
        pages = sample(tmp_path)
        (tmp_path / "empty").mkdir()
        (tmp_path / "link").symlink_to("empty")
        monkeypatch.chdir(tmp_path / "empty")
        for folder in (Path("."), tmp_path / "link"):
            write_site(pages.copy, b"", folder)
            assert (tmp_path / "empty" / "index.html").is_file()
        assert (tmp_path / "link").is_symlink()

    def test_site_replaces_the_one_before(self, tmp_path):
        pages = sample(tmp_path)
        for report in (b"old", b"new"):
            write_site(pages.copy, report, tmp_path / "site")
        assert (tmp_path / "site/report.html").read_bytes() == b"new"

    @pytest.mark.parametrize(
        ("held", "line"),
        [
            ("index.html", "site holds index.html, which no site has written: name another folder"),
            ("notes.txt", "site holds notes.txt, which no site has written: name another folder"),
        ],
    )
    def test_folder_of_something_else_is_left_alone(self, tmp_path, held, line):
        (tmp_path / "site").mkdir()
        (tmp_path / "site" / held).write_text("mine")
        with pytest.raises(ConfigurationError, match=line):
            static.ensure_replaceable(tmp_path / "site")

    def test_folder_of_the_corpus_is_refused(self, tmp_path):
        live(tmp_path / "corpus")
        settings = {"ALQAHIRA_OUTPUT_DIR": str(tmp_path / "corpus")}
        ran = scrapy("report", "--site", str(tmp_path / "corpus/articles/x"), settings=settings)
        assert (ran.status, len(ran.lines)) == (2, 1)
        assert "it is of the corpus" in ran.lines[0]
        assert not (tmp_path / "corpus/articles/x").exists()

    def test_interrupted_writing_leaves_the_earlier_site(self, tmp_path):
        pages = sample(tmp_path)
        write_site(pages.copy, b"", tmp_path / "site")
        before = (tmp_path / "site/index.html").read_bytes()

        def interrupted(ids, total):
            yield next(iter(ids))
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            write_site(pages.copy, b"new", tmp_path / "site", watch=interrupted)
        assert (tmp_path / "site/index.html").read_bytes() == before
        assert [path.name for path in tmp_path.glob(".site*")] == []


def test_second_page_begins_where_the_first_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(static, "CARDS_A_FILE", 2)
    with opened(tmp_path) as ledger:
        for number in range(1, 6):
            add(ledger, number, published=NOW - timedelta(hours=number))
    write_site(pages_of(tmp_path).copy, b"", tmp_path / "site")
    cards = [json.loads((tmp_path / f"site/search/cards/{n}.json").read_text("utf-8")) for n in range(3)]
    assert [[each["file"] for each in part] for part in cards] == [
        ["1.html", "2.html"],
        ["3.html", "4.html"],
        ["5.html"],
    ]
