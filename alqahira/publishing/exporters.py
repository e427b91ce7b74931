"""The item exporter for JSON Lines: `-O file.jsonl` writes the same lines as the parts, byte for byte."""

from __future__ import annotations

from typing import Any, BinaryIO

from itemadapter import ItemAdapter
from scrapy.exporters import BaseItemExporter

from alqahira.article import to_json_line


class ArticleLinesExporter(BaseItemExporter):
    """Writes one record on each line; see https://docs.scrapy.org/en/latest/topics/exporters.html."""

    def __init__(self, file: BinaryIO, **options: Any) -> None:
        super().__init__(dont_fail=True, **options)
        self._file = file

    def export_item(self, item: Any) -> None:
        fields = ItemAdapter(item)
        record = {name: self.serialize_field(fields.get_field_meta(name), name, fields[name]) for name in fields}
        self._file.write(f"{to_json_line(record)}\n".encode())
