"""A feed (`-o`, `-O`, FEEDS) that cannot be written ends with one line, before the crawl where that can be known."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys

import pytest
from scrapy.crawler import Crawler
from scrapy.settings import Settings
from scrapy_process import PROJECT, Ran, scrapy_here
from small_site import QUICK, small_site

from alqahira.crawling.extensions.feeds import check_feeds, feed_name
from alqahira.exceptions import ConfigurationError
from spiders.defense import DefenseSpider

AGAIN = "its articles are in the corpus: scrapy export --run {run_id} -o FILE --topic defense"


@pytest.fixture(scope="module")
def site():
    with small_site() as served:
        yield served


# --- before the crawl -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["-O", "{tmp}/file/x.jsonl"], "the feed {tmp}/file/x.jsonl cannot be written: Not a directory"),
        (["-O", "{tmp}:csv"], "the feed {tmp} cannot be written: it is a folder"),
        (["-O", "/proc/x/y.jsonl"], "the feed /proc/x/y.jsonl cannot be written: No such file or directory"),
        (["-O", f"{'x' * 300}.csv"], f"the feed {'x' * 200} cannot be written: File name too long"),
        (["-O", "{tmp}/%(nobody)s.csv"], "cannot be written: nothing is named 'nobody'"),
        (["-O", "x.parquet"], "or write FILE:FORMAT; scrapy export -o FILE.parquet writes Parquet"),
        (["-O", "x.xlsx"], "the format of a feed is none of json, jsonlines, jsonl, jl, csv, xml, marshal, pickle: "),
        (["-O", "webdav://a/x.csv"], "'webdav' is none of the storages file, ftp, ftps, gs, s3, stdout"),
        (["-O", "ftp:///x.csv"], "the feed ftp:///x.csv cannot be written: Got a storage URI without a hostname"),
        (["-o", "{tmp}/x.csv", "-o", "{tmp}/./x.csv"], "another feed goes to the same file"),
        (["-o", "{tmp}/x.csv", "-o", "{tmp}/x.csv:jsonl"], "two feeds go to the same file"),
        (["-O", "{tmp}/output/state.db:jsonl"], "it is a file of the corpus"),
        (["-O", "{tmp}/output/articles/x.jsonl"], "it is a file of the corpus"),
        (["-O", "{tmp}/a.db:csv", "-s", "ALQAHIRA_STATE_URL=sqlite:///{tmp}/a.db"], "it is a file of the corpus"),
        (["-O", "{tmp}/loop:csv"], "the feed {tmp}/loop cannot be written: Too many levels of symbolic links"),
        (["-O", "{tmp}/x.csv", "-s", "FEED_EXPORT_BATCH_ITEM_COUNT=9"], "a feed in batches needs %(batch_id)d"),
        (["-s", "FEED_URI=xx://y", "-s", "FEED_FORMAT=csv"], "'xx' is none of the storages"),
        (["-O", "file://x.csv"], "the feed file://x.csv cannot be written: 'x.csv' would be its host"),
        (["-s", 'FEEDS={{"x": "csv"}}'], "the feed x cannot be written: "),
        (["-s", 'FEEDS={{"x": {{"format": "yaml"}}}}'], "the feed x cannot be written: 'yaml' is none of the formats"),
    ],
)
def test_feed_that_cannot_be_written_is_refused_before_the_crawl(options, problem, tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to("loop")
    given = [option.format(tmp=tmp_path) for option in options]
    ran = scrapy_here("crawl", "defense", *given, settings={"ALQAHIRA_OUTPUT_DIR": str(tmp_path / "output")})
    assert (ran.status, len(ran.lines)) == (2, 1), ran.stderr
    assert problem.format(tmp=tmp_path) in ran.lines[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "loop"]


@pytest.mark.parametrize(
    "options",
    [
        {"uri_params": "nowhere.params"},
        {"item_filter": "nowhere.Filter"},
        {"item_classes": ["nowhere.Item"]},
        {"postprocessing": ["nowhere.Plugin"]},
        {"postprocessing": ["scrapy.extensions.postprocessing.GzipPlugin"], "gzip_compresslevel": 50},
        {"encoding": "nothing-of-that-name"},
        {"item_export_kwargs": {"nothing": 1}},
    ],
    ids=lambda options: "-".join(options),
)
def test_option_of_a_feed_that_cannot_be_used(options, tmp_path):
    settings = Settings({"FEEDS": {str(tmp_path / "x.csv"): {"format": "csv"} | options}})
    settings.setmodule("alqahira.settings")
    with pytest.raises(ConfigurationError, match=f"^the feed {tmp_path}/x.csv cannot be written: "):
        check_feeds(Crawler(DefenseSpider, settings))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("uri", "module", "package"),
    [("s3://bucket/x.jsonl", "boto3", "boto3"), ("gs://bucket/x.jsonl", "google.cloud", "google-cloud-storage")],
)
def test_library_of_a_storage_is_missing(uri, module, package, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    settings = Settings({"FEEDS": {uri: {"format": "jsonl"}}})
    settings.setmodule("alqahira.settings")
    with pytest.raises(ConfigurationError, match=f"^the feed {uri} cannot be written: missing {package} library$"):
        check_feeds(Crawler(DefenseSpider, settings))


def test_login_in_a_feeds_address_is_not_shown():
    assert feed_name("ftp://user:pass@example.org/x.jsonl") == "ftp://…@example.org/x.jsonl"


# --- at its end -----------------------------------------------------------------------------------


def failed_line(ran, corpus, feed, reason):
    """The last line, where a crawl has one problem, its feed; and the run's id."""
    assert ran.status == 1
    assert "Traceback" not in ran.stderr
    summary = corpus.summary()
    assert [result["name"] for result in summary["monitors"] if result["passed"] is False] == ["feeds_written"]
    assert summary["complete"]
    again = AGAIN.format(run_id=summary["run_id"])
    assert ran.stderr.splitlines()[-1] == f"alqahira: the feed {feed} was not written: {reason}; {again}"
    return summary["run_id"]


