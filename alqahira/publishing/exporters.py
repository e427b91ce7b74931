"""Item exporters: `-O file.jsonl` writes the same lines as the parts, byte for byte, `-O file.csv` safe cells."""

from __future__ import annotations

import json
from typing import Any, BinaryIO

from itemadapter import ItemAdapter
from scrapy.exporters import BaseItemExporter, CsvItemExporter

from alqahira.article import to_json_line

# What a spreadsheet takes for a formula; https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_cell(value: Any) -> Any:
    """The value of a cell: a list as JSON, and an apostrophe before text that a spreadsheet takes for a formula."""
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value
    return f"'{text}" if isinstance(text, str) and text.startswith(_FORMULA) else text


class SafeCsvExporter(CsvItemExporter):
    """Scrapy's CSV, with no cell that a spreadsheet takes for a formula."""

    def serialize_field(self, field: Any, name: str, value: Any) -> Any:
        return csv_cell(super().serialize_field(field, name, value))


class ArticleLinesExporter(BaseItemExporter):
    """Writes one record on each line; see https://docs.scrapy.org/en/latest/topics/exporters.html."""

    def __init__(self, file: BinaryIO, **options: Any) -> None:
        super().__init__(dont_fail=True, **options)
        self._file = file

    def export_item(self, item: Any) -> None:
        fields = ItemAdapter(item)
        record = {name: self.serialize_field(fields.get_field_meta(name), name, fields[name]) for name in fields}
        self._file.write(f"{to_json_line(record)}\n".encode())
