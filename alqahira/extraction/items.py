"""An article and the page it stood on: what the spider hands to the pipelines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from alqahira.article import Article

if TYPE_CHECKING:
    from alqahira.extraction.extractor import Hints

# (name, value), in their order, as bytes of the wire.
Headers = tuple[tuple[bytes, bytes], ...]


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
    """A page with all that reading it once more needs: what came over the wire, and what led to it.

    `body` still has the Content-Encoding that `headers` name; of a page that the browser rendered it is the DOM.
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


@dataclass(kw_only=True)
class ArticleItem:
    """The item of the pipelines; the last of them returns `article` alone, so feeds hold records only.

    `page`: what the archive keeps of it. `is_asked_for`: it goes to the run's feed, and counts for `max_articles`.
    """

    article: Article
    fetch: Fetch
    page: ArchivedResponse | None = None
    is_for_feed: bool = False
