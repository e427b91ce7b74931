"""`scrapy replay` of archives written by other tools, and its refusals."""

from __future__ import annotations

import gzip
from io import BytesIO

import pytest
from replaying import HTML, OFFLINE, ROOT, archive_of, chunked, foreign, replay_here, story, tree
from scrapy_process import Corpus, scrapy
from warcio.warcwriter import WARCWriter

# --- archives of other tools --------------------------------------------------------------------


def test_pages_of_another_tool_are_replayed(tmp_path):
    packed = gzip.compress(story(2))
    content = foreign(
        (f"{ROOT}/news/1/a", "200 OK", HTML, story(1), "2026-11-20T10:00:00Z"),
        (f"{ROOT}/news/2/b", "200 OK", [*HTML, ("Content-Encoding", "gzip"), ("Transfer-Encoding", "chunked")], chunked(packed), "2026-11-20T10:00:05Z"),
        (f"{ROOT}/category/x", "200 OK", HTML, b"<html></html>", "2026-11-20T10:00:06Z"),
        ("https://elsewhere.example/news/4/x", "200 OK", HTML, story(4), "2026-11-20T10:00:07Z"),
        (f"{ROOT}/news/5/c", "404 Not Found", HTML, story(5), "2026-11-20T10:00:08Z"),
        (f"{ROOT}/news/6/d", "200 OK", [("Content-Type", "image/jpeg")], b"\xff\xd8", "2026-11-20T10:00:09Z"),
        (f"{ROOT}/news/1/a", "200 OK", HTML, story(7), "2026-11-21T10:00:00Z"),
    )  # fmt: skip
    again = WARCWriter(BytesIO(), gzip=True)
    again.write_record(
        again.create_revisit_record(f"{ROOT}/news/1/a", "sha1:X", f"{ROOT}/news/1/a", "2026-11-20T10:00:00Z")
    )
    archive = archive_of(tmp_path, other=content + again.out.getvalue())
    ran = scrapy(
        "replay", "--archive", str(archive), settings={"ALQAHIRA_OUTPUT_DIR": str(tmp_path / "new")}, **OFFLINE
    )
    assert ran.status == 0, ran.stderr
    records = Corpus(tmp_path / "new", "").records()
    assert [
        (r["article_id"], r["revision"], r["date_crawled"]) for r in sorted(records, key=lambda r: r["date_crawled"])
    ] == [
        ("1", 1, "2026-11-20T10:00:00Z"),
        ("2", 1, "2026-11-20T10:00:05Z"),
        ("1", 2, "2026-11-21T10:00:00Z"),
    ]
    assert {record["discovered_on"] for record in records} == {None}
    assert "5 records are no article page (http_404 1, not_an_article_address 2, not_html 1, revisit 1)" in ran.stdout


def test_uncompressed_file_is_read(tmp_path):
    page = (f"{ROOT}/news/1/a", "200 OK", HTML, story(1), "2026-11-20T10:00:00Z")
    archive = archive_of(tmp_path)
    (archive / "other.warc").write_bytes(foreign(page, compress=False))
    corpus, tally = replay_here(archive, tmp_path / "new")
    assert (tally.pages, tally.damaged, len(corpus.records())) == (1, 0, 1)


def test_too_large_and_undecodable_bodies_fail(tmp_path):
    bomb = gzip.compress(b"<p>" + b" " * 20 * 2**20)
    pages = [
        (f"{ROOT}/news/1/a", "200 OK", [*HTML, ("Content-Encoding", "gzip")], bomb, "2026-11-20T10:00:00Z"),
        (f"{ROOT}/news/2/a", "200 OK", [*HTML, ("Content-Encoding", "br")], b"no brotli", "2026-11-20T10:00:01Z"),
        (f"{ROOT}/news/3/a", "200 OK", HTML, b" " * 17 * 2**20, "2026-11-20T10:00:02Z"),
        (f"{ROOT}/news/4/a", "200 OK", HTML, story(4), "2026-11-20T10:00:03Z"),
    ]
    archive = archive_of(tmp_path, other=foreign(*pages))
    ran = scrapy("replay", "--archive", str(archive), "-o", str(tmp_path / "new"), **OFFLINE)
    assert ran.status == 0
    assert "3 failed (too_large 2, undecodable 1)" in ran.stdout
    assert [record["article_id"] for record in Corpus(tmp_path / "new", "").records()] == ["4"]


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--archive", "{tmp}/none"], 2, "there is no archive at"),
        (["--archive", "{tmp}/empty"], 2, "there is no archive at"),
        (["--archive", "{tmp}/none", "-o", "{tmp}/full"], 2, "there is no archive at"),
        (["--archive", "{tmp}/pageless", "-o", "{tmp}/new"], 1, "no article page is in the archive"),
        (["--archive", "{tmp}/pageless", "-o", "{tmp}/full"], 2, "is neither empty nor an unchanged replay"),
        (["--archive", "{tmp}/pageless", "-o", "{tmp}"], 2, "the archive is in"),
        (["--archive", "{tmp}/pageless", "-o", "/dev/null/x"], 2, "cannot be written"),
        (["unheard-of"], 2, "unknown argument 'unheard-of'; see scrapy replay --help"),
    ],
)
def test_wrong_call_is_one_line_and_leaves_nothing(tmp_path, arguments, status, message):
    for name in ("empty", "pageless", "full"):
        (tmp_path / name).mkdir()
    (tmp_path / "pageless" / "other.warc.gz").write_bytes(foreign())
    (tmp_path / "full" / "precious").write_text("kept")
    before = tree(tmp_path)
    given = [argument.format(tmp=tmp_path) for argument in arguments]
    ran = scrapy("replay", *given, settings={"ALQAHIRA_OUTPUT_DIR": str(tmp_path / "output")})
    assert (ran.status, len(ran.lines)) == (status, 1), ran.lines
    assert message in ran.lines[0]
    assert tree(tmp_path) == before


def test_replay_continued_by_a_crawl_is_not_replaced(tmp_path):
    archive = archive_of(
        tmp_path, other=foreign((f"{ROOT}/news/1/a", "200 OK", HTML, story(1), "2026-11-20T10:00:00Z"))
    )
    again = ["replay", "--archive", str(archive), "-o", str(tmp_path / "new")]
    assert scrapy(*again).status == 0
    manifest = tmp_path / "new" / "_manifest.json"
    manifest.write_text(manifest.read_text() + " ")  # as a run does that publishes
    ran = scrapy(*again)
    assert ran.status == 2
    assert "nor an unchanged replay" in ran.lines[0]
