"""Ctrl-C: one line instead of a traceback, and a crawl that a command has started ends in order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from threading import Event

import pytest
from scrapy_process import PROJECT
from small_site import QUICK, hang, small_site

from alqahira.crawling import command


def python(code: str, **environment: str) -> subprocess.Popen[str]:
    """An interpreter in a group of its own, as a shell starts a command, in which Ctrl-C is not ignored."""
    code = f"import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n{code}"
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        env=os.environ | {"PYTHONPATH": str(PROJECT)} | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize(
    ("loaded", "error", "printed"),
    [
        ("scrapy.cmdline, alqahira", "KeyboardInterrupt", "alqahira: interrupted\n"),
        ("scrapy.cmdline, alqahira", "ValueError(1)", "Traceback"),
        ("alqahira", "KeyboardInterrupt", "Traceback"),  # of another program
    ],
)
def test_ctrl_c_in_a_command_is_one_line(loaded, error, printed):
    process = python(f"import {loaded}\nraise {error}")
    assert process.communicate(timeout=60)[1].startswith(printed)
    assert process.returncode == (-signal.SIGINT if error == "KeyboardInterrupt" else 1)


@pytest.mark.chaos
def test_ctrl_c_lets_the_crawl_of_a_command_end_in_order(tmp_path):
    asked = Event()

    def answer(handler):
        asked.set()
        hang(handler)

    with small_site() as site:
        corpus = site.corpus(tmp_path)
        site.on("/news/1003/", answer)
        settings = corpus.settings | QUICK | {"LOG_FILE": str(tmp_path / "log"), "ALQAHIRA_ARCHIVE": "1"}
        process = python(
            f"import scrapy.cmdline\nfrom alqahira.crawling.command import crawl_in_subprocess\n"
            f"crawl_in_subprocess('defense', {settings})"
        )
        assert asked.wait(120)
        os.killpg(process.pid, signal.SIGINT)
        errors = process.communicate(timeout=120)[1]
    assert (process.returncode, errors) == (-signal.SIGINT, "alqahira: interrupted\n")
    assert corpus.summary()["reason"] == "shutdown"


def test_crawl_that_a_signal_ended_has_failed(monkeypatch, tmp_path):
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\nkill -KILL $$\n")
    program.chmod(0o755)
    monkeypatch.setattr(command.sys, "executable", str(program))
    assert command.crawl_in_subprocess("defense", {}) == 128 + signal.SIGKILL
