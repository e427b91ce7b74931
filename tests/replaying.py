"""Replays in the test's own process, and archives written by tests."""

from __future__ import annotations

import hashlib
from io import BytesIO
from pathlib import Path

from scrapy.utils.project import get_project_settings
from scrapy_process import Corpus
from test_guards import ARTICLE
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from alqahira.replay import Tally, replay, runs_of

# PYTHONPATH under which any use of the network ends the process with status 99.
OFFLINE = {"PYTHONPATH": str(Path(__file__).parent / "no_network")}
ROOT = "https://alqaheranews.net"
HTML = [("Content-Type", "text/html; charset=utf-8")]


def tree(folder, *but):
    """The bytes of every file below a folder, by path, without the files named in `but`."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name not in but)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def archive_of(tmp_path, **contents):
    folder = tmp_path / "archive"
    folder.mkdir()
    for name, content in contents.items():
        (folder / f"{name}.warc.gz").write_bytes(content)
    return folder


def replay_here(archive, folder, **settings) -> tuple[Corpus, Tally]:
    """A replay in this process, whose code a test may have patched."""
    given = get_project_settings()
    given.setdict({"ALQAHIRA_OUTPUT_DIR": str(folder), "ALQAHIRA_STATE_URL": "", **settings}, priority="cmdline")
    tally = replay(runs_of(archive, given), given, lambda _: None)
    return Corpus(folder, ""), tally


def foreign(*pages, compress=True):
    """A WARC as other tools write it: pages as (url, status, headers, body, date)."""
    out = BytesIO()
    writer = WARCWriter(out, gzip=compress, warc_version="1.0")
    writer.write_record(writer.create_warcinfo_record("other.warc.gz", {"software": "Wget/1.21"}))
    for url, status, headers, body, date in pages:
        http = StatusAndHeaders(status, headers, protocol="HTTP/1.1")
        writer.write_record(
            writer.create_warc_record(
                url, "response", BytesIO(body), len(body), http_headers=http, warc_headers_dict=headers_of(date)
            )
        )
    return out.getvalue()


def headers_of(date):
    """Record headers with one of Browsertrix' own."""
    return {"WARC-Date": date, "WARC-JSON-Metadata": '{"ipType": "Public"}'}


def story(n):
    """The page of an article whose words depend on n."""
    words = " ".join(
        hashlib.sha256(f"{n}{i}".encode()).hexdigest().translate(str.maketrans("0123456789abcdef", "ابتثجحخدذرزسشصضط"))
        for i in range(8)
    )
    return ARTICLE.format(n=words).encode()


def chunked(body):
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
