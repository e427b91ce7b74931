"""The monitors: plain functions over a run's figures, called when it ends. Pure.

Each takes `RunFigures` and returns the problem in one line, empty where there is none; it raises InsufficientData where
there is too little to compare. The baseline is the section's own earlier runs that were complete and passed every
monitor. A new monitor is a function added to MONITORS.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp, lgamma, log
from statistics import median
from typing import Any

from alqahira.article import rfc3339
from alqahira.exceptions import one_line
from alqahira.ledger import EndedRun
from alqahira.ledger.decisions import Outcome
from alqahira.ledger.same_article import SAME_TEXT
from alqahira.monitoring.causes import GIVEN_UP, ROBOTS, ROBOTS_UNREACHABLE, describe
from alqahira.monitoring.history import is_good
from alqahira.settings.configuration import Limits
from alqahira.text.dates import CAIRO, start_of_cairo_day

# A low share fails a monitor where chance alone would give it less often than this.
_CHANCE = 0.001
# A day's volume is compared with the same weekday of this many weeks, and of no fewer than _MIN_WEEKS of them.
_WEEKS = 4
_MIN_WEEKS = 3
# A run may start this much later than on other days and still count to the same part of the day.
_GRACE = timedelta(hours=1)
_MOST_FIELDS = 3  # that a message names


class InsufficientData(Exception):
    """A monitor has too little to compare; the message names what is missing."""


@dataclass(frozen=True, slots=True)
class RunFigures:
    """One run at its end. `earlier`: by `history.earlier_runs`, of the last ALQAHIRA_BASELINE_DAYS."""

    spider: str
    site_url: str
    started: datetime
    reason: str
    account: Mapping[str, Any]  # as `RunStats.as_dict` gives it
    stats: Mapping[str, Any]  # Scrapy's
    limits: Limits
    is_bounded: bool = False  # it was given `since`, `until` or `max_articles`
    errors: int = 0  # exceptions in callbacks and pipelines
    failure: str = ""  # the error that ended the run early, in one line
    clock: str = ""  # how this machine's clock is wrong, in one line
    feeds: str = ""  # which feeds were not written, in one line
    earlier: Sequence[EndedRun] = ()
    last_complete: datetime | None = None

    @property
    def is_finished(self) -> bool:
        """Whether the run came to its own end: nobody and no limit stopped it."""
        return self.reason == "finished"

    @property
    def baseline_runs(self) -> list[EndedRun]:
        """The earlier runs that this one may be compared with."""
        return [run for run in self.earlier if is_good(run)]


@dataclass(frozen=True, slots=True)
class MonitorResult:
    """`passed` is None where the data did not suffice; `message`: the problem, or what is missing."""

    name: str
    passed: bool | None
    message: str = ""


@dataclass(frozen=True, slots=True)
class RunVerdict:
    """What follows from the monitors' results. `complete`: the run saw all that it set out to see."""

    figures: RunFigures
    results: list[MonitorResult]
    status_if_failed: int
    complete: bool

    @property
    def failed(self) -> list[MonitorResult]:
        return [result for result in self.results if result.passed is False]

    @property
    def exit_status(self) -> int:
        return self.status_if_failed if self.failed else 0

    @property
    def problem(self) -> str:
        """Why the exit status is not 0, in one line; else empty."""
        if not self.failed:
            return ""
        first, *others = self.failed
        return first.message + (f"; also {', '.join(result.name for result in others)}" if others else "")

    @property
    def last_complete(self) -> datetime | None:
        """When the section's last complete run began, this one included."""
        return self.figures.started if self.complete else self.figures.last_complete


Monitor = Callable[[RunFigures], str]


def run_ended(figures: RunFigures) -> str:
    """No error that the user must fix, such as a full disk, ended the run."""
    return figures.failure


def clock_agrees(figures: RunFigures) -> str:
    """This machine's clock agrees with the site's; without one, it is not behind the ledger's last run."""
    return figures.clock


def feeds_written(figures: RunFigures) -> str:
    """Every feed (`-o`, `-O`, FEEDS) was written."""
    return figures.feeds


