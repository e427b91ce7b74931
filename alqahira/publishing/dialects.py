"""The record as a table in each warehouse's own types: SQL, BigQuery's schema, dlt's columns. Pure.

One row of types a dialect, and what each needs besides. A translator of SQL would give the types alone: the
engine and sorting key of ClickHouse, Nullable, comments and keys would still stand here. That the SQL runs
is tested on the engines themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alqahira.publishing.schema import record_fields

TABLE = "articles"
KEY, REVISION = "article_id", "revision"
# The kinds of column the record has; each table of types below names them in this order.
_KINDS: tuple[Any, ...] = (str, int, datetime, list[str])


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one SQL engine says what the record's columns are.

    `types`: of text, integer, timestamp, list of text. `has_comments`: a COMMENT may follow a column; where it may
    not, a remark in the SQL says it. `escapes`: a backslash in a literal is an escape.
    """

    types: tuple[str, str, str, str]
    # Of a line, for a table may hold every revision. Only where the engine enforces it: an optimizer may believe a key
    # that does not hold.
    has_key: bool = False
    has_comments: bool = False
    escapes: bool = False
    nullable: str = "{type}"
    required: str = "{type} NOT NULL"
    after: str = ""

    def literal(self, text: str) -> str:
        """A SQL string."""
        return "'" + (text.replace("\\", "\\\\").replace("'", "\\'") if self.escapes else text.replace("'", "''")) + "'"

    def column(self, name: str, kind: Any, *, nullable: bool) -> str:
        """Name, type and whether it may be null."""
        rule = self.nullable if nullable else self.required
        return f"{name} {rule.format(type=self.types[_KINDS.index(kind)])}"


DIALECTS: dict[str, Dialect] = {
    # TIMESTAMPTZ is an instant, shown in the session's zone.
    "duckdb": Dialect(("VARCHAR", "BIGINT", "TIMESTAMPTZ", "VARCHAR[]"), has_key=True),
    # The sorting key is the key: of rows that share it, the engine keeps the highest revision (read with FINAL).
    "clickhouse": Dialect(
        ("String", "Int64", "DateTime('UTC')", "Array(String)"),
        has_comments=True,
        escapes=True,
        nullable="Nullable({type})",
        required="{type}",
        after=f"\nENGINE = ReplacingMergeTree({REVISION})\nORDER BY {KEY}",
    ),
    "postgresql": Dialect(("text", "bigint", "timestamptz(0)", "text[]"), has_key=True),
    "snowflake": Dialect(("VARCHAR", "NUMBER(19, 0)", "TIMESTAMP_TZ(0)", "ARRAY"), has_comments=True, escapes=True),
    # 65535 bytes are its longest text, inside a SUPER too.
    "redshift": Dialect(("VARCHAR(65535)", "BIGINT", "TIMESTAMPTZ", "SUPER")),
    "spark": Dialect(
        ("STRING", "BIGINT", "TIMESTAMP", "ARRAY<STRING>"), has_comments=True, escapes=True, after="\nUSING PARQUET"
    ),
    # It has neither timestamps nor lists: RFC 3339 text sorts as time does, and lists are JSON text for json_each.
    "sqlite": Dialect(("TEXT", "INTEGER", "TEXT", "TEXT"), has_key=True, after=" STRICT"),
}


def ddl(name: str) -> str:
    """One `CREATE TABLE articles (…);` in the dialect's SQL. KeyError where there is no such dialect."""
    dialect = DIALECTS[name]
    return "\n".join([f"CREATE TABLE {TABLE} (", *_columns(dialect), f"){dialect.after};"])


def _columns(dialect: Dialect) -> Iterator[str]:
    listed = record_fields()
    for number, (field, kind, nullable) in enumerate(listed, 1):
        column = dialect.column(field.name, kind, nullable=nullable)
        comma = "," if number < len(listed) or dialect.has_key else ""
        doc = field.metadata["doc"]
        if dialect.has_comments:
            yield f"    {column} COMMENT {dialect.literal(doc)}{comma}"
        else:
            yield f"    {column}{comma} -- {doc}"
    if dialect.has_key:
        yield f"    PRIMARY KEY ({KEY}, {REVISION})"


_BIGQUERY_TYPES = ("STRING", "INT64", "TIMESTAMP", "STRING")


def bigquery_schema() -> list[dict[str, str]]:
    """What `bq load --schema` reads; a list is a REPEATED column, which can be empty and never null."""
    return [
        {
            "name": field.name,
            "type": _BIGQUERY_TYPES[_KINDS.index(kind)],
            "mode": "REPEATED" if kind == list[str] else "NULLABLE" if nullable else "REQUIRED",
            "description": field.metadata["doc"],
        }
        for field, kind, nullable in record_fields()
    ]


# Lists stay in their row as JSON; as they are, dlt would make a table of each.
_DLT_TYPES = ("text", "bigint", "timestamp", "json")


def dlt_columns() -> dict[str, dict[str, Any]]:
    """What a dlt resource takes as `columns`: types, the key, and of equal keys the highest revision."""
    columns: dict[str, dict[str, Any]] = {}
    for field, kind, nullable in record_fields():
        column: dict[str, Any] = {"data_type": _DLT_TYPES[_KINDS.index(kind)], "nullable": nullable}
        if kind is datetime:
            column |= {"timezone": True, "precision": 0}
        if field.name == KEY:
            column["primary_key"] = True
        if field.name == REVISION:
            column["dedup_sort"] = "desc"
        columns[field.name] = column | {"description": field.metadata["doc"]}
    return columns
