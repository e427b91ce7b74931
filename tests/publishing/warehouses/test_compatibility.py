"""A change of the record that would break a loaded table is refused without a new schema version."""

import json

import pytest
from scrapy_process import PROJECT, scrapy_here

from alqahira.article import SCHEMA_VERSION
from alqahira.commands.schema import FILES, PUBLISHED, SchemaDiffers, refuse_breaking, write
from alqahira.publishing.schema import breaking_changes, json_schema

TEXT = {"type": "string"}
OPTIONAL = {"type": ["string", "null"]}
LIST = {"type": "array", "items": TEXT}
TIME = {"type": ["string", "null"], "format": "date-time"}
BEFORE = {"article_id": TEXT, "description": OPTIONAL, "keywords": LIST, "date_published": TIME}


def changed(**columns):
    """The columns with some of them changed; None removes one."""
    return {name: column for name, column in (BEFORE | columns).items() if column is not None}


@pytest.mark.parametrize(
    ("after", "message"),
    [
        (changed(description=None), ["description is gone"]),
        (
            {"id": TEXT} | changed(article_id=None),
            ["article_id is gone", "id is new and not at the end", "id is new and may not be null"],
        ),
        (changed(article_id={"type": "integer"}), ["article_id was string and is integer"]),
        (changed(keywords=TEXT), ["keywords was list of string and is string"]),
        (
            changed(keywords={"type": "array", "items": {"type": "integer"}}),
            ["keywords was list of string and is list of integer"],
        ),
        (changed(date_published=OPTIONAL), ["date_published was timestamp or null and is string or null"]),
        (changed(description=TEXT), ["description was string or null and is string"]),
        (changed(article_id=OPTIONAL), ["article_id was string and is string or null"]),
        (dict(reversed(BEFORE.items())), ["the columns are in another order"]),
        ({"subtitle": OPTIONAL} | BEFORE, ["subtitle is new and not at the end"]),
        (changed(subtitle=TEXT), ["subtitle is new and may not be null"]),
        (changed(places=LIST), ["places is new and may not be null"]),
    ],
)
def test_breaking_change_is_named(after, message):
    broken = breaking_changes({"properties": BEFORE}, {"properties": after})
    assert len(broken) == len(message)
    assert all(line.startswith(start) for line, start in zip(broken, message, strict=True))


@pytest.mark.parametrize(
    "after",
    [
        BEFORE,
        changed(subtitle=OPTIONAL),
        changed(subtitle=OPTIONAL, date_archived=TIME),
        changed(places=LIST | {"type": ["array", "null"]}),
        changed(article_id=TEXT | {"description": "Otherwise.", "pattern": "^x"}),
        changed(description={"type": ["null", "string"], "enum": ["a", None]}),
    ],
)
def test_compatible_change_passes(after):
    assert breaking_changes({"properties": BEFORE}, {"properties": after}) == []


def test_committed_schemas_are_those_of_the_record():
    ran = scrapy_here("schema", "--check", "docs/schema")
    assert ran.status == 0, ran.lines


@pytest.fixture
def written(tmp_path):
    assert scrapy_here("schema", "--write", str(tmp_path)).status == 0
    return tmp_path


@pytest.mark.parametrize("action", ["--write", "--check"])
def test_breaking_change_without_new_version_is_refused(written, action):
    published = written / PUBLISHED.format(SCHEMA_VERSION)
    schema = json_schema()
    schema["properties"]["revision"]["type"] = "string"
    published.write_text(json.dumps(schema), "utf-8")
    ran = scrapy_here("schema", action, str(written))
    assert ran.status == 1
    assert ran.lines == [
        "alqahira: revision was string and is integer: set a new SCHEMA_VERSION in alqahira/article.py"
    ]
    assert json.loads(published.read_text("utf-8")) == schema


def test_differing_schema_file_is_named(written):
    (written / FILES["spark"]).write_text("CREATE TABLE articles (a INT);\n")
    (written / FILES["dlt"]).unlink()
    ran = scrapy_here("schema", "--check", str(written))
    assert ran.status == 1
    assert "articles.spark.sql, articles.dlt.json in" in ran.lines[0]


@pytest.mark.parametrize("arguments", [[], ["oracle"], ["json", "duckdb"], ["json", "--write", "docs/schema"]])
def test_wrong_name_is_refused_with_all_names(arguments):
    ran = scrapy_here("schema", *arguments)
    assert ran.status == 2
    assert len(ran.lines) == 1
    assert "json, bigquery, duckdb, clickhouse, postgresql, snowflake, redshift, spark, sqlite, dlt" in ran.lines[0]


@pytest.mark.parametrize("name", ["duckdb", "sqlite"])
def test_table_that_is_there_may_be_left_alone(name):
    plain, other = scrapy_here("schema", name).stdout, scrapy_here("schema", name, "--if-not-exists").stdout
    assert plain.startswith("CREATE TABLE articles (")
    assert other == plain.replace("CREATE TABLE articles (", "CREATE TABLE IF NOT EXISTS articles (")


@pytest.mark.parametrize("arguments", [["json"], ["--check", "docs/schema"]])
def test_condition_is_for_sql_alone(arguments):
    ran = scrapy_here("schema", "--if-not-exists", *arguments)
    assert (ran.status, len(ran.lines)) == (2, 1)
    assert "--if-not-exists is for SQL: duckdb, clickhouse" in ran.lines[0]


@pytest.mark.parametrize("name", ["json", "bigquery", "duckdb"])
def test_printed_schema_is_the_committed_one(name):
    assert scrapy_here("schema", name).stdout == (PROJECT / "docs" / "schema" / FILES[name]).read_text("utf-8")


def test_new_version_may_break_and_keeps_the_old_schema(written, monkeypatch):
    before = json.loads((written / PUBLISHED.format(SCHEMA_VERSION)).read_text("utf-8"))
    del before["properties"]["run_id"]
    (written / PUBLISHED.format(SCHEMA_VERSION)).write_text(json.dumps(before), "utf-8")
    with pytest.raises(SchemaDiffers, match="run_id is new and may not be null"):
        refuse_breaking(written)
    monkeypatch.setattr("alqahira.commands.schema.SCHEMA_VERSION", SCHEMA_VERSION + 1)
    refuse_breaking(written)
    write(written)
    assert json.loads((written / PUBLISHED.format(SCHEMA_VERSION)).read_text("utf-8")) == before
    assert json.loads((written / PUBLISHED.format(SCHEMA_VERSION + 1)).read_text("utf-8")) == json_schema()
