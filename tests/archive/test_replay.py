"""`scrapy replay`: the same corpus from archived pages, byte for byte and offline; a better one by better code."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from replaying import OFFLINE, ROOT, archive_of, foreign, replay_here, story, tree
from scrapy.utils.project import get_project_settings
from scrapy_process import PROJECT, Corpus, scrapy, scrapy_here
from shared_corpora import AGE
from test_guards import NO_BROWSER

from alqahira.archive.spark.reading import ARTICLE, FAILED, archive_sources, read_rows
from alqahira.archive.warc import Record, event_record, page_records, run_record
from alqahira.archive.warc_files import read_records
from alqahira.archive.writer import files
from alqahira.exceptions import AlqahiraError
from alqahira.extraction.extractor import Hints, extract_article
from alqahira.extraction.items import ArchivedResponse, Fetch
from alqahira.extraction.sources import page_data_first
from alqahira.publishing.manifest import read_corpus_id, read_generation, read_manifest
from alqahira.settings.configuration import Configuration

SETTINGS = NO_BROWSER | AGE | {"ALQAHIRA_ARCHIVE": "true"}
# The layout of the same rows in SQLite's file may differ.
STATE = ("state.db", "state.db.lock")


@pytest.fixture(scope="module")
def crawled(archived):
    return archived


@pytest.fixture(scope="module")
def replayed(crawled):
    """The offline replay of it, with its output."""
    corpus = Corpus(crawled.folder.with_name("output-replayed"), "")
    corpus.before = tree(crawled.folder)
    corpus.ran = scrapy("replay", settings={"ALQAHIRA_OUTPUT_DIR": str(crawled.folder)}, **OFFLINE, **AGE)
    assert corpus.ran.status == 0, corpus.ran.stderr
    return corpus


def state(folder):
    """Every row of the ledger."""
    with closing(sqlite3.connect(folder / "state.db")) as connection:
        return sorted(connection.iterdump())


def published(folder):
    """The parts, and what the manifest says of them, but for the times, which are those of the fetches in a replay."""
    parts = {name: content for name, content in tree(folder).items() if name.startswith("articles/")}
    return parts | {"listed": [replace(part, sealed_at=None) for part in read_manifest(folder)]}


def without_position(corpus, **changed):
    """The records, without what depends on when parts were sealed."""
    return [json.dumps(record | {"position": None} | changed) for record in corpus.records()]


# --- the same corpus ----------------------------------------------------------------------------


def test_replay_equals_the_corpus_of_the_crawl(crawled, replayed):
    assert published(replayed.folder) == published(crawled.folder)


def test_replay_is_a_corpus_of_its_own(crawled, replayed):
    assert read_corpus_id(replayed.folder) != read_corpus_id(crawled.folder)
    assert read_generation(replayed.folder) != read_generation(crawled.folder) == 1


def test_crawl_has_all_cases_that_a_replay_must_get_right(crawled):
    records = crawled.records()
    assert {record["revision"] for record in records} == {1, 2}
    assert {"sitemap", "listing", "jsonld"} & {record["date_published_source"] for record in records}
    assert any(record["discovered_on"] for record in records)
    assert {record["run_id"].partition("-")[2] for record in records} == {"defense", "foreign_affairs"}
    assert any(record["topics"] == ["foreign_affairs"] and "-defense" in record["run_id"] for record in records)


def test_second_replay_replaces_the_first_with_the_same_bytes(crawled, replayed):
    before, rows = tree(replayed.folder, *STATE), state(replayed.folder)
    assert scrapy("replay", settings={"ALQAHIRA_OUTPUT_DIR": str(crawled.folder)}, **AGE).status == 0
    assert tree(replayed.folder, *STATE) == before
    assert state(replayed.folder) == rows
    assert [path.name for path in replayed.folder.parent.iterdir() if path.name.startswith(".")] == []


def test_replay_leaves_the_crawls_folder_unchanged(crawled, replayed):
    assert tree(crawled.folder) == replayed.before


def test_replay_prints_the_account_of_each_run(crawled, replayed):
    for run_id in {record["run_id"] for record in crawled.records()}:
        assert f"{run_id}: " in replayed.ran.stdout
    assert re.search(rf"pages of 4 runs: {len(crawled.lines())} lines in \d+ parts in ", replayed.ran.stdout)


def test_replayed_corpus_verifies(replayed):
    assert scrapy_here("verify", settings={"ALQAHIRA_OUTPUT_DIR": str(replayed.folder)}).status == 0


def test_network_guard_of_these_tests_works():
    script = "import socket; socket.create_connection(('127.0.0.1', 1))"
    done = subprocess.run([sys.executable, "-c", script], env=os.environ | OFFLINE, check=False, capture_output=True)
    assert done.returncode == 99


@pytest.mark.chaos
@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("unshare") is None, reason="needs a network namespace of its own")
def test_replay_needs_no_network_interface(crawled, replayed, tmp_path):
    command = ["unshare", "-n", sys.executable, "-m", "scrapy", "replay"]
    if subprocess.run(["unshare", "-n", "true"], check=False, capture_output=True).returncode:
        pytest.skip("namespaces are not allowed here")
    command += ["--archive", str(crawled.folder / "archive"), "-o", str(tmp_path / "again")]
    assert subprocess.run(command, cwd=PROJECT, env=os.environ | AGE, check=False, capture_output=True).returncode == 0
    assert published(tmp_path / "again") == published(crawled.folder)


@pytest.mark.browser
@pytest.mark.slow
def test_rendered_pages_are_replayed(replica, tmp_path):
    corpus = Corpus(tmp_path / "output", replica("--render", "client", "--metadata", "none", "--page-data", "none").url)
    settings = SETTINGS | {"ALQAHIRA_BROWSER": "auto"}
    assert corpus.crawl("defense", "-a", "max_articles=3", settings=settings).status == 0
    (path,) = files(corpus.folder / "archive")
    assert {record.type for record in read_records(path, max_bytes=10**7)} == {"warcinfo", "resource", "metadata"}
    assert scrapy("replay", settings={"ALQAHIRA_OUTPUT_DIR": str(corpus.folder)}, **OFFLINE, **AGE).status == 0
    assert published(tmp_path / "output-replayed") == published(corpus.folder)


# --- a record's page ----------------------------------------------------------------------------


def test_page_of_each_record_is_found_by_grep(crawled):
    """As docs/archive.md describes it."""
    lines = [
        line for path in (crawled.folder / "archive").glob("*.cdxj") for line in path.read_text("utf-8").splitlines()
    ]
    for record in crawled.records():
        moment = re.sub(r"\D", "", record["date_crawled"])
        number = f'"article_id": "{record["article_id"]}"'
        (line,) = [line for line in lines if f" {moment} " in line and number in line]
        at = json.loads(line.split(" ", 2)[2])
        with (crawled.folder / "archive" / at["filename"]).open("rb") as file:
            file.seek(int(at["offset"]))
            head, _, html = gzip.decompress(file.read(int(at["length"]))).split(b"\r\n\r\n", 2)
        assert f"WARC-Target-URI: {record['url']}".encode() in head
        article = extract_article(html, record["url"], now=datetime.fromisoformat(record["date_crawled"]))
        assert article.content_hash == record["content_hash"]


def test_show_writes_the_page_of_a_revision(crawled):
    (revised,) = [record for record in crawled.records() if record["revision"] == 2]
    shown = {}
    for name in ("", "@1", "@2"):
        article = f"{revised['article_id']}{name}"
        shown[name] = scrapy_here("replay", "--show", article, settings={"ALQAHIRA_OUTPUT_DIR": str(crawled.folder)})
        assert shown[name].status == 0
        assert ".warc.gz offset " in shown[name].stderr
    assert revised["article_body"].splitlines()[0][:30] in shown["@2"].stdout
    assert shown[""].stdout == shown["@2"].stdout != shown["@1"].stdout


@pytest.mark.parametrize(
    ("name", "status", "message"),
    [
        ("999999", 2, "no article '999999'"),
        ("", 2, "no article ''"),
        ("61001@x", 2, "is no ID or ID@REVISION"),
        ("61001@99", 2, "no article"),
    ],
)
def test_show_of_unknown_article_is_one_line(crawled, name, status, message):
    ran = scrapy_here("replay", "--show", name, settings={"ALQAHIRA_OUTPUT_DIR": str(crawled.folder)})
    assert (ran.status, len(ran.lines)) == (status, 1)
    assert message in ran.lines[0]


# --- better code ----------------------------------------------------------------------


def test_article_refused_by_an_old_limit_is_replayed(replica, tmp_path):
    corpus = Corpus(tmp_path / "output", replica().url)
    corpus.crawl("defense", settings=SETTINGS | {"ALQAHIRA_MAX_HEADLINE": "50", "ALQAHIRA_MAX_FAILED_SHARE": "1"})
    assert all(len(record["headline"]) <= 50 for record in corpus.records())
    mended, _ = replay_here(corpus.folder / "archive", tmp_path / "mended")
    gained = mended.by_id().keys() - corpus.by_id().keys()
    assert gained
    assert all(len(mended.by_id()[number]["headline"]) > 50 for number in gained)
    assert {*without_position(corpus)} <= {*without_position(mended)}


def test_better_extractor_improves_old_articles(crawled, replayed, tmp_path, monkeypatch):
    from alqahira.crawling import section

    read_page = section.read_page

    def better(*arguments, **more):
        reading = read_page(*arguments, **more)
        if reading.article:
            reading.article.credit_line = "mended"
        return reading

    monkeypatch.setattr(section, "read_page", better)
    mended, _ = replay_here(crawled.folder / "archive", tmp_path / "mended")
    assert {record["credit_line"] for record in mended.records()} == {"mended"}
    assert read_corpus_id(mended.folder) == read_corpus_id(replayed.folder)
    assert read_generation(mended.folder) != read_generation(replayed.folder), "a warehouse must load it anew"
    assert without_position(mended, credit_line=None) == without_position(crawled, credit_line=None)


def test_checked_pages_give_the_records_of_their_trees_and_the_account_names_what_differs(
    crawled, replayed, tmp_path, monkeypatch
):
    read = page_data_first.read

    def wrong(*given):
        extracted = read(*given)
        if extracted:
            extracted["site"].headline = extracted["page_data"].headline = "خبر آخر"
        return extracted

    monkeypatch.setattr(page_data_first, "read", wrong)
    again, _ = replay_here(crawled.folder / "archive", tmp_path / "again", ALQAHIRA_CHECK_PAGE_DATA="1")
    assert without_position(again) == without_position(replayed)
    with closing(sqlite3.connect(again.folder / "state.db")) as ledger:
        notes = [json.loads(account)["notes"] for (account,) in ledger.execute("SELECT account FROM runs")]
    assert sum(each.get("page_data_differs/headline", 0) for each in notes) > 5


def test_article_now_on_a_topic_is_published_by_the_run_that_read_it(crawled, tmp_path, monkeypatch):
    from pipelines import classify

    match_topics = classify.match_topics
    monkeypatch.setattr(classify, "match_topics", lambda *a: match_topics(*a) or {"defense": ["today"]})
    mended, _ = replay_here(crawled.folder / "archive", tmp_path / "mended", ALQAHIRA_NEAR_DUPLICATES="off")
    gained = [record for record in mended.records() if record["topic_terms"] == ["today"]]
    assert gained
    for record in gained:
        (path,) = (crawled.folder / "archive").glob(f"{record['run_id']}.cdxj")
        assert f'"article_id": "{record["article_id"]}"' in path.read_text("utf-8")


def test_taken_up_record_of_older_archive_is_ignored(crawled, replayed, tmp_path):
    archive = tmp_path / "archive"
    shutil.copytree(crawled.folder / "archive", archive)
    record = crawled.records()[0]
    for path in files(archive):
        details = {"key": record["article_id"], "discovered_on": None}
        moment = datetime.fromisoformat(record["date_crawled"])
        path.write_bytes(path.read_bytes() + event_record("taken_up", moment, details))
    sources = archive_sources(archive, Configuration.from_settings(get_project_settings()))
    rows = [row for source in sources for row in read_rows(source, max_bytes=10**7, max_headline=1000)]
    assert {row.kind for row in rows} <= {ARTICLE, FAILED}
    again, tally = replay_here(archive, tmp_path / "again")
    assert (tally.damaged, without_position(again)) == (0, without_position(replayed))


def test_pages_of_another_tool_reach_both_sections(crawled, tmp_path):
    """The pages of the crawl, without this project's notes."""
    pages = []
    for path in files(crawled.folder / "archive"):
        for record in read_records(path, max_bytes=10**7):
            if isinstance(record, Record) and record.type == "response":
                headers = [(name, value) for name, value in record.http.headers if name.lower() != "content-length"]
                pages.append((record.url, "200 OK", headers, record.payload, record.headers["warc-date"]))
    archive = archive_of(tmp_path, other=foreign(*pages))
    corpus, tally = replay_here(archive, tmp_path / "new", ALQAHIRA_SITE_URL=crawled.site_url)
    assert tally.pages == len(pages)
    assert {topic for record in corpus.records() for topic in record["topics"]} == {"defense", "foreign_affairs"}
    # Which copy of a story is kept depends on the order of the pages.
    assert len(corpus.by_id()) == len(crawled.by_id())


