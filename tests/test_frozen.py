"""All that users see is frozen: records, parts, summaries, metrics, help and refusals, on a replica with a fixed clock.

A change of `tests/frozen/` is a change of public behaviour, and belongs in CHANGELOG.md. To write it anew:
`.venv/bin/python tests/test_frozen.py`
"""

import hashlib
import json
import platform
import sys
from pathlib import Path

import pytest
from replica_server import start_replica
from scrapy_process import Corpus, scrapy_here

FROZEN = Path(__file__).with_name("frozen")
# Only articles older than any run of this test. Near-duplicates are off, as their order is not frozen.
ARGUMENTS = ("-a", "since=2026-10-25", "-a", "until=2026-11-25")
SETTINGS = {"ALQAHIRA_NEAR_DUPLICATES": "off", "ALQAHIRA_BROWSER": "never"}
OF_A_RUN = ("run_id", "date_first_seen", "date_crawled", "discovered_on", "position")
COMMANDS = (
    "compact",
    "crawl",
    "corpus",
    "demo",
    "doctor",
    "export",
    "init",
    "live",
    "quarantine",
    "replay",
    "report",
    "schema",
    "verify",
)
REFUSALS = [
    ("crawl", "defense", "-a", "since=yesterday"),
    ("crawl", "defense", "-a", "since=2026-02-30"),
    ("crawl", "defense", "-a", "since=2026-02-03", "-a", "until=2026-02-02"),
    ("crawl", "defense", "-a", "max_articles=0"),
    ("crawl", "defense", "-a", "topic=defense"),
    ("crawl", "sports"),
    ("crawl", "defense", "-s", "ALQAHIRA_NEAR_DUPLICATES=maybe"),
    ("crawl", "defense", "-s", "ALQAHIRA_SITE_URL=alqaheranews.net"),
    ("crawl", "defense", "-s", "ALQAHIRA_OUTPUT_DIR=s3://bucket/corpus"),
    ("crawl", "defense", "-s", "ALQAHIRA_STATE_URL=mysql://localhost/state"),
    ("crawl", "defense", "-s", "ALQAHIRA_PART_MAX_ROWS=none"),
    ("crawl", "defense", "-s", "ALQAHIRA_SEAL=never"),
    ("crawl", "defense", "-s", "ALQAHIRA_COMPACT=weekly"),
    ("compact", "-s", "ALQAHIRA_OUTPUT_DIR=no-such-folder"),
    ("crawl", "defense", "-s", "ALQAHIRA_BROWSER=sometimes"),
    ("crawl", "defense", "-s", "DOWNLOAD_TIMEOUT=-1"),
    ("export", "--topic", "sports"),
    ("export", "--country", "XX"),
    ("export", "--organization", "nat"),
    ("export", "--since", "yesterday"),
    ("export", "-s", "ALQAHIRA_OUTPUT_DIR=no-such-folder"),
    ("verify", "-s", "ALQAHIRA_OUTPUT_DIR=no-such-folder"),
    ("replay", "-s", "ALQAHIRA_OUTPUT_DIR=no-such-folder"),
    ("schema", "oracle"),
]


def digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:16]


def corpus_as_frozen(folder: Path) -> dict[str, object]:
    """Both sections, crawled one after the other."""
    server = start_replica("--now", "2026-11-20T09:00:00+00:00")
    try:
        corpus = Corpus(folder, server.url)
        feeds = {}
        for section in ("defense", "foreign_affairs"):
            feed = folder.parent / f"{section}.jsonl"
            ran = corpus.crawl(section, "-O", str(feed), *ARGUMENTS, settings=SETTINGS)
            assert ran.status == 0, ran.stderr
            feeds[section] = sorted(json.loads(line)["article_id"] for line in feed.read_text("utf-8").splitlines())
    finally:
        server.stop()
    records = {}
    for record in corpus.records():
        text = json.dumps({key: value for key, value in record.items() if key not in OF_A_RUN})
        key = f"{record['article_id']} {record['revision']}"
        records[key] = digest(json.loads(text.replace(server.url, "https://site")))
    manifest = json.loads((folder / "_manifest.json").read_text("utf-8"))
    parts: dict[str, int] = {}
    for part in manifest["parts"]:
        day = part["path"].split("/")[1]
        parts[day] = parts.get(day, 0) + part["rows"]
    return {
        "columns": list(record),
        "feeds": {name: f"{len(ids)} {digest(ids)}" for name, ids in feeds.items()},
        "manifest": {"keys": sorted(manifest), "part": sorted(manifest["parts"][0]), "rows": parts},
        "records": records,
        "summaries": [summary_of(path) for path in sorted((folder / "runs").glob("*.json"), key=lambda p: p.stem[17:])],
        "metrics": [metrics_of(path) for path in sorted((folder / "metrics").glob("*.prom"))],
    }


def without_version(path: Path) -> str:
    """The text of a file, whatever Python wrote it."""
    return path.read_text("utf-8").replace(f'"{platform.python_version()}"', '"3"')


def summary_of(path: Path) -> dict[str, object]:
    summary = json.loads(without_version(path))
    for name in ("run_id", "started", "ended", "seconds", "last_complete"):
        assert summary.pop(name)
    # Not Scrapy's own counters.
    summary["stats"] = {key: value for key, value in summary["stats"].items() if key.startswith("alqahira/")}
    return summary


def metrics_of(path: Path) -> list[str]:
    """Every series, without its value, which is in the summary or measured."""
    return [line.rpartition(" ")[0] for line in without_version(path).splitlines() if not line.startswith("#")]


def helps_as_frozen() -> str:
    given = "".join(f"$ scrapy {name} -h\n{scrapy_here(name, '-h', COLUMNS='80').stdout}\n" for name in COMMANDS)
    return given + "$ scrapy -h\n" + scrapy_here("-h", COLUMNS="80").stdout


def refusals_as_frozen() -> str:
    lines = []
    for arguments in REFUSALS:
        ran = scrapy_here(*arguments, COLUMNS="80")
        lines += [f"$ scrapy {' '.join(arguments)}", *ran.lines, f"= {ran.status}", ""]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def crawled_anew(tmp_path_factory):
    return corpus_as_frozen(tmp_path_factory.mktemp("frozen") / "output")


FROZEN_CORPUS = json.loads((FROZEN / "corpus.json").read_text("utf-8")) if FROZEN.exists() else {}


@pytest.mark.parametrize("name", FROZEN_CORPUS)
def test_crawl_output_is_unchanged(crawled_anew, name):
    assert crawled_anew[name] == FROZEN_CORPUS[name]


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="argparse writes options in another way from 3.13 on")
def test_help_is_unchanged():
    assert helps_as_frozen() == (FROZEN / "help.txt").read_text("utf-8")


def test_refusals_are_unchanged():
    assert refusals_as_frozen() == (FROZEN / "refusals.txt").read_text("utf-8")


if __name__ == "__main__":
    import tempfile

    FROZEN.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        corpus = json.dumps(corpus_as_frozen(Path(folder) / "output"), ensure_ascii=False, indent=1, sort_keys=True)
    (FROZEN / "corpus.json").write_text(corpus + "\n", "utf-8")
    (FROZEN / "help.txt").write_text(helps_as_frozen(), "utf-8")
    (FROZEN / "refusals.txt").write_text(refusals_as_frozen(), "utf-8")
    sys.exit()
