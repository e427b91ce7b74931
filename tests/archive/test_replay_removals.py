"""A replay removes what the crawl has removed: the archive tells when an article was gone."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from replaying import archive_of, replay_here
from scrapy.utils.project import get_project_settings
from scrapy_process import Corpus, scrapy
from small_site import QUICK, small_site, status

from alqahira.archive.spark.job import decide
from alqahira.archive.spark.reading import archive_sources, part_sources, read_rows
from alqahira.archive.warc import event_record
from alqahira.archive.warc_files import read_records
from alqahira.archive.writer import files
from alqahira.publishing.manifest import part_files
from alqahira.settings.configuration import Configuration

PAGE = "/news/1000/"


def parts(folder):
    return {path: (folder / path).read_bytes() for path in part_files(folder)}


@pytest.fixture(scope="module")
def crawled(tmp_path_factory):
    """The corpus and archive of a site one of whose articles was gone, and returned."""
    with small_site(4) as site:
        corpus = Corpus(tmp_path_factory.mktemp("crawl") / "output", site.root)
        start = site.clock
        for days, answer in ((0, None), (1.5, status(410)), (4, status(410)), (15, None)):
            site.on(PAGE, answer)
            site.clock = start + timedelta(days=days)
            settings = QUICK | {"RETRY_TIMES": "0", "ALQAHIRA_ARCHIVE": "true", "ALQAHIRA_COMPACT": "never"}
            assert corpus.crawl("defense", settings=settings, clock=site.clock).status == 0
    return corpus


@pytest.mark.chaos
def test_replay_has_the_removals_of_the_crawl(crawled, tmp_path):
    replayed, tally = replay_here(crawled.folder / "archive", tmp_path / "again", ALQAHIRA_NEAR_DUPLICATES="off")
    assert tally.damaged == 0
    reasons = [r["revision_reason"] for r in replayed.records() if r["article_id"] == "1000"]
    assert reasons == [None, "removed", "returned"]
    assert parts(replayed.folder) == parts(crawled.folder)


@pytest.mark.chaos
@pytest.mark.parametrize("source", [archive_sources, lambda folder, _: part_sources(folder)], ids=["archive", "parts"])
def test_spark_job_has_the_removals_of_the_crawl(crawled, source):
    """By its plain Python: the rows of all files, in the order of the crawl."""
    folder = crawled.folder / "archive" if source is archive_sources else crawled.folder
    settings = get_project_settings()
    settings.setdict(crawled.settings)
    configuration = Configuration.from_settings(settings)
    rows = [row for one in source(folder, configuration) for row in read_rows(one, max_bytes=10**7, max_headline=500)]
    rows.sort(key=lambda row: (row.clock, row.file, row.offset))
    lines = [json.loads(one.line) for one in decide(rows, near_duplicates="off") if one.line]
    assert sorted(map(unplaced, lines)) == sorted(map(unplaced, crawled.records()))


def unplaced(record):
    return json.dumps(record | {"position": None})


@pytest.mark.chaos
def test_page_of_a_removed_article_is_shown_by_an_earlier_revision(crawled):
    show = ["replay", "--archive", str(crawled.folder / "archive"), "--show"]
    # The newest revision is that of the page that returned.
    assert scrapy(*show, "1000", settings=crawled.settings).status == 0
    ran = scrapy(*show, "1000@2", settings=crawled.settings)
    assert (ran.status, ran.lines) == (2, ["alqahira: revision 2 says that the page was gone: --show 1000@1"])
    assert scrapy(*show, "1000@1", settings=crawled.settings).status == 0


@pytest.mark.chaos
@pytest.mark.parametrize(
    ("removal", "damaged"),
    [
        ({"articles": ["1000", "1000", "9" * 50, "x"]}, 0),
        ({"articles": "1000"}, 1),
        ({"articles": [1000]}, 1),
        ({"articles": ["1\0"]}, 1),
        ({}, 1),
    ],
    ids=["unknown articles", "text", "a number", "NUL", "nothing"],
)
def test_malformed_removal_costs_its_own_record(crawled, tmp_path, removal, damaged):
    (first, *_) = files(crawled.folder / "archive")
    *_, end = read_records(first, max_bytes=10**7)
    content, when = first.read_bytes(), datetime(2026, 11, 25, tzinfo=UTC)
    event = event_record("removed", when, removal)
    archive = archive_of(
        tmp_path, **{first.name.partition(".")[0]: content[: end.offset] + event + content[end.offset :]}
    )
    replayed, tally = replay_here(archive, tmp_path / "again")
    assert tally.damaged == damaged
    assert [r["article_id"] for r in replayed.records() if r["date_removed"]] == ([] if damaged else ["1000"])
    assert tally.pages == 4