def listings_answered(figures: RunFigures) -> str:
    """At least one listing answered and showed an article."""
    listings = figures.account["listings"]
    if listings.get("answered"):
        return ""
    if listings.get("empty"):
        return f"no listing of {figures.site_url} shows an article; run `scrapy doctor`"
    no_causes = ("asked", "answered", "empty")
    causes = {name: n for name, n in listings.items() if name not in no_causes and not name.startswith("sitemap")}
    # robots.txt is asked first, so what keeps it from answering is the reason.
    prefix = f"alqahira/{ROBOTS_UNREACHABLE}/"
    robots = {name.removeprefix(prefix): n for name, n in figures.stats.items() if name.startswith(prefix)}
    if robots and [*causes] == [ROBOTS_UNREACHABLE]:
        return f"no listing answered at {figures.site_url}, nor robots.txt: {describe(robots)}"
    reason = describe(causes) or f"{listings.get('asked', 0)} asked"
    return f"no listing answered at {figures.site_url}: {reason}"


def program_errors(figures: RunFigures) -> str:
    """No callback and no pipeline raised."""
    return f"{figures.errors} errors of the program itself; the log has their tracebacks" if figures.errors else ""


def failed_articles(figures: RunFigures) -> str:
    """Not more than ALQAHIRA_MAX_FAILED_SHARE of the articles failed or went to quarantine."""
    account = figures.account
    causes = Counter(account["causes"].get("failed", {})) + Counter(account["causes"].get("quarantined", {}))
    failed, discovered = causes.total(), account["discovered"]
    if failed > discovered * figures.limits.max_failed_share:
        return f"{failed} of {discovered} articles failed: {describe(causes)}"
    return ""


def repeated_text(figures: RunFigures) -> str:
    """No text stood under many addresses, as that of a bot check or of a maintenance page does."""
    causes = figures.account["causes"]
    quarantined, failed = (causes.get(outcome, {}).get(SAME_TEXT, 0) for outcome in ("quarantined", "failed"))
    if not quarantined + failed:
        return ""
    where = "; see scrapy quarantine" if quarantined else ""
    return f"{quarantined + failed} pages show one text, as a bot check or maintenance does{where}"


def lost_pages(figures: RunFigures) -> str:
    """A finished run decided on every article that it discovered, and gave none up after its last try."""
    account = figures.account
    decided = sum(account.get(outcome.value, 0) for outcome in Outcome)
    if decided != account["discovered"]:
        return f"the account does not add up: {account['discovered']} discovered, {decided} with an outcome"
    left, given_up = account["left"], account["notes"].get(GIVEN_UP, 0)
    if figures.is_finished and left:
        return f"{left} articles were begun and have no outcome"
    return f"{given_up} pages were given up after their last try" if given_up else ""


def listing_gaps(figures: RunFigures) -> str:
    """The pages of each listing join each other, and what earlier runs have seen."""
    gaps, count = figures.account["gaps"], figures.account["notes"].get("listing_gap", 0)
    return f"{count} gaps in listings, the first at {gaps[0]}" if gaps else ""


def listing_depth(figures: RunFigures) -> str:
    """Each listing was read back to `since`."""
    listings = figures.account.get("first_page_only")
    return f"{len(listings)} listings were read no further than their first page: {listings[0]}" if listings else ""


def article_coverage(figures: RunFigures) -> str:
    """Pages give an article as often as in the section's earlier runs."""
    return _coverage(figures, "pages gave an article")


def body_coverage(figures: RunFigures) -> str:
    """Pages have a body as often as in the section's earlier runs."""
    return _coverage(figures, "pages had a body", "article_body", ("no_body", "empty_shell"))


def date_coverage(figures: RunFigures) -> str:
    """Articles have a date as often as in the section's earlier runs."""
    return _coverage(figures, "articles had a date", "date_published", ())


def weekday_volume(figures: RunFigures) -> str:
    """By this time of the day not much less was accepted than on the same weekday of the last weeks."""
    if figures.is_bounded or not figures.is_finished:
        raise InsufficientData("a bounded or stopped run is not compared with a day's volume")
    moment = figures.started.astimezone(CAIRO)
    today = figures.account["accepted"] + sum(_accepted(figures.earlier, moment, timedelta(0)))
    same_days = (moment - timedelta(weeks=week) for week in range(1, _WEEKS + 1))
    past = [sum(volumes) for day in same_days if (volumes := _accepted(figures.baseline_runs, day, _GRACE))]
    if len(past) < _MIN_WEEKS:
        raise InsufficientData(f"{len(past)} of the last {_WEEKS} weeks have such a day, {_MIN_WEEKS} are needed")
    usual, until = median(past), f"{moment:%A} up to {moment + _GRACE:%H:%M}"
    if usual >= figures.limits.min_volume and today < usual * figures.limits.min_volume_share:
        return f"{today} articles accepted today; {usual:g} are usual on a {until} in Cairo"
    return ""


