"""BigQuery, Snowflake and Redshift cannot run here: their documented limits are asserted on our output.

The pages of docs/warehouses name the documents; none of this shows that a load works there.
"""

from __future__ import annotations

import json
import re
import subprocess
from datetime import datetime

import pytest
from printed import PAGES, blocks

from alqahira.article import SCHEMA_VERSION, to_json_line
from alqahira.publishing.dialects import DIALECTS, bigquery_schema, ddl
from alqahira.publishing.manifest import part_files, read_corpus, read_manifest, read_part
from alqahira.publishing.schema import columns
from alqahira.settings import ALQAHIRA_PART_MAX_ROWS, DOWNLOAD_MAXSIZE

KB, MB, GB = 1_000, 1_000_000, 1_000_000_000
NAMES = [column.name for column in columns()]
TIMESTAMPS = [column.name for column in columns() if column.kind is datetime]
REDSHIFT_TEXT = 65_535
NOT_RUN = ["bigquery", "snowflake", "redshift"]


@pytest.fixture(scope="module")
def records(awkward):
    lines = [record for part in part_files(awkward.whole) for record in read_part(awkward.whole / part)]
    assert max(len(record["article_body"].encode()) for record in lines) > 200 * KB
    return lines


def sizes(value):
    """Bytes of each text in a value."""
    return [len(text.encode()) for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]


@pytest.mark.parametrize(
    ("warehouse", "most"),
    [("bigquery row", 100 * MB), ("snowflake document", 16 * 1024 * KB), ("redshift object", 4 * MB)],
)
def test_line_with_body_of_200_kb_is_within_limits(records, warehouse, most):
    longest = max(len(to_json_line(record).encode()) for record in records)
    assert 200 * KB < longest < 300 * KB
    assert longest * 10 < most, warehouse


def test_longest_field_fits_snowflakes_text(records):
    assert DOWNLOAD_MAXSIZE <= 16_777_216
    assert max(size for record in records for value in record.values() for size in sizes(value)) < DOWNLOAD_MAXSIZE


def test_part_is_within_bigquerys_limit(awkward):
    per_row = max(
        (awkward.whole / part).stat().st_size / len(list(read_part(awkward.whole / part)))
        for part in part_files(awkward.whole)
    )
    assert per_row * ALQAHIRA_PART_MAX_ROWS < 4 * GB


def test_only_the_body_exceeds_redshifts_text(records):
    outgrown = {name for record in records for name in NAMES if any(n > REDSHIFT_TEXT for n in sizes(record[name]))}
    assert outgrown == {"article_body"}
    load = next(block.code for block in blocks("redshift") if "COPY" in block.code)
    assert "TRUNCATECOLUMNS" in load
    assert f"VARCHAR({REDSHIFT_TEXT})" in ddl("redshift")


def test_list_is_within_limit_of_super(records):
    assert max(len(json.dumps(v).encode()) for record in records for v in record.values() if isinstance(v, list)) < KB


def test_text_is_utf_8_without_zero(records):
    for record in records:
        assert "\0" not in to_json_line(record).encode("utf-8").decode("utf-8")
        assert "\\u0000" not in to_json_line(record)


@pytest.mark.parametrize("name", TIMESTAMPS)
def test_timestamp_is_iso_8601_in_utc(records, name):
    values = {record[name] for record in records} - {None}
    assert values
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value) for value in values)


def test_list_is_not_null_and_has_no_null(records):
    lists = [field["name"] for field in bigquery_schema() if field["mode"] == "REPEATED"]
    assert lists
    for record in records:
        assert all(isinstance(record[name], list) and None not in record[name] for name in lists)


def test_required_field_is_never_null(records):
    required = [field["name"] for field in bigquery_schema() if field["mode"] == "REQUIRED"]
    assert all(record[name] is not None for record in records for name in required)


def test_integer_is_exact_in_javascript(records):
    numbers = [value for record in records for value in record.values() if isinstance(value, int)]
    assert SCHEMA_VERSION in numbers
    assert max(numbers) < 2**53


def test_names_and_descriptions_are_within_bigquerys_limits():
    for column in bigquery_schema():
        assert re.fullmatch(r"[a-z][a-z0-9_]{0,299}", column["name"])
        assert len(column["description"]) <= 1_024
    assert len(bigquery_schema()) == len(NAMES)


@pytest.mark.warehouse
@pytest.mark.parametrize("dialect", ["bigquery", "redshift", "duckdb"])
def test_no_name_is_reserved(dialect):
    from sqlglot.dialects.dialect import Dialect

    reserved = {word.lower() for word in Dialect.get_or_raise(dialect).generator_class.RESERVED_KEYWORDS}
    assert "select" in reserved
    assert not reserved & set(NAMES)


@pytest.mark.warehouse
@pytest.mark.parametrize("name", [name for name in DIALECTS if name != "sqlite"])
def test_ddl_is_one_statement_with_unquoted_columns(name):
    import sqlglot

    (created,) = sqlglot.parse(ddl(name), read={"postgresql": "postgres"}.get(name, name))
    assert created.key == "create"
    columns = [column.this for column in created.this.expressions if column.key == "columndef"]
    assert [(column.name, column.quoted) for column in columns] == [(name, False) for name in NAMES]


