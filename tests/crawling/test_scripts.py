"""Crawls that a script starts, in a process of its own."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

import forked
import pytest
from scrapy_process import PROJECT, UNTHROTTLED, Ran

from alqahira.publishing.manifest import read_manifest

# Nothing answers there.
NOWHERE = "http://127.0.0.1:1"
BOTH_AT_ONCE = """
from scrapy.crawler import {process}
from scrapy.utils.project import get_project_settings

settings = get_project_settings()
process = {process}(settings)
for section, arguments in {crawls}:
    process.crawl(section, **arguments)
process.start()
"""


def run(script: str, folder: Path, site_url: str) -> Ran:
    given = UNTHROTTLED | {"ALQAHIRA_OUTPUT_DIR": str(folder), "ALQAHIRA_SITE_URL": site_url, "RETRY_TIMES": "0"}
    made = "settings = get_project_settings()\n"
    assert made in script
    script = script.replace(made, f"{made}settings.setdict({given}, priority='cmdline')\n")
    with tempfile.TemporaryDirectory() as beside:
        path = Path(beside) / "script.py"
        path.write_text(script, "utf-8")
        return Ran(*forked.run(str(path), environment=os.environ, timeout=240))


@pytest.mark.parametrize("number", [0, pytest.param(1, marks=pytest.mark.chaos)], ids=["runner", "process"])
def test_script_of_the_docs_crawls_one_section_after_the_other(number, replica, tmp_path):
    scripts = re.findall(r"```python\n(.*?)```", (PROJECT / "docs" / "scheduling.md").read_text("utf-8"), re.DOTALL)
    assert len(scripts) == 2
    script = scripts[number]
    ran = run(script, tmp_path, replica().url)
    assert ran.status == 0, ran.stderr
    assert "Traceback" not in ran.stderr
    ended = re.findall(r"INFO: Run \S+-(defense|foreign_affairs): (\d+) discovered", ran.stderr)
    assert [section for section, _ in ended] == ["defense", "foreign_affairs"]
    assert min(int(number) for _, number in ended) > 50
    assert sum(part.rows for part in read_manifest(tmp_path)) > 50


@pytest.mark.parametrize("process", ["CrawlerProcess", "AsyncCrawlerProcess"])
@pytest.mark.parametrize(
    ("crawls", "line"),
    [
        (
            [("defense", {}), ("foreign_affairs", {})],
            "a process runs one section at a time: await one crawl after the other (another run holds the state ",
        ),
        ([("defense", {"since": "soon"})], "since='soon' is not a date: write YYYY-MM-DD"),
    ],
)
def test_crawl_that_cannot_start_is_one_line(process, crawls, line, tmp_path):
    ran = run(BOTH_AT_ONCE.format(process=process, crawls=crawls), tmp_path, NOWHERE)
    assert "Traceback" not in ran.stderr
    assert "Unhandled" not in ran.stderr
    assert ran.stderr.count(line) == 1


def test_feed_that_cannot_be_written_is_one_line(tmp_path):
    script = BOTH_AT_ONCE.format(process="CrawlerProcess", crawls=[("defense", {})])
    script = script.replace("process = ", "settings['FEEDS'] = {'xx://y': {'format': 'csv'}}\nprocess = ")
    ran = run(script, tmp_path / "output", NOWHERE)
    assert "Traceback" not in ran.stderr
    assert ran.stderr.count("the feed xx://y cannot be written: 'xx' is none of the storages") == 1
    assert [*tmp_path.iterdir()] == []


def test_other_error_that_nobody_handles_keeps_its_traceback(tmp_path):
    wrong = "settings['STATS_CLASS'] = 'nowhere.Stats'\nfrom alqahira.crawling.unhandled import log_in_one_line\n"
    script = BOTH_AT_ONCE.format(process="CrawlerProcess", crawls=[("defense", {})])
    script = script.replace("for section", f"{wrong}log_in_one_line()\nfor section")
    ran = run(script, tmp_path, NOWHERE)
    assert "CRITICAL: Unhandled error in Deferred:" in ran.stderr
    assert ran.stderr.count("ModuleNotFoundError: No module named 'nowhere'") == 1
