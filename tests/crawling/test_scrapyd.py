"""The project on a real Scrapyd: deployed, scheduled, cancelled, killed; and what its API refuses."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import requests
from scrapy_process import PROJECT, UNTHROTTLED, Corpus, scrapy
from scrapyd_server import PASSWORD, Scrapyd, copy_project, until
from undisturbed import SETTINGS, site_of
from wheel import packaged_files

from alqahira.article import to_json_line

pytestmark = pytest.mark.scrapyd

GIVEN = UNTHROTTLED | SETTINGS


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with site_of(20, tmp_path_factory.mktemp("site")) as made:
        yield made


@pytest.fixture(scope="module")
def scrapyd(site, tmp_path_factory):
    """A Scrapyd with the project deployed; each test has its own output folder below the operator's."""
    folder = tmp_path_factory.mktemp("scrapyd")
    with Scrapyd(folder / "scrapyd", {"ALQAHIRA_SITE_URL": site.server.url}) as running:
        done = running.deploy(copy_project(folder / "project"))
        assert done.returncode == 0, done.stdout + done.stderr
        yield running


@pytest.fixture
def another(scrapyd, tmp_path):
    """A Scrapyd for one test, with the same egg."""
    own = Scrapyd(tmp_path / "scrapyd", scrapyd.environment)
    own.folder.mkdir()
    shutil.copytree(scrapyd.folder / "eggs", own.folder / "eggs")
    return own


# --- deploying ----------------------------------------------------------------------------------


def test_egg_holds_every_module_and_data_file(scrapyd):
    (egg,) = scrapyd.folder.glob("eggs/alqahira/*.egg")
    tree = set(packaged_files())
    assert "alqahira/text/topics.toml" in tree
    assert not tree - set(zipfile.ZipFile(egg).namelist())


def test_make_deploy_brings_both_spiders(scrapyd):
    assert sorted(scrapyd.ask("listspiders", params={"project": "alqahira"})["spiders"]) == [
        "defense",
        "foreign_affairs",
    ]


def test_version_that_does_not_load_is_refused_and_deleted(scrapyd, tmp_path):
    broken = copy_project(tmp_path / "project")
    (broken / "spiders" / "broken.py").write_text("import nothing_of_that_name\n")
    before = scrapyd.ask("listversions", params={"project": "alqahira"})["versions"]
    done = scrapyd.deploy(broken)
    assert done.returncode != 0
    assert "nothing_of_that_name" in done.stdout
    assert scrapyd.ask("listversions", params={"project": "alqahira"})["versions"] == before


def test_every_page_needs_the_password(scrapyd):
    for login in (None, ("alqahira", ""), ("alqahira", PASSWORD + "x")):
        for page in ("", "jobs", "logs/", "daemonstatus.json", "listjobs.json"):
            assert requests.get(f"{scrapyd.url}/{page}", auth=login, timeout=30).status_code == 401


