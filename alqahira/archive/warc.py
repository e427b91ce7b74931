"""WARC 1.1 records of article pages: writes them, reads them back, makes lines of an index. No clock, network or file.

The format is ISO 28500:2017 (https://iipc.github.io/warc-specifications/), written and parsed by warcio. Each record is
a gzip member of its own, so that damage costs only that record.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from pydantic import TypeAdapter
from scrapy.http import Headers as ScrapyHeaders
from twisted.web.http import RESPONSES
from warcio.statusandheaders import StatusAndHeaders
from warcio.timeutils import iso_date_to_datetime
from warcio.warcwriter import WARCWriter

from alqahira.extraction import urls
from alqahira.extraction.extractor import Hints
from alqahira.extraction.items import ArchivedResponse, Fetch, Headers, RawResponse, header_pairs, header_text

# An extension header, also used by pywb and Browsertrix; it keeps the note in the page's own record.
NOTE_HEADER = "WARC-JSON-Metadata"
# The event of a run's last `metadata` record. Older archives also have `taken_up`, which is ignored.
ENDED = "ended"

_HINTS = TypeAdapter(Hints)
# These hold secrets.
_PRIVATE = frozenset({b"authorization", b"proxy-authorization", b"cookie"})


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a file. `payload`: its block without HTTP headers; None if it is larger than `max_bytes`."""

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
        """WARC-Date as aware UTC. Raises ValueError if there is none."""
        date: datetime = iso_date_to_datetime(self.headers.get("warc-date", ""), tz_aware=True)
        return date

    @property
    def note(self) -> dict[str, Any] | None:
        """What this project noted with a page; None for records of other tools, whatever their header holds."""
        note = _object(self.headers.get(NOTE_HEADER.lower()))
        return note if note and "key" in note else None

    @property
    def event(self) -> dict[str, Any]:
        """The content of a `metadata` record of this project; empty for any other record."""
        return (self.type == "metadata" and _object(self.payload)) or {}


def _object(text: str | bytes | None) -> dict[str, Any] | None:
    try:
        value = json.loads(text or "null")
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


# --- writing ------------------------------------------------------------------------------------


def run_record(filename: str, started: datetime, about: Mapping[str, str]) -> bytes:
    """The `warcinfo` record at the beginning of a file."""
    writer, out = _writer()
    record = writer.create_warcinfo_record(filename, about)
    record.rec_headers.replace_header("WARC-Date", warc_date(started))
    writer.write_record(record)
    return out.getvalue()


def page_records(page: ArchivedResponse) -> bytes:
    """The records of a page: `response` and `request`, or one `resource` for a page rendered by the browser."""
    fetch = page.fetch
    if page.is_rendered:
        return rendered_record(fetch.url, fetch.fetched, page.body, _note(page))
    raw = RawResponse(page.status, page.headers, page.body, page.protocol)
    return response_records(fetch.url, fetch.fetched, raw, _note(page), sent=page.request_headers)


def rendered_record(url: str, when: datetime, dom: bytes, note: Mapping[str, Any]) -> bytes:
    """A `resource` record: the DOM of a page rendered by the browser, as UTF-8."""
    return _single(url, "resource", when, dom, "text/html; charset=utf-8", {NOTE_HEADER: json.dumps(note)})


def event_record(event: str, when: datetime, details: Mapping[str, Any]) -> bytes:
    """A `metadata` record: an event of a run, such as its end."""
    block = json.dumps({"event": event, **details}, ensure_ascii=False).encode()
    return _single("", "metadata", when, block, "application/json", {})


def response_records(
    url: str,
    when: datetime,
    raw: RawResponse,
    note: Mapping[str, Any],
    *,
    method: str = "GET",
    sent: Headers = (),
    content: bytes = b"",
) -> bytes:
    """A `response` record and its `request`, which has the headers `sent`, without secrets, and the body `content`."""
    writer, out = _writer()
    response = writer.create_warc_record(
        url,
        "response",
        BytesIO(raw.body),
        len(raw.body),
        http_headers=_WireHeaders(
            f"{raw.status} {RESPONSES.get(raw.status, b'').decode()}".strip(),
            _text(raw.headers),
            protocol=raw.protocol,
        ),
        warc_headers_dict={"WARC-Date": warc_date(when), NOTE_HEADER: json.dumps(note)},
    )
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    public = [("Host", parts.netloc), *_text(pair for pair in sent if pair[0].lower() not in _PRIVATE)]
    request = writer.create_warc_record(
        url,
        "request",
        BytesIO(content),
        len(content),
        http_headers=_WireHeaders(f"{target} {raw.protocol}", public, protocol=method),
    )
    writer.write_request_response_pair(request, response)
    return out.getvalue()


