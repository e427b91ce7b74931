"""A power cut takes the commits that were not synced yet, and nothing that was published is told twice for it.

What is not synced is the end of the write-ahead log: a cut leaves any beginning of that end, or pages of nothing in it.
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
    """A run: what was left, then seven stories; parts are sealed after the third and the sixth."""
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
    """After each commit that was not synced, what a cut may leave goes to a folder below `kept`."""
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
    """What the next run makes wrong of each folder that a cut has left."""
    for folder in left:
        try:
            live(folder)
        except AlqahiraError as error:
            yield folder.name, str(error)
        else:
            if lines(folder) != EVERY or problems(folder):
                yield folder.name, lines(folder) - EVERY, EVERY - lines(folder), problems(folder)


def test_whenever_the_power_fails_nothing_is_lost_twice_or_broken(tmp_path, monkeypatch):
    folder = tmp_path / "output"
    folder.mkdir()
    with cutting_the_power(monkeypatch, folder, tmp_path / "left") as left:
        live(folder)
    assert lines(folder) == EVERY
    assert len(left) > 15
    assert list(wrong_after(left)) == []


def test_a_part_that_the_ledger_might_forget_would_be_seen(tmp_path, monkeypatch):
    """The same with a ledger that syncs nothing: parts stand in the output that it knows nothing of."""
    folder = tmp_path / "output"
    folder.mkdir()
    transaction = Ledger.transaction
    with cutting_the_power(monkeypatch, folder, tmp_path / "left") as left, monkeypatch.context() as patched:
        patched.setattr(Ledger, "transaction", lambda self, **_: transaction(self, grouped=True))
        live(folder)
    assert any(wrong_after(left))


@pytest.mark.parametrize(("seconds", "expected"), [(0.0, False), (0.9, False), (1.1, True)])
def test_what_is_settled_is_synced_once_a_second(tmp_path, monkeypatch, seconds, expected):
    now = 100.0
    monkeypatch.setattr(sqlite, "monotonic", lambda: now)
    with opened(tmp_path) as ledger:
        ledger.discover([link(1), link(2)], section="defense", run_id="run", now=NOW)
        now += seconds
        accept(ledger, crawled(1))
        assert is_synced(ledger.store._connection) is expected
        accept(ledger, crawled(2))
        assert not is_synced(ledger.store._connection)


def test_what_is_told_to_others_is_synced_at_once(tmp_path):
    with opened(tmp_path) as ledger:
        run = ledger.start_run("run", "defense", NOW)
        ledger.discover([link(1)], section="defense", run_id=run, now=NOW)
        accept(ledger, crawled(1))
        assert not is_synced(ledger.store._connection)
        ledger.finish_run(run, {}, 0, NOW, complete=True)
        assert is_synced(ledger.store._connection)
