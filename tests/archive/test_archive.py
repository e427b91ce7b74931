"""The archive: pages are kept as received, each record leads to its page, and a killed run does no damage."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha1

import brotli
import pytest
from scrapy_process import PROJECT, UNTHROTTLED, Corpus, scrapy
from test_guards import ARTICLE, NO_BROWSER, serve
from warcio.archiveiterator import ArchiveIterator

from alqahira.archive.warc import Record, event_record, page_of, page_records, run_record, surt, warc_date
from alqahira.archive.warc_files import Damage, read_records
from alqahira.archive.writer import close_left_open, files, index_lines
from alqahira.extraction.extractor import Hints
from alqahira.extraction.items import ArchivedResponse, Fetch
from alqahira.ledger import open_ledger
from alqahira.ledger.frontier import Link

__all__ = ["serve"]

ON = {"ALQAHIRA_ARCHIVE": "true"}
MAX = 100_000
URL = "https://alqaheranews.net/news/7/%D8%AE%D8%A8%D8%B1"
PAGE = ArchivedResponse(
    fetch=Fetch(
        key="7",
        url=URL,
        fetched=datetime(2026, 11, 25, 9, 8, 7, 654321, UTC),
        etag='"a"',
        last_modified="Wed, 25 Nov 2026 09:00:00 GMT",
        discovered_on="https://alqaheranews.net/category/%D8%A3%D8%AE%D8%A8%D8%A7%D8%B1",
    ),
    link_url="https://alqaheranews.net/news/7",
    hints=Hints("عنوان «الخبر»", datetime(2026, 11, 25, 8, tzinfo=timezone(timedelta(hours=2))), None),
    body=gzip.compress("<p>نص</p>".encode()),
    headers=(
        (b"Content-Encoding", b"gzip"),
        (b"Set-Cookie", b"a=1"),
        (b"Set-Cookie", b"b=2"),
        (b"X-Name", b"caf\xe9"),
        (b"Etag", b'"a"'),
        (b"Last-Modified", b"Wed, 25 Nov 2026 09:00:00 GMT"),
    ),
    request_headers=((b"User-Agent", b"alqahira"), (b"Proxy-Authorization", b"secret"), (b"Cookie", b"secret")),
)
RENDERED = replace(PAGE, body="<p>نص</p>".encode(), headers=(), is_rendered=True)


def written(path, *members):
    path.write_bytes(b"".join(members))
    return path


def pages(path):
    return [record for record in read_records(path, max_bytes=MAX) if isinstance(record, Record) and record.note]


# --- one record ---------------------------------------------------------------------------------


def test_page_is_read_back_unchanged_with_its_link(tmp_path):
    (record,) = pages(written(tmp_path / "a.warc.gz", page_records(PAGE)))
    page = page_of(record)
    assert dict(page.headers).keys() == dict(PAGE.headers).keys()
    for name in ("fetch", "link_url", "hints", "body", "status", "protocol", "is_rendered"):
        assert getattr(page, name) == getattr(PAGE, name), name


def test_records_are_warc_1_1_with_received_bytes_and_digest(tmp_path):
    path = written(tmp_path / "a.warc.gz", page_records(PAGE))
    with path.open("rb") as file:
        response, request = [
            (record.rec_headers, record.http_headers, record.raw_stream.read())
            for record in ArchiveIterator(file, check_digests="raise")
        ]
    headers, http, body = response
    assert headers.protocol == "WARC/1.1"
    assert headers.get_header("WARC-Type") == "response"
    assert headers.get_header("WARC-Target-URI") == URL
    assert headers.get_header("WARC-Date") == "2026-11-25T09:08:07.654321Z"
    assert body == PAGE.body
    from base64 import b32encode

    assert headers.get_header("WARC-Payload-Digest") == f"sha1:{b32encode(sha1(body).digest()).decode()}"
    assert [value for name, value in http.headers if name == "Set-Cookie"] == ["a=1", "b=2"]
    assert b"X-Name: caf\xe9\r\n" in gzip.decompress(path.read_bytes())
    assert request[0].get_header("WARC-Concurrent-To") == headers.get_header("WARC-Record-ID")
    assert request[1].get_header("User-Agent") == "alqahira"


def test_malformed_note_is_a_value_error(tmp_path):
    (record,) = pages(written(tmp_path / "a.warc.gz", page_records(PAGE)))
    note = json.dumps(record.note | {"sitemap_date": "perhaps"})
    with pytest.raises(ValueError, match="sitemap_date"):
        page_of(replace(record, headers={**record.headers, "warc-json-metadata": note}))


def test_secret_of_a_request_is_not_archived():
    assert b"secret" not in gzip.decompress(page_records(PAGE))


def test_rendered_page_is_a_resource_without_request(tmp_path):
    (record,) = read_records(written(tmp_path / "a.warc.gz", page_records(RENDERED)), max_bytes=MAX)
    assert record.type == "resource"
    assert (page_of(record).body, page_of(record).is_rendered) == (RENDERED.body, True)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://www.alqaheranews.net/news/7/A?b=2&a=1", "net,alqaheranews)/news/7/a?a=1&b=2"),
        ("https://alqaheranews.net/", "net,alqaheranews)/"),
        ("https://alqaheranews.net:443/news/7/", "net,alqaheranews)/news/7"),
        ("http://127.0.0.1:8080/news/7/%D8%AE", "1,0,0,127:8080)/news/7/%d8%ae"),
    ],
)
def test_index_key_is_a_surt(url, key):
    assert surt(url) == key


def test_warc_date_is_utc_to_the_microsecond():
    assert warc_date(datetime(2026, 7, 1, 3, 0, tzinfo=timezone(timedelta(hours=3)))) == "2026-07-01T00:00:00.000000Z"


# --- a damaged file -----------------------------------------------------------------------------

RECORD = page_records(RENDERED)
ENDED = event_record("ended", PAGE.fetch.fetched, {})


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(RECORD + RECORD, ["page", "page"], id="whole"),
        pytest.param(b"", [], id="empty"),
        pytest.param(RECORD + b"garbage" * 99 + RECORD, ["page", "gap", "page"], id="garbage between"),
        pytest.param(b"\0" * 70_000 + RECORD, ["gap", "page"], id="garbage first"),
        pytest.param(RECORD + RECORD[:-9], ["page", "tail"], id="torn"),
        pytest.param(RECORD[:200] + RECORD, ["gap", "page"], id="torn within"),
        pytest.param(RECORD[:200] + b"\xff\xff" + RECORD[202:] + RECORD, ["gap", "page"], id="bits turned"),
        pytest.param(RECORD + gzip.compress(b"no record") + RECORD, ["page", "gap", "page"], id="another gzip"),
        pytest.param(RECORD + b"\x1f\x8b\x08" * 50 + RECORD, ["page", "gap", "page"], id="beginnings"),
        pytest.param(gzip.compress(gzip.decompress(RECORD + ENDED)), ["page", "other"], id="one gzip for all"),
        pytest.param(gzip.decompress(RECORD + ENDED + RECORD), ["page", "other", "page"], id="plain"),
        pytest.param(gzip.decompress(RECORD) + b"garbage\r\n" * 99, ["page", "tail"], id="plain with garbage"),
        pytest.param(gzip.decompress(RECORD)[:-50], ["tail"], id="plain torn"),
        pytest.param(b"WARC/1.1\r\nContent-Length: -9\r\n\r\n" + b"x" * 99, ["tail"], id="plain of no length"),
    ],
)
def test_damage_costs_no_other_record(tmp_path, content, expected):
    def kind(item):
        if isinstance(item, Damage):
            return "tail" if item.is_tail else "gap"
        return "page" if item.note else "other"

    assert [kind(item) for item in read_records(written(tmp_path / "a", content), max_bytes=MAX)] == expected


def test_payload_of_too_large_record_is_none(tmp_path):
    large = page_records(replace(PAGE, body=b"x" * (MAX + 1), headers=()))
    exact = page_records(replace(PAGE, body=b"x" * MAX, headers=()))
    sizes = [record.payload and len(record.payload) for record in pages(written(tmp_path / "a", large, exact, large))]
    assert sizes == [None, MAX, None]


def test_bomb_takes_no_memory_and_costs_no_other_record(tmp_path):
    import zlib

    packer, bomb = zlib.compressobj(9, zlib.DEFLATED, 31), b""
    head = f"WARC/1.1\r\nWARC-Type: response\r\nContent-Length: {2**40}\r\n\r\n".encode()
    bomb = packer.compress(head) + b"".join(packer.compress(b"\0" * 2**20) for _ in range(64)) + packer.flush()
    path = written(tmp_path / "a.warc.gz", bomb, RECORD)
    import tracemalloc

    tracemalloc.start()
    kinds = [type(item).__name__ for item in read_records(path, max_bytes=MAX)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert kinds == ["Damage", "Record"]
    assert peak < 4 * 2**20


# --- a run's file -------------------------------------------------------------------------------


def encoded(name, pack):
    body = pack(ARTICLE.format(n=name).encode())
    return lambda h: h.send(body, Content_Encoding=name, ETag=f'"{name}"')


def test_run_archives_pages_as_received(serve, tmp_path):
    packers = {"gzip": lambda body: gzip.compress(body, mtime=0), "br": brotli.compress}
    answers = {f"/news/{number}/x": encoded(name, pack) for number, (name, pack) in enumerate(packers.items(), 1)}
    root, _ = serve(answers | {"/news/3/x": lambda h: h.send(b"<html><h1>?</h1></html>")})
    corpus = Corpus(tmp_path / "output", root)
    ran = corpus.crawl("defense", settings=NO_BROWSER | ON)
    assert ran.status == 0, ran.stderr
    (path,) = files(corpus.folder / "archive")
    run_id = corpus.records()[0]["run_id"]
    assert path.name == f"{run_id}.warc.gz"
    archived = {record.url.removeprefix(root): page_of(record) for record in pages(path)}
    # Including the page that gave no article: a better extractor may read it.
    assert archived.keys() == {"/news/1/x", "/news/2/x", "/news/3/x"}
    for number, (name, pack) in enumerate(packers.items(), 1):
        assert archived[f"/news/{number}/x"].body == pack(ARTICLE.format(n=name).encode())
        assert (b"Content-Encoding", name.encode()) in archived[f"/news/{number}/x"].headers
    with path.open("rb") as file:
        info = next(iter(ArchiveIterator(file))).raw_stream.read().decode()
    assert f"alqahira-run-id: {run_id}\r\n" in info
    assert "robots: classic\r\n" in info


def test_archive_is_off_by_default(serve, tmp_path):
    root, _ = serve({"/news/1/x": lambda h: h.send(ARTICLE.format(n=1).encode())})
    corpus = Corpus(tmp_path / "output", root)
    assert corpus.crawl("defense", settings=NO_BROWSER).status == 0
    assert not (corpus.folder / "archive").exists()


@pytest.mark.parametrize(
    ("setting", "message"), [("perhaps", "is neither true nor false"), ("true", "ALQAHIRA_ARCHIVE='")]
)
def test_wrong_setting_is_one_line_and_status_2(tmp_path, setting, message):
    if setting == "true":
        (tmp_path / "archive").write_text("a file is in the way")
    ran = scrapy("crawl", "defense", settings={"ALQAHIRA_OUTPUT_DIR": str(tmp_path), "ALQAHIRA_ARCHIVE": setting})
    assert ran.status == 2
    assert len(ran.lines) == 1
    assert message in ran.lines[0]


# --- deaths -------------------------------------------------------------------------------------


def start(corpus, **settings):
    given = UNTHROTTLED | NO_BROWSER | ON | settings
    given |= {"ALQAHIRA_OUTPUT_DIR": str(corpus.folder), "ALQAHIRA_SITE_URL": corpus.site_url}
    command = [sys.executable, "-m", "scrapy", "crawl", "defense", "--nolog"]
    for name, value in given.items():
        command += ["-s", f"{name}={value}"]
    return subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.DEVNULL)


def kept(path):
    return [(record.url, record.date) for record in pages(path)]


@pytest.mark.chaos
def test_next_run_closes_file_of_killed_run(replica, tmp_path):
    server = replica("--delay", "0.01")
    corpus = Corpus(tmp_path / "output", server.url)
    archive = corpus.folder / "archive"
    process = start(corpus)
    try:
        while not any(len(kept(path)) > 4 for path in archive.glob("*.open")):
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.02)
                raise AssertionError("it ended before it was killed")
        process.kill()
        assert process.wait() == -signal.SIGKILL
    finally:
        process.kill()
    (left,) = archive.glob("*.open")
    dead = left.read_bytes()
    # As if it had read two more pages that the ledger does not know, and was killed while it wrote the next.
    left.write_bytes(dead + RECORD * 2 + RECORD[:100])
    assert corpus.crawl("defense", settings=NO_BROWSER | ON).status == 0
    assert not list(archive.glob("*.open"))
    closed = left.with_name(left.name.removesuffix(".open"))
    assert closed in files(archive)
    assert len(files(archive)) == 2
    assert dead.startswith(closed.read_bytes())
    assert closed.with_name(closed.name.replace(".warc.gz", ".cdxj")).read_text("utf-8").splitlines() == sorted(
        line.strip() for line in index_lines(closed, closed.name, max_bytes=10**7)
    )
    # A page that the killed run had read but not processed is kept by the next run only.
    urls = [url for path in files(archive) for url, _ in kept(path)]
    assert len(urls) == len(set(urls))
    moments = {(page_of(r).fetch.key, f"{r.date:%Y-%m-%dT%H:%M:%SZ}") for path in files(archive) for r in pages(path)}
    assert len(corpus.records()) > 20
    for record in corpus.records():
        assert (record["article_id"], record["date_crawled"]) in moments
    assert scrapy("replay", settings={"ALQAHIRA_OUTPUT_DIR": str(corpus.folder)}).status == 0
    assert sorted(Corpus(tmp_path / "output-replayed", "").lines()) == sorted(corpus.lines())


def test_open_file_is_cut_after_last_page_that_the_ledger_knows(tmp_path):
    head = run_record("left.warc.gz", PAGE.fetch.fetched, {"alqahira-run-id": "left"})
    left, unknown = tmp_path / "left.warc.gz.open", tmp_path / "unknown.warc.gz.open"
    known, later = page_records(PAGE), page_records(replace(PAGE, fetch=replace(PAGE.fetch, key="8")))
    left.write_bytes(head + known + later + later[:99])
    unknown.write_bytes(later)
    with open_ledger(f"sqlite:///{tmp_path / 'state.db'}") as ledger:
        ledger.discover([Link("7", URL)], section="defense", run_id="left", now=PAGE.fetch.fetched)
        ledger.fail("7", "no_body", retry=True, now=PAGE.fetch.fetched)
        close_left_open(tmp_path, ledger, max_bytes=10**6)
    assert (tmp_path / "left.warc.gz").read_bytes() == head + known  # the page with its request
    assert len((tmp_path / "left.cdxj").read_text().splitlines()) == 1
    assert not unknown.exists()


@pytest.mark.chaos
@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="needs to mount a small disk")
@pytest.mark.parametrize("is_full_at_once", [False, True])
def test_full_disk_ends_run_with_one_line_and_next_run_continues(replica, tmp_path, is_full_at_once):
    server = replica()
    corpus = Corpus(tmp_path / "output", server.url)
    disk = corpus.folder / "archive"
    disk.mkdir(parents=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=112k", "tmpfs", str(disk)], check=False).returncode:
        pytest.skip("mounting is not allowed here")
    if is_full_at_once:
        with suppress(OSError):
            (disk / "other").write_bytes(b"x" * 2**20)
    try:
        ran = corpus.crawl("defense", settings=NO_BROWSER | ON)
        assert ran.status == 1
        assert ran.lines[-1].startswith("alqahira: the archive ")
        assert "No space left on device" in ran.lines[-1]
        assert "Traceback" not in ran.stderr
        first = len(corpus.records())
        assert (first == 0 and server.paths() == []) if is_full_at_once else (first > 2)
        assert sum(path.startswith("/news/") for path in server.paths()) < 40
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        assert corpus.crawl("defense", settings=NO_BROWSER | ON).status == 0
        keys = {page_of(record).fetch.key for path in files(disk) for record in pages(path)}
        assert not list(disk.glob("*.open"))
        assert len(corpus.records()) > first
        assert set(corpus.by_id()) <= keys
    finally:
        subprocess.run(["umount", str(disk)], check=False)
