"""The formats of Scrapy's feeds."""

from __future__ import annotations

import csv
import io

import pytest
from scrapy.utils.misc import load_object
from scrapy.utils.project import get_project_settings

from alqahira.article import Article


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_csv_feed_has_no_formula(sign):
    exporter_class = load_object(get_project_settings().getdict("FEED_EXPORTERS")["csv"])
    file = io.BytesIO()
    exporter = exporter_class(file)
    exporter.start_exporting()
    exporter.export_item(
        Article(headline=f"{sign}1+1", article_body="نص\n\nنص", keywords=[f"{sign}a", "ب"], word_count=-1)
    )
    exporter.finish_exporting()
    (row,) = csv.DictReader(io.StringIO(file.getvalue().decode(), newline=""))
    assert (row["headline"], row["article_body"]) == (f"'{sign}1+1", "نص\n\nنص")
    assert (row["keywords"], row["word_count"], row["description"]) == (f"'{sign}a,ب", "-1", "")
