"""What the pages of `scrapy report --serve` cost, as counts that do not depend on the machine's load.

Bounds are about 1.5 times what was measured; the time that it takes is in docs/report.md.
"""

from __future__ import annotations

import cProfile
import pstats
import sys
import tracemalloc
from pathlib import Path

import pytest

from alqahira.ledger import open_ledger
from alqahira.monitoring.report.served.database import build, open_copy
from alqahira.monitoring.report.served.pages import Pages

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

import served

pytestmark = pytest.mark.perf

KNOWN = 2_000
STEPS_AN_ARTICLE = 150  # of SQLite's machine, for a page that counts labels of nearly all articles
CALLS_A_PAGE, CALLS_FOR_RUNS = 45_000, 160_000
MOST_MEMORY = 5  # MB


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('served') / 'state.db'}"
    with open_ledger(url) as ledger:
        served.fill(ledger, KNOWN)
    return url


@pytest.fixture(scope="module")
def pages(state, tmp_path_factory):
    path = tmp_path_factory.mktemp("copy") / "corpus.db"
    with open_ledger(state, read_only=True) as ledger:
        assert build(ledger, path) == KNOWN
    return Pages(open_copy(path), b"", "")


@pytest.mark.parametrize("name", served.targets(KNOWN))
def test_page_costs_no_more_than_one_look_at_each_article(pages, name):
    target, steps = served.targets(KNOWN)[name], 0

    def count():
        nonlocal steps
        steps += 100

    def ask():
        assert pages.answer("GET", "127.0.0.1", target).status == 200

    ask()  # compiles the template
    pages.copy.set_progress_handler(count, 100)
    ask()
    pages.copy.set_progress_handler(None, 100)
    assert steps < STEPS_AN_ARTICLE * KNOWN
    profile = cProfile.Profile()
    profile.runcall(ask)
    assert pstats.Stats(profile).total_calls < (CALLS_FOR_RUNS if name == "runs" else CALLS_A_PAGE)  # type: ignore[attr-defined]


def test_copying_holds_some_rows_at_a_time(state, tmp_path):
    with open_ledger(state, read_only=True) as ledger:
        tracemalloc.start()
        build(ledger, tmp_path / "corpus.db")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < MOST_MEMORY * 1_000_000
