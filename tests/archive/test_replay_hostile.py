"""A hostile archive costs its records, never the replay; Spark's job reads it in the same way."""

from __future__ import annotations

import gzip
import json
import os
import tracemalloc
from collections import Counter
from pathlib import Path

import pytest
from replaying import ROOT, archive_of, replay_here, story
from scrapy.utils.project import get_project_settings

from alqahira.archive.spark.reading import ARTICLE, DAMAGED, SKIPPED, archive_sources, read_rows
from alqahira.archive.warc_files import Damage, read_records
from alqahira.exceptions import ConfigurationError
from alqahira.settings.configuration import Configuration

URL = f"{ROOT}/news/900/x"
RUN = {"alqahira-run-id": "20261120T100000Z-defense", "alqahira-spider": "defense", "alqahira-site": ROOT}
NOTE = {"key": "900"}
HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"


def member(kind, block, *, url="", note=None, date="2026-11-20T10:00:00.5Z", length=None, extra=""):
    """A record as a gzip member; `note`, `date` and `length` may be anything."""
    named = f"WARC-JSON-Metadata: {note if isinstance(note, str) else json.dumps(note)}\r\n" if note is not None else ""
    target = f"WARC-Target-URI: {url}\r\n" if url else ""
    length = len(block) if length is None else length
    head = f"WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Date: {date}\r\nWARC-Record-ID: <urn:uuid:1>\r\n"
    return gzip.compress(
        f"{head}{target}{named}{extra}Content-Length: {length}\r\n\r\n".encode("utf-8", "surrogateescape")
        + block
        + b"\r\n\r\n",
        1,
    )


