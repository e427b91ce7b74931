"""Parts are whole or absent, as in the manifest, and reproducible."""

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import threading
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from ledger_scenario import EXPECTED, NOW, accept, crawled, lines, link, live, opened, problems, publisher

from alqahira.exceptions import LedgerUnusable
from alqahira.publishing.manifest import MANIFEST, part_files, read_corpus, read_manifest
from alqahira.publishing.parts import OutputUnwritable, Publisher


def test_run_publishes_each_line_once(tmp_path):
    live(tmp_path)
    assert lines(tmp_path) == Counter(EXPECTED)
    assert problems(tmp_path) == []


def test_same_run_again_publishes_nothing(tmp_path):
    live(tmp_path)
    before = {path: (tmp_path / path).read_bytes() for path in part_files(tmp_path)}
    live(tmp_path)
    assert {path: (tmp_path / path).read_bytes() for path in part_files(tmp_path)} == before


def test_part_has_one_day_and_at_most_max_rows(tmp_path):
    live(tmp_path)
    assert {Path(path).parent.name for path in part_files(tmp_path)} == {
        "day=2026-11-24",
        "day=2026-11-23",
        "day=__HIVE_DEFAULT_PARTITION__",
    }
    assert max(part.rows for part in read_manifest(tmp_path)) <= 3


def test_corpus_is_highest_revision_of_each_article(tmp_path):
    live(tmp_path)
    assert {(r["article_id"], r["revision"]) for r in read_corpus(tmp_path)} == EXPECTED - {("2", 1)}


def test_rows_are_sealed_at_maximum_age(tmp_path):
    with opened(tmp_path) as ledger:
        ledger.discover([link(1)], section="defense", run_id="run", now=NOW)
        accept(ledger, crawled(1))
        parts = Publisher(ledger, tmp_path, max_rows=100, max_age_seconds=300, compress=False)
        parts.seal_due(NOW + timedelta(seconds=299))
        assert part_files(tmp_path) == []
        parts.seal_due(NOW + timedelta(seconds=300))
        assert len(part_files(tmp_path)) == 1


def test_compressed_parts_are_reproducible(tmp_path):
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
def test_damaged_part_is_reported(tmp_path, damage, word):
    live(tmp_path)
    damage(tmp_path / part_files(tmp_path)[0])
    assert any(word in problem for problem in problems(tmp_path))


def test_concurrent_reader_sees_whole_lines_once(tmp_path):
    seen, stop = [], threading.Event()

    def read():
        while not stop.is_set():
            visible = Counter()
            for path in part_files(tmp_path):
                content = (tmp_path / path).read_bytes()
                assert content.endswith(b"\n")
                visible.update((r["article_id"], r["revision"]) for r in map(json.loads, content.splitlines()))
            seen.append(visible)

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(3):
        live(tmp_path)
    stop.set()
    reader.join()
    assert seen
    assert all(max(visible.values(), default=1) == 1 for visible in seen)


def test_unwritable_folder_loses_nothing(tmp_path):
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
def test_full_disk_loses_nothing(tmp_path):
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


def test_parts_of_another_ledger_are_refused(tmp_path):
    live(tmp_path)
    (tmp_path / "state.db").unlink()
    for extra in ("state.db-wal", "state.db-shm"):
        (tmp_path / extra).unlink(missing_ok=True)
    before = {path: hashlib.sha256((tmp_path / path).read_bytes()).hexdigest() for path in part_files(tmp_path)}
    with opened(tmp_path) as ledger, pytest.raises(LedgerUnusable, match="not known to this state"):
        publisher(ledger, tmp_path).recover()
    assert {path: hashlib.sha256((tmp_path / path).read_bytes()).hexdigest() for path in part_files(tmp_path)} == before


def test_broken_manifest_is_rewritten(tmp_path):
    live(tmp_path)
    before = (tmp_path / MANIFEST).read_bytes()
    (tmp_path / MANIFEST).write_text("{")
    with opened(tmp_path) as ledger:
        publisher(ledger, tmp_path).recover()
    assert (tmp_path / MANIFEST).read_bytes() == before
