"""The bare project's pages in Chromium: by scrapy-playwright, and by this project's handler; both count texts.

scrapy-playwright has its default settings, apart from the Chromium that it starts, and waits for the text. Arguments of
both: `urls`, a file with one address a line, and `text`, the selector of the text.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, ClassVar

import scrapy

_REACTOR = {"TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor"}


def _handlers(path: str) -> dict[str, Any]:
    return {"DOWNLOAD_HANDLERS": dict.fromkeys(("http", "https"), path)}


class _InBrowser(scrapy.Spider):
    urls: str
    text: str
    texts = 0

    async def start(self) -> Any:
        for url in Path(self.urls).read_text("utf-8").split():
            yield scrapy.Request(url, meta=self.meta())

    def meta(self) -> dict[str, Any]:
        raise NotImplementedError

    def parse(self, response: Any) -> None:
        self.texts += bool(response.css(self.text))

    def closed(self, reason: str) -> None:
        self.logger.info("%s texts", self.texts)


class WaitingForText(_InBrowser):
    name = "waiting_for_text"
    custom_settings: ClassVar = (
        _REACTOR
        | _handlers("scrapy_playwright.handler.ScrapyPlaywrightDownloadHandler")
        | {"PLAYWRIGHT_LAUNCH_OPTIONS": {"executable_path": shutil.which("chromium"), "args": ["--no-sandbox"]}}
    )

    def meta(self) -> dict[str, Any]:
        from scrapy_playwright.page import PageMethod

        return {"playwright": True, "playwright_page_methods": [PageMethod("wait_for_selector", self.text)]}


class Ours(_InBrowser):
    name = "ours"
    custom_settings: ClassVar = (
        _REACTOR
        | _handlers("alqahira.crawling.browser.handler.BrowserDownloadHandler")
        | {
            "DOWNLOADER_MIDDLEWARES": {"alqahira.crawling.middlewares.browser.BrowserMiddleware": 540},
            "ALQAHIRA_BROWSER": "always",
        }
    )

    def meta(self) -> dict[str, Any]:
        from alqahira.crawling.request_info import RequestInfo

        return RequestInfo(page_kind="article").as_meta()
