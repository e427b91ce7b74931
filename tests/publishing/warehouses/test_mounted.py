"""Engines read the folder of parts as it is: `day` is a column, and none of the record's."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from test_traps import spark_rows  # noqa: F401

from alqahira.article import rfc3339
from alqahira.publishing.manifest import part_files, read_part
from alqahira.publishing.schema import columns

pytestmark = pytest.mark.warehouse


def expected(output):
    """Day and instant of every line."""
    records = [record for path in part_files(output) for record in read_part(output / path)]
    return sorted(map(str, ((record["published_day"], record["date_published"]) for record in records)))


def checked(rows):
    """The same of rows of day, `published_day` and `date_published`, which must agree."""
    found = []
    for day, published_day, instant in rows:
        day, published_day = (str(value) if value is not None else None for value in (day, published_day))
        assert day == published_day
        found.append((published_day, rfc3339(instant) if isinstance(instant, datetime) else instant))
    return sorted(map(str, found))


def test_no_column_has_the_name_of_the_folders():
    assert "day" not in {column.name for column in columns()}


def test_duckdb_takes_days_from_folders(awkward):
    import duckdb

    query = f"SELECT day, published_day, date_published FROM read_json('{awkward.whole}/articles/*/*')"
    with duckdb.connect() as db:
        assert checked(db.execute(query).fetchall()) == expected(awkward.whole)


def test_clickhouse_reads_the_folders(awkward):
    """With their names it would take `day` for a date, and stop at the folder without one."""
    import chdb

    query = f"SELECT published_day, date_published FROM file('{awkward.whole}/articles/*/*', 'JSONEachRow')"
    options = "use_hive_partitioning = 0, date_time_output_format = 'iso'"
    given = chdb.query(f"{query} SETTINGS {options}", "JSONCompactEachRow")
    rows = [(day, day, instant) for day, instant in map(json.loads, given.bytes().splitlines())]
    assert checked(rows) == expected(awkward.whole)


def test_pyarrow_takes_days_from_folders(awkward):
    import pyarrow as pa
    import pyarrow.dataset as ds

    from alqahira.publishing.parquet import arrow_schema

    # The types are the record's, as in any load: the first part has nothing but nulls in some columns.
    schema = arrow_schema().append(pa.field("day", pa.string()))
    lines = ds.dataset(awkward.whole / "articles", schema, format="json", partitioning="hive").to_table()
    rows = zip(*(lines[name].to_pylist() for name in ("day", "published_day", "date_published")), strict=True)
    assert checked(rows) == expected(awkward.whole)


def test_polars_reads_the_folders(awkward):
    import polars as pl

    from alqahira.publishing.parquet import arrow_schema

    schema = pl.from_arrow(arrow_schema().empty_table()).schema
    lines = pl.scan_ndjson(f"{awkward.whole}/articles/*/*", schema=schema).collect()
    rows = [
        (day, day, instant.astimezone(UTC) if instant else None)
        for day, instant in lines.select("published_day", "date_published").iter_rows()
    ]
    assert checked(rows) == expected(awkward.whole)


@pytest.mark.spark
@pytest.mark.parametrize("way", ["folder", "hive"])
def test_spark_takes_days_from_folders(awkward, spark_rows, way):  # noqa: F811
    assert checked(spark_rows[way]) == expected(awkward.whole)
