"""`scrapy … | head`: a reader that has had enough is no error, and the exit status stays what it is."""

from __future__ import annotations

import io
import os
import sys

import forked
import pytest
from ledger_scenario import live

from alqahira.crawling.output import is_unread, until_unread
from alqahira.publishing.manifest import part_files


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("output")
    live(made)
    return made


def unread(tmp_path, *arguments, **environment):
    """The exit status and standard error of a command whose output nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ALQAHIRA_")}
    with (tmp_path / "log").open("w+", encoding="utf-8") as errors:
        process = forked.start("scrapy", *arguments, environment=clean | environment, stdout=writer, stderr=errors)
        os.close(writer)
        status = process.wait(240)
        errors.seek(0)
        return status, errors.read()


COMMANDS = ["export", "export --format csv", "report -o {tmp}/report.html", "verify", "quarantine", "schema json"]


@pytest.mark.parametrize(
    ("command", "environment"),
    [
        *((command, {}) for command in COMMANDS),
        *((command, {"PYTHONUNBUFFERED": "1"}) for command in ("export", "verify")),
    ],
)
def test_reader_that_goes_away_is_no_error(command, environment, folder, tmp_path):
    given = command.format(tmp=tmp_path).split()
    assert unread(tmp_path, *given, ALQAHIRA_OUTPUT_DIR=str(folder), **environment) == (0, "")


def test_printing_goes_on_when_the_reader_has_gone(monkeypatch):
    class Gone(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Gone())
    with until_unread():
        assert not is_unread()
        print("anything")
        assert is_unread()  # what costs time, such as an export, ends here
        print("more")


def test_difference_that_nobody_reads_is_status_1(tmp_path):
    live(tmp_path / "output")
    (tmp_path / "output" / part_files(tmp_path / "output")[0]).unlink()
    assert unread(tmp_path, "verify", ALQAHIRA_OUTPUT_DIR=str(tmp_path / "output")) == (1, "")


def test_doctor_ends_as_if_it_were_read(replica, tmp_path):
    quick = {"ALQAHIRA_SITE_URL": replica().url, "ALQAHIRA_BROWSER": "never"}
    pace = ["-s", "DOWNLOAD_DELAY=0", "-s", "AUTOTHROTTLE_ENABLED=0"]
    assert unread(tmp_path, "doctor", *pace, ALQAHIRA_OUTPUT_DIR=str(tmp_path / "output"), **quick) == (0, "")


@pytest.mark.parametrize("options", [["fetch"], ["parse", "--spider=defense"], ["shell", "-c", "response.text"]])
def test_scrapys_own_commands_end_well(options, replica, tmp_path):
    server = replica()
    given = ["--nolog", *options, f"{server.url}/news/61001"]
    assert unread(tmp_path, *given, ALQAHIRA_SITE_URL=server.url) == (0, "")
