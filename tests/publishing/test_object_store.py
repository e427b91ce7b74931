"""The recipe of docs/object-stores.md, as printed, with the AWS CLI and an S3 server on loopback."""

from __future__ import annotations

import json
import os
import re
import subprocess
from urllib.parse import unquote

import pytest
from ledger_scenario import live
from scrapy_process import PROJECT, scrapy
from tools import BIN, tool

pytestmark = pytest.mark.warehouse
KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "eu-south-1"}
BUCKET = "example-bucket"
_REQUEST = re.compile(rf'"(PUT|DELETE|POST) /{BUCKET}(?:/corpus/)?([^ ?]*)[^"]* HTTP/1.1" 20')


class Store:
    """A bucket, and the requests that changed it."""

    def __init__(self, url, log):
        self.url, self._log = url, log
        self.environment = {**os.environ, **KEYS, "AWS_ENDPOINT_URL": url, "PATH": f"{BIN}:{os.environ['PATH']}"}

    def shell(self, code, folder):
        command = ["bash", "-c", code]
        return subprocess.run(command, cwd=folder, env=self.environment, capture_output=True, text=True, check=False)

    def names(self):
        listed = self.shell(f"aws s3 ls --recursive s3://{BUCKET}/corpus/", "/").stdout.splitlines()
        return sorted(line.split()[3].removeprefix("corpus/") for line in listed)

    def requests(self):
        """(method, key) of every change, the oldest first; a POST deletes several."""
        return [(m[1], unquote(m[2])) for m in _REQUEST.finditer(self._log.read_text("utf-8"))]


@pytest.fixture
def store(tmp_path):
    log = tmp_path / "requests.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [tool("moto_server"), "-p", "0"], stdout=output, stderr=output, env=os.environ | {"PYTHONUNBUFFERED": "1"}
        )
    try:
        url = None
        while url is None and server.poll() is None:
            url = re.search(r"http://127\.0\.0\.1:\d+", log.read_text("utf-8"))
        store = Store(url[0], log)
        assert store.shell(f"aws s3 mb s3://{BUCKET}", tmp_path).returncode == 0
        yield store
    finally:
        server.terminate()
        server.wait(60)


def recipe(section):
    page = (PROJECT / "docs" / "object-stores.md").read_text("utf-8")
    return re.search(rf"^## {section}$.*?^```sh\n(.*?)^```$", page, re.S | re.M)[1]


def corpus(folder):
    """Every file of the copy, by its key."""
    files = [*folder.glob("output/articles/*/part-*"), folder / "output" / "_manifest.json"]
    return {path.relative_to(folder / "output").as_posix(): path.read_bytes() for path in files}


def test_store_has_the_corpus_and_nothing_else(store, tmp_path):
    live(tmp_path / "output")
    (next((tmp_path / "output" / "articles").iterdir()) / ".part-000009.jsonl.tmp").write_text("half")
    ran = store.shell(recipe("S3"), tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert store.names() == sorted(corpus(tmp_path))


def test_manifest_follows_its_parts_and_deletions_follow_it(store, tmp_path):
    live(tmp_path / "output")
    store.shell(recipe("S3"), tmp_path)
    # What a run and a compaction leave: a new part, one that is listed no more and whose time is over.
    manifest = json.loads((tmp_path / "output" / "_manifest.json").read_text("utf-8"))
    old = tmp_path / "output" / manifest["parts"][0]["path"]
    new = old.with_name("part-000099.jsonl")
    old.rename(new)
    manifest["parts"][0]["path"] = new.relative_to(tmp_path / "output").as_posix()
    (tmp_path / "output" / "_manifest.json").write_text(json.dumps(manifest))
    first = len(store.requests())
    assert store.shell(recipe("S3"), tmp_path).returncode == 0
    changes = store.requests()[first:]
    names = [method if method == "POST" else key.rpartition("/")[2] for method, key in changes]
    assert names[:2] == ["part-000099.jsonl", "_manifest.json"]
    assert changes[2:] in ([("POST", "")], [("DELETE", old.relative_to(tmp_path / "output").as_posix())])
    assert store.names() == sorted(corpus(tmp_path))


def test_folder_that_is_not_mounted_deletes_nothing(store, tmp_path):
    live(tmp_path / "output")
    store.shell(recipe("S3"), tmp_path)
    before = store.names()
    (tmp_path / "output").rename(tmp_path / "elsewhere")
    (tmp_path / "output").mkdir()
    assert store.shell(recipe("S3"), tmp_path).returncode != 0
    assert store.names() == before


def test_corpus_comes_back_from_the_store(store, tmp_path):
    live(tmp_path / "output")
    store.shell(recipe("S3"), tmp_path)
    (tmp_path / "back").mkdir()
    assert store.shell(f"aws s3 sync s3://{BUCKET}/corpus output", tmp_path / "back").returncode == 0
    assert corpus(tmp_path / "back") == corpus(tmp_path)
    settings = {"ALQAHIRA_OUTPUT_DIR": str(tmp_path / "back" / "output")}
    for arguments in (["--rebuild-state"], []):
        assert scrapy("verify", *arguments, settings=settings).status == 0


def test_recipes_are_the_same_steps():
    def steps(text):
        tools = (
            text.replace("rclone copyto", "cp").replace("rclone copy ", "sync ").replace("rclone sync", "sync delete")
        )
        return re.findall(r"^(?:aws s3 )?(set -e|cp|sync)(?: (delete))?", tools, re.M)

    assert [name for name, _ in steps(recipe("S3"))] == ["set -e", "cp", "sync", "cp", "sync"]
    assert [name for name, _ in steps(recipe("Google Cloud Storage, Azure, and others"))] == [
        "set -e",
        "cp",
        "sync",
        "cp",
        "sync",
    ]
