"""One run at a time seals, for all who share a PostgreSQL, and no line is lost or told twice for it."""

from collections import Counter

import pytest
from ledger_scenario import EXPECTED, NOW, accept, crawled, lines, live, opened, publisher
from shared_runs import APRIL, MARCH, at_once, lose_connections, lose_lock

from alqahira.errors import LedgerUnusable
from alqahira.parts import check, part_files, read_manifest
from alqahira.rebuild import rebuild_state

pytestmark = pytest.mark.postgres


def test_a_life_of_the_ledger_publishes_each_line_once_and_the_next_nothing(database, tmp_path):
    for _ in range(2):
        live(tmp_path, database)
        assert lines(tmp_path) == Counter(EXPECTED)
        assert [wrong for part in read_manifest(tmp_path) if (wrong := check(tmp_path, part))] == []


def test_who_seals_seals_for_everybody(holding, tmp_path):
    march, april = holding(MARCH), holding(APRIL)
    accept(march, crawled(1))
    accept(april, crawled(2))
    publisher(march, tmp_path).seal_all()
    assert lines(tmp_path) == {("1", 1): 1, ("2", 1): 1}
    publisher(april, tmp_path).seal_all()
    assert lines(tmp_path).total() == 2


def test_what_is_due_is_left_to_the_run_that_seals_now(holding, tmp_path):
    march, april = holding(MARCH), holding(APRIL)
    accept(april, crawled(1))
    with march.store.sealing(wait=False) as mine:
        assert mine
        publisher(april, tmp_path).seal_due(NOW)
        assert part_files(tmp_path) == []
    publisher(april, tmp_path).seal_due(NOW)
    assert len(part_files(tmp_path)) == 1


def test_four_runs_that_accept_and_seal_at_once_publish_each_line_once(holding, tmp_path):
    def work(n, ledger):
        parts = publisher(ledger, tmp_path)
        for number in range(20):
            accept(ledger, crawled(1000 * n + number))
            parts.seal_due(NOW)
        parts.seal_all()

    at_once(holding, work)
    assert lines(tmp_path) == Counter((str(1000 * n + number), 1) for n in range(1, 5) for number in range(20))
    assert {part.path for part in read_manifest(tmp_path)} == set(part_files(tmp_path))
    assert [wrong for part in read_manifest(tmp_path) if (wrong := check(tmp_path, part))] == []
    assert list(tmp_path.glob("**/.*")) == []


def test_what_a_sealer_planned_before_it_died_is_placed_by_the_next(holding, tmp_path):
    march = holding(MARCH)
    accept(march, crawled(1))
    assert publisher(march, tmp_path)._plan_one()
    lose_connections(march)
    publisher(holding(APRIL), tmp_path).recover()
    assert lines(tmp_path) == {("1", 1): 1}


def test_a_sealer_that_lost_its_right_on_the_way_does_it_all_again(holding, tmp_path, monkeypatch):
    march = holding(MARCH)
    accept(march, crawled(1))
    parts = publisher(march, tmp_path)
    write_manifest, written = parts._write_manifest, []

    def lose_it_then_write():
        if not written:
            lose_lock(march)
        written.append(True)
        write_manifest()

    monkeypatch.setattr(parts, "_write_manifest", lose_it_then_write)
    parts.recover()
    parts.seal_all()
    assert len(written) >= 2
    assert {part.path for part in read_manifest(tmp_path)} == set(part_files(tmp_path))


def test_a_lost_state_is_made_again_from_the_parts_and_counts_on(database, postgres, tmp_path):
    live(tmp_path, database)
    before = lines(tmp_path)
    lost = postgres.new_state()
    assert rebuild_state(lost, tmp_path) is None
    live(tmp_path, lost)
    assert lines(tmp_path) == before
    with opened(lost) as ledger:
        accept(ledger, crawled(99))
        publisher(ledger, tmp_path).seal_all()
    assert lines(tmp_path) == before + Counter({("99", 1): 1})


def test_a_state_that_is_not_empty_is_not_rebuilt_over(database, tmp_path):
    live(tmp_path, database)
    with pytest.raises(LedgerUnusable, match="is not empty"):
        rebuild_state(database, tmp_path)
