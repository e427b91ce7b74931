"""`scrapy verify --repair` and `--rebuild-state`, refused crawls, and readers who may not write, as users run them."""

import os
import shutil
import signal
import subprocess
import sys

import pytest
from ledger_scenario import EXPECTED, corpus_for_everybody, live, problems
from scrapy.crawler import Crawler
from scrapy.utils.project import get_project_settings
from scrapy_process import PROJECT, scrapy_here

from alqahira.crawling.run import Run
from alqahira.exceptions import LedgerUnusable
from alqahira.publishing.manifest import MANIFEST, part_files
from spiders.defense import DefenseSpider

NOBODY = 65534
_AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
# Where Python itself is in a folder of root's.
_WHO_READS_ALL = (*_AS_NOBODY, "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")


@pytest.fixture
def output(tmp_path):
    live(tmp_path / "output")
    return tmp_path / "output"


def tree(folder):
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def run(command, folder, *arguments, state=""):
    settings = {"ALQAHIRA_OUTPUT_DIR": str(folder), "ALQAHIRA_SITE_URL": "http://127.0.0.1:9"}
    return scrapy_here(
        command, *arguments, settings=settings | ({"ALQAHIRA_STATE_URL": f"sqlite:///{state}"} if state else {})
    )


def refused(ran):
    """The line of a refusal, the last one."""
    assert ran.status == 2, ran.stderr
    assert "Traceback" not in ran.stderr
    return ran.lines[-1]


def test_repair_puts_missing_and_changed_parts_back(output):
    before = tree(output)
    changed, missing = part_files(output)[0], part_files(output)[1]
    (output / missing).unlink()
    (output / changed).write_bytes((output / changed).read_bytes().replace(b"defense", b"offense"))
    assert run("verify", output).status == 1
    ran = run("verify", output, "--repair")
    assert ran.status == 0
    # In the order of their numbers.
    *put_back, summary = ran.stdout.splitlines()
    assert put_back == [f"{path}: put back from the state" for path in (missing, changed)]
    assert "all as listed" in summary
    assert {path: content for path, content in tree(output).items() if path.suffix != ".lock"} == {
        path: content for path, content in before.items() if path.suffix != ".lock"
    }


def test_repair_writes_the_corpus_to_an_empty_folder(output, tmp_path):
    shutil.rmtree(output / "articles")
    (output / MANIFEST).unlink()
    assert "write them here with `scrapy verify --repair`" in refused(
        run("crawl", tmp_path / "new", "defense", state=output / "state.db")
    )
    assert not (tmp_path / "new").exists()
    assert run("verify", tmp_path / "new", "--repair", state=output / "state.db").status == 0
    assert problems(tmp_path / "new") == []
    assert len(run("export", output, "--all-revisions").lines) == len(EXPECTED)


@pytest.mark.parametrize(
    ("state", "message"),
    [("new/other.db", "--rebuild-state"), ("other/state.db", "holds corpus"), ("", "there is no state at")],
)
def test_repair_by_a_ledger_of_another_corpus_is_refused_and_leaves_nothing(output, tmp_path, state, message):
    live(tmp_path / "other")
    if not state:
        (output / "state.db").unlink()
    before = tree(tmp_path)
    line = refused(run("verify", output, "--repair", state=state and tmp_path / state))
    assert message in line or not state
    assert tree(tmp_path) == before


def test_repair_and_rebuild_are_not_asked_at_once(output):
    assert "not allowed with" in refused(run("verify", output, "--repair", "--rebuild-state"))


@pytest.mark.parametrize("state", ["new/state.db", "other/state.db"])
def test_crawl_into_the_folder_of_another_ledger_is_refused_and_leaves_nothing(output, tmp_path, state):
    live(tmp_path / "other")
    before = tree(tmp_path)
    assert "use another ALQAHIRA_OUTPUT_DIR" in refused(run("crawl", output, "defense", state=tmp_path / state))
    assert tree(tmp_path) == before


