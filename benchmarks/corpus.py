"""The corpus job on a generated archive: its cost, and whether it decides as the ledger does.

    python -m benchmarks.corpus [--articles 100000] [--folder /tmp] [--together] [--no-replay]

Makes an archive like that of many crawls (one article in ten repeats an earlier one: edited, under another headline, in
other letters, with other numbers, or days later; some pages revised, some unchanged). `scrapy corpus`, and `scrapy
replay` with the SQLite ledger, make the corpus from it; every line and every duplicate is compared. `--together` runs
the two at the same time. 100,000 articles take about 2 GB below --folder, removed at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from multiprocessing import Pool
from pathlib import Path
from random import Random
from typing import BinaryIO

from scrapy.utils.project import get_project_settings

from alqahira import site
from alqahira.archive.spark.job import DUPLICATES_FOLDER, decide
from alqahira.archive.spark.reading import ARTICLE, archive_sources, read_rows
from alqahira.archive.warc import ENDED, event_record, page_records, run_record
from alqahira.extraction.extractor import Hints
from alqahira.extraction.items import ArchivedResponse, Fetch
from alqahira.ledger.stored_records import unpack
from alqahira.publishing.manifest import ARTICLES_FOLDER, MANIFEST
from alqahira.replica.article import ReplicaArticle, make_slug
from alqahira.replica.body import paragraph
from alqahira.replica.generator import FIRST_NUMBER, Generator
from alqahira.replica.newsroom import Newsroom
from alqahira.replica.options import ReplicaOptions
from alqahira.replica.pages import Pages
from alqahira.settings.configuration import Configuration
from benchmarks.deduplication import Text, edit, other_forms, other_numbers

TODAY = date(2026, 11, 24)
ROOT = Path(__file__).parent.parent
_GENERATOR = Generator(TODAY)
_HTML = ((b"Content-Type", b"text/html; charset=utf-8"),)
# Pages of one run.
_RUN = 5_000
_WITHIN, _LATER = (1, 420), (450, 490)  # places back: up to three days, and more
_TEXTS = [block.text for number in range(60) for block in _GENERATOR.article(900_000 + number).blocks]
_WORDS = [word for text in _TEXTS for word in text.split() if word.isalpha()]


# --- the archive --------------------------------------------------------------------------------


@lru_cache(maxsize=2048)
def text_of(place: int, last: int) -> Text:
    """The text of the article at a place (0 is the oldest): one in ten repeats an earlier one, or a repetition."""
    random = Random(place)
    if place % 10 != 9 or place < _LATER[1]:
        made = _GENERATOR.article(FIRST_NUMBER + last - place)
        return Text(made.headline, [block.text for block in made.blocks])
    kind = random.randrange(8)
    earlier = text_of(place - random.randrange(*(_LATER if kind == 7 else _WITHIN)), last)
    other = _GENERATOR.article(FIRST_NUMBER + last - place).headline
    match kind:
        case 0 | 1:
            return edit(earlier, random.uniform(0.02, 0.1), random, _WORDS, run=1)
        case 2:
            return edit(earlier, 0.1, random, _WORDS, run=3)
        case 3:
            return Text(other, earlier.paragraphs)
        case 4:
            return other_forms(earlier, random)
        case 5:
            return other_numbers(earlier, random)
        case 6:
            return earlier
        case _:
            return edit(earlier, 0.05, random, _WORDS, run=1)


def article_at(place: int, last: int, *, revised: bool = False) -> ReplicaArticle:
    made, text = _GENERATOR.article(FIRST_NUMBER + last - place), text_of(place, last)
    paragraphs = [*text.paragraphs, *(["وأعلنت المصادر لاحقا تفاصيل جديدة عن الحدث وملابساته."] if revised else [])]
    blocks = tuple(paragraph(text) for text in paragraphs)
    return replace(made, headline=text.headline, slug=make_slug(text.headline), blocks=blocks)


def fetches(first: int, stop: int, last: int) -> Iterator[tuple[datetime, ReplicaArticle]]:
    """(time, page) of each fetch: each page once, one in fifty again unchanged, one in fifty again revised."""
    planned = []
    for place in range(first, stop):
        article = article_at(place, last)
        moment = article.listed + timedelta(minutes=5)
        planned.append((moment, article))
        if place < stop - 50 and place % 50 in (12, 25):
            later = article_at(place, last, revised=place % 50 == 25)
            planned.append((moment + timedelta(hours=3, seconds=1), later))
    return iter(sorted(planned, key=lambda pair: pair[0]))


def write_run(folder: Path, first: int, stop: int, last: int) -> int:
    """Write one run's file. Returns how many pages it has."""
    options = ReplicaOptions(articles=0, today=TODAY)
    pages = Pages(options, Newsroom(options))
    planned = list(fetches(first, stop, last))
    began, ended = planned[0][0] - timedelta(minutes=1), planned[-1][0] + timedelta(seconds=30)
    with run_file(folder, "defense", began) as file:
        for moment, article in planned:
            url = pages.url(article)
            listing = f"{site.ROOT.value}/category/{article.category}"
            fetch = Fetch(key=str(article.number), url=url, fetched=moment, discovered_on=listing)
            body = pages.article(article).encode()
            page = ArchivedResponse(fetch=fetch, link_url=url, hints=Hints(), body=body, headers=_HTML)
            file.write(page_records(page))
        file.write(event_record(ENDED, ended, {"complete": True, "exit_status": 0, "reason": "finished"}))
    return len(planned)


