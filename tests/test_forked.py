"""A child of the zygote is what a process of its own would be, and never outlives the tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import forked
import pytest
from scrapy_process import PROJECT, scrapy
from scrapyd_server import until


@pytest.mark.parametrize(
    "arguments", [["schema", "json"], ["crawl", "nonsense"], ["verify", "--unheard-of"], ["settings", "--get", "TZ"]]
)
def test_it_says_and_ends_as_a_process_of_its_own(arguments):
    assert scrapy(*arguments) == scrapy(*arguments, fresh=True)


def test_its_settings_are_those_of_its_own_environment():
    def folder(**given):
        return scrapy("settings", "--get", "ALQAHIRA_OUTPUT_DIR", **given).stdout

    assert folder(ALQAHIRA_OUTPUT_DIR="/one") == "/one\n"
    assert folder() == "output\n"


def test_what_is_read_as_python_starts_is_read():
    hidden = {"PYTHONPATH": str(Path(__file__).parent / "no_network")}
    ran = scrapy("crawl", "defense", settings={"ALQAHIRA_SITE_URL": "http://127.0.0.1:1"}, **hidden)
    assert ran.status == 99  # sitecustomize.py ends whoever uses the network


def test_all_that_it_says_arrives(tmp_path):
    script = tmp_path / "speaks.py"
    script.write_text(
        "import sys\nprint('x' * 10**6, sys.stdin.read())\nprint('y' * 10**6, file=sys.stderr)\nsys.exit(7)\n"
    )
    status, stdout, stderr = forked.run(str(script), environment=os.environ, said="read", timeout=240)
    assert (status, stdout, stderr) == (7, "x" * 10**6 + " read\n", "y" * 10**6 + "\n")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGKILL, -9), (signal.SIGTERM, -15), (signal.SIGINT, -2)])
def test_a_signal_ends_it(tmp_path, number, status):
    script = tmp_path / "waits.py"
    script.write_text("import time\nprint('here', flush=True)\ntime.sleep(600)\n")
    with (tmp_path / "said").open("wb") as said:
        process = forked.start(str(script), environment=os.environ, stdout=said, stderr=said)
    assert process.poll() is None
    until(lambda: (tmp_path / "said").read_text(), lambda: "nothing was said")
    process.send_signal(number)
    assert process.wait(240) == process.poll() == status
    process.kill()  # no harm is done to whoever has its number now


def test_it_ends_with_whoever_started_it():
    code = (
        "import os, forked; from replica_server import start_replica\n"
        "print(start_replica().process.pid, flush=True); os._exit(0)"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(PROJECT / "tests"), str(PROJECT)])}
    told = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    gone = Path(f"/proc/{int(told.stdout)}/cmdline")
    until(lambda: not gone.exists() or not gone.read_bytes(), lambda: "it lives on")
