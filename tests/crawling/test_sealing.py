"""When a run publishes what it accepted, and when it merges the parts of days at rest."""

from __future__ import annotations

from collections import Counter

import pytest
from scrapy_process import Corpus, scrapy_here
from test_guards import NO_BROWSER

from alqahira.publishing.manifest import part_files, read_manifest


@pytest.fixture
def corpus(replica, tmp_path):
    return Corpus(tmp_path / "output", replica().url)


def test_lines_wait_in_the_ledger_until_they_are_due(corpus):
    few = ("defense", "-a", "max_articles=3")
    assert corpus.crawl(*few, settings=NO_BROWSER | {"ALQAHIRA_SEAL": "due"}).status == 0
    waiting = scrapy_here("export", settings=corpus.settings).stdout.splitlines()
    assert waiting
    assert part_files(corpus.folder) == []
    assert corpus.crawl(*few, settings=NO_BROWSER).status == 0
    assert len({record["run_id"] for record in corpus.records()}) == 2
    assert len(corpus.lines()) > len(waiting)


def test_run_merges_the_parts_of_days_at_rest(corpus):
    each_alone = {"ALQAHIRA_PART_MAX_AGE_SECONDS": "0", "ALQAHIRA_COMPACT": "never"}
    few = ("defense", "-a", "max_articles=8")
    assert corpus.crawl(*few, settings=NO_BROWSER | each_alone).status == 0
    before = read_manifest(corpus.folder)
    days = Counter(part.path.split("/")[1] for part in before)
    assert max(days.values()) > 1
    at_once = {"ALQAHIRA_COMPACT_AFTER_DAYS": "0", "ALQAHIRA_COMPACT_GRACE_HOURS": "0"}
    assert corpus.crawl(*few, settings=NO_BROWSER | at_once).status == 0
    after = read_manifest(corpus.folder)
    assert {Counter(part.path.split("/")[1] for part in after)[day] for day in days} == {1}
    assert sum(part.rows for part in after) > sum(part.rows for part in before)
    assert sorted(part.path for part in after) == part_files(corpus.folder)
