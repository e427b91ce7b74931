"""The Spark job: reads files, groups articles, decides about them, writes parts. Needs the extra `spark`.

Articles that have a page or their content in common, or share a band, belong to one group, also through other articles.
Articles of different groups cannot repeat each other. So a task takes whole groups, and a ledger of its own decides
about their articles in the order of the crawl.

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
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from importlib import resources
from itertools import groupby, islice
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from alqahira.archive.spark.reading import ARTICLE, DAMAGED, FAILED, REMOVED, SKIPPED, Source, read_rows
from alqahira.article import SCHEMA_VERSION, from_record, rfc3339, to_json_line, to_record, with_position
from alqahira.exceptions import AlqahiraError, ConfigurationError, how_to_install, one_line
from alqahira.extraction.items import ArticleItem, Fetch
from alqahira.ledger import Ledger, open_ledger
from alqahira.ledger.decisions import STORY_WINDOW, Outcome, publication_day, skip_reason
from alqahira.publishing.manifest import ARTICLES_FOLDER, Part, with_checkpoint, write_atomic, write_manifest
from alqahira.publishing.place import derived_corpus_id, derived_generation
from alqahira.publishing.planning import encode_lines, part_path
from alqahira.settings.configuration import Configuration
from alqahira.text.near_duplicates import fingerprint

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# Duplicates, with `duplicate_of`; readers of the corpus do not look here.
DUPLICATES_FOLDER = "duplicates"
_ROW = (
    "file int, offset long, kind string, cause string, clock long, key string, article_id string, line string, "
    "content_hash string, story long, bands array<long>"
)
_DECISION = "clock long, file int, offset long, outcome string, cause string, day string, line string"
# The order in which the crawl decided: by time, and within a file by place.
_ORDER = ("clock", "file", "offset")
_MAX_TASKS = 20_000


@dataclass(slots=True)
class Tally:
    """What a job read and decided. `outcomes`: by (outcome, cause); `damaged`: places that could not be read."""

    pages: int = 0
    damaged: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    parts: list[Part] = field(default_factory=list)
    duplicates: list[Part] = field(default_factory=list)


@contextmanager
def session(master: str | None) -> Iterator[SparkSession]:
    """A Spark session, stopped after use. `master`: Spark's URL of it; None: that of spark-submit, or this machine.

    Raises ConfigurationError if PySpark or Java is missing, or the master cannot be reached.
    """
    if importlib.util.find_spec("pyspark") is None:
        raise ConfigurationError(f"the corpus job needs Spark: {how_to_install('spark')}")
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        raise ConfigurationError("Spark needs Java 17 or newer: there is no `java` and no JAVA_HOME")
    from pyspark.sql import SparkSession

    # Workers on this machine use the same environment.
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
    except Exception as error:  # PySpark and Py4J raise errors of many kinds
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
    """An error in one line; for an error in a task, the last line of its Python traceback."""
    lines = [line for line in str(getattr(error, "java_exception", None) or error).splitlines() if line.strip()]
    for number, line in enumerate(lines):
        if "Traceback (most recent call last)" in line:
            return one_line(next((later for later in lines[number + 1 :] if not later.startswith(" ")), line))
    return one_line(lines[0] if lines else "no message")


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
    decidable = rows.where(F.col("kind").isin(ARTICLE, REMOVED))
    grouped = decidable.join(names, "article_id", "left").withColumn("group", F.coalesce("group", "article_id"))
    ordered = grouped.select(*_ORDER, "kind", "key", "line", "group").repartition("group").sortWithinPartitions(*_ORDER)
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
    digests = [part.sha256 for part in tally.parts]
    corpus_id, generation = derived_corpus_id(digests), derived_generation(digests)
    entries = [*map(asdict, tally.parts)]
    checkpoints = with_checkpoint([], corpus_id, entries)
    write_manifest(configuration.output_dir, corpus_id, generation, checkpoints, entries)
    return tally


# --- group --------------------------------------------------------------------------------------


def _edges(articles: DataFrame, *, with_duplicates: bool) -> DataFrame:
    """Pairs of names that belong to one group. `with_duplicates`: also of articles that may repeat each other."""
    from pyspark.sql import functions as F

    edges = articles.where("key <> article_id").select("key", "article_id")
    if not with_duplicates:
        return edges
    banded = articles.select("article_id", "story", F.explode("bands").alias("band"))
    same_content, near = _neighbours(articles, "content_hash"), _neighbours(banded, "band")
    near = near.where(F.col("apart") <= int(STORY_WINDOW.total_seconds()) + 1)
    return edges.union(same_content.drop("apart")).union(near.drop("apart"))


def _neighbours(articles: DataFrame, column: str) -> DataFrame:
    """Each article with the one before it in time of the same value; `apart`: seconds between them.

    These pairs tie together as much as all pairs would, and their number is only that of the articles.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    before = Window.partitionBy(column).orderBy("story", "article_id")
    return articles.select(
        F.lag("article_id").over(before).alias("key"),
        "article_id",
        (F.col("story") - F.lag("story").over(before)).alias("apart"),
    ).where("key <> article_id")


