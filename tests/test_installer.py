"""What make shows while it installs, with a pip that only prints."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from scrapy_process import PROJECT, at_a_terminal

PIP = """
import sys
if "--require-hashes" in sys.argv:
    print("Collecting attrs==26.1.0")
    print("  Downloading attrs-26.1.0-py3-none-any.whl (67 kB)")
    print("WARNING: Retrying (Retry(total=4)) after connection broken")
    print("Ignoring backports-zstd: markers 'python_version < \\"3.14\\"' don't match your environment")
    print("WARNING: lxml does not provide the extra 'html_clean'")
    print("Installing collected packages: attrs")
else:
    FAILS
"""


@pytest.fixture
def install(tmp_path):
    """The command, in an environment whose pip prints, and fails at the project if it is told to."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)

    def command(*, fails=False):
        (tmp_path / "pip.py").write_text(PIP.replace("FAILS", 'sys.exit("ERROR: no space left")' if fails else "pass"))
        return [str(tmp_path / "venv" / "bin" / "python"), str(PROJECT / ".ci" / "install"), "replica"]

    return command, os.environ | {"PYTHONPATH": str(tmp_path)}


def test_terminal_shows_how_far_it_is_in_one_line(install):
    command, environment = install
    status, shown = at_a_terminal(command(), environment)
    assert status == 0
    lines = shown.split("\r\n")
    assert lines[0].startswith("\r\x1b[KInstalling ")
    number = lines[0].split()[1]
    assert (
        lines[1] == f"\r\x1b[K1 of {number} packages\r\x1b[KWARNING: Retrying (Retry(total=4)) after connection broken"
    )
    assert lines[2].startswith(f"\r\x1b[K2 of {number} packages\r\x1b[Kunpacking {number} …\r\x1b[KInstalled in ")
    assert "html_clean" not in shown


def test_log_has_no_line_that_is_written_over(install):
    command, environment = install
    ran = subprocess.run(command(), env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0
    assert [line.split()[0] for line in ran.stdout.splitlines()] == ["Installing", "WARNING:", "Installed"]


def test_failure_of_pip_is_shown_and_is_makes(install):
    command, environment = install
    ran = subprocess.run(command(fails=True), env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert ran.stdout.splitlines()[-1] == "pip failed:"
    assert ran.stderr == "ERROR: no space left\n"
