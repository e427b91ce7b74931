"""export and verify, as users run them."""

import csv
import gzip
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from ledger_scenario import live
from scrapy_process import Corpus, scrapy, scrapy_here

from alqahira.publishing.manifest import part_files
from alqahira.publishing.schema import columns
from alqahira.publishing.snapshots import write_csv
from alqahira.text.dates import cairo_day


@pytest.fixture
def corpus(archived):
    """A crawled corpus with a revision and a dropped duplicate. Read only."""
    return archived


@pytest.fixture
def small(tmp_path):
    live(tmp_path)
    return tmp_path


def run(command, folder, *arguments):
    return scrapy_here(command, *arguments, settings={"ALQAHIRA_OUTPUT_DIR": str(folder)})


def export(folder, *arguments):
    ran = run("export", folder, *arguments)
    assert ran.status == 0, ran.stderr
    return [json.loads(line) for line in ran.stdout.split("\n") if line]


def test_export_has_the_highest_revision_of_each_article(corpus):
    records = export(corpus.folder)
    assert {record["article_id"]: record for record in records} == corpus.by_id()
    assert len(records) == len(corpus.by_id())


def test_all_revisions_are_all_published_lines(corpus):
    records = export(corpus.folder, "--all-revisions")
    assert sorted(json.dumps(r, sort_keys=True) for r in records) == sorted(
        json.dumps(r, sort_keys=True) for r in corpus.records()
    )
    assert [r["revision"] for r in records if r["article_id"] == corpus.revised] == [1, 2]


def test_export_by_state_and_organization(corpus):
    records = export(corpus.folder)
    sudan = [record for record in records if "SD" in record["countries"]]
    assert export(corpus.folder, "--country", "SD") == sudan
    both = [record for record in sudan if "un" in record["organizations"]]
    assert 0 < len(both) < len(sudan) < len(records)
    assert export(corpus.folder, "--country", "SD", "--organization", "un") == both
    either = [record for record in records if not {"SD", "EG"}.isdisjoint(record["countries"])]
    assert export(corpus.folder, "--country", "SD", "--country", "EG") == either


def test_export_by_topic_and_days(corpus):
    day = cairo_day(datetime.now(UTC)) - timedelta(days=3)
    records = export(corpus.folder, "--topic", "defense", "--since", str(day), "--until", str(day))
    expected = {
        number
        for number, record in corpus.by_id().items()
        if "defense" in record["topics"]
        and record["date_published"]
        and cairo_day(datetime.fromisoformat(record["date_published"])) == day
    }
    assert {record["article_id"] for record in records} == expected


def test_lines_of_a_run_are_those_that_it_wrote(corpus):
    (revision,) = [record for record in corpus.records() if record["revision"] == 2]
    run_id = revision["run_id"]
    records = export(corpus.folder, "--run", run_id)
    assert sorted(map(json.dumps, records)) == sorted(
        json.dumps(record) for record in corpus.records() if record["run_id"] == run_id
    )


def test_lines_after_a_position_are_what_an_incremental_load_takes(corpus):
    (old,) = [r["position"] for r in corpus.records() if (r["article_id"], r["revision"]) == (corpus.revised, 1)]
    later = sorted((r for r in corpus.records() if r["position"] >= old), key=lambda record: record["position"])
    assert len(later) < len(corpus.records())
    assert export(corpus.folder, "--after", str(old - 1), "--all-revisions") == later
    # Of two revisions, the higher one alone.
    assert export(corpus.folder, "--after", str(old - 1)) == later[1:]
    assert export(corpus.folder, "--after", str(later[-1]["position"])) == []


def test_dropped_duplicates_name_their_original(corpus):
    dropped = [record for record in export(corpus.folder, "--with-duplicates") if record["duplicate_of"]]
    assert dropped
    assert all(record["duplicate_of"] in corpus.by_id() for record in dropped)


