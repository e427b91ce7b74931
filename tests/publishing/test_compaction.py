"""Days at rest become one part each; readers of the old parts and of the new ones have the same lines."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from ledger_scenario import (
    EXPECTED,
    LATER,
    NOW,
    accept,
    compact,
    crawled,
    lines,
    live,
    opened,
    problems,
    publisher,
)

from alqahira.publishing import parts as parts_module
from alqahira.publishing.compaction import Compacted
from alqahira.publishing.manifest import MANIFEST, part_files, read_corpus, read_manifest, read_part
from alqahira.publishing.rebuild import rebuild_state


def by_manifest(folder):
    return Counter(
        (r["article_id"], r["revision"]) for part in read_manifest(folder) for r in read_part(folder / part.path)
    )


def positions(folder, part):
    return [record["position"] for record in read_part(folder / part.path)]


def fill(ledger, folder, numbers, **given):
    """A part of each article, so that a day has many."""
    for number in numbers:
        accept(ledger, crawled(number, **given), "off")
        publisher(ledger, folder).seal_all(NOW)


def test_day_at_rest_becomes_one_part_in_order_of_position(tmp_path):
    live(tmp_path)
    before = read_manifest(tmp_path)
    corpus = list(read_corpus(tmp_path))
    with opened(tmp_path) as ledger:
        done = compact(ledger, tmp_path, max_rows=100, grace=24 * 400 * 100)
    assert done == Compacted(days=1, before=5, after=1)
    # The two days with one part stay as they are.
    *others, new = read_manifest(tmp_path)
    assert set(others) == {part for part in before if "day=2026-11-24" not in part.path}
    old = [part for part in before if part not in others]
    assert Path(new.path).match("articles/day=2026-11-24/part-*.jsonl.gz")
    assert new.replaces == tuple(part.sequence for part in old)
    assert positions(tmp_path, new) == sorted(position for part in old for position in positions(tmp_path, part))
    assert (new.first_position, new.last_position) == (positions(tmp_path, new)[0], positions(tmp_path, new)[-1])
    assert by_manifest(tmp_path) == Counter(EXPECTED)
    assert sorted(map(str, read_corpus(tmp_path))) == sorted(map(str, corpus))


def test_old_files_stay_for_the_grace_period(tmp_path):
    with opened(tmp_path) as ledger:
        fill(ledger, tmp_path, [1, 2])
        old = part_files(tmp_path)
        assert compact(ledger, tmp_path, grace=24).removed == 0
        assert set(old) < set(part_files(tmp_path))
        assert problems(tmp_path) == [], "they are no strays"
        assert compact(ledger, tmp_path, now=LATER + timedelta(hours=23), grace=24).removed == 0
        publisher(ledger, tmp_path).recover()
        assert compact(ledger, tmp_path, now=LATER + timedelta(hours=24), grace=24).removed == 2
        assert part_files(tmp_path) == [read_manifest(tmp_path)[0].path]
        publisher(ledger, tmp_path).repair()
        assert part_files(tmp_path) == [read_manifest(tmp_path)[0].path], "and they are not put back"
    assert lines(tmp_path) == {("1", 1): 1, ("2", 1): 1}


def test_day_with_a_new_line_is_not_at_rest(tmp_path):
    with opened(tmp_path) as ledger:
        fill(ledger, tmp_path, [1, 2])
        assert compact(ledger, tmp_path, now=NOW + timedelta(days=3) - timedelta(seconds=1), rest=3).days == 0
        assert compact(ledger, tmp_path, now=NOW + timedelta(days=3), rest=3).days == 1


def test_parts_of_a_clock_that_was_ahead_come_to_rest(tmp_path):
    with opened(tmp_path) as ledger:
        for number in (1, 2):
            accept(ledger, crawled(number), "off")
            publisher(ledger, tmp_path).seal_all(NOW + timedelta(days=400))
        assert compact(ledger, tmp_path, now=NOW + timedelta(days=9), rest=3).days == 0
        ledger.correct_future(NOW)
        publisher(ledger, tmp_path).recover()
        assert {part.sealed_at for part in read_manifest(tmp_path)} == {"2026-11-24T12:00:00Z"}
        assert compact(ledger, tmp_path, now=NOW + timedelta(days=3), rest=3).days == 1


def test_day_with_many_parts_is_merged_without_rest(tmp_path, monkeypatch):
    monkeypatch.setattr("alqahira.publishing.compaction._MANY", 4)
    with opened(tmp_path) as ledger:
        fill(ledger, tmp_path, [1, 2, 3], published=None)
        assert compact(ledger, tmp_path, now=NOW, rest=3, max_rows=100).days == 0
        fill(ledger, tmp_path, [4], published=None)
        assert compact(ledger, tmp_path, now=NOW, rest=3, max_rows=100).days == 1


def test_days_beyond_the_most_lines_wait(tmp_path):
    with opened(tmp_path) as ledger:
        for days in range(3):
            fill(ledger, tmp_path, [2 * days + 1, 2 * days + 2], published=NOW - timedelta(days=days))
        bounds = {"rest": timedelta(0), "grace": timedelta(0), "most_lines": 3}
        assert [publisher(ledger, tmp_path).compact(LATER, **bounds).days for _ in range(3)] == [2, 1, 0]
        assert sorted(path.split("/")[1] for path in part_files(tmp_path)) == [
            f"day=2026-11-{day}" for day in (22, 23, 24)
        ]


def test_late_line_makes_a_new_part_that_is_merged_again(tmp_path):
    with opened(tmp_path) as ledger:
        fill(ledger, tmp_path, [1, 2])
        compact(ledger, tmp_path, grace=24, max_rows=100)
        fill(ledger, tmp_path, [3])
        assert [part.rows for part in read_manifest(tmp_path)] == [2, 1]
        compact(ledger, tmp_path, grace=24, max_rows=100)
        (part,) = read_manifest(tmp_path)
        assert (part.rows, part.replaces) == (3, (1, 2, 3, 4)), "with files replaced before, which are still there"
        assert problems(tmp_path) == []
        assert compact(ledger, tmp_path, now=LATER + timedelta(days=2), grace=24).removed == 4
    assert lines(tmp_path) == {("1", 1): 1, ("2", 1): 1, ("3", 1): 1}


def test_large_day_becomes_several_full_parts_which_stay(tmp_path):
    with opened(tmp_path) as ledger:
        fill(ledger, tmp_path, range(1, 8))
        assert compact(ledger, tmp_path, max_rows=3) == Compacted(1, 7, 3, 7)
        parts = read_manifest(tmp_path)
        assert [positions(tmp_path, part) for part in parts] == [[1, 2, 3], [4, 5, 6], [7]]
        assert compact(ledger, tmp_path, max_rows=3) == Compacted()
        fill(ledger, tmp_path, [8])
        assert compact(ledger, tmp_path, max_rows=3) == Compacted(1, 2, 1, 2)
        assert [part.path for part in read_manifest(tmp_path)][:2] == [part.path for part in parts][:2]
    assert lines(tmp_path) == Counter((str(number), 1) for number in range(1, 9))


def test_damaged_compacted_part_is_put_back(tmp_path):
    live(tmp_path)
    with opened(tmp_path) as ledger:
        compact(ledger, tmp_path)
        before = {path: (tmp_path / path).read_bytes() for path in part_files(tmp_path)}
        shutil.rmtree(tmp_path / "articles")
        publisher(ledger, tmp_path).recover()
    assert {path: (tmp_path / path).read_bytes() for path in part_files(tmp_path)} == before


def test_published_lines_can_be_exported_while_a_compaction_is_unfinished(tmp_path, monkeypatch):
    with opened(tmp_path) as ledger:
        fill(ledger, tmp_path, [1, 2])
        with monkeypatch.context() as patch:
            patch.setattr(parts_module.Publisher, "_place_planned", lambda self: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                publisher(ledger, tmp_path).compact(LATER, rest=timedelta(0), grace=timedelta(0))
        assert [record["position"] for record in ledger.records(after=0)] == [1, 2]


@pytest.mark.perf
def test_tree_of_a_year_has_fewer_than_800_files(tmp_path):
    """Two weeks of runs, each with two new lines, some of them late or without a date: the files beyond one a day."""
    most, a_day = 0, 48
    with opened(tmp_path) as ledger:
        parts = publisher(ledger, tmp_path, max_rows=5_000, max_age_seconds=300)
        parts.recover()
        for run in range(14 * a_day):
            now = NOW + timedelta(days=1) / a_day * run
            for number in (2 * run, 2 * run + 1):
                published = now - (timedelta(days=1 + number % 3) if number % 20 == 0 else timedelta(minutes=30))
                item = crawled(number, text="نص", published=None if number % 100 == 7 else published, fetched=now)
                accept(ledger, item, "off")
            parts.seal_all(now)
            parts.compact(now, rest=timedelta(days=3), grace=timedelta(hours=24))
            if run >= 9 * a_day:
                files = part_files(tmp_path)
                most = max(most, len(files) - len({path.split("/")[1] for path in files}))
    assert 366 + most < 800


# --- a rebuilt state ----------------------------------------------------------------------------


def rebuilt(folder):
    """The folder after its state was lost, rebuilt, and used by another run."""
    for path in folder.glob("state.db*"):
        path.unlink()
    rebuild_state(f"sqlite:///{folder / 'state.db'}", folder)
    manifest = (folder / MANIFEST).read_bytes()
    live(folder)
    assert (folder / MANIFEST).read_bytes() == manifest
    return folder


def test_state_is_rebuilt_with_replaced_files(tmp_path):
    live(tmp_path)
    with opened(tmp_path) as ledger:
        compact(ledger, tmp_path, grace=24)
    assert lines(tmp_path) != Counter(EXPECTED)
    with opened(rebuilt(tmp_path)) as ledger:
        assert problems(tmp_path) == []
        assert compact(ledger, tmp_path, now=LATER + timedelta(days=2), grace=24).removed == 5
        shutil.rmtree(tmp_path / "articles")
        publisher(ledger, tmp_path).recover()
    assert lines(tmp_path) == Counter(EXPECTED)
    assert problems(tmp_path) == []


def test_state_is_rebuilt_after_a_compaction_that_was_killed(tmp_path, monkeypatch):
    live(tmp_path)
    with opened(tmp_path) as ledger, monkeypatch.context() as patch:
        patch.setattr(parts_module.Publisher, "_write_manifest", lambda self: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            publisher(ledger, tmp_path).compact(LATER, rest=timedelta(0), grace=timedelta(0))
    assert len(problems(tmp_path)) == 2, "new parts that the manifest does not list"
    rebuilt(tmp_path)
    assert lines(tmp_path) == Counter(EXPECTED)
    assert problems(tmp_path) == []
