"""What a job of Scrapyd may set; tests/crawling/test_scrapyd.py runs a real one."""

import pytest
from scrapy.settings import Settings

from alqahira import settings as project
from alqahira.crawling.scrapyd.jobs import check_api_settings
from alqahira.exceptions import ConfigurationError

OPERATOR = {
    "ALQAHIRA_SITE_URL": "https://example.org",
    "ALQAHIRA_OUTPUT_DIR": "/srv/corpus",
    "ALQAHIRA_STATE_URL": "",
    "CONCURRENT_REQUESTS": 16,
}
WITH_STATE = {"ALQAHIRA_STATE_URL": "sqlite:////srv/state.db"}


COPY = {"ALQAHIRA_SITE_URL": "http://127.0.0.1:8000"}


def check(given, *, operator=None, service=None):
    settings = Settings()
    settings.setmodule(project, priority="project")
    settings.setdict(OPERATOR | (operator or {}), priority="project")
    check_api_settings(given, operator=settings, service=service or {})


@pytest.mark.parametrize(
    ("given", "operator"),
    [
        ({"ALQAHIRA_BROWSER": "never", "ALQAHIRA_NEAR_DUPLICATES": "mark", "CLOSESPIDER_TIMEOUT": "3600"}, {}),
        ({"LOG_LEVEL": "DEBUG"}, {}),
        ({"AUTOTHROTTLE_ENABLED": "True"}, {}),
        ({"DOWNLOAD_DELAY": "2", "CONCURRENT_REQUESTS_PER_DOMAIN": "1", "RETRY_TIMES": "0"}, {}),
        ({"DOWNLOAD_DELAY": "0.25"}, {}),
        ({"ALQAHIRA_SITE_URL": "https://EXAMPLE.org/"}, {}),
        ({"ALQAHIRA_OUTPUT_DIR": "/srv/corpus"}, {}),
        ({"ALQAHIRA_OUTPUT_DIR": "/srv/corpus/"}, WITH_STATE),
        ({"ALQAHIRA_OUTPUT_DIR": "/srv/corpus/trial-1/b"}, {}),
        (WITH_STATE, WITH_STATE),
    ],
)
def test_setting_within_the_operators_is_accepted(given, operator):
    check(given, operator=operator)


@pytest.mark.parametrize(
    "name",
    [
        "ROBOTSTXT_OBEY",
        "ALQAHIRA_MAX_FAILED_SHARE",
        "ALQAHIRA_ALERT_URLS",
        "DOWNLOADER_MIDDLEWARES",
        "DOWNLOADER_MIDDLEWARES_BASE",
        "SPIDER_MIDDLEWARES",
        "EXTENSIONS",
        "ITEM_PIPELINES",
        "ADDONS",
        "DOWNLOAD_HANDLERS",
        "TWISTED_DNS_RESOLVER",
        "SCHEDULER",
        "JOBDIR",
        "FEEDS",
        "FEED_EXPORTERS",
        "LOG_FILE",
        "LOG_FORMAT",
        "LOG_FORMATTER",
        "USER_AGENT",
        "DEFAULT_REQUEST_HEADERS",
        "HTTPPROXY_ENABLED",
        "HTTPCACHE_DIR",
        "MEMUSAGE_LIMIT_MB",
        "DOWNLOAD_MAXSIZE",
        "SPIDER_MODULES",
        "PLAYWRIGHT_LAUNCH_OPTIONS",
        "ALQAHIRA_USER_AGENT_CONTACT",
        "ALQAHIRA_CRAWL_DELAY_MAX",
        "",
        "x\nROBOTSTXT_OBEY",
    ],
)
def test_unlisted_setting_is_refused(name):
    with pytest.raises(ConfigurationError, match="is the operator's") as raised:
        check({name: "1"}, operator=COPY)
    assert "\n" not in str(raised.value)
    assert raised.value.exit_status == 2


