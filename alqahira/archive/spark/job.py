"""The job: how reading, grouping, deciding and writing are spread over a Spark cluster. Needs the extra `spark`.

An article's fate depends on those it may repeat, and theirs on others. What is tied together by one page, the same
content or a shared band, over however many steps, is a group; articles of different groups cannot repeat each other.
So a task takes whole groups, and has a ledger of its own decide about their articles in the order of a crawl.

All executors must see the input and the output folder under the same path, and have the project installed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib import resources
from itertools import groupby, islice
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from alqahira.archive.spark.reading import ARTICLE, DAMAGED, FAILED, SKIPPED, Source, read_rows
from alqahira.article import SCHEMA_VERSION, from_record, to_json_line, to_record
from alqahira.exceptions import AlqahiraError, ConfigurationError, how_to_install, one_line
from alqahira.extraction.items import ArticleItem, Fetch
from alqahira.ledger import open_ledger
from alqahira.ledger.decisions import STORY_WINDOW, Outcome, skip_reason
from alqahira.publishing.parts import ARTICLES_FOLDER, Part, encode_lines, part_path, write_atomic, write_manifest
from alqahira.settings.configuration import Configuration
from alqahira.text.dates import cairo_day
from alqahira.text.near_duplicates import fingerprint

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# Beside the articles: duplicates, with `duplicate_of`. No reader of the corpus looks here.
DUPLICATES_FOLDER = "duplicates"
_ROW = (
    "file int, offset long, kind string, cause string, clock long, key string, article_id string, line string, "
    "content_hash string, story long, bands array<long>"
)
_DECISION = "clock long, file int, offset long, outcome string, cause string, day string, line string"
# The order in which the ledger decided: by the clock, and within a file by place.
_ORDER = ("clock", "file", "offset")
_MAX_TASKS = 20_000


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
    """A Spark session, ended after use. `master`: where; None: as spark-submit sets it, or this machine.

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


def run(spark: SparkSession, sources: Sequence[Source], configuration: Configuration) -> Tally:
    """Read the sources, decide, and write the corpus to the configuration's output folder. Raises AlqahiraError."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        return _run(spark, sources, configuration)
    except (Py4JError, PySparkException) as error:
        raise AlqahiraError(f"Spark has failed: {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    """What went wrong in one line: of an error in a task, the last line of its Python traceback."""
    lines = [line for line in str(getattr(error, "java_exception", None) or error).splitlines() if line.strip()]
    for number, line in enumerate(lines):
        if "Traceback (most recent call last)" in line:
            return one_line(next((later for later in lines[number + 1 :] if not later.startswith(" ")), line))
    return one_line(lines[0] if lines else "it does not say why")


def _run(spark: SparkSession, sources: Sequence[Source], configuration: Configuration) -> Tally:
    from pyspark import StorageLevel
    from pyspark.sql import functions as F

    tasks = max(1, min(len(sources), _MAX_TASKS))
    read_source = partial(read_rows, max_bytes=configuration.download_maxsize, max_headline=configuration.max_headline)
    read = spark.sparkContext.parallelize(sources, tasks).flatMap(read_source)
    rows = spark.createDataFrame(read, _ROW, verifySchema=False).persist(StorageLevel.DISK_ONLY)
    articles = rows.where(F.col("kind") == ARTICLE)
    mode = configuration.near_duplicates
    edges = _edges(articles, with_duplicates=mode != "off").distinct().toLocalIterator()
    names = spark.createDataFrame([*components(edges).items()], "article_id string, group string")
    grouped = articles.join(names, "article_id", "left").withColumn("group", F.coalesce("group", "article_id"))
    ordered = grouped.select(*_ORDER, "key", "line", "group").repartition("group").sortWithinPartitions(*_ORDER)
    decided = ordered.rdd.mapPartitions(partial(decide, near_duplicates=mode))
    decisions = spark.createDataFrame(decided, _DECISION, verifySchema=False).persist(StorageLevel.DISK_ONLY)

    tally = Tally()
    for row in rows.groupBy("kind", "cause").count().collect():
        if row.kind in (ARTICLE, FAILED):
            tally.pages += row["count"]
        if row.kind == FAILED:
            tally.outcomes[FAILED, row.cause] = row["count"]
        elif row.kind == DAMAGED:
            tally.damaged += row["count"]
        elif row.kind == SKIPPED:
            tally.skipped[row.cause] += row["count"]
    for row in decisions.groupBy("outcome", "cause").count().collect():
        tally.outcomes[row.outcome, row.cause] = row["count"]
    tally.parts = _write(decisions.where("outcome = 'accepted'"), ARTICLES_FOLDER, configuration)
    tally.duplicates = _write(decisions.where("outcome = 'duplicate'"), DUPLICATES_FOLDER, configuration)
    write_manifest(configuration.output_dir, tally.parts)
    return tally


# --- group --------------------------------------------------------------------------------------


def _edges(articles: DataFrame, *, with_duplicates: bool) -> DataFrame:
    """Pairs of names that belong to one group. `with_duplicates`: also of articles that may repeat each other."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    edges = articles.where("key <> article_id").select("key", "article_id")
    if not with_duplicates:
        return edges
    banded = articles.select("article_id", "story", F.explode("bands").alias("band"))
    for frame, column, window in (
        (articles, "content_hash", None),
        (banded, "band", int(STORY_WINDOW.total_seconds()) + 1),
    ):
        # Each with the one before it: that ties all that are near in time, however many share a band.
        before = Window.partitionBy(column).orderBy("story", "article_id")
        pairs = frame.select(
            F.lag("article_id").over(before).alias("key"),
            "article_id",
            (F.col("story") - F.lag("story").over(before)).alias("apart"),
        ).where("key <> article_id")
        edges = edges.union((pairs if window is None else pairs.where(F.col("apart") <= window)).drop("apart"))
    return edges


