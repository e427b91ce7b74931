"""What the sparklines of the monitors show."""

from __future__ import annotations

import pytest

from alqahira.monitoring.report.served.sparklines import HEIGHT, RUNS_SHOWN, WIDTH, sparklines
from alqahira.monitoring.rules import MONITORS


def run(spider="defense", **account):
    return {"spider": spider, "account": {"discovered": 10, "accepted": 4} | account}


def line(monitor, *runs):
    """The sparkline of a monitor over the runs of one section, the newest first."""
    ((lines),) = sparklines(runs).values()
    return next(each for each in lines if each.monitor == monitor)


def test_every_monitor_of_every_section_has_one():
    drawn = sparklines([run("defense"), run("foreign_affairs")])
    assert list(drawn) == ["defense", "foreign_affairs"]
    for lines in drawn.values():
        assert [each.monitor for each in lines] == [monitor.__name__ for monitor in MONITORS]


@pytest.mark.parametrize(
    ("monitor", "account", "value"),
    [
        ("listings_answered", {"listings": {"asked": 4, "answered": 3}}, 0.75),
        ("failed_articles", {"causes": {"failed": {"timeout": 2}, "quarantined": {"other_article": 1}}}, 0.3),
        ("repeated_text", {"causes": {"quarantined": {"same_text": 7}}}, 7),
        ("lost_pages", {"notes": {"given_up": 2}}, 2),
        ("listing_gaps", {"notes": {"listing_gap": 3}}, 3),
        ("article_coverage", {"sources": {"headline": {"site": 9}}, "causes": {"failed": {"no_body": 1}}}, 0.9),
        ("body_coverage", {"sources": {"headline": {"site": 8}, "article_body": {"site": 6, "none": 2}}}, 0.75),
        ("weekday_volume", {}, 4),
        ("source_drift", {"drift": ["headline comes from meta"]}, 1),
        ("robots_refusals", {"listings": {"asked": 10, "robots": 5}}, 0.25),
        ("listings_answered", {}, None),
        ("retries", {"monitors_failed": ["retries"]}, 1),
        ("retries", {}, 0),
    ],
)
def test_figure_is_what_the_monitor_watches(monitor, account, value):
    assert line(monitor, run(**account)).last == value


def test_newest_run_is_at_the_left_and_failures_are_marked():
    newest, older = run(accepted=8, monitors_failed=["weekday_volume"]), run(accepted=4)
    drawn = line("weekday_volume", newest, older)
    assert drawn.values == [4, 8]
    ((old, new),) = drawn.points
    assert old[0] > new[0]
    assert old[1] > new[1], "more is higher"
    assert drawn.failures == [new]


def test_run_without_the_figure_leaves_a_gap():
    drawn = line("listings_answered", *(run(listings={"asked": n, "answered": n}) for n in (2, 0, 2, 2)))
    assert [len(piece) for piece in drawn.points] == [2, 1], "the oldest first"


def test_points_stay_within_the_image_and_runs_within_their_number():
    drawn = line("weekday_volume", *(run(accepted=n * n) for n in range(2 * RUNS_SHOWN)))
    assert len(drawn.values) == RUNS_SHOWN
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for piece in drawn.points for x, y in piece)


def test_run_without_an_account_is_left_out():
    assert sparklines([{"spider": "defense", "account": {}}]) == {}
