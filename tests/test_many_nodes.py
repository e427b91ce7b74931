"""Real runs at once on one PostgreSQL and one site: the corpus is what one run after the other would have made."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from bisect import bisect
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from crawling import UNTHROTTLED, Corpus, scrapy, start_scrapy
from scrapyd_server import PASSWORD, Scrapyd, copy_project, until
from undisturbed import SETTINGS, Site, site_of, story

from alqahira.parts import part_files
from alqahira.replay import archived_runs
from alqahira.warc_files import read_records

pytestmark = [pytest.mark.postgres, pytest.mark.chaos]

SECTIONS = ("defense", "foreign_affairs")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with site_of(40, tmp_path_factory.mktemp("site"), sections=SECTIONS) as made:
        assert len(made.expected) > 60
        yield made


@dataclass
class Cluster:
    """Runs that share one state, one output and one site."""

    site: Site
    state_url: str
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def output(self) -> Path:
        return self.folder / "output"

    @property
    def given(self) -> dict[str, str]:
        state = {"ALQAHIRA_STATE_URL": self.state_url, "ALQAHIRA_OUTPUT_DIR": str(self.output)}
        return UNTHROTTLED | SETTINGS | state | {"ALQAHIRA_SITE_URL": self.site.server.url} | self.settings

    def start(self, section: str, *arguments: str, **settings: str) -> subprocess.Popen[bytes]:
        log = self.folder / f"{len(self.running)}.log"
        process = start_scrapy("crawl", section, *arguments, settings=self.given | settings, log=log)
        self.running.append(process)
        return process

    def finish(self) -> list[int]:
        """The exit statuses of all that runs, in the order they were started."""
        return [process.wait(240) for process in self.running]

    def logs(self) -> str:
        return "\n".join(path.read_text("utf-8") for path in sorted(self.folder.glob("*.log")))

    def fetched(self, since: int = 0) -> Counter[str]:
        """How often the site gave each article whole, from its so manyeth answer on."""
        answers = (line for line in self.site.server.log()[since:] if line["status"] == 200)
        return Counter(line["path"].split("/")[2] for line in answers if line["path"].startswith("/news/"))


@pytest.fixture
def cluster(site, database, tmp_path):
    made = Cluster(site, database, tmp_path)
    yield made
    for process in made.running:
        process.kill()
        process.wait()


def test_two_sections_at_once_publish_the_same_and_fetch_each_page_once(cluster, site):
    before = len(site.server.log())
    for section in SECTIONS:
        cluster.start(section)
    assert cluster.finish() == [0, 0], cluster.logs()
    assert site.wrong(cluster.output) == []
    assert set(cluster.fetched(before).values()) == {1}, cluster.logs()
    assert "Traceback" not in cluster.logs()
    # Every command reads the state where it is.
    exported = scrapy("export", settings=cluster.given)
    assert len(exported.stdout.splitlines()) == len(site.expected)
    assert scrapy("report", settings=cluster.given).status == 0


def test_a_share_is_refused_with_status_3_and_what_its_killed_holder_left_is_finished_by_the_next(cluster, site):
    answers = site.answers()
    first = cluster.start("defense", DOWNLOAD_DELAY="0.1")
    until(lambda: answers() >= 5, cluster.logs)
    second = scrapy("crawl", "defense", settings=cluster.given | {"ALQAHIRA_SITE_URL": "http://127.0.0.1:1"})
    assert second.status == 3
    assert "another run holds the share defense of the state postgresql://" in second.lines[-1]
    assert f"process {first.pid} on " in second.lines[-1]
    first.kill()
    assert first.wait() == -signal.SIGKILL
    cluster.start("defense")
    cluster.start("foreign_affairs")
    assert cluster.finish()[1:] == [0, 0], cluster.logs()
    assert site.wrong(cluster.output) == []


@pytest.fixture
def archived(cluster):
    """Whole sections and months at once."""
    months = [("-a", f"since=2026-{month}-01", "-a", f"until=2026-{month}-28") for month in ("10", "11")]
    for section in SECTIONS:
        cluster.start(section, ALQAHIRA_ARCHIVE="true")
        for month in months:
            cluster.start(section, *month, ALQAHIRA_ARCHIVE="true")
    assert cluster.finish() == [0] * 6, cluster.logs()
    first, *others = archived_runs(cluster.output / "archive", 2**24)
    assert any(run.started < max(moments(first.path)) for run in others), "no two runs went on at once"
    return cluster


def test_the_archive_of_runs_at_once_gives_their_corpus_again(archived):
    assert scrapy("replay", settings={"ALQAHIRA_OUTPUT_DIR": str(archived.output)}).status == 0
    replayed = archived.output.with_name("output-replayed")
    assert told(replayed) == told(archived.output)
    assert unlike(archived.output, replayed) == []


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.spark
@pytest.mark.skipif(shutil.which("java") is None, reason="needs Java")
def test_spark_makes_of_the_archive_of_runs_at_once_what_the_replay_makes_of_it(archived, tmp_path):
    archive = str(archived.output / "archive")
    for command, folder in (("replay", "replayed"), ("corpus", "made")):
        ran = scrapy(command, "--archive", archive, "-o", str(tmp_path / folder))
        assert ran.status == 0, ran.stderr
    lines = [sorted(Corpus(tmp_path / folder, "").lines()) for folder in ("replayed", "made")]
    assert lines[0] == lines[1]


def told(folder: Path) -> Counter[tuple[str, int]]:
    """Which stories a corpus tells, and in which revisions."""
    return Counter((story(record), record["revision"]) for record in Corpus(folder, "").records())


def moments(path: Path) -> list[datetime]:
    return [record.date for record in read_records(path, max_bytes=2**24)]


def unlike(folder: Path, other: Path) -> list[str]:
    """Stories that both have, and where their records differ."""
    found, known = [], Corpus(folder, "").by_id()
    for number, record in Corpus(other, "").by_id().items():
        before = known.get(number, record)
        keys = [key for key in record if record[key] != before[key]]
        if keys:
            found.append(f"{number}: {[(key, before[key], record[key]) for key in keys]}")
    return found


def test_two_runs_together_ask_the_site_no_faster_than_one_may(cluster, site):
    delay, before = 0.2, len(site.server.log())
    for section in SECTIONS:
        cluster.start(section, "-a", "max_articles=10", DOWNLOAD_DELAY=str(delay))
    assert cluster.finish() == [0, 0], cluster.logs()
    times = [line["time"] for line in site.server.log()[before:]]
    assert len(times) > 60
    # Without the shared pace they take half of that.
    assert times[-1] - times[0] > 0.9 * delay * (len(times) - 1)


@pytest.mark.parametrize(
    ("database", "says"),
    [
        ("postgresql://user:s3cret@127.0.0.1:1/corpus", "cannot be opened: connection failed"),
        ("postgresql://user:s3cret@host", "names no database"),
    ],
)
def test_a_state_that_cannot_be_reached_is_one_line_before_any_request(cluster, site, database, says):
    before = len(site.server.log())
    ran = scrapy("crawl", "defense", settings=cluster.given)
    assert ran.status == 2
    assert says in ran.lines[-1]
    assert ran.lines[-1].startswith("alqahira: ")
    assert "s3cret" not in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
    assert len(site.server.log()) == before


# --- two Scrapyds -------------------------------------------------------------------------------


@dataclass
class Shard:
    """A printed call, and the job that it has started last."""

    call: str
    node: Scrapyd
    job: str = ""

    @property
    def spider(self) -> str:
        return next(section for section in SECTIONS if f"spider={section}" in self.call)

    def schedule(self, home: Path) -> None:
        """Run what was printed, with the login in ~/.netrc."""
        done = subprocess.run(
            ["sh", "-c", self.call], env=os.environ | {"HOME": str(home)}, capture_output=True, check=True
        )
        answer = json.loads(done.stdout)
        assert answer["status"] == "ok", answer
        self.job = answer["jobid"]


@pytest.mark.slow
@pytest.mark.scrapyd
@pytest.mark.timeout(2400)
@pytest.mark.parametrize("seed", range(int(os.environ.get("MANY_NODES_SEEDS", "2"))))
def test_a_backfill_over_two_scrapyds_outlives_kills_and_restarts(postgres, tmp_path, seed):
    """Six runs at once: two sections, two months, and the sections' own runs. MANY_NODES_SEEDS: how many backfills."""
    random, delay, kills, restarts = Random(seed), 0.15, 12, 3
    now = f"{last_month_begun():%Y-%m}-02T12:00:00+00:00"
    with site_of(500, tmp_path, now=now, sections=SECTIONS, since="2022-01-01") as site:
        cluster = Cluster(site, postgres.new_state(), tmp_path, {"DOWNLOAD_DELAY": str(delay)})
        nodes = two_scrapyds(cluster)
        try:
            begin = len(site.server.log())
            died, most = disturb(printed(cluster, nodes), cluster, postgres, random, kills, restarts)
        finally:
            for node in nodes:
                node.__exit__()
        times = sorted(line["time"] for line in site.server.log()[begin:])
        fetched = cluster.fetched(begin)
        wrong = site.wrong(cluster.output)
    rate = (len(times) - 1) / (times[-1] - times[0])
    fastest = max(bisect(times, moment + 60) - n for n, moment in enumerate(times))
    print(
        f"seed {seed}: {died} kills, {restarts} restarts of the database, up to {most} runs at once; "
        f"{len(site.expected)} stories in {len(part_files(cluster.output))} parts, {len(wrong)} wrong; "
        f"{len(times)} requests at {rate:.2f} a second (allowed {1 / delay:.2f}), at most {fastest} in a minute; "
        f"{len(fetched)} articles fetched {fetched.total()} times"
    )
    assert died >= kills - 2
    assert most >= 4
    assert wrong == []
    assert rate <= 1 / delay


