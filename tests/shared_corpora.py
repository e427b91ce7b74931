"""Corpora that are crawled once per test run, by whichever process needs one first.

Each process reads its own copy.
"""

from __future__ import annotations

import fcntl
import os
import pickle
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from replica_server import ReplicaProcess, is_recent, start_replica, written
from scrapy_process import Corpus

# Seal parts by age, a second, so that their limits depend on time.
AGE = {"ALQAHIRA_PART_MAX_AGE_SECONDS": "1"}


def crawl_once(factory: pytest.TempPathFactory, name: str, crawl: Callable[[Corpus, ReplicaProcess], None]) -> Corpus:
    """A corpus in `output`, filled by `crawl` from a replica; attributes that `crawl` sets on it are kept."""
    root = factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    kept, mine = root / f"once-{name}", factory.mktemp(name)
    with (root / f"once-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (kept / "corpus.pickle").exists():
            shutil.rmtree(kept, ignore_errors=True)  # of a failed crawl
            _fill(kept, crawl)
        shutil.copytree(kept, mine, dirs_exist_ok=True)
    corpus = pickle.loads((mine / "corpus.pickle").read_bytes())
    corpus.folder = mine / "output"
    return corpus


def _fill(folder: Path, crawl: Callable[[Corpus, ReplicaProcess], None]) -> None:
    folder.mkdir()
    server = start_replica("--control", log=folder / "access.jsonl")
    try:
        corpus = Corpus(folder / "output", server.url)
        crawl(corpus, server)
        corpus.now, corpus.seen = server.now, server.log()
    finally:
        server.stop()
    (folder / "corpus.pickle").write_bytes(pickle.dumps(corpus))


def both_sections(corpus: Corpus, server: ReplicaProcess) -> None:
    corpus.feeds, corpus.logs = {}, {}
    for section in ("defense", "foreign_affairs"):
        feed = corpus.folder.parent / f"{section}.jsonl"
        metrics = {"ALQAHIRA_METRICS_DIR": str(corpus.folder.parent / "textfile")}
        ran = corpus.crawl(section, "-O", str(feed), settings=metrics)
        assert ran.status == 0, ran.stderr
        corpus.feeds[section], corpus.logs[section] = feed.read_text("utf-8"), ran.stderr


def several_runs(corpus: Corpus, server: ReplicaProcess) -> None:
    settings = AGE | {"ALQAHIRA_ARCHIVE": "true", "ALQAHIRA_BROWSER": "never"}

    def crawl(run: int, section: str, *arguments: str) -> None:
        # Runs are named and ordered by seconds.
        ran = corpus.crawl(section, *arguments, settings=settings, clock=datetime.now(UTC) + timedelta(seconds=run))
        assert ran.status == 0, ran.stderr

    crawl(0, "defense", "-a", "max_articles=6")
    crawl(1, "foreign_affairs")
    crawl(2, "defense")
    truth, known = server.truth(), corpus.by_id()
    recent = (number for number, record in known.items() if "defense" in record["topics"])
    corpus.revised = next(number for number in recent if is_recent(truth[number], server.now))
    server.revise(int(corpus.revised))
    crawl(3, "defense")


@pytest.fixture(scope="session")
def crawled(tmp_path_factory):
    """Both sections, each with its feed and log, and their metrics in the folder `textfile`. Read only."""
    corpus = crawl_once(tmp_path_factory, "both_sections", both_sections)
    corpus.truth = written(corpus.now)
    return corpus


@pytest.fixture(scope="session")
def archived(tmp_path_factory):
    """Both sections in several runs with an archive: one stops early, others fetch the rest and a revision. Read only."""
    return crawl_once(tmp_path_factory, "several_runs", several_runs)
