"""A run that is killed at any line of code: no line of a part is lost, twice or broken."""

import hashlib
import os
import shutil
import signal
import sys
from collections import Counter
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from ledger_scenario import EXPECTED, is_torn, lines, live, live_and_compact, problems

from alqahira import ledger as ledger_module
from alqahira.ledger.backends import sqlite, store
from alqahira.publishing import compaction, planning
from alqahira.publishing import manifest as manifest_module
from alqahira.publishing import parts as parts_module
from alqahira.publishing.manifest import check, part_files, read_manifest

pytestmark = pytest.mark.chaos

_LEDGER = Path(ledger_module.__file__).parent
_MODULES = (compaction, manifest_module, parts_module, planning, sqlite, store)
# What is run, killed and run again, and what is published in the end.
SCENARIOS = {live: EXPECTED, live_and_compact: EXPECTED | {("8", 1)}}
_OURS = (*map(str, _LEDGER.glob("*.py")), *(module.__file__ for module in _MODULES))


@contextmanager
def at_each_line(do):
    """Call `do(frame)` before each executed line of ledger and publishing."""

    def trace(frame, event, _):
        if frame.f_code.co_filename not in _OURS:
            return None
        if event == "line":
            do(frame)
        return trace

    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(None)


def is_killed_at(folder, line, do=live):
    """Run the scenario `do` in a process that kills itself at the n-th executed line; False if it ended before."""
    child = os.fork()
    if child == 0:
        numbers = count(1)

        def die(_):
            if next(numbers) == line:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            with at_each_line(die):
                do(folder)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def faults_after_next_run(folder, do=live):
    """What is twice, lost, broken or was torn once a second run has finished; empty if nothing is."""
    torn = [path for path in part_files(folder) if is_torn(folder / path)]
    # What a reader of the manifest would have missed.
    torn += [part.path for part in read_manifest(folder) if check(folder, part)]
    do(folder)
    expected = Counter(SCENARIOS[do])
    faults = (lines(folder) - expected, expected - lines(folder), problems(folder), torn)
    return faults if any(faults) else ()


def sweep(folder, step, *, first=1, enough=None, do=live):
    """Kill at every `step`-th line and let a second run finish: what is wrong after it, and the number of kills."""
    wrong, kills, line = [], 0, first
    while True:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        died = is_killed_at(folder, line, do)
        if faults := faults_after_next_run(folder, do):
            wrong.append((line, *faults))
        if not died or (enough and len(wrong) >= enough):
            return wrong, kills
        kills += 1
        line += step


def test_kill_at_some_lines_loses_and_repeats_nothing(tmp_path):
    wrong, kills = sweep(tmp_path / "output", step=61)
    assert wrong == []
    assert kills > 50


def test_kill_at_some_lines_of_a_compaction_loses_and_repeats_nothing(tmp_path):
    wrong, kills = sweep(tmp_path / "output", step=97, first=_lines_of(live, tmp_path / "probe"), do=live_and_compact)
    assert wrong == []
    assert kills > 20


def _lines_of(do, folder):
    """The number of lines that a scenario executes."""
    numbers = count(1)
    folder.mkdir()
    with at_each_line(lambda _: next(numbers)):
        do(folder)
    return next(numbers)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_kill_at_every_tenth_line_loses_and_repeats_nothing(tmp_path):
    """With SWEEP_STEP=1 at every line, which takes an hour."""
    wrong, kills = sweep(tmp_path / "output", step=int(os.environ.get("SWEEP_STEP", "10")))
    print(f"{kills} kills")
    assert wrong == []


def remains_at_every_line(folder, kept, do=live):
    """Run the scenario `do` and copy each different state of the disk: the number of lines, and the copies.

    A copy of the files at a line is what a SIGKILL at that line would leave.
    """
    lines_done, states = 0, {}

    def keep(_):
        nonlocal lines_done
        lines_done += 1
        remains = hashlib.sha256()
        for path in sorted(folder.rglob("*")):
            # The text in the lock's file does not matter.
            if not path.name.endswith(".lock"):
                remains.update(f"{path.relative_to(folder)}\0".encode())
                remains.update(path.read_bytes() if path.is_file() else b"")
        if remains.digest() not in states:
            states[remains.digest()] = kept / str(len(states))
            shutil.copytree(folder, states[remains.digest()])

    with at_each_line(keep):
        do(folder)
    return lines_done, list(states.values())


