"""The project's own settings, read once from Scrapy's and checked, as one typed object."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path

from scrapy.settings import BaseSettings

from alqahira.checks import (
    check_choice,
    check_day,
    check_flag,
    check_log_level,
    check_number,
    check_output_dir,
    check_revisit,
    check_site_url,
    check_state_url,
)
from alqahira.monitors.rules import Limits
from alqahira.monitors.suite import configured_actions

STATE_FILE = "state.db"
ARCHIVE_FOLDER = "archive"
_DAY = 86_400
# Numbers, with the least and the most that make sense: first those that are whole. All are checked here, before a run;
# most are read where they are used.
_WHOLE = {
    "ALQAHIRA_SITEMAP_DAYS": (0, 36_500),
    "ALQAHIRA_BASELINE_DAYS": (0, 36_500),
    "ALQAHIRA_BASELINE_RUNS": (1, 100_000),
    "ALQAHIRA_BASELINE_MIN_RUNS": (1, 100_000),
    "ALQAHIRA_MONITOR_MIN_ARTICLES": (1, 1_000_000),
    "ALQAHIRA_MONITOR_MIN_REQUESTS": (1, 1_000_000),
    "ALQAHIRA_MIN_VOLUME": (1, 1_000_000),
    "SPIDERMON_SMTP_PORT": (1, 65_535),
    "ALQAHIRA_OVERLAP": (1, 1_000_000),
    "ALQAHIRA_MAX_LISTING_PAGES": (1, 1_000_000),
    "ALQAHIRA_MAX_SITEMAPS": (0, 1_000_000),
    "ALQAHIRA_MAX_REVISITS": (0, 1_000_000_000),
    "ALQAHIRA_MAX_HEADLINE": (1, 1_000_000),
    "ALQAHIRA_PART_MAX_ROWS": (1, 1_000_000),
    "ALQAHIRA_PART_MAX_AGE_SECONDS": (0, 365 * _DAY),
    "ALQAHIRA_BROWSER_PAGES": (1, 64),
    "CLOSESPIDER_ERRORCOUNT": (0, 1_000_000_000),
    "CLOSESPIDER_ITEMCOUNT": (0, 1_000_000_000),
    "CLOSESPIDER_PAGECOUNT": (0, 1_000_000_000),
    "CONCURRENT_REQUESTS": (1, 10_000),
    "CONCURRENT_REQUESTS_PER_DOMAIN": (1, 10_000),
    "DOWNLOAD_MAXSIZE": (1, 2**40),
    "REDIRECT_MAX_TIMES": (0, 100),
    "RETRY_TIMES": (0, 1_000),
}
_REAL = {
    "ALQAHIRA_MAX_FAILED_SHARE": (0, 1),
    "ALQAHIRA_MAX_ERROR_SHARE": (0, 1),
    "ALQAHIRA_MAX_RETRY_SHARE": (0, 1),
    "ALQAHIRA_MAX_ROBOTS_SHARE": (0, 1),
    "ALQAHIRA_COVERAGE_MARGIN": (0, 1),
    "ALQAHIRA_MIN_VOLUME_SHARE": (0, 1),
    "ALQAHIRA_MAX_HOURS_SINCE_SUCCESS": (0, 876_000),
    "ALQAHIRA_ALERT_TIMEOUT": (1, _DAY),
    "ALQAHIRA_RETRY_BUDGET": (0, 1_000_000),
    "ALQAHIRA_CRAWL_DELAY_MAX": (0, _DAY),
    "ALQAHIRA_RETRY_AFTER_MAX": (0, _DAY),
    "ALQAHIRA_LEDGER_WAIT": (0, _DAY),
    "ALQAHIRA_BACKOFF_BASE": (0, _DAY),
    "ALQAHIRA_BACKOFF_MAX": (0, _DAY),
    "ALQAHIRA_BROWSER_DEADLINE": (0.1, _DAY),
    "AUTOTHROTTLE_START_DELAY": (0, _DAY),
    "AUTOTHROTTLE_MAX_DELAY": (0, _DAY),
    "AUTOTHROTTLE_TARGET_CONCURRENCY": (0.01, 10_000),
    "CLOSESPIDER_TIMEOUT": (0, 365 * _DAY),
    "DOWNLOAD_DELAY": (0, _DAY),
    "DOWNLOAD_TIMEOUT": (0.1, _DAY),
}
_FLAGS = (
    "AUTOTHROTTLE_ENABLED",
    "SPIDERMON_ENABLED",
    "SPIDERMON_SMTP_ENFORCE_TLS",
    "SPIDERMON_SMTP_ENFORCE_SSL",
    "ALQAHIRA_LOG_JSON",
)


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a run needs to know of its settings; making one fails with ConfigurationError where one is wrong."""

    site_url: str
    output_dir: Path
    state_url: str
    ledger_wait: float  # seconds
    near_duplicates: str
    browser: str
    compress_parts: bool
    archive_dir: Path | None  # None: no archive is kept
    part_max_rows: int
    part_max_age_seconds: float
    revisit: tuple[tuple[float, float], ...]  # (age in days up to which it holds, hours between visits)
    limits: Limits
    baseline_since: datetime | None
    metrics_dir: Path

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> Configuration:
        """Checks the output folder by writing to it, and every number that the project reads."""
        whole = {n: int(check_number(n, settings[n], *bounds, whole=True)) for n, bounds in _WHOLE.items()}
        real = {n: check_number(n, settings[n], *bounds) for n, bounds in _REAL.items()}
        for name in _FLAGS:
            check_flag(name, settings[name])
        check_log_level(settings["LOG_LEVEL"])
        configured_actions(settings)  # for its errors: the alerts themselves are made when a run ends
        limits = {field.name: (whole | real)[f"ALQAHIRA_{field.name.upper()}"] for field in fields(Limits)}
        output_dir = check_output_dir(str(settings["ALQAHIRA_OUTPUT_DIR"]))
        check_choice("ALQAHIRA_PROGRESS", str(settings["ALQAHIRA_PROGRESS"]), ("auto", "never"))
        is_archived = check_flag("ALQAHIRA_ARCHIVE", settings["ALQAHIRA_ARCHIVE"])
        return cls(
            site_url=check_site_url(str(settings["ALQAHIRA_SITE_URL"])),
            output_dir=output_dir,
            state_url=state_url(settings),
            ledger_wait=real["ALQAHIRA_LEDGER_WAIT"],
            near_duplicates=check_choice(
                "ALQAHIRA_NEAR_DUPLICATES", str(settings["ALQAHIRA_NEAR_DUPLICATES"]), ("drop", "mark", "off")
            ),
            browser=check_choice("ALQAHIRA_BROWSER", str(settings["ALQAHIRA_BROWSER"]), ("auto", "never", "always")),
            compress_parts=check_flag("ALQAHIRA_COMPRESS_PARTS", settings["ALQAHIRA_COMPRESS_PARTS"]),
            archive_dir=check_output_dir(str(output_dir / ARCHIVE_FOLDER), "ALQAHIRA_ARCHIVE") if is_archived else None,
            part_max_rows=whole["ALQAHIRA_PART_MAX_ROWS"],
            part_max_age_seconds=whole["ALQAHIRA_PART_MAX_AGE_SECONDS"],
            revisit=check_revisit(settings["ALQAHIRA_REVISIT"]),
            limits=Limits(**limits),  # type: ignore[arg-type]
            baseline_since=check_day("ALQAHIRA_BASELINE_SINCE", settings["ALQAHIRA_BASELINE_SINCE"]),
            metrics_dir=Path(str(settings["ALQAHIRA_METRICS_DIR"] or output_dir / "metrics")).expanduser(),
        )


def state_url(settings: BaseSettings) -> str:
    """ALQAHIRA_STATE_URL, or `state.db` in the output folder where it is not set. Raises ConfigurationError."""
    given = str(settings["ALQAHIRA_STATE_URL"] or "")
    if given:
        return check_state_url(given)
    return f"sqlite:///{Path(str(settings['ALQAHIRA_OUTPUT_DIR'])).expanduser() / STATE_FILE}"
