"""The monitors at the end of a run, and what a run leaves."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from http_server import QuietHandler, serving
from replica_server import start_replica
from scrapy_process import Corpus, scrapy

from alqahira.ledger import EndedRun
from alqahira.ledger.decisions import Outcome
from alqahira.monitoring import rules
from alqahira.monitoring.run_stats import RunStats

LIMITS = rules.Limits(
    max_failed_share=0.5,
    max_error_share=0.2,
    max_retry_share=0.2,
    max_robots_share=0.1,
    coverage_margin=0.1,
    min_volume_share=0.25,
    min_volume=10,
    max_hours_since_success=48,
    baseline_runs=20,
    baseline_min_runs=3,
    monitor_min_articles=5,
    monitor_min_requests=20,
)
# A Wednesday; Cairo is two hours ahead.
NOW = datetime(2026, 11, 25, 6, tzinfo=UTC)


def account(accepted=0, failed=0, cause="no_body", undated=0, unchanged=0, **notes):
    """An account in which each accepted article was read, `undated` of them without a date."""
    made = RunStats()
    made.listings |= {"asked": 9, "answered": 9}
    made.notes.update(notes)
    outcomes = [(Outcome.ACCEPTED, "")] * accepted + [(Outcome.FAILED, cause)] * failed
    for number, (outcome, why) in enumerate(outcomes + [(Outcome.UNCHANGED, "not_modified")] * unchanged):
        made.start(str(number))
        made.finish(str(number), outcome, why)
        if outcome is Outcome.ACCEPTED:
            made.count_sources(
                {"headline": "site", "article_body": "site"}
                | ({} if number < undated else {"date_published": "jsonld"})
            )
    return made.as_dict()


def run_before(made, *, days=0, hours=0, complete=True, exit_status=0):
    started = NOW - timedelta(days=days, hours=hours)
    return EndedRun("a-run", "defense", started.isoformat(), exit_status, complete, made)


def figures(made, **given):
    usual = {"spider": "defense", "site_url": "https://a.b", "started": NOW, "reason": "finished", "stats": {}}
    return rules.RunFigures(**usual | {"account": made, "limits": LIMITS} | given)


def passed(rule, run):
    """True: passed; False: failed; None: insufficient data."""
    (result,) = rules.run_monitors([rule], run)
    assert bool(result.message) is (result.passed is not True)
    return result.passed


USUAL = [run_before(account(accepted=20, undated=1), days=days) for days in range(1, 6)]


# --- the rules ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "passes"),
    [
        (account(accepted=20, undated=1), True),
        (account(accepted=20, undated=4), True),  # chance
        (account(accepted=20, undated=20), False),
        (account(accepted=20, undated=10), False),
        (account(accepted=5, undated=5), False),  # few, but all
        (account(unchanged=50), None),  # a run without new articles is normal
    ],
)
def test_more_missing_dates_than_in_earlier_runs_fail(now, passes):
    assert passed(rules.date_coverage, figures(now, earlier=USUAL)) is passes


def test_small_runs_are_counted_together():
    few = account(accepted=2, undated=2)
    assert passed(rules.date_coverage, figures(few, earlier=USUAL)) is True
    more = [*USUAL, *(run_before(few, hours=hours) for hours in (6, 3))]
    assert passed(rules.date_coverage, figures(few, earlier=more)) is False
    assert passed(rules.date_coverage, figures(account(unchanged=9), earlier=more)) is None


def test_dates_missing_as_before_pass():
    undated = [run_before(account(accepted=20, undated=19), days=days) for days in range(1, 6)]
    assert passed(rules.date_coverage, figures(account(accepted=20, undated=20), earlier=undated))


@pytest.mark.parametrize("rule", [rules.article_coverage, rules.body_coverage])
def test_more_pages_without_body_than_in_earlier_runs_fail(rule):
    assert passed(rule, figures(account(accepted=12, failed=8), earlier=USUAL)) is False
    assert passed(rule, figures(account(accepted=19, failed=1), earlier=USUAL)) is True


def quarantined(made, count, cause="another_story"):
    """The account with so many pages in quarantine besides."""
    causes = made["causes"] | {"quarantined": {cause: count}}
    return made | {"quarantined": count, "discovered": made["discovered"] + count, "causes": causes}


@pytest.mark.parametrize(
    ("rule", "now", "passes"),
    [
        (rules.repeated_text, quarantined(account(accepted=20), 4, "same_text"), False),
        (rules.repeated_text, quarantined(account(accepted=20), 4), True),
        (rules.failed_articles, quarantined(account(accepted=20), 19), True),
        (rules.failed_articles, quarantined(account(accepted=20), 21), False),
        (rules.failed_articles, quarantined(account(accepted=20, failed=15), 6), False),
        (rules.article_coverage, quarantined(account(accepted=12), 8), False),
        (rules.lost_pages, quarantined(account(accepted=12), 8), True),
    ],
)
def test_pages_in_quarantine(rule, now, passes):
    assert passed(rule, figures(now, earlier=USUAL)) is passes


def test_run_that_met_one_text_everywhere_is_not_complete():
    assert rules.is_complete(figures(account(accepted=20)))
    assert not rules.is_complete(figures(quarantined(account(accepted=20), 4, "same_text")))


def test_unfetched_page_is_not_counted_as_without_body():
    run = figures(account(accepted=12, failed=8, cause="timeout"), earlier=USUAL)
    assert passed(rules.article_coverage, run) is False
    assert passed(rules.body_coverage, run) is True


@pytest.mark.parametrize("spoilt", [{"complete": False}, {"exit_status": 1}])
def test_stopped_or_failed_run_is_no_baseline(spoilt):
    stopped = [replace(run, **spoilt) for run in USUAL]
    assert passed(rules.date_coverage, figures(account(accepted=20, undated=20), earlier=stopped)) is None
    days = [replace(run, **spoilt) for run in weekdays(40, 40, 40)]
    assert passed(rules.weekday_volume, figures(account(accepted=0), earlier=days)) is None


def weekdays(*volumes):
    """Runs on the same weekday of the last weeks, the nearest first, and on the days before, of another volume."""
    same = [run_before(account(accepted=n), days=7 * week) for week, n in enumerate(volumes, 1)]
    return [*same, *(run_before(account(accepted=500), days=7 * week + 1) for week, _ in enumerate(volumes, 1))]


@pytest.mark.parametrize(
    ("accepted", "volumes", "passes"),
    [
        (40, (40, 44, 36, 40), True),
        (11, (40, 44, 36, 40), True),
        (9, (40, 44, 36, 40), False),
        (0, (40, 44, 36, 40), False),
        (0, (40, 44), None),
        (0, (4, 5, 4, 5), True),  # too few to compare
        (9, (40, 400, 36, 40), False),
        (20, (40, 400, 36, 40), True),  # one large day is not usual
    ],
)
def test_volume_is_compared_with_the_same_weekday(accepted, volumes, passes):
    assert passed(rules.weekday_volume, figures(account(accepted=accepted), earlier=weekdays(*volumes))) is passes


def test_runs_of_one_day_are_added_up():
    earlier = [*weekdays(40, 40, 40), run_before(account(accepted=38), hours=2, complete=False)]
    assert passed(rules.weekday_volume, figures(account(accepted=0, unchanged=40), earlier=earlier))


def test_volume_of_later_hours_is_not_expected_yet():
    morning = [run_before(account(accepted=12), days=7 * week) for week in (1, 2, 3)]
    evening = [run_before(account(accepted=300), days=7 * week, hours=-9) for week in (1, 2, 3)]
    assert passed(rules.weekday_volume, figures(account(accepted=11), earlier=[*morning, *evening]))


@pytest.mark.parametrize("given", [{"is_bounded": True}, {"reason": "shutdown"}])
def test_bounded_or_stopped_run_is_not_compared_by_volume(given):
    assert passed(rules.weekday_volume, figures(account(), earlier=weekdays(40, 40, 40), **given)) is None


@pytest.mark.parametrize(
    ("stats", "passes"),
    [
        ({"downloader/request_count": 50, "downloader/response_status_count/404": 30}, True),  # of guessed tags
        ({"downloader/request_count": 50, "downloader/response_status_count/503": 11}, False),
        ({"downloader/request_count": 50, "downloader/exception_type_count/a.TimeoutError": 11}, False),
        ({"downloader/request_count": 50, "downloader/exception_type_count/alqahira.Refused": 11}, True),
        ({"downloader/request_count": 19, "downloader/response_status_count/503": 19}, None),
    ],
)
def test_only_network_and_server_errors_are_failed_requests(stats, passes):
    assert passed(rules.request_errors, figures(account(), stats=stats)) is passes


@pytest.mark.parametrize(
    ("stats", "passes"),
    [
        ({"downloader/request_count": 50, "retry/count": 5}, True),
        ({"downloader/request_count": 50, "retry/count": 11}, False),
        ({"downloader/request_count": 9, "retry/count": 5, "retry/budget_exhausted": 1}, False),
    ],
)
def test_many_retries_or_a_used_up_budget_fail(stats, passes):
    assert passed(rules.retries, figures(account(), stats=stats)) is passes


def test_few_robots_refusals_pass():
    assert passed(rules.robots_refusals, figures(account(accepted=30, failed=2, cause="robots")))
    assert not passed(rules.robots_refusals, figures(account(accepted=30, failed=8, cause="robots")))


def test_articles_without_an_outcome_fail():
    assert passed(rules.lost_pages, figures(account(accepted=3) | {"left": 2}, reason="shutdown"))
    assert not passed(rules.lost_pages, figures(account(accepted=3) | {"left": 2}))
    assert not passed(rules.lost_pages, figures(account(accepted=3, given_up=1)))
    assert not passed(rules.lost_pages, figures(account(accepted=3) | {"discovered": 4}))


@pytest.mark.parametrize(
    ("hours", "reason", "passes"), [(100, "finished", True), (10, "shutdown", True), (50, "shutdown", False)]
)
def test_last_complete_run_long_ago_fails(hours, reason, passes):
    run = figures(account(accepted=3), reason=reason, last_complete=NOW - timedelta(hours=hours))
    assert passed(rules.last_success, run) is passes


def test_page_data_that_differs_from_the_page_is_drift():
    assert passed(rules.source_drift, figures(account(accepted=20)))
    notes = {"page_data_differs/headline": 2, "disagreement/date_published": 1}
    (result,) = rules.run_monitors([rules.source_drift], figures(account(accepted=20, **notes)))
    assert result.message == "reading by page data alone differs from the whole page in headline 2"


def test_raising_monitor_fails_and_stops_no_other():
    broken = figures(account(accepted=3) | {"listings": None})
    results = {result.name: result for result in rules.run_monitors(rules.MONITORS, broken)}
    assert len(results) == len(rules.MONITORS)
    assert results["listings_answered"].passed is False
    assert results["listings_answered"].message.startswith("the monitor broke: AttributeError: ")
    assert results["lost_pages"].passed is True
    assert not rules.is_complete(broken)


# --- a run and what it leaves ---------------------------------------------------------------------


def summaries(corpus):
    # By name without ending: of two runs in one second the later one has a number at its end.
    paths = sorted((corpus.folder / "runs").glob("*.json"), key=lambda path: path.stem)
    return [json.loads(path.read_text()) for path in paths]


@pytest.fixture(scope="module")
def crawled(tmp_path_factory):
    """A good run, then one that cannot reach the site."""
    server = start_replica()
    made = Corpus(tmp_path_factory.mktemp("crawled") / "output", server.url)
    alert = {"ALQAHIRA_ALERT_URLS": "json://127.0.0.1:1"}
    made.first = made.crawl("defense", settings=alert)
    made.lines_before = made.lines()
    made.site_url = "http://127.0.0.1:1"
    made.second = made.crawl("defense", settings=alert | {"RETRY_TIMES": "0", "ALQAHIRA_BACKOFF_BASE": "0.01"})
    server.stop()
    return made


def test_run_leaves_a_summary(crawled):
    summary = summaries(crawled)[0]
    assert crawled.first.status == summary["exit_status"] == 0
    assert (summary["spider"], summary["reason"], summary["complete"]) == ("defense", "finished", True)
    assert summary["problem"] is None
    assert summary["account"]["accepted"] == len(crawled.lines_before) > 0
    assert {result["name"] for result in summary["monitors"]} == {rule.__name__ for rule in rules.MONITORS}
    assert not [result for result in summary["monitors"] if result["passed"] is False]
    assert datetime.fromisoformat(summary["started"]) <= datetime.fromisoformat(summary["ended"])


def test_summary_of_failed_run_has_its_failed_monitors(crawled):
    summary = summaries(crawled)[1]
    assert crawled.second.status == summary["exit_status"] == 1
    assert summary["complete"] is False
    assert summary["problem"].startswith("no listing answered at ")
    failed = {result["name"]: result["message"] for result in summary["monitors"] if result["passed"] is False}
    assert "listings_answered" in failed
    for name, message in failed.items():
        (line,) = [line for line in crawled.second.lines if f"Monitor {name} failed: " in line]
        assert message in line


def test_failed_run_changes_no_data(crawled):
    assert crawled.lines() == crawled.lines_before


def test_summaries_and_metrics_are_outside_the_corpus(crawled):
    ran = scrapy("verify", settings={"ALQAHIRA_OUTPUT_DIR": str(crawled.folder)})
    assert ran.status == 0, ran.stderr
    assert {path.parent.name.split("=")[0] for path in crawled.folder.glob("articles/**/*.jsonl")} == {"day"}


def test_account_table_in_the_log_adds_up(crawled):
    rows = [line.split("INFO: Account ")[1].split() for line in crawled.first.lines if "INFO: Account " in line]
    assert rows[0] == ["outcome", "cause", "articles"]
    counts = {row[0]: int(row[1]) for row in rows if row[0] in set(Outcome)}
    (total,) = [int(row[-1]) for row in rows if row[:2] == ["=", "discovered"]]
    assert total == sum(counts.values()) > 0


def test_only_a_failed_run_alerts(crawled):
    assert "Alert 1 of 1 (JSON) was not sent" not in crawled.first.stderr
    assert "Alert 1 of 1 (JSON) was not sent" in crawled.second.stderr


# --- gaps in listings -----------------------------------------------------------------------------


@pytest.mark.sites
def test_articles_behind_a_dead_load_more_control_are_a_gap(replica, tmp_path):
    server = replica("--control", "--sitemaps", "none", "--paging", "none")
    corpus = Corpus(tmp_path / "output", server.url)
    assert corpus.crawl("defense").status == 0
    assert corpus.crawl("defense").status == 0
    server.publish(150)
    ran = corpus.crawl("defense", settings={"ALQAHIRA_BROWSER": "never"})
    assert ran.status == 1
    assert "Gap in listing" in ran.stderr
    summary = summaries(corpus)[-1]
    assert [result["name"] for result in summary["monitors"] if result["passed"] is False] == ["listing_gaps"]
    assert summary["gaps"]
    assert summary["complete"] is False  # until a run closes the gap, what lies above it is not known


@pytest.mark.sites
def test_paged_listing_leaves_no_gap(replica, tmp_path):
    server = replica("--control", "--sitemaps", "none")
    corpus = Corpus(tmp_path / "output", server.url)
    corpus.crawl("defense")
    server.publish(150)
    ran = corpus.crawl("defense")
    assert ran.status == 0
    assert "Gap in listing" not in ran.stderr


@pytest.mark.sites
def test_listing_continued_by_a_sitemap_leaves_no_gap(replica, tmp_path):
    server = replica("--control")
    corpus = Corpus(tmp_path / "output", server.url)
    corpus.crawl("defense")
    server.publish(150)
    ran = corpus.crawl("defense")
    assert "Gap in listing" not in ran.stderr
    assert ran.status == 0


class Skipping(QuietHandler):
    """A listing of four pages of six articles, ten minutes apart; between pages two and three a day is missing."""

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if not path.startswith("/category/"):
            self.answer(b"", "text/plain", 404)
            return
        page = int(query.removeprefix("page=") or 1)
        newest = datetime.now(UTC) - timedelta(hours=page - 1) - timedelta(days=page > 2)
        cards = "".join(
            f'<article><div class="post-thumb"><a class="img-link" href="/news/{9000 - page * 10 - n}/x"></a></div>'
            f'<div class="post-card-content">خبر <time>{(newest - timedelta(minutes=10 * n)).isoformat()}</time></div></article>'
            for n in range(6)
        )
        more = f'<link rel="next" href="?page={page + 1}">' if page < 4 else ""
        self.answer(f"<html><head>{more}</head><body>{cards}</body></html>".encode(), "text/html; charset=utf-8")


def test_missing_page_of_a_listing_is_a_gap(tmp_path):
    with serving(Skipping) as server:
        corpus = Corpus(tmp_path / "output", f"http://127.0.0.1:{server.server_port}")
        since = (datetime.now(UTC) - timedelta(days=5)).date()
        ran = corpus.crawl(
            "defense", "-a", f"since={since}", settings={"ALQAHIRA_BROWSER": "never", "RETRY_TIMES": "0"}
        )
    assert "Gap in listing" in ran.stderr
    (gap, *_) = summaries(corpus)[-1]["gaps"]
    assert "page=3" in gap
