"""Whatever dies on the way, and at whichever line: no line of a part is lost, told twice or broken."""

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
from ledger_scenario import EXPECTED, lines, live, problems

from alqahira import ledger as ledger_module
from alqahira.ledger.backends import sqlite, store
from alqahira.publishing import parts as parts_module
from alqahira.publishing.parts import part_files

pytestmark = pytest.mark.chaos

_LEDGER = Path(ledger_module.__file__).parent
_OURS = (*map(str, _LEDGER.glob("*.py")), parts_module.__file__, sqlite.__file__, store.__file__)


@contextmanager
def at_each_line(do):
    """Calls `do(frame)` before each line of ours that is executed below."""

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


def lives_until(folder, line):
    """Fork a process that lives the scenario and kills itself at its n-th executed line of our code; whether it died."""
    child = os.fork()
    if child == 0:
        numbers = count(1)

        def die(_):
            if next(numbers) == line:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            with at_each_line(die):
                live(folder)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def sweep(folder, step, *, first=1, enough=None):
    """Kill at every `step`-th line, let a second life finish, and give what is lost, twice or broken, and the kills."""
    wrong, kills, line = [], 0, first
    while True:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        died = lives_until(folder, line)
        torn = [path for path in part_files(folder) if not (folder / path).read_bytes().endswith(b"\n")]
        live(folder)
        if lines(folder) != Counter(EXPECTED) or problems(folder) or torn:
            wrong.append(
                (line, lines(folder) - Counter(EXPECTED), Counter(EXPECTED) - lines(folder), problems(folder), torn)
            )
        if not died or (enough and len(wrong) >= enough):
            return wrong, kills
        kills += 1
        line += step


def test_killed_at_any_line_nothing_is_lost_twice_or_broken(tmp_path):
    wrong, kills = sweep(tmp_path / "output", step=61)
    assert wrong == []
    assert kills > 50


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_killed_at_every_tenth_line_nothing_is_lost_twice_or_broken(tmp_path):
    """SWEEP_STEP=1 kills at every line: an hour."""
    wrong, kills = sweep(tmp_path / "output", step=int(os.environ.get("SWEEP_STEP", "10")))
    print(f"{kills} kills")
    assert wrong == []


def remains_at_every_line(folder, kept):
    """Live the scenario, and keep what a SIGKILL at each line of our code would leave on the disk: each different
    state once. How many lines there were, and the states kept.

    A killed process leaves its files as others see them at that line, and nothing else: a copy of them is the same.
    """
    lines_done, states = 0, {}

    def keep(_):
        nonlocal lines_done
        lines_done += 1
        remains = hashlib.sha256()
        for path in sorted(folder.rglob("*")):
            # The lock is a process's own, and what it says of it no matter of protocol.
            if not path.name.endswith(".lock"):
                remains.update(f"{path.relative_to(folder)}\0".encode())
                remains.update(path.read_bytes() if path.is_file() else b"")
        if remains.digest() not in states:
            states[remains.digest()] = kept / str(len(states))
            shutil.copytree(folder, states[remains.digest()])

    with at_each_line(keep):
        live(folder)
    return lines_done, list(states.values())


def wrong_after(states):
    """What a second life makes wrong of each of the states that the first may have left."""
    found = []
    for folder in states:
        torn = [path for path in part_files(folder) if not (folder / path).read_bytes().endswith(b"\n")]
        live(folder)
        if lines(folder) != Counter(EXPECTED) or problems(folder) or torn:
            found.append((folder.name, lines(folder) - Counter(EXPECTED), Counter(EXPECTED) - lines(folder), torn))
    return found


@pytest.mark.slow
def test_what_any_line_leaves_behind_becomes_whole_with_nothing_lost_or_twice(tmp_path):
    (tmp_path / "output").mkdir()
    count, states = remains_at_every_line(tmp_path / "output", tmp_path / "kept")
    print(f"{count} lines, {len(states)} different states of the disk")
    assert count > 4_000
    assert len(states) > 100
    assert wrong_after(states) == []


def _mark_before_writing(self):
    """A mutant of the protocol: the part is marked before it is in place."""
    from sqlalchemy import select

    with self._ledger.transaction() as connection:
        planned = connection.execute(select(parts_module.parts).where(parts_module.parts.c.sealed == 0)).all()
        contents = [parts_module._content(connection, row.sequence, row.path) for row in planned]
        connection.execute(parts_module.parts.update().values(sealed=1))
    for row, content in zip(planned, contents, strict=True):
        parts_module.write_atomic(self._output / row.path, content)
    self._is_listed = self._is_listed and not planned


def _write_in_place(path, content):
    """A mutant: no file aside, no rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = len(content) // 2
    with path.open("wb", buffering=0) as file:
        file.write(content[:half])
        _pause()
        file.write(content[half:])


def _pause():
    return None


def _first_line_of_placing(folder, monkeypatch):
    """How many lines of ours are executed before the first part is placed: mutants go wrong from there on."""
    folder.mkdir()
    placing = {"_place_planned", "_mark_before_writing", "_write_in_place"}
    lines_done, found, planned = 0, None, False
    plan_one = parts_module.Publisher._plan_one

    def plan(self):
        nonlocal planned
        done = plan_one(self)
        planned = True
        return done

    def look(frame):
        nonlocal lines_done, found
        lines_done += 1
        if planned and frame.f_code.co_name in placing:
            found = found or lines_done

    with monkeypatch.context() as patch, at_each_line(look):
        patch.setattr(parts_module.Publisher, "_plan_one", plan)
        live(folder)
    return found


MUTANTS = pytest.mark.parametrize(
    ("target", "mutant"),
    [
        ("Publisher._place_planned", _mark_before_writing),
        ("write_atomic", _write_in_place),
    ],
)


@pytest.fixture
def mutate(monkeypatch):
    """Break the protocol; the mutants' own lines are places to die at, too."""

    def apply(target, mutant):
        owner, _, name = target.rpartition(".")
        monkeypatch.setattr(getattr(parts_module, owner) if owner else parts_module, name, mutant)
        monkeypatch.setattr(sys.modules[__name__], "_OURS", (*_OURS, __file__))

    return apply


@MUTANTS
def test_the_sweep_catches_a_broken_protocol(tmp_path, mutate, monkeypatch, target, mutant):
    mutate(target, mutant)
    first = _first_line_of_placing(tmp_path / "probe", monkeypatch)
    wrong, _ = sweep(tmp_path / "output", step=7, first=first, enough=1)
    assert wrong


@pytest.mark.slow
@MUTANTS
def test_what_lines_leave_behind_shows_a_broken_protocol(tmp_path, mutate, target, mutant):
    mutate(target, mutant)
    (tmp_path / "output").mkdir()
    _, states = remains_at_every_line(tmp_path / "output", tmp_path / "kept")
    assert wrong_after(states)
