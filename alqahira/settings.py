"""Every setting of the project, grouped, with why it is as it is.

The names that begin with `ALQAHIRA_` are this project's own, those with `SPIDERMON_` Spidermon's; each is also an
environment variable, and a setting given with `-s` wins over it. Those with `POSTGRESQL_` are constants, changed here
alone. All others are Scrapy's (docs.scrapy.org, «Settings»). What values each may have stands in `configuration.py`.
"""

from __future__ import annotations

import os
from typing import Any

# First of all: as it loads, Scrapy searches all modules and the whole stack for its own name (`inspect.stack`), and
# there are few of either now.
import scrapy.core.downloader.handlers.http11  # noqa: F401
from scrapy.settings.default_settings import EXTENSIONS_BASE as _SCRAPYS_EXTENSIONS
from scrapy.settings.default_settings import SPIDER_MIDDLEWARES_BASE as _SCRAPYS_SPIDERWARE

from alqahira import site

# --- what users set ---------------------------------------------------------------------------

ALQAHIRA_SITE_URL = site.ROOT.value
# Where the corpus goes; a relative folder is below the one that the command was given in.
ALQAHIRA_OUTPUT_DIR = "output"
# Empty: state.db in the output folder, so that a corpus and its ledger are never parted by mistake.
ALQAHIRA_STATE_URL = ""
# Seconds to wait for the other section's run to end; 0: not at all. For a run of its own section none waits.
ALQAHIRA_LEDGER_WAIT = 600.0
# `drop`: an article that was told already is not published. `mark`: it is, with `duplicate_of`. `off`: all are.
ALQAHIRA_NEAR_DUPLICATES = "drop"
# `auto`: plain HTTP first. `never`, `always`: docs/browser.md.
ALQAHIRA_BROWSER = "auto"
# An address or URL in the user agent, by which the site's operators can reach whoever runs this.
ALQAHIRA_USER_AGENT_CONTACT = ""
# On: parts are `.jsonl.gz`. Warehouses read either; what is written already stays as it is.
ALQAHIRA_COMPRESS_PARTS = "false"
# On: the article pages that were read are kept in <output>/archive/, for `scrapy replay` (docs/archive.md).
ALQAHIRA_ARCHIVE = "false"
# `never`: no bar even on a terminal; in a pipe or a log there is none anyway.
ALQAHIRA_PROGRESS = "auto"

# --- how far a run goes -----------------------------------------------------------------------

# Without `since`, sitemaps are read this many days back.
ALQAHIRA_SITEMAP_DAYS = 7
# Paging of a listing ends after this many known articles in a row; one pinned story is no overlap.
ALQAHIRA_OVERLAP = 5
# No listing is followed further than this many pages in one run: an endless one ends, and is reported.
ALQAHIRA_MAX_LISTING_PAGES = 1_000
# A sitemap index is followed to this many files in one run.
ALQAHIRA_MAX_SITEMAPS = 500
# (age of the article in days up to which it holds, hours between visits); after the last, never again.
ALQAHIRA_REVISIT = [(1, 2), (3, 12), (7, 24), (30, 168), (365, 2160)]
# At most this many known articles are asked about again in one run.
ALQAHIRA_MAX_REVISITS = 500

# --- what is written --------------------------------------------------------------------------

# Characters; a longer headline is none, and its article fails with the cause `headline_too_long`.
ALQAHIRA_MAX_HEADLINE = 1_000
# Parts are sealed at this many rows, or when their oldest row is this old.
ALQAHIRA_PART_MAX_ROWS = 5_000
ALQAHIRA_PART_MAX_AGE_SECONDS = 300

# --- monitors (docs/operations.md) ------------------------------------------------------------

# In EXTENSIONS stands `alqahira.extensions.monitors`, not Spidermon's own: the run asks it before it fixes its status.
SPIDERMON_ENABLED = True
SPIDERMON_SPIDER_CLOSE_MONITORS = ["alqahira.monitors.suite.RunMonitors"]
# A run in which more than this share of the taken articles failed ends with status 1.
ALQAHIRA_MAX_FAILED_SHARE = 0.5
# Days of a section's own runs that a run is compared with.
ALQAHIRA_BASELINE_DAYS = 30
# YYYY-MM-DD (Cairo): no run before that day is compared with, for the day on which the site changed for good.
ALQAHIRA_BASELINE_SINCE = ""
# Coverage is compared with so many earlier runs at most, and with so many at least…
ALQAHIRA_BASELINE_RUNS = 20
ALQAHIRA_BASELINE_MIN_RUNS = 3
# …over at least so many pages of this run. It may be lower by this share; lower still, only where chance explains it.
ALQAHIRA_MONITOR_MIN_ARTICLES = 5
ALQAHIRA_COVERAGE_MARGIN = 0.1
# A day fails with less than this share of the articles that are usual on its weekday, where so many are usual.
ALQAHIRA_MIN_VOLUME_SHARE = 0.25
ALQAHIRA_MIN_VOLUME = 10
# Most of the run's requests that may fail, and that may be tries again (shares), where it sent at least so many.
ALQAHIRA_MAX_ERROR_SHARE = 0.2
ALQAHIRA_MAX_RETRY_SHARE = 0.2
ALQAHIRA_MONITOR_MIN_REQUESTS = 20
# Most of the listings and articles that robots.txt may refuse (a share).
ALQAHIRA_MAX_ROBOTS_SHARE = 0.1
# An incomplete run fails where the last complete one began longer ago than this.
ALQAHIRA_MAX_HOURS_SINCE_SUCCESS = 48
# Metrics for node_exporter's textfile collector; empty: `metrics` in the output folder.
ALQAHIRA_METRICS_DIR = ""

