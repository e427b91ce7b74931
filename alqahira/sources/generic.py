"""A generic extractor for the body, asked only when every other source is silent."""

from __future__ import annotations

from alqahira.arabic import clean_text
from alqahira.sources import Found, Page


def read(page: Page) -> Found | None:
    """trafilatura's body; imported here, for it costs more than all the rest together."""
    import trafilatura

    text = trafilatura.extract(
        page.html[:1_000_000], include_comments=False, include_tables=False, favor_precision=True
    )
    lines = [" ".join(clean_text(line).split()) for line in (text or "").split("\n")]
    return Found(paragraphs=[line for line in lines if line]) if any(lines) else None
