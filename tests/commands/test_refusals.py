"""Every command that `scrapy -h` lists, Scrapy's own too, refuses what it does not know in one line, with status 2."""

import re
from pathlib import Path

import pytest
import scrapy.commands
from scrapy import cmdline
from scrapy_process import PROJECT, scrapy_here
from scrapy_process import scrapy as in_a_process

FOLDERS = [Path(scrapy.commands.__file__).parent, PROJECT / "alqahira" / "commands"]
COMMANDS = sorted({path.stem for folder in FOLDERS for path in folder.glob("[a-z]*.py")})
# As many arguments as each takes; the others take none.
TAKEN = {"schema": ["json", "csv"], "init": ["folder"], "quarantine": ["show", "1"], "startproject": ["one", "two"]}
TAKEN |= {"genspider": ["one", "example.org"], "edit": ["defense"], "runspider": ["spider.py"]}
TAKEN |= {key: ["http://127.0.0.1:1/"] for key in ("fetch", "parse", "shell", "view")}
# These take any number of spiders' names, and say which there are.
SPIDERS = ("check", "crawl")
GONE = "scrapy shards is gone: a backfill is one run, scrapy crawl SECTION -a since=DAY"


@pytest.fixture
def refusal(monkeypatch):
    """Runs a command, but none that is not refused; returns its status and lines."""
    monkeypatch.setattr(cmdline, "_run_command", lambda *_: print("not refused"))

    def run(*arguments):
        ran = scrapy_here(*arguments)
        return ran.status, ran.lines

    return run


def line(command, text):
    """How a command ends that says so."""
    return 2, [f"alqahira: {GONE if command == 'shards' else text}"]


def test_tables_are_for_every_command():
    listed = re.findall(r"^  (\w+)  +\S", in_a_process("-h").stdout, re.MULTILINE)
    assert listed == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
class TestEveryCommand:
    def test_unknown_option(self, command, refusal):
        given = [command, *TAKEN.get(command, []), "--topix"]
        assert refusal(*given) == line(command, f"unknown argument '--topix'; see scrapy {command} --help")

    def test_one_argument_too_many(self, command, refusal):
        unknown = f"unknown argument 'sports'; see scrapy {command} --help"
        if command in SPIDERS:
            unknown = "no spider 'sports'; there are defense, foreign_affairs"
        assert refusal(command, *TAKEN.get(command, []), "sports") == line(command, unknown)

    @pytest.mark.parametrize(
        ("setting", "problem"),
        [
            ("ALQAHIRA_COMPRES_PARTS", "is not a setting; did you mean ALQAHIRA_COMPRESS_PARTS?"),
            ("ALQAHIRA_WEBHOOK_URL", "is no longer a setting: alerts go to the URLs in ALQAHIRA_ALERT_URLS, such as "),
        ],
    )
    def test_setting_that_is_none(self, command, setting, problem, refusal):
        status, lines = refusal(command, *TAKEN.get(command, []), "-s", f"{setting}=1")
        assert (status, len(lines)) == (2, 1)
        assert lines[0].startswith(line(command, f"{setting} {problem}")[1][0])

    def test_option_without_its_value(self, command, refusal):
        assert refusal(command, "-s") == (2, ["alqahira: argument -s/--set: expected one argument"])


@pytest.mark.parametrize("command", ["crawl", "doctor", "fetch", "runspider"])
@pytest.mark.parametrize("option", ["--logfile", "--pidfile"])
def test_log_or_pid_file_that_cannot_be_written(command, option, refusal, tmp_path):
    given = [command, *TAKEN.get(command, ["defense"] if command == "crawl" else [])]
    (tmp_path / "file").touch()
    problem = "cannot be written: Not a directory"
    assert refusal(*given, f"{option}={tmp_path}/file/x") == (2, [f"alqahira: {tmp_path}/file/x {problem}"])


def test_log_file_is_not_made_for_a_refused_job(refusal, tmp_path):
    assert refusal("fetch", "--topix", f"--logfile={tmp_path}/x")[0] == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["export", "list", "crawl"])
def test_setting_that_is_none_in_the_environment(command, tmp_path):
    for name in ("ALQAHIRA_OVRLAP", "ALQHIRA_OVERLAP"):
        ran = in_a_process(command, **{name: "1"}, ALQAHIRA_OUTPUT_DIR=str(tmp_path / "out"))
        assert (ran.status, ran.lines) == line(command, f"{name} is not a setting; did you mean ALQAHIRA_OVERLAP?")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [("check", "nope"), ("crawl", "nope"), ("edit", "nope"), ("shell", "--spider=nope"), ("parse", "--spider=nope")],
)
def test_unknown_spider_is_refused_with_those_that_are_known(arguments, refusal):
    assert refusal(*arguments) == line(arguments[0], "no spider 'nope'; there are defense, foreign_affairs")


def test_known_option_is_not_refused(refusal):
    assert refusal("settings", "--get", "BOT_NAME") == (0, ["not refused"])
