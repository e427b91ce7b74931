"""A repair or a rebuild that is killed at any line of code: the next one completes it, and nothing is lost or twice."""

import shutil
from collections import Counter
from contextlib import suppress

import pytest
import test_parts_killed
from ledger_scenario import EXPECTED, lines, live, opened, problems, publisher
from test_parts_killed import remains_at_every_line

from alqahira.exceptions import LedgerUnusable
from alqahira.publishing import place, rebuild
from alqahira.publishing.manifest import MANIFEST, part_files
from alqahira.publishing.rebuild import rebuild_state

pytestmark = pytest.mark.chaos


def repair(folder):
    with opened(folder) as ledger:
        publisher(ledger, folder).repair()


def rebuild_ledger(folder):
    rebuild_state(f"sqlite:///{folder / 'state.db'}", folder)


def contents(folder):
    return {path: (folder / path).read_bytes() for path in part_files(folder)}


@pytest.fixture
def damaged(tmp_path, monkeypatch):
    """A corpus without its manifest, one part and a part's last line, and what its parts hold when they are whole."""
    folder = tmp_path / "output"
    live(folder)
    whole = contents(folder)
    first, second, *_ = sorted(whole)
    (folder / first).unlink()
    (folder / second).write_bytes(whole[second][:-20])
    (folder / MANIFEST).unlink()
    ours = (*test_parts_killed._OURS, rebuild.__file__, place.__file__)
    monkeypatch.setattr(test_parts_killed, "_OURS", ours)
    return folder, whole


@pytest.mark.parametrize("again", [repair, live], ids=["the next repair", "the next run"])
def test_repair_that_is_killed_is_completed(damaged, tmp_path, again):
    folder, whole = damaged
    _, states = remains_at_every_line(folder, tmp_path / "kept", repair)
    assert len(states) > 5
    for left in states:
        shutil.rmtree(folder)
        shutil.copytree(left, folder)
        again(folder)
        assert (contents(folder), problems(folder)) == (whole, [])


def test_rebuild_that_is_killed_is_completed(damaged, tmp_path):
    """Between its two renames there is no state: the next run is refused, and the next rebuild makes it again."""
    folder, whole = damaged
    repair(folder)
    _, states = remains_at_every_line(folder, tmp_path / "kept", rebuild_ledger)
    assert len(states) > 5
    assert not all((left / "state.db").exists() for left in states)
    for left in states:
        shutil.rmtree(folder)
        shutil.copytree(left, folder)
        with suppress(LedgerUnusable):
            live(folder)
        assert contents(folder) == whole
        rebuild_ledger(folder)
        live(folder)
        assert (contents(folder), problems(folder), lines(folder)) == (whole, [], Counter(EXPECTED))
        assert [*folder.glob(".*")] == []
