"""Sealed parts that are missing or changed come back from the ledger, byte for byte; no other file is overwritten."""

import gzip
import hashlib
import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from ledger_scenario import NOW, accept, crawled, lines, link, live, opened, problems, publisher
from sqlalchemy import text

from alqahira.exceptions import LedgerUnusable
from alqahira.ledger.stored_records import pack
from alqahira.ledger.tables import articles
from alqahira.publishing import planning
from alqahira.publishing.manifest import MANIFEST, part_files, read_manifest, read_part
from alqahira.publishing.parts import Publisher


def contents(folder):
    return {path: (folder / path).read_bytes() for path in part_files(folder)}


def first(folder) -> Path:
    return folder / part_files(folder)[0]


def shorten(folder):
    first(folder).write_bytes(first(folder).read_bytes()[:-20])


def change(folder):
    """Without another size, so that only a hash shows it."""
    first(folder).write_bytes(first(folder).read_bytes().replace(b"defense", b"offense"))


DAMAGES = [
    lambda folder: first(folder).unlink(),
    shorten,
    lambda folder: shutil.rmtree(folder / "articles"),
    lambda folder: [shutil.rmtree(folder / "articles"), (folder / MANIFEST).unlink()],
]


@pytest.mark.parametrize("damage", DAMAGES, ids=["missing", "shortened", "all", "and the manifest"])
def test_missing_or_shortened_part_is_put_back_on_opening(state_url, tmp_path, damage):
    folder = tmp_path / "output"
    live(folder, state_url)
    before = contents(folder)
    damage(folder)
    with opened(state_url) as ledger:
        publisher(ledger, folder).recover()
    assert contents(folder) == before
    assert problems(folder) == []


def test_folder_that_was_deleted_is_written_again(state_url, tmp_path):
    folder = tmp_path / "output"
    live(folder, state_url)
    before = contents(folder)
    shutil.rmtree(folder)
    live(folder, state_url)
    assert contents(folder) == before


def test_repair_compares_content(state_url, tmp_path):
    folder = tmp_path / "output"
    live(folder, state_url)
    before, changed = contents(folder), part_files(folder)[0]
    change(folder)
    with opened(state_url) as ledger:
        publisher(ledger, folder).recover()
        assert contents(folder) != before, "opening reads no part"
        assert publisher(ledger, folder).repair() == [changed]
        assert contents(folder) == before
        assert publisher(ledger, folder).repair() == []


def test_compressed_part_is_put_back(tmp_path):
    with opened(tmp_path) as ledger:
        accept(ledger, crawled(1))
        publisher(ledger, tmp_path, compress=True).seal_all()
        before = contents(tmp_path)
        first(tmp_path).unlink()
        publisher(ledger, tmp_path).recover()
    assert contents(tmp_path) == before


@pytest.fixture
def upgrade_zlib(monkeypatch):
    """Makes the compressed bytes of the same lines others."""
    quick = SimpleNamespace(
        compress=lambda lines, mtime: gzip.compress(lines, 1, mtime=mtime), decompress=gzip.decompress
    )
    return lambda: monkeypatch.setattr(planning, "gzip", quick)


def test_compressed_part_is_put_back_by_another_version_of_zlib(tmp_path, upgrade_zlib):
    with opened(tmp_path) as ledger:
        accept(ledger, crawled(1))
        publisher(ledger, tmp_path, compress=True).seal_all()
        before = [*read_part(first(tmp_path))]
        first(tmp_path).unlink()
        upgrade_zlib()
        publisher(ledger, tmp_path).recover()
        assert publisher(ledger, tmp_path).repair() == []
    assert [*read_part(first(tmp_path))] == before
    assert problems(tmp_path) == []


@pytest.mark.parametrize("is_written", [False, True])
def test_compressed_part_is_planned_by_one_version_of_zlib_and_placed_by_another(tmp_path, upgrade_zlib, is_written):
    with opened(tmp_path) as ledger:
        accept(ledger, crawled(1))
        killed = publisher(ledger, tmp_path, compress=True)
        killed.recover()
        killed._plan_one("2026-11-24T12:00:00Z")
        if is_written:
            with ledger.transaction() as connection:
                row = connection.execute(text("select * from parts")).one()
            killed._place(row)
        upgrade_zlib()
        publisher(ledger, tmp_path).recover()
        assert publisher(ledger, tmp_path).repair() == []
    assert problems(tmp_path) == []
    assert len([*read_part(first(tmp_path))]) == 1


