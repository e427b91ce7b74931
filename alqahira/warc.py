"""WARC 1.1 records of article pages: made, read back, and named in an index. No clock, no network, no file.

The format is ISO 28500:2017 (https://iipc.github.io/warc-specifications/), written and parsed by warcio. A file
of ours is one gzip member a record, so that what is torn or garbled costs that record and no other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from scrapy.http import Headers as ScrapyHeaders
from twisted.web.http import RESPONSES
from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.timeutils import iso_date_to_datetime
from warcio.warcwriter import WARCWriter

from alqahira import urls
from alqahira.extract import Hints
from alqahira.page import ArchivedResponse, Fetch, Headers

# The extension header in which pywb and Browsertrix keep JSON of their own; ours is atomic with its page that way.
NOTE_HEADER = "WARC-JSON-Metadata"
# What a run's `metadata` records say.
TAKEN_UP, ENDED = "taken_up", "ended"

# Names a secret, or concerns the next proxy alone.
_PRIVATE = frozenset({b"authorization", b"proxy-authorization", b"cookie"})


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a file. `payload`: its block without HTTP headers; None where it is larger than was asked for."""

    type: str
    headers: Mapping[str, str]  # WARC headers, names in lower case
    http: StatusAndHeaders | None
    payload: bytes | None
    offset: int
    length: int

    @property
    def url(self) -> str:
        return self.headers.get("warc-target-uri", "")

    @property
    def date(self) -> datetime:
        """WARC-Date as aware UTC. Raises ValueError where there is none."""
        found: datetime = iso_date_to_datetime(self.headers.get("warc-date", ""), tz_aware=True)
        return found

    @property
    def note(self) -> dict[str, Any] | None:
        """What our writer noted with a page; None in the files of other tools, whatever they note."""
        found = _object(self.headers.get(NOTE_HEADER.lower()))
        return found if found and "key" in found else None

    @property
    def event(self) -> dict[str, Any]:
        """What a `metadata` record of ours says; empty for any other."""
        return (self.type == "metadata" and _object(self.payload)) or {}


def _object(text: str | bytes | None) -> dict[str, Any] | None:
    try:
        value = json.loads(text or "null")
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


# --- writing ------------------------------------------------------------------------------------


def run_record(filename: str, started: datetime, about: Mapping[str, str]) -> bytes:
    """The `warcinfo` that a run's file begins with."""
    writer, out = _writer()
    info = writer.create_warcinfo_record(filename, {name: value for name, value in about.items() if value})
    info.rec_headers.replace_header("WARC-Date", warc_date(started))
    return _member(writer, out, info)


def page_records(page: ArchivedResponse) -> tuple[bytes, bytes]:
    """The page's own record, and that of its request; the second is empty for a page that was rendered."""
    visit = page.visit
    if page.is_rendered:
        return rendered_record(visit.url, visit.fetched, page.body, _note(page)), b""
    answer = Answer(page.status, page.headers, page.body, page.protocol)
    return answer_records(visit.url, visit.fetched, answer, _note(page), sent=page.request_headers)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came over the wire: `body` still has the Content-Encoding that `headers` name."""

    status: int
    headers: Headers
    body: bytes
    protocol: str = "HTTP/1.1"


def rendered_record(url: str, when: datetime, dom: bytes, note: Mapping[str, Any]) -> bytes:
    """A `resource`: the DOM of a page that the browser filled, as UTF-8."""
    writer, out = _writer()
    headers = {"WARC-Date": warc_date(when), NOTE_HEADER: json.dumps(note)}
    html = "text/html; charset=utf-8"
    record = writer.create_warc_record(url, "resource", BytesIO(dom), len(dom), html, warc_headers_dict=headers)
    return _member(writer, out, record)


def answer_records(
    url: str,
    when: datetime,
    answer: Answer,
    note: Mapping[str, Any],
    *,
    method: str = "GET",
    sent: Headers = (),
    content: bytes = b"",
) -> tuple[bytes, bytes]:
    """A `response` and its `request`, whose headers are `sent` without secrets and whose body is `content`."""
    writer, out = _writer()
    headers = {"WARC-Date": warc_date(when), NOTE_HEADER: json.dumps(note)}
    status = f"{answer.status} {RESPONSES.get(answer.status, b'').decode()}".strip()
    http = _WireHeaders(status, _text(answer.headers), protocol=answer.protocol)
    record = writer.create_warc_record(
        url, "response", BytesIO(answer.body), len(answer.body), http_headers=http, warc_headers_dict=headers
    )
    response = _member(writer, out, record)
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    public = [("Host", parts.netloc), *_text(pair for pair in sent if pair[0].lower() not in _PRIVATE)]
    request = writer.create_warc_record(
        url,
        "request",
        BytesIO(content),
        len(content),
        http_headers=_WireHeaders(f"{target} {answer.protocol}", public, protocol=method),
        warc_headers_dict={
            "WARC-Date": headers["WARC-Date"],
            "WARC-Concurrent-To": record.rec_headers.get_header("WARC-Record-ID"),
        },
    )
    return response, _member(writer, out, request)


def event_record(event: str, when: datetime, told: Mapping[str, Any], refers_to: Fetch | None = None) -> bytes:
    """A `metadata` record: what else happened in a run that decides what it published."""
    writer, out = _writer()
    headers = {"WARC-Date": warc_date(when)}
    if refers_to is not None:
        headers["WARC-Refers-To-Target-URI"] = refers_to.url
        headers["WARC-Refers-To-Date"] = warc_date(refers_to.fetched)
    block = json.dumps({"event": event, **told}, ensure_ascii=False).encode()
    url = refers_to.url if refers_to else ""
    content_type = "application/json"
    record = writer.create_warc_record(
        url, "metadata", BytesIO(block), len(block), content_type, warc_headers_dict=headers
    )
    return _member(writer, out, record)


def warc_date(moment: datetime) -> str:
    """RFC 3339 in UTC to the microsecond, as WARC 1.1 has it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class _WireHeaders(StatusAndHeaders):  # type: ignore[misc]
    """HTTP headers byte for byte; warcio's own escapes what is not ASCII."""

    def compute_headers_buffer(self, header_filter: Any = None) -> None:
        self.headers_buff = f"{self.to_str(header_filter)}\r\n".encode("latin-1")