def source_drift(figures: RunFigures) -> str:
    """Each field comes from the same source as in the section's earlier runs, and page data gives what pages show."""
    notes = figures.account["notes"]
    differing = {name.partition("/")[2]: n for name, n in notes.items() if name.startswith("page_data_differs/")}
    problems = [f"reading by page data alone differs from the whole page in {describe(differing)}"] if differing else []
    if fields := [line.split()[0] for line in figures.account["drift"]]:
        more = f" and {len(fields) - _MOST_FIELDS} more" if len(fields) > _MOST_FIELDS else ""
        what = f"{', '.join(fields[:_MOST_FIELDS])}{more}: from another source than in the runs before"
        problems.insert(0, f"the site has changed: {what}; run `scrapy doctor` (docs/when-the-site-changes.md)")
    return "; ".join(problems)


def request_errors(figures: RunFigures) -> str:
    """Not more than ALQAHIRA_MAX_ERROR_SHARE of the requests failed in the network or with a server error."""
    statuses = ("downloader/response_status_count/5", "downloader/response_status_count/429")
    guards = ("Refused", "IgnoreRequest")  # refused by the project itself
    failed = sum(
        n
        for name, n in figures.stats.items()
        if name.startswith(statuses)
        or (name.startswith("downloader/exception_type_count/") and not name.endswith(guards))
    )
    what = "failed in the network or with a server error"
    return _share_of_requests(figures, failed, figures.limits.max_error_share, what)


def retries(figures: RunFigures) -> str:
    """Not more than ALQAHIRA_MAX_RETRY_SHARE of the requests were retries, and the budget for them lasted."""
    count = figures.stats.get("retry/count", 0)
    if figures.stats.get("retry/budget_exhausted"):
        return f"no retries were left after {count} (ALQAHIRA_RETRY_BUDGET)"
    return _share_of_requests(figures, count, figures.limits.max_retry_share, "were retries")


def robots_refusals(figures: RunFigures) -> str:
    """robots.txt refused not more than ALQAHIRA_MAX_ROBOTS_SHARE of listings and articles."""
    account = figures.account
    causes = Counter(account["listings"]) + Counter(account["causes"].get("failed", {}))
    refused = causes[ROBOTS] + causes[ROBOTS_UNREACHABLE]
    total = account["listings"].get("asked", 0) + account["discovered"]
    if refused > total * figures.limits.max_robots_share:
        return f"robots.txt disallows, or could not be fetched for, {refused} of {total} listings and articles"
    return ""


def last_success(figures: RunFigures) -> str:
    """This run, or one of the last ALQAHIRA_MAX_HOURS_SINCE_SUCCESS, saw all that it set out to see."""
    if is_complete(figures):
        return ""
    if figures.is_bounded:
        raise InsufficientData("a bounded run need not see everything")
    if figures.last_complete is None:
        raise InsufficientData(f"no run of {figures.spider} has been complete yet")
    hours = (figures.started - figures.last_complete) / timedelta(hours=1)
    if hours > figures.limits.max_hours_since_success:
        return f"the last complete run of {figures.spider} began {hours:.0f} hours before this one"
    return ""


# A run that fails one of these has not seen the site as it is.
ESSENTIAL: tuple[Monitor, ...] = (run_ended, listings_answered, program_errors, failed_articles, repeated_text)
MONITORS: tuple[Monitor, ...] = (
    *ESSENTIAL,
    feeds_written,
    clock_agrees,
    lost_pages,
    listing_gaps,
    listing_depth,
    article_coverage,
    body_coverage,
    date_coverage,
    weekday_volume,
    source_drift,
    request_errors,
    retries,
    robots_refusals,
    last_success,
)


def is_complete(figures: RunFigures) -> bool:
    """Whether the run saw all that it set out to see; with a gap in a listing or a wrong clock it did not."""
    needed = run_monitors((*ESSENTIAL, clock_agrees, listing_gaps, listing_depth), figures)
    return figures.is_finished and all(result.passed for result in needed)


