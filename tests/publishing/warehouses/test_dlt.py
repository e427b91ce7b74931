"""dlt's load by positions: what its state holds, and a corpus that was made again."""

from __future__ import annotations

import re
import shutil
from contextlib import closing

import pytest
from awkward_corpus import newest_lines
from engines import from_dlt
from ledger_scenario import NOW, accept, body, crawled, opened, publisher
from printed import PrintedPage

from alqahira.publishing.manifest import MANIFEST, read_checkpoints, read_manifest

pytestmark = pytest.mark.warehouse


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    page = PrintedPage("dlt", tmp_path)
    page.run("Create")
    return page


def load(page, corpus):
    (page.folder / "output").unlink(missing_ok=True)
    (page.folder / "output").symlink_to(corpus)
    return page.run("Load")


def test_state_holds_the_last_position_and_checkpoint_alone(page, awkward):
    load(page, awkward.whole)
    (source,) = page.names["pipeline"].state["sources"].values()
    last = max(p.last_position for p in read_manifest(awkward.whole))
    checkpoint = read_checkpoints(awkward.whole)[-1]
    assert checkpoint.startswith(f"{last}-")
    assert source["resources"] == {"lines": {"position": last, "checkpoint": checkpoint}}


def test_load_reads_only_parts_that_go_beyond_it(page, awkward, tmp_path):
    load(page, awkward.early)
    corpus = shutil.copytree(awkward.whole, tmp_path / "corpus")
    for part in read_manifest(awkward.early):
        (corpus / part.path).write_bytes(b"not JSON")
    load(page, corpus)
    assert len(from_dlt(page)) == len(newest_lines(awkward.whole))
    assert "0 load package" in load(page, corpus)


def test_corpus_of_another_generation_is_loaded_aside(page, awkward, tmp_path):
    load(page, awkward.whole)
    mended = shutil.copytree(awkward.early, tmp_path / "mended")
    manifest = (mended / MANIFEST).read_text("utf-8")
    (mended / MANIFEST).write_text(re.sub(r'"generation": 1', '"generation": 2', manifest))
    load(page, mended)
    assert len(from_dlt(page)) == len(newest_lines(awkward.early))


def test_revision_published_after_its_successor_does_not_replace_it(page, tmp_path):
    import duckdb

    corpus = tmp_path / "corpus"
    with opened(tmp_path) as ledger:
        parts = publisher(ledger, corpus)
        accept(ledger, crawled(1))
        accept(ledger, crawled(1, text=body(1) + "\n\nأضيفت فقرة.", published=NOW.replace(day=1)))
        parts.seal_all()
    by_day = {part.path.split("/")[1]: part for part in read_manifest(corpus)}
    assert by_day["day=2026-11-01"].last_position < by_day["day=2026-11-24"].first_position  # revision 2 comes first
    load(page, corpus)
    with closing(duckdb.connect(page.folder / "warehouse.duckdb")) as db:
        assert db.execute("SELECT revision FROM news.articles").fetchall() == [(2,)]
        assert db.execute("SELECT count(*) FROM news_1.lines").fetchall() == [(2,)]
