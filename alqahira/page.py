"""An article and the page it stood on: what the spider hands to the pipelines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from alqahira.article import Article


@dataclass(frozen=True, slots=True, kw_only=True)
class PageVisit:
    """One fetched article page. `key` is the ledger's name for it: `urls.article_id` of its canonical URL."""

    key: str
    url: str
    fetched: datetime
    etag: str | None = None
    last_modified: str | None = None
    discovered_on: str | None = None


@dataclass(kw_only=True)
class CrawledArticle:
    """The item of the pipelines; the last of them returns `article` alone, so feeds hold records only."""

    article: Article
    visit: PageVisit