def test_without_a_password_scrapyd_does_not_start(tmp_path):
    shutil.copy(PROJECT / "deploy" / "scrapyd.conf", tmp_path)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SCRAPY")}
    done = subprocess.run(
        [sys.executable, "-m", "scrapyd", "--pidfile="],
        cwd=tmp_path,
        env=kept | {"HOME": str(tmp_path), "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("alqahira: no password: set SCRAPYD_PASSWORD")


# --- running ------------------------------------------------------------------------------------


def test_arguments_and_settings_reach_the_job(scrapyd):
    folder = scrapyd.output / "some"
    given = GIVEN | {"ALQAHIRA_OUTPUT_DIR": str(folder), "ALQAHIRA_COMPRESS_PARTS": "true", "LOG_LEVEL": "DEBUG"}
    job = scrapyd.wait(scrapyd.schedule("defense", settings=given, max_articles="3", since="2026-11-01"))
    assert job.status == 0, job.log
    assert "DEBUG" in job.log
    assert re.search(r"in the feed +3$|= 3 accepted", job.log, re.M)
    assert list(folder.glob("articles/*/part-*.jsonl.gz"))


def test_crawl_over_scrapyd_is_complete_and_its_output_survives_the_egg(scrapyd, site):
    job = scrapyd.wait(scrapyd.schedule("defense", settings=GIVEN))
    assert job.status == 0, job.log
    assert f"writes to {scrapyd.output}, its state is {scrapyd.output / 'state.db'}" in job.log
    assert site.wrong(scrapyd.output) == []
    # A new version of the project goes on where the old one ended.
    (egg,) = scrapyd.folder.glob("eggs/alqahira/*.egg")
    shutil.copy(egg, egg.with_name("9999999999.egg"))
    scrapyd.ask("delversion", data={"project": "alqahira", "version": egg.stem})
    before = Corpus(scrapyd.output, "").lines()
    again = scrapyd.wait(scrapyd.schedule("defense", settings=GIVEN))
    assert again.status == 0, again.log
    assert " 0 accepted" in again.log
    assert Corpus(scrapyd.output, "").lines() == before


def test_default_output_is_beside_scrapyds_folders(another, site):
    another.environment = another.environment | {"ALQAHIRA_OUTPUT_DIR": ""}
    with another:
        job = another.wait(another.schedule("defense", settings=GIVEN, max_articles="3"))
        assert job.status == 0, job.log
        assert f"writes to {another.folder / 'output'}" in job.log
        assert {"eggs", "logs", "dbs", "output"} <= {path.name for path in another.folder.iterdir()}


def test_scrapyds_own_items_feed_holds_the_lines_of_the_parts(another):
    another.conf = {"items_dir": "items"}
    with another:
        name = another.schedule("defense", settings=GIVEN)
        job = another.wait(name)
        assert job.status == 0, job.log
        feed = another.folder / "items" / "alqahira" / "defense" / f"{name}.jl"
        records = [record for record in Corpus(another.output, "").records() if "defense" in record["topics"]]
        assert records
        # An accepted article has its position only once its part is sealed.
        unplaced = [to_json_line(record | {"position": None}) for record in records]
        assert sorted(feed.read_text("utf-8").splitlines()) == sorted(unplaced)


def test_items_feed_that_cannot_be_written_is_one_line_and_status_2(another):
    another.conf = {"items_dir": "gs://bucket/items"}
    with another:
        job = another.wait(another.schedule("defense", settings=GIVEN))
    assert (job.status, len(job.lines)) == (2, 1)
    assert "cannot be written: missing google-cloud-storage library" in job.log


@pytest.mark.parametrize("times", [1, 2])
def test_next_run_continues_a_cancelled_one_and_loses_nothing(scrapyd, site, times):
    given = GIVEN | {"ALQAHIRA_OUTPUT_DIR": str(scrapyd.output / f"cancelled-{times}")}
    answers = site.answers()
    name = scrapyd.schedule("defense", settings=given)
    pid = scrapyd.pid(name)
    until(lambda: answers() >= 15, lambda: scrapyd.log_of(name))
    os.kill(pid, signal.SIGSTOP)  # so that it is still running when it is cancelled
    assert [scrapyd.cancel(name) for _ in range(times)] == ["running"] * times
    os.kill(pid, signal.SIGCONT)
    cancelled = scrapyd.wait(name)
    assert "Received SIGINT" in cancelled.log
    assert "Traceback" not in cancelled.log
    rest = scrapyd.wait(scrapyd.schedule("defense", settings=given))
    assert rest.status == 0, rest.log
    assert " 0 accepted" not in rest.log
    assert site.wrong(Path(given["ALQAHIRA_OUTPUT_DIR"])) == []


def test_job_beside_an_orphan_of_a_killed_scrapyd_ends_with_status_3(another, site):
    answers = site.answers()
    with another:
        first = another.schedule("defense", settings=GIVEN)
        orphan = another.pid(first)
        until(lambda: answers() >= 15, lambda: another.log_of(first))
        os.kill(orphan, signal.SIGSTOP)  # until the next job has seen it
        second = another.schedule("defense", settings=GIVEN)
        another.kill()
        another.start()
        # The queued job starts by itself.
        aside = another.wait(second)
        assert aside.status == 3
        (line,) = [line for line in aside.lines if " ERROR: " in line]
        assert f"another run holds the state {another.output / 'state.db'}: process {orphan} since 2" in line
        assert line.endswith("-defense")
        run_id = line.rpartition("run ")[2]
        assert f"Run {run_id} writes to" in another.log_of(first)
        assert "Traceback" not in aside.log
        os.kill(orphan, signal.SIGCONT)
        until(lambda: "Spider closed" in another.log_of(first), lambda: another.log_of(first))
        assert "Closing spider (finished)" in another.log_of(first)
        third = another.schedule("defense", settings=GIVEN)
        last = another.wait(third)
        assert last.status == 0, last.log
        assert " 0 accepted" in last.log
    assert site.wrong(another.output) == []


@pytest.mark.slow
def test_next_job_continues_after_scrapyd_and_its_job_are_killed(another, site):
    answers = site.answers()
    with another:
        first = another.schedule("defense", settings=GIVEN)
        pid = another.pid(first)
        until(lambda: answers() >= 15, lambda: another.log_of(first))
        os.kill(pid, signal.SIGKILL)
        another.kill()
        another.start()
        job = another.wait(another.schedule("defense", settings=GIVEN))
        assert job.status == 0, job.log
    assert site.wrong(another.output) == []


# --- what the API may not do --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "arguments", "message"),
    [
        ({"ROBOTSTXT_OBEY": "False"}, {}, "the setting 'ROBOTSTXT_OBEY' is the operator's"),
        ({"DOWNLOADER_MIDDLEWARES": "{{}}"}, {}, "the setting 'DOWNLOADER_MIDDLEWARES' is the operator's"),
        ({"ALQAHIRA_OUTPUT_DIR": "{tmp}/out"}, {}, "the setting 'ALQAHIRA_OUTPUT_DIR' is the operator's"),
        ({"FEEDS": '{{"{tmp}/feed.jsonl": {{"format": "jsonl"}}}}'}, {}, "the setting 'FEEDS' is the operator's"),
        ({}, {"sinse": "2026-11-01"}, "unknown spider argument 'sinse'"),
        ({}, {"until": "2026-11-01\u202e\u2028x"}, r"until='2026-11-01\u202e\u2028x' is not a date"),
    ],
)
def test_setting_that_a_job_may_not_bring_is_one_line_and_status_2(
    scrapyd, site, tmp_path, settings, arguments, message
):
    before = site.server.log_path.stat().st_size
    brought = {name: value.format(tmp=tmp_path) for name, value in settings.items()}
    job = scrapyd.wait(scrapyd.schedule("defense", settings=GIVEN | brought, **arguments))
    assert job.status == 2
    assert len(job.lines) == 1
    assert message in job.log
    assert site.server.log_path.stat().st_size == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "form",
    [
        {"jobid": "../../elsewhere"},
        {"jobid": "a\nb"},
        {"setting": "--logfile=/tmp/x"},
        {"setting": "LOG_LEVEL"},
        {"--logfile": "/tmp/x"},
        {"_job=x": "y"},
        {"since": "2026-11-01\n2026-11-01 12:00:00 [forged] INFO: all is well"},
        {"until": "2026\0"},
    ],
)
def test_form_that_no_process_can_be_started_with_is_refused(scrapyd, form):
    answer = scrapyd.ask("schedule", data={"project": "alqahira", "spider": "defense"} | form)
    assert answer["status"] == "error"
    assert scrapyd.ask("daemonstatus")["pending"] == 0


