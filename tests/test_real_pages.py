"""The benchmark on two public test sets, on tiny clones made here."""

from __future__ import annotations

import gzip
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent.parent / "benchmarks"))

import real_pages

NAME = "The bridge over the river is open at last"
STORY = [
    "The governor opened a new bridge across the river on Sunday, two years after work had begun on it.",
    "Residents expect that it will take much of the traffic off the old road during the rush hours.",
    "Lorries will be allowed to cross it only at night, the council said in a statement on Monday.",
]
LEAD = "It took two years and a thousand workers to build, and it opened on a rainy Sunday."


def page(day):
    paragraphs = "".join(f"<p>{text}</p>" for text in STORY)
    return gzip.compress(
        f"<html><head><title>{NAME} {day}</title></head><body><h1>{NAME} {day}</h1><p>{day} November 2026</p>"
        f"<div>{paragraphs}</div></body></html>".encode()
    )


def record(day, **fields):
    body = {"summary": [LEAD], "sections": [{"headline": [], "paragraphs": STORY}]}
    return {"title": f"{NAME} {day}", "publishing_date": f"2026-11-{day} 00:00:00+02:00", "body": body} | fields


@pytest.fixture
def benchmark(tmp_path):
    clone = tmp_path / "benchmark"
    (clone / "html").mkdir(parents=True)
    (clone / "html" / "1a.html.gz").write_bytes(page(2))
    records = {"1a": {"articleBody": "\n".join(STORY), "url": "http://example.org/1"}, "2b": {"articleBody": "no page"}}
    (clone / "ground-truth.json").write_text(json.dumps(records))
    return clone


@pytest.fixture
def fundus(tmp_path):
    clone = tmp_path / "fundus"
    folder = clone / "tests" / "resources" / "parser" / "test_data" / "xx"
    folder.mkdir(parents=True)
    crawls = {}
    for name, day in (("River_2026_11_09", 9), ("River_2026_11_21", 21), ("Riverside_2026_11_12", 12)):
        (folder / f"{name}.html.gz").write_bytes(page(day))
        crawls[f"{name}.html.gz"] = {"url": f"https://example.com.eg/{day}", "crawl_date": f"2026-11-{day:02} 18:00:00"}
    (folder / "meta.info").write_text(json.dumps(crawls))
    (folder / "River.json").write_text(json.dumps({"V2": record(21), "V1_1": record("09", title=f"{NAME} 9")}))
    (folder / "Riverside.json").write_text(json.dumps({"V1": record(12), "V2": record(13)}))
    return clone


def test_benchmark_clone_gives_its_pages_with_their_bodies(benchmark):
    (case,) = real_pages.benchmark_cases(benchmark)
    assert (case.url, case.bodies, case.headline) == ("http://example.org/1", ("\n".join(STORY),), None)
    assert case.html.startswith("<html>")


def test_fundus_clone_gives_each_page_the_record_of_its_version(fundus, capsys):
    cases = list(real_pages.fundus_cases(fundus))
    assert [case.headline for case in cases] == [f"{NAME} 9", f"{NAME} 21"]
    assert all(case.headline in case.html for case in cases)
    assert cases[0].published.isoformat() == "2026-11-09T00:00:00+02:00"
    assert cases[0].now > datetime(2026, 11, 9, 18, tzinfo=UTC)
    assert cases[0].bodies == ("\n".join(STORY), "\n".join([LEAD, *STORY]))
    assert capsys.readouterr().err == "Riverside: 2 records, 1 pages: left out\n"


def case(*bodies, **fields):
    return real_pages.Case("https://example.org/1", "", datetime(2026, 11, 24, tzinfo=UTC), bodies, **fields)


def test_bodies_are_scored_by_runs_of_four_words_or_by_words():
    cases = [case("a b c d e f"), case("g h i j")]
    assert real_pages.shingle_f1(cases, ["a b c d e f", "g h i j"]) == 1.0
    # Precision 3 of 4 on the only page with text, recall 1 and 0.
    assert real_pages.shingle_f1(cases, ["a b c d e f x", ""]) == pytest.approx(2 * 0.75 * 0.5 / 1.25)
    assert real_pages.word_f1([case("a b", "x a b")], ["x a b"]) == 1.0
    assert real_pages.word_f1(cases, ["a b c d e f", ""]) == 0.5


NOON = datetime.fromisoformat("2026-11-24T01:30:00+02:00")


@pytest.mark.parametrize(
    ("given", "is_minute", "is_day"),
    [
        ("2026-11-23T23:30:20+00:00", True, True),
        ("2026-11-24T01:30:00", True, True),
        ("2026-11-24", False, True),
        ("2026-11-23T23:30:00", False, False),
        (None, False, False),
    ],
)
def test_time_is_right_to_the_minute_or_to_the_day(given, is_minute, is_day):
    assert real_pages.is_same_minute(given, NOON) is is_minute
    assert real_pages.is_same_day(given, NOON) is is_day


def test_tables_have_a_row_for_this_project(benchmark, fundus, capsys):
    real_pages.main([str(benchmark), str(fundus)])
    rows = [line.split(" | ")[:-1] for line in capsys.readouterr().out.splitlines() if "alqahira" in line]
    assert rows == [
        ["| **alqahira**", "1.000"],
        ["| **alqahira**", "1.000", "2 of 2", "2 of 2", "2 of 2"],
    ]


def test_other_folder_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        real_pages.main([str(tmp_path)])
    assert "is no clone of article-extraction-benchmark or Fundus" in capsys.readouterr().err
