"""The record as a table in each warehouse's own types: SQL, BigQuery's schema, dlt's columns. Pure.

The SQL is not translated by sqlglot, which would give the types alone, and not keys, comments, Nullable, and the engine
and sorting key of ClickHouse. The tests run the SQL on the engines.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alqahira.publishing.schema import Column, columns

TABLE = "articles"
KEY, REVISION = "article_id", "revision"
# The types of the record's fields; each tuple of types below is in this order.
_KINDS: tuple[object, ...] = (str, int, datetime, list[str])


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a SQL engine writes the record's columns.

    `types`: of text, integer, timestamp, list of text. `has_null_lists`: a list may be null. `has_key`: it enforces a
    primary key; without that, none is declared, as optimizers would rely on it. `has_comments`: it has a COMMENT on
    columns, with backslash escapes; otherwise the description is a comment in the SQL.
    """

    types: tuple[str, str, str, str]
    has_null_lists: bool = True
    has_key: bool = False
    has_comments: bool = False
    nullable: str = "{type}"
    required: str = "{type} NOT NULL"
    after: str = ""


DIALECTS: dict[str, Dialect] = {
    # TIMESTAMPTZ is an instant, displayed in the session's zone.
    "duckdb": Dialect(("VARCHAR", "BIGINT", "TIMESTAMPTZ", "VARCHAR[]"), has_key=True),
    # DateTime64, because DateTime holds no date before 1970.
    # Of rows with the same sorting key, the engine keeps the one with the highest revision (read with FINAL).
    "clickhouse": Dialect(
        ("String", "Int64", "DateTime64(0, 'UTC')", "Array(String)"),
        has_null_lists=False,
        has_comments=True,
        nullable="Nullable({type})",
        required="{type}",
        after=f"\nENGINE = ReplacingMergeTree({REVISION})\nORDER BY {KEY}",
    ),
    "postgresql": Dialect(("text", "bigint", "timestamptz(0)", "text[]"), has_key=True),
    "snowflake": Dialect(("VARCHAR", "NUMBER(19, 0)", "TIMESTAMP_TZ(0)", "ARRAY"), has_comments=True),
    # Its longest text has 65535 bytes, also inside a SUPER.
    "redshift": Dialect(("VARCHAR(65535)", "BIGINT", "TIMESTAMPTZ", "SUPER")),
    "spark": Dialect(("STRING", "BIGINT", "TIMESTAMP", "ARRAY<STRING>"), has_comments=True, after="\nUSING PARQUET"),
    # It has neither timestamps nor lists: RFC 3339 text sorts as time does, and lists are JSON text for json_each.
    "sqlite": Dialect(("TEXT", "INTEGER", "TEXT", "TEXT"), has_key=True, after=" STRICT"),
}
_BIGQUERY_TYPES = ("STRING", "INT64", "TIMESTAMP", "STRING")
# Lists are JSON: dlt would make a table of each otherwise.
_DLT_TYPES = ("text", "bigint", "timestamp", "json")


def ddl(name: str, *, if_not_exists: bool = False) -> str:
    """One `CREATE TABLE articles (…);` in the dialect's SQL. Raises KeyError for an unknown dialect.

    `if_not_exists`: it leaves a table that is there alone.
    """
    dialect, condition = DIALECTS[name], "IF NOT EXISTS " if if_not_exists else ""
    return "\n".join([f"CREATE TABLE {condition}{TABLE} (", *_lines(dialect), f"){dialect.after};"])


def _lines(dialect: Dialect) -> Iterator[str]:
    listed = columns()
    for column in listed:
        nullable = column.nullable and (dialect.has_null_lists or column.kind != list[str])
        rule = dialect.nullable if nullable else dialect.required
        definition = f"    {column.name} {rule.format(type=_type(column, dialect.types))}"
        comma = "," if dialect.has_key or column != listed[-1] else ""
        if dialect.has_comments:
            escaped = column.doc.replace("\\", "\\\\").replace("'", "\\'")
            yield f"{definition} COMMENT '{escaped}'{comma}"
        else:
            yield f"{definition}{comma} -- {column.doc}"
    if dialect.has_key:
        yield f"    PRIMARY KEY ({KEY}, {REVISION})"


def _type(column: Column, types: tuple[str, str, str, str]) -> str:
    return types[_KINDS.index(column.kind)]


def bigquery_schema() -> list[dict[str, str]]:
    """The schema for `bq load --schema`; a list is a REPEATED column, which may be empty but never null."""
    return [
        {
            "name": column.name,
            "type": _type(column, _BIGQUERY_TYPES),
            "mode": "REPEATED" if column.kind == list[str] else "NULLABLE" if column.nullable else "REQUIRED",
            "description": column.doc,
        }
        for column in columns()
    ]


def dlt_columns() -> dict[str, dict[str, Any]]:
    """The `columns` of a dlt resource: types, and the key, that of a line."""
    described = {}
    for column in columns():
        options: dict[str, Any] = {"primary_key": True} if column.name in (KEY, REVISION) else {}
        if column.kind is datetime:
            options = {"timezone": True, "precision": 0}
        definition = {"data_type": _type(column, _DLT_TYPES), "nullable": column.nullable}
        described[column.name] = {**definition, **options, "description": column.doc}
    return described
