"""Each page of docs/warehouses, run as printed on its engine: all engines return the same rows.

A first load, a second that brings new revisions, the same again, then the older parts alone, and at last a part with
a column more and one less.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from awkward_corpus import newest_lines
from postgres_server import postgres_folder, start_postgres
from printed import PrintedPage

from alqahira.article import rfc3339, to_json_line
from alqahira.publishing.dialects import ddl
from alqahira.publishing.manifest import part_files, read_part
from alqahira.publishing.schema import columns

pytestmark = pytest.mark.warehouse

KINDS = {column.name: column.kind for column in columns()}
NAMES = list(KINDS)
COLUMNS = ", ".join(NAMES)


def line(row: dict[str, Any], texts: frozenset[Any]) -> str:
    """A row as a line of the corpus; `texts`: the types that the engine must return as text."""
    record = {name: row[name] for name in NAMES}
    for name, value in record.items():
        if KINDS[name] not in (datetime, list[str]) or value is None:
            continue
        assert isinstance(value, str) == (KINDS[name] in texts), f"{name} came as {type(value).__name__}"
        if KINDS[name] is datetime:
            record[name] = value if isinstance(value, str) else rfc3339(value)
        else:
            record[name] = json.loads(value) if isinstance(value, str) else list(value)
    return to_json_line(record)


def digest(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


# --- how each engine runs a block of SQL, and gives all rows back ---------------------------------


@contextmanager
def nothing(page: PrintedPage) -> Iterator[None]:
    yield


def by_db_api(page: PrintedPage, code: str) -> list[tuple[Any, ...]]:
    return page.names["db"].execute(code.rstrip().rstrip(";")).fetchall()


def named(rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    return [dict(zip(NAMES, row, strict=True)) for row in rows]


def from_db_api(page: PrintedPage) -> list[dict[str, Any]]:
    return named(by_db_api(page, f"SELECT {COLUMNS} FROM articles"))


def by_chdb(page: PrintedPage, code: str) -> list[tuple[int, ...]]:
    selected = page.names["db"].query(code, "JSONCompactEachRow")
    return [tuple(map(int, json.loads(row))) for row in selected.bytes().splitlines()]


def from_chdb(page: PrintedPage) -> list[dict[str, Any]]:
    query = f"SELECT {COLUMNS} FROM articles FINAL SETTINGS date_time_output_format = 'iso'"
    return [json.loads(row) for row in page.names["db"].query(query, "JSONEachRow").bytes().splitlines()]


@contextmanager
def closed_session(page: PrintedPage) -> Iterator[None]:
    with ExitStack() as stack:
        stack.callback(lambda: page.names["db"].close())
        yield


def by_psql(page: PrintedPage, code: str) -> list[tuple[Any, ...]]:
    import psycopg

    with psycopg.connect(page.environment["DATABASE_URL"]) as connection:
        return connection.execute(code).fetchall()


def from_psql(page: PrintedPage) -> list[dict[str, Any]]:
    return named(by_psql(page, f"SELECT {COLUMNS} FROM articles"))


@contextmanager
def postgres(page: PrintedPage) -> Iterator[None]:
    if postgres_folder() is None:
        pytest.skip("no PostgreSQL here (Debian's package postgresql)")
    with start_postgres(page.folder) as url:
        page.environment["DATABASE_URL"] = url
        yield


def from_spark(page: PrintedPage) -> list[dict[str, Any]]:
    rows = page.names["spark"].sql(f"SELECT {COLUMNS} FROM articles").collect()
    # Spark returns naive times in the zone of the process.
    return [{k: v.astimezone() if isinstance(v, datetime) else v for k, v in row.asDict().items()} for row in rows]


@contextmanager
def java(page: PrintedPage) -> Iterator[None]:
    if shutil.which("java") is None:
        pytest.skip("no Java here (Debian's package default-jre-headless)")
    with ExitStack() as stack:
        stack.callback(lambda: page.names["spark"].stop())
        yield


def from_parquet(page: PrintedPage) -> list[dict[str, Any]]:
    import pyarrow.parquet

    return pyarrow.parquet.read_table(page.folder / "articles.parquet").to_pylist()


def from_dlt(page: PrintedPage) -> list[dict[str, Any]]:
    import duckdb

    with closing(duckdb.connect(page.folder / "warehouse.duckdb")) as db:
        return named(db.execute(f"SELECT {COLUMNS} FROM news.articles").fetchall())


@dataclass(frozen=True)
class Engine:
    """How to use an engine: its package, how to read rows, how to run SQL, what to start and stop around it.

    `texts`: the types that it returns as text. `has_null_lists`: a list that a line lacks is null, and not empty.
    """

    package: str
    rows: Callable[[PrintedPage], list[dict[str, Any]]]
    sql: Callable[[PrintedPage, str], Any] | None = None
    around: Callable[[PrintedPage], Any] = nothing
    texts: frozenset[Any] = frozenset()
    has_null_lists: bool = True


ENGINES = {
    "duckdb": Engine("duckdb", from_db_api, by_db_api),
    "clickhouse": Engine("chdb", from_chdb, by_chdb, closed_session, frozenset({datetime}), has_null_lists=False),
    "postgresql": Engine("psycopg", from_psql, by_psql, postgres),
    "spark": Engine("pyspark", from_spark, around=java),
    "sqlite": Engine("sqlite3", from_db_api, by_db_api, texts=frozenset({datetime, list[str]})),
    "polars": Engine("polars", from_parquet),
    "pyarrow": Engine("pyarrow", from_parquet),
    "pandas": Engine("pandas", from_parquet),
    "dlt": Engine("dlt", from_dlt, texts=frozenset({list[str]})),
}


# Two of them need more than a package: a server, or Java.
BESIDES = {"postgresql": [pytest.mark.postgres], "spark": [pytest.mark.spark]}


@pytest.mark.parametrize("name", [pytest.param(name, marks=BESIDES.get(name, [])) for name in ENGINES])
def test_printed_page_loads_merges_and_loads_again(name, awkward, tmp_path, monkeypatch):
    engine = ENGINES[name]
    importlib.import_module(engine.package)
    monkeypatch.chdir(tmp_path)
    # A folder for dlt, and no telemetry.
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    early, whole, later = map(newest_lines, (awkward.early, awkward.whole, awkward.later))
    page = PrintedPage(name, tmp_path, engine.sql)
    with engine.around(page):
        for step, (parts, expected) in enumerate(
            [
                (awkward.early, early),
                (awkward.whole, whole),
                (awkward.whole, whole),
                (awkward.early, whole),
                (awkward.later, later),
            ]
        ):
            (tmp_path / "output").unlink(missing_ok=True)
            (tmp_path / "output").symlink_to(parts)
            if step == 0:
                page.run("Create")
            page.run("Load")
            if not engine.has_null_lists:
                expected = sorted(text.replace('"countries": null', '"countries": []') for text in expected)
            lines = sorted(line(row, engine.texts) for row in engine.rows(page))
            assert len(lines) == len(expected)
            assert lines == expected
            assert digest(lines) == digest(expected)
            words = sum(json.loads(text)["word_count"] for text in expected)
            assert [str(len(expected)), str(words)] == re.findall(r"\d+", str(page.run("Check")))[-2:]


@pytest.mark.parametrize("name", ["duckdb", "sqlite"])
def test_table_holds_every_revision_once(name, awkward):
    connect = importlib.import_module(name if name == "duckdb" else "sqlite3").connect
    records = [record for part in part_files(awkward.whole) for record in read_part(awkward.whole / part)]
    assert len(records) > len(newest_lines(awkward.whole))
    rows = [[json.dumps(v) if name == "sqlite" and isinstance(v, list) else v for v in r.values()] for r in records]
    insert = f"INSERT INTO articles VALUES ({', '.join('?' * len(NAMES))})"
    with closing(connect(":memory:")) as db:
        db.execute(ddl(name))
        db.executemany(insert, rows)
        assert db.execute("SELECT count(*) FROM articles").fetchone() == (len(records),)
        with pytest.raises(Exception, match=r"(?i)constraint|unique"):
            db.execute(insert, rows[0])
