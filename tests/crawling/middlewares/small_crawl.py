"""Runs the crawls it reads from stdin (JSON) and writes their outcomes to stdout; see `hostile_server`."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import scrapy
from scrapy.crawler import CrawlerProcess
from scrapy.http import Response
from twisted.python.failure import Failure

sys.path.insert(0, str(Path(__file__).parents[3]))

from alqahira.crawling.middlewares.robots import RobotsMiddleware
from alqahira.monitoring.causes import failure_cause


class SmallSpider(scrapy.Spider):
    name = "small"

    def __init__(self, order: dict[str, Any], result: dict[str, Any]) -> None:
        super().__init__()
        self.order, self.result = order, result

    async def start(self) -> AsyncIterator[scrapy.Request]:
        for url in self.order["urls"]:
            yield scrapy.Request(
                url,
                callback=self.parse,
                errback=self.failed,
                cb_kwargs={"requested": url},
                **{"dont_filter": True, **self.order["request"]},
            )

    async def parse(self, response: Response, requested: str) -> None:
        self.result["causes"][requested] = "ok"
        self.result["sizes"][requested] = len(response.body)
        middleware = self.crawler.get_downloader_middleware(RobotsMiddleware)
        assert middleware is not None
        self.result["sitemaps"] = list((await middleware.rules(requested)).sitemaps)

    def failed(self, failure: Failure) -> None:
        self.result["causes"][failure.request.cb_kwargs["requested"]] = failure_cause(failure)


def main() -> None:
    order = json.load(sys.stdin)
    process = CrawlerProcess(order["settings"])
    results: list[dict[str, Any]] = []
    crawlers = []
    for crawl in order["crawls"]:
        result: dict[str, Any] = {"causes": {}, "sizes": {}, "sitemaps": []}
        crawler = process.create_crawler(SmallSpider)
        crawler.settings.setdict(crawl["settings"], priority="cmdline")
        process.crawl(crawler, order=crawl, result=result)
        results.append(result)
        crawlers.append(crawler)
    process.start()
    for crawler, result in zip(crawlers, results, strict=True):
        result["stats"] = crawler.stats.get_stats()
    print(json.dumps(results, default=str))


main()
