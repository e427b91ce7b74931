"""One run at a time on a ledger, in SQLite or PostgreSQL: the second waits for the other section, or ends with 3."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from ledger_scenario import live, opened
from scrapy_process import UNTHROTTLED, Ran, scrapy, start_scrapy
from scrapyd_server import until
from undisturbed import SETTINGS, Site, site_of

from alqahira.exceptions import LedgerBusy
from alqahira.ledger.backends.file_lock import FileLock
from alqahira.ledger.tables import PageState, pages
from alqahira.ledger.waiting import open_when_free
from alqahira.publishing.rebuild import rebuild_state

pytestmark = pytest.mark.chaos

SECTIONS = ("defense", "foreign_affairs")
DEFENSE, FOREIGN = (f"scrapy crawl {section}" for section in SECTIONS)
NOWHERE = {"ALQAHIRA_SITE_URL": "http://127.0.0.1:1"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with site_of(40, tmp_path_factory.mktemp("site"), sections=SECTIONS) as made:
        assert len(made.expected) > 60
        yield made


@dataclass
class Runs:
    """Runs on one ledger, output and site."""

    site: Site
    state_url: str
    folder: Path
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def output(self) -> Path:
        return self.folder / "output"

    @property
    def given(self) -> dict[str, str]:
        state = {"ALQAHIRA_STATE_URL": self.state_url, "ALQAHIRA_OUTPUT_DIR": str(self.output)}
        return UNTHROTTLED | SETTINGS | state | {"ALQAHIRA_SITE_URL": self.site.server.url}

    def start(self, section: str, **settings: str) -> subprocess.Popen[bytes]:
        log = self.folder / f"{len(self.running)}.log"
        self.running.append(start_scrapy("crawl", section, settings=self.given | settings, log=log))
        return self.running[-1]

    def crawl(self, section: str, **settings: str) -> Ran:
        """A run to its end, without a site."""
        return scrapy("crawl", section, settings=self.given | NOWHERE | settings)

    def log(self, number: int) -> str:
        return (self.folder / f"{number}.log").read_text("utf-8")

    def logs(self) -> str:
        return "\n".join(self.log(number) for number in range(len(self.running)))

    def hold(self, section: str) -> subprocess.Popen[bytes]:
        """A run that is stopped in the middle, and holds the ledger."""
        answers = self.site.answers()
        process = self.start(section, DOWNLOAD_DELAY="0.1")
        until(lambda: answers() >= 3, self.logs)
        os.kill(process.pid, signal.SIGSTOP)
        return process

    def wait_behind(self, section: str) -> subprocess.Popen[bytes]:
        """A run that waits for the ledger."""
        process, number = self.start(section), len(self.running) - 1
        until(lambda: "Waiting up to 600 s for the ledger" in self.log(number), self.logs)
        return process


@pytest.fixture
def runs(site, state_url, tmp_path):
    made = Runs(site, state_url, tmp_path)
    yield made
    for process in made.running:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGCONT)
        process.kill()
        process.wait()


def test_two_sections_at_once_succeed_and_fetch_each_article_once(runs, site):
    before = len(site.server.log())
    processes = [runs.start(section) for section in SECTIONS]
    assert [process.wait(240) for process in processes] == [0, 0], runs.logs()
    assert site.wrong(runs.output) == []
    whole = Counter(line["path"] for line in site.server.log()[before:] if line["status"] == 200)
    fetched_again = {path for path, times in whole.items() if path.startswith("/news/") and times > 1}
    with opened(runs.state_url, read_only=True) as ledger, ledger.reading() as connection:
        failed = set(connection.scalars(sa.select(pages.c.url).where(pages.c.state == PageState.FAILED)))
    # A page that gave no article is asked again by the next run.
    assert fetched_again <= {urlsplit(url).path for url in failed}
    assert runs.logs().count("Waiting up to 600 s for the ledger: another run holds the state") == 1
    assert "Traceback" not in runs.logs()
    # Other commands read the ledger on either database, too.
    assert len(scrapy("export", settings=runs.given).stdout.splitlines()) == len(site.expected)


def test_run_waits_for_other_section_and_continues_when_it_is_killed(runs, site):
    holder = runs.hold("defense")
    waiting = runs.wait_behind("foreign_affairs")
    assert f"process {holder.pid} " in runs.log(1)
    assert f"{DEFENSE}, run " in runs.log(1)
    holder.kill()
    assert holder.wait() == -signal.SIGKILL
    assert waiting.wait(240) == 0, runs.logs()
    assert runs.start("defense").wait(240) == 0, runs.logs()
    assert site.wrong(runs.output) == []


def test_second_run_of_same_section_ends_with_status_3_at_once(runs):
    holder = runs.hold("defense")
    second = runs.crawl("defense")
    assert second.status == 3
    assert "another run holds the state" in second.lines[-1]
    assert "Waiting" not in second.stderr
    assert f"process {holder.pid} " in second.lines[-1]
    os.kill(holder.pid, signal.SIGCONT)
    assert holder.wait(240) == 0


@pytest.mark.parametrize(("seconds", "message"), [("0", DEFENSE), ("0.1", "(waited 0.1 s; nothing was crawled)")])
def test_run_ends_with_status_3_after_the_wait(runs, seconds, message):
    with opened(runs.state_url, owner=DEFENSE):
        second = runs.crawl("foreign_affairs", ALQAHIRA_LEDGER_WAIT=seconds)
    assert second.status == 3
    assert "another run holds the state" in second.lines[-1]
    assert message in second.lines[-1]
    assert "Traceback" not in second.stderr


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_signal_ends_the_wait_with_status_3(runs, name):
    with opened(runs.state_url, owner=DEFENSE):
        waiting = runs.wait_behind("foreign_affairs")
        os.kill(waiting.pid, getattr(signal, name))
        assert waiting.wait(60) == 3
    assert f"ended by {name} while waiting for the ledger" in runs.log(0).splitlines()[-1]
    assert "Traceback" not in runs.log(0)


@pytest.mark.parametrize("wait", ["-1", "soon", "nan"])
def test_wrong_wait_is_one_line_and_status_2(tmp_path, wait):
    ran = scrapy("crawl", "defense", settings={"ALQAHIRA_OUTPUT_DIR": str(tmp_path), "ALQAHIRA_LEDGER_WAIT": wait})
    assert ran.status == 2
    assert "ALQAHIRA_LEDGER_WAIT" in ran.lines[-1]


# --- in one process -----------------------------------------------------------------------------


@pytest.fixture
def elsewhere(monkeypatch):
    """Makes locks of this process look like those of another."""
    monkeypatch.setattr("alqahira.ledger.backends.store._named", Unwritten())


class Unwritten(set):
    def add(self, _):
        pass


def test_second_run_of_same_process_does_not_wait(state_url):
    with opened(state_url, owner=DEFENSE), pytest.raises(LedgerBusy):
        open_when_free(lambda: opened(state_url, owner=FOREIGN), owner=FOREIGN, seconds=600)


@pytest.mark.usefixtures("elsewhere")
def test_waiting_run_ends_if_its_own_section_takes_the_lock(state_url):
    first = opened(state_url, owner=DEFENSE)
    tries = []

    def open_now():
        tries.append(True)
        if len(tries) == 2:
            first.close()
            tries.append(opened(state_url, owner=FOREIGN))
        return opened(state_url, owner=FOREIGN)

    with pytest.raises(LedgerBusy) as caught:
        open_when_free(open_now, owner=FOREIGN, seconds=600)
    assert caught.value.owner == FOREIGN
    tries[-1].close()


@pytest.mark.usefixtures("elsewhere")
def test_signal_while_opening_releases_the_ledger(state_url, monkeypatch):
    monkeypatch.delattr(signal, "sigtimedwait", raising=False)  # macOS lacks it
    first = opened(state_url, owner=DEFENSE)
    unblocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())

    def open_now():
        if signal.SIGTERM in signal.pthread_sigmask(signal.SIG_BLOCK, ()):
            first.close()
            # To this thread: others, such as those of Spark, do not block the signal.
            signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
        return opened(state_url, owner=FOREIGN)

    with pytest.raises(LedgerBusy, match="ended by SIGTERM"):
        open_when_free(open_now, owner=FOREIGN, seconds=600)
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == unblocked
    opened(state_url).close()


def test_taken_lock_names_its_present_holder(tmp_path, monkeypatch):
    """Not the holder before, which the file names until then, and which may be of the same section."""
    state, owners = tmp_path / "state.db", []
    FileLock(state, FOREIGN).release()

    def look():
        with pytest.raises(LedgerBusy) as caught:
            FileLock(state, FOREIGN)
        owners.append(caught.value.owner)

    other = threading.Thread(target=look)
    set_run = FileLock.set_run

    def look_before(self, run_id):
        monkeypatch.undo()
        other.start()
        # The other thread has looked, or is blocked.
        until(lambda: not other.is_alive() or is_blocked(), lambda: "neither")
        set_run(self, run_id)

    monkeypatch.setattr(FileLock, "set_run", look_before)
    lock = FileLock(state, DEFENSE)
    other.join()
    assert owners == [DEFENSE]
    lock.release()


def is_blocked():
    """Whether a thread of this process waits for a lock on a file (proc_locks(5))."""
    waiting = (line.split() for line in Path("/proc/locks").read_text().splitlines() if "->" in line)
    return any(fields[2] == "FLOCK" and fields[5] == str(os.getpid()) for fields in waiting)


@pytest.mark.postgres
def test_nodes_at_once_create_tables_once_and_name_the_holder(database):
    code = (
        "import sys; from alqahira.exceptions import LedgerBusy; from alqahira.ledger import open_ledger\n"
        f"try: ledger = open_ledger('{database}', owner=sys.argv[1]); print('had', flush=True); sys.stdin.read()\n"
        "except LedgerBusy as error: print(error.owner, flush=True)"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    nodes = {name: subprocess.Popen([sys.executable, "-c", code, name], **pipes) for name in ("a", "b", "c", "d")}
    printed = {name: node.stdout.readline().strip() for name, node in nodes.items()}
    for node in nodes.values():
        node.communicate()
    (holder,) = (name for name, line in printed.items() if line == "had")
    assert {line for name, line in printed.items() if name != holder} == {holder}


def test_ledger_held_by_a_run_is_not_rebuilt(tmp_path):
    live(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.glob("state.db")}
    with opened(tmp_path, owner=DEFENSE), pytest.raises(LedgerBusy, match=DEFENSE):
        rebuild_state(f"sqlite:///{tmp_path / 'state.db'}", tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.glob("state.db*") if path.name in before} == before
    assert list(tmp_path.glob("*.old")) == []


def test_removed_command_shards_names_its_replacement():
    ran = scrapy("shards", "--since", "2025-01-01", "--node", "http://a.example:6800")
    assert ran.status == 2
    assert ran.lines == ["alqahira: scrapy shards is gone: a backfill is one run, scrapy crawl SECTION -a since=DAY"]


# --- two nodes ----------------------------------------------------------------------------------


@pytest.mark.postgres
@pytest.mark.parametrize("seed", range(int(os.environ.get("TWO_NODES_SEEDS", "1"))))
def test_two_nodes_lose_nothing_to_kills_and_restarts(site, postgres, tmp_path, seed):
    """TWO_NODES_SEEDS: how many times; from the second on, kills and the restart are in random order."""
    random, runs = Random(seed), Runs(site, postgres.new_state(), tmp_path)
    moments = ["restart"] + ["kill"] * 4
    if seed:
        random.shuffle(moments)
    nodes = {section: runs.start(section) for section in SECTIONS}
    answers, wanted = site.answers(), 5
    while nodes:
        if moments and answers() >= wanted:
            if moments.pop() == "kill":
                random.choice([*nodes.values()]).kill()
            else:
                postgres.restart()
            answers, wanted = site.answers(), random.randint(3, 12)
        for section, process in [*nodes.items()]:
            if (status := process.poll()) is not None:
                assert status in (0, -signal.SIGKILL), runs.logs()
                if status == 0:
                    del nodes[section]
                else:
                    nodes[section] = runs.start(section)
    for process in runs.running:
        process.wait()
    assert moments == []
    assert site.wrong(runs.output) == []
    assert "Traceback" not in runs.logs()


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("state_url", "message"),
    [
        ("postgresql://user:s3cret@127.0.0.1:1/corpus", "cannot be opened: connection failed"),
        ("postgresql://user:s3cret@host", "names no database"),
    ],
)
def test_unreachable_ledger_is_one_line_before_any_request(runs, site, state_url, message):
    before = len(site.server.log())
    ran = scrapy("crawl", "defense", settings=runs.given)
    assert ran.status == 2
    assert message in ran.lines[-1]
    assert ran.lines[-1].startswith("alqahira: ")
    assert "s3cret" not in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
    assert len(site.server.log()) == before