def info(**changes):
    fields = RUN | {f"alqahira-{name.replace('_', '-')}": value for name, value in changes.items()}
    return member("warcinfo", "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode())


def page(note=NOTE, *, url=URL, http=HTTP, body=None, **changes):
    return member("response", http + (story(900) if body is None else body), url=url, note=note, **changes)


def ended(**details):
    return member("metadata", json.dumps({"event": "ended", **details}).encode())


# name: members, articles that they give, what is counted.
CASES = {
    "a whole run": ([info(), page(), ended(complete=True)], 1, {}),
    "run id with a path": ([info(run_id="../../pwn"), page()], 1, {DAMAGED: 1}),
    "unknown spider": ([info(spider="../x"), page()], 1, {DAMAGED: 1}),
    "no spider": ([info(spider=""), page()], 1, {DAMAGED: 1}),
    "site is no address": ([info(site="file:///etc"), page()], 1, {DAMAGED: 1}),
    "site with a broken address": ([info(site="http://[::1"), page()], 1, {DAMAGED: 1}),
    "run of another site": (
        [info(site="https://evil.example"), page(url="https://evil.example/news/900/x")],
        0,
        {"not_an_article_address": 1},
    ),
    "run without a record": ([info()], 0, {}),
    "two runs in one file": ([info(), page(), info(run_id="b"), page()], 2, {}),
    "page of another site": (
        [info(), page({"key": "1"}, url="https://evil.example/news/1/x")],
        0,
        {"not_an_article_address": 1},
    ),
    "page of this machine": ([info(), page(url="http://127.0.0.1/news/900/x")], 0, {"not_an_article_address": 1}),
    "page that is a file": ([info(), page(url="file:///news/900/x")], 0, {"not_an_article_address": 1}),
    "page that is a script": ([page(None, url="javascript:alert(1)")], 0, {"not_an_article_address": 1}),
    "page with a broken address": ([info(), page(url="http://[::1/news/900/x")], 0, {"not_an_article_address": 1}),
    "page without an address": ([info(), page(url="")], 0, {DAMAGED: 1}),
    "address that is not UTF-8": ([info(), page(url=f"{ROOT}/news/900/\udcff")], 1, {}),
    "key of another page": ([info(), page({"key": "1"})], 0, {DAMAGED: 1}),
    "key is a list": ([info(), page({"key": [900]})], 0, {DAMAGED: 1}),
    "link to another site": ([info(), page({**NOTE, "link": "https://evil.example/news/900"})], 0, {DAMAGED: 1}),
    "link is a number": ([info(), page({**NOTE, "link": 5})], 0, {DAMAGED: 1}),
    "discovered on another site": ([info(), page({**NOTE, "discovered_on": "https://evil.example/"})], 0, {DAMAGED: 1}),
    "discovered on an object": ([info(), page({**NOTE, "discovered_on": {"a": 1}})], 0, {DAMAGED: 1}),
    "headline is an object": ([info(), page({**NOTE, "listing_headline": {"a": 1}})], 0, {DAMAGED: 1}),
    "headline with half a character": ([info(), page({**NOTE, "listing_headline": "\ud800"})], 0, {DAMAGED: 1}),
    "headline with a NUL": ([info(), page({**NOTE, "listing_headline": "\0"})], 0, {DAMAGED: 1}),
    "headline without end": ([info(), page({**NOTE, "listing_headline": "خ" * 9_000})], 0, {DAMAGED: 1}),
    "listing's date is a number": ([info(), page({**NOTE, "listing_date": 5})], 0, {DAMAGED: 1}),
    "date without a zone": ([info(), page({**NOTE, "sitemap_date": "2026-01-01T00:00:00"})], 0, {DAMAGED: 1}),
    "date of year 1": ([info(), page({**NOTE, "sitemap_date": "0001-01-01T00:00:00+14:00"})], 0, {DAMAGED: 1}),
    "note without end": ([info(), page('{"key":' + "[" * 100_000 + "}")], 1, {}),
    "note is no object": ([info(), page("[1]")], 1, {}),
    "page of year 1": ([info(), page(date="0001-01-01T00:00:00Z")], 0, {DAMAGED: 1}),
    "page of year 9999": ([info(), page(date="9999-12-31T23:59:59Z")], 0, {DAMAGED: 1}),
    "page of no date": ([info(), page(date="yesterday")], 0, {DAMAGED: 1}),
    "page of an impossible date": ([info(), page(date="2026-13-45T99:00:00Z")], 0, {DAMAGED: 1}),
    "status is a word": ([info(), page(http=b"HTTP/1.1 abc OK\r\n\r\n")], 0, {DAMAGED: 1}),
    "status 404": ([info(), page(http=b"HTTP/1.1 404 Not Found\r\n\r\n")], 0, {"http_404": 1}),
    "no HTTP headers": ([info(), page(http=b"", body=b"")], 0, {}),
    "chunks that are none": ([info(), page(http=HTTP[:-2] + b"Transfer-Encoding: chunked\r\n\r\n")], 1, {}),
    "encoded thirty times": ([info(), page(http=HTTP[:-2] + b"Content-Encoding: " + b"gzip, " * 30 + b"br\r\n\r\n")], 0, {}),
    "length below zero": ([info(), page(length=-5)], 0, {DAMAGED: 1}),
    "length beyond the file": ([info(), page(length=10**18)], 0, {DAMAGED: 1}),
    "length of a thousand digits": ([info(), page(length="9" * 5_000)], 0, {DAMAGED: 1}),
    "length is a word": ([info(), page(length="abc")], 0, {DAMAGED: 1}),
    "cut in the middle": ([info(), page(), page()[:-99]], 1, {DAMAGED: 1}),
    "headers without end": ([info(), gzip.compress(b"WARC/1.1\r\n" + b"a" * 2_000_000)], 0, {DAMAGED: 1}),
    "no WARC": ([b"hello\n" * 10], 0, {DAMAGED: 1}),
    "a thousand members that are none": ([info(), gzip.compress(b"WARC/") * 1_000, page()], 1, {DAMAGED: 1}),
    "empty": ([b""], 0, {}),
    "end with a status of text": ([info(), page(), ended(exit_status="x")], 1, {DAMAGED: 1}),
    "end with a status beyond all": ([info(), page(), ended(exit_status=10**30)], 1, {DAMAGED: 1}),
    "end with a reason of objects": ([info(), page(), ended(reason=[{}])], 1, {DAMAGED: 1}),
    "end of no date": ([info(), page(), member("metadata", b'{"event": "ended"}', date="never")], 1, {DAMAGED: 1}),
    "events of other kinds": ([info(), ended(met=5), member("metadata", b"[" * 100_000), member("conversion", b"")], 0, {}),
    "revisit": ([info(), member("revisit", b"", url=URL)], 0, {"revisit": 1}),
}  # fmt: skip


def archive_with(tmp_path, *members):
    """An archive with an honest run, which comes last."""
    honest = [info(run_id="z"), page({"key": "1"}, url=f"{ROOT}/news/1/x", body=story(1), date="2026-11-21T10:00:00Z")]
    return archive_of(tmp_path, a=b"".join(members), z=b"".join([*honest, ended(complete=True)]))


def rows_of(archive, **settings):
    given = get_project_settings()
    given.setdict(settings, priority="cmdline")
    sources = archive_sources(archive, Configuration.from_settings(given))
    return [row for source in sources for row in read_rows(source, max_bytes=10**7, max_headline=1_000)]


def counted(rows):
    return Counter(row.cause if row.kind == SKIPPED else row.kind for row in rows if row.kind in (SKIPPED, DAMAGED))


@pytest.mark.parametrize("name", CASES)
def test_hostile_file_costs_its_records(tmp_path, name):
    members, articles, expected = CASES[name]
    rows = rows_of(archive_with(tmp_path, *members))
    assert counted(rows) == expected
    assert [row.key for row in rows if row.kind == ARTICLE] == ["900"] * articles + ["1"]


def test_replay_counts_what_the_job_counts(tmp_path):
    archive = archive_of(tmp_path, **{f"f{n}": b"".join(members) for n, (members, *_) in enumerate(CASES.values())})
    corpus, tally = replay_here(archive, tmp_path / "new")
    expected = counted(rows_of(archive))
    assert tally.skipped + Counter({DAMAGED: tally.damaged}) == expected
    assert (tally.errors, {record["url"] for record in corpus.records()}) == (0, {URL})


def test_files_of_other_kinds_in_an_archive_are_passed_by(tmp_path):
    archive = archive_with(tmp_path, info(), page())
    os.mkfifo(archive / "fifo.warc.gz")
    (archive / "folder.warc.gz").mkdir()
    (archive / "empty.warc.gz").touch()
    (archive / "link.warc.gz").symlink_to(__file__)
    (archive / "nowhere.warc.gz").symlink_to(tmp_path / "nowhere")
    rows = rows_of(archive)
    assert counted(rows) == {DAMAGED: 1}
    assert [row.key for row in rows if row.kind == ARTICLE] == ["900", "1"]


@pytest.mark.parametrize("make", [os.mkfifo, Path.touch])
def test_file_is_no_archive(tmp_path, make):
    make(tmp_path / "a.warc.gz")
    with pytest.raises(ConfigurationError, match=r"a\.warc\.gz is no folder"):
        rows_of(tmp_path / "a.warc.gz")


def test_replay_is_of_the_site_of_the_settings(tmp_path):
    there = "https://evil.example/news/900/x"
    archive = archive_with(tmp_path, info(site="https://evil.example"), page(url=there))
    (mine,) = [row for row in rows_of(archive) if row.kind == ARTICLE]
    (theirs,) = [row for row in rows_of(archive, ALQAHIRA_SITE_URL="https://evil.example") if row.kind == ARTICLE]
    assert (mine.key, theirs.key) == ("1", "900")
    with pytest.raises(ConfigurationError, match=r"holds alqaheranews\.net, evil\.example: name one of them"):
        rows_of(archive, ALQAHIRA_SITE_URL="https://third.example")


def test_line_of_a_plain_file_is_not_read_without_bound(tmp_path):
    path = tmp_path / "a.warc"
    path.write_bytes(b"WARC/1.1\r\nWARC-Type: " + b"a" * 20_000_000)
    tracemalloc.start()
    (damage,) = read_records(path, max_bytes=1_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(damage, Damage)
    assert peak < 4 * 2**20