def test_exported_file_appears_whole(corpus, tmp_path):
    target = tmp_path / "corpus.jsonl"
    ran = run("export", corpus.folder, "-o", str(target))
    assert (ran.status, ran.stdout) == (0, "")
    assert len(target.read_text("utf-8").split("\n")) == len(corpus.by_id()) + 1
    assert [path.name for path in tmp_path.iterdir()] == ["corpus.jsonl"]


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "jsonl", "jsonl.gz"])
def test_ending_of_the_file_is_its_format(corpus, tmp_path, ending):
    target = tmp_path / f"corpus.{ending}"
    assert run("export", corpus.folder, "-o", str(target)).status == 0
    opened = gzip.open if ending.endswith(".gz") else open
    with opened(target, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file)) if "csv" in ending else [json.loads(line) for line in file]
    known = corpus.by_id()
    assert {row["article_id"]: row["headline"] for row in rows} == {n: r["headline"] for n, r in known.items()}
    if "csv" in ending:
        assert list(rows[0]) == list(next(iter(known.values())))
        assert [json.loads(row["keywords"]) for row in rows] == [known[row["article_id"]]["keywords"] for row in rows]
    elsewhere = run("export", corpus.folder, "--format", ending.split(".")[0])
    assert elsewhere.stdout.count("\n") >= len(rows)


@pytest.mark.parametrize("name", ["corpus.gz", "corpus.jsonl.gz"])
def test_other_format_in_a_packed_file_is_packed(corpus, tmp_path, name):
    assert run("export", corpus.folder, "-o", str(tmp_path / name), "--format", "csv").status == 0
    with gzip.open(tmp_path / name, "rt", encoding="utf-8", newline="") as file:
        assert {row["article_id"] for row in csv.DictReader(file)} == corpus.by_id().keys()


def test_csv_has_no_formula_and_keeps_every_line_break():
    names = [column.name for column in columns()]
    record = dict.fromkeys(names) | {
        "headline": "=1+1",
        "article_body": 'first\n\nsecond, "third"',
        "keywords": ["-a", "ب"],
    }
    target = io.StringIO()
    write_csv([record | {"credit_line": f"{sign}x"} for sign in "=+-@\t\n"], target)
    rows = list(csv.DictReader(io.StringIO(target.getvalue(), newline="")))
    assert [row["credit_line"] for row in rows] == [f"'{sign}x" for sign in "=+-@\t\n"]
    assert (rows[0]["headline"], rows[0]["article_body"]) == ("'=1+1", record["article_body"])
    assert (rows[0]["keywords"], rows[0]["description"]) == ('["-a", "ب"]', "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--after", "-1"], "is no position"),
        (["--after", "first"], "is no position"),
        (["--after", "9", "--with-duplicates"], "--after takes published lines"),
        (["--topic", "sports"], "argument --topic: invalid choice: 'sports'"),
        (["--country", "sd"], "'sd' is none of the codes of alqahira/text/countries.txt; did you mean SD?"),
        (["--organization", "UN"], "'UN' is none of the codes of alqahira/text/organizations.txt; did you mean un?"),
        (["--run", "none"], "no run 'none' is known"),
        (["--format", "xlsx"], "argument --format: invalid choice: 'xlsx'"),
        (["--since", "yesterday"], "is not a date"),
        (["--since", "2026-11-02", "--until", "2026-11-01"], "is after until"),
        (["-o", "/dev/null/x.csv"], "cannot be written"),
        (["-o", "/dev/null/x.csv", "--partition", "month"], "x.csv cannot be written: Not a directory"),
        (["-o", "corpus.xlsx"], "'corpus.xlsx' ends in none of .jsonl, .jsonl.gz, .csv, .csv.gz, .parquet"),
        (["-o", "corpus.parquet.gz"], "ends in none of"),
        (["-o", "s3://bucket/corpus.csv"], "docs/object-stores.md"),
        (["--partition", "month"], "--partition needs a folder"),
        (["--partition", "day", "-o", "x.csv"], "argument --partition: invalid choice: 'day'"),
    ],
)
def test_wrong_option_is_one_line_and_status_2(corpus, arguments, message):
    ran = run("export", corpus.folder, *arguments)
    assert ran.status == 2
    assert len(ran.lines) == 1
    assert message in ran.lines[0]


