"""One visit of the doctor: every exchange with the site, and each page of it as a crawl reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import Any

from scrapy import Request
from scrapy.http import Response

from alqahira.crawling.discovery.pager import Pager
from alqahira.exceptions import AlqahiraError
from alqahira.extraction.decoding import decode
from alqahira.extraction.extractor import Reading, read_page
from alqahira.extraction.listing import Listing, read_listing
from alqahira.extraction.sources import Document
from alqahira.extraction.sources.nextjs import data_of
from alqahira.extraction.sources.values import read_json
from alqahira.monitoring.causes import REFUSALS, TOO_LARGE, UNREACHABLE

# Kinds of samples. Articles are also requested by other addresses, to see whether those lead to the same article.
LISTINGS = ("category", "kicker", "tag")
ARTICLES = ("article", "without slug", "with locale", "old article", "known article")
PAGES = (*LISTINGS, *ARTICLES)


class SiteUnreachable(AlqahiraError):
    """No request was answered: nothing is known of the site, and no fact has failed."""

    exit_status = 4


@dataclass(eq=False)
class Exchange:
    """One request over the wire, made for a page of this kind; the response's body still has its Content-Encoding.

    `failure`: why no response came (its status is 0 then), or `challenge`, `blocked`.
    """

    kind: str
    request: Request
    response: Response
    failure: str = ""
    when: datetime = field(default_factory=partial(datetime.now, UTC))

    @property
    def status(self) -> int:
        """0 where no response came."""
        return self.response.status

    @property
    def outcome(self) -> str:
        """The failure, else the status."""
        return self.failure or str(self.status)

    @property
    def is_lost(self) -> bool:
        """Whether the network, or the site's end of it, failed: this says nothing of any fact."""
        return self.failure in UNREACHABLE

    @property
    def is_sent(self) -> bool:
        """Whether the request left for the site, as far as can be known here."""
        return bool(self.status) or self.is_lost

    @property
    def is_rendered(self) -> bool:
        """Whether the response is the DOM of a page in the browser."""
        return "browser" in self.response.flags

    def header(self, name: str) -> list[str]:
        """The values of a header of the response."""
        return [value.decode("latin-1") for value in self.response.headers.getlist(name)]


@dataclass(eq=False)
class Sample(Exchange):
    """The answer to one request of the spider: of one of PAGES, or `sitemap`, `missing`, `video`, `pressed` and so on.

    `requested` is the address before any redirect.
    """

    requested: str = field(kw_only=True)
    visit: Visit = field(kw_only=True)

    @property
    def url(self) -> str:
        """The address that answered, after redirects."""
        return self.response.url

    @property
    def is_answered(self) -> bool:
        """Whether the site itself answered with 200; with any status where a missing page was requested."""
        return not self.failure and (self.status == 200 or self.kind == "missing")

    @property
    def _content_type(self) -> str | None:
        return next(iter(self.header("Content-Type")), None)

    @cached_property
    def document(self) -> Document:
        """The parsed page; an empty one where the page is too large to be read."""
        is_too_large = self.reading.cause == TOO_LARGE
        return Document("" if is_too_large else decode(self.response.body, self._content_type), self.url, self.when)

    @cached_property
    def reading(self) -> Reading:
        """The page as a crawl reads an article."""
        return read_page(self.response.body, self.url, now=self.when, content_type=self._content_type)

    @cached_property
    def listing(self) -> Listing:
        """The page as a crawl reads a listing."""
        return read_listing(
            self.response.body, self.url, root=self.visit.root, now=self.when, content_type=self._content_type
        )

    @cached_property
    def data(self) -> list[Any]:
        """The JSON documents that a page hands to its scripts, or the one that the answer is."""
        is_json = self.response.body.lstrip()[:1] == b"{"
        return [read_json(self.document.html)] if is_json else data_of(self.document)

    def values(self, *path: str) -> list[Any]:
        """The values at a path of names in the data; of a list, those below each of its entries."""
        return list(_values(self.data, path))


def _values(value: Any, path: tuple[str, ...]) -> Iterator[Any]:
    if isinstance(value, list):
        for entry in value:
            yield from _values(entry, path)
    elif path and isinstance(value, dict):
        yield from _values(value.get(path[0]), path[1:])
    elif not path and value is not None:
        yield value


@dataclass
class Visit:
    """All samples and exchanges of one visit to the site at `root`.

    `not_pressed`: why no browser pressed the category's load-more control.
    """

    root: str
    samples: list[Sample] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    is_interrupted: bool = False
    not_pressed: str = "no category was answered"

    def of(self, *kinds: str) -> list[Sample]:
        """The samples of these kinds, answered or not."""
        return [sample for sample in self.samples if sample.kind in kinds]

    def answered(self, *kinds: str) -> list[Sample]:
        """The samples of these kinds that the site itself answered."""
        return [sample for sample in self.of(*kinds) if sample.is_answered]

    def pager(self) -> Pager | None:
        """The category's listing as a crawl would page it; None where it was not answered."""
        return next((Pager(sample.url, first=sample.listing) for sample in self.answered("category")), None)

    def failure(self) -> AlqahiraError | None:
        """Why no fact can be judged: the site was not reached, or refuses every page; None where it answered one."""
        if self.is_interrupted:
            return AlqahiraError("the visit was interrupted: no fact was checked")
        sent = [exchange for exchange in self.exchanges if exchange.is_sent]
        answers = [exchange for exchange in sent if exchange.status]
        if not answers:
            cause = _commonest(exchange.failure for exchange in sent or self.exchanges)
            reason = f"{UNREACHABLE[cause]} ({cause})" if cause in UNREACHABLE else cause
            return SiteUnreachable(f"{self.root} could not be reached: {reason or 'no request was made'}")
        # A site may serve robots.txt and refuse every page.
        pages = [exchange for exchange in answers if exchange.kind != "robots"] or answers
        refused = [exchange for exchange in answers if exchange.failure or f"http_{exchange.status}" in REFUSALS]
        if all(page in refused for page in pages):
            answer = _commonest(f"{e.status}{f' ({e.failure})' if e.failure else ''}" for e in refused)
            return AlqahiraError(
                f"the site refuses this crawler: {answer} to {len(refused)} of {len(sent)} requests "
                '(docs/operations.md, "The site refuses")'
            )
        if all(page.status != 200 and not 300 <= page.status < 400 for page in pages):
            status = _commonest(str(page.status) for page in pages)
            return AlqahiraError(f"{self.root} shows no page: {status} to {len(pages)} of {len(sent)} requests")
        return None


def _commonest(texts: Iterable[str]) -> str:
    return next((text for text, _ in Counter(texts).most_common(1)), "")