def test_run_of_a_script_is_refused_and_leaves_nothing(output, tmp_path):
    settings = get_project_settings()
    places = {"ALQAHIRA_OUTPUT_DIR": str(output), "ALQAHIRA_STATE_URL": f"sqlite:///{tmp_path / 'new' / 'state.db'}"}
    settings.setdict(places, priority="cmdline")
    before = tree(tmp_path)
    with pytest.raises(LedgerUnusable, match="use another ALQAHIRA_OUTPUT_DIR"):
        Run(Crawler(DefenseSpider, settings))
    assert tree(tmp_path) == before


def test_rebuild_that_is_refused_leaves_nothing(output, tmp_path):
    (output / part_files(output)[0]).unlink()
    before = tree(tmp_path)
    assert "missing" in refused(run("verify", output, "--rebuild-state", state=tmp_path / "new" / "state.db"))
    assert tree(tmp_path) == before


@pytest.mark.parametrize("text", ["{", '{"parts": [{"path": "x"}]}', "[]"])
def test_malformed_manifest_is_one_line_for_every_use(output, text):
    (output / MANIFEST).write_text(text, "utf-8")
    for arguments, status in (([], 1), (["--rebuild-state"], 2)):
        ran = run("verify", output, *arguments)
        assert (ran.status, len(ran.lines)) == (status, 1)
        assert "is not a manifest" in ran.lines[0]


@pytest.fixture
def readable():
    with corpus_for_everybody() as made:
        yield made


def as_reader(prefix, command, folder, *arguments):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ALQAHIRA_")}
    return subprocess.run(
        [*prefix, sys.executable, "-m", "scrapy", command, *arguments, "-s", f"ALQAHIRA_OUTPUT_DIR={folder}"],
        cwd=PROJECT,
        env=environment | {"HOME": str(folder.parent)},
        check=False,
        capture_output=True,
        text=True,
    )


def check_readers(prefix, folder, target):
    before = tree(folder)
    verified = as_reader(prefix, "verify", folder)
    assert (verified.returncode, verified.stderr) == (0, "")
    exported = as_reader(prefix, "export", folder, "--all-revisions")
    assert (exported.returncode, exported.stderr, exported.stdout.count("\n")) == (0, "", len(EXPECTED))
    reported = as_reader(prefix, "report", folder, "-o", str(target / "report.html"))
    assert (reported.returncode, reported.stderr) == (0, "")
    assert (target / "report.html").stat().st_size > 1000
    default = as_reader(prefix, "report", folder)
    assert (default.returncode, default.stderr.count("\n")) == (2, 1)
    assert "cannot be written" in default.stderr
    serve_as_reader(prefix, folder)
    assert tree(folder) == before


def serve_as_reader(prefix, folder):
    """The site opens, and Ctrl-C ends it."""
    command = [*prefix, sys.executable, "-m", "scrapy", "report", "--serve", "--port", "0"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ALQAHIRA_")}
    environment |= {"HOME": str(folder.parent), "ALQAHIRA_OUTPUT_DIR": str(folder)}
    with subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        process.send_signal(signal.SIGINT)
    assert line.endswith(" articles; Ctrl-C ends it\n")
    assert process.returncode == 0


@pytest.mark.chaos
@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs to become another user")
def test_another_user_reads_a_folder_that_only_its_owner_may_write(readable):
    for prefix in (_AS_NOBODY, _WHO_READS_ALL):
        if subprocess.run([*prefix, sys.executable, "-c", ""], check=False, capture_output=True).returncode == 0:
            break
    else:
        pytest.skip("another user may not start Python here")
    target = readable.parent / "target"
    target.mkdir()
    os.chown(target, NOBODY, NOBODY)
    check_readers(prefix, readable, target)


@pytest.mark.chaos
@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="needs to mount a folder read-only")
def test_read_only_mount_is_read(readable, tmp_path):
    mount = tmp_path / "mount"
    mount.mkdir()
    if subprocess.run(["mount", "--bind", str(readable), str(mount)], check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(mount)], check=True)
        check_readers((), mount, tmp_path)
    finally:
        subprocess.run(["umount", str(mount)], check=True)
