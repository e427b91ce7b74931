"""Checkpoints tell a load whether the corpus still continues what it has: after a restored backup it does not."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta

import pytest
from ledger_scenario import NOW, accept, compact, crawled, opened, publisher

from alqahira.publishing.manifest import MANIFEST, read_checkpoints, read_manifest, with_checkpoint


def part(sequence, last, sha256="ab"):
    return {"sequence": sequence, "last_position": last, "sha256": sha256}


ONE = with_checkpoint([], "corpus", [part(1, 3)])


@pytest.mark.parametrize(
    ("entries", "positions"),
    [
        ([], []),
        ([part(1, None)], ["0"]),  # of an older version
        ([part(1, 3), part(2, 5)], ["5"]),
        ([part(1, 5), part(2, None)], ["5"]),
    ],
)
def test_first_checkpoint_is_the_last_position(entries, positions):
    assert [each.partition("-")[0] for each in with_checkpoint([], "corpus", entries)] == positions


@pytest.mark.parametrize(
    ("entries", "is_same"),
    [
        ([part(1, 3)], True),
        ([part(9, 3, "compacted")], True),
        ([], True),
        ([part(1, 3), part(2, 4)], False),
    ],
    ids=["nothing new", "compaction", "no part", "a line more"],
)
def test_checkpoint_is_added_for_new_lines_alone(entries, is_same):
    then = with_checkpoint(ONE, "corpus", entries)
    assert then[:1] == ONE
    assert (then == ONE) is is_same


@pytest.mark.parametrize(
    ("corpus_id", "entries"),
    [("other", [part(1, 3)]), ("corpus", [part(1, 3, "cd")]), ("corpus", [part(2, 3)]), ("corpus", [part(1, 4)])],
)
def test_other_lines_have_other_checkpoints(corpus_id, entries):
    assert with_checkpoint([], corpus_id, entries) != ONE


def test_checkpoint_depends_on_all_before_it():
    other = with_checkpoint([], "corpus", [part(1, 3, "cd")])
    assert with_checkpoint(ONE, "corpus", [part(2, 4)])[1] != with_checkpoint(other, "corpus", [part(2, 4)])[1]


def test_oldest_checkpoints_are_forgotten():
    checkpoints = []
    for number in range(1, 6):
        checkpoints = with_checkpoint(checkpoints, "corpus", [part(number, number)], most=3)
    assert [each.partition("-")[0] for each in checkpoints] == ["3", "4", "5"]


# --- with ledgers -------------------------------------------------------------------------------


def publish(folder, numbers, day):
    now = NOW + timedelta(days=day)
    with opened(folder) as ledger:
        parts = publisher(ledger, folder / "output", max_rows=100)
        parts.recover()
        for number in numbers:
            accept(ledger, crawled(number, fetched=now), "off")
            parts.seal_all(now)
    return folder / "output"


def test_restored_backup_that_has_grown_lacks_the_checkpoint_of_the_load(tmp_path):
    publish(tmp_path, [1, 2], 0)
    backup = tmp_path.with_name(f"{tmp_path.name}-backup")
    shutil.copytree(tmp_path, backup)
    output = publish(tmp_path, [3, 4], 1)
    before, loaded = read_checkpoints(output)[1], read_checkpoints(output)[-1]
    shutil.rmtree(tmp_path)
    backup.rename(tmp_path)
    publish(tmp_path, [5, 6, 7], 2)
    with opened(tmp_path) as ledger:
        compact(ledger, output, now=NOW + timedelta(days=9), max_rows=100)
    assert max(each.last_position for each in read_manifest(output)) > int(loaded.partition("-")[0])
    assert before in read_checkpoints(output)
    assert loaded not in read_checkpoints(output)


def test_manifest_without_checkpoints_gets_them_with_the_next_line(tmp_path):
    """That of an older version."""
    output = publish(tmp_path, [1], 0)
    manifest = json.loads((output / MANIFEST).read_bytes())
    del manifest["checkpoints"]
    (output / MANIFEST).write_text(json.dumps(manifest))
    assert read_checkpoints(output) == []
    assert len(read_checkpoints(publish(tmp_path, [2], 1))) == 2