def components(edges: Iterable[Sequence[str]]) -> dict[str, str]:
    """For each name in the edges, the smallest name that it is connected to."""
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
    """What became of an article. `day`, `line`: of its record, if it was accepted or is a duplicate."""

    clock: int
    file: int
    offset: int
    outcome: str
    cause: str
    day: str | None = None  # `publication_day`
    line: str | None = None


def decide(rows: Iterable[Any], *, near_duplicates: str) -> Iterator[Decision]:
    """What a new ledger decides about articles, in the order of the rows, which hold whole groups."""
    with TemporaryDirectory() as folder, open_ledger(f"sqlite:///{folder}/state.db") as ledger:
        for row in rows:
            place = (row.clock, row.file, row.offset)
            if row.kind == REMOVED:
                yield from _removals(ledger, place, row)
                continue
            article = from_record(json.loads(row.line))
            assert article.date_crawled is not None
            fetch = Fetch(key=row.key, url=article.url, fetched=article.date_crawled)
            item = ArticleItem(article=article, fetch=fetch)
            if (cause := skip_reason(article)) and ledger.skip(item):
                yield Decision(*place, Outcome.OFF_TOPIC.value, cause)
                continue
            verdict = ledger.accept(item, fingerprint(article.article_body), near_duplicates=near_duplicates)
            decision = Decision(*place, verdict.outcome.value, verdict.cause)
            if verdict.outcome in (Outcome.ACCEPTED, Outcome.DUPLICATE):
                line = to_json_line(to_record(verdict.article))
                decision = decision._replace(day=publication_day(verdict.article), line=line)
            yield decision


def _removals(ledger: Ledger, place: tuple[int, int, int], row: Any) -> Iterator[Decision]:
    """The removal of an article, and what was dropped as a duplicate of it."""
    told = json.loads(row.line)
    for article, is_removal in ledger.remove([row.key], datetime.fromisoformat(told["date"]), told["run_id"]):
        cause, line = REMOVED if is_removal else "", to_json_line(to_record(article))
        yield Decision(*place, Outcome.ACCEPTED.value, cause, publication_day(article), line)


# --- write --------------------------------------------------------------------------------------


def _write(decisions: DataFrame, below: str, configuration: Configuration) -> list[Part]:
    """Write the records as parts; returns these in the order of their numbers."""
    from pyspark.sql import functions as F

    days = decisions.groupBy("day").agg(F.count("*").alias("count"), F.max("clock").alias("newest")).collect()
    rows_of_day = {row.day: row["count"] for row in days}
    newest = max((row.newest for row in days), default=0)
    ordered = decisions.repartition("day").sortWithinPartitions("day", *_ORDER).select("day", "line")
    write = partial(
        write_parts,
        folder=configuration.output_dir.absolute(),
        below=below,
        numbers=first_numbers(rows_of_day, configuration.part_max_rows),
        # A duplicate is not published.
        positions=first_numbers(rows_of_day, 1) if below == ARTICLES_FOLDER else {},
        # The job's own time would make another manifest each time.
        sealed_at=rfc3339(datetime.fromtimestamp(newest // 1_000_000, UTC)),
        max_rows=configuration.part_max_rows,
        compress=configuration.compress_parts,
    )
    return sorted(ordered.rdd.mapPartitions(write).collect(), key=lambda part: part.path.rpartition("/")[2])


def first_numbers(rows_of_day: Mapping[str, int], max_rows: int) -> dict[str, int]:
    """The number of each day's first part: numbers follow the order of days, and none is used twice.

    With one row in a part, the position of each day's first line.
    """
    numbers, free = {}, 1
    for day in sorted(rows_of_day):
        numbers[day] = free
        free += -(-rows_of_day[day] // max_rows)
    return numbers


def write_parts(
    rows: Iterable[Any],
    *,
    folder: Path,
    below: str,
    numbers: Mapping[str, int],
    positions: Mapping[str, int],
    max_rows: int,
    compress: bool,
    sealed_at: str,
) -> Iterator[Part]:
    """Write the `line` of each row to parts of its `day`; the rows of a day are consecutive. Raises OSError.

    The same rows give the same files, so a task that runs twice does no harm.
    """
    for day, of_day in groupby(rows, key=attrgetter("day")):
        lines, number, first = (row.line for row in of_day), numbers[day], positions.get(day)
        while chosen := list(islice(lines, max_rows)):
            path, last = part_path(day, number, compress=compress, below=below), None
            if first is not None:
                last = first + len(chosen) - 1
                chosen = [with_position(line, first + n) for n, line in enumerate(chosen)]
            content = encode_lines(chosen, compress=compress)
            write_atomic(folder / path, content)
            digest = hashlib.sha256(content).hexdigest()
            yield Part(path, len(chosen), len(content), digest, SCHEMA_VERSION, number, first, last, sealed_at)
            number, first = number + 1, last + 1 if last is not None else None
