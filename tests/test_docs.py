"""The code blocks of README and docs, run as they are printed, in a copy of the project and against the replica.

A page's `sh` blocks are one shell session, from top to bottom; a `diff` is applied where it stands; a line of `text`
after a block is printed by it, with `…` for anything. A command that ends with another status says so: `# status 1`.
The pages of docs/warehouses are run by tests/publishing/warehouses.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path
from urllib.parse import unquote

import jsonschema
import pytest
from scrapy_process import PROJECT, UNTHROTTLED
from scrapyd_server import PASSWORD, Scrapyd

from alqahira.article import Article
from alqahira.exceptions import BrowserError
from alqahira.monitoring import causes

VENV = Path(sys.executable).parent.parent
PAGES = sorted(
    path.relative_to(PROJECT).as_posix()
    for path in (*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md"), PROJECT / "output" / "README.md")
    if "_build" not in path.parts
)
LANGUAGES = {"sh", "diff", "text", "json", "yaml", "python", "sql", "mermaid"}
# What a stranger types on the machine of its own that it is for; each is read by `bash -n` here.
NOT_RUN = {
    "pip wheel": "the package index (tests/test_install.py)",
    "apt-get install": "root, and systemd as the first process",
    "install -m 0644 deploy": "root, and systemd as the first process",
    "install -d -o alqahira": "root, and cron",
    "export SCRAPYD_PASSWORD=…\ndocker compose": "a Docker engine",
    "set -e\nto=s3:": "an object store (tests/publishing/test_object_store.py)",
    "set -e\nto=store:": "rclone and an object store",
}
_FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    language: str
    text: str
    line: int
    follows: bool  # another block under the same heading


def blocks(page: str) -> list[Block]:
    text = (PROJECT / page).read_text("utf-8")
    found, end = [], 0
    for fence in _FENCE.finditer(text):
        follows = bool(end) and "\n#" not in text[end : fence.start()]
        found.append(Block(fence[1], fence[2], text.count("\n", 0, fence.start()) + 1, follows))
        end = fence.end()
    return found


def is_run(block: Block) -> bool:
    return block.language == "sh" and not block.text.startswith(tuple(NOT_RUN))


@pytest.mark.parametrize("page", PAGES)
def test_every_block_says_what_it_is(page):
    given = (block for block in blocks(page) if not block.language.startswith("{"))
    assert [(block.line, block.language) for block in given if block.language not in LANGUAGES] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_link_within_the_project_leads_somewhere(page):
    text = _FENCE.sub("", (PROJECT / page).read_text("utf-8"))
    for link in _LINK.findall(text):
        path, _, anchor = unquote(link).partition("#")
        if "://" in path:
            continue
        target = ((PROJECT / page).parent / path) if path else PROJECT / page
        assert target.exists(), link
        if anchor:
            heads = re.findall(r"(?m)^#+ (.*)$", target.read_text("utf-8"))
            assert anchor in [re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads], link


def test_data_is_what_its_block_says():
    import yaml

    # Python is run by tests/publishing/warehouses, or is for the environment of another tool (docs/comparison.md).
    read = {"json": json.loads, "yaml": yaml.safe_load, "python": ast.parse}
    for page in PAGES:
        for block in blocks(page):
            if block.language in read:
                assert read[block.language](block.text), (page, block.line)


def test_programs_of_the_environment_are_on_the_path():
    """README and docs/install.md put them there."""
    assert [(page, block.line) for page in PAGES for block in blocks(page) if ".venv/bin/" in block.text] == []
    assert 'export PATH="$PWD/.venv/bin:$PATH"' in (PROJECT / "README.md").read_text("utf-8")


def test_what_is_not_run_is_at_least_shell():
    left = [block for page in PAGES for block in blocks(page) if block.text.startswith(tuple(NOT_RUN))]
    assert len(left) == len(NOT_RUN)
    for block in left:
        done = subprocess.run(["bash", "-n"], input=block.text, text=True, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_every_cause_of_a_failure_is_explained_and_marked_where_it_is_tried_again():
    text = (PROJECT / "docs" / "operations.md").read_text("utf-8")
    table = text[text.index("## Causes") : text.index("## Exit status")]
    kinds = [BrowserError, *BrowserError.__subclasses__()]
    known = {value for name, value in vars(causes).items() if name.isupper() and isinstance(value, str)}
    known |= {kind.cause for kind in kinds}
    assert known <= set(re.findall(r"`(\w+)`", table))
    marked = set(re.findall(r"`(\w+)` \\\*", table)) & known
    assert marked == set(filter(causes.is_transient, known))


# --- running a page ---------------------------------------------------------------------------------


def copy_of_the_project(folder: Path) -> Path:
    """What git has, or would take, with the environment that the tests run in."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=PROJECT, capture_output=True, check=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (PROJECT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, folder / name)
    (folder / ".venv").symlink_to(VENV)
    for name in ("pyproject.toml", "constraints.txt"):
        os.utime(folder / name, (0, 0))  # all is installed: make looks at no more than their age
    with (folder / "alqahira" / "settings" / "__init__.py").open("a", encoding="utf-8") as settings:
        settings.write("".join(f"{name} = {value}\n" for name, value in UNTHROTTLED.items()))
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=-", "-c", "user.email=-", "commit", "-qm", "-"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def in_place_of_the_tests(line: re.Match[str]) -> str:
    """What stands for `make test …`: that make knows it, and those tests alone that the line names.

    The line itself would start these tests within themselves.
    """
    command, _, named = line.groups()
    known = f"make --dry-run {command} >/dev/null"
    return f"{known}\npython -m pytest -q -p no:cacheprovider {named}" if named else known


