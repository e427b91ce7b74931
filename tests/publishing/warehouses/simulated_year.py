"""A year of a corpus on a small scale, made by the real ledger and publisher: thirty days, a load every third.

Late articles, articles without a date, corrections, removals, compaction, a revision that is published before its
predecessor, another column at the end; then a mended replay of all, and that one restored from an older backup; at last
a corpus that was restored from a backup and grew beyond what was loaded.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from ledger_scenario import NOW, accept, body, crawled, link, opened, publisher

from alqahira.article import to_json_line, with_position
from alqahira.ledger import Ledger
from alqahira.publishing.parts import OutputUnwritable, Publisher

DAY = timedelta(days=1)
NEW_COLUMN = "subtitle"


@dataclass(frozen=True)
class Load:
    """The output folder at the time of a load, and the records of `scrapy export` then.

    `known`: the last position of the load before; 0 if it was of other positions. `column_since`: the warehouse has
    the new column for lines after this position; None: it has not.
    """

    name: str
    output: Path
    records: tuple[dict[str, Any], ...]
    known: int
    column_since: int | None

    def lines(self, names: Iterable[str]) -> Iterator[str]:
        """The rows that a table with these columns must have."""
        return (to_json_line({name: record[name] for name in names}) for record in self.records)


class Year:
    """A ledger and its corpus; from `newer` on, a position, lines have another column."""

    def __init__(self, folder: Path, ledger: Ledger, *, newer: int = 10**9) -> None:
        self.folder, self.ledger, self.random, self.newer = folder, ledger, Random(19), newer
        self.output = folder / "output"
        ledger.bind_corpus("corpus", str(self.output))
        self.parts = publisher(ledger, self.output, max_rows=20)
        self.parts.recover()
        self.loads: list[Load] = []
        self.last = 0
        self.published: dict[int, datetime | None] = {}

    def accept(self, number: int, published: datetime | None, now: datetime, **fields: Any) -> None:
        item = crawled(number, text=fields.pop("text", body(number, 40)), published=published, fetched=now)
        accept(self.ledger, replace(item, article=replace(item.article, **fields)), "off")
        self.published[number] = published

    def publish(self, number: int, now: datetime) -> None:
        """A new article, one in five some days late, one in twenty without a date."""
        self.ledger.discover([link(number)], section="defense", run_id="run", now=now)
        late = DAY * (self.random.randrange(1, 20) if number % 5 == 0 else 0)
        self.accept(number, now - late if number % 20 else None, now)

    def change(self, now: datetime) -> None:
        """A text, a caption and a date are corrected, and an article is gone."""
        text, caption, date, gone = self.random.sample(sorted(self.published), 4)
        self.accept(text, self.published[text], now, text=body(text, 40) + f"\n\nأضيفت فقرة {now:%d}.")
        self.accept(caption, self.published[caption], now, image_caption=f"تعليق {now:%d}")
        self.accept(date, now - 30 * DAY, now)
        for moment in (now - DAY, now):
            self.ledger.fail(str(gone), "http_404", retry=False, now=moment)
            self.ledger.remove(self.ledger.gone_for_good([str(gone)], moment), moment, "run")

    def load(self, name: str, *, column_since: int | None = None) -> None:
        records = [record for record in self.ledger.records(newest=True) if record["position"] is not None]
        for record in records:
            record[NEW_COLUMN] = subtitle(record) if record["position"] >= self.newer else None
        output = self.folder / f"load-{len(self.loads):02}"
        shutil.copytree(self.output, output)
        self.loads.append(Load(name, output, tuple(records), self.last, column_since))
        self.last = self.highest()

    def highest(self) -> int:
        return max(record["position"] or 0 for record in self.ledger.records())


def subtitle(record: dict[str, Any]) -> str:
    return f"عنوان فرعي {record['article_id']}-{record['revision']}"


def run_a_year(year: Year) -> None:
    column_since = None
    for day in range(30):
        now = NOW + day * DAY
        for number in range(5 * day + 1, 5 * day + 6):
            year.publish(number, now)
        if day > 1:
            year.change(now)
        year.parts.seal_all(now)
        year.parts.compact(now, rest=3 * DAY, grace=DAY)
        if day % 3 == 2:
            # Some time after the first lines with the new column, the warehouse's table gets it.
            column_since = column_since or (year.last if day == 26 else None)
            year.load(f"day {day + 1}", column_since=column_since)
        if day == 13:
            # The part of the earlier day, which is published first, has the second revision of an article.
            year.publish(1000, now)
            year.accept(1000, now - 40 * DAY, now, text=body(1000, 40) + "\n\nأضيفت فقرة.")
            seal_one_part(year.parts, now)
            year.load("a revision before its predecessor")
            year.parts.seal_all(now)
            year.load("its predecessor")
        if day == 20:
            year.newer = year.highest() + 1


def replay(year: Year, before: Year) -> None:
    """The same articles again, in another order, by a version that reads more of them."""
    records = sorted(before.ledger.records(newest=True), key=lambda record: str(record["content_hash"]))
    for number, record in enumerate(records):
        published = record["date_published"] and datetime.fromisoformat(record["date_published"])
        year.accept(int(record["article_id"]), published, NOW + 30 * DAY, text=record["article_body"] + "\n\nملحق.")
        if number == len(records) // 2:
            year.parts.seal_all(NOW)
            year.ledger.set_generation(2)
            year.parts.recover()
            year.load("an older backup of it", column_since=0)
    for number in range(2000, 2000 + before.highest() - len(records) + 1):
        year.accept(number, NOW, NOW + 30 * DAY)
    year.parts.seal_all(NOW)
    year.last = 0
    year.load("a mended replay", column_since=0)
    year.loads.reverse()


def publish_some(year: Year, numbers: Iterable[int], now: datetime) -> None:
    for number in numbers:
        year.publish(number, now)
    year.parts.seal_all(now)
    year.parts.compact(now, rest=DAY, grace=DAY)


def restore(before: Year, after: Year) -> None:
    """A corpus, and the same from an older backup on: other articles, in the same positions and beyond the last load."""
    for year, then in ((before, range(3010, 3015)), (after, range(4010, 4025))):
        publish_some(year, range(3000, 3010), NOW)
        publish_some(year, then, NOW + DAY)
        publish_some(year, (), NOW + 9 * DAY)
    assert before.highest() < after.highest()
    before.load("a corpus", column_since=0)
    after.load("its backup, which has grown", column_since=0)


def seal_one_part(parts: Publisher, now: datetime) -> None:
    """A run that is killed before it has planned a second part; the next one publishes the first."""
    plan, done = Publisher._plan_one, []

    def plan_one(self: Publisher, sealed_at: str) -> bool:
        if done:
            raise OutputUnwritable("the disk is full")
        done.append(sealed_at)
        return plan(self, sealed_at)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Publisher, "_plan_one", plan_one)
        with pytest.raises(OutputUnwritable):
            parts.seal_all(now)
    parts.recover()


def make_year(folder: Path) -> list[Load]:
    """All loads, in order."""
    years: list[Year] = []

    def with_subtitle(line: str, position: int | None) -> str:
        line = with_position(line, position)
        if position is None or position < years[-1].newer:
            return line
        record = json.loads(line)
        return to_json_line(record | {NEW_COLUMN: subtitle(record)})

    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack, opened(folder) as ledger:
        patch.setattr("alqahira.publishing.planning.with_position", with_subtitle)
        years.append(Year(folder, ledger))
        run_a_year(years[0])
        again = folder / "again"
        again.mkdir()
        with opened(again) as other:
            years.append(Year(again, other, newer=0))
            replay(years[1], years[0])
        for name in ("before", "after"):
            (folder / name).mkdir()
            years.append(Year(folder / name, stack.enter_context(opened(folder / name)), newer=0))
        restore(*years[2:])
    return [load for year in years for load in year.loads]
