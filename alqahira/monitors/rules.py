"""The rules by which a run is judged when it ends. Pure.

Each rule takes the facts of a run and gives one line on what is wrong, or an empty one. Where a section's own
earlier runs are the measure, only those count that saw all they set out to see and found nothing wrong: a run
that was killed, stopped or in trouble is no baseline.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp, lgamma, log
from statistics import median
from typing import Any

from alqahira.account import Outcome
from alqahira.dates import CAIRO
from alqahira.ledger import EndedRun
from alqahira.middlewares.causes import REFUSALS

# Reasons for which a run ends (Scrapy's and ours) that leave nothing unseen.
WHOLE = frozenset({"finished"})
# A share below the baseline is no chance where chance alone would give it less often than this.
_CHANCE = 0.001
# A day's volume is compared with that of the same weekday in so many weeks before, if there are so many at least.
_WEEKS = 4
_FEWEST_WEEKS = 3
# A run that starts somewhat later than on other days still counts to the same part of the day.
_LATE = timedelta(hours=1)


class NotJudged(Exception):
    """There is too little to judge by; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The thresholds of the rules; each is the setting ALQAHIRA_<NAME>."""

    max_failed_share: float
    max_error_share: float
    max_retry_share: float
    max_robots_share: float
    coverage_margin: float
    min_volume_share: float
    min_volume: int
    max_hours_since_success: float
    baseline_runs: int
    baseline_min_runs: int
    monitor_min_articles: int
    monitor_min_requests: int


@dataclass(frozen=True, slots=True)
class Facts:
    """One run at its end. `earlier` are the section's runs of the baseline's days, in the order they began."""

    spider: str
    site_url: str
    started: datetime
    reason: str
    account: Mapping[str, Any]  # as `Account.as_dict` gives it
    stats: Mapping[str, Any]  # Scrapy's
    limits: Limits
    is_bounded: bool = False  # it was given `since`, `until` or `max_articles`
    errors: int = 0  # of the program itself
    failure: str = ""  # what ended the run before its time, in one line
    earlier: Sequence[EndedRun] = ()
    last_complete: datetime | None = None

    @property
    def is_whole(self) -> bool:
        """Whether nobody ended it before it had seen all it set out to see."""
        return self.reason in WHOLE

    @property
    def sound(self) -> list[EndedRun]:
        """The earlier runs that may be a measure."""
        return [run for run in self.earlier if run.complete and not run.exit_status]


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a monitor says: `passed` is None where it could not judge; `message` says what is wrong or missing."""

    monitor: str
    passed: bool | None
    message: str = ""


Rule = Callable[[Facts], str]


def run_ended(facts: Facts) -> str:
    """The run was not ended by an error that its user must mend, such as a full disk."""
    return facts.failure


def listings_answered(facts: Facts) -> str:
    """At least one listing answered and showed an article."""
    listings = facts.account["listings"]
    if listings.get("answered"):
        return ""
    if listings.get("empty"):
        return f"no listing of {facts.site_url} shows an article; «scrapy doctor» tells why"
    causes = {name: n for name, n in listings.items() if name not in _NO_CAUSES and not name.startswith("sitemap")}
    why = _named(causes) or f"{listings.get('asked', 0)} asked"
    return f"no listing answered at {facts.site_url}: {why}{_advice(causes)}"


def program_errors(facts: Facts) -> str:
    """No callback and no step of the pipelines broke."""
    return f"{facts.errors} errors of the program itself; the log has their tracebacks" if facts.errors else ""


def failed_articles(facts: Facts) -> str:
    """Not more than ALQAHIRA_MAX_FAILED_SHARE of the articles failed."""
    failed, discovered = facts.account["failed"], facts.account["discovered"]
    if failed > discovered * facts.limits.max_failed_share:
        causes = facts.account["causes"]["failed"]
        return f"{failed} of {discovered} articles failed: {_named(causes)}{_advice(causes)}"
    return ""


# What a Counter of the listings holds beside the causes for which one did not answer.
_NO_CAUSES = ("asked", "answered", "empty")


def _named(causes: Mapping[str, int]) -> str:
    """«http_403 40, timeout 2», the most frequent first."""
    return ", ".join(f"{cause} {n}" for cause, n in sorted(causes.items(), key=lambda pair: (-pair[1], pair[0])))


def _advice(causes: Mapping[str, int]) -> str:
    """What it means where nearly all is one refusal."""
    refused = sum(n for cause, n in causes.items() if cause in REFUSALS)
    if not refused or refused < 0.9 * sum(causes.values()):
        return ""
    return "; the site refuses this crawler (docs/operations.md, «The site refuses»)"


