"""The demo, as a person at a terminal sees it and as a log keeps it."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

from crawling import PROJECT

ESCAPE = "\x1b["


def demo(folder, **streams):
    environment = os.environ | {"ALQAHIRA_OUTPUT_DIR": str(folder), "TERM": "xterm-256color", "COLUMNS": "100"}
    return subprocess.Popen([sys.executable, "-m", "scrapy", "demo"], cwd=PROJECT, env=environment, **streams)


def at_a_terminal(folder):
    """The demo's status, and all that it put on the terminal."""
    ours, theirs = pty.openpty()
    process = demo(folder, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = bytearray()
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:  # the terminal's other end is closed
        pass
    os.close(ours)
    return process.wait(60), shown.decode("utf-8", "replace")


def test_on_a_terminal_a_bar_moves_and_none_is_in_the_log(tmp_path):
    status, shown = at_a_terminal(tmp_path)
    assert status == 0
    assert ESCAPE in shown
    assert re.search(r"defense .*\d+/\d+", shown), "articles settled of those taken up"
    log = (tmp_path / "demo.log").read_text("utf-8")
    assert ESCAPE not in log
    assert "discovered = " in log


def test_in_a_pipe_it_is_accounts_a_table_and_where_to_look(tmp_path):
    process = demo(tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    said, wrong = process.communicate(timeout=120)
    assert (process.returncode, wrong) == (0, "")
    assert ESCAPE not in said
    assert re.search(r"^defense: \d+ discovered = \d+ accepted", said, re.MULTILINE)
    assert re.search(r"^\d+ articles in the corpus, after [\d.]+ s$", said, re.MULTILINE)
    assert "defense + foreign_affairs" in said
    for line in said.splitlines()[-3:]:
        assert str(tmp_path) in line