# --- runs that overlap or break off -------------------------------------------------------------


def run_file(archive, run_id, minute, pages, ended=True):
    """Write the file of a run; pages: pairs (number, minute)."""
    began = datetime(2026, 11, 20, 10, minute, tzinfo=UTC)
    about = {"alqahira-run-id": run_id, "alqahira-spider": "defense", "alqahira-site": ROOT}
    members = [run_record(f"{run_id}.warc.gz", began, about)]
    for number, fetched in pages:
        url = f"{ROOT}/news/{number}/a"
        visit = Fetch(key=str(number), url=url, fetched=began.replace(minute=fetched))
        members.append(page_records(ArchivedResponse(fetch=visit, link_url=url, hints=Hints(), body=story(number))))
    if ended:
        members.append(event_record("ended", began.replace(minute=59), {"complete": True, "reason": "finished"}))
    (archive / f"{run_id}.warc.gz").write_bytes(b"".join(members))


def test_overlapping_runs_are_replayed_in_order_of_start(tmp_path):
    archive = archive_of(tmp_path)
    run_file(archive, "b", 0, [(1, 1), (2, 30)])
    run_file(archive, "a", 10, [(3, 11), (2, 12), (4, 50)])
    corpus, tally = replay_here(archive, tmp_path / "new")
    assert (tally.runs, tally.pages, tally.damaged, tally.errors) == (2, 5, 0, 0)
    assert {record["article_id"]: record["run_id"] for record in corpus.records()} == dict(
        zip("1234", "bbaa", strict=True)
    )


