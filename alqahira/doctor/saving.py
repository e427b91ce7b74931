"""`--save`: the exchanges of a visit as a WARC, marked as no run's, so that it is never replayed as one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from alqahira.archive.warc import event_record, rendered_record, response_records
from alqahira.archive.writer import ArchiveUnwritable, ArchiveWriter
from alqahira.doctor.visit import Exchange
from alqahira.exceptions import ConfigurationError
from alqahira.extraction.items import RawResponse, header_pairs
from alqahira.settings.types import local_path


def open_archive(folder: str, root: str, *, max_bytes: int) -> ArchiveWriter:
    """A new `doctor-<UTC time>.warc.gz` in the folder, which is made. ConfigurationError where it cannot be written."""
    path, now = local_path(folder), datetime.now(UTC)
    about = {"description": f"requests of scrapy doctor to {root}, and the responses"}
    try:
        path.mkdir(parents=True, exist_ok=True)
        return ArchiveWriter(path, f"doctor-{now:%Y%m%dT%H%M%SZ}", now, about, max_bytes=max_bytes, is_run=False)
    except (OSError, ArchiveUnwritable) as error:
        reason = f"it cannot be written: {error.strerror}" if isinstance(error, OSError) else str(error)
        raise ConfigurationError(f"--save {folder}: {reason}") from None


def save(archive: ArchiveWriter, exchanges: Sequence[Exchange]) -> ArchiveUnwritable | None:
    """Write the exchanges and close the archive; returns its error, which is raised after the report."""
    try:
        for exchange in exchanges:
            archive.append(records_of(exchange))
        archive.close(datetime.now(UTC), {"requests": len(exchanges)})
    except ArchiveUnwritable as error:
        return error
    return None


def records_of(exchange: Exchange) -> bytes:
    """The WARC records of an exchange: answer and request, the rendered page, or a note that no answer came."""
    request, response, when = exchange.request, exchange.response, exchange.when
    note = {"doctor": exchange.kind}
    if not exchange.status:
        event = {"kind": exchange.kind, "method": request.method, "url": request.url, "failure": exchange.failure}
        return event_record("no_answer", when, event)
    if exchange.is_rendered:
        return rendered_record(request.url, when, response.body, note)
    raw = RawResponse(response.status, header_pairs(response.headers), response.body, response.protocol or "HTTP/1.1")
    sent, content, method = header_pairs(request.headers), request.body, request.method
    return response_records(request.url, when, raw, note, method=method, sent=sent, content=content)
