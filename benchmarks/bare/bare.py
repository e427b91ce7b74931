"""A bare Scrapy project, to compare with: it downloads the addresses in a file and does nothing else.

All settings and components are Scrapy's own; the benchmarks set the same pace for both sides with `-s`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import scrapy

SPIDER_MODULES = ["bare"]
# As in the real project; Scrapy's DEBUG would write a line for every page.
LOG_LEVEL = "INFO"


class Bare(scrapy.Spider):
    """Argument: `urls`, a file with one address a line."""

    name = "bare"
    urls: str

    async def start(self) -> Any:
        for url in Path(self.urls).read_text("utf-8").split():
            yield scrapy.Request(url)

    def parse(self, response: Any) -> None:
        pass
