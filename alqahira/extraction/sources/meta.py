"""Open Graph (ogp.me) and other `meta` elements of the head, and its canonical link (RFC 6596)."""

from __future__ import annotations

from datetime import datetime

from alqahira.extraction import urls
from alqahira.extraction.sources import Document, ExtractedFields
from alqahira.extraction.sources.values import moment, string, strings

HEADLINE = ("og:title", "twitter:title")
DESCRIPTION = ("og:description", "description", "twitter:description")
PUBLISHED = (
    "article:published_time", "og:article:published_time", "datepublished", "pubdate", "date", "dc.date.issued",
    "article:published:time", "article:published", "dcterms.created", "parsely-pub-date", "publish-date",
    "publishdate", "sailthru.date", "article.published", "article:published_date", "citation_publication_date",
    "cxenseparse:recs:publishtime", "dc.date", "dcterms.date", "dcterms.issued", "og:published_time", "published_time",
)  # fmt: skip
MODIFIED = ("article:modified_time", "og:updated_time", "datemodified", "last-modified")
SECTION, TAG = "article:section", "article:tag"


def read(page: Document) -> ExtractedFields | None:
    """The fields in the page's meta elements; None if there are none."""
    values: dict[str, list[str]] = {}
    for element in page.tree.iter("meta", "link"):
        if element.tag == "link":
            if "canonical" in (element.get("rel") or "").lower().split() and element.get("href"):
                values.setdefault("canonical", []).append(element.get("href"))
            continue
        name = (element.get("property") or element.get("name") or element.get("itemprop") or "").lower()
        content = element.get("content")
        if name and content and content.strip():
            values.setdefault(name, []).append(content)

    def first(*names: str) -> str | None:
        return next((values[name][0] for name in names if name in values), None)

    def date(*names: str) -> datetime | None:  # of several, one may be a placeholder
        return next(filter(None, (moment(values[name][0], page.now) for name in names if name in values)), None)

    fields = ExtractedFields(
        address_number=number_of(first("canonical", "og:url"), page.base),
        headline=string(first(*HEADLINE)),
        description=string(first(*DESCRIPTION)),
        authors=strings([name for name in values.get("author", []) if "://" not in name]),
        published=date(*PUBLISHED),
        modified=date(*MODIFIED),
        image_url=urls.image_url(first("og:image", "og:image:url", "twitter:image"), base=page.base),
        sections=strings(values.get(SECTION, [])),
        # Not `keywords`: a machine makes the site's from an earlier draft.
        keywords=strings(values.get(TAG, []), split=True),
    )
    return fields if fields != ExtractedFields() else None


def number_of(address: str | None, base: str) -> str | None:
    """The number of the article at an address that a page gives; None if it is no article's."""
    url = urls.resolve(address, base=base) if address else None
    return urls.article_number(url) if url else None