def test_usual_form_is_accepted():
    from alqahira.crawling.scrapyd.service import rejection_reason

    form = {b"project": [b"alqahira"], b"spider": [b"defense"], b"jobid": [b"nightly-1"], b"setting": [b"A=b=c", b"B="]}
    assert rejection_reason(form | {b"since": [b"2026-11-01"]}) == ""


def test_job_cannot_forge_a_log_line(tmp_path):
    log = tmp_path / "job.log"
    forged = "2026\n2026-11-25 12:00:00 [alqahira] INFO: all is well\u202e"
    ran = scrapy("crawl", "defense", "-a", "_job=1", "-a", f"since={forged}", "--logfile", str(log))
    assert ran.status == 2
    assert len(ran.lines) == len(log.read_text("utf-8").splitlines()) == 1
    assert "\u202e" not in ran.stderr
    refused = scrapy("crawl", "defense", "-a", "_job=1", settings={"LOG_FILE": str(tmp_path / "other.log")})
    assert refused.status == 2
    assert "the setting 'LOG_FILE' is the operator's" in refused.lines[0]
    assert [path.name for path in tmp_path.iterdir()] == ["job.log"]


def test_user_on_a_terminal_is_not_restricted(replica, tmp_path):
    corpus = Corpus(tmp_path / "output", replica().url)
    ran = corpus.crawl(
        "defense",
        "-a",
        "max_articles=1",
        settings={"FEEDS": json.dumps({str(tmp_path / "x.jsonl"): {"format": "jsonl"}})},
    )
    assert ran.status == 0, ran.stderr
    assert (tmp_path / "x.jsonl").exists()