@pytest.mark.parametrize("command", [("export", "--format", "csv"), ("report",)], ids=" ".join)
@pytest.mark.parametrize("name", ["state.db", "state.db-wal", "_manifest.json", "articles/day=2026-11-24/x.csv"])
def test_file_of_the_corpus_is_never_replaced(command, name, tmp_path):
    live(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    (tmp_path / "link").symlink_to(tmp_path)
    ran = run(command[0], tmp_path, *command[1:], "-o", str(tmp_path / "link" / name))
    assert (ran.status, len(ran.lines)) == (2, 1)
    assert ran.lines[0].endswith(f"{name} cannot be written: it is a file of the corpus")
    (tmp_path / "link").unlink()
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("replay", "-o"),
        ("replay", "--archive"),
        ("corpus", "--archive", "archive", "-o"),
        ("corpus", "-o", "aside", "--parts"),
        ("report", "-o"),
        ("doctor", "--save"),
    ],
    ids=" ".join,
)
def test_address_of_an_object_store_is_refused_with_the_recipe(corpus, arguments, tmp_path):
    command, *options = arguments
    ran = scrapy(command, *options, "s3://me:hunter2@bucket/corpus", settings=corpus.settings)
    assert ran.status == 2
    assert ran.lines == [
        "alqahira: 's3://…@bucket/corpus' is not a file of this machine: write to one, and copy it as "
        "docs/object-stores.md shows"
    ]


def test_export_before_a_run_is_refused(tmp_path):
    ran = run("export", tmp_path)
    assert ran.status == 2
    assert "no run has written there" in ran.lines[0]


def test_intact_corpus_verifies(small):
    ran = run("verify", small)
    assert ran.status == 0
    assert "all as listed" in ran.stdout


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-9]), "shortened"),
        (lambda path: path.write_bytes(path.read_bytes().replace(b"run", b"ran")), "changed"),
        (lambda path: path.unlink(), "missing"),
        (lambda path: path.with_name("part-000099.jsonl").write_text("{}\n"), "not in the manifest"),
    ],
)
def test_damaged_part_is_named_with_status_1(small, damage, message):
    damage(small / part_files(small)[0])
    ran = run("verify", small)
    assert ran.status == 1
    assert message in ran.stdout


def test_compact_prints_what_it_merged_and_removed(small):
    ran = scrapy_here("compact", settings={"ALQAHIRA_OUTPUT_DIR": str(small), "ALQAHIRA_COMPACT_AFTER_DAYS": "0"})
    assert (ran.status, ran.stdout) == (0, "1 days: 5 parts became 1; 0 old files removed\n")
    again = {"ALQAHIRA_OUTPUT_DIR": str(small), "ALQAHIRA_COMPACT_GRACE_HOURS": "0"}
    assert scrapy_here("compact", settings=again).stdout == "0 days: 0 parts became 0; 5 old files removed\n"
    assert run("verify", small).stdout.endswith("3 parts, 7 rows: all as listed\n")


def test_compact_before_a_run_is_refused(tmp_path):
    ran = run("compact", tmp_path)
    assert (ran.status, len(ran.lines)) == (2, 1)
    assert "has no parts to compact" in ran.lines[0]
    assert [*tmp_path.iterdir()] == []


def test_corrupt_state_is_refused_and_rebuilt_from_the_parts(replica, tmp_path):
    corpus = Corpus(tmp_path / "output", replica().url)
    corpus.crawl("defense")
    before = corpus.lines()
    (corpus.folder / "state.db").write_bytes(b"garbage" * 5000)
    refused = corpus.crawl("defense")
    assert refused.status == 2
    assert "cannot be read" in refused.lines[-1]
    assert "Traceback" not in refused.stderr
    rebuilt = run("verify", corpus.folder, "--rebuild-state")
    assert rebuilt.status == 0
    assert f"{len(before)} lines" in rebuilt.stdout
    assert corpus.crawl("defense").status == 0
    assert corpus.lines() == before