def _text(headers: Headers | Iterator[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), b" ".join(value.splitlines()).decode("latin-1")) for name, value in headers]


def _note(page: ArchivedResponse) -> dict[str, Any]:
    visit, hints = page.visit, page.hints
    said = {
        "key": visit.key,
        "link": page.link_url if page.link_url != visit.url else None,
        "discovered_on": visit.discovered_on,
        "listing_headline": hints.listing_headline,
        "listing_date": hints.listing_date.isoformat() if hints.listing_date else None,
        "sitemap_date": hints.sitemap_date.isoformat() if hints.sitemap_date else None,
        "section": hints.section,
    }
    return {name: value for name, value in said.items() if value is not None}


def _writer() -> tuple[WARCWriter, BytesIO]:
    out = BytesIO()
    return WARCWriter(out, gzip=True, warc_version="1.1"), out


def _member(writer: WARCWriter, out: BytesIO, record: ArcWarcRecord) -> bytes:
    out.seek(0)
    out.truncate()
    writer.write_record(record)
    return out.getvalue()


# --- back to a page ------------------------------------------------------------------------------


def page_of(record: Record) -> ArchivedResponse:
    """The page that a `response` or `resource` holds, with what was noted of it. Raises ValueError for a bad one."""
    note = record.note or {}
    url = record.url
    http = record.http
    headers = ScrapyHeaders([(name, value) for name, value in http.headers] if http else [])
    key = note.get("key") or urls.article_id(urls.canonical_url(url))
    return ArchivedResponse(
        visit=Fetch(
            key=str(key),
            url=url,
            fetched=record.date,
            etag=_header(headers, "ETag"),
            last_modified=_header(headers, "Last-Modified"),
            discovered_on=note.get("discovered_on"),
        ),
        link_url=note.get("link") or url,
        hints=Hints(
            listing_headline=note.get("listing_headline"),
            listing_date=_moment(note.get("listing_date")),
            sitemap_date=_moment(note.get("sitemap_date")),
            section=note.get("section"),
        ),
        body=record.payload or b"",
        headers=tuple((name, value) for name, values in headers.items() for value in values),
        status=int(http.get_statuscode()) if http else 200,
        protocol=http.protocol if http else "",
        is_rendered=http is None,
    )


def _header(headers: ScrapyHeaders, name: str) -> str | None:
    value = headers.get(name)
    return value.decode("latin-1") if value else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


# --- the index ----------------------------------------------------------------------------------


def index_line(record: Record, filename: str, run_id: str) -> str:
    """A CDXJ line: «SURT 20261124170639 {json}», in the members that pywb reads and two of ours."""
    http = record.http
    fields = {
        "url": record.url,
        "mime": _mime((http.get_header("Content-Type") if http else record.headers.get("content-type")) or ""),
        "status": http.get_statuscode() if http else "200",
        "digest": record.headers.get("warc-payload-digest", ""),
        "length": str(record.length),
        "offset": str(record.offset),
        "filename": filename,
        "article_id": urls.article_id(urls.canonical_url(record.url)),
        "run_id": run_id,
    }
    return f"{surt(record.url)} {record.date:%Y%m%d%H%M%S} {json.dumps(fields, ensure_ascii=False)}"


def _mime(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def surt(url: str) -> str:
    """The sort-friendly form of a URL that CDX indexes go by: `net,alqaheranews)/news/61505/…`."""
    parts = urlsplit(url.lower())
    host = ",".join(reversed((parts.hostname or "").removeprefix("www.").split(".")))
    port = f":{parts.port}" if parts.port not in (None, 80 if parts.scheme == "http" else 443) else ""
    query = "&".join(sorted(parts.query.split("&"))) if parts.query else ""
    return f"{host}{port}){parts.path.rstrip('/') or '/'}" + (f"?{query}" if query else "")
