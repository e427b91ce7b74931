"""The job itself: how reading, grouping, deciding and writing are spread over a Spark cluster. Needs the extra `spark`.

All executors must see the input and the output folder under the same path, and have the project and what it needs
installed. What one stage hands to the next lies below the output folder while the job runs.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import resources
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alqahira.archive.spark import grouping
from alqahira.archive.spark.deciding import Event, decide_group
from alqahira.archive.spark.reading import (
    ARTICLE,
    DAMAGED,
    FAILED,
    SKIPPED,
    Piece,
    Source,
    rows,
)
from alqahira.archive.spark.writing import DUPLICATES_FOLDER, first_numbers, write_parts
from alqahira.exceptions import AlqahiraError, ConfigurationError, how_to_install, one_line
from alqahira.publishing.parts import ARTICLES_FOLDER, Part, write_manifest

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_READ = (
    "file int, offset long, moment long, kind string, key string, cause string, article_id string, line string, "
    "content_hash string, story long, bands array<long>, shingles array<int>"
)
_DECIDED = "clock long, file int, offset long, outcome string, cause string, day string, line string"
# The order in which the ledger decided: by the clock, and within a file by place.
_ORDER = ("clock", "file", "offset")
# Pieces of a file, bytes; some fifteen thousand pages.
SLICE_BYTES = 64 * 2**20
_MAX_TASKS = 20_000


@dataclass(frozen=True, slots=True)
class Target:
    """How the new corpus is written."""

    folder: Path
    near_duplicates: str
    max_rows: int
    compress: bool


@dataclass(slots=True)
class Tally:
    """What a job has read and decided. `outcomes`: by (outcome, cause); `damaged`: places that could not be read."""

    pages: int = 0
    damaged: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    parts: list[Part] = field(default_factory=list)
    duplicates: list[Part] = field(default_factory=list)


@contextmanager
def session(master: str | None) -> Iterator[SparkSession]:
    """A Spark session, ended after use. `master`: where; None: as spark-submit says, or this machine.

    Raises ConfigurationError where there is no PySpark, no Java, or no such master.
    """
    if importlib.util.find_spec("pyspark") is None:
        raise ConfigurationError(f"the corpus job needs Spark: {how_to_install('spark')}")
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        raise ConfigurationError("Spark needs Java 17 or newer: there is no `java` and no JAVA_HOME")
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    # The workers of this machine are of the environment that the job was started in.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    quiet = resources.files("alqahira.archive.spark") / "log4j2.properties"
    builder = (
        SparkSession.builder.appName("alqahira corpus")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.driver.extraJavaOptions", f"-Dlog4j2.configurationFile={quiet}")
        .config("spark.driver.memory", "2g")
        .config("spark.sql.adaptive.coalescePartitions.parallelismFirst", "false")
    )
    if master or "SPARK_ENV_LOADED" not in os.environ:
        builder = builder.master(master or "local[*]")
    try:
        spark = builder.getOrCreate()
    except (PySparkException, Exception) as error:  # Py4J has its own for a wrong master
        raise ConfigurationError(f"Spark does not start at {master or 'local[*]'}: {_first_line(error)}") from None
    try:
        yield spark
    finally:
        spark.stop()


def run(spark: SparkSession, source: Source, target: Target) -> Tally:
    """Read the source, decide, and write the corpus. Raises AlqahiraError."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        return _Job(spark, source, target).run()
    except (Py4JError, PySparkException) as error:
        raise AlqahiraError(f"Spark has failed: {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    """What went wrong in one line: of an error in a task, the last line of its Python traceback."""
    told = [line for line in str(getattr(error, "java_exception", None) or error).splitlines() if line.strip()]
    for number, line in enumerate(told):
        if "Traceback (most recent call last)" in line:
            return one_line(next((later for later in told[number + 1 :] if not later.startswith(" ")), line))
    return one_line(told[0] if told else "it does not say why")


class _Job:
    def __init__(self, spark: SparkSession, source: Source, target: Target) -> None:
        self._spark, self._source, self._target = spark, source, target
        self._work = target.folder / "_work"

    def run(self) -> Tally:
        tally = Tally()
        read = self._kept("read", self._read())
        decided = self._kept("decided", self._decide(read, self._groups(read)))
        for row in read.groupBy("kind", "cause").count().collect():
            if row.kind in (ARTICLE, FAILED):
                tally.pages += row["count"]
            elif row.kind == DAMAGED:
                tally.damaged += row["count"]
            elif row.kind == SKIPPED:
                tally.skipped[row.cause] += row["count"]
        for row in decided.groupBy("outcome", "cause").count().collect():
            tally.outcomes[row.outcome, row.cause] = row["count"]
        tally.parts = self._write(decided.where("outcome = 'accepted'"), ARTICLES_FOLDER)
        tally.duplicates = self._write(decided.where("outcome = 'duplicate'"), DUPLICATES_FOLDER)
        # In the order of their numbers, as they were given out.
        write_manifest(self._target.folder, sorted(tally.parts, key=lambda part: part.path.rpartition("/")[2]))
        shutil.rmtree(self._work)
        return tally

    def _kept(self, name: str, made: DataFrame) -> DataFrame:
        """The same rows out of a file, so that they are made once."""
        path = str((self._work / name).absolute())
        made.write.parquet(path)
        return self._spark.read.schema(made.schema).parquet(path)

    # --- read -----------------------------------------------------------------------------------

    def _read(self) -> DataFrame:
        source, pieces = self._source, self._source.pieces
        light = Source((), source.max_bytes, source.max_headline)

        def read(some: Iterable[Piece]) -> Iterator[tuple[Any, ...]]:
            return rows(light, list(some))

        tasks = max(1, min(len(pieces), _MAX_TASKS))
        found = self._spark.sparkContext.parallelize(pieces, tasks).mapPartitions(read)
        return self._spark.createDataFrame(found, _READ, verifySchema=False)

    # --- group ----------------------------------------------------------------------------------

    def _groups(self, read: DataFrame) -> DataFrame:
        """Name of a page or an article to its group, where that is another name."""
        from pyspark.sql import functions as F

        versions = read.where(F.col("kind") == ARTICLE).withColumn(
            "version", F.shiftleft(F.col("file").cast("long"), 40) + F.col("offset")
        )
        edges = versions.where("key <> article_id").select("key", "article_id").distinct()
        if self._target.near_duplicates != "off":
            same = versions.groupBy("content_hash").agg(F.collect_set("article_id").alias("names"))
            same = same.where(F.size("names") > 1)
            edges = edges.union(same.select(F.array_min("names"), F.explode("names")))
            edges = edges.union(self._near(versions))
        found = grouping.groups((one, other) for one, other in edges.toLocalIterator())
        names = [(name, group) for name, group in found.items() if name != group]
        return self._spark.createDataFrame(names, "name string, group string")

    def _near(self, versions: DataFrame) -> DataFrame:
        """Pairs of articles that share a band and most of their shingles."""
        from pyspark.sql import functions as F

        member = F.struct("story", "version", F.size("shingles").alias("size"))
        banded = versions.select(F.explode("bands").alias("band"), member.alias("member"))
        shared = banded.groupBy("band").agg(F.collect_list("member").alias("members")).where(F.size("members") > 1)
        # Bound here, so that the tasks need this function alone.
        pairs = grouping.pairs
        found = shared.select("members").rdd.flatMap(lambda row: pairs(row.members))
        met = self._spark.createDataFrame(found, "a long, b long", verifySchema=False).distinct()
        for side in ("a", "b"):
            told = versions.select(
                F.col("version").alias(side),
                F.col("article_id").alias(f"article_{side}"),
                F.col("shingles").alias(f"shingles_{side}"),
            )
            met = met.join(told, side)
        common = F.size(F.array_intersect("shingles_a", "shingles_b"))
        either = F.size("shingles_a") + F.size("shingles_b") - common
        is_near = (F.col("article_a") != F.col("article_b")) & (common >= grouping.LEAST_JACCARD * either)
        return met.where(is_near).select("article_a", "article_b")

    # --- decide ---------------------------------------------------------------------------------

    def _decide(self, read: DataFrame, groups: DataFrame) -> DataFrame:
        from pyspark.sql import Window
        from pyspark.sql import functions as F

        # The archive's order is the ledger's: what stands later in a file was decided later.
        until_here = Window.partitionBy("file").orderBy("offset").rowsBetween(Window.unboundedPreceding, 0)
        read = read.where(F.col("kind").isin(ARTICLE, FAILED)).drop("bands", "shingles", "content_hash")
        read = read.withColumn("clock", F.max("moment").over(until_here))
        name = F.coalesce("article_id", "key")
        read = read.withColumn("name", name).join(groups, "name", "left")
        read = read.withColumn("group", F.coalesce("group", "name"))
        ordered = read.repartition("group").sortWithinPartitions("group", *_ORDER)
        near_duplicates = self._target.near_duplicates

        def decide(some: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
            for _, found in groupby(some, key=attrgetter("group")):
                of_group = list(found)
                names = len({row.article_id for row in of_group if row.kind == ARTICLE})
                events = [Event(row.kind, row.cause, row.line) for row in of_group]
                for row, decision in zip(of_group, decide_group(events, names, near_duplicates), strict=True):
                    yield (row.clock, row.file, row.offset, *decision)

        return self._spark.createDataFrame(ordered.rdd.mapPartitions(decide), _DECIDED, verifySchema=False)

    # --- write ----------------------------------------------------------------------------------

    def _write(self, decided: DataFrame, below: str) -> list[Part]:
        target = self._target
        rows_of_day = {row.day: row["count"] for row in decided.groupBy("day").count().collect()}
        numbers = first_numbers(rows_of_day, target.max_rows)
        ordered = decided.repartition("day").sortWithinPartitions("day", *_ORDER)

        def write(some: Iterable[Any]) -> Iterator[Part]:
            lines = ((row.day, row.line) for row in some)
            how: dict[str, Any] = {"below": below, "max_rows": target.max_rows, "compress": target.compress}
            return write_parts(lines, target.folder, numbers, **how)

        return sorted(ordered.select("day", "line", *_ORDER).rdd.mapPartitions(write).collect(), key=attrgetter("path"))
