"""HTTP headers as text and as pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scrapy.http import Headers as ScrapyHeaders

    from alqahira.extraction.items import Headers


def header_text(headers: ScrapyHeaders, name: str) -> str | None:
    """The first value of a header; None where there is none."""
    value = headers.get(name)
    return value.decode("latin-1") if value else None


def header_pairs(headers: ScrapyHeaders) -> Headers:
    """One (name, value) for each value, so that a header that was sent twice is there twice."""
    return tuple((name, value) for name, values in headers.items() for value in values)
