"""The Scrapy item exporter for JSON Lines: `-O file.jsonl` writes the same bytes as the parts."""

from __future__ import annotations

from typing import Any

from scrapy.exporters import BaseItemExporter

from alqahira.article import Article, to_json_line, to_record


class ArticleLinesExporter(BaseItemExporter):
    """One record a line; see https://docs.scrapy.org/en/latest/topics/exporters.html."""

    def __init__(self, file: Any, **options: Any) -> None:
        super().__init__(dont_fail=True, **options)
        self._file = file

    def export_item(self, item: Any) -> None:
        if not isinstance(item, Article):
            raise TypeError(f"feeds hold articles, not {type(item).__name__}")
        self._file.write(f"{to_json_line(to_record(item))}\n".encode())
