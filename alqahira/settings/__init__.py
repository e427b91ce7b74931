"""What this project sets of Scrapy's settings, grouped, with why it is as it is (docs.scrapy.org, `Settings`).

Its own, which begin with `ALQAHIRA_`, are in `configuration.py`, with their defaults and bounds.
"""

from __future__ import annotations

import os
from typing import Any

# First: as it loads, it searches all modules and the stack (`inspect.stack`), and there are few of either now. 0.05 s.
import scrapy.core.downloader.handlers.http11  # noqa: F401
from scrapy.settings.default_settings import EXTENSIONS_BASE as _SCRAPYS_EXTENSIONS
from scrapy.settings.default_settings import RETRY_EXCEPTIONS as _SCRAPYS_RETRY_EXCEPTIONS

from alqahira.settings import configuration

# --- the project ------------------------------------------------------------------------------

BOT_NAME = "alqahira"
SPIDER_MODULES = ["spiders"]
NEWSPIDER_MODULE = "spiders"
COMMANDS_MODULE = "alqahira.commands"

# --- the steps of an article ------------------------------------------------------------------

ITEM_PIPELINES = {
    "pipelines.archive.Archive": 50,
    "pipelines.normalize.Normalize": 100,
    "pipelines.classify.Classify": 200,
    "pipelines.deduplicate.Deduplicate": 300,
    "pipelines.publish.Publish": 400,
}
# Both listen by default in Scrapy 2.19: a crawler listens to nobody. With None in EXTENSIONS they would still be
# loaded, with all that they need: 0.12 s of CPU and 10 MB.
_LISTENERS = ("scrapy.extensions.telnet.TelnetConsole", "scrapy.extensions.remote_control.RemoteControl")
EXTENSIONS_BASE = {name: order for name, order in _SCRAPYS_EXTENSIONS.items() if name not in _LISTENERS}
EXTENSIONS: dict[str, Any] = {
    "alqahira.crawling.extensions.run.RunExtension": 0,
    "alqahira.crawling.extensions.progress.Progress": 100,
}
REFERER_ENABLED = False
# Scrapy looks at each callback, whether it is a generator that returns something; mypy has.
WARN_ON_GENERATOR_RETURN_VALUE = False
# The steps wait for nothing; Scrapy's default starts a hundred tasks for every page (docs/performance.md).
CONCURRENT_ITEMS = 1
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False

# --- manners (docs/manners.md) ----------------------------------------------------------------

DOWNLOADER_MIDDLEWARES: dict[str, Any] = {
    # Scrapy's own lets the first requests of a run slip past robots.txt; ROBOTSTXT_OBEY means nothing here.
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
    # Between the decompression (590) and the redirects: it sees what came over the wire.
    "alqahira.crawling.middlewares.raw_response.RawResponseMiddleware": 595,
    "alqahira.crawling.middlewares.redirects.BoundedRedirectMiddleware": 600,
}
# A name is checked where it is resolved, so that none can change its answer afterwards.
TWISTED_DNS_RESOLVER = "alqahira.crawling.middlewares.address_guard.GuardedResolver"
# An article is a hundred times smaller; Scrapy's default is 1 GiB.
DOWNLOAD_MAXSIZE = 16 * 1024 * 1024
DOWNLOAD_WARNSIZE = 4 * 1024 * 1024
DOWNLOAD_TIMEOUT = 30
REDIRECT_MAX_TIMES = 5

# The site needs no cookie, and at the first one Scrapy's middleware fetches the list of public suffixes from elsewhere,
# in the reactor's thread and without a time limit.
COOKIES_ENABLED = False

# The site sets the pace: the slower it answers, the slower it is asked.
AUTOTHROTTLE_ENABLED = True
AUTOTHROTTLE_START_DELAY = 1.0
AUTOTHROTTLE_MAX_DELAY = 60.0
AUTOTHROTTLE_TARGET_CONCURRENCY = 2.0
# Never faster than this, in seconds between two requests, however fast it answers.
DOWNLOAD_DELAY = 0.25
CONCURRENT_REQUESTS_PER_DOMAIN = 4

RETRY_TIMES = 3
RETRY_EXCEPTIONS = [*_SCRAPYS_RETRY_EXCEPTIONS, "alqahira.exceptions.BrowserCrashed"]
RETRY_GIVE_UP_LOG_LEVEL = "WARNING"

# --- the browser (docs/browser.md) ------------------------------------------------------------

# Scrapy's own handler until a page needs more; Playwright and Chromium start with the first such page.
DOWNLOAD_HANDLERS = dict.fromkeys(("http", "https"), "alqahira.crawling.browser.handler.BrowserDownloadHandler")

# --- feeds ------------------------------------------------------------------------------------

# `-O file.jsonl` writes lines that are equal to the parts' byte for byte.
FEED_EXPORTERS = dict.fromkeys(("jsonl", "jsonlines", "jl"), "alqahira.publishing.exporters.ArticleLinesExporter")
FEED_EXPORT_ENCODING = "utf-8"

# --- logging ----------------------------------------------------------------------------------

LOG_LEVEL = "INFO"
# The account sums up the run; the raw counters are for debugging (`-s STATS_DUMP=True`).
STATS_DUMP = False
# A line for each scraped or dropped item at DEBUG only: the account at the end counts them by cause.
LOG_FORMATTER = "alqahira.monitoring.logs.ItemIdLogFormatter"

TWISTED_REACTOR = "twisted.internet.asyncioreactor.AsyncioSelectorReactor"

# --- the project's own ------------------------------------------------------------------------

globals().update(configuration.DEFAULTS)
# And the environment's, whatever its name: one that is no setting is refused with the others.
for _name, _value in os.environ.items():
    if _value.strip() and (_name.startswith(configuration.PREFIX) or configuration.replacement_of(_name)):
        globals()[_name] = _value.strip()
