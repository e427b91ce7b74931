"""Each engine of docs/warehouses: how its page's SQL is run, how its rows are read, what is started around it."""

from __future__ import annotations

import importlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from postgres_server import postgres_folder, start_postgres
from printed import PrintedPage

from alqahira.article import rfc3339, to_json_line
from alqahira.publishing.schema import columns

KINDS = {column.name: column.kind for column in columns()}
NAMES = list(KINDS)
COLUMNS = ", ".join(NAMES)


def line(row: dict[str, Any], texts: frozenset[Any]) -> str:
    """A row as a line of the corpus; `texts`: the types that the engine must return as text."""
    record = dict(row)
    for name, value in record.items():
        if KINDS.get(name) not in (datetime, list[str]) or value is None:
            continue
        assert isinstance(value, str) == (KINDS[name] in texts), f"{name} came as {type(value).__name__}"
        if KINDS[name] is datetime:
            record[name] = value if isinstance(value, str) else rfc3339(value)
        else:
            record[name] = json.loads(value) if isinstance(value, str) else list(value)
    return to_json_line(record)


# --- how each engine runs a block of SQL, and gives all rows back ---------------------------------


@contextmanager
def nothing(page: PrintedPage) -> Iterator[None]:
    yield


def by_db_api(page: PrintedPage, code: str) -> list[tuple[Any, ...]]:
    return page.names["db"].execute(code.rstrip().rstrip(";")).fetchall()


def named(rows: list[tuple[Any, ...]], names: Sequence[str] = NAMES) -> list[dict[str, Any]]:
    return [dict(zip(names, row, strict=True)) for row in rows]


def from_db_api(page: PrintedPage, names: Sequence[str]) -> list[dict[str, Any]]:
    return named(by_db_api(page, f"SELECT {', '.join(names)} FROM articles"), names)


def by_chdb(page: PrintedPage, code: str) -> list[tuple[int, ...]]:
    selected = page.names["db"].query(code, "JSONCompactEachRow")
    return [tuple(map(int, json.loads(row))) for row in selected.bytes().splitlines()]


def from_chdb(page: PrintedPage, names: Sequence[str]) -> list[dict[str, Any]]:
    query = f"SELECT {', '.join(names)} FROM articles FINAL SETTINGS date_time_output_format = 'iso'"
    return [json.loads(row) for row in page.names["db"].query(query, "JSONEachRow").bytes().splitlines()]


@contextmanager
def closed_session(page: PrintedPage) -> Iterator[None]:
    with ExitStack() as stack:
        stack.callback(lambda: page.names["db"].close())
        yield


def by_psql(page: PrintedPage, code: str) -> list[tuple[Any, ...]]:
    import psycopg

    with psycopg.connect(page.environment["DATABASE_URL"]) as connection:
        selected = connection.execute(code)
        return selected.fetchall() if selected.description else []


def from_psql(page: PrintedPage, names: Sequence[str]) -> list[dict[str, Any]]:
    return named(by_psql(page, f"SELECT {', '.join(names)} FROM articles"), names)


@contextmanager
def postgres(page: PrintedPage) -> Iterator[None]:
    if postgres_folder() is None:
        pytest.skip("no PostgreSQL here (Debian's package postgresql)")
    with start_postgres(page.folder) as url:
        page.environment["DATABASE_URL"] = url
        yield


def by_spark(page: PrintedPage, code: str) -> None:
    page.names["spark"].sql(code)


def from_spark(page: PrintedPage, names: Sequence[str]) -> list[dict[str, Any]]:
    rows = page.names["spark"].sql(f"SELECT {', '.join(names)} FROM articles").collect()
    # Spark returns naive times in the zone of the process.
    return [{k: v.astimezone() if isinstance(v, datetime) else v for k, v in row.asDict().items()} for row in rows]


