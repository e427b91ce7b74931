"""An article and its page, as the spider hands them to the pipelines; HTTP headers as text and as pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from alqahira.article import Article

if TYPE_CHECKING:
    from scrapy.http import Headers as ScrapyHeaders

    from alqahira.extraction.reading import Hints

# (name, value) pairs in their order, as sent.
Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class RawResponse:
    """A response as received: `body` still has the Content-Encoding that `headers` name; `protocol`: "HTTP/1.1"."""

    status: int
    headers: Headers
    body: bytes
    protocol: str = "HTTP/1.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """One fetched article page. `key` is the ledger's name for it: `urls.article_id` of its canonical URL."""

    key: str
    url: str
    fetched: datetime
    etag: str | None = None
    last_modified: str | None = None
    discovered_on: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedResponse:
    """A page with everything needed to read it again: request, response, and hints from what linked to it.

    `body` is still encoded as its Content-Encoding says; for a page that the browser rendered it is the DOM.
    """

    fetch: Fetch
    link_url: str
    hints: Hints
    body: bytes
    headers: Headers = ()
    status: int = 200
    protocol: str = "HTTP/1.1"
    request_headers: Headers = ()
    is_rendered: bool = False

    @property
    def content_type(self) -> str | None:
        """The first header Content-Type."""
        return next((value.decode("latin-1") for name, value in self.headers if name.lower() == b"content-type"), None)


@dataclass(kw_only=True)
class ArticleItem:
    """The item of the pipelines; the last of them returns `article` alone, so feeds hold records only.

    `page`: for the archive. `is_for_feed`: it goes to the run's feed and counts for `max_articles`. `sources`: that of
    each field.
    """

    article: Article
    fetch: Fetch
    page: ArchivedResponse | None = None
    is_for_feed: bool = False
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_headline(self) -> bool:
        """Whether the page itself has the headline, not only the listing that names it."""
        return self.sources.get("headline") != "listing"


def header_text(headers: ScrapyHeaders, name: str) -> str | None:
    """The first value of a header; None if it is missing or empty."""
    value = headers.get(name)
    return value.decode("latin-1") if value else None


def http_date(text: str) -> datetime | None:
    """The time of an HTTP date (RFC 9110, section 5.6.7), aware; None if it is invalid."""
    try:
        when = parsedate_to_datetime(text)
        when = when if when.tzinfo else when.replace(tzinfo=UTC)  # HTTP dates are GMT
        return when.astimezone(UTC)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def header_pairs(headers: ScrapyHeaders) -> Headers:
    """One (name, value) for each value, so that a header that was sent twice is there twice."""
    return tuple((name, value) for name, values in headers.items() for value in values)