def test_killed_run_is_replayed_without_an_end(tmp_path):
    archive = archive_of(tmp_path)
    run_file(archive, "killed", 0, [(1, 1)], ended=False)
    run_file(archive, "whole", 10, [(2, 11)])
    corpus, _ = replay_here(archive, tmp_path / "new")
    assert sorted(record["article_id"] for record in corpus.records()) == ["1", "2"]
    with closing(sqlite3.connect(corpus.folder / "state.db")) as connection:
        ended = dict(connection.execute("SELECT run_id, complete FROM runs WHERE ended IS NOT NULL"))
    assert ended == {"whole": 1}


def test_incomplete_replay_is_an_error(tmp_path, monkeypatch):
    from alqahira.crawling import section

    archive = archive_of(tmp_path)
    run_file(archive, "a", 0, [(1, 1), (2, 2)])
    monkeypatch.setattr(section, "read_page", lambda *a, **k: 1 / 0)
    with pytest.raises(AlqahiraError, match="did not come to its end: start_error"):
        replay_here(archive, tmp_path / "new")


def test_archives_of_two_other_sites_are_refused(tmp_path):
    archive = archive_of(tmp_path)
    run_file(archive, "a", 0, [(1, 1)])
    about = {"alqahira-run-id": "b", "alqahira-spider": "defense", "alqahira-site": "https://elsewhere.example"}
    (archive / "b.warc.gz").write_bytes(run_record("b", datetime(2026, 11, 21, tzinfo=UTC), about))
    with pytest.raises(AlqahiraError, match=r"holds alqaheranews\.net, elsewhere\.example: name one of them"):
        replay_here(archive, tmp_path / "new", ALQAHIRA_SITE_URL="https://third.example")


