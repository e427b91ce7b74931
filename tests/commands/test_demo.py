"""The demo, at a terminal and in a pipe."""

from __future__ import annotations

import os
import re
import sys

import pytest
from scrapy_process import at_a_terminal, plain, scrapy, scrapy_here

ESCAPE = "\x1b["


COMMAND = [sys.executable, "-m", "scrapy", "demo"]


@pytest.mark.docs
def test_demo_on_a_terminal_draws_a_bar_outside_the_log(tmp_path):
    status, shown = at_a_terminal(COMMAND, os.environ | {"ALQAHIRA_OUTPUT_DIR": str(tmp_path)})
    assert status == 0
    assert ESCAPE in shown
    assert re.search(r"defense .*\d+/\d+", shown), "articles finished of those started"
    state = r"\d+/(s|min) [\d:]+ \d+ accepted, \d+ duplicate, \d+ failed"
    assert re.search(state, plain(shown)), "rate, time left, counts"
    log = (tmp_path / "demo.log").read_text("utf-8")
    assert ESCAPE not in log
    assert "discovered = " in log


def test_piped_demo_prints_accounts_table_and_paths(tmp_path):
    ran = scrapy("demo", ALQAHIRA_OUTPUT_DIR=str(tmp_path))
    assert (ran.status, ran.stderr) == (0, "")
    assert ESCAPE not in ran.stdout
    assert re.search(r"^defense: \d+ discovered = \d+ accepted", ran.stdout, re.MULTILINE)
    assert re.search(r"^\d+ articles in the corpus, after [\d.]+ s$", ran.stdout, re.MULTILINE)
    assert "defense + foreign_affairs" in ran.stdout
    for line in ran.stdout.splitlines()[-3:]:
        assert str(tmp_path) in line


@pytest.mark.parametrize("number", ["-1", "x", "1.5", ""])
def test_wrong_number_of_articles_is_one_line_and_leaves_nothing(tmp_path, number):
    ran = scrapy_here("demo", "--articles", number, settings={"ALQAHIRA_OUTPUT_DIR": str(tmp_path / "out")})
    assert ran.status == 2
    assert ran.lines == [f"alqahira: argument --articles: {number!r} is not a whole number from 0 on"]
    assert list(tmp_path.iterdir()) == []
