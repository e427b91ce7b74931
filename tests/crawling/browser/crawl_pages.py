"""Crawls the pages named in a JSON plan on stdin with the browser's middleware and handler alone; JSON on stdout.

The plan: `site`, `settings`, and `pages`, each with `path`, `kind` and further `meta`. The tests run it in a
process of its own, because a reactor starts only once, and to see which processes it leaves behind.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

from scrapy import Request, Spider
from scrapy.crawler import CrawlerProcess

from alqahira.crawling.request_info import RequestInfo, request_info

SETTINGS: dict[str, Any] = {
    "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
    "DOWNLOAD_HANDLERS": dict.fromkeys(("http", "https"), "alqahira.crawling.browser.handler.BrowserDownloadHandler"),
    "DOWNLOADER_MIDDLEWARES": {"alqahira.crawling.middlewares.browser.BrowserMiddleware": 540},
    "ALQAHIRA_BROWSER": "auto",
    "ALQAHIRA_BROWSER_DEADLINE": 120,
    "TELNETCONSOLE_ENABLED": False,
    "RETRY_TIMES": 0,
    "USER_AGENT": "alqahira-test",
    "LOG_LEVEL": "INFO",
}


class Pages(Spider):
    name = "pages"

    def __init__(self, plan: dict[str, Any], **given: Any) -> None:
        super().__init__(**given)
        self.plan = plan
        self.results: list[dict[str, Any]] = []
        plan["results"] = self.results

    async def start(self):
        for page in self.plan["pages"]:
            yield self.request(page)

    def request(self, page: dict[str, Any]) -> Request:
        meta = {
            **RequestInfo(page_kind=page.get("kind"), **page.get("info", {})).as_meta(),
            "handle_httpstatus_all": True,
        }
        headers = page.get("headers")
        return Request(
            self.plan["site"] + page["path"],
            self.parse,
            errback=self.failed,
            meta=meta,
            headers=headers,
            dont_filter=True,
            cb_kwargs={"page": page},
        )

    def parse(self, response, page):
        self.results.append(
            {
                "path": page["path"],
                "url": response.url,
                "status": response.status,
                "html": response.text,
                "learned": (learned := request_info(response.request).learned_request) and learned.to_json(),
                "note": request_info(response.request).load_more_note or None,
                "headers": sorted(key.decode() for key in response.headers),
                "in_browser": "browser" in response.flags,
            }
        )
        for then in page.get("then", ()):
            yield self.request(then)

    def failed(self, failure):
        page = failure.request.cb_kwargs["page"]
        error = failure.value
        self.results.append(
            {
                "path": page["path"],
                "error": type(error).__name__,
                "text": str(error),
                "cause": getattr(error, "cause", None),
            }
        )
        for then in page.get("then", ()):
            yield self.request(then)


def main() -> None:
    plan = json.load(sys.stdin)
    process = CrawlerProcess({**SETTINGS, "ALQAHIRA_SITE_URL": plan["site"], **plan["settings"]})
    crawler = process.create_crawler(Pages)
    process.crawl(crawler, plan=plan)
    process.start()
    imported = sorted(name for name in sys.modules if name in ("playwright", "scrapy_playwright"))
    stats = {key: value for key, value in crawler.stats.get_stats().items() if isinstance(value, (int, float, str))}
    json.dump({"results": plan["results"], "stats": stats, "imported": imported}, sys.stdout)


if __name__ == "__main__":
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    main()
