"""The record as a table in each warehouse's own types: SQL, BigQuery's schema, dlt's columns. Pure.

One row of types a dialect, and what each needs besides. A translator of SQL would give the types alone: the engine and
sorting key of ClickHouse, Nullable, comments and keys would still be needed here. The tests run the SQL on the engines.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alqahira.publishing.schema import Column, columns

TABLE = "articles"
KEY, REVISION = "article_id", "revision"
# The kinds of column the record has; each list of types below names them in this order.
_KINDS: tuple[object, ...] = (str, int, datetime, list[str])


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a SQL engine writes the record's columns.

    `types`: of text, integer, timestamp, list of text. `has_key`: it enforces a primary key; elsewhere an optimizer may
    believe a key that does not hold, for a table may hold every revision. `has_comments`: a COMMENT may follow a column
    (its literals escape by backslash); elsewhere a remark in the SQL gives it.
    """

    types: tuple[str, str, str, str]
    has_key: bool = False
    has_comments: bool = False
    nullable: str = "{type}"
    required: str = "{type} NOT NULL"
    after: str = ""


DIALECTS: dict[str, Dialect] = {
    # TIMESTAMPTZ is an instant, shown in the session's zone.
    "duckdb": Dialect(("VARCHAR", "BIGINT", "TIMESTAMPTZ", "VARCHAR[]"), has_key=True),
    # The sorting key is the key: of rows that share it, the engine keeps the highest revision (read with FINAL).
    "clickhouse": Dialect(
        ("String", "Int64", "DateTime('UTC')", "Array(String)"),
        has_comments=True,
        nullable="Nullable({type})",
        required="{type}",
        after=f"\nENGINE = ReplacingMergeTree({REVISION})\nORDER BY {KEY}",
    ),
    "postgresql": Dialect(("text", "bigint", "timestamptz(0)", "text[]"), has_key=True),
    "snowflake": Dialect(("VARCHAR", "NUMBER(19, 0)", "TIMESTAMP_TZ(0)", "ARRAY"), has_comments=True),
    # 65535 bytes are its longest text, inside a SUPER too.
    "redshift": Dialect(("VARCHAR(65535)", "BIGINT", "TIMESTAMPTZ", "SUPER")),
    "spark": Dialect(("STRING", "BIGINT", "TIMESTAMP", "ARRAY<STRING>"), has_comments=True, after="\nUSING PARQUET"),
    # It has neither timestamps nor lists: RFC 3339 text sorts as time does, and lists are JSON text for json_each.
    "sqlite": Dialect(("TEXT", "INTEGER", "TEXT", "TEXT"), has_key=True, after=" STRICT"),
}
_BIGQUERY_TYPES = ("STRING", "INT64", "TIMESTAMP", "STRING")
# Lists stay in their row as JSON; as they are, dlt would make a table of each.
_DLT_TYPES = ("text", "bigint", "timestamp", "json")


def ddl(name: str) -> str:
    """One `CREATE TABLE articles (…);` in the dialect's SQL. KeyError where there is no such dialect."""
    dialect = DIALECTS[name]
    return "\n".join([f"CREATE TABLE {TABLE} (", *_lines(dialect), f"){dialect.after};"])


def _lines(dialect: Dialect) -> Iterator[str]:
    listed = columns()
    for column in listed:
        rule = dialect.nullable if column.nullable else dialect.required
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
    """What `bq load --schema` reads; a list is a REPEATED column, which can be empty and never null."""
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
    """What a dlt resource takes as `columns`: types, the key, and of equal keys the highest revision."""
    more: dict[str, dict[str, Any]] = {KEY: {"primary_key": True}, REVISION: {"dedup_sort": "desc"}}
    return {
        column.name: {"data_type": _type(column, _DLT_TYPES), "nullable": column.nullable}
        | ({"timezone": True, "precision": 0} if column.kind is datetime else more.get(column.name, {}))
        | {"description": column.doc}
        for column in columns()
    }
