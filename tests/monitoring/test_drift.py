"""Drift: a field that comes from another source than before is reported, with the start of the first such run."""

from __future__ import annotations

import json

import pytest
from scrapy_process import Corpus
from sqlalchemy import create_engine, text

from alqahira.monitoring.drift import find_drift


def runs(*counts, field="article_body"):
    """Runs a day apart, each with its articles by source."""
    return [(f"2026-11-{day:02}T06:00:00Z", {field: count}) for day, count in enumerate(counts, 1)]


def test_drift_has_both_sources_and_its_beginning():
    (drift,) = find_drift(runs({"site": 30}, {"site": 25}, {"generic": 20}))
    assert (drift.field, drift.was, drift.became) == ("article_body", "site", "generic")
    assert (drift.share_before, drift.share_now, drift.since) == (1.0, 0.0, "2026-11-03T06:00:00Z")


def test_drift_begins_with_the_first_run_that_shows_it():
    (drift,) = find_drift(runs({"site": 30}, {"generic": 20}, {"generic": 20}, {"generic": 20}))
    assert drift.since == "2026-11-02T06:00:00Z"


def test_drift_of_some_pages_is_found():
    (drift,) = find_drift(runs({"site": 60}, {"site": 18, "generic": 12}))
    assert (drift.was, drift.became, drift.share_now) == ("site", "generic", 0.6)


def test_lost_field_has_drifted_to_none():
    (drift,) = find_drift(runs({"site": 40}, {"none": 12}, field="image_caption"))
    assert str(drift).startswith("image_caption comes from none instead of site since 2026-11-02")


def test_small_runs_are_counted_together():
    (drift,) = find_drift(runs({"site": 30}, {"generic": 4}, {"generic": 4}, {"generic": 4}))
    assert drift.since == "2026-11-02T06:00:00Z"


def test_return_to_the_usual_source_is_no_drift():
    assert find_drift(runs({"site": 40}, {"site": 40}, {"generic": 12}, {"site": 40})) == []


@pytest.mark.parametrize(
    "counts",
    [
        [],
        [{"site": 50}],
        [{"site": 50}, {"site": 50}],
        [{"site": 50}, {}],
        [{"site": 50}, {"generic": 3}],  # too few to compare
        [{"site": 50}, {"site": 40, "generic": 10}],  # a fifth
        [{"site": 6, "none": 5}, {"site": 4, "none": 8}],  # chance
    ],
)
def test_usual_few_or_chance_counts_are_no_drift(counts):
    assert find_drift(runs(*counts)) == []


@pytest.mark.sites
def test_redesign_is_reported_by_the_next_run(replica, tmp_path):
    corpus = Corpus(tmp_path / "output", replica().url)
    before = corpus.crawl("defense")
    assert before.status == 0
    assert "Drift" not in before.stderr
    corpus.site_url = replica("--classes", "renamed").url
    after = corpus.crawl("defense")
    assert "Drift: article_body comes from page_data instead of site since " in after.stderr
    assert "Drift: headline comes from " in after.stderr
    assert "Monitor source_drift failed: " in after.stderr
    assert after.status == 1
    with create_engine(f"sqlite:///{corpus.folder / 'state.db'}").connect() as ledger:
        account = json.loads(ledger.scalar(text("SELECT account FROM runs ORDER BY started DESC, run_id DESC LIMIT 1")))
    assert account["sources"]["article_body"].keys() == {"page_data"}
    assert any(line.startswith("article_body comes from page_data") for line in account["drift"])
