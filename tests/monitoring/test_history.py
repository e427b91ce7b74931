"""The earlier runs that a run is compared with: the last ones as they are, older half days as one each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_scenario import opened
from test_monitors import account, figures

from alqahira.article import rfc3339
from alqahira.ledger import EndedRun
from alqahira.monitoring import rules
from alqahira.monitoring.history import earlier_runs, merge

NOW = datetime(2026, 11, 25, 6, tzinfo=UTC)  # 8:00 in Cairo


@pytest.fixture
def ledger(tmp_path):
    with opened(tmp_path) as ledger:
        yield ledger


def ended(ledger, started, made=None, *, status=0, complete=True):
    run_id = ledger.start_run(f"{started:%Y%m%dT%H%M%SZ}-defense", "defense", started)
    ledger.finish_run(run_id, account(accepted=1) if made is None else made, status, started, complete=complete)


def earlier(ledger, *, now=NOW, days=30, since=None):
    return earlier_runs(ledger, "defense", now, days, since)


def test_older_half_days_are_one_run_each(ledger):
    for hours in range(0, 48, 3):
        ended(ledger, NOW - timedelta(hours=hours + 1))
    runs = earlier(ledger)
    assert [run.account["accepted"] for run in runs] == [1, 4, 4, 1, *[1] * 6]
    assert runs == sorted(runs, key=lambda run: run.started)


def test_bad_runs_of_a_half_day_are_apart(ledger):
    day = NOW - timedelta(days=4)
    ended(ledger, day)
    ended(ledger, day + timedelta(hours=1), account(failed=3), status=1)
    ended(ledger, day + timedelta(hours=2), account(accepted=2), complete=False)
    bad, good = earlier(ledger)
    assert (good.complete, good.exit_status, good.account["accepted"]) == (True, 0, 1)
    assert (bad.complete, bad.exit_status, bad.account["accepted"]) == (False, 1, 2)
    assert bad.account["causes"] == {"failed": {"no_body": 3}}


def test_half_day_is_merged_once(ledger, monkeypatch):
    for days in range(1, 9):
        ended(ledger, NOW - timedelta(days=days))
    first, asked = earlier(ledger), []
    ended_runs = type(ledger).ended_runs
    monkeypatch.setattr(type(ledger), "ended_runs", lambda *a, **k: asked.append(k) or ended_runs(*a, **k))
    assert earlier(ledger) == first
    assert asked == [{}]  # of the last half days
    earlier(ledger, now=NOW + timedelta(days=1))
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("given", "count"),
    [
        ({}, 9),
        ({"days": 3}, 3),
        ({"days": 0}, 0),
        ({"since": NOW - timedelta(days=5)}, 5),
        ({"now": NOW + timedelta(days=25)}, 5),
        ({"now": NOW - timedelta(days=6)}, 9),  # the clock went back
    ],
)
def test_only_the_last_days_are_compared(ledger, given, count):
    for days in range(1, 10):
        ended(ledger, NOW - timedelta(days=days))
    assert len(earlier(ledger)) == 9
    assert len(earlier(ledger, **given)) == count
    assert len(earlier(ledger)) == 9


def test_account_without_counts_is_merged(ledger):
    ended(ledger, NOW - timedelta(days=3), {})
    (run,) = earlier(ledger)
    assert run.account["accepted"] == 0


_RUNS = st.lists(
    st.builds(
        lambda hours, accepted, failed, good: (hours, account(accepted=accepted, failed=failed), good),
        st.integers(1, 24 * 29),
        st.integers(0, 4),
        st.integers(0, 2),
        st.booleans(),
    ),
    unique_by=lambda run: run[0],
)


@given(_RUNS, st.integers(0, 9), st.integers(0, 9))
def test_merged_runs_give_the_same_verdict_on_volume(before, accepted, failed):
    now = figures(account(accepted=accepted, failed=failed))
    started = now.started
    runs = [
        EndedRun("run", "defense", rfc3339(started - timedelta(hours=hours)), 0 if good else 1, good, made)
        for hours, made, good in sorted(before, key=lambda run: -run[0])
    ]
    past = [run for run in runs if datetime.fromisoformat(run.started) < started - timedelta(hours=20)]
    merged = merge(past) + runs[len(past) :]
    given = {"limits": rules.Limits(min_volume=1)}
    single, by_day = (figures(now.account, earlier=each, **given) for each in (runs, merged))
    assert rules.run_monitors([rules.weekday_volume], single) == rules.run_monitors([rules.weekday_volume], by_day)
    for run in merged:
        assert run.account["accepted"] == sum(
            n for _, n in run.account.get("accepted_at", [("", run.account["accepted"])])
        )
