"""Positions grow with publication: a reader who takes what is new misses nothing, whatever was cut short."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_scenario import NOW, accept, body, compact, crawled, live, opened, publisher

from alqahira.publishing.manifest import MANIFEST, read_checkpoints, read_corpus, read_manifest, read_part
from alqahira.publishing.parts import OutputUnwritable, Publisher


class Reader:
    """Loads the lines after its watermark, and keeps the highest revision of each article."""

    def __init__(self, folder):
        self.folder, self.watermark, self.table = folder, 0, {}
        self.checkpoints = []

    def load(self):
        seen = self.watermark
        # One after the other, whatever was compacted or cut short, so that no load begins anew.
        assert set(self.checkpoints) <= set(read_checkpoints(self.folder))
        self.checkpoints += read_checkpoints(self.folder)[-1:]
        for part in read_manifest(self.folder):
            if part.last_position <= seen:
                continue
            self.watermark = max(self.watermark, part.last_position)
            for record in read_part(self.folder / part.path):
                known = self.table.get(record["article_id"])
                if record["position"] > seen and (known is None or known["revision"] < record["revision"]):
                    self.table[record["article_id"]] = record

    def expected(self):
        return {record["article_id"]: record for record in read_corpus(self.folder)}


def test_positions_are_contiguous_and_follow_the_order_of_parts(tmp_path):
    with opened(tmp_path) as ledger:
        for number in range(6):  # of two days in turn
            accept(ledger, crawled(number, published=NOW - timedelta(days=number % 2)))
        publisher(ledger, tmp_path, max_rows=2).seal_all()
    listed = read_manifest(tmp_path)
    assert len(listed) == 4
    for part in listed:
        records = read_part(tmp_path / part.path)
        assert [record["position"] for record in records] == [*range(part.first_position, part.last_position + 1)]
        assert part.last_position - part.first_position + 1 == part.rows
    assert all(a.sequence < b.sequence and a.last_position + 1 == b.first_position for a, b in pairwise(listed))


# An article of one of three days, a seal, one that fails at its second part, a load, a compaction.
STEPS = st.lists(
    st.tuples(st.just("accept"), st.integers(1, 4), st.integers(0, 2))
    | st.sampled_from([("seal",), ("cut short",), ("load",), ("compact",)]),
    max_size=24,
)


@settings(max_examples=15, deadline=None)
@given(STEPS)
def test_incremental_reader_has_what_a_full_one_has(tmp_path_factory, steps):
    folder = tmp_path_factory.mktemp("output")
    reader = Reader(folder)
    with opened(folder) as ledger:
        parts = publisher(ledger, folder, max_rows=2)
        parts.recover()
        for number, step in enumerate(steps):
            if step[0] == "accept":
                _, article, days = step
                text = f"{body(article)} {number}"
                accept(ledger, crawled(article, text=text, published=NOW - timedelta(days=days)), "off")
            elif step[0] == "load":
                reader.load()
            elif step[0] == "compact":
                compact(ledger, folder, grace=1, max_rows=2)
            else:
                seal(parts, fails=step[0] == "cut short")
        parts.recover()
        parts.seal_all()
        published = sorted((r["article_id"], r["revision"]) for r in ledger.records())
    reader.load()
    assert reader.table == reader.expected()
    listed = [record for part in read_manifest(folder) for record in read_part(folder / part.path)]
    assert sorted((r["article_id"], r["revision"]) for r in listed) == published
    assert sorted(record["position"] for record in listed) == [*range(1, len(listed) + 1)]


def seal(parts, *, fails):
    place, done = Publisher._place, []

    def place_one(self, row, **given):
        done.append(row)
        if fails and len(done) == 2:
            raise OutputUnwritable("the disk is full")
        place(self, row, **given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Publisher, "_place", place_one)
        try:
            parts.seal_all()
        except OutputUnwritable:
            assert fails


def test_manifest_is_written_when_it_changes(tmp_path):
    live(tmp_path)
    before = (tmp_path / MANIFEST).stat()
    live(tmp_path)
    assert (tmp_path / MANIFEST).stat() == before


# --- ALQAHIRA_SEAL=due --------------------------------------------------------------------------


def run(folder, number, moment, *, max_rows=100):
    """A run that accepts one article and ends; the number of parts after it."""
    with opened(folder) as ledger:
        parts = publisher(ledger, folder, max_rows=max_rows, max_age_seconds=3600, seals_at_end=False)
        parts.recover()
        if number:
            accept(ledger, crawled(number, fetched=moment))
            parts.seal_due(moment)
        parts.end_run(moment)
    return len(read_manifest(folder))


def test_rows_wait_over_runs_until_they_are_old_enough(tmp_path):
    minutes = {0: 1, 15: 2, 30: None, 59: 3}
    assert [run(tmp_path, number, NOW + timedelta(minutes=m)) for m, number in minutes.items()] == [0, 0, 0, 0]
    assert run(tmp_path, None, NOW + timedelta(minutes=60)) == 1, "also by a run that accepts nothing"
    (part,) = read_manifest(tmp_path)
    assert (part.rows, part.first_position, part.last_position) == (3, 1, 3)
    assert part.sealed_at == "2026-11-24T13:00:00Z"


def test_rows_wait_over_runs_until_there_are_enough(tmp_path):
    assert [run(tmp_path, number, NOW, max_rows=3) for number in (1, 2, 3)] == [0, 0, 1]