@pytest.mark.warehouse
@pytest.mark.parametrize("page", NOT_RUN)
def test_sql_that_is_not_run_parses(page):
    import sqlglot

    printed = [block for block in blocks(page) if block.language == "sql"]
    assert {block.section for block in printed} == {"Load", "What is new", "Check"}
    for block in printed:
        for statement in sqlglot.parse(block.code, read=page):
            assert statement.key != "command", f"not understood: {statement.sql()}"
    assert "**Not run.**" in (PAGES / f"{page}.md").read_text("utf-8")


def in_duckdb(page, section):
    """The statements of a section for DuckDB, without those that make and fill `lines`, `manifest` and `parts`."""
    import sqlglot

    code = "\n".join(block.code for block in blocks(page) if (block.language, block.section) == ("sql", section))
    given = re.compile(r"(COPY\b.*|CREATE\b.*? TABLE (news\.)?(lines|manifest|parts|checkpoints)\b.*)", re.DOTALL)
    texts = [statement.sql("duckdb") for statement in sqlglot.parse(code, read=page)]
    return [text for text in texts if not given.match(text)]


def in_memory():
    import duckdb

    db = duckdb.connect()
    db.execute("CREATE SCHEMA news; SET search_path = 'news'")
    db.execute(ddl("duckdb"))
    db.execute("CREATE TABLE parts (corpus_id VARCHAR, generation BIGINT, path VARCHAR, position BIGINT)")
    db.execute("CREATE TABLE checkpoints (number BIGINT, checkpoint VARCHAR)")
    return db


def kept(db):
    return sorted(db.execute("SELECT article_id, revision, content_hash FROM articles").fetchall())


def newest(output):
    return sorted((r["article_id"], r["revision"], r["content_hash"]) for r in read_corpus(output))


@pytest.mark.warehouse
@pytest.mark.parametrize("page", NOT_RUN)
def test_merge_that_is_not_run_works_in_duckdb(page, awkward):
    merge = in_duckdb(page, "Load")
    assert [text.split()[0] for text in merge if "newest" in text] == ["CREATE", "DELETE", "INSERT"]
    with in_memory() as db:
        for parts, expected in [
            (awkward.early, awkward.early),
            (awkward.whole, awkward.whole),
            (awkward.early, awkward.whole),
        ]:
            db.execute("CREATE OR REPLACE TABLE lines AS FROM articles LIMIT 0")
            db.execute(f"COPY lines FROM '{parts}/articles/*/part-*' (FORMAT json)")
            for text in merge:
                db.execute(text)
            db.execute("DROP TABLE newest")
            assert kept(db) == newest(expected)


@pytest.mark.warehouse
@pytest.mark.parametrize("page", NOT_RUN)
def test_load_of_what_is_new_that_is_not_run_works_in_duckdb(page, awkward):
    statements = in_duckdb(page, "What is new")
    (select,) = [number for number, text in enumerate(statements) if text.startswith("SELECT")]
    with in_memory() as db:
        loads = [
            (awkward.early, 1, "a"),
            (awkward.whole, 1, "ab"),
            (awkward.whole, 1, "ab"),
            (awkward.early, 2, "ab"),  # of another generation
            (awkward.whole, 2, "ac"),  # a backup that was restored, and has grown
        ]
        for corpus, generation, checkpoints in loads:
            listed = read_manifest(corpus)
            db.execute("DELETE FROM parts; DELETE FROM checkpoints")
            db.executemany("INSERT INTO checkpoints VALUES (?, ?)", list(enumerate(checkpoints)))
            rows = [("corpus", generation, part.path, part.last_position) for part in listed]
            db.executemany("INSERT INTO parts VALUES (?, ?, ?, ?)", rows)
            for text in statements[:select]:
                db.execute(text)
            known = db.execute("SELECT position FROM loads").fetchall()
            new = [path for (path,) in db.execute(statements[select]).fetchall()]
            assert new == [part.path for part in listed if not known or part.last_position > known[0][0]]
            db.execute("CREATE OR REPLACE TABLE lines AS FROM articles LIMIT 0")
            for path in new:
                db.execute(f"COPY lines FROM '{corpus / path}' (FORMAT json)")
            for text in statements[select + 1 :]:
                db.execute(text)
            db.execute("DROP TABLE newest")
            assert kept(db) == newest(corpus)
            last = max(part.last_position for part in listed)
            assert db.execute("FROM loads").fetchall() == [("corpus", generation, last, checkpoints[-1])]


@pytest.mark.warehouse
def test_qualify_after_from_has_an_alias_in_redshift():
    code = "\n".join(block.code for block in blocks("redshift") if block.language == "sql")
    assert len(re.findall(r"FROM lines AS line\s", code)) == code.count("QUALIFY") == 2


def test_postgresql_reads_any_number_of_parts(tmp_path):
    """Linux allows a command 128 KB of arguments at least; with a stack of 512 KB, no more."""
    folder = tmp_path / "output" / "articles" / f"day=2026-11-24{'-' * 200}"
    folder.mkdir(parents=True)
    for number in range(1_000):
        (folder / f"part-{number:06}.jsonl").write_text("{}\n")
    paths = "".join(f"{path.relative_to(tmp_path)}\n" for path in folder.iterdir())
    assert len(paths) > 128 * 1024
    (tmp_path / "new-parts.txt").write_text(paths)
    code = "\n".join(block.code for block in blocks("postgresql"))
    programs = [program for program in re.findall(r"FROM PROGRAM '(.*)' WITH", code) if "zcat" in program]
    assert len(programs) == 2
    for program in programs:
        command = ["bash", "-euo", "pipefail", "-c", f"ulimit -s 512; {program}"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
        assert done.stdout == b"{}\n" * 1_000