def lost_pages(facts: Facts) -> str:
    """Every article that a whole run took up was settled, and none was given up after its last try."""
    settled = sum(facts.account.get(outcome.value, 0) for outcome in Outcome)
    if settled != facts.account["discovered"]:
        return f"the account does not add up: {facts.account['discovered']} discovered, {settled} settled"
    left, given_up = facts.account["left"], facts.account["notes"].get("given_up", 0)
    if facts.is_whole and left:
        return f"{left} articles were taken up and never settled"
    return f"{given_up} pages were given up after their last try" if given_up else ""


def listing_gaps(facts: Facts) -> str:
    """The pages of each listing join, to each other and to what earlier runs have seen."""
    gaps, count = facts.account["gaps"], facts.account["notes"].get("listing_gap", 0)
    return f"{count} gaps in listings, the first at {gaps[0]}" if gaps else ""


def listing_depth(facts: Facts) -> str:
    """Each listing was read as far back as `since` asks for."""
    shallow = facts.account.get("shallow", [])
    return f"{len(shallow)} listings were read no further than their first page: {shallow[0]}" if shallow else ""


def article_coverage(facts: Facts) -> str:
    """Pages give an article as often as in the section's earlier runs."""
    return _coverage(facts, "pages gave an article", lambda a: (_read(a), _read(a) + a["failed"]))


def body_coverage(facts: Facts) -> str:
    """Pages have a body as often as in the section's earlier runs."""

    def count(account: Mapping[str, Any]) -> tuple[int, int]:
        failed = account["causes"].get("failed", {})
        read = _read(account) - account.get("sources", {}).get("article_body", {}).get("none", 0)
        return read, _read(account) + failed.get("no_body", 0) + failed.get("empty_shell", 0)

    return _coverage(facts, "pages had a body", count)


def date_coverage(facts: Facts) -> str:
    """Articles have a date as often as in the section's earlier runs."""

    def count(account: Mapping[str, Any]) -> tuple[int, int]:
        return _read(account) - account.get("sources", {}).get("date_published", {}).get("none", 0), _read(account)

    return _coverage(facts, "articles had a date", count)


def weekday_volume(facts: Facts) -> str:
    """By this time of the day not much less was accepted than on the same weekday of the last weeks."""
    if facts.is_bounded or not facts.is_whole:
        raise NotJudged("a run that was bounded or stopped says nothing of the day's volume")
    moment = facts.started.astimezone(CAIRO)
    today = facts.account["accepted"] + sum(_accepted(facts.earlier, moment, timedelta(0)))
    past = []
    for week in range(1, _WEEKS + 1):
        same_day = moment - timedelta(weeks=week)
        if volumes := _accepted(facts.sound, same_day, _LATE):
            past.append(sum(volumes))
    if len(past) < _FEWEST_WEEKS:
        raise NotJudged(f"{len(past)} of the last {_WEEKS} weeks have such a day, {_FEWEST_WEEKS} are needed")
    usual = median(past)
    if usual >= facts.limits.min_volume and today < usual * facts.limits.min_volume_share:
        usually = f"{usual:g} are usual on a {moment:%A} up to {moment + _LATE:%H:%M} in Cairo"
        return f"{today} articles accepted today; {usually}"
    return ""


def source_drift(facts: Facts) -> str:
    """Each field of the record comes from where it came from in the section's earlier runs."""
    return "; ".join(facts.account["drift"])


def request_errors(facts: Facts) -> str:
    """Not more than ALQAHIRA_MAX_ERROR_SHARE of the requests failed on the way or with a server's error."""
    failed = sum(n for name, n in facts.stats.items() if _is_error(name))
    return _share_of_requests(facts, failed, facts.limits.max_error_share, "failed on the way or with a server error")


def retries(facts: Facts) -> str:
    """Not more than ALQAHIRA_MAX_RETRY_SHARE of the requests were tries again, and the budget for them lasted."""
    if facts.stats.get("retry/budget_exhausted"):
        return f"no retries were left after {facts.stats.get('retry/count', 0)} (ALQAHIRA_RETRY_BUDGET)"
    return _share_of_requests(
        facts, facts.stats.get("retry/count", 0), facts.limits.max_retry_share, "were tried again"
    )


def robots_refusals(facts: Facts) -> str:
    """robots.txt kept the run from not more than ALQAHIRA_MAX_ROBOTS_SHARE of listings and articles."""
    account = facts.account
    counts = (account["listings"], account["causes"].get("failed", {}))
    refused = sum(found.get(cause, 0) for found in counts for cause in ("robots", "robots_unreachable"))
    asked = account["listings"].get("asked", 0) + account["discovered"]
    if refused > asked * facts.limits.max_robots_share:
        return f"robots.txt refused, or could not be asked for, {refused} of {asked} listings and articles"
    return ""