def script_of(page: str, replaced: dict[str, str], before: str) -> str:
    """The page as one script; each block is announced, so that it is known where one failed and what it printed."""
    lines = ["set -euo pipefail", before]
    for number, block in enumerate(blocks(page)):
        if block.language == "diff":
            lines.append(f"echo '### {number}'\npatch -p1 <<'THE_PAGE'\n{block.text}THE_PAGE")
        elif is_run(block):
            text = re.sub(r"(?m)^(.*\S) +# status (\d)\b.*$", r"\1 || [ $? -eq \2 ]", block.text)
            text = re.sub(r'(?m)^make (test[\w-]*)( PYTEST_ARGS="([^"]*)")?$', in_place_of_the_tests, text)
            lines.append(f"echo '### {number}'\n{text}")
    script = "\n".join(lines) + "\necho '### end'\n"
    for printed, here in replaced.items():
        script = script.replace(printed, here)
    return script


def run_page(
    page: str,
    folder: Path,
    replaced: dict[str, str],
    environment: dict[str, str],
    before: str = "",
    *,
    is_printed: bool = True,
) -> str:
    """Runs the page in `folder`; what it printed. AssertionError where a block fails, or prints something else."""
    # What pytest and the make that started it hand down is theirs.
    others = ("ALQAHIRA_", "SCRAPY", "PYTEST", "MAKE", "MFLAGS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    given = {"PATH": f"{VENV / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(folder), "COLUMNS": "160"}
    script, said = folder / "page.sh", folder / "page.log"
    script.write_text(script_of(page, replaced, before), "utf-8")
    # A file and no pipe: what a page leaves in the background would hold that open.
    with said.open("w") as log:
        process = subprocess.Popen(
            ["bash", script], cwd=folder, env=kept | given | environment, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            process.wait()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    printed = said.read_text("utf-8")
    assert process.returncode == 0, printed[-6000:]
    parts = re.split(r"(?m)^### (\w+)$", printed)
    by_block = dict(zip(parts[1::2], parts[2::2], strict=True))
    for number, block in enumerate(blocks(page) if is_printed else ()):
        if block.language == "text" and block.follows and (before := by_block.get(str(number - 1))) is not None:
            shown = [shape(line) for line in before.split("\n")]
            for line in filter(None, map(shape, block.text.split("\n"))):
                pattern = ".*".join(re.escape(part) for part in line.split("…"))
                assert any(re.search(pattern, other) for other in shown), (page, block.line, line, before[-6000:])
    return printed


def shape(line: str) -> str:
    """A printed line without what differs from run to run: numbers, the space they take, causes in parentheses."""
    return " ".join(re.sub(r"\d+", "0", re.sub(r"\([^)]*\)|[─━┌┐└┘┏┓┗┛┡┩┴╇┳│┃]", " ", line)).split())


def free_port() -> str:
    with socket.socket() as socket_:
        socket_.bind(("127.0.0.1", 0))
        return str(socket_.getsockname()[1])


@dataclass(frozen=True)
class Stage:
    """What a page needs to be run: what was done before, and what stands here for an address on it."""

    before: str = ""
    replaced: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)


CRAWLED = "scrapy crawl defense -a max_articles=20"
STAGES = {
    "README.md": Stage(environment={"ALQAHIRA_ARCHIVE": "true"}),
    "docs/adding-a-section.md": Stage(replaced={"8931": "PORT"}),
    "docs/archive.md": Stage(),
    "docs/install.md": Stage(),
    "docs/live-site.md": Stage(),
    "docs/operations.md": Stage(before=CRAWLED, replaced={"9100": "PORT"}),
    "docs/reliability.md": Stage(before=CRAWLED),
    "docs/report.md": Stage(before=CRAWLED),
    "docs/when-the-site-changes.md": Stage(replaced={"8931": "PORT"}),
}
ELSEWHERE = {"docs/scheduling.md": "test_the_page_on_scrapyd", "docs/scaling.md": "test_the_page_on_postgresql"}


def test_every_page_with_commands_is_run():
    run = {page for page in PAGES if any(map(is_run, blocks(page)))}
    assert {page for page in run if not page.startswith("docs/warehouses/")} == {*STAGES, *ELSEWHERE}


@pytest.mark.docs
@pytest.mark.parametrize("page", STAGES)
def test_a_page_works_as_printed(page, tmp_path, replica):
    if page == "docs/operations.md" and shutil.which("prometheus-node-exporter") is None:
        pytest.skip("needs prometheus-node-exporter")
    stage = STAGES[page]
    replaced = {printed: free_port() if here == "PORT" else here for printed, here in stage.replaced.items()}
    environment = {"ALQAHIRA_SITE_URL": replica().url} | stage.environment
    run_page(page, copy_of_the_project(tmp_path / "project"), replaced, environment, before=stage.before)


@pytest.mark.docs
@pytest.mark.scrapyd
def test_the_page_on_scrapyd(tmp_path, replica):
    folder = copy_of_the_project(tmp_path / "project")
    with Scrapyd(tmp_path / "scrapyd", {"ALQAHIRA_SITE_URL": replica().url}) as scrapyd:
        (tmp_path / ".netrc").write_text(f'machine 127.0.0.1 login alqahira password "{PASSWORD}"\n')
        (tmp_path / ".netrc").chmod(0o600)
        replaced = {"http://127.0.0.1:6800": scrapyd.url, "SCRAPYD_PASSWORD=…": f"SCRAPYD_PASSWORD='{PASSWORD}'"}
        environment = {"HOME": str(tmp_path), "SCRAPYD_URL": scrapyd.url}
        # What it shows of logs is not what its commands print.
        printed = run_page("docs/scheduling.md", folder, replaced, environment, is_printed=False)
    answers = re.findall(r'"status": "(\w+)"', printed)
    assert len(answers) == 5, printed
    assert {*answers} == {"ok"}, printed


@pytest.mark.docs
@pytest.mark.postgres
def test_the_page_on_postgresql(tmp_path, replica, database):
    folder = copy_of_the_project(tmp_path / "project")
    replaced = {
        "make install EXTRA": "make --dry-run install EXTRA",
        "postgresql://alqahira@db.example/corpus": f"'{database}'",
        "/srv/corpus": str(tmp_path / "corpus"),
    }
    printed = run_page("docs/scaling.md", folder, replaced, {"ALQAHIRA_SITE_URL": replica().url})
    assert re.search(r"\d\d accepted", printed)


def test_no_page_starts_the_tests_within_themselves():
    scripts = {page: script_of(page, {}, "") for page in PAGES}
    assert [page for page, script in scripts.items() if re.search(r"(?m)^make (?!--dry-run).*test", script)] == []
    told = [page for page, script in scripts.items() if "make --dry-run test" in script]
    assert told == ["docs/when-the-site-changes.md"]
    assert (
        "\npython -m pytest -q -p no:cacheprovider tests/extraction/test_layouts.py tests/extraction/test_listing.py\n"
        in scripts[told[0]]
    )


def test_the_record_in_the_readme_is_one():
    (record,) = (json.loads(block.text) for block in blocks("README.md") if block.language == "json")
    assert [*record] == [field.name for field in fields(Article)]
    jsonschema.validate(record, json.loads((PROJECT / "docs" / "schema" / "article.schema.json").read_text("utf-8")))
