"""The demo, as a person at a terminal sees it and as a log keeps it."""

from __future__ import annotations

import os
import re
import sys

from scrapy_process import at_a_terminal, plain, scrapy

ESCAPE = "\x1b["


COMMAND = [sys.executable, "-m", "scrapy", "demo"]


def test_on_a_terminal_a_bar_moves_and_none_is_in_the_log(tmp_path):
    status, shown = at_a_terminal(COMMAND, os.environ | {"ALQAHIRA_OUTPUT_DIR": str(tmp_path)})
    assert status == 0
    assert ESCAPE in shown
    assert re.search(r"defense .*\d+/\d+", shown), "articles settled of those taken up"
    state = r"\d+/(s|min) [\d:]+ \d+ accepted, \d+ duplicate, \d+ failed"
    assert re.search(state, plain(shown)), "rate, time left, counts"
    log = (tmp_path / "demo.log").read_text("utf-8")
    assert ESCAPE not in log
    assert "discovered = " in log


def test_in_a_pipe_it_is_accounts_a_table_and_where_to_look(tmp_path):
    ran = scrapy("demo", ALQAHIRA_OUTPUT_DIR=str(tmp_path))
    said = ran.stdout
    assert (ran.status, ran.stderr) == (0, "")
    assert ESCAPE not in said
    assert re.search(r"^defense: \d+ discovered = \d+ accepted", said, re.MULTILINE)
    assert re.search(r"^\d+ articles in the corpus, after [\d.]+ s$", said, re.MULTILINE)
    assert "defense + foreign_affairs" in said
    for line in said.splitlines()[-3:]:
        assert str(tmp_path) in line
