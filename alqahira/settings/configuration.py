"""The project's own settings, with types, bounds, defaults and descriptions, and those of Scrapy that it reads.

A field with a description is the setting `ALQAHIRA_<FIELD>`, also an environment variable, which `-s` overrides. The
others are Scrapy's. `job`: what a job of Scrapyd may do with a setting (`crawling/scrapyd/jobs.py`); without it,
nothing.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from weakref import WeakKeyDictionary

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from scrapy.settings import BaseSettings, default_settings

from alqahira import site
from alqahira.exceptions import ConfigurationError
from alqahira.extraction.reading import CHECK_SHARE
from alqahira.settings.types import (
    Contact,
    Flag,
    Folder,
    Seconds,
    Share,
    SiteRoot,
    StartOfDay,
    Steps,
    Words,
    any_case,
    below_project,
    make_folder,
    url_path,
    validate,
)

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


PREFIX = "ALQAHIRA_"
STATE_FILE = "state.db"
ARCHIVE_FOLDER = "archive"
_ALERTS = "alerts go to the URLs in ALQAHIRA_ALERT_URLS, such as"
# Former settings (`*` stands for anything), and what replaced each.
REPLACED: dict[str, str] = {
    "ALQAHIRA_MAX_LOAD_MORE_CLICKS": "one press teaches the request, and ALQAHIRA_MAX_LISTING_PAGES bounds the pages",
    "ALQAHIRA_BROWSER_LOAD_MORE_BUDGET": "one press teaches the request behind the control (docs/browser.md)",
    "ALQAHIRA_OTHERS_PATIENCE": "one run at a time writes to a ledger; ALQAHIRA_LEDGER_WAIT bounds the wait",
    "ALQAHIRA_WEBHOOK_URL": f"{_ALERTS} jsons://example.org/hook",
    "ALQAHIRA_SLACK_API_URL": f"{_ALERTS} slack://BOT_TOKEN/#CHANNEL",
    "SPIDERMON_SLACK_*": f"{_ALERTS} slack://BOT_TOKEN/#CHANNEL",
    "SPIDERMON_*": f"all monitors run, with thresholds in docs/operations.md; {_ALERTS} "
    "mailtos://USER:PASSWORD@smtp.example.org?from=alqahira@example.org&to=desk@example.org",
}
# What a job of Scrapyd may do with a setting.
FREE, AT_LEAST, AT_MOST, AS_IS = "free", "at least", "at most", "as the operator has it"
_DAY = 86_400


def option(
    default: Any = ...,
    text: str | None = None,
    low: float | None = None,
    high: float | None = None,
    *,
    job: str = "",
    secret: bool = False,
) -> Any:
    """A setting with its lowest and highest value; one without `text` is Scrapy's, with Scrapy's default."""
    return Field(default, description=text, ge=low, le=high, repr=not secret, json_schema_extra={"job": job})


class Limits(BaseModel):
    """The monitors' thresholds (docs/operations.md)."""

    model_config = ConfigDict(frozen=True, validate_default=True, defer_build=True, allow_inf_nan=False)

    max_failed_share: Share = option(0.5, "of the articles queued that may fail")
    baseline_runs: int = option(20, "most earlier runs that coverage is compared with", 1, 100_000)
    baseline_min_runs: int = option(3, "fewest of them", 1, 100_000)
    monitor_min_articles: int = option(5, "pages of this run below which coverage is not judged", 1, 10**6)
    coverage_margin: Share = option(0.1, "by which coverage may be lower; lower still, where chance explains it")
    min_volume_share: Share = option(0.25, "of the articles usual on a weekday below which a day fails")
    min_volume: int = option(10, "articles that must be usual for that", 1, 10**6)
    max_error_share: Share = option(0.2, "of the requests that may fail")
    max_retry_share: Share = option(0.2, "of the requests that may be tries again")
    monitor_min_requests: int = option(20, "requests of this run below which those two are not judged", 1, 10**6)
    max_robots_share: Share = option(0.1, "of listings and articles that robots.txt may refuse")
    max_hours_since_success: float = option(
        48, "an incomplete run fails if the last complete one began longer ago", 0, 876_000
    )


