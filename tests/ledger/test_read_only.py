"""A reader who may not write: another user, whose folder is read-only."""

import os
import pickle
import shutil

import pytest
from ledger_scenario import EXPECTED, accept, corpus_for_everybody, crawled, opened

from alqahira.exceptions import LedgerUnusable

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")

NOBODY = 65534


@pytest.fixture
def folder():
    with corpus_for_everybody() as made:
        yield made


def read_by_nobody(folder, read=lambda ledger: None):
    """The lines that another user reads from the ledger, or the error; the folder is the same afterwards.

    `read` is called after the first of them.
    """
    before = sorted(folder.iterdir())
    source, target = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            try:
                with opened(folder, read_only=True) as ledger:
                    records = ledger.records()
                    first = next(records)
                    read(ledger)
                    result = [(r["article_id"], r["revision"]) for r in (first, *records)]
            except LedgerUnusable as error:
                result = error
            os.write(target, pickle.dumps(result))
        finally:
            os._exit(0)
    os.close(target)
    with os.fdopen(source, "rb") as pipe:
        content = pipe.read()
    os.waitpid(child, 0)
    assert sorted(folder.iterdir()) == before
    return pickle.loads(content)


def test_ledger_of_a_run_that_has_ended(folder):
    assert set(read_by_nobody(folder)) == EXPECTED


def test_ledger_beside_a_run_with_what_it_has_just_committed(folder):
    with opened(folder) as ledger:
        accept(ledger, crawled(98))
        assert set(read_by_nobody(folder)) == EXPECTED | {("98", 1)}


def killed(folder):
    """A copy as a killed run leaves it: its last commits are in the write-ahead log."""
    with opened(folder) as ledger:
        accept(ledger, crawled(98))
        shutil.copytree(folder, folder.with_name("killed"))
    return folder.with_name("killed")


def test_ledger_of_a_run_that_was_killed(folder):
    assert set(read_by_nobody(killed(folder))) == EXPECTED | {("98", 1)}


def test_log_without_its_index_is_refused_in_one_line(folder):
    copy = killed(folder)
    (copy / "state.db-shm").unlink()
    refused = read_by_nobody(copy)
    assert isinstance(refused, LedgerUnusable)
    assert f"the state at {copy / 'state.db'} cannot be read" in str(refused)
    assert "\n" not in str(refused)


def test_file_that_others_may_not_read_is_refused_in_one_line(folder):
    (folder / "state.db").chmod(0o600)
    assert f"the state at {folder / 'state.db'} cannot be read" in str(read_by_nobody(folder))


def test_run_that_changes_the_file_under_a_reader_is_noticed(folder):
    started, go_on = os.pipe(), os.pipe()
    writer = os.fork()
    if writer == 0:
        try:
            os.read(started[0], 1)
            with opened(folder) as ledger:
                accept(ledger, crawled(98))
            os.write(go_on[1], b"x")
        finally:
            os._exit(0)

    def wait(ledger):
        os.write(started[1], b"x")
        os.read(go_on[0], 1)

    assert "while it was read" in str(read_by_nobody(folder, wait))
    os.waitpid(writer, 0)


def test_name_of_the_folder_may_have_any_character(folder):
    odd = folder.with_name("100% صحيح #1&mode=rw")
    folder.rename(odd)
    assert set(read_by_nobody(odd)) == EXPECTED
