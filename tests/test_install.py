"""A wheel of the project, installed without a checkout, and `make` on a machine that has nothing but a Python."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from scrapy_process import PROJECT, scrapy
from wheel import VERSIONS, build_wheel, packaged_files, python

pytestmark = pytest.mark.install
# A project of somebody else, with packages of the same names and a command of its own.
ANOTHER = {
    "scrapy.cfg": "[settings]\ndefault = another\n",
    "another.py": """
BOT_NAME = "another"
SPIDER_MODULES = ["spiders"]
COMMANDS_MODULE = "own_commands"
ITEM_PIPELINES = {"pipelines.Count": 1}
""",
    "own_commands/__init__.py": "",
    "own_commands/doctor.py": """
from scrapy.commands import ScrapyCommand

class Command(ScrapyCommand):
    requires_crawler_process = False

    def short_desc(self):
        return "Theirs"

    def run(self, args, opts):
        print("their doctor")
""",
    "spiders/__init__.py": "",
    "spiders/defense.py": """
from scrapy import Spider

class Defense(Spider):
    name = "defense"

    async def start(self):
        yield {"number": 1}
""",
    "pipelines.py": """
class Count:
    def process_item(self, item):
        return item | {"counted": True}
""",
}


def run(folder: Path, *command: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command in a folder, without what pytest and make set for the checkout."""
    others = ("ALQAHIRA_", "SCRAPY", "PYTHON", "MAKE", "MFLAGS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    return subprocess.run(
        [str(part) for part in command], cwd=folder, env=kept | environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Runs a program with the wheel's code and the packages of the tests: `alqahira …` or `scrapy …` in a folder."""
    place = tmp_path_factory.mktemp("installed")
    pip = run(place, sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", place, wheel)
    assert pip.returncode == 0, pip.stderr

    def call(folder, program, *arguments, **environment):
        module = "scrapy.cmdline" if program == "scrapy" else "alqahira.commands.init"
        code = f"import sys; from {module} import {'execute' if program == 'scrapy' else 'main'} as main; main()"
        return run(folder, sys.executable, "-c", code, *arguments, PYTHONPATH=str(place), **environment)

    return call


def test_wheel_holds_every_file_below_one_package(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"alqahira", "alqahira-0.1.0.dist-info"}
    assert set(packaged_files()) <= set(names)


def test_pythons_of_the_classifiers_are_those_that_are_tried():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
    classified = [text.rpartition(" ")[2] for text in project["classifiers"] if "Python :: 3." in text]
    assert tuple(classified) == VERSIONS
    assert project["requires-python"] == f">={VERSIONS[0]}"


def test_init_makes_a_folder_whose_commands_are_the_projects(installed, tmp_path):
    made = installed(tmp_path, "alqahira", "init", "news")
    assert (made.returncode, made.stderr) == (0, "")
    folder = tmp_path / "news" / "below"
    folder.mkdir()
    demo = installed(folder, "scrapy", "demo")
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "articles in the corpus" in demo.stdout
    assert (tmp_path / "news" / "output" / "_manifest.json").exists(), "beside scrapy.cfg"
    assert installed(folder, "scrapy", "verify").returncode == 0


def test_settings_module_alone_is_enough(installed, tmp_path):
    listed = installed(tmp_path, "scrapy", "list", SCRAPY_SETTINGS_MODULE="alqahira.settings")
    assert (listed.returncode, listed.stdout) == (0, "defense\nforeign_affairs\n")
    assert installed(tmp_path, "alqahira", "list").stdout == listed.stdout
    assert list(tmp_path.iterdir()) == []


def test_another_project_in_the_same_environment_is_undisturbed(installed, tmp_path):
    for name, text in ANOTHER.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    crawled = installed(tmp_path, "scrapy", "crawl", "defense", "-O", "items.jsonl")
    assert crawled.returncode == 0, crawled.stderr
    assert json.loads((tmp_path / "items.jsonl").read_text()) == {"number": 1, "counted": True}
    assert installed(tmp_path, "scrapy", "doctor").stdout == "their doctor\n"
    assert not re.search(r"^  (export|init|verify) ", installed(tmp_path, "scrapy", "-h").stdout, re.MULTILINE)
    assert not (tmp_path / "output").exists()
    # And theirs does not disturb ours.
    assert installed(tmp_path, "alqahira", "list").stdout == "defense\nforeign_affairs\n"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((), "alqahira: name a folder: alqahira init FOLDER"),
        (("--force", "."), "alqahira: unknown argument '--force'; see scrapy init --help"),
        (("one", "two"), "alqahira: unknown argument 'two'; see scrapy init --help"),
        ((str(PROJECT),), f"alqahira: {PROJECT}/scrapy.cfg exists: the folder is a project already"),
        (("/dev/null",), "alqahira: FOLDER='/dev/null' cannot be written: File exists"),
        (("",), "alqahira: name a folder: alqahira init FOLDER"),
        (
            ("~nobody-of-that-name/x",),
            "alqahira: '~nobody-of-that-name/x' is in the home folder of a user who is not known",
        ),
        (("x" * 300,), f"alqahira: FOLDER='{'x' * 80}' cannot be written: File name too long"),
    ],
)
def test_init_refuses_in_one_line(arguments, line):
    ran = scrapy("init", *arguments)
    assert (ran.status, ran.lines) == (2, [line])