@contextmanager
def java(page: PrintedPage) -> Iterator[None]:
    if shutil.which("java") is None:
        pytest.skip("no Java here (Debian's package default-jre-headless)")
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        # Half of the CPU would go into compiling code that runs a few times.
        patch.setenv("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        stack.callback(lambda: end_spark(page.names["spark"]))
        yield


def end_spark(spark: Any) -> None:
    """Stop Spark and its JVM, which keeps the working folder of the test that started it."""
    from pyspark import SparkContext

    spark.stop()
    gateway = SparkContext._gateway
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait(60)
    SparkContext._gateway = SparkContext._jvm = None


def from_parquet(page: PrintedPage, names: Sequence[str]) -> list[dict[str, Any]]:
    import pyarrow.parquet

    return pyarrow.parquet.read_table(page.folder / "articles.parquet").select(names).to_pylist()


def from_dlt(page: PrintedPage, names: Sequence[str] = NAMES) -> list[dict[str, Any]]:
    import duckdb

    with closing(duckdb.connect(page.folder / "warehouse.duckdb")) as db:
        return named(db.execute(f"SELECT {', '.join(names)} FROM news.articles").fetchall(), names)


@dataclass(frozen=True)
class Engine:
    """How to use an engine: its package, how to read rows, how to run SQL, what to start and stop around it.

    `texts`: the types that it returns as text. `has_null_lists`: a list that a line lacks is null, and not empty.
    `new_column`: the statement that adds `subtitle` to a table; `delete`: that which removes its rows.
    """

    package: str
    rows: Callable[[PrintedPage, Sequence[str]], list[dict[str, Any]]]
    sql: Callable[[PrintedPage, str], Any] | None = None
    around: Callable[[PrintedPage], Any] = nothing
    texts: frozenset[Any] = frozenset()
    has_null_lists: bool = True
    new_column: str = ""
    delete: str = "DELETE FROM articles"

    def lines(self, page: PrintedPage, names: Sequence[str] = NAMES) -> list[str]:
        """All rows of the page's table as lines of the corpus, sorted."""
        return sorted(line(row, self.texts) for row in self.rows(page, names))

    def expected(self, lines: Iterable[str]) -> list[str]:
        """Lines as this engine gives them back, sorted."""
        return sorted(
            text if self.has_null_lists else text.replace('"countries": null', '"countries": []') for text in lines
        )


_ALTER, _TRUNCATE = "ALTER TABLE articles ADD COLUMN subtitle", "TRUNCATE TABLE articles"
_SQLITE_TEXTS, _CHDB_TEXTS, _DLT_TEXTS = frozenset({datetime, list[str]}), frozenset({datetime}), frozenset({list[str]})
ENGINES = {
    "duckdb": Engine("duckdb", from_db_api, by_db_api, new_column=f"{_ALTER} VARCHAR"),
    "clickhouse": Engine(
        "chdb", from_chdb, by_chdb, closed_session, _CHDB_TEXTS, False, f"{_ALTER} Nullable(String)", _TRUNCATE
    ),
    "postgresql": Engine("psycopg", from_psql, by_psql, postgres, new_column=f"{_ALTER} text"),
    "spark": Engine("pyspark", from_spark, by_spark, java, new_column=f"{_ALTER} STRING", delete=_TRUNCATE),
    "sqlite": Engine("sqlite3", from_db_api, by_db_api, texts=_SQLITE_TEXTS, new_column=f"{_ALTER} TEXT"),
    "polars": Engine("polars", from_parquet),
    "pyarrow": Engine("pyarrow", from_parquet),
    "pandas": Engine("pandas", from_parquet),
    "dlt": Engine("dlt", from_dlt, texts=_DLT_TEXTS),
}


# Two of them need more than a package: a server, or Java.
BESIDES = {"postgresql": [pytest.mark.postgres], "spark": [pytest.mark.spark]}
EACH = [pytest.param(name, marks=BESIDES.get(name, [])) for name in ENGINES]


@contextmanager
def opened_page(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PrintedPage]:
    """The page of an engine, run in a folder while the engine is up."""
    engine = ENGINES[name]
    importlib.import_module(engine.package)
    monkeypatch.chdir(folder)
    # A folder for dlt, and no telemetry.
    monkeypatch.setenv("DLT_DATA_DIR", str(folder / "dlt"))
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    page = PrintedPage(name, folder, engine.sql)
    with engine.around(page):
        yield page
