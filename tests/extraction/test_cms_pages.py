"""Pages in the shapes of well-known content management systems, in several languages, each with its right record.

Markup after the systems' own themes, shortened; texts written for this project. A date without a time is the day's
beginning in Cairo; a field that is absent from a record is absent from the page.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alqahira.extraction.extractor import read_page

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PAGES = Path(__file__).parent.parent / "pages" / "cms"
RECORDS = json.loads((PAGES / "records.json").read_text("utf-8"))


@pytest.mark.parametrize("name", RECORDS)
def test_page_of_that_system_gives_its_record(name):
    record = RECORDS[name]
    article = read_page((PAGES / f"{name}.html").read_bytes(), record["url"], now=NOW).article
    assert article is not None
    assert article.headline == record["headline"]
    assert article.article_body.split("\n\n") == record["article_body"]
    assert article.credit_line == record.get("credit_line")
    assert article.image_caption == record.get("image_caption")
    if "date_published" in record:
        assert article.date_published == datetime.fromisoformat(record["date_published"])