def test_init_takes_a_folder_of_any_name_and_no_link_that_leads_nowhere(tmp_path):
    folder = tmp_path / "أخبار and 'more'"
    ran = scrapy("init", str(folder))
    assert (ran.status, ran.lines[1]) == (0, f"  cd {shlex.quote(str(folder))}")
    assert [path.name for path in folder.iterdir()] == ["scrapy.cfg"]
    (tmp_path / "scrapy.cfg").symlink_to("nowhere")
    ran = scrapy("init", str(tmp_path))
    assert (ran.status, ran.lines) == (2, [f"alqahira: {tmp_path}/scrapy.cfg exists: the folder is a project already"])


@pytest.mark.parametrize(("folder", "enter"), [("news", "  cd news\n"), (".", "")])
def test_init_says_what_comes_next(installed, tmp_path, folder, enter):
    written = f"{Path(folder) / 'scrapy.cfg'} is written. Next:\n{enter}  scrapy demo\n  scrapy crawl defense\n"
    assert installed(tmp_path, "alqahira", "init", folder).stdout == written


@pytest.mark.parametrize("version", VERSIONS)
def test_clone_and_wheel_on_each_python(version, wheel, tmp_path):
    """README's first commands on a machine that has only this Python, then the wheel in the same environment."""
    program = python(version)
    if program is None:
        pytest.skip(f"no python{version} here")
    clone, elsewhere = tmp_path / "alqahira", tmp_path / "elsewhere"
    cloned = run(tmp_path, "git", "clone", "--quiet", PROJECT, clone)
    assert cloned.returncode == 0, cloned.stderr
    made = run(clone, "make", "demo", f"PYTHON={program}")
    assert made.returncode == 0, made.stdout + made.stderr
    lines = made.stdout.splitlines()
    assert lines[0] == "Making .venv …"
    assert re.fullmatch(rf"Installing \d+ packages for Python {re.escape(version)}\.\d+ …", lines[1])
    assert re.fullmatch(r"Installed in \d+ s\.", lines[2])
    assert "scrapy demo" in lines[3]
    assert "articles in the corpus" in made.stdout
    assert made.stderr == "", "nothing of pip's"
    again = run(clone, "make", "install", f"PYTHON={program}")
    assert again.stdout == "make: Nothing to be done for 'install'.\n"

    bin_ = clone / ".venv" / "bin"
    pip = run(tmp_path, bin_ / "python", "-m", "pip", "install", "--quiet", "--no-deps", wheel)
    assert pip.returncode == 0, pip.stderr
    assert run(tmp_path, bin_ / "alqahira", "init", elsewhere).returncode == 0
    demo = run(elsewhere, bin_ / "scrapy", "demo")
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert (elsewhere / "output" / "_manifest.json").exists()
