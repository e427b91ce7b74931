"""`rebuild_state` checks first, and leaves the old ledger as it was until the new one is complete."""

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from ledger_scenario import EXPECTED, NOW, SCHEDULE, accept, body, crawled, lines, link, live, opened, publisher

from alqahira.exceptions import AlqahiraError, LedgerUnusable
from alqahira.ledger import known_corpus
from alqahira.ledger.restoring import Restoring
from alqahira.publishing import rebuild
from alqahira.publishing.manifest import MANIFEST, part_files, read_corpus_id
from alqahira.publishing.rebuild import rebuild_state


def state(folder):
    return f"sqlite:///{folder / 'state.db'}"


def tree(folder):
    """All files but the lock, whose text names its last holder."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "state.db.lock")
    return {path.relative_to(folder): path.read_bytes() for path in files}


@pytest.fixture
def corpus(tmp_path):
    live(tmp_path / "output")
    return tmp_path / "output"


def relist(folder, **changed):
    """Change the manifest's first entry."""
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    manifest["parts"][0] |= changed
    (folder / MANIFEST).write_text(json.dumps(manifest), "utf-8")


def list_twice(folder):
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    manifest["parts"] += manifest["parts"][:1]
    (folder / MANIFEST).write_text(json.dumps(manifest), "utf-8")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / part_files(folder)[0]).unlink(), "missing"),
        (lambda folder: (folder / part_files(folder)[0]).write_bytes(b""), "shortened"),
        (
            lambda folder: shutil.copy(
                folder / part_files(folder)[0], folder / "articles/day=2026-11-24/part-000099.jsonl"
            ),
            "not in the manifest",
        ),
        (lambda folder: (folder / MANIFEST).write_text("{"), "is not a manifest"),
        (lambda folder: (folder / MANIFEST).unlink(), "not in the manifest"),
        (lambda folder: [shutil.rmtree(folder / "articles"), (folder / MANIFEST).unlink()], "has no parts"),
        (list_twice, "is listed twice"),
        (lambda folder: relist(folder, path="../../etc/passwd"), "is no part"),
        (lambda folder: relist(folder, rows=10**9), "and the manifest says 1000000000"),
    ],
)
def test_parts_that_do_not_agree_are_refused_and_nothing_is_touched(corpus, damage, message):
    damage(corpus)
    before = tree(corpus)
    with pytest.raises(LedgerUnusable, match=message):
        rebuild_state(state(corpus), corpus)
    assert tree(corpus) == before


def bad_line(monkeypatch):
    """The second part has a line that is no record."""
    read, done = rebuild.read_part, []

    def read_part(path):
        done.append(path)
        return read(path) if len(done) != 2 else iter([{"article_id": "1"}])

    monkeypatch.setattr(rebuild, "read_part", read_part)


def same_record_twice(monkeypatch):
    read, done = rebuild.read_part, []

    def read_part(path):
        done.append(path)
        return read(done[0])

    monkeypatch.setattr(rebuild, "read_part", read_part)


def failing_disk(monkeypatch):
    restore, done = Restoring._restore_part, []

    def restore_part(self, connection, part):
        done.append(part)
        if len(done) == 2:
            raise OSError(28, "No space left on device")
        restore(self, connection, part)

    monkeypatch.setattr(Restoring, "_restore_part", restore_part)


