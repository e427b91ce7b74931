"""A folder and a ledger are bound to each other: two of one kind on one of the other are refused, and nothing written."""

import json
import shutil
from pathlib import Path

import pytest
from ledger_scenario import EXPECTED, NOW, accept, crawled, lines, link, live, opened, problems, publisher
from sqlalchemy import text

from alqahira.exceptions import LedgerUnusable
from alqahira.ledger import known_corpus
from alqahira.ledger.runs import KnownCorpus, KnownPart
from alqahira.publishing.folder import refuse_other_corpus
from alqahira.publishing.manifest import MANIFEST, read_corpus_id
from alqahira.publishing.parts import OutputUnwritable
from alqahira.publishing.place import FolderState, derived_corpus_id, mismatch

HERE, PART, OTHER = (
    Path("/corpus"),
    "articles/day=2026-11-24/part-000001.jsonl",
    "articles/x/part-000002.jsonl",
)
KNOWN = {PART: KnownPart(PART, 9, "ab", sealed=True)}
PLANNED = {PART: KnownPart(PART, 9, "ab", sealed=False)}


@pytest.mark.parametrize(
    ("folder", "known", "why"),
    [
        # new, and in use
        ({}, {}, ""),
        ({"corpus_id": "a", "files": [PART]}, {"corpus_id": "a", "parts": KNOWN}, ""),
        ({"corpus_id": "a"}, {"corpus_id": "a", "parts": KNOWN}, ""),  # parts were deleted
        ({"files": [PART]}, {"corpus_id": "a", "parts": KNOWN}, ""),  # the manifest was deleted
        ({"files": [PART]}, {"corpus_id": "a", "parts": PLANNED}, ""),  # killed between a rename and its mark
        ({}, {"corpus_id": "a"}, ""),  # killed between the ledger's id and the folder's
        # two ledgers on one folder
        ({"corpus_id": "a"}, {"corpus_id": "b"}, "holds corpus a"),
        ({"corpus_id": "a"}, {}, "rebuild"),
        ({"corpus_id": "a"}, {"parts": KNOWN}, "rebuild"),
        ({"files": [PART]}, {}, "not known to this state"),
        ({"corpus_id": "a", "files": [PART, OTHER]}, {"corpus_id": "a", "parts": KNOWN}, "not known to this state"),
        # one ledger on two folders
        ({}, {"corpus_id": "a", "folder": "/elsewhere", "parts": KNOWN}, "which are at /elsewhere"),
        ({}, {"parts": KNOWN}, "another place"),
        ({}, {"corpus_id": "a", "folder": "/corpus", "parts": KNOWN}, ""),  # the folder was deleted
        # of a version without ids
        ({"files": [PART]}, {"parts": KNOWN}, ""),
        ({"listed": {PART: "ab"}}, {"parts": KNOWN}, ""),
        ({"listed": {PART: "cd"}}, {"parts": KNOWN}, "another place"),
        ({"corpus_id": "a", "files": [PART]}, {"parts": KNOWN}, ""),
    ],
)
def test_folder_is_that_of_the_ledger(folder, known, why):
    files = dict.fromkeys(folder.get("files", ()), 9)
    refused = mismatch(FolderState(HERE, **folder | {"files": files}), KnownCorpus("state", **known))
    assert why in refused
    assert bool(why) == bool(refused)
    assert "\n" not in refused


def test_empty_folder_at_a_new_place_is_taken_by_repair():
    known = KnownCorpus("state", "a", "/elsewhere", KNOWN)
    assert mismatch(FolderState(HERE), known, may_be_empty=True) == ""


def test_derived_id_is_that_of_its_sources():
    assert derived_corpus_id(["a", "b"]) == derived_corpus_id(["a", "b"]) != derived_corpus_id(["a"])


# --- with ledgers -------------------------------------------------------------------------------