def test_opening_reads_no_part_that_is_in_place(tmp_path, monkeypatch):
    live(tmp_path)
    with opened(tmp_path) as ledger:
        monkeypatch.setattr(Publisher, "_place", None)
        monkeypatch.setattr("alqahira.publishing.parts.check", None)
        publisher(ledger, tmp_path).recover()


@pytest.mark.parametrize(
    ("damage", "message"),
    [(pack("{}"), "cannot make"), (pack("{}")[:-1], "damaged: it ends too soon"), (b"x", "damaged")],
)
def test_part_that_the_ledger_cannot_make_again_is_refused_and_the_others_put_back(tmp_path, damage, message):
    live(tmp_path)
    listed = {part.path: part.sha256 for part in read_manifest(tmp_path)}
    lost, *others = part_files(tmp_path)
    number = json.loads((tmp_path / lost).read_text("utf-8").splitlines()[0])["article_id"]
    with opened(tmp_path) as ledger:
        with ledger.transaction() as connection:
            of_article = articles.update().where(articles.c.article_id == number)
            connection.execute(of_article.values(record=damage))
        shutil.rmtree(tmp_path / "articles")
        with pytest.raises(LedgerUnusable, match=message):
            publisher(ledger, tmp_path).recover()
    whole = {path: hashlib.sha256(content).hexdigest() for path, content in contents(tmp_path).items()}
    assert whole == {path: listed[path] for path in whole}
    assert lost not in whole
    assert others[-1] in whole


def planned(folder):
    """A ledger with a part that is planned and not written; the part's path."""
    ledger = opened(folder)
    ledger.discover([link(1)], section="defense", run_id="run", now=NOW)
    accept(ledger, crawled(1))
    parts = publisher(ledger, folder)
    parts.recover()
    assert parts._plan_one("2026-11-24T12:00:00Z")
    (path,) = ledger.corpus().parts
    (folder / path).parent.mkdir(parents=True)
    return ledger, folder / path


def test_planned_part_overwrites_no_other_file(tmp_path):
    ledger, path = planned(tmp_path)
    with ledger:
        path.write_text("other\n")
        with pytest.raises(LedgerUnusable, match="has other content"):
            publisher(ledger, tmp_path).recover()
        assert path.read_text() == "other\n"
        path.rename(tmp_path / "elsewhere")
        publisher(ledger, tmp_path).recover()
    assert lines(tmp_path) == {("1", 1): 1}


@pytest.mark.parametrize("kept", [0, 10, None], ids=["nothing", "its beginning", "all"])
def test_planned_part_that_was_begun_is_completed(tmp_path, kept):
    ledger, path = planned(tmp_path)
    with ledger:
        publisher(ledger, tmp_path)._place_planned()
        whole = path.read_bytes()
        with ledger.transaction() as connection:
            connection.execute(text("update parts set sealed = 0"))
        path.write_bytes(whole[:kept])
        publisher(ledger, tmp_path).recover()
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    "edit",
    [
        lambda parts: [],
        lambda parts: parts + parts[:1],
        lambda parts: [{**parts[0], "path": "../../etc/passwd"}, *parts[1:]],
        lambda parts: parts[::-1],
        lambda parts: [{**parts[0], "rows": 10**9}, *parts[1:]],
        lambda parts: [{**parts[0], "sha256": "0" * 64}, *parts[1:]],
    ],
    ids=["empty", "twice", "outside", "other order", "rows", "hash"],
)
def test_edited_manifest_is_written_again(tmp_path, edit):
    live(tmp_path)
    path = tmp_path / MANIFEST
    before = path.read_bytes()
    manifest = json.loads(before)
    path.write_text(json.dumps(manifest | {"parts": edit(manifest["parts"])}), "utf-8")
    live(tmp_path)
    assert path.read_bytes() == before
    assert problems(tmp_path) == []