def run_file(folder: Path, section: str, began: datetime) -> BinaryIO:
    name = f"{began:%Y%m%dT%H%M%SZ}-{section}"
    file = (folder / f"{name}.warc.gz").open("wb")
    about = {"alqahira-run-id": name, "alqahira-spider": section, "alqahira-site": site.ROOT.value}
    file.write(run_record(f"{name}.warc.gz", began, about))
    return file


def write_archive(folder: Path, articles: int) -> int:
    """Write an archive of so many articles. Returns how many pages it has."""
    folder.mkdir(parents=True)
    spans = [(folder, first, min(articles, first + _RUN), articles - 1) for first in range(0, articles, _RUN)]
    with Pool(min(len(spans), os.cpu_count() or 1)) as pool:
        return sum(pool.starmap(write_run, spans, chunksize=1))


# --- both ways ----------------------------------------------------------------------------------


def scrapy(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "scrapy", *arguments]
    return subprocess.Popen(
        command, cwd=ROOT, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def make_both(folder: Path, *, together: bool, replay: bool) -> tuple[float, float]:
    """Make `corpus` by the job and `replayed` by replay in the folder. Returns the wall seconds of each."""
    archive, events = folder / "archive", folder / "events"
    events.mkdir()
    options = {"enabled": "true", "dir": f"file://{events}", "compress": "false", "rolling.enabled": "false"}
    log = " ".join(f"--conf spark.eventLog.{name}={value}" for name, value in options.items()) + " pyspark-shell"
    calls = [(["corpus", "--archive", str(archive), "-o", str(folder / "corpus")], {"PYSPARK_SUBMIT_ARGS": log})]
    if replay:
        # Seal by rows alone, not by the age of pages of many years.
        age = {"ALQAHIRA_PART_MAX_AGE_SECONDS": str(365 * 86_400)}
        calls.append((["replay", "--archive", str(archive), "-o", str(folder / "replayed")], age))
    took, began, running = [0.0, 0.0], time.perf_counter(), []
    for number, (arguments, environment) in enumerate(calls):
        running.append((number, scrapy(*arguments, **environment)))
        if not together:
            took[number] = end_of(running.pop()[1], began)
            began = time.perf_counter()
    for number, process in running:
        took[number] = end_of(process, began)
    return took[0], took[1]


def end_of(process: subprocess.Popen[str], began: float) -> float:
    output, wrong = process.communicate()
    if process.returncode:
        raise SystemExit(f"{' '.join(process.args)}: status {process.returncode}\n{wrong[-2000:]}")  # type: ignore[arg-type]
    print(output.splitlines()[-1], flush=True)
    return time.perf_counter() - began


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many lines and duplicates replay has, and those that only one of the two has."""

    lines: int
    other_lines: list[str]
    duplicates: int
    other_duplicates: list[str]


def compare(folder: Path) -> Comparison:
    """The job's corpus with replay's: every line to the byte, in its day's order, and every duplicate."""
    ours, theirs = (lines_of(folder / name / ARTICLES_FOLDER) for name in ("corpus", "replayed"))
    lines, other = sum(map(len, theirs.values())), []
    for day in ours.keys() | theirs.keys():
        if ours.get(day) != theirs.get(day):
            a, b = Counter(ours.get(day, [])), Counter(theirs.get(day, []))
            other += [f"job only: {line}" for line in a - b] + [f"replay only: {line}" for line in b - a]
            if a == b:
                other.append(f"{day}: another order")
    by_job = {line for of_day in lines_of(folder / "corpus" / DUPLICATES_FOLDER).values() for line in of_day}
    with closing(sqlite3.connect(folder / "replayed" / "state.db")) as ledger:
        rows = ledger.execute("select record from articles where status = 'duplicate'")
        known = {unpack(record) for (record,) in rows}
    other_duplicates = [f"job only: {line}" for line in by_job - known]
    other_duplicates += [f"ledger only: {line}" for line in known - by_job]
    return Comparison(lines, other, len(known), other_duplicates)


def lines_of(folder: Path) -> dict[str, list[str]]:
    """The lines of each day, in order, without their positions, which differ between job and crawl."""
    lines: dict[str, list[str]] = {}
    for path in sorted(folder.glob("day=*/part-*.jsonl")):
        whole = re.sub('"position": [0-9]+', '"position": null', path.read_text("utf-8"))
        lines.setdefault(path.parent.name, []).extend(whole.split("\n")[:-1])
    return lines


# --- costs --------------------------------------------------------------------------------------


def python_costs(archive: Path) -> tuple[float, float]:
    """CPU milliseconds of Python for reading a page and for deciding an article, in the archive's first run."""
    configuration = Configuration.from_settings(get_project_settings())
    bounds = {"max_bytes": configuration.download_maxsize, "max_headline": configuration.max_headline}
    began = time.process_time()
    rows = list(read_rows(archive_sources(archive, configuration)[0], **bounds))
    reading = time.process_time() - began
    articles = [row for row in rows if row.kind == ARTICLE]
    began = time.process_time()
    decisions = list(decide(articles, near_duplicates="drop"))
    deciding = time.process_time() - began
    return reading / len(rows) * 1000, deciding / len(decisions) * 1000


def spark_costs(events: Path) -> tuple[float, int]:
    """CPU seconds of the JVM's tasks, and bytes shuffled, by Spark's event log."""
    cpu = moved = 0
    for path in events.glob("[!.]*"):
        for line in path.read_text("utf-8").split("\n")[:-1]:
            event = json.loads(line)
            if event["Event"] == "SparkListenerTaskEnd" and (metrics := event.get("Task Metrics")):
                cpu += metrics["Executor CPU Time"]
                moved += metrics["Shuffle Write Metrics"]["Shuffle Bytes Written"]
    return cpu / 1e9, moved


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="folder for temporary files; the system's by default")
    parser.add_argument("--together", action="store_true", help="job and replay at the same time")
    parser.add_argument("--no-replay", action="store_true", help="measure the job alone")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as made:
        folder = Path(made)
        pages = write_archive(folder / "archive", given.articles)
        archived = size_of(folder / "archive")
        print(
            f"{given.articles:,} articles, {pages:,} pages, archive of {archived / pages:,.0f} bytes a page", flush=True
        )
        job, replay = make_both(folder, together=given.together, replay=not given.no_replay)
        reading, deciding = python_costs(folder / "archive")
        cpu, moved = spark_costs(folder / "events")
        rows_written = sum(p["rows"] for p in json.loads((folder / "corpus" / MANIFEST).read_text())["parts"])
        written = size_of(folder / "corpus" / ARTICLES_FOLDER)
        print(f"wall: job {job:,.0f} s, replay {replay:,.0f} s")
        print(f"CPU a page: reading {reading:.2f} ms, deciding {deciding:.2f} ms, JVM {cpu / pages * 1000:.2f} ms")
        print(f"shuffled {moved / pages:,.0f} bytes a page; written {written / rows_written:,.0f} bytes a line")
        if not given.no_replay:
            comparison = compare(folder)
            print(f"{comparison.lines:,} lines, {len(comparison.other_lines)} differ", end="; ")
            print(f"{comparison.duplicates:,} duplicates, {len(comparison.other_duplicates)} differ")
            for line in (comparison.other_lines + comparison.other_duplicates)[:20]:
                print(line[:300])


if __name__ == "__main__":
    main()