class Configuration(Limits):
    """The settings of a run, checked."""

    # --- what users set
    site_url: SiteRoot = option(site.ROOT.value, "the site's root", job=AS_IS)
    output_dir: Folder = option("output", "the corpus' folder; a relative one is below that of scrapy.cfg", job=AS_IS)
    state_url: str = option("", "the ledger; empty: state.db in the output folder", job=AS_IS, secret=True)
    near_duplicates: Annotated[Literal["drop", "mark", "off"], any_case] = option(
        "drop", "`drop` what was published already, publish it with `duplicate_of` (`mark`), or do not look", job=FREE
    )
    browser: Annotated[Literal["auto", "never", "always"], any_case] = option(
        "auto", "`auto`: plain HTTP first, the browser if needed (docs/browser.md)", job=FREE
    )
    user_agent_contact: Contact = option("", "an address or URL at which the site's operators can reach you")
    compress_parts: Flag = option(False, "parts are .jsonl.gz; what is written already stays as it is", job=FREE)
    archive: Flag = option(False, "keep the article pages in <output>/archive/ (docs/archive.md)", job=FREE)
    progress: Annotated[Literal["auto", "never"], any_case] = option("auto", "`never`: no bar, even on a terminal")
    log_json: Flag = option(False, "one JSON object a line of the log")
    # --- how far a run goes
    sitemap_days: int = option(7, "days that sitemaps are read back without `since`", 0, 36_500, job=FREE)
    overlap: int = option(5, "known articles in a row that end the paging of a listing", 1, 10**6, job=FREE)
    max_listing_pages: int = option(1_000, "pages of one listing in a run: an endless one ends", 1, 10**6, job=FREE)
    max_sitemaps: int = option(500, "files of a sitemap index in a run", 0, 10**6, job=FREE)
    revisit: Steps = option(
        [(1, 2), (3, 12), (7, 24), (30, 168), (365, 2160)],
        "(age of an article in days up to which it holds, hours between visits); after the last, never again",
    )
    max_revisits: int = option(500, "known articles that are visited again in a run", 0, 10**9, job=FREE)
    # --- what is written
    seal: Annotated[Literal["run", "due"], any_case] = option(
        "run", "`run`: a run seals at its end all that it accepted; `due`: parts by rows or age alone", job=FREE
    )
    max_headline: int = option(1_000, "characters; a longer headline fails as `headline_too_long`", 1, 10**6)
    check_page_data: Share = option(
        CHECK_SHARE,
        "share of the articles read by page data that are parsed as well, to compare (docs/extraction.md)",
        job=FREE,
    )
    part_max_rows: int = option(5_000, "rows at which a part is sealed", 1, 10**6, job=FREE)
    compact: Annotated[Literal["auto", "never"], any_case] = option(
        "auto",
        "`auto`: a run merges at its end the parts of days at rest; `never`: only `scrapy compact` does",
        job=FREE,
    )
    compact_after_days: float = option(3, "days without a new line after which a day is at rest", 0, 36_500)
    compact_grace_hours: float = option(24, "hours that files stay which others have replaced", 0, 876_000)
    part_max_age_seconds: float = option(300, "age of its oldest row at which it is sealed", 0, 365 * _DAY, job=FREE)
    feed_timeout: float = option(120, "seconds in which a feed (`-o`) must be stored after the crawl", 0.1, _DAY)
    # --- what is kept of earlier runs (docs/operations.md)
    keep_runs_days: int = option(400, "days that runs stay in the ledger", 1, 36_500)
    keep_summaries_days: int = option(90, "days that summaries of runs stay in `runs/`", 1, 36_500)
    keep_empty_archives_days: int = option(30, "days that archives of runs without a page stay", 1, 36_500)
    # --- monitors (docs/operations.md)
    baseline_days: int = option(30, "days of a section's own runs that a run is compared with", 0, 36_500)
    baseline_since: StartOfDay = option("", "YYYY-MM-DD (Cairo): the site changed then, compare with nothing older")
    metrics_dir: Folder = option("", "for node_exporter's textfile collector; empty: `metrics` in the output folder")
    alert_urls: Words = option("", "apprise URLs, white space between them; they hold secrets", secret=True)
    alert_timeout: float = option(30, "seconds in which all alerts must be sent", 1, _DAY)
    ledger_wait: Seconds = option(600.0, "seconds to wait for the other section's run to end; 0: not at all")
    # --- manners (docs/manners.md)
    retry_budget: float = option(50, "retries in a run, and one more for every five answers", 0, 10**6, job=AT_MOST)
    crawl_delay_max: Seconds = option(60.0, "seconds; a longer Crawl-delay is cut to this, with a warning")
    retry_after_max: Seconds = option(300.0, "seconds; a host that wants a longer wait is given up, with a cause")
    backoff_base: Seconds = option(1.0, "seconds before the first retry without a Retry-After; they double, up to…")
    backoff_max: Seconds = option(60.0, "…this")
    # --- the browser (docs/browser.md)
    browser_deadline: float = option(60, "seconds for one page", 0.1, _DAY)
    browser_pages: int = option(2, "pages that are open at once", 1, 64)
    # --- Scrapy's
    autothrottle_enabled: Flag = option(job=AT_LEAST)
    autothrottle_start_delay: Seconds = option(job=AT_LEAST)
    autothrottle_max_delay: Seconds = option(job=AT_LEAST)
    autothrottle_target_concurrency: float = option(low=0.01, high=10_000, job=AT_MOST)
    closespider_errorcount: int = option(low=0, high=10**9, job=FREE)
    closespider_itemcount: int = option(low=0, high=10**9, job=FREE)
    closespider_pagecount: int = option(low=0, high=10**9, job=FREE)
    closespider_timeout: float = option(low=0, high=365 * _DAY, job=FREE)
    concurrent_requests: int = option(low=1, high=10_000, job=AT_MOST)
    concurrent_requests_per_domain: int = option(low=1, high=10_000, job=AT_MOST)
    download_delay: Seconds = option(job=AT_LEAST)
    download_maxsize: int = option(low=1, high=2**40)
    download_timeout: float = option(low=0.1, high=_DAY, job=AT_MOST)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = option(job=FREE)
    redirect_max_times: int = option(low=0, high=100)
    retry_times: int = option(low=0, high=1_000, job=AT_MOST)
    twisted_reactor: Literal["twisted.internet.asyncioreactor.AsyncioSelectorReactor"] = option()

    @field_validator("state_url")
    @classmethod
    def _ledger(cls, value: str, info: ValidationInfo) -> str:
        """By default `state.db` in the output folder, so that a corpus and its ledger stay together."""
        if not value:
            return f"sqlite:///{url_path(info.data.get('output_dir', Path()) / STATE_FILE)}"
        from alqahira.settings.state_url import read_state_url

        url = read_state_url(value)
        if url.get_backend_name() != "sqlite" or str(url.database).startswith("file:"):
            return value
        _, mark, options = value.partition("?")
        return f"sqlite:///{url_path(below_project(Path(str(url.database))))}{mark}{options}"

    @field_validator("metrics_dir", mode="before")
    @classmethod
    def _metrics(cls, value: object, info: ValidationInfo) -> object:
        return value or info.data.get("output_dir", Path()) / "metrics"

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> Self:
        """Read and check all settings. Raises ConfigurationError for an unknown name or the first wrong value."""
        refuse_unknown(map(str, settings))
        check_own_of_scrapy(settings)
        given = {field: settings[name] for field, name in NAMES.items() if settings.get(name) is not None}
        return validate(cls, given, name_of=NAMES.__getitem__)

    @property
    def archive_dir(self) -> Path | None:
        """The folder of the archive; None if it is off."""
        return self.output_dir / ARCHIVE_FOLDER if self.archive else None

    def make_folders(self) -> None:
        """Create the folders that a run writes to. Raises ConfigurationError if one cannot be written."""
        make_folder(self.output_dir, "ALQAHIRA_OUTPUT_DIR")
        if self.archive_dir:
            make_folder(self.archive_dir, "ALQAHIRA_ARCHIVE")