# Who is told when a monitor fails; each may hold a secret, so the environment is the place for them.
ALQAHIRA_WEBHOOK_URL = ""
SPIDERMON_EMAIL_TO = ""
SPIDERMON_EMAIL_SENDER = ""
SPIDERMON_SMTP_HOST = ""
SPIDERMON_SMTP_PORT = 25
SPIDERMON_SMTP_USER = ""
SPIDERMON_SMTP_PASSWORD = ""
SPIDERMON_SMTP_ENFORCE_TLS = False
SPIDERMON_SMTP_ENFORCE_SSL = False
SPIDERMON_SLACK_SENDER_TOKEN = ""
SPIDERMON_SLACK_SENDER_NAME = "alqahira"
SPIDERMON_SLACK_RECIPIENTS = ""
# Empty: Slack's own. Another one for GovSlack.
ALQAHIRA_SLACK_API_URL = ""
# Seconds for one of them: a run does not hang on whom it tells.
ALQAHIRA_ALERT_TIMEOUT = 30

# --- a state in PostgreSQL (docs/scaling.md) ---------------------------------------------------

# Seconds that a run waits for a database that went away under it, before it ends and leaves its work to the next.
POSTGRESQL_PATIENCE = 60.0
# The same where a run begins: long enough for a server that is just being restarted.
POSTGRESQL_OPENING_PATIENCE = 5.0
# Ends what a dead network leaves open, on this side within half a minute (libpq's names; seconds, milliseconds).
POSTGRESQL_CONNECT_ARGS: dict[str, Any] = {
    "application_name": "alqahira",
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}
# The same on the server's side, which so releases what a vanished node held; nobody keeps its successor waiting for
# long; and a commit is on the disk before anything is told of it, whatever the server's own default.
POSTGRESQL_WRITER_OPTIONS = (
    "-c synchronous_commit=on -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3 "
    "-c lock_timeout=30s -c idle_in_transaction_session_timeout=60s"
)

# --- the project ------------------------------------------------------------------------------

BOT_NAME = "alqahira"
SPIDER_MODULES = ["spiders"]
NEWSPIDER_MODULE = "spiders"
COMMANDS_MODULE = "alqahira.commands"

# --- the road of an article -------------------------------------------------------------------

ITEM_PIPELINES = {
    "pipelines.archive.Archive": 50,
    "pipelines.normalize.Normalize": 100,
    "pipelines.classify.Classify": 200,
    "pipelines.deduplicate.Deduplicate": 300,
    "pipelines.publish.Publish": 400,
}
# Both listen by default in Scrapy 2.19: a crawler listens to nobody. With None in EXTENSIONS they would still be
# loaded, with all that they need.
_LISTENERS = ("scrapy.extensions.telnet.TelnetConsole", "scrapy.extensions.remote_control.RemoteControl")
EXTENSIONS_BASE = {name: order for name, order in _SCRAPYS_EXTENSIONS.items() if name not in _LISTENERS}
EXTENSIONS: dict[str, Any] = {
    "alqahira.extensions.run.Run": 0,
    "alqahira.extensions.progress.Progress": 100,
    "alqahira.extensions.monitors.Monitors": 500,
    # AutoThrottle, but never faster than a robots.txt asks for.
    "scrapy.extensions.throttle.AutoThrottle": None,
    "alqahira.middlewares.crawl_delay.CrawlDelayAutoThrottle": 0,
}
# What every result of a spider goes through: nothing here asks for a depth or for what `start` gave, no request copies
# another's `meta`, and the site need not be told from where its readers come.
_UNASKED = ("depth.DepthMiddleware", "metacopy.MetaCopyDetectionMiddleware", "start.StartSpiderMiddleware")
SPIDER_MIDDLEWARES_BASE = {name: order for name, order in _SCRAPYS_SPIDERWARE.items() if not name.endswith(_UNASKED)}
REFERER_ENABLED = False
# Scrapy looks at each callback, whether it is a generator that returns something; mypy has.
WARN_ON_GENERATOR_RETURN_VALUE = False
# The steps wait for nothing; Scrapy's default starts a hundred tasks for every page (docs/performance.md).
CONCURRENT_ITEMS = 1
# Some fifteen numbers are counted for every page.
STATS_CLASS = "alqahira.stats.PlainStatsCollector"
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False

