"""Every request of the doctor and its answer, as they go over the wire: counted, and kept where they are to be saved.

https://docs.scrapy.org/en/latest/topics/downloader-middleware.html. It stands next to the downloader, so that it sees
redirects, tries again, and bodies that are still compressed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alqahira.archive import ArchiveUnwritable, ArchiveWriter
from alqahira.browser.handler import IN_BROWSER
from alqahira.doctor.exchange import Exchange
from alqahira.doctor.site_visit import Sample
from alqahira.errors import ConfigurationError
from alqahira.middlewares.causes import answer_cause, failure_cause
from alqahira.middlewares.robots import IS_ROBOTS
from alqahira.middlewares.wire import pairs
from alqahira.warc import Answer, answer_records, event_record, rendered_record

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from alqahira.article import Article

# request.meta: when the request went out.
_SINCE = "doctor_since"


@dataclass
class Book:
    """What one visit asks for and what it brings back. `archive`: where each answer is kept, None for nowhere."""

    known: Mapping[str, Article] = field(default_factory=dict)
    every_listing: bool = False
    archive: ArchiveWriter | None = None
    samples: list[Sample] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    problem: str = ""  # with the archive

    def note(self, exchange: Exchange) -> None:
        """Count a request, and keep its answer. An archive that fails is left, and the visit goes on."""
        self.exchanges.append(exchange)
        if exchange.kind == "robots" and (exchange.status or exchange.failure):
            self.samples[:] = [sample for sample in self.samples if sample.kind != "robots"]
            sample = Sample("robots", exchange.url, exchange.status, exchange.body, failure=exchange.failure)
            self.samples.append(sample)
        if self.archive is None:
            return
        try:
            self.archive.append(records_of(exchange))
        except ArchiveUnwritable as error:
            self.archive, self.problem = None, str(error)

    def close(self) -> None:
        """Give the archive its name."""
        if self.archive is None:
            return
        try:
            self.archive.close(datetime.now(UTC), {"requests": len(self.exchanges)})
        except ArchiveUnwritable as error:
            self.problem = str(error)


def records_of(exchange: Exchange) -> bytes:
    """The WARC records of an exchange: answer and request, the rendered page, or a note that no answer came."""
    note: dict[str, Any] = {"doctor": exchange.kind}
    if exchange.failure:
        told = {"kind": exchange.kind, "method": exchange.method, "url": exchange.url, "failure": exchange.failure}
        return event_record("no_answer", exchange.when, told)
    if exchange.is_rendered:
        return rendered_record(exchange.url, exchange.when, exchange.body, note)
    answer = Answer(exchange.status, exchange.headers, exchange.body, exchange.protocol)
    sent, content = exchange.sent, exchange.content
    return answer_records(exchange.url, exchange.when, answer, note, method=exchange.method, sent=sent, content=content)


def open_archive(folder: str, root: str) -> ArchiveWriter:
    """A new `doctor-<UTC time>.warc.gz` in the folder, which is made. ConfigurationError where it cannot be written."""
    path, now = Path(folder).expanduser(), datetime.now(UTC)
    about = {"description": f"what scrapy doctor asked of {root} and was answered"}
    try:
        path.mkdir(parents=True, exist_ok=True)
        return ArchiveWriter(path, f"doctor-{now:%Y%m%dT%H%M%SZ}", now, about, is_run=False)
    except OSError as error:
        raise ConfigurationError(f"--save {folder}: it cannot be written: {error.strerror}") from None
    except ArchiveUnwritable as error:
        raise ConfigurationError(f"--save {folder}: {error}") from None


class RecordMiddleware:
    """Notes each exchange in the spider's `book`."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        request.meta[_SINCE] = datetime.now(UTC)

    def process_response(self, request: Request, response: Response) -> Response:
        self._note(
            request,
            status=response.status,
            headers=pairs(response.headers),
            body=response.body,
            protocol=response.protocol or "HTTP/1.1",
            is_rendered=bool(request.meta.get(IN_BROWSER)),
            refusal=answer_cause(response) or "",
        )
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        self._note(request, failure=failure_cause(exception))

    def _note(self, request: Request, **answer: Any) -> None:
        kind = "robots" if request.meta.get(IS_ROBOTS) else str(request.cb_kwargs.get("kind", "other"))
        book: Book = self._crawler.spider.book  # type: ignore[union-attr]
        book.note(
            Exchange(
                kind=kind,
                url=request.url,
                when=request.meta.pop(_SINCE, None) or datetime.now(UTC),
                method=request.method,
                sent=pairs(request.headers),
                content=request.body,
                **answer,
            )
        )
