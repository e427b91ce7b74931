"""The Scrapy settings of this project (https://docs.scrapy.org/en/latest/topics/settings.html).

Its own settings, `ALQAHIRA_…`, are in `configuration.py`.
"""

from __future__ import annotations

import gc
import inspect
import os
import sys
from functools import partial
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from scrapy.settings.default_settings import EXTENSIONS_BASE as _SCRAPYS_EXTENSIONS

import alqahira
from alqahira.settings import configuration

# --- the project ------------------------------------------------------------------------------

BOT_NAME = "alqahira"
# In a wheel or an egg `spiders` and `pipelines` are within the package (setup.py).
_WITHIN = "alqahira." if PathFinder.find_spec("alqahira.spiders", alqahira.__path__) else ""
if not _WITHIN:
    # Scrapy does so where it finds scrapy.cfg; an editable install is used from other folders, too.
    sys.path.append(str(Path(__file__).parents[2]))
SPIDER_MODULES = [f"{_WITHIN}spiders"]
NEWSPIDER_MODULE = SPIDER_MODULES[0]
COMMANDS_MODULE = "alqahira.commands"

# --- pipelines and extensions ------------------------------------------------------------------

ITEM_PIPELINES = {
    f"{_WITHIN}pipelines.archive.Archive": 50,
    f"{_WITHIN}pipelines.normalize.Normalize": 100,
    f"{_WITHIN}pipelines.classify.Classify": 200,
    f"{_WITHIN}pipelines.deduplicate.Deduplicate": 300,
    f"{_WITHIN}pipelines.publish.Publish": 400,
}
# These two listen on ports by default in Scrapy 2.19. With None in EXTENSIONS they would still be imported: 0.12 s of
# CPU and 10 MB.
_LISTENERS = ("scrapy.extensions.telnet.TelnetConsole", "scrapy.extensions.remote_control.RemoteControl")
_FEEDS = "scrapy.extensions.feedexport.FeedExporter"  # the project's own, below, fails a run whose feed is not written
EXTENSIONS_BASE = {name: order for name, order in _SCRAPYS_EXTENSIONS.items() if name not in (*_LISTENERS, _FEEDS)}
EXTENSIONS: dict[str, Any] = {
    "alqahira.crawling.extensions.run.RunExtension": 0,
    "alqahira.crawling.extensions.feeds.Feeds": 0,
    "alqahira.crawling.extensions.progress.Progress": 100,
}
REFERER_ENABLED = False
# Scrapy would inspect each callback for a generator that returns a value; mypy has done so.
WARN_ON_GENERATOR_RETURN_VALUE = False
# Pipelines never wait; Scrapy's default of 100 starts as many tasks for every page (docs/performance.md).
CONCURRENT_ITEMS = 1
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False

# --- manners (docs/manners.md) ----------------------------------------------------------------

DOWNLOADER_MIDDLEWARES: dict[str, Any] = {
    # Scrapy's own lets the first requests of a run through before robots.txt has arrived; ROBOTSTXT_OBEY has no effect.
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
    "alqahira.crawling.middlewares.address_guard.OffsiteGuardMiddleware": 50,
    "alqahira.crawling.middlewares.address_guard.AddressGuardMiddleware": 60,
    "alqahira.crawling.middlewares.robots.RobotsMiddleware": 100,
    "alqahira.crawling.middlewares.user_agent.ProjectUserAgentMiddleware": 490,
    "alqahira.crawling.middlewares.browser.BrowserMiddleware": 540,
    # Waits for robots.txt, Retry-After and retries.
    "alqahira.crawling.middlewares.politeness.HostDelays": 545,
    "alqahira.crawling.middlewares.politeness.PoliteRetryMiddleware": 550,
    "alqahira.crawling.middlewares.redirects.BoundedMetaRefreshMiddleware": 580,
    # Between decompression (590) and redirects: it sees the response as received.
    "alqahira.crawling.middlewares.raw_response.RawResponseMiddleware": 595,
    "alqahira.crawling.middlewares.redirects.BoundedRedirectMiddleware": 600,
}
# Addresses are checked where names are resolved, so that a name cannot resolve to another address after the check.
TWISTED_DNS_RESOLVER = "alqahira.crawling.middlewares.address_guard.GuardedResolver"
# An article is a hundred times smaller; Scrapy's default is 1 GiB.
DOWNLOAD_MAXSIZE = 16 * 1024 * 1024
DOWNLOAD_WARNSIZE = 4 * 1024 * 1024
DOWNLOAD_TIMEOUT = 30
REDIRECT_MAX_TIMES = 5

# The site needs no cookies. At the first one Scrapy's middleware would download the public suffix list, in the
# reactor's thread and without a time limit.
COOKIES_ENABLED = False

# The slower the site answers, the slower the crawl.
AUTOTHROTTLE_ENABLED = True
AUTOTHROTTLE_START_DELAY = 1.0
AUTOTHROTTLE_MAX_DELAY = 60.0
AUTOTHROTTLE_TARGET_CONCURRENCY = 2.0
# The shortest delay between two requests, in seconds.
DOWNLOAD_DELAY = 0.25
CONCURRENT_REQUESTS_PER_DOMAIN = 4

RETRY_TIMES = 3
RETRY_GIVE_UP_LOG_LEVEL = "WARNING"

# --- the browser (docs/browser.md) ------------------------------------------------------------

# Scrapy's own handler, until the first page that needs the browser starts Playwright and Chromium.
DOWNLOAD_HANDLERS = dict.fromkeys(("http", "https"), "alqahira.crawling.browser.handler.BrowserDownloadHandler")

# --- feeds ------------------------------------------------------------------------------------

# `-O file.jsonl` writes the same lines as the parts, byte for byte; `-O file.csv` has no formulas.
FEED_EXPORTERS = {
    **dict.fromkeys(("jsonl", "jsonlines", "jl"), "alqahira.publishing.exporters.ArticleLinesExporter"),
    "csv": "alqahira.publishing.exporters.SafeCsvExporter",
}
FEED_EXPORT_ENCODING = "utf-8"

# --- logging ----------------------------------------------------------------------------------

LOG_LEVEL = "INFO"
# The run's account is logged instead; the raw counters are for debugging (`-s STATS_DUMP=True`).
STATS_DUMP = False
# Scraped and dropped items are logged at DEBUG only; the account counts them by cause.
LOG_FORMATTER = "alqahira.monitoring.logs.ItemIdLogFormatter"

TWISTED_REACTOR = "twisted.internet.asyncioreactor.AsyncioSelectorReactor"

# --- the project's own ------------------------------------------------------------------------

globals().update(configuration.DEFAULTS)
# Unknown and replaced names, too, so that they are refused as everywhere else.
for _name, _value in os.environ.items():
    # All names that begin so, as comparing each of the environment would take long.
    is_near = _name.startswith(configuration.PREFIX[:2]) and configuration.nearest_to(_name)
    if _value.strip() and (_name in configuration.DEFAULTS or is_near or configuration.replacement_of(_name)):
        globals()[_name] = _value.strip()

# --- loading ----------------------------------------------------------------------------------


def _load_http_handler() -> None:
    """Load it without the source of every frame, which three of its modules ask of `inspect.stack`: 0.03 s of CPU."""
    stack = inspect.stack
    inspect.stack = partial(stack, 0)
    try:
        import scrapy.core.downloader.handlers.http11  # noqa: F401
    finally:
        inspect.stack = stack


_load_http_handler()
# What is loaded stays, so the collector need not walk all of it each time that a quarter more is loaded.
gc.freeze()
