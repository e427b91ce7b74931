"""A power cut loses commits that were not synced yet, but nothing is published twice.

The end of the write-ahead log is not synced: a cut may leave all of it, some of it, none, or blank pages in it.
"""

import shutil
from collections import Counter
from contextlib import contextmanager
from math import inf

import pytest
from ledger_scenario import NOW, accept, crawled, lines, link, opened, problems, publisher

from alqahira.exceptions import AlqahiraError
from alqahira.ledger import Ledger
from alqahira.ledger.backends import sqlite
from alqahira.ledger.backends.sqlite import SqliteStore

pytestmark = pytest.mark.chaos

STORIES = range(1, 8)
EVERY = Counter((str(number), 1) for number in STORIES)
_WAL_HEADER, _FRAME = 32, 4096 + 24  # sqlite.org/fileformat2.html#walformat


def live(folder):
    """One run: recover, accept the stories that are missing; parts are sealed after the third and the sixth."""
    with opened(folder) as ledger:
        parts = publisher(ledger, folder, max_rows=3)
        parts.recover()
        run = ledger.start_run("run", "defense", NOW)
        ledger.discover([link(number) for number in STORIES], section="defense", run_id=run, now=NOW)
        for number in STORIES:
            if ledger.article(str(number)) is None:
                accept(ledger, crawled(number))
            if number % 3 == 0:
                parts.seal_all()
        parts.seal_all()
        ledger.finish_run(run, {}, 0, NOW, complete=True)


def is_synced(connection):
    return connection.connection.driver_connection.execute("PRAGMA synchronous").fetchone()[0] == 2


@contextmanager
def cutting_the_power(monkeypatch, folder, kept):
    """After each commit that is not synced, store states that a cut may leave in folders below `kept`."""
    begin, log = SqliteStore.begin, folder / "state.db-wal"
    synced, left = 0, []

    def leave(length, blank=None):
        left.append(kept / str(len(left)))
        shutil.copytree(folder, left[-1], ignore=shutil.ignore_patterns("*-shm", "*.lock"))
        with (left[-1] / log.name).open("r+b") as file:
            file.truncate(length)
            if blank is not None:
                file.seek(blank)
                file.write(bytes(_FRAME))

    @contextmanager
    def watched(self, *, grouped=False):
        nonlocal synced
        with begin(self, grouped=grouped) as connection:
            yield connection
        size = log.stat().st_size
        if is_synced(connection):
            synced = size
        elif size > synced:
            frames = (size - synced) // _FRAME
            leave(synced)
            leave(synced + frames // 2 * _FRAME + 100)
            leave(size, blank=max(synced, _WAL_HEADER))

    with monkeypatch.context() as patched:
        patched.setattr(sqlite, "_UNSYNCED", inf)
        patched.setattr(SqliteStore, "begin", watched)
        yield left


def wrong_after(left):
    """What is lost, twice or broken after the next run, for each state that a cut left."""
    for folder in left:
        try:
            live(folder)
        except AlqahiraError as error:
            yield folder.name, str(error)
        else:
            if lines(folder) != EVERY or problems(folder):
                yield folder.name, lines(folder) - EVERY, EVERY - lines(folder), problems(folder)


def test_power_cut_after_any_commit_loses_and_repeats_nothing(tmp_path, monkeypatch):
    folder = tmp_path / "output"
    folder.mkdir()
    with cutting_the_power(monkeypatch, folder, tmp_path / "left") as left:
        live(folder)
    assert lines(folder) == EVERY
    assert len(left) > 15
    assert list(wrong_after(left)) == []


def test_these_tests_catch_a_plan_that_is_not_synced(tmp_path, monkeypatch):
    """With a ledger that syncs nothing, the output has parts that the ledger does not know."""
    folder = tmp_path / "output"
    folder.mkdir()
    transaction = Ledger.transaction
    with cutting_the_power(monkeypatch, folder, tmp_path / "left") as left, monkeypatch.context() as patched:
        patched.setattr(Ledger, "transaction", lambda self, **_: transaction(self, grouped=True))
        live(folder)
    assert any(wrong_after(left))


@pytest.mark.parametrize(("seconds", "expected"), [(0.0, False), (0.9, False), (1.1, True)])
def test_finished_pages_are_synced_once_a_second(tmp_path, monkeypatch, seconds, expected):
    now = 100.0
    monkeypatch.setattr(sqlite, "monotonic", lambda: now)
    with opened(tmp_path) as ledger:
        ledger.discover([link(1), link(2)], section="defense", run_id="run", now=NOW)
        now += seconds
        accept(ledger, crawled(1))
        assert is_synced(ledger.store._connection) is expected
        accept(ledger, crawled(2))
        assert not is_synced(ledger.store._connection)


def test_end_of_run_is_synced_at_once(tmp_path):
    with opened(tmp_path) as ledger:
        run = ledger.start_run("run", "defense", NOW)
        ledger.discover([link(1)], section="defense", run_id=run, now=NOW)
        accept(ledger, crawled(1))
        assert not is_synced(ledger.store._connection)
        ledger.finish_run(run, {}, 0, NOW, complete=True)
        assert is_synced(ledger.store._connection)