def test_unknown_setting_is_refused_with_the_nearest():
    with pytest.raises(ConfigurationError, match="did you mean ALQAHIRA_OVERLAP"):
        check({"ALQAHIRA_OVRLAP": "1"})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"DOWNLOAD_DELAY": "0"}, "must have at least 0.25"),
        ({"AUTOTHROTTLE_START_DELAY": "0.1"}, "must have at least 1"),
        ({"CONCURRENT_REQUESTS_PER_DOMAIN": "64"}, "must have at most 4"),
        ({"RETRY_TIMES": "50"}, "must have at most 3"),
        ({"AUTOTHROTTLE_ENABLED": "False"}, "may not turn it off"),
        ({"AUTOTHROTTLE_ENABLED": "maybe"}, "neither true nor false"),
        ({"DOWNLOAD_DELAY": "nan"}, "is not a number"),
        ({"DOWNLOAD_DELAY": "inf"}, "is not a number"),
        ({"LOG_LEVEL": "debug"}, "is not one of DEBUG"),
        ({"LOG_LEVEL": "ALL\u202e"}, "is not one of DEBUG"),
    ],
)
def test_setting_less_polite_than_the_operators_is_refused(given, message):
    with pytest.raises(ConfigurationError, match=message):
        check(given)


def test_local_copy_of_the_site_may_be_crawled_at_any_pace():
    check({"DOWNLOAD_DELAY": "0", "AUTOTHROTTLE_ENABLED": "False"}, operator=COPY)


@pytest.mark.parametrize(
    ("given", "operator"),
    [
        ({"ALQAHIRA_SITE_URL": "https://example.com"}, {}),
        ({"ALQAHIRA_SITE_URL": "http://example.org"}, {}),
        ({"ALQAHIRA_SITE_URL": "http://127.0.0.1:80"}, {}),
        ({"ALQAHIRA_OUTPUT_DIR": "/srv"}, {}),
        ({"ALQAHIRA_OUTPUT_DIR": "/srv/corpus2"}, {}),
        ({"ALQAHIRA_OUTPUT_DIR": "/srv/corpus/../x"}, {}),
        ({"ALQAHIRA_OUTPUT_DIR": "~"}, {}),
        ({"ALQAHIRA_OUTPUT_DIR": "/srv/corpus/.hidden"}, {}),
        ({"ALQAHIRA_OUTPUT_DIR": "/srv/corpus/articles"}, {}),
        ({"ALQAHIRA_OUTPUT_DIR": "/srv/corpus/articles/day=2026-11-01"}, {}),
        ({"ALQAHIRA_OUTPUT_DIR": "/srv/corpus/a\nb"}, {}),
        ({"ALQAHIRA_OUTPUT_DIR": "/srv/corpus/trial"}, WITH_STATE),
        ({"ALQAHIRA_STATE_URL": "sqlite:////tmp/state.db"}, WITH_STATE),
        ({"ALQAHIRA_STATE_URL": "sqlite:////tmp/state.db"}, {}),
    ],
)
def test_other_site_output_or_ledger_is_refused(given, operator):
    with pytest.raises(ConfigurationError, match="is the operator's"):
        check(given, operator=operator)


def test_symlink_out_of_the_output_is_refused(tmp_path):
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / "trial").symlink_to(tmp_path)
    with pytest.raises(ConfigurationError, match="is the operator's"):
        check(
            {"ALQAHIRA_OUTPUT_DIR": str(tmp_path / "output" / "trial")},
            operator={"ALQAHIRA_OUTPUT_DIR": str(tmp_path / "output")},
        )


def test_setting_of_the_service_is_accepted_unchanged_only():
    check({"LOG_FILE": "/var/log/1.log"}, service={"LOG_FILE": "/var/log/1.log"})
    with pytest.raises(ConfigurationError):
        check({"LOG_FILE": "/etc/passwd"}, service={"LOG_FILE": "/var/log/1.log"})
