"""`scrapy crawl` in memory: the real spider, middlewares, pipelines, ledger and publisher in Scrapy's own engine.

Only the download handler, the event loop and what `simulated_machine` replaces are not real. No reactor, no thread.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import metadata
from typing import Any, NamedTuple

import pytest
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.settings import BaseSettings, Settings
from simulated_machine import Killed, Loop, Machine
from simulated_site import CATEGORIES, Site

import alqahira.settings
from alqahira import site
from alqahira.crawling import section
from alqahira.crawling.extensions import run as run_extension
from alqahira.crawling.extensions.run import run_of
from alqahira.crawling.middlewares import address_guard
from alqahira.exceptions import AlqahiraError
from alqahira.settings.configuration import Configuration
from pipelines import classify, deduplicate
from spiders.defense import DefenseSpider
from spiders.foreign_affairs import ForeignAffairsSpider

RETRY_TIMES = 1
_LISTINGS = {"categories": site.seen(CATEGORIES), "tags": site.seen(())}


class _Defense(DefenseSpider):
    section = replace(DefenseSpider.section, **_LISTINGS)


class _ForeignAffairs(ForeignAffairsSpider):
    section = replace(ForeignAffairsSpider.section, **_LISTINGS)


SPIDERS = {spider.name: spider for spider in (_Defense, _ForeignAffairs)}


class Asked(NamedTuple):
    """A request as the site saw it: monotonic seconds, URL, and the status of the answer or the error's name."""

    seconds: float
    url: str
    answer: str


@dataclass
class Crawl:
    """One run, ended. `outcome`: `finished`, `killed`, or `refused` before it began, with `message`."""

    spider: str
    outcome: str
    message: str = ""
    requests: list[Asked] = field(default_factory=list)
    read: list[str] = field(default_factory=list)  # URLs of pages whose reading began
    exit_status: int | None = None
    reason: str = ""
    errors: int = 0


class _Settings(Settings):
    def copy(self) -> _Settings:
        """As Scrapy's, without its deep copy of every value, which takes long beside a small run."""
        copy = object.__new__(_Settings)
        copy.frozen, copy.attributes = False, {**self.attributes}
        return copy


class _Handler:
    """Scrapy's download handler for the site in memory."""

    lazy = True
    site: Site
    machine: Machine
    crawl: Crawl

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> _Handler:
        return cls()

    async def download_request(self, request: Request) -> Response:
        self.machine.pass_by("request")
        begun, answer = self.machine.seconds, "?"
        await asyncio.sleep(0.05)
        try:
            response = self.site.respond(request)
            answer = str(response.status)
            return response
        except Exception as error:
            answer = type(error).__name__
            raise
        finally:
            self.crawl.requests.append(Asked(begun, request.url, answer))

    async def close(self) -> None:
        pass


@cache
def _settings(folder: str, **more: Any) -> _Settings:
    settings = _Settings()
    settings.setmodule(alqahira.settings, priority="project")
    own = {
        "ALQAHIRA_OUTPUT_DIR": folder,
        "ALQAHIRA_BROWSER": "never",
        "ALQAHIRA_NEAR_DUPLICATES": "off",
        "ALQAHIRA_OVERLAP": 2,
        "ALQAHIRA_PART_MAX_ROWS": 3,
        "ALQAHIRA_COMPACT_AFTER_DAYS": 1,
        "ALQAHIRA_COMPACT_GRACE_HOURS": 12,
        "ALQAHIRA_STATE_URL": "",
        "RETRY_TIMES": RETRY_TIMES,
        "TWISTED_REACTOR_ENABLED": False,
        "DOWNLOAD_HANDLERS": dict.fromkeys(("http", "https"), _Handler),
        "DOWNLOAD_HANDLERS_BASE": {},
        "EXTENSIONS": {"alqahira.crawling.extensions.run.RunExtension": 0},
        "EXTENSIONS_BASE": {},
        "SPIDER_MIDDLEWARES_BASE": {"scrapy.spidermiddlewares.httperror.HttpErrorMiddleware": 50},
        "DOWNLOADER_MIDDLEWARES_BASE": {"scrapy.downloadermiddlewares.stats.DownloaderStats": 850},
        "LOG_ENABLED": False,
    }
    settings.setdict(own | more, priority="cmdline")
    return settings