def components(edges: Iterable[Sequence[str]]) -> dict[str, str]:
    """For every name that an edge has, the smallest name that it is tied to, by however many edges."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while (above := parent.setdefault(name, name)) != name:
            parent[name] = name = parent[above]
        return name

    for a, b in edges:
        one, other = sorted((root(a), root(b)))
        parent[other] = one
    return {name: root(name) for name in list(parent)}


# --- decide -------------------------------------------------------------------------------------


class Decision(NamedTuple):
    """What became of an article; `day` and `line` where there is a record to write: accepted or duplicate."""

    clock: int
    file: int
    offset: int
    outcome: str
    cause: str
    day: str | None = None  # the Cairo day, or `unknown`
    line: str | None = None


def decide(rows: Iterable[Any], *, near_duplicates: str) -> Iterator[Decision]:
    """What a new ledger decides about the articles of some groups, in the order of the rows."""
    with TemporaryDirectory() as folder, open_ledger(f"sqlite:///{folder}/state.db") as ledger:
        for row in rows:
            place = (row.clock, row.file, row.offset)
            article = from_record(json.loads(row.line))
            assert article.date_crawled is not None
            fetch = Fetch(key=row.key, url=article.url, fetched=article.date_crawled)
            item = ArticleItem(article=article, fetch=fetch)
            if (cause := skip_reason(article)) and ledger.skip(item):
                yield Decision(*place, Outcome.OFF_TOPIC.value, cause)
                continue
            verdict = ledger.accept(item, fingerprint(article.article_body), near_duplicates=near_duplicates)
            article = verdict.article
            if verdict.outcome is Outcome.UNCHANGED:
                yield Decision(*place, verdict.outcome.value, verdict.cause)
            else:
                day = str(cairo_day(article.date_published)) if article.date_published else "unknown"
                yield Decision(*place, verdict.outcome.value, verdict.cause, day, to_json_line(to_record(article)))


# --- write --------------------------------------------------------------------------------------


def _write(decisions: DataFrame, below: str, configuration: Configuration) -> list[Part]:
    """The records as parts, in the order of their numbers."""
    rows_of_day = {row.day: row["count"] for row in decisions.groupBy("day").count().collect()}
    ordered = decisions.repartition("day").sortWithinPartitions("day", *_ORDER).select("day", "line")
    write = partial(
        write_parts,
        folder=configuration.output_dir.absolute(),
        below=below,
        numbers=first_numbers(rows_of_day, configuration.part_max_rows),
        max_rows=configuration.part_max_rows,
        compress=configuration.compress_parts,
    )
    return sorted(ordered.rdd.mapPartitions(write).collect(), key=lambda part: part.path.rpartition("/")[2])


def first_numbers(rows_of_day: Mapping[str, int], max_rows: int) -> dict[str, int]:
    """For each day the number of its first part, so that no number is given twice and days follow each other."""
    numbers, free = {}, 1
    for day in sorted(rows_of_day):
        numbers[day] = free
        free += -(-rows_of_day[day] // max_rows)
    return numbers


def write_parts(
    rows: Iterable[Any], *, folder: Path, below: str, numbers: Mapping[str, int], max_rows: int, compress: bool
) -> Iterator[Part]:
    """Write the `line` of each row to parts of its `day`; a day's rows come together, in order. Raises OSError.

    The same rows give the same files, so a task that is done twice does no harm.
    """
    for day, of_day in groupby(rows, key=attrgetter("day")):
        lines, number = (row.line for row in of_day), numbers[day]
        while chosen := list(islice(lines, max_rows)):
            path = part_path(day, number, compress=compress, below=below)
            content = encode_lines(chosen, compress=compress)
            write_atomic(folder / path, content)
            yield Part(path, len(chosen), len(content), hashlib.sha256(content).hexdigest(), SCHEMA_VERSION)
            number += 1