def test_feed_on_a_full_disk_fails_the_run_and_export_gives_its_articles(site, tmp_path):
    corpus, whole = site.corpus(tmp_path), tmp_path / "whole.jsonl"
    full = tmp_path / "full.jsonl"
    full.symlink_to("/dev/full")
    ran = corpus.crawl("defense", "-O", str(full), "-O", str(whole), settings=QUICK)
    run_id = failed_line(ran, corpus, full, "No space left on device")
    again = tmp_path / "again.jsonl"
    assert (
        scrapy_here("export", "--run", run_id, "-o", str(again), "--topic", "defense", settings=corpus.settings).status
        == 0
    )
    ids = [{json.loads(line)["article_id"] for line in file.open(encoding="utf-8")} for file in (whole, again)]
    assert ids[0] == ids[1] == {str(number) for number in site.listed}


def test_server_that_refuses_the_feed_fails_the_run(site, tmp_path):
    corpus = site.corpus(tmp_path)
    ran = corpus.crawl("defense", "-O", "ftp://user:secret@127.0.0.1:1/x.jsonl", settings=QUICK)
    failed_line(ran, corpus, "ftp://…@127.0.0.1:1/x.jsonl", "Connection refused")
    assert "secret" not in ran.stdout + ran.stderr


def test_server_that_never_answers_does_not_hold_the_run(site, tmp_path):
    corpus = site.corpus(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        feed = f"ftp://127.0.0.1:{silent.getsockname()[1]}/x.jsonl"
        ran = corpus.crawl("defense", "-O", feed, settings=QUICK | {"ALQAHIRA_FEED_TIMEOUT": "0.1"})
    failed_line(ran, corpus, feed, "it took longer than ALQAHIRA_FEED_TIMEOUT")


def test_reader_of_the_feed_that_goes_away_fails_the_run(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("ALQAHIRA_", "PYTHONUNBUFFERED"))
    }
    # One article, which is in a buffer until the feed is closed.
    with small_site(1) as site, (tmp_path / "log").open("wb") as errors:
        corpus = site.corpus(tmp_path)
        options = [part for name, value in (corpus.settings | QUICK).items() for part in ("-s", f"{name}={value}")]
        command = [sys.executable, "-m", "scrapy", "crawl", "defense", "-o", "-:jsonl", *options]
        process = subprocess.Popen(command, cwd=PROJECT, env=clean, stdout=writer, stderr=errors)
        os.close(writer)
        status = process.wait(240)
    ran = Ran(status, "", (tmp_path / "log").read_text("utf-8"))
    failed_line(ran, corpus, "on standard output", "its reader has gone")


def test_feed_whose_name_cannot_be_made_fails_the_run(site, tmp_path):
    (tmp_path / "names.py").write_text("def make(params, spider):\n    raise ValueError('no name')\n")
    corpus = site.corpus(tmp_path)
    given = {"FEED_URI_PARAMS": "names.make"} | QUICK
    ran = corpus.crawl("defense", "-O", str(tmp_path / "x.csv"), settings=given, fresh=True, PYTHONPATH=str(tmp_path))
    failed_line(ran, corpus, tmp_path / "x.csv", "no name")


def test_feed_without_articles_is_written_empty(site, tmp_path):
    corpus, feed = site.corpus(tmp_path), tmp_path / "x.jsonl"
    assert corpus.crawl("defense", "-O", str(feed), settings=QUICK).status == 0
    assert len(feed.read_text("utf-8").splitlines()) == len(site.listed)
    assert corpus.crawl("defense", "-O", str(feed), settings=QUICK).status == 0
    assert feed.read_text("utf-8") == ""
