"""A generic extractor for the body, asked only when every other source is silent."""

from __future__ import annotations

from alqahira.extraction.sources import Document, ExtractedFields
from alqahira.text.normalization import clean_line

# Characters; it takes a quarter of a second of more, and the page of an article without page data is a tenth as large.
_LARGEST = 120_000


def read(page: Document) -> ExtractedFields | None:
    """trafilatura's body; imported here, for it costs more than all the rest together."""
    if len(page.html) > _LARGEST:
        return None
    import trafilatura

    text = trafilatura.extract(page.html, fast=True, include_comments=False, include_tables=False, favor_precision=True)
    lines = [clean_line(line) for line in (text or "").split("\n")]
    return ExtractedFields(paragraphs=[line for line in lines if line]) if any(lines) else None