# --- manners (docs/manners.md) ----------------------------------------------------------------

DOWNLOADER_MIDDLEWARES: dict[str, Any] = {
    # Scrapy's own let what carries `dont_filter` go off the site, and the first requests of a run slip past
    # robots.txt; ROBOTSTXT_OBEY means nothing here.
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "scrapy.downloadermiddlewares.useragent.UserAgentMiddleware": None,
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
    "alqahira.middlewares.offsite.OffsiteGuardMiddleware": 50,
    "alqahira.middlewares.address_guard.AddressGuardMiddleware": 60,
    "alqahira.middlewares.robots.RobotsMiddleware": 100,
    "alqahira.middlewares.user_agent.ProjectUserAgentMiddleware": 500,
    "alqahira.middlewares.browser.BrowserMiddleware": 540,
    "alqahira.middlewares.retry.PoliteRetryMiddleware": 550,
    "alqahira.middlewares.redirects.BoundedMetaRefreshMiddleware": 580,
    # Between the decompression (590) and the redirects: it sees what came over the wire.
    "alqahira.middlewares.wire.KeepWireMiddleware": 595,
    "alqahira.middlewares.redirects.BoundedRedirectMiddleware": 600,
}
# A name is checked where it is resolved, so that none can change its answer afterwards.
TWISTED_DNS_RESOLVER = "alqahira.middlewares.address_guard.GuardedResolver"
# An article is a hundred times smaller; Scrapy's default is 1 GiB.
DOWNLOAD_MAXSIZE = 16 * 1024 * 1024
DOWNLOAD_WARNSIZE = 4 * 1024 * 1024
DOWNLOAD_TIMEOUT = 30
REDIRECT_MAX_TIMES = 5
# A host that asked to wait is passed over, and only that host.
SCHEDULER_PRIORITY_QUEUE = "alqahira.middlewares.holds.HoldAwarePriorityQueue"

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
RETRY_GIVE_UP_LOG_LEVEL = "WARNING"
# Retries in a run, and one more for every five answers: a broken site is not asked for ever.
ALQAHIRA_RETRY_BUDGET = 50
# Seconds; a longer Crawl-delay is cut to this, with a warning.
ALQAHIRA_CRAWL_DELAY_MAX = 60.0
# Seconds; a host that wants more is given up, with a cause.
ALQAHIRA_RETRY_AFTER_MAX = 300.0
# Seconds before the first retry without a Retry-After; they double, with jitter, up to the second figure.
ALQAHIRA_BACKOFF_BASE = 1.0
ALQAHIRA_BACKOFF_MAX = 60.0

# --- the browser (docs/browser.md) ------------------------------------------------------------

# Scrapy's own handler until a page needs more; Playwright and Chromium start with the first such page.
DOWNLOAD_HANDLERS = dict.fromkeys(("http", "https"), "alqahira.browser.handler.BrowserDownloadHandler")
# Seconds for one page in the browser.
ALQAHIRA_BROWSER_DEADLINE = 60
# Pages that are open at once.
ALQAHIRA_BROWSER_PAGES = 2

# --- feeds ------------------------------------------------------------------------------------

# `-O file.jsonl` writes lines that are equal to the parts' byte for byte.
FEED_EXPORTERS = dict.fromkeys(("jsonl", "jsonlines", "jl"), "alqahira.exporters.ArticleLinesExporter")
FEED_EXPORT_ENCODING = "utf-8"

# --- logging ----------------------------------------------------------------------------------

LOG_LEVEL = "INFO"
# True: one JSON object a line.
ALQAHIRA_LOG_JSON = "false"
# The account says what happened; the raw counters are for debugging (`-s STATS_DUMP=True`).
STATS_DUMP = False
# One line for a dropped or scraped item at DEBUG only: the account at the end says how many and why.
LOG_FORMATTER = "alqahira.logformatter.QuietLogFormatter"

TWISTED_REACTOR = "twisted.internet.asyncioreactor.AsyncioSelectorReactor"

# --- the environment --------------------------------------------------------------------------

# Spidermon's too, for they hold secrets, and a command line can be read by all.
for _name in [name for name in globals() if name.startswith(("ALQAHIRA_", "SPIDERMON_"))]:
    if _value := os.environ.get(_name, "").strip():
        globals()[_name] = _value
