"""`scrapy doctor --save`: the answers of the site as WARC, for any tool and for the readers of this project."""

import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from scrapy import Request
from scrapy.http import Response
from scrapy_process import UNTHROTTLED, scrapy
from warcio.archiveiterator import ArchiveIterator

from alqahira.archive.warc_files import read_records
from alqahira.doctor.saving import open_archive, records_of
from alqahira.doctor.saving import save as save_exchanges
from alqahira.doctor.visit import Exchange
from alqahira.extraction.extractor import read_page
from alqahira.extraction.listing import read_listing

MAX = 10_000_000


def save(root, folder, *arguments, **settings):
    given = UNTHROTTLED | {"ALQAHIRA_SITE_URL": root, "ALQAHIRA_BROWSER": "never"} | settings
    return scrapy("doctor", "--save", str(folder), *arguments, settings=given)


def records(path):
    """(type, URL, status line or request line, headers, decoded body) of each record, as warcio reads it."""
    with path.open("rb") as file:
        for record in ArchiveIterator(file):
            http = record.http_headers
            line = f"{http.protocol} {http.statusline}" if http else ""
            headers = dict(http.headers) if http else {}
            yield record.rec_type, record.rec_headers["WARC-Target-URI"], line, headers, record.content_stream().read()


def test_every_answer_is_saved_and_readable(replica, tmp_path):
    server = replica("--articles", "100")
    ran = save(server.url, tmp_path / "saved")
    assert ran.status == 0
    (path,) = (tmp_path / "saved").glob("doctor-*.warc.gz")
    kept = list(records(path))
    requested = server.paths()
    answers = {url: body for kind, url, _, _, body in kept if kind == "response"}
    assert sorted(url.removeprefix(server.url) for url in answers) == sorted(requested)
    assert sum(kind == "request" for kind, *_ in kept) == len(requested)
    now = server.now
    listing_url = next(url for url in answers if "/category/" in url and "?" not in url and "no-such" not in url)
    listing = read_listing(answers[listing_url], listing_url, root=server.url, now=now)
    assert (len(listing.cards), listing.info.current_page) == (40, 1)
    second = read_listing(answers[f"{listing_url}?page=2"], f"{listing_url}?page=2", root=server.url, now=now)
    assert second.info.current_page == 2
    url = next(url for url in answers if urlsplit(url).path.count("/") == 3 and urlsplit(url).path.startswith("/news/"))
    assert read_page(answers[url], url, now=now).article is not None
    statuses = {urlsplit(url).path: line for kind, url, line, *_ in kept if kind == "response"}
    assert statuses["/category/no-such-listing"] == "HTTP/1.1 404 Not Found"


def test_bodies_keep_their_content_encoding(replica, tmp_path):
    server = replica()
    assert save(server.url, tmp_path).status == 0
    (path,) = tmp_path.glob("doctor-*.warc.gz")
    listing = next(r for r in read_records(path, max_bytes=MAX) if r.type == "response" and "/category/" in r.url)
    coding = listing.http.get_header("Content-Encoding")
    assert listing.payload[:2] == {"gzip": b"\x1f\x8b", None: b"<!"}[coding]


def test_requests_are_saved_without_secrets(tmp_path):
    headers = {"Accept": "*/*", "Cookie": "SECRET", "Authorization": "SECRET", "X-Document": "2"}
    request = Request("https://x/api?a=1", method="POST", headers=headers, body=b'{"page":2}')
    answer = Exchange("page 2 by press", request, Response(request.url, body=b"{}"))
    path = tmp_path / "one.warc.gz"
    path.write_bytes(records_of(answer))
    (_, _, _, _, _), (kind, url, line, headers, body) = records(path)
    assert (kind, url, line, body) == ("request", "https://x/api?a=1", "POST /api?a=1 HTTP/1.1", b'{"page":2}')
    assert headers == {"Host": "x", "Accept": "*/*", "X-Document": "2"}
    assert b"SECRET" not in path.read_bytes()


def test_failures_are_saved_as_events(tmp_path):
    ran = save("http://127.0.0.1:1", tmp_path, RETRY_TIMES="0")
    assert ran.status == 4
    (path,) = tmp_path.glob("doctor-*.warc.gz")
    events = [record.event for record in read_records(path, max_bytes=MAX) if record.type == "metadata"]
    assert events[0] == {
        "event": "no_answer",
        "kind": "robots",
        "method": "GET",
        "url": "http://127.0.0.1:1/robots.txt",
        "failure": "connection_refused",
    }


def test_warcio_indexes_and_checks_it(replica, tmp_path):
    assert save(replica().url, tmp_path).status == 0
    (path,) = tmp_path.glob("doctor-*.warc.gz")
    done = subprocess.run(
        [sys.executable, "-m", "warcio.cli", "index", str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.count('"warc-type": "response"') == done.stdout.count('"warc-type": "request"') > 10
    checked = subprocess.run([sys.executable, "-m", "warcio.cli", "check", str(path)], capture_output=True, check=False)
    assert checked.returncode == 0
    assert path.with_name(path.name.replace(".warc.gz", ".cdxj")).exists()


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_unwritable_folder_is_one_line_and_status_2(tmp_path, place):
    (tmp_path / "file").touch()
    ran = save("http://127.0.0.1:1", tmp_path / place)
    assert ran.status == 2
    assert len(ran.lines) == 1
    assert ran.lines[0].startswith(f"alqahira: --save {tmp_path / place}: it cannot be written: ")


def test_failing_archive_is_returned_as_an_error(tmp_path):
    archive = open_archive(str(tmp_path), "https://x", max_bytes=MAX)
    archive._file.close()
    archive._file = open("/dev/full", "r+b", buffering=0)  # noqa: SIM115
    exchanges = [Exchange("article", Request("https://x/"), Response("https://x/"))] * 2
    assert "cannot be written: No space left on device" in str(save_exchanges(archive, exchanges))


def test_saved_visit_is_no_run(replica, tmp_path):
    assert save(replica().url, tmp_path).status == 0
    (path,) = tmp_path.glob("doctor-*.warc.gz")
    kept = list(read_records(path, max_bytes=MAX))
    assert b"alqahira-run-id" not in kept[0].payload
    assert all(record.note is None for record in kept)
