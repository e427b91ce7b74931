"""The code blocks of README and docs, run as they are printed, in a copy of the project and against the replica.

A page's `sh` blocks are one shell session, from top to bottom; a `diff` is applied where it stands; a line of `text`
after a block is printed by it, with `…` for anything. A command that ends with another status says so: `# status 1`.
The pages of docs/warehouses are run by tests/warehouses.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pytest
from crawling import PROJECT

VENV = Path(sys.executable).parent.parent
PAGES = sorted(
    path.relative_to(PROJECT).as_posix()
    for path in (*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md"), PROJECT / "output" / "README.md")
    if "_build" not in path.parts
)
LANGUAGES = {"sh", "diff", "text", "json", "yaml", "python", "sql", "mermaid"}
# What a stranger types on the machine of its own that it is for; each is read by `bash -n` here.
NOT_RUN = {
    "apt-get install": "root, and systemd as the first process",
    "install -m 0644 deploy": "root, and systemd as the first process",
    "install -d -o alqahira": "root, and cron",
    "export SCRAPYD_PASSWORD=…\ndocker compose": "a Docker engine",
}
_FENCE = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    language: str
    text: str
    line: int


def blocks(page: str) -> list[Block]:
    text = (PROJECT / page).read_text("utf-8")
    return [Block(found[1], found[2], text.count("\n", 0, found.start()) + 1) for found in _FENCE.finditer(text)]


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

    read = {"json": json.loads, "yaml": yaml.safe_load}
    for page in PAGES:
        for block in blocks(page):
            if block.language in read:
                assert read[block.language](block.text), (page, block.line)


def test_what_is_not_run_is_at_least_shell():
    left = [block for page in PAGES for block in blocks(page) if block.text.startswith(tuple(NOT_RUN))]
    assert len(left) == len(NOT_RUN)
    for block in left:
        done = subprocess.run(["bash", "-n"], input=block.text, text=True, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


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
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=-", "-c", "user.email=-", "commit", "-qm", "-"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def script_of(page: str, replaced: dict[str, str]) -> str:
    """The page as one script; each block is announced, so that it is known where one failed and what it printed."""
    lines = ["set -euo pipefail"]
    for number, block in enumerate(blocks(page)):
        if block.language == "diff":
            lines.append(f"echo '### {number}'\npatch -p1 <<'THE_PAGE'\n{block.text}THE_PAGE")
        elif is_run(block):
            text = re.sub(r"(?m)^(.*\S) +# status (\d)\b.*$", r"\1 || [ $? -eq \2 ]", block.text)
            lines.append(f"echo '### {number}'\n{text}")
    script = "\n".join(lines) + "\necho '### end'\n"
    for printed, here in replaced.items():
        script = script.replace(printed, here)
    return script


def run_page(page: str, folder: Path, replaced: dict[str, str], environment: dict[str, str]) -> str:
    """Runs the page in `folder`; what it printed. AssertionError where a block fails, or prints something else."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ALQAHIRA_", "SCRAPY", "PYTEST"))}
    given = {"PATH": f"{VENV / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(folder), "COLUMNS": "160"}
    script, said = folder / "page.sh", folder / "page.log"
    script.write_text(script_of(page, replaced), "utf-8")
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
    for number, block in enumerate(blocks(page)):
        if block.language == "text" and (before := by_block.get(str(number - 1))) is not None:
            for line in filter(None, (line.strip() for line in block.text.split("\n"))):
                pattern = ".*".join(re.escape(part) for part in line.split("…"))
                assert re.search(pattern, before), (page, block.line, line, before[-6000:])
    return printed


def free_port() -> str:
    with socket.socket() as socket_:
        socket_.bind(("127.0.0.1", 0))
        return str(socket_.getsockname()[1])


@pytest.mark.parametrize("page", ["docs/adding-a-section.md", "docs/when-the-site-changes.md"])
def test_a_guide_can_be_followed_to_the_letter(page, tmp_path):
    run_page(page, copy_of_the_project(tmp_path), {"8931": free_port()}, {})
