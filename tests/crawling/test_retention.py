"""What is kept of earlier runs for a time only."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from ledger_scenario import opened
from small_site import QUICK, small_site

from alqahira.archive.empty_files import empty_archives
from alqahira.archive.warc import event_record, run_record
from alqahira.crawling import retention
from alqahira.crawling.retention import remove_expired
from alqahira.ledger.tables import runs

NOW = datetime(2026, 11, 25, 6, tzinfo=UTC)
DAYS = 10


@pytest.fixture
def ledger(tmp_path):
    with opened(tmp_path) as ledger:
        yield ledger


def run_of(ledger, folder, *, clock="", archive=False, **days):
    given = {"keep_runs_days": DAYS, "keep_summaries_days": DAYS, "keep_empty_archives_days": DAYS, "baseline_days": 5}
    given |= {"archive_dir": folder / "archive" if archive else None, "output_dir": folder}
    configuration = SimpleNamespace(**given | days)
    return SimpleNamespace(ledger=ledger, configuration=configuration, clock=SimpleNamespace(problem=clock))


def name(days):
    return f"{NOW - timedelta(days=days):%Y%m%dT%H%M%SZ}-defense"


def ended(ledger, days, *, complete=True, spider="defense"):
    run_id = ledger.start_run(name(days), spider, NOW - timedelta(days=days))
    ledger.finish_run(run_id, {}, 0, NOW - timedelta(days=days), complete=complete)
    return run_id


def known(ledger):
    with ledger.transaction() as connection:
        return list(connection.scalars(sa.select(runs.c.run_id).order_by(runs.c.started)))


def test_old_runs_are_forgotten(ledger, tmp_path):
    for days in (40, 30, 20, 11, 9, 0):
        ended(ledger, days)
    remove_expired(run_of(ledger, tmp_path), NOW)
    assert known(ledger) == [name(40), name(9), name(0)]  # the first dates the corpus


def test_last_complete_run_of_each_section_stays(ledger, tmp_path):
    first, last, other = ended(ledger, 50), ended(ledger, 40), ended(ledger, 30, spider="foreign_affairs")
    ended(ledger, 20, complete=False)
    remove_expired(run_of(ledger, tmp_path), NOW)
    assert known(ledger) == [first, last, other]
    assert ledger.last_completed_run("defense") == f"{NOW - timedelta(days=40):%Y-%m-%dT%H:%M:%SZ}"
    ended(ledger, 0)
    with ledger.transaction() as connection:
        assert connection.scalar(sa.select(sa.func.max(runs.c.complete))) == 4  # numbers go on


def test_runs_that_monitors_compare_with_stay(ledger, tmp_path):
    for days in (90, 30, 6):
        ended(ledger, days, complete=False)
    remove_expired(run_of(ledger, tmp_path, keep_runs_days=1, baseline_days=29), NOW)
    assert known(ledger) == [name(90), name(30), name(6)]


def test_a_run_removes_so_many_and_the_next_goes_on(ledger, tmp_path, monkeypatch):
    monkeypatch.setattr(retention, "MOST", 3)
    for days in range(30, 20, -1):
        ended(ledger, days, complete=False)
    left = []
    for _ in range(5):
        remove_expired(run_of(ledger, tmp_path), NOW)
        left.append(len(known(ledger)))
    assert left == [7, 4, 1, 1, 1]


def test_first_run_of_a_day_looks_once(ledger, tmp_path):
    remove_expired(run_of(ledger, tmp_path), NOW)
    ended(ledger, 40)
    ended(ledger, 30, complete=False)
    remove_expired(run_of(ledger, tmp_path), NOW + timedelta(hours=1))
    assert len(known(ledger)) == 2
    remove_expired(run_of(ledger, tmp_path), NOW + timedelta(days=1))
    assert len(known(ledger)) == 1


def test_run_with_a_wrong_clock_removes_nothing(ledger, tmp_path):
    for days in (40, 30, 20):
        ended(ledger, days, complete=False)
    remove_expired(run_of(ledger, tmp_path, clock="900 days ahead of the site's"), NOW)
    ledger.is_clock_right = False
    remove_expired(run_of(ledger, tmp_path), NOW)
    assert len(known(ledger)) == 3


def summaries_of(folder, *names):
    (folder / "runs").mkdir(exist_ok=True)
    for each in names:
        (folder / "runs" / each).write_text(json.dumps({"run_id": each}, indent=1))


def files(folder):
    return sorted(path.name for path in (folder / "runs").iterdir())


def test_old_summaries_are_removed_and_nothing_else(ledger, tmp_path):
    kept = [f"{name(0)}.json", f"{name(9)[:8]}.jsonl", "notes.json", f"{name(20)}.txt", "0-old.json"]
    summaries_of(tmp_path, *kept, f"{name(11)}.json", f"{name(20)}-2.json", f"{name(11)[:8]}.jsonl")
    remove_expired(run_of(ledger, tmp_path), NOW)
    assert files(tmp_path) == sorted(kept)


def lines(folder, days):
    joined = (folder / "runs" / f"{name(days)[:8]}.jsonl").read_text("utf-8")
    return [json.loads(line)["run_id"] for line in joined.splitlines()]


def test_summaries_of_earlier_days_are_joined_by_day(ledger, tmp_path):
    first, second, third, today = f"{name(3)}.json", f"{name(3)}-2.json", f"{name(1)}.json", f"{name(0)}.json"
    summaries_of(tmp_path, first, second, third, today)
    remove_expired(run_of(ledger, tmp_path), NOW)
    assert files(tmp_path) == sorted([f"{name(3)[:8]}.jsonl", f"{name(1)[:8]}.jsonl", today])
    assert (lines(tmp_path, 3), lines(tmp_path, 1)) == ([second, first], [third])
    summaries_of(tmp_path, late := f"{name(1)}-late.json")
    remove_expired(run_of(ledger, tmp_path), NOW + timedelta(days=1))
    assert lines(tmp_path, 1) == [third, late]
    assert lines(tmp_path, 0) == [today]


def test_summary_is_joined_once_although_a_kill_left_it(ledger, tmp_path):
    summaries_of(tmp_path, summary := f"{name(1)}.json")
    content = (tmp_path / "runs" / summary).read_text()
    remove_expired(run_of(ledger, tmp_path), NOW)
    (tmp_path / "runs" / summary).write_text(content)
    remove_expired(run_of(ledger, tmp_path), NOW + timedelta(days=1))
    assert files(tmp_path) == [f"{name(1)[:8]}.jsonl"]
    assert lines(tmp_path, 1) == [summary]


def test_damaged_summary_stays_as_it_is(ledger, tmp_path):
    summaries_of(tmp_path, f"{name(2)}.json")
    (tmp_path / "runs" / f"{name(2)}-torn.json").write_text('{"run_id": ')
    remove_expired(run_of(ledger, tmp_path), NOW)
    assert files(tmp_path) == sorted([f"{name(2)[:8]}.jsonl", f"{name(2)}-torn.json"])


def archived(folder, days, *, pages="", is_ended=True, removes=()):
    folder.mkdir(exist_ok=True)
    content = run_record(f"{name(days)}.warc.gz", NOW, {})
    if removes:
        content += event_record("removed", NOW, {"articles": removes})
    if is_ended:
        content += event_record("ended", NOW, {"complete": True, "exit_status": 0, "reason": "finished"})
    (folder / f"{name(days)}.warc.gz").write_bytes(content)
    (folder / f"{name(days)}.cdxj").write_text(pages)


def test_empty_archives_are_removed(ledger, tmp_path):
    folder = tmp_path / "archive"
    archived(folder, 40)
    archived(folder, 30, pages="net,alqaheranews)/news/1 20261124170639 {}\n", is_ended=False)
    archived(folder, 29)  # published what the killed run had accepted
    archived(folder, 28)
    archived(folder, 9)
    for _ in range(2):
        remove_expired(run_of(ledger, tmp_path, archive=True), NOW)
    assert sorted(path.stem.removesuffix(".warc") for path in folder.glob("*.gz")) == [name(30), name(29), name(9)]
    assert len(list(folder.iterdir())) == 6


def test_archive_of_a_run_that_removed_an_article_stays(tmp_path):
    archived(tmp_path, 40, removes=["1"])
    archived(tmp_path, 39)
    assert [path.name for path in empty_archives(tmp_path, name(10))] == [f"{name(39)}.warc.gz", f"{name(39)}.cdxj"]


def test_index_without_its_file_is_removed(tmp_path):
    archived(tmp_path, 40)
    (tmp_path / f"{name(40)}.warc.gz").unlink()
    archived(tmp_path, 39)
    assert len(list(empty_archives(tmp_path, name(10)))) == 4


def test_crawl_removes_what_is_too_old(tmp_path):
    with small_site(2) as site:
        corpus = site.corpus(tmp_path)
        summaries = corpus.folder / "runs"
        summaries.mkdir(parents=True)
        (summaries / "20250101T000000Z-defense.json").write_text("{}")
        archived(corpus.folder / "archive", 400)
        assert corpus.crawl("defense", settings=QUICK | {"ALQAHIRA_ARCHIVE": "true"}).status == 0
        assert len(list(summaries.iterdir())) == 1
        assert len(list((corpus.folder / "archive").glob("*.warc.gz"))) == 1