def last_month_begun() -> date:
    """The first of the month that has begun, and in which a second day has."""
    return (date.today() - timedelta(days=1)).replace(day=1)


def two_scrapyds(cluster: Cluster) -> list[Scrapyd]:
    """Two nodes with the project deployed, on one state and one output."""
    given = {name: value for name, value in cluster.given.items() if name.startswith("ALQAHIRA_")}
    nodes = [Scrapyd(cluster.folder / f"node-{n}", given, {"max_proc": "3"}) for n in (1, 2)]
    for number, node in enumerate(nodes):
        node.start()
        done = node.deploy(copy_project(cluster.folder / f"project-{number}"))
        assert done.returncode == 0, done.stdout + done.stderr
    (cluster.folder / ".netrc").write_text(f'machine 127.0.0.1 login alqahira password "{PASSWORD}"\n')
    return nodes


def printed(cluster: Cluster, nodes: list[Scrapyd]) -> list[Shard]:
    """What `scrapy shards` prints for the months of the site's articles, and a call for each section's own run."""
    since = (last_month_begun() - timedelta(days=1)).replace(day=1)
    # «Two days ago» counts from the real clock: the last month ends when the run does.
    end = date.today() + timedelta(days=1)
    at = [f"--node={node.url}" for node in nodes]
    settings = [f"--setting={name}={cluster.given[name]}" for name in ("DOWNLOAD_DELAY", "AUTOTHROTTLE_ENABLED")]
    ran = scrapy("shards", f"--since={since}", f"--until={end}", *at, *settings)
    assert ran.status == 0, ran.stderr
    calls = ran.stdout.splitlines()
    assert len(calls) >= 4
    calls += [re.sub(r"--data-urlencode (since|until)=\S+ ?", "", call) for call in calls[:2]]
    return [Shard(call, next(node for node in nodes if node.url in call)) for call in calls]