def wrong_after(states, do=live):
    """What is wrong after a second run, for each of the states."""
    return [(folder.name, *faults) for folder in states if (faults := faults_after_next_run(folder, do))]


@pytest.mark.slow
@pytest.mark.parametrize("do", SCENARIOS)
def test_next_run_completes_state_left_at_every_line(tmp_path, do):
    (tmp_path / "output").mkdir()
    count, states = remains_at_every_line(tmp_path / "output", tmp_path / "kept", do)
    print(f"{count} lines, {len(states)} different states of the disk")
    assert count > 4_000
    assert len(states) > 80
    assert wrong_after(states, do) == []


def _mark_before_writing(self):
    """A mutant of the protocol: marks a part as sealed before it is written."""
    from sqlalchemy import select

    with self._ledger.transaction() as connection:
        planned = connection.execute(select(parts_module.parts).where(parts_module.parts.c.sealed == 0)).all()
        contents = [planning.content_of(connection, row.sequence, row.path)[0] for row in planned]
        connection.execute(parts_module.parts.update().values(sealed=1))
    for row, content in zip(planned, contents, strict=True):
        parts_module.write_atomic(self._output / row.path, content)
    self._is_listed = self._is_listed and not planned


def _write_in_place(path, content):
    """A mutant: writes in place, without a rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = len(content) // 2
    with path.open("wb", buffering=0) as file:
        file.write(content[:half])
        _pause()
        file.write(content[half:])


def _pause():
    return None


def _first_line_of_placing(folder, monkeypatch):
    """The number of lines executed before the first part is written, from where on the mutants are wrong."""
    folder.mkdir()
    placing = {"_place_planned", "_mark_before_writing", "_write_in_place"}
    lines_done, first, planned = 0, None, False
    plan_one = parts_module.Publisher._plan_one

    def plan(self, sealed_at):
        nonlocal planned
        done = plan_one(self, sealed_at)
        planned = True
        return done

    def look(frame):
        nonlocal lines_done, first
        lines_done += 1
        if planned and frame.f_code.co_name in placing:
            first = first or lines_done

    with monkeypatch.context() as patch, at_each_line(look):
        patch.setattr(parts_module.Publisher, "_plan_one", plan)
        live(folder)
    return first


MUTANTS = pytest.mark.parametrize(
    ("target", "mutant"),
    [
        ("Publisher._place_planned", _mark_before_writing),
        ("write_atomic", _write_in_place),
    ],
)


@pytest.fixture
def mutate(monkeypatch):
    """Break the protocol; runs are killed at the mutants' own lines, too."""

    def apply(target, mutant):
        owner, _, name = target.rpartition(".")
        monkeypatch.setattr(getattr(parts_module, owner) if owner else parts_module, name, mutant)
        # The next run would put back what is missing or torn.
        monkeypatch.setattr(parts_module.Publisher, "_put_back", lambda self, differs: [])
        monkeypatch.setattr(sys.modules[__name__], "_OURS", (*_OURS, __file__))

    return apply


@MUTANTS
def test_kills_catch_a_broken_protocol(tmp_path, mutate, monkeypatch, target, mutant):
    mutate(target, mutant)
    first = _first_line_of_placing(tmp_path / "probe", monkeypatch)
    wrong, _ = sweep(tmp_path / "output", step=7, first=first, enough=1)
    assert wrong


@pytest.mark.slow
@MUTANTS
def test_states_left_at_every_line_show_a_broken_protocol(tmp_path, mutate, target, mutant):
    mutate(target, mutant)
    (tmp_path / "output").mkdir()
    _, states = remains_at_every_line(tmp_path / "output", tmp_path / "kept")
    assert wrong_after(states)
