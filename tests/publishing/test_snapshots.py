"""Snapshots of the corpus as files by month, replaced as a whole."""

from __future__ import annotations

import csv
import gzip
import json
import tracemalloc
from collections import Counter
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest
from ledger_scenario import accept, crawled, opened
from scrapy_process import scrapy

from alqahira.article import to_record
from alqahira.exceptions import ConfigurationError, LedgerBusy
from alqahira.publishing import atomic_directory as directories
from alqahira.publishing import snapshots
from alqahira.publishing.parts import OutputUnwritable
from alqahira.publishing.snapshots import ENDINGS, ending_of, write_months, write_snapshot

# Two hours before the month begins in UTC it has begun in Cairo.
DAYS = [datetime(2026, 10, 31, 21, 59, tzinfo=UTC), datetime(2026, 10, 31, 22, tzinfo=UTC), None]
MONTHS = ["2026-10", "2026-11", "unknown"]


def records(count=6):
    for number in range(count):
        record = to_record(crawled(number, published=DAYS[number % 3]).article)
        yield record | {"headline": f"=عنوان {number}"}


def read(path):
    """The ids in a snapshot."""
    if path.name.endswith(".parquet"):
        parquet = pytest.importorskip("pyarrow.parquet")
        return parquet.read_table(path).column("article_id").to_pylist()
    with (gzip.open if path.name.endswith(".gz") else open)(path, "rt", encoding="utf-8", newline="") as file:
        return [row["article_id"] for row in (csv.DictReader(file) if ".csv" in path.name else map(json.loads, file))]


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        *((f"corpus.{ending}", ending) for ending in ENDINGS),
        ("a/b.c/2026.11.jsonl.gz", "jsonl.gz"),
        ("corpus.parquet.gz", ""),
        ("corpus.json", ""),
        ("corpus.CSV", ""),
        ("corpus", ""),
        ("jsonl", ""),
        ("corpus.jsonl/", "jsonl"),  # a folder of months
        ("corpus.csv/x", ""),
    ],
)
def test_ending_of_a_name(name, ending):
    assert ending_of(name) == ending


@pytest.mark.parametrize(
    "ending", [*(e for e in ENDINGS if e != "parquet"), pytest.param("parquet", marks=pytest.mark.warehouse)]
)
def test_each_month_of_cairo_has_a_file(tmp_path, ending):
    folder = tmp_path / "corpus"
    write_months(records(), folder, ending)
    assert sorted(path.name for path in folder.iterdir()) == [f"{month}.{ending}" for month in MONTHS]
    assert [read(folder / f"{month}.{ending}") for month in MONTHS] == [["0", "3"], ["1", "4"], ["2", "5"]]
    assert [path.name for path in tmp_path.iterdir()] == ["corpus"]


@pytest.mark.warehouse
def test_column_that_is_null_in_a_file_has_its_type(tmp_path):
    import pyarrow.parquet

    from alqahira.publishing.parquet import arrow_schema

    write_months(records(), tmp_path / "corpus", "parquet")
    unknown = pyarrow.parquet.read_table(tmp_path / "corpus" / "unknown.parquet")
    assert unknown.column("date_published").null_count == len(unknown)
    assert [str(field.type) for field in unknown.schema] == [
        str(field.type).replace("timestamp[s", "timestamp[ms").replace("item:", "element:") for field in arrow_schema()
    ]


def test_new_snapshot_replaces_the_one_before(tmp_path):
    folder = tmp_path / "corpus.jsonl"
    write_months(records(), folder, "jsonl")
    write_months(islice(records(), 1), folder, "jsonl")
    assert [path.name for path in folder.iterdir()] == ["2026-10.jsonl"]


@pytest.mark.parametrize("can_exchange", [True, False])
def test_reader_finds_the_old_snapshot_until_the_new_one_is_whole(tmp_path, monkeypatch, can_exchange):
    if not can_exchange:
        monkeypatch.setattr(directories, "_exchange", lambda *_: False)
    folder = tmp_path / "corpus.jsonl"
    write_months(records(3), folder, "jsonl")
    seen = Counter()

    def watched():
        for record in records():
            seen[len(read(folder / "2026-10.jsonl"))] += 1
            yield record

    write_months(watched(), folder, "jsonl")
    assert seen == {1: 6}
    assert len(read(folder / "2026-10.jsonl")) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["corpus.jsonl"]