# The name of each field's setting.
NAMES = {
    field: PREFIX + field.upper() if info.description else field.upper()
    for field, info in Configuration.model_fields.items()
}
# The default of each of the project's own settings.
DEFAULTS = {NAMES[field]: info.default for field, info in Configuration.model_fields.items() if info.description}
_checked: WeakKeyDictionary[Crawler, Configuration] = WeakKeyDictionary()


def configuration_of(crawler: Crawler) -> Configuration:
    """The settings of a crawler, checked at the first call. Raises ConfigurationError."""
    if crawler not in _checked:
        _checked[crawler] = Configuration.from_settings(crawler.settings)
    return _checked[crawler]


def replacement_of(name: str) -> str:
    """What replaced a former setting; empty for any other name."""
    return next((text for old, text in REPLACED.items() if fnmatchcase(name, old)), "")


def refuse_unknown(names: Iterable[str]) -> None:
    """Raise ConfigurationError for the first name of a former setting, or an unknown `ALQAHIRA_…`."""
    for name in names:
        shown = ascii(name[:60])[1:-1]
        if text := replacement_of(name):
            raise ConfigurationError(f"{shown} is no longer a setting: {text}")
        if nearest := nearest_to(name):
            raise ConfigurationError(f"{shown} is not a setting; did you mean {nearest}?")


def check_own_of_scrapy(settings: BaseSettings) -> None:
    """Raise ConfigurationError for a setting of Scrapy's that is no flag or number, and whose default is one.

    Those that `Configuration` checks, with their bounds, are left to it.
    """
    readers = {bool: settings.getbool, int: settings.getint, float: settings.getfloat}
    kinds = {bool: "neither true nor false", int: "not a whole number", float: "not a number"}
    for name, default in vars(default_settings).items():
        read = readers.get(type(default))
        if read is None or name in NAMES.values() or settings[name] is None:
            continue
        try:
            read(name)
        except (ValueError, TypeError):
            raise ConfigurationError(f"{name}={str(settings[name])[:80]!r} is {kinds[type(default)]}") from None


def nearest_to(name: str) -> str:
    """The setting that an unknown name is nearest to, if it has the prefix or is nearly one; else empty."""
    if name in DEFAULTS or hasattr(default_settings, name):
        return ""
    cutoff = 0 if name.startswith(PREFIX) else 0.9
    return next(iter(difflib.get_close_matches(name.strip().upper(), DEFAULTS, n=1, cutoff=cutoff)), "")