def disturb(
    shards: list[Shard], cluster: Cluster, postgres, random: Random, kills: int, restarts: int
) -> tuple[int, int]:
    """Schedule all, kill and restart at random, schedule again what did not end well; how many died, and ran at once."""
    moments = ["kill"] * kills + ["restart"] * restarts
    random.shuffle(moments)
    for shard in shards:
        shard.schedule(cluster.folder)
    died, most, months = 0, 0, shards[:-2]
    answers, wanted = cluster.site.answers(), 10
    while shards:
        running = [
            (node, job)
            for node in {id(s.node): s.node for s in shards}.values()
            for job in node.ask("listjobs")["running"]
        ]
        most = max(most, len(running))
        if moments and running and answers() >= wanted:
            if moments.pop() == "kill":
                os.kill(random.choice(running)[1]["pid"], signal.SIGKILL)
                died += 1
            else:
                postgres.restart()
            answers, wanted = cluster.site.answers(), random.randint(5, 30)
        for shard in list(shards):
            status = shard.node.status(shard.job)
            if status == 0 and not moments:
                shards.remove(shard)
            elif status is not None:
                assert status in (0, -signal.SIGKILL), shard.node.log_of(shard.job, shard.spider)[-2000:]
                shard.schedule(cluster.folder)
    # Once more, as docs/scaling.md says: a month's run may have fetched what is another's, after that had ended.
    for shard in months:
        shard.schedule(cluster.folder)
        assert shard.node.wait(shard.job, shard.spider).status == 0
    return died, most
