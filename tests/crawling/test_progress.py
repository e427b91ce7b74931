"""The bar: its figures, and where it is drawn."""

from __future__ import annotations

import io
import os
import re
import sys

import pytest
from ledger_scenario import live
from rich.console import Console
from scrapy_process import at_a_terminal, plain, scrapy_here
from small_site import QUICK, small_site

from alqahira.crawling.extensions.progress import counts, extent
from alqahira.crawling.progress import new_bar, rate
from alqahira.ledger.decisions import Outcome
from alqahira.monitoring.run_stats import RunStats

ESCAPE = "\x1b["
# command, its own options, and its finished bar
COMMANDS = [
    ("export", ["-o", "{folder}/corpus.jsonl"], r"export .*6/6 .*/s 0:00:00 6 taken"),
    ("verify", [], r"verify .*7/7 .*/s 0:00:00 0 differ"),
    ("report", [], r"report .*6/6 .*/s 0:00:00"),
]


@pytest.fixture
def folder(tmp_path):
    live(tmp_path)
    return tmp_path


def stats(*outcomes, left=0):
    """The stats of a run with these outcomes, and `left` further articles."""
    made = RunStats()
    for number, outcome in enumerate(outcomes):
        made.start(str(number))
        made.finish(str(number), outcome)
    for number in range(left):
        made.start(f"left {number}")
    return made


def command(name, options, folder, **environment):
    filled = [option.format(folder=folder) for option in options]
    clean = {key: value for key, value in os.environ.items() if not key.startswith("ALQAHIRA_")}
    given = {"ALQAHIRA_OUTPUT_DIR": str(folder)} | environment
    return at_a_terminal([sys.executable, "-m", "scrapy", name, *filled], clean | given)


class TestExtentAndCounts:
    def test_articles_with_an_outcome_out_of_those_started(self):
        assert extent(stats(Outcome.ACCEPTED, Outcome.FAILED, left=3), None) == (2, 5)

    def test_no_total_before_any_article_is_known(self):
        assert extent(stats(), None) == (0, None)
        assert extent(stats(), 20) == (0, None)

    def test_with_max_articles_only_accepted_articles_count(self):
        finished = stats(Outcome.ACCEPTED, Outcome.DUPLICATE, Outcome.OFF_TOPIC, left=30)
        assert extent(finished, 20) == (1, 20)

    def test_total_is_at_most_what_is_left(self):
        assert extent(stats(Outcome.ACCEPTED, Outcome.DUPLICATE, left=2), 20) == (1, 3)

    def test_accepted_duplicate_and_failed_are_always_shown_and_others_if_any(self):
        assert counts(stats()) == "0 accepted, 0 duplicate, 0 failed"
        finished = stats(Outcome.ACCEPTED, Outcome.OFF_TOPIC, Outcome.OFF_TOPIC)
        assert counts(finished) == "1 accepted, 0 duplicate, 0 failed, 2 off_topic"

    @pytest.mark.parametrize(
        ("per_second", "text"), [(0, "0/min"), (0.05, "3/min"), (1.5, "90/min"), (10, "10/s"), (12_345.6, "12,346/s")]
    )
    def test_rate_is_a_second_or_a_minute(self, per_second, text):
        assert rate(per_second) == text


@pytest.mark.parametrize("name", ["defense", "foreign_affairs"])
@pytest.mark.parametrize("columns", [60, 80, 200])
def test_bar_fits_the_terminal_and_keeps_its_figures(name, columns):
    many = stats(*[each for each in Outcome for _ in range(1_000)], left=20_000)
    done, total = extent(many, None)
    bar = new_bar(name)
    bar.update(bar.add_task(name, total=None, counts=""), completed=done, total=total, counts=counts(many))
    lines = Console(width=columns, file=io.StringIO()).render_lines(bar.get_renderable(), pad=False)
    (line,) = ["".join(segment.text for segment in line) for line in lines]
    assert len(line) <= columns
    assert f"{done}/{total} " in line
    assert name in line


def test_bar_of_a_crawl_fits_80_columns(tmp_path):
    with small_site() as site:
        corpus = site.corpus(tmp_path)
        options = [part for name, value in (corpus.settings | QUICK).items() for part in ("-s", f"{name}={value}")]
        command = [sys.executable, "-m", "scrapy", "crawl", "defense", "-L", "ERROR", *options]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("ALQAHIRA_")}
        status, shown = at_a_terminal(command, clean, columns=80)
    lines = [line for line in re.split(r"[\r\n]+", plain(shown)) if line.startswith("defense")]
    assert status == 0
    assert "4/4" in lines[-1]
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(("name", "options", "bar"), COMMANDS)
class TestWhereTheBarIsDrawn:
    def test_on_a_terminal(self, folder, name, options, bar):
        status, shown = command(name, options, folder)
        assert status == 0
        assert re.search(bar, plain(shown)), shown

    def test_not_if_turned_off(self, folder, name, options, bar):
        status, shown = command(name, options, folder, ALQAHIRA_PROGRESS="never")
        assert (status, ESCAPE in shown) == (0, False)

    def test_not_in_a_pipe(self, folder, name, options, bar):
        filled = [option.format(folder=folder) for option in options]
        ran = scrapy_here(name, *filled, settings={"ALQAHIRA_OUTPUT_DIR": str(folder)})
        assert (ran.status, ran.stderr) == (0, "")
        assert ESCAPE not in ran.stdout


def test_no_bar_with_stdout_in_a_pipe(folder):
    piped = f"{sys.executable} -m scrapy verify | cat"
    status, shown = at_a_terminal(["sh", "-c", piped], os.environ | {"ALQAHIRA_OUTPUT_DIR": str(folder)})
    assert (status, ESCAPE in shown) == (0, False)
    assert "all as listed" in shown


def test_output_on_the_terminal_has_no_bar(folder):
    status, shown = command("export", [], folder)
    assert status == 0
    assert ESCAPE not in shown
    assert len(shown.splitlines()) == 6


@pytest.mark.parametrize("name", ["export", "verify", "report", "crawl"])
def test_wrong_choice_is_one_line_and_status_2(folder, name):
    arguments = [name, "defense"] if name == "crawl" else [name]
    ran = scrapy_here(*arguments, settings={"ALQAHIRA_OUTPUT_DIR": str(folder), "ALQAHIRA_PROGRESS": "sometimes"})
    assert ran.status == 2
    assert ran.lines == ["alqahira: ALQAHIRA_PROGRESS='sometimes' is not one of auto, never"]
