"""Parts are whole or not there, listed as they are, and the same whatever dies on the way."""

import gzip
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from ledger_scenario import EXPECTED, NOW, accept, crawled, link, live, opened, publisher

from alqahira import ledger as ledger_module
from alqahira import migrations
from alqahira import parts as parts_module
from alqahira.errors import LedgerUnusable
from alqahira.parts import (
    MANIFEST,
    OutputUnwritable,
    Publisher,
    check,
    part_files,
    read_corpus,
    read_manifest,
    read_part,
)


def lines(folder):
    """(article, revision) of every line of every visible part."""
    return Counter((r["article_id"], r["revision"]) for path in part_files(folder) for r in read_part(folder / path))


def problems(folder):
    """What a reader could hold against the output."""
    found = [f"{part.path}: {wrong}" for part in read_manifest(folder) if (wrong := check(folder, part))]
    listed, there = {part.path for part in read_manifest(folder)}, set(part_files(folder))
    found += [f"{path}: not listed" for path in there - listed]
    found += [f"{path}: stray" for path in folder.glob("articles/*/.*")]
    for path in there:
        content = (folder / path).read_bytes()
        if content and not content.endswith(b"\n"):
            found.append(f"{path}: torn")
    return found


def test_a_run_publishes_each_accepted_line_once(tmp_path):
    live(tmp_path)
    assert lines(tmp_path) == Counter(EXPECTED)
    assert problems(tmp_path) == []


def test_the_same_run_again_publishes_nothing(tmp_path):
    live(tmp_path)
    before = {path: (tmp_path / path).read_bytes() for path in part_files(tmp_path)}
    live(tmp_path)
    assert {path: (tmp_path / path).read_bytes() for path in part_files(tmp_path)} == before


def test_a_part_holds_one_day_and_no_more_rows_than_it_may(tmp_path):
    live(tmp_path)
    assert {Path(path).parent.name for path in part_files(tmp_path)} == {
        "date_published=2026-11-24",
        "date_published=2026-11-23",
        "date_published=unknown",
    }
    assert max(part.rows for part in read_manifest(tmp_path)) <= 3


def test_the_corpus_is_the_highest_revision_of_each(tmp_path):
    live(tmp_path)
    assert {(r["article_id"], r["revision"]) for r in read_corpus(tmp_path)} == EXPECTED - {("2", 1)}


def test_what_waits_is_sealed_when_its_oldest_row_has_waited_long_enough(tmp_path):
    with opened(tmp_path) as ledger:
        ledger.discover([link(1)], section="defense", run_id="run", now=NOW)
        accept(ledger, crawled(1))
        parts = Publisher(ledger, tmp_path, max_rows=100, max_age_seconds=300, compress=False)
        parts.seal_due(NOW + timedelta(seconds=299))
        assert part_files(tmp_path) == []
        parts.seal_due(NOW + timedelta(seconds=300))
        assert len(part_files(tmp_path)) == 1


def test_compressed_parts_are_the_same_bytes_each_time(tmp_path):
    contents = []
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        with opened(folder) as ledger:
            ledger.discover([link(1)], section="defense", run_id="run", now=NOW)
            accept(ledger, crawled(1))
            publisher(ledger, folder, compress=True).seal_all()
        (path,) = part_files(folder)
        assert path.endswith(".jsonl.gz")
        contents.append((folder / path).read_bytes())
    assert contents[0] == contents[1]
    assert json.loads(gzip.decompress(contents[0]))["article_id"] == "1"


@pytest.mark.parametrize(
    ("damage", "word"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-20]), "shortened"),
        (lambda path: path.write_bytes(path.read_bytes().replace(b"defense", b"offense")), "changed"),
        (lambda path: path.unlink(), "missing"),
    ],
)
def test_a_damaged_part_is_found(tmp_path, damage, word):
    live(tmp_path)
    damage(tmp_path / part_files(tmp_path)[0])
    assert any(word in problem for problem in problems(tmp_path))


# --- whatever dies ------------------------------------------------------------------------------