def run_monitors(monitors: Sequence[Monitor], figures: RunFigures) -> list[MonitorResult]:
    """One result for each monitor, in their order; a monitor that raises has failed."""
    return [_result(monitor, figures) for monitor in monitors]


def _result(monitor: Monitor, figures: RunFigures) -> MonitorResult:
    name = monitor.__name__
    try:
        message = monitor(figures)
    except InsufficientData as missing:
        return MonitorResult(name, None, str(missing))
    except Exception as error:  # the other monitors and the end of the run go on
        return MonitorResult(name, False, f"the monitor broke: {type(error).__name__}: {one_line(error)}")
    return MonitorResult(name, not message, message)


def _coverage(figures: RunFigures, what: str, field: str = "", causes: Sequence[str] | None = None) -> str:
    """The problem where the share of good pages is below the baseline's by the margin, and by more than chance.

    Bad pages are those that lack the field, and those that failed for one of the causes (None: for any). Incremental
    runs are small: a run that read too few pages is counted with its last predecessors, and the baseline's runs are
    counted together.
    """

    def count(account: Mapping[str, Any]) -> tuple[int, int]:
        sources, failed = account.get("sources", {}), account["causes"].get("failed", {})
        read = sum(sources.get("headline", {}).values())  # each page that gave an article counts once in each field
        without = sources.get(field, {}).get("none", 0)
        bad = sum(n for cause, n in failed.items() if causes is None or cause in causes)
        bad += account.get("quarantined", 0) if causes is None else 0
        return read - without, without + bad

    limits = figures.limits
    good, bad = count(figures.account)
    if not good + bad:
        raise InsufficientData("no page was read")
    older = [run for run in figures.earlier if run.complete]
    while good + bad < limits.monitor_min_articles and older:
        more_good, more_bad = count(older.pop().account)
        good, bad = good + more_good, bad + more_bad
    if good + bad < limits.monitor_min_articles:
        raise InsufficientData(f"{good + bad} pages were read, {limits.monitor_min_articles} are needed")
    good_runs = [run for run in older if not run.exit_status][-limits.baseline_runs :]
    baseline = [counts for run in good_runs if any(counts := count(run.account))]
    if len(baseline) < limits.baseline_min_runs:
        raise InsufficientData(f"{len(baseline)} earlier runs to compare with, {limits.baseline_min_runs} are needed")
    good_before, bad_before = map(sum, zip(*baseline, strict=True))
    usual, share = good_before / (good_before + bad_before), good / (good + bad)
    # Never 0 or 1 (Jeffreys' prior): what has never failed may still fail by chance.
    chance = (good_before + 0.5) / (good_before + bad_before + 1)
    if share < usual - limits.coverage_margin and _at_most(good, good + bad, chance) < _CHANCE:
        return f"{good} of {good + bad} {what} ({share:.0%}); {usual:.0%} in the {len(baseline)} runs before"
    return ""


def _at_most(good: int, total: int, chance: float) -> float:
    """The binomial probability of at most `good` of `total`, for 0 < chance < 1."""
    return sum(
        exp(lgamma(total + 1) - lgamma(k + 1) - lgamma(total - k + 1) + k * log(chance) + (total - k) * log(1 - chance))
        for k in range(good + 1)
    )


def _accepted(runs: Sequence[EndedRun], moment: datetime, grace: timedelta) -> list[int]:
    """The articles accepted by each run that began on the moment's Cairo day, at most `grace` after it."""
    day = moment.astimezone(CAIRO).date()
    begin, end = (rfc3339(start_of_cairo_day(each)) for each in (day, day + timedelta(days=1)))
    last = rfc3339(moment + grace)  # as text, which sorts, because there are hundreds of runs
    return [
        n
        for run in runs
        if begin <= run.started < end
        for started, n in run.account.get("accepted_at") or [(run.started, run.account["accepted"])]
        if started <= last
    ]


def _share_of_requests(figures: RunFigures, count: int, limit: float, what: str) -> str:
    sent = figures.stats.get("downloader/request_count", 0)
    if sent < figures.limits.monitor_min_requests:
        raise InsufficientData(f"{sent} requests were sent, {figures.limits.monitor_min_requests} are needed")
    return f"{count} of {sent} requests {what}" if count > sent * limit else ""
