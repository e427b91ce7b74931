"""WARC 1.1 records of article pages: writes them, reads them back, makes lines of an index. No clock, network or file.

The format is ISO 28500:2017 (https://iipc.github.io/warc-specifications/), written and parsed by warcio. Each record is
a gzip member of its own, so that damage costs only that record.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, AwareDatetime, Field, TypeAdapter
from scrapy.http import Headers as ScrapyHeaders
from twisted.web.http import RESPONSES
from warcio.statusandheaders import StatusAndHeaders
from warcio.timeutils import iso_date_to_datetime
from warcio.warcwriter import WARCWriter

from alqahira import site
from alqahira.extraction import urls
from alqahira.extraction.extractor import Hints
from alqahira.extraction.items import ArchivedResponse, Fetch, Headers, RawResponse, header_pairs, header_text

# An extension header, also used by pywb and Browsertrix; it keeps the note in the page's own record.
NOTE_HEADER = "WARC-JSON-Metadata"
# The events of `metadata` records: articles are gone, and a run's end. Older archives also have `taken_up`, which is
# ignored.
REMOVED, ENDED = "removed", "ended"
# The fields of `warcinfo` that describe a run of this project; the first marks its file.
RUN_ID, SPIDER, SITE = "alqahira-run-id", "alqahira-spider", "alqahira-site"

_RUN_ID = re.compile(r"\w[\w.-]{0,99}", re.ASCII)
_HINTS = TypeAdapter(Hints)
# The Internet Archive's first year; later than the last, days can no longer be added.
_YEARS = range(1996, 9999)
_LONGEST = 8_000  # bytes of a text in a note
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
        """WARC-Date as aware UTC. Raises ValueError if there is none, or it is of no year of the web."""
        return _in_range(iso_date_to_datetime(self.headers.get("warc-date", ""), tz_aware=True))

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
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _in_range(date: datetime) -> datetime:
    if date.year not in _YEARS:
        raise ValueError(f"no year of the web: {date.year}")
    return date


def _storable(text: str) -> str:
    """The text. Raises ValueError if a database refuses it."""
    if "\0" in text or len(text.encode()) > _LONGEST:
        raise ValueError("a NUL, or too long")
    return text


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


_Text = Annotated[str, AfterValidator(_storable)]


@dataclass(frozen=True, slots=True)
class _Note:
    """A note, checked."""

    key: _Text
    link: _Text | None = None
    discovered_on: _Text | None = None
    listing_headline: _Text | None = None
    listing_date: Annotated[AwareDatetime, AfterValidator(_in_range)] | None = None
    sitemap_date: Annotated[AwareDatetime, AfterValidator(_in_range)] | None = None
    section: _Text | None = None


_NOTE = TypeAdapter(_Note)


def page_of(record: Record) -> ArchivedResponse:
    """The page in a `response` or `resource`, with its note. Raises ValueError or TypeError for a malformed record."""
    url, http, headers = _storable(record.url), record.http, ScrapyHeaders(record.http.headers if record.http else [])
    checked = _NOTE.validate_python(record.note or {"key": urls.article_id(urls.canonical_url(url))})
    return ArchivedResponse(
        fetch=Fetch(
            key=checked.key,
            url=url,
            fetched=record.date,
            etag=header_text(headers, "ETag"),
            last_modified=header_text(headers, "Last-Modified"),
            discovered_on=checked.discovered_on,
        ),
        link_url=checked.link or url,
        hints=Hints(checked.listing_headline, checked.listing_date, checked.sitemap_date, checked.section),
        body=record.payload or b"",
        headers=header_pairs(headers),
        status=int(http.get_statuscode()) if http else 200,
        protocol=http.protocol if http else "",
        is_rendered=http is None,
    )


def article_page(record: Record, root: str) -> ArchivedResponse | str:
    """The article page of the site at `root` in a record of any tool; the cause, if the record is of something else.

    Raises ValueError, TypeError or OverflowError for a malformed record, and for one whose note names another page.
    """
    if not urls.is_article_url(record.url, root):
        return "not_an_article_address"
    if record.http is not None:
        if (status := str(record.http.get_statuscode())) != "200":
            return f"http_{int(status)}"
        if record.note is None and "html" not in (record.http.get_header("Content-Type") or "").lower():
            return "not_html"
    page = page_of(record)
    addresses = {page.fetch.url, page.link_url}
    if not all(urls.is_article_url(url, root) for url in addresses):
        raise ValueError("a link to elsewhere")
    if page.fetch.key not in {urls.article_id(urls.canonical_url(url, root=root)) for url in addresses}:
        raise ValueError("the key of another page")
    if page.fetch.discovered_on and not urls.is_on_site(page.fetch.discovered_on, root):
        raise ValueError("discovered on another site")
    return page


# --- a run ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What the `warcinfo` of a run of this project says of it."""

    run_id: str
    section: str
    site_url: str | None


def run_info(record: Record) -> RunInfo | None:
    """The run of a `warcinfo`; None if it is not of this project. Raises ValueError for a malformed one."""
    about = _fields(record.payload or b"") if record.type == "warcinfo" else {}
    if not about.get(RUN_ID):
        return None
    info = RunInfo(about[RUN_ID], about.get(SPIDER, ""), about.get(SITE))
    if not _RUN_ID.fullmatch(info.run_id) or info.section not in site.SECTIONS:
        raise ValueError("no run of this project")
    if info.site_url is not None:
        urls.canonical_url(info.site_url)
    return info


def _fields(block: bytes) -> dict[str, str]:
    """A block of `application/warc-fields`: one name and value on each line."""
    pairs = (line.partition(":") for line in block.decode("utf-8", "replace").splitlines())
    return {name.strip(): value.strip() for name, colon, value in pairs if colon}


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run ended, and when."""

    date: datetime
    reason: _Text = "replayed"
    exit_status: Annotated[int, Field(ge=0, le=255)] = 0
    complete: bool = False


_RUN_END = TypeAdapter(RunEnd)


def run_end(record: Record) -> RunEnd | None:
    """The end of a run, if the record tells it. Raises ValueError or TypeError for a malformed one."""
    if record.event.get("event") != ENDED:
        return None
    return _RUN_END.validate_python({**record.event, "date": record.date})


@dataclass(frozen=True, slots=True)
class Removal:
    """Articles that were gone from the site, by their ids, and when a run removed them."""

    date: datetime
    articles: tuple[_Text, ...]


_REMOVAL = TypeAdapter(Removal)


def run_removal(record: Record) -> Removal | None:
    """The removal of articles, if the record tells it. Raises ValueError or TypeError for a malformed one."""
    if record.event.get("event") != REMOVED:
        return None
    return _REMOVAL.validate_python({**record.event, "date": record.date})


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