def last_success(facts: Facts) -> str:
    """Either this run saw all it set out to see, or one of the last ALQAHIRA_MAX_HOURS_SINCE_SUCCESS did."""
    if is_complete(facts):
        return ""
    if facts.is_bounded:
        raise NotJudged("a run that was bounded need not see everything")
    if facts.last_complete is None:
        raise NotJudged(f"no run of {facts.spider} has been complete yet")
    hours = (facts.started - facts.last_complete) / timedelta(hours=1)
    if hours > facts.limits.max_hours_since_success:
        return f"the last complete run of {facts.spider} began {hours:.0f} hours before this one"
    return ""


# Whoever runs into one of these has not seen the site as it is.
ESSENTIAL: tuple[Rule, ...] = (run_ended, listings_answered, program_errors, failed_articles)
RULES: tuple[Rule, ...] = (
    *ESSENTIAL,
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


def is_complete(facts: Facts) -> bool:
    """Whether the run saw all that it set out to see: what stands above a gap is not settled until a run closes it."""
    return facts.is_whole and not any(rule(facts) for rule in (*ESSENTIAL, listing_gaps, listing_depth))


def judge(rules: Sequence[Rule], facts: Facts) -> list[Ruling]:
    """The rulings of rules by themselves, without Spidermon."""
    rulings = []
    for rule in rules:
        try:
            message = rule(facts)
            rulings.append(Ruling(rule.__name__, not message, message))
        except NotJudged as missing:
            rulings.append(Ruling(rule.__name__, None, str(missing)))
    return rulings


def _read(account: Mapping[str, Any]) -> int:
    """How many pages were read as an article: each is counted in the sources of its headline."""
    return sum(account.get("sources", {}).get("headline", {}).values())


def _coverage(facts: Facts, what: str, count: Callable[[Mapping[str, Any]], tuple[int, int]]) -> str:
    """Whether a share is below the baseline's by the margin, and by more than chance.

    A run that read nothing new is normal, and so is one of a few articles: its last predecessors are counted with
    it, the baseline's runs together, and how sure a low share is follows from how many articles show it (the
    binomial distribution).
    """
    good, total = count(facts.account)
    if not total:
        raise NotJudged("no page was read")
    older = [run for run in facts.earlier if run.complete]
    while total < facts.limits.monitor_min_articles and older:
        more = count(older.pop().account)
        good, total = good + more[0], total + more[1]
    if total < facts.limits.monitor_min_articles:
        raise NotJudged(f"{total} pages were read, {facts.limits.monitor_min_articles} are needed")
    sound = [run for run in older if not run.exit_status][-facts.limits.baseline_runs :]
    counts = [found for run in sound if (found := count(run.account))[1]]
    if len(counts) < facts.limits.baseline_min_runs:
        raise NotJudged(f"{len(counts)} earlier runs to compare with, {facts.limits.baseline_min_runs} are needed")
    good_before, total_before = (sum(column) for column in zip(*counts, strict=True))
    usual = good_before / total_before
    # Never quite all or nothing (Jeffreys): what was always so up to now may still fail now and then.
    chance = (good_before + 0.5) / (total_before + 1)
    if good / total < usual - facts.limits.coverage_margin and _at_most(good, total, chance) < _CHANCE:
        return f"{good} of {total} {what} ({good / total:.0%}); {usual:.0%} in the {len(counts)} runs before"
    return ""


def _at_most(good: int, total: int, chance: float) -> float:
    """The probability of at most so many of a total, each with that chance (0 < chance < 1)."""
    return sum(
        exp(lgamma(total + 1) - lgamma(k + 1) - lgamma(total - k + 1) + k * log(chance) + (total - k) * log(1 - chance))
        for k in range(good + 1)
    )


def _accepted(runs: Sequence[EndedRun], moment: datetime, late: timedelta) -> list[int]:
    """What each run accepted that began on the moment's Cairo day, up to it and so much later."""
    found = []
    for run in runs:
        started = datetime.fromisoformat(run.started).astimezone(CAIRO)
        if started.date() == moment.date() and started <= moment + late:
            found.append(run.account["accepted"])
    return found


def _is_error(stat: str) -> bool:
    kind, _, name = stat.rpartition("/")
    if kind == "downloader/exception_type_count":
        # What the project itself does not ask for is no error of the network.
        return not name.endswith(("Refused", "IgnoreRequest"))
    return kind == "downloader/response_status_count" and (name.startswith("5") or name == "429")


def _share_of_requests(facts: Facts, count: int, limit: float, what: str) -> str:
    asked = facts.stats.get("downloader/request_count", 0)
    if asked < facts.limits.monitor_min_requests:
        raise NotJudged(f"{asked} requests were sent, {facts.limits.monitor_min_requests} are needed")
    return f"{count} of {asked} requests {what}" if count > asked * limit else ""