def warc_date(moment: datetime) -> str:
    """RFC 3339 in UTC to the microsecond, as WARC 1.1 allows."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class _WireHeaders(StatusAndHeaders):  # type: ignore[misc]
    """HTTP headers byte for byte; warcio's own class escapes what is not ASCII."""

    def compute_headers_buffer(self, header_filter: Any = None) -> None:
        self.headers_buff = f"{self.to_str(header_filter)}\r\n".encode("latin-1")


def _text(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), b" ".join(value.splitlines()).decode("latin-1")) for name, value in headers]


def _writer() -> tuple[WARCWriter, BytesIO]:
    out = BytesIO()
    return WARCWriter(out, gzip=True, warc_version="1.1"), out


def _single(url: str, kind: str, when: datetime, block: bytes, media_type: str, headers: dict[str, str]) -> bytes:
    writer, out = _writer()
    named = {"WARC-Date": warc_date(when), **headers}
    content = (BytesIO(block), len(block), media_type)
    writer.write_record(writer.create_warc_record(url, kind, *content, warc_headers_dict=named))
    return out.getvalue()


# --- what is noted with a page --------------------------------------------------------------------


def _note(page: ArchivedResponse) -> dict[str, Any]:
    """What is known of a page only from the link to it; `page_of` reads it back."""
    values = {
        "key": page.fetch.key,
        "link": page.link_url if page.link_url != page.fetch.url else None,
        "discovered_on": page.fetch.discovered_on,
        **_HINTS.dump_python(page.hints, mode="json"),
    }
    return {name: value for name, value in values.items() if value is not None}


def page_of(record: Record) -> ArchivedResponse:
    """The page in a `response` or `resource`, with its note. Raises ValueError or TypeError for a malformed record."""
    note, url, http = record.note or {}, record.url, record.http
    headers = ScrapyHeaders(http.headers if http else [])
    return ArchivedResponse(
        fetch=Fetch(
            key=str(note.get("key") or urls.article_id(urls.canonical_url(url))),
            url=url,
            fetched=record.date,
            etag=header_text(headers, "ETag"),
            last_modified=header_text(headers, "Last-Modified"),
            discovered_on=note.get("discovered_on"),
        ),
        link_url=note.get("link") or url,
        hints=_HINTS.validate_python(note),
        body=record.payload or b"",
        headers=header_pairs(headers),
        status=int(http.get_statuscode()) if http else 200,
        protocol=http.protocol if http else "",
        is_rendered=http is None,
    )


# --- the index ----------------------------------------------------------------------------------


def index_line(record: Record, filename: str, run_id: str) -> str:
    """A line of CDXJ, `SURT 20261124170639 {json}`, with the keys that pywb reads, `article_id` and `run_id`."""
    http = record.http
    media_type = (http.get_header("Content-Type") if http else record.headers.get("content-type")) or ""
    entry = {
        "url": record.url,
        "mime": media_type.partition(";")[0].strip().lower(),
        "status": http.get_statuscode() if http else "200",
        "digest": record.headers.get("warc-payload-digest", ""),
        "length": str(record.length),
        "offset": str(record.offset),
        "filename": filename,
        "article_id": urls.article_id(urls.canonical_url(record.url)),
        "run_id": run_id,
    }
    return f"{surt(record.url)} {record.date:%Y%m%d%H%M%S} {json.dumps(entry, ensure_ascii=False)}"


def surt(url: str) -> str:
    """The sort-friendly form of a URL in CDX indexes: `net,alqaheranews)/news/61505/…`."""
    parts = urlsplit(url.lower())
    host = ",".join(reversed((parts.hostname or "").removeprefix("www.").split(".")))
    port = f":{parts.port}" if parts.port not in (None, 80 if parts.scheme == "http" else 443) else ""
    query = "&".join(sorted(parts.query.split("&"))) if parts.query else ""
    return f"{host}{port}){parts.path.rstrip('/') or '/'}" + (f"?{query}" if query else "")
