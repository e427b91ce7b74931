"""The bare Scrapy project beside which the real one is measured: it downloads what a file lists and does nothing.

Scrapy's own settings and components, all of them; the benchmarks give both sides the same pace with `-s`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import scrapy

SPIDER_MODULES = ["bare"]
# As in the real project; Scrapy's DEBUG would write a line for every page.
LOG_LEVEL = "INFO"


# Where a page of the replica, filled by its script, has its text.
TEXT = "main p, article p, a[href*='/news/']"


class Bare(scrapy.Spider):
    """Arguments: `urls`, a file with one address a line; `browser`, where Playwright is to render them.

    `browser` is `yes` (scrapy-playwright as it comes), `text` (waits until the text is there) or `apart` (so does
    this, and each page has a context of its own). The run ends by printing how many pages had their text.
    """

    name = "bare"
    urls: str
    browser = ""
    with_text = 0

    async def start(self) -> Any:
        for number, url in enumerate(Path(self.urls).read_text("utf-8").split()):
            yield scrapy.Request(url, meta=self.meta(number))

    def meta(self, number: int) -> dict[str, Any] | None:
        if not self.browser:
            return None
        meta: dict[str, Any] = {"playwright": True}
        if self.browser != "yes":
            from scrapy_playwright.page import PageMethod

            meta["playwright_page_methods"] = [PageMethod("wait_for_selector", TEXT, state="attached")]
        if self.browser == "apart":
            meta |= {"playwright_context": f"page-{number}", "playwright_include_page": True}
        return meta

    async def parse(self, response: Any) -> None:
        if not self.browser:
            return
        self.with_text += bool(response.css(TEXT))
        if self.browser == "apart":
            await response.meta["playwright_page"].context.close()

    def closed(self, reason: str) -> None:
        if self.browser:
            print(f"{self.with_text} pages with text")