# --- what is wrong ------------------------------------------------------------------------------


def damaged(crawled, folder):
    """A copy of the crawl's archive with a damaged second page and a file that is no archive; the offset of page four."""
    archive = folder / "archive"
    shutil.copytree(crawled.folder / "archive", archive)
    first = files(archive)[0]
    spans = [(r.offset, r.length) for r in read_records(first, max_bytes=10**7) if r.type == "response"]
    content = bytearray(first.read_bytes())
    offset, length = spans[1]
    content[offset + length // 2] ^= 0xFF
    first.write_bytes(content)
    (archive / "not-one.warc.gz").write_bytes(b"this is no archive")
    return archive, spans[3][0]


def test_damage_costs_one_page_and_is_reported(crawled, tmp_path):
    archive, later = damaged(crawled, tmp_path)
    first = files(archive)[0]
    content = first.read_bytes()
    first.write_bytes(content[:later] + b"garbage" * 9 + content[later:])
    ran = scrapy("replay", "--archive", str(archive), "-o", str(tmp_path / "new"), **OFFLINE)
    assert ran.status == 1
    assert ran.stderr.splitlines()[-1] == "alqahira: 3 places of the archive could not be read"
    assert "Traceback" not in ran.stderr
    missing = crawled.by_id().keys() - Corpus(tmp_path / "new", "").by_id().keys()
    assert len(missing) <= 1
    assert len(Corpus(tmp_path / "new", "").records()) >= len(crawled.records()) - 2


def test_open_file_is_read_up_to_its_incomplete_end(crawled, tmp_path):
    archive = archive_of(tmp_path)
    first = files(crawled.folder / "archive")[0]
    (archive / f"{first.name}.open").write_bytes(first.read_bytes()[:-3])
    ran = scrapy("replay", "--archive", str(archive), "-o", str(tmp_path / "new"), **OFFLINE)
    assert ran.status == 0
    own = [record for record in crawled.records() if first.name.startswith(record["run_id"])]
    assert len(Corpus(tmp_path / "new", "").records()) == len(own) >= 6
