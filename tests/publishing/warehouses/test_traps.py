"""Each warning of docs/warehouses/README.md is still needed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import datetime

import pytest
from printed import blocks

pytestmark = pytest.mark.warehouse

PARTS = "articles/*/part-*.jsonl*"


def test_duckdb_reads_day_of_folder_by_default(awkward):
    import duckdb

    def published(options):
        query = f"SELECT date_published FROM read_json('{awkward.whole}/{PARTS}'{options}) WHERE article_id = '1'"
        return duckdb.connect().execute(query).fetchone()[0]

    assert published("") == "1967-06-05"
    assert isinstance(published(", hive_partitioning = false"), datetime)


def test_printed_query_without_table_gives_instant(awkward, tmp_path, monkeypatch):
    import duckdb

    (tmp_path / "output").symlink_to(awkward.whole)
    monkeypatch.chdir(tmp_path)
    (look,) = [block.code for block in blocks("duckdb") if block.section == "A look without a table"]
    rows = duckdb.connect().execute(look).fetchall()
    assert len(rows) == 10
    assert isinstance(rows[0][2], datetime)


def test_clickhouse_fails_at_unknown_day_by_default(awkward):
    import chdb

    query = f"SELECT count(date_published) FROM file('{awkward.whole}/{PARTS}', 'JSONEachRow') SETTINGS use_hive_partitioning = "
    with pytest.raises(RuntimeError, match="unknown"):
        chdb.query(f"{query} 1")
    assert int(str(chdb.query(f"{query} 0"))) == 15


def test_pandas_reads_ids_as_numbers_by_default(awkward):
    import pandas

    early = next((awkward.early / "articles").glob("date_published=2026-11-22/part-*"))
    assert json.loads(early.read_text("utf-8").split("\n")[0])["article_id"] == "5"
    assert pandas.read_json(early, lines=True)["article_id"].tolist() == [5]
    assert pandas.read_json(early, lines=True, dtype=False)["article_id"].tolist() == ["5"]


# In another process: a JVM of this one would keep the working folder of the test that started it.
SPARK = """
import json, sys
from pyspark.sql import SparkSession

corpus, cut = sys.argv[1:]
spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
reader = spark.read.schema("article_id STRING, date_published STRING, run_id STRING")
rows = {
    name: reader.json(path).where("article_id = '1'").first()["date_published"]
    for name, path in {"folder": f"{corpus}/articles", "pattern": f"{corpus}/articles/*/part-*"}.items()
}
rows["cut"] = [row["run_id"] for row in reader.json(cut).collect()]
try:
    reader.option("mode", "FAILFAST").json(cut).collect()
except Exception as error:
    rows["failfast"] = str(error)
print(json.dumps(rows))
"""


@pytest.fixture(scope="module")
def spark_rows(awkward, tmp_path_factory):
    """What Spark reads from the folder, from the pattern, and from a part that was cut."""
    if shutil.which("java") is None:
        pytest.skip("no Java here (Debian's package default-jre-headless)")
    folder = tmp_path_factory.mktemp("spark")
    whole = next((awkward.early / "articles").glob("date_published=2024-12-24/part-*"))
    cut = folder / "cut" / whole.name
    cut.parent.mkdir()
    cut.write_bytes(whole.read_bytes()[:-900])
    command = [sys.executable, "-c", SPARK, str(awkward.whole), str(cut)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.spark
def test_spark_reads_day_of_folder_if_given_the_folder(spark_rows):
    assert spark_rows["folder"] == "2024-12-24"
    assert spark_rows["pattern"] == "2024-12-24T12:00:00Z"


@pytest.mark.spark
def test_spark_reads_half_a_line_as_nulls_by_default(spark_rows):
    assert spark_rows["cut"] == ["run", None]
    assert "malformed" in spark_rows["failfast"].lower()