def test_folders_are_exchanged_in_one_step(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    if not directories._exchange(tmp_path / "a", tmp_path / "b"):
        pytest.skip("not on this system")
    assert [(tmp_path / name / other).exists() for name, other in ("ab", "ba")] == [True, True]


def broken():
    yield from records(2)
    raise ConfigurationError("the state went away")


def test_snapshot_that_fails_leaves_the_one_before(tmp_path):
    folder = tmp_path / "corpus.jsonl"
    write_months(records(), folder, "jsonl")
    with pytest.raises(ConfigurationError, match="went away"):
        write_months(broken(), folder, "jsonl")
    assert len(list(folder.iterdir())) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["corpus.jsonl"]


def test_snapshot_before_survives_a_kill_between_two_renames_and_a_failure_after_it(tmp_path):
    folder = tmp_path / "corpus.jsonl"
    write_months(records(), folder, "jsonl")
    folder.rename(tmp_path / ".corpus.jsonl.replaced")  # as where folders cannot be exchanged
    with pytest.raises(ConfigurationError, match="went away"):
        write_months(broken(), folder, "jsonl")
    assert len(list(folder.iterdir())) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["corpus.jsonl"]


def test_snapshot_before_is_put_back_where_the_new_one_cannot_be_renamed(tmp_path, monkeypatch):
    folder = tmp_path / "corpus.jsonl"
    write_months(records(), folder, "jsonl")
    monkeypatch.setattr(directories, "_exchange", lambda *_: False)
    rename = Path.rename

    def failing(path, target):
        if path.name.endswith(".replaying"):
            raise OSError(28, "No space left on device")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OutputUnwritable, match="No space left"):
        write_months(records(1), folder, "jsonl")
    assert len(list(folder.iterdir())) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["corpus.jsonl"]


@pytest.mark.parametrize("other", ["notes.txt", "2026-11.csv", ".2026-11.jsonl", "2026-11.jsonl.gz"])
def test_folder_with_anything_else_is_refused(tmp_path, other):
    (tmp_path / other).write_text("mine")
    with pytest.raises(ConfigurationError, match="which no snapshot has written"):
        write_months(records(), tmp_path, "jsonl")
    assert (tmp_path / other).read_text() == "mine"


def test_file_of_that_name_is_refused(tmp_path):
    (tmp_path / "corpus.jsonl").write_text("mine")
    with pytest.raises(ConfigurationError, match="is a file"):
        write_months(records(), tmp_path / "corpus.jsonl", "jsonl")


def test_second_snapshot_at_the_same_time_is_refused(tmp_path):
    def while_writing():
        with pytest.raises(LedgerBusy):
            write_months(records(), tmp_path / "corpus.jsonl", "jsonl")
        yield from records()

    write_months(while_writing(), tmp_path / "corpus.jsonl", "jsonl")


def test_more_months_than_open_files(tmp_path, monkeypatch):
    monkeypatch.setattr(snapshots, "_MOST_OPEN", 2)
    write_months(records(30), tmp_path / "corpus", "csv")
    assert [len(read(tmp_path / "corpus" / f"{month}.csv")) for month in MONTHS] == [10, 10, 10]


@pytest.mark.parametrize("write", [write_snapshot, write_months])
def test_corpus_is_not_held_in_memory(tmp_path, write):
    one = next(records())

    def peak(count):
        tracemalloc.start()
        try:
            write((one for _ in range(count)), tmp_path / f"{count}.jsonl", "jsonl")
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)  # loads modules
    assert peak(3_000) < 1.5 * peak(300)


def test_newest_revisions_are_selected_by_the_ledger(tmp_path):
    with opened(tmp_path) as ledger:
        for number in (1, 2, 3):
            accept(ledger, crawled(number))
        accept(ledger, crawled(2, text=crawled(2).article.article_body + "\n\nفقرة جديدة."))
        newest = [(r["article_id"], r["revision"]) for r in ledger.records(newest=True)]
        assert newest == [("1", 1), ("3", 1), ("2", 2)]
        assert len(list(ledger.records())) == 4


def test_export_by_month(archived, tmp_path):
    folder = tmp_path / "corpus.jsonl"
    settings = {"ALQAHIRA_OUTPUT_DIR": str(archived.folder)}
    ran = scrapy("export", "--partition", "month", "-o", str(folder), settings=settings)
    assert (ran.status, ran.lines) == (0, [])
    ids = [number for path in folder.iterdir() for number in read(path)]
    assert sorted(ids) == sorted(archived.by_id())
    assert (folder / "unknown.jsonl").exists()
