"""A child of the zygote behaves as a new process, and never outlives the tests."""

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
def test_output_and_status_equal_a_new_process(arguments):
    assert scrapy(*arguments) == scrapy(*arguments, fresh=True)


def test_child_reads_settings_from_its_environment():
    def folder(**given):
        return scrapy("settings", "--get", "ALQAHIRA_OUTPUT_DIR", **given).stdout

    assert folder(ALQAHIRA_OUTPUT_DIR="/one") == "/one\n"
    assert folder() == "output\n"


def test_start_up_variables_take_effect():
    hidden = {"PYTHONPATH": str(Path(__file__).parent / "no_network")}
    ran = scrapy("crawl", "defense", settings={"ALQAHIRA_SITE_URL": "http://127.0.0.1:1"}, **hidden)
    assert ran.status == 99  # sitecustomize.py ends a process that uses the network


def test_large_output_arrives_whole(tmp_path):
    script = tmp_path / "prints.py"
    script.write_text(
        "import sys\nprint('x' * 10**6, sys.stdin.read())\nprint('y' * 10**6, file=sys.stderr)\nsys.exit(7)\n"
    )
    status, stdout, stderr = forked.run(str(script), environment=os.environ, text="read", timeout=240)
    assert (status, stdout, stderr) == (7, "x" * 10**6 + " read\n", "y" * 10**6 + "\n")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGKILL, -9), (signal.SIGTERM, -15), (signal.SIGINT, -2)])
def test_signal_ends_the_child(tmp_path, number, status):
    script = tmp_path / "waits.py"
    script.write_text("import time\nprint('here', flush=True)\ntime.sleep(600)\n")
    with (tmp_path / "output").open("wb") as output:
        process = forked.start(str(script), environment=os.environ, stdout=output, stderr=output)
    assert process.poll() is None
    until(lambda: (tmp_path / "output").read_text(), lambda: "no output")
    process.send_signal(number)
    assert process.wait(240) == process.poll() == status
    process.kill()  # must not hit a process that got its number since


def test_child_ends_with_its_starter():
    code = (
        "import os, forked; from replica_server import start_replica\n"
        "print(start_replica().process.pid, flush=True); os._exit(0)"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(PROJECT / "tests"), str(PROJECT)])}
    starter = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    command_line = Path(f"/proc/{int(starter.stdout)}/cmdline")
    until(lambda: not command_line.exists() or not command_line.read_bytes(), lambda: "it still runs")
