"""Good manners and a guarded door: what may be asked, of whom, how often, and how much of the answer is taken.

One concern a file. Each reads its limits from Scrapy settings; `causes` names every refusal. The block that
switches them on, for `settings.py` (the tests of this package run with exactly this text):

.. code-block:: python

    # Never a way in from outside: Scrapy 2.19 starts both by default.
    TELNETCONSOLE_ENABLED = False
    REMOTE_CONTROL_ENABLED = False
    EXTENSIONS = {
        "scrapy.extensions.telnet.TelnetConsole": None,
        "scrapy.extensions.remote_control.RemoteControl": None,
        "scrapy.extensions.throttle.AutoThrottle": None,
        "alqahira.middlewares.crawl_delay.CrawlDelayAutoThrottle": 0,
    }

    DOWNLOADER_MIDDLEWARES = {
        "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
        "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
        "scrapy.downloadermiddlewares.useragent.UserAgentMiddleware": None,
        "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
        "alqahira.middlewares.robots.RobotsMiddleware": 100,
        "alqahira.middlewares.user_agent.ProjectUserAgentMiddleware": 500,
        "alqahira.middlewares.retry.PoliteRetryMiddleware": 550,
    }
    SCHEDULER_PRIORITY_QUEUE = "alqahira.middlewares.holds.HoldAwarePriorityQueue"

    AUTOTHROTTLE_ENABLED = True
    RETRY_TIMES = 3
    RETRY_GIVE_UP_LOG_LEVEL = "WARNING"
    ALQAHIRA_CRAWL_DELAY_MAX = 60.0  # seconds; a longer Crawl-delay is cut to this, with a warning
    ALQAHIRA_RETRY_AFTER_MAX = 300.0  # seconds; a host that wants more is given up, with a cause
    ALQAHIRA_BACKOFF_BASE = 1.0  # seconds before the first retry; doubles
    ALQAHIRA_BACKOFF_MAX = 60.0  # seconds
    ALQAHIRA_RETRY_BUDGET = 50  # retries in a run, and one more for every five answers
"""
