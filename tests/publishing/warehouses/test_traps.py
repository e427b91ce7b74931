"""Each warning of docs/warehouses/README.md is still needed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

pytestmark = pytest.mark.warehouse


def test_pandas_reads_ids_as_numbers_by_default(awkward):
    import pandas

    early = next((awkward.early / "articles").glob("day=2026-11-22/part-*"))
    assert json.loads(early.read_text("utf-8").split("\n")[0])["article_id"] == "5"
    assert pandas.read_json(early, lines=True)["article_id"].tolist() == [5]
    assert pandas.read_json(early, lines=True, dtype=False)["article_id"].tolist() == ["5"]


# In another process: a JVM of this one would keep the working folder of the test that started it.
SPARK = """
import json, sys
from pyspark.sql import SparkSession

corpus, cut = sys.argv[1:]
spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
reader = spark.read.schema("article_id STRING, date_published STRING, published_day STRING, run_id STRING")
rows = {"cut": [row["run_id"] for row in reader.json(cut).collect()]}
columns = "CAST(day AS STRING), published_day, date_published"
rows["folder"] = [[*row] for row in spark.read.json(f"{corpus}/articles").selectExpr(*columns.split(", ")).collect()]
spark.sql(
    "CREATE TABLE mounted (published_day STRING, date_published STRING, day DATE) "
    f"USING JSON PARTITIONED BY (day) LOCATION '{corpus}/articles'"
)
spark.sql("ALTER TABLE mounted RECOVER PARTITIONS")
rows["hive"] = [[*row] for row in spark.sql(f"SELECT {columns} FROM mounted").collect()]
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
    parts = (awkward.early / "articles").glob("day=*/part-*.jsonl")
    first, last = next(lines for part in sorted(parts) if len(lines := part.read_bytes().splitlines()) == 2)
    cut = folder / "cut" / "part-000001.jsonl"
    cut.parent.mkdir()
    cut.write_bytes(first + b"\n" + last[: len(last) // 2])
    command = [sys.executable, "-c", SPARK, str(awkward.whole), str(cut)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.spark
def test_spark_reads_half_a_line_as_nulls_by_default(spark_rows):
    assert spark_rows["cut"] == ["run", None]
    assert "malformed" in spark_rows["failfast"].lower()
