"""The dbt package of integrations/dbt, run as docs/warehouses/dbt.md prints it, with dbt-duckdb."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from awkward_corpus import newest_lines
from engines import COLUMNS, line, named
from printed import blocks
from scrapy_process import PROJECT
from tools import BIN, tool

from alqahira.article import rfc3339
from alqahira.publishing.dialects import ddl
from alqahira.publishing.manifest import MANIFEST

pytestmark = pytest.mark.warehouse


class Warehouse:
    """A folder with a profile, a corpus at `output`, and a database."""

    def __init__(self, folder):
        self.folder = folder
        tool("dbt")
        (folder / "integrations").symlink_to(PROJECT / "integrations")
        profile = next(block.code for block in blocks("dbt") if "type: duckdb" in block.code)
        (folder / "profiles.yml").write_text(profile)

    def run(self, code, corpus):
        """Run a block; its status and output."""
        (self.folder / "output").unlink(missing_ok=True)
        (self.folder / "output").symlink_to(corpus)
        own = {name: str(self.folder / name.lower()) for name in ("DBT_TARGET_PATH", "DBT_LOG_PATH")}
        environment = os.environ | own | {"PATH": f"{BIN}:{os.environ['PATH']}", "DO_NOT_TRACK": "1"}
        ran = subprocess.run(
            ["bash", "-euc", code], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        return ran.returncode, ran.stdout

    def load(self, corpus, *, anew=False):
        status, output = self.run(LOAD_ANEW if anew else LOAD, corpus)
        assert status == 0, output
        assert "WARN=0 ERROR=0" in output

    def query(self, sql):
        import duckdb

        with closing(duckdb.connect(self.folder / "warehouse.duckdb")) as db:
            return db.execute(sql).fetchall()

    def lines(self):
        return sorted(line(row, frozenset()) for row in named(self.query(f"SELECT {COLUMNS} FROM articles")))


LOAD, LOAD_ANEW = (block.code for block in blocks("dbt") if block.section == "Load" and block.language == "sh")
(FRESHNESS,) = (block.code for block in blocks("dbt") if block.section == "Check" and block.language == "sh")


@pytest.fixture
def warehouse(tmp_path):
    return Warehouse(tmp_path)


def changed(corpus, folder, change):
    """A copy of a corpus with another manifest."""
    shutil.copytree(corpus, folder)
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    change(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest))
    return folder


def test_model_has_the_newest_revisions_after_every_load(warehouse, awkward):
    for corpus in (awkward.early, awkward.whole, awkward.whole, awkward.later):
        warehouse.load(corpus)
        assert warehouse.lines() == newest_lines(corpus)


def test_load_reads_only_parts_that_go_beyond_the_last_position(warehouse, awkward, tmp_path):
    warehouse.load(awkward.early)
    known = json.loads((awkward.early / MANIFEST).read_text("utf-8"))["parts"]
    corpus = shutil.copytree(awkward.whole, tmp_path / "corpus")
    for part in known:
        (corpus / part["path"]).write_bytes(b"not JSON")
    warehouse.load(corpus)
    assert warehouse.lines() == newest_lines(awkward.whole)


def test_corpus_of_another_generation_is_loaded_anew(warehouse, awkward, tmp_path):
    warehouse.load(awkward.whole)
    mended = changed(awkward.early, tmp_path / "mended", lambda manifest: manifest.update(generation=2))
    status, output = warehouse.run(LOAD, mended)
    assert status != 0
    assert "is of generation 2" in output
    assert "load it anew with --full-refresh" in output
    assert warehouse.lines() == newest_lines(awkward.whole)
    warehouse.load(mended, anew=True)
    assert warehouse.lines() == newest_lines(awkward.early)


@pytest.mark.parametrize("is_longer", [False, True], ids=["positions went back", "positions went on"])
def test_restored_backup_is_refused(warehouse, awkward, tmp_path, is_longer):
    def diverge(manifest):
        manifest["checkpoints"] = [*manifest["checkpoints"][:1], f"{10**6}-0123456789abcdef"]
        manifest["parts"][-1]["last_position"] = 10**6

    warehouse.load(awkward.whole)
    restored = changed(awkward.whole, tmp_path / "restored", diverge) if is_longer else awkward.early
    status, output = warehouse.run(LOAD, restored)
    assert status != 0
    assert "a backup was restored" in output
    assert warehouse.lines() == newest_lines(awkward.whole)


@pytest.mark.parametrize(("hours", "status", "word"), [(1, 0, "PASS"), (30, 0, "WARN"), (100, 1, "ERROR STALE")])
def test_freshness_is_that_of_the_last_part(warehouse, awkward, tmp_path, hours, status, word):
    def seal(manifest):
        for number, part in enumerate(manifest["parts"]):
            part["sealed_at"] = rfc3339(datetime.now(UTC) - timedelta(hours=hours + 900 * (number > 0)))

    ran = warehouse.run(FRESHNESS, changed(awkward.early, tmp_path / "corpus", seal))
    assert ran[0] == status, ran[1]
    assert word in ran[1]


def test_row_that_is_twice_or_null_fails_a_test(warehouse, awkward):
    warehouse.load(awkward.early)
    warehouse.query("INSERT INTO articles SELECT * REPLACE (NULL AS url) FROM articles LIMIT 1")
    status, output = warehouse.run(LOAD.replace("dbt build", "dbt test"), awkward.early)
    assert status == 1
    assert re.findall(r"FAIL \d+ (\w+)", output) == ["not_null_articles_url", "unique_articles_article_id"]


def test_columns_are_those_of_the_record():
    text = (PROJECT / "integrations" / "dbt" / "macros" / "columns.sql").read_text("utf-8")
    kinds = re.findall(r"'(\w+)': '([\w\[\]]+)'", text)
    assert kinds == re.findall(r"^    (\w+) ([\w\[\]]+)", ddl("duckdb").partition("    PRIMARY")[0], re.M)
    text = (PROJECT / "integrations" / "dbt" / "models" / "articles.yml").read_text("utf-8")
    described = re.findall(r"- name: (\w+)\n(?:        data_tests: \[(.*)\])?", text.partition("columns:")[2])
    required = re.findall(r"^    (\w+) [\w\[\]]+ NOT NULL", ddl("duckdb"), re.M)
    assert [name for name, _ in described] == [*(name for name, _ in kinds), "generation", "checkpoint"]
    assert [name for name, tests in described if "not_null" in tests] == required