def tree(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def other_state(request, tmp_path):
    """Another ledger's URL, of the same backend as `state_url`."""
    if "postgresql" in request.node.name:
        return request.getfixturevalue("postgres").new_state()
    return f"sqlite:///{tmp_path / 'other.db'}"


@pytest.fixture
def output(tmp_path):
    return tmp_path / "output"


def test_folder_and_ledger_carry_one_id(state_url, output):
    live(output, state_url)
    assert read_corpus_id(output) == known_corpus(state_url).corpus_id is not None


def test_new_ledger_on_a_used_folder_is_refused_and_not_made(tmp_path, output):
    live(output, f"sqlite:///{tmp_path / 'state.db'}")
    before = tree(tmp_path)
    with pytest.raises(LedgerUnusable, match="--rebuild-state"):
        refuse_other_corpus(output, f"sqlite:///{tmp_path / 'new' / 'other.db'}")
    assert tree(tmp_path) == before
    assert not (tmp_path / "new").exists()


def test_used_ledger_on_a_used_folder_is_refused(state_url, other_state, output, tmp_path):
    live(output, state_url)
    live(tmp_path / "output2", other_state)
    before = tree(output)
    with pytest.raises(LedgerUnusable, match="holds corpus"):
        live(output, other_state)
    assert tree(output) == before
    assert lines(tmp_path / "output2").keys() == EXPECTED


def test_ledger_with_a_second_folder_is_refused_and_makes_no_folder(state_url, output, tmp_path):
    live(output, state_url)
    with pytest.raises(LedgerUnusable, match=f"which are at {output}"):
        refuse_other_corpus(tmp_path / "output2", state_url)
    assert not (tmp_path / "output2").exists()
    live(output, state_url)
    assert problems(output) == []


def test_two_new_ledgers_claim_a_folder_once(tmp_path, output):
    with opened(f"sqlite:///{tmp_path / 'a.db'}") as a, opened(f"sqlite:///{tmp_path / 'b.db'}") as b:
        publisher(a, output).recover()
        with pytest.raises(LedgerUnusable, match="--rebuild-state"):
            publisher(b, output).recover()
        assert read_corpus_id(output) == a.corpus().corpus_id
        assert b.corpus().corpus_id is None


def test_copy_with_its_ledger_goes_on(tmp_path):
    live(tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    live(tmp_path / "two")
    assert problems(tmp_path / "two") == []
    assert known_corpus(f"sqlite:///{tmp_path / 'two' / 'state.db'}").folder == str(tmp_path / "two")


def test_part_of_a_copy_that_went_on_is_refused(tmp_path):
    """The copies have published different lines under one name."""
    live(tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    for name, number in (("one", 98), ("two", 99)):
        with opened(tmp_path / name) as ledger:
            accept(ledger, crawled(number))
            publisher(ledger, tmp_path / name).seal_all()
    before = tree(tmp_path / "two")
    with (
        opened(tmp_path / "one") as ledger,
        pytest.raises(LedgerUnusable, match="is not the part of that name that the state"),
    ):
        publisher(ledger, tmp_path / "two").recover()
    assert tree(tmp_path / "two") == before


def without_ids(folder):
    """Turn folder and ledger into those of a version without ids."""
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    del manifest["corpus_id"]
    (folder / MANIFEST).write_text(json.dumps(manifest), "utf-8")
    with opened(folder) as ledger, ledger.transaction() as connection:
        connection.execute(text("delete from meta where name in ('corpus_id', 'corpus_folder')"))


def test_corpus_without_id_gets_one(tmp_path):
    live(tmp_path)
    without_ids(tmp_path)
    live(tmp_path)
    assert read_corpus_id(tmp_path) == known_corpus(f"sqlite:///{tmp_path / 'state.db'}").corpus_id is not None
    assert lines(tmp_path).keys() == EXPECTED


def test_ledger_without_id_is_not_given_to_an_empty_folder(tmp_path):
    live(tmp_path / "one")
    without_ids(tmp_path / "one")
    with opened(tmp_path / "one") as ledger, pytest.raises(LedgerUnusable, match="scrapy verify --repair"):
        publisher(ledger, tmp_path / "two").recover()


def test_older_ledger_on_another_folder_is_refused_before_it_is_migrated(tmp_path):
    live(tmp_path / "one")
    live(tmp_path / "two")
    with opened(tmp_path / "two") as ledger, ledger.transaction() as connection:
        connection.execute(text("update meta set value = '1' where name = 'version'"))
    before = tree(tmp_path)
    with pytest.raises(LedgerUnusable, match="holds corpus"):
        refuse_other_corpus(tmp_path / "one", f"sqlite:///{tmp_path / 'two' / 'state.db'}")
    assert tree(tmp_path) == before


# --- during a run -------------------------------------------------------------------------------


@pytest.mark.parametrize("is_replaced", [False, True])
def test_folder_removed_during_a_run_ends_it_and_loses_nothing(state_url, tmp_path, output, is_replaced):
    with opened(state_url) as ledger:
        parts = publisher(ledger, output)
        parts.recover()
        ledger.discover([link(1)], section="defense", run_id="run", now=NOW)
        accept(ledger, crawled(1))
        shutil.rmtree(output)
        if is_replaced:
            live(output, f"sqlite:///{tmp_path / 'another.db'}")
            before = tree(output)
        with pytest.raises(OutputUnwritable, match="the next run publishes it") as refused:
            parts.seal_all()
        assert refused.value.exit_status == 1
        if is_replaced:
            assert tree(output) == before
            shutil.rmtree(output)
        assert not output.exists()
        publisher(ledger, output).recover()
        publisher(ledger, output).seal_all()
    assert lines(output) == {("1", 1): 1}


@pytest.mark.parametrize("name", ["state.db", "state.db.lock", ""])
def test_run_whose_ledger_or_lock_is_removed_ends(tmp_path, name):
    folder = tmp_path / "output"
    ended = []
    with opened(folder) as ledger:
        ledger.on_failure = ended.append
        accept(ledger, crawled(1))
        (folder / name).unlink() if name else shutil.rmtree(folder)
        for _ in range(2):
            with pytest.raises(LedgerUnusable, match="removed during the run"):
                accept(ledger, crawled(2))
        assert [error.exit_status for error in ended] == [1, 1]


def test_second_run_after_the_lock_was_removed_is_the_only_writer(tmp_path):
    with opened(tmp_path) as first:
        accept(first, crawled(1))
        (tmp_path / "state.db.lock").unlink()
        with opened(tmp_path) as second:
            with pytest.raises(LedgerUnusable, match="removed during the run"):
                accept(first, crawled(2))
            accept(second, crawled(3))
            assert [article.article_id for article in second.latest(9)] == ["3", "1"]