@contextmanager
def engine_in_memory(site: Site, machine: Machine) -> Iterator[None]:
    """Replace what is outside the project's own rules: names, reports; and compute once what many runs compute."""
    with pytest.MonkeyPatch.context() as patch:
        logging.disable(logging.CRITICAL)
        patch.delitem(sys.modules, "twisted.internet.reactor", raising=False)
        patch.setattr(_Handler, "site", site, raising=False)
        patch.setattr(_Handler, "machine", machine, raising=False)
        patch.setattr(address_guard, "look_up", _no_addresses)
        patch.setattr(run_extension, "run_report", lambda *_: None)
        patch.setattr(metadata, "version", cache(metadata.version))
        # Frozen objects of thousands of runs would never be collected.
        patch.setattr(run_extension, "gc", _NoCollector)
        patch.setattr(Configuration, "from_settings", _configuration)
        patch.setattr(classify, "match_topics", _match_topics)
        patch.setattr(deduplicate, "fingerprint", _fingerprint)
        # What dead processes leave behind complains when it is collected.
        patch.setattr(sys, "unraisablehook", lambda _: None)
        _watch_reading(patch, site, machine)
        gc.disable()
        try:
            yield
            with warnings.catch_warnings(action="ignore"):
                gc.collect()
        finally:
            gc.enable()
            logging.disable(logging.NOTSET)


class _NoCollector:
    collect = freeze = staticmethod(lambda: None)


async def _no_addresses(host: str, port: int) -> list[Any]:
    return []


_checked: dict[int, Configuration] = {}
_from_settings = Configuration.from_settings.__func__  # type: ignore[attr-defined]


def _configuration(settings: BaseSettings) -> Configuration:
    key = settings["ALQAHIRA_OUTPUT_DIR"]
    if key not in _checked:
        _checked[key] = _from_settings(Configuration, settings)
    return _checked[key]


_match, _make_fingerprint = classify.match_topics, cache(deduplicate.fingerprint)
_topics = cache(lambda headline, body, keywords: _match(headline, body, keywords))


def _match_topics(headline: str, body: str, keywords: list[str]) -> dict[str, list[str]]:
    return _topics(headline, body, tuple(keywords))


def _fingerprint(body: str) -> Any:
    return _make_fingerprint(body)


def _watch_reading(patch: pytest.MonkeyPatch, site: Site, machine: Machine) -> None:
    """Note each page that is read; the process dies while it reads poison."""
    read_page = section.read_page

    def read(body: bytes, url: str, **more: Any) -> Any:
        machine.pass_by("page")
        _Handler.crawl.read.append(url)
        if any(story.is_poison and story.path in url for story in site.stories):
            machine.is_dead = True
            raise Killed
        return read_page(body, url, **more)

    patch.setattr(section, "read_page", read)


def crawl(machine: Machine, spider: str, arguments: dict[str, str], **more: Any) -> Crawl:
    """One run to its end, or to its death. Call it within `running_on` and `engine_in_memory`."""
    _Handler.crawl = ended = Crawl(spider, "finished")
    loop = Loop(machine)
    asyncio.set_event_loop(loop)
    crawler = None
    try:
        crawler = Crawler(SPIDERS[spider], _settings(machine.folder, **more))
        loop.run_until_complete(crawler.crawl_async(**arguments))
        run = run_of(crawler)
        assert run is not None
        ended.exit_status, ended.message, ended.errors = run.exit_status, run.problem, run.errors
        ended.reason = str(crawler.stats.get_value("finish_reason", "")) if crawler.stats else ""
    except Killed:
        ended.outcome = "killed"
    except AlqahiraError as error:
        ended.outcome, ended.message = "refused", str(error)
    finally:
        for task in asyncio.all_tasks(loop):
            task._log_destroy_pending = False  # type: ignore[attr-defined]
        machine.bury()
        asyncio.set_event_loop(None)
    return ended