def failing_rename(monkeypatch):
    """The folder cannot be synced once the files have their new names."""

    def fail(_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(rebuild, "sync_folder", fail)


@pytest.mark.parametrize("fault", [bad_line, same_record_twice, failing_disk, failing_rename])
def test_rebuild_that_fails_half_way_leaves_the_old_state(corpus, monkeypatch, fault):
    before = tree(corpus)
    with monkeypatch.context() as patched:
        fault(patched)
        with pytest.raises(AlqahiraError) as refused:
            rebuild_state(state(corpus), corpus)
    assert refused.value.exit_status == 2
    assert tree(corpus) == before
    rebuild_state(state(corpus), corpus)
    live(corpus)
    assert lines(corpus).keys() == EXPECTED


@pytest.mark.postgres
@pytest.mark.parametrize("fault", [bad_line, same_record_twice])
def test_rebuild_that_fails_half_way_leaves_the_database_empty(corpus, database, monkeypatch, fault):
    with monkeypatch.context() as patched:
        fault(patched)
        with pytest.raises(LedgerUnusable):
            rebuild_state(database, corpus)
    rebuild_state(database, corpus)
    with opened(database) as ledger:
        assert ledger.record_count() == len(EXPECTED)


def test_rebuilt_ledger_is_that_of_the_folder(corpus):
    corpus_id, parts = read_corpus_id(corpus), known_corpus(state(corpus)).parts
    with opened(corpus) as ledger:
        ledger.set_generation(7)
        publisher(ledger, corpus).recover()
    manifest = (corpus / MANIFEST).read_bytes()
    (corpus / "state.db").unlink()
    assert rebuild_state(state(corpus), corpus) is None
    rebuilt = known_corpus(state(corpus))
    assert (rebuilt.corpus_id, rebuilt.parts) == (corpus_id, parts)
    (corpus / part_files(corpus)[0]).unlink()
    live(corpus)
    assert lines(corpus).keys() == EXPECTED
    assert (corpus / MANIFEST).read_bytes() == manifest, "positions, times and generation are as they were"
    assert sorted(path.name for path in corpus.iterdir()) == [MANIFEST, "articles", "state.db", "state.db.lock"]


def test_old_state_is_kept_with_what_a_killed_run_committed(corpus):
    """Its write-ahead log goes with it."""
    kept = corpus.with_name("killed")
    with opened(corpus) as ledger:
        accept(ledger, crawled(99))
        shutil.copytree(corpus, kept)
    assert (kept / "state.db-wal").stat().st_size
    old = rebuild_state(state(kept), kept)
    with closing(sqlite3.connect(old)) as connection:
        assert connection.execute("select count(*) from articles where article_id = '99'").fetchone() == (1,)
    with opened(kept) as ledger:
        assert ledger.article("99") is None
        accept(ledger, crawled(100))
        publisher(ledger, kept).seal_all()
    assert lines(kept).keys() == EXPECTED | {("100", 1)}


def test_correction_of_an_article_that_moved_is_its_revision_after_a_rebuild(tmp_path):
    def at_home(text):
        return crawled(50, text=body(1) + text, headline="عنوان الخبر رقم 1", fetched=NOW + timedelta(hours=1))

    def discover(ledger, number):
        return ledger.discover([link(number)], section="defense", run_id="run", now=NOW)

    with opened(tmp_path) as ledger:
        ledger.start_run("run", "defense", NOW)
        discover(ledger, 1)
        accept(ledger, crawled(1))
        item = at_home(" تصحيح أول")
        item.fetch = replace(item.fetch, key="1")
        accept(ledger, item)
        publisher(ledger, tmp_path).seal_all()
    rebuild_state(state(tmp_path), tmp_path)
    with opened(tmp_path) as ledger:
        assert [each.link.key for each in ledger.due(NOW, 9)] == ["50"]
        discover(ledger, 50)
        verdict = accept(ledger, at_home(" تصحيح أول وتصحيح ثان"))
        assert (verdict.outcome, verdict.article.article_id, verdict.article.revision) == ("accepted", "1", 3)


@pytest.mark.parametrize("is_named_first", [False, True], ids=["old address first", "new address first"])
def test_move_that_no_revision_names_is_learned_again_from_the_old_address(tmp_path, is_named_first):
    later = NOW + timedelta(hours=3)

    def read(ledger, key, text=""):
        item = crawled(50, text=body(1) + text, headline="عنوان الخبر رقم 1", fetched=later)
        item.fetch = replace(item.fetch, key=str(key))
        return accept(ledger, item)

    with opened(tmp_path) as ledger:
        ledger.start_run("run", "defense", NOW)
        ledger.discover([link(1)], section="defense", run_id="run", now=NOW)
        accept(ledger, crawled(1))
        assert read(ledger, 1).outcome == "unchanged"  # redirected, and no line says so
        publisher(ledger, tmp_path).seal_all()
    rebuild_state(state(tmp_path), tmp_path, SCHEDULE)
    with opened(tmp_path) as ledger:
        assert [each.link.key for each in ledger.due(NOW + timedelta(hours=1), 9)] == []
        assert [each.link.key for each in ledger.due(later, 9)] == ["1"]
        ledger.discover([link(50)], section="defense", run_id="run", now=later)
        if is_named_first:
            assert read(ledger, 50, " تصحيح").outcome == "duplicate"
        verdict = read(ledger, 1, " تصحيح")
        assert (verdict.outcome, verdict.article.article_id, verdict.article.revision) == ("accepted", "1", 2)
        assert read(ledger, 50, " تصحيح وتصحيح ثان").article.revision == 3
        assert {record["article_id"] for record in ledger.records()} == {"1"}
