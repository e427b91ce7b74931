"""Real runs whose folder is deleted, shared with another ledger, or reached by two names."""

from __future__ import annotations

import re
import shutil

import pytest
from scrapy_process import scrapy
from small_site import QUICK, small_site
from test_kill_the_spider import Crawl, site

from alqahira.publishing.manifest import MANIFEST, part_files

__all__ = ["site"]

pytestmark = pytest.mark.chaos


def crawl_of(site, folder, state=None):
    return Crawl(site, folder, {"ALQAHIRA_STATE_URL": f"sqlite:///{state}"} if state else {})


@pytest.mark.parametrize("place", ["in the folder", "elsewhere"])
def test_folder_deleted_under_a_run_ends_it_with_1_and_the_next_publishes(site, tmp_path, place):
    crawl = crawl_of(site, tmp_path / "output", None if place == "in the folder" else tmp_path / "state.db")
    answered = crawl.answers()
    run = crawl.start()
    assert crawl.until(run, lambda: answered() >= 60 and (crawl.folder / MANIFEST).exists())
    crawl.folder.rename(tmp_path / "deleted")  # at once, where a deletion would race with the run
    assert run.wait(240) == 1
    # Whether the run was just writing a part or not.
    assert re.search("removed|cannot be written", crawl.log_lines[-1])
    assert "Traceback" not in crawl.log.read_text("utf-8")
    assert part_files(crawl.folder) == []
    shutil.rmtree(tmp_path / "deleted")
    assert crawl.finish() == 0
    assert crawl.wrong() == []


def test_two_ledgers_on_a_folder_at_once_are_one(site, tmp_path):
    crawls = [crawl_of(site, tmp_path / "output", tmp_path / f"{name}.db") for name in "ab"]
    runs = [crawl.start() for crawl in crawls]
    assert sorted(run.wait(240) for run in runs) == [0, 2]
    assert crawls[0].wrong() == []


def test_second_folder_beside_a_run_is_refused_and_not_made(site, tmp_path):
    first, second = (crawl_of(site, tmp_path / name, tmp_path / "state.db") for name in ("one", "two"))
    run = first.start()
    assert first.until(run, lambda: first.parts() >= 1)
    assert second.finish() == 2
    assert "which are at" in second.log_lines[-1]
    assert list(second.folder.rglob("*")) == []
    assert not second.folder.exists()
    assert run.wait(240) == 0
    assert first.wrong() == []


def test_folder_reached_by_a_link_is_the_same(site, tmp_path):
    (tmp_path / "output").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "output")
    first, second = crawl_of(site, tmp_path / "output"), crawl_of(site, tmp_path / "link")
    run = first.start()
    assert first.until(run, lambda: first.parts() >= 1)
    assert second.finish() == 3
    assert run.wait(240) == 0
    assert second.finish() == 0
    assert first.wrong() == []


def test_lock_deleted_under_a_run_ends_that_run_and_not_the_next(site, tmp_path):
    crawl = crawl_of(site, tmp_path / "output")
    run = crawl.start()
    assert crawl.until(run, lambda: crawl.parts() >= 2)
    (crawl.folder / "state.db.lock").unlink()
    assert run.wait(240) == 1
    assert "its lock was removed" in crawl.log_lines[-1]
    assert crawl.finish() == 0
    assert crawl.wrong() == []


@pytest.mark.parametrize("name", ["أخبار 100% #1?x=y&z", "%41"])
def test_folder_of_any_name_holds_its_ledger(tmp_path, name):
    with small_site(2) as served:
        corpus = served.corpus(tmp_path / name)
        assert [corpus.crawl("defense", settings=QUICK).status for _ in range(2)] == [0, 0]
    assert len(corpus.lines()) == 2
    settings = {"ALQAHIRA_OUTPUT_DIR": str(corpus.folder)}
    assert [scrapy("verify", option, settings=settings).status for option in ("--repair", "--rebuild-state")] == [0, 0]
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]