_OURS = (ledger_module.__file__, migrations.__file__, parts_module.__file__)


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
    wrong, kills = sweep(tmp_path / "output", step=211)
    assert wrong == []
    assert kills > 10


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
    assert count > 5_000
    assert len(states) > 50
    assert wrong_after(states) == []


def _mark_before_writing(self):
    """A mutant of the protocol: the part is marked before it is in place."""
    from sqlalchemy import select

    with self._ledger.transaction() as connection:
        planned = connection.execute(select(parts_module.parts).where(parts_module.parts.c.sealed == 0)).all()
        contents = [parts_module._content(connection, row.sequence, row.path) for row in planned]
        connection.execute(parts_module.parts.update().values(sealed=1))
    for row, content in zip(planned, contents, strict=True):
        parts_module.write_whole(self._output / row.path, content)
    return bool(planned)


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
        ("write_whole", _write_in_place),
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


def test_a_reader_who_looks_all_the_time_sees_whole_lines_once(tmp_path):
    seen, stop = [], threading.Event()

    def read():
        while not stop.is_set():
            found = Counter()
            for path in part_files(tmp_path):
                content = (tmp_path / path).read_bytes()
                assert content.endswith(b"\n")
                found.update((r["article_id"], r["revision"]) for r in map(json.loads, content.splitlines()))
            seen.append(found)

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(3):
        live(tmp_path)
    stop.set()
    reader.join()
    assert seen
    assert all(max(found.values(), default=1) == 1 for found in seen)


def test_a_folder_that_turns_read_only_is_one_line_and_loses_nothing(tmp_path):
    folder = tmp_path / "output"
    folder.mkdir()
    with opened(tmp_path) as ledger:
        ledger.discover([link(1)], section="defense", run_id="run", now=NOW)
        accept(ledger, crawled(1))
        (folder / "articles").write_text("a file where the folder should be")
        with pytest.raises(OutputUnwritable, match="nothing is lost"):
            publisher(ledger, folder).seal_all()
        (folder / "articles").unlink()
        publisher(ledger, folder).recover()
    assert lines(folder) == {("1", 1): 1}


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="needs to mount a small disk")
def test_a_full_disk_is_one_line_and_loses_nothing(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        with opened(tmp_path) as ledger:
            for number in range(1, 60):
                ledger.discover([link(number)], section="defense", run_id="run", now=NOW)
                accept(ledger, crawled(number))
            with pytest.raises(OutputUnwritable, match="No space left"):
                publisher(ledger, folder, max_rows=20).seal_all()
            assert all((folder / path).read_bytes().endswith(b"\n") for path in part_files(folder))
            subprocess.run(["mount", "-o", "remount,size=4m", str(folder)], check=True)
            publisher(ledger, folder, max_rows=20).recover()
            publisher(ledger, folder, max_rows=20).seal_all()
        assert lines(folder) == Counter((str(number), 1) for number in range(1, 60))
        assert problems(folder) == []
    finally:
        subprocess.run(["umount", str(folder)], check=False)


def test_parts_of_another_state_are_not_touched(tmp_path):
    live(tmp_path)
    (tmp_path / "state.db").unlink()
    for extra in ("state.db-wal", "state.db-shm"):
        (tmp_path / extra).unlink(missing_ok=True)
    before = {path: hashlib.sha256((tmp_path / path).read_bytes()).hexdigest() for path in part_files(tmp_path)}
    with opened(tmp_path) as ledger, pytest.raises(LedgerUnusable, match="not known to this state"):
        publisher(ledger, tmp_path).recover()
    assert {path: hashlib.sha256((tmp_path / path).read_bytes()).hexdigest() for path in part_files(tmp_path)} == before


def test_a_manifest_that_was_lost_is_made_again(tmp_path):
    live(tmp_path)
    before = (tmp_path / MANIFEST).read_bytes()
    (tmp_path / MANIFEST).write_text("{")
    with opened(tmp_path) as ledger:
        publisher(ledger, tmp_path).recover()
    assert (tmp_path / MANIFEST).read_bytes() == before
