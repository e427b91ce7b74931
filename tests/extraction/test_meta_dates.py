"""Dates in meta elements, by the names that publishers' systems give them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from alqahira.extraction.sources import Document, meta

WHEN = datetime(2026, 11, 20, 8, tzinfo=UTC)
HEADS = {
    "Open Graph": '<meta property="article:published_time" content="2026-11-20T08:00:00Z">',
    "Dublin Core": '<meta name="DC.date.issued" content="2026-11-20T10:00:00+02:00">',
    "Dublin Core's terms": '<meta name="dcterms.issued" content="2026-11-20T10:00:00+02:00">',
    "digits alone": '<meta name="pubdate" content="20261120100000">',
    "ISO 8601 without signs": '<meta name="publish-date" content="20261120T080000Z">',
    "American": '<meta name="date" content="11/20/2026 10:00:00 AM">',
    "as microdata": '<meta itemprop="datePublished" content="2026-11-20T10:00">',
    "of a scholarly index": '<meta name="citation_publication_date" content="2026/11/20 10:00">',
    "a placeholder first": '<meta property="article:published_time" content="1970-01-01T00:00:00Z">'
    '<meta name="pubdate" content="2026-11-20T08:00:00Z">',
    "an empty one first": '<meta property="article:published_time" content=" ">'
    '<meta name="parsely-pub-date" content="2026-11-20T08:00:00Z">',
}


@pytest.mark.parametrize("kind", HEADS)
def test_date_is_read_under_that_name(kind):
    page = Document(
        f"<html><head>{HEADS[kind]}</head></html>", "https://news.example/1", datetime(2026, 11, 24, tzinfo=UTC)
    )
    assert meta.read(page).published == WHEN
