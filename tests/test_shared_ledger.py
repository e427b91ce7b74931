"""Many runs on one PostgreSQL: each holds its share, none decides about an article behind another's back."""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from datetime import timedelta

import pytest
from ledger_scenario import NOW, accept, body, crawled, link, opened
from shared_runs import APRIL, DEFENSE, FOREIGN, MARCH, at_once, discover, lose_connections

from alqahira import settings
from alqahira.archive import close_left_open
from alqahira.errors import ConfigurationError, LedgerBusy, LedgerLost, LedgerUnusable
from alqahira.frontier import Standing

pytestmark = pytest.mark.postgres

# --- shares -------------------------------------------------------------------------------------


def test_runs_of_different_shares_go_on_at_once(holding):
    for share in (MARCH, APRIL, DEFENSE, FOREIGN):
        holding(share)


def test_a_share_that_is_held_is_refused_and_says_by_whom(holding, database):
    holding(MARCH, "20250401T000000Z-defense")
    with pytest.raises(
        LedgerBusy, match=rf"another run holds the share {MARCH} .*process {os.getpid()} on .*run 20250401T000000Z"
    ):
        opened(database, share=MARCH)


def test_a_killed_worker_lets_its_share_go(database):
    code = (
        "import os; from alqahira.ledger import open_ledger; "
        f"open_ledger('{database}', share='{MARCH}'); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    opened(database, share=MARCH).close()


def test_two_nodes_may_make_the_tables_at_once(database):
    code = f"from alqahira.ledger import open_ledger; import sys; open_ledger('{database}', share=sys.argv[1]).close()"
    nodes = [subprocess.Popen([sys.executable, "-c", code, f"defense/2025-0{n}"]) for n in range(1, 5)]
    assert [node.wait(240) for node in nodes] == [0, 0, 0, 0]


def test_a_share_says_nothing_of_who_may_enter(database):
    url = database.replace("test@", "test:s3cret@")
    with opened(url, share=MARCH), pytest.raises(LedgerBusy) as caught:
        opened(url, share=MARCH)
    assert "s3cret" not in str(caught.value)


def test_four_runs_that_begin_in_one_second_have_names_of_their_own_and_one_site(holding):
    names = []

    def begin(_, ledger):
        ledger.claim_site("site.example")
        names.append(ledger.start_run("20250401T000000Z-defense", "defense", NOW))

    at_once(holding, begin)
    assert len(set(names)) == 4


def test_what_a_living_run_archives_is_left_to_it(holding, tmp_path):
    march, april = holding(MARCH, "march"), holding(APRIL, "april")
    assert april.store.living_runs() == {"march"}
    (tmp_path / "march.warc.gz.open").touch()
    (tmp_path / "dead.warc.gz.open").touch()
    close_left_open(tmp_path, april, max_bytes=1000, living=april.store.living_runs)
    assert [path.name for path in tmp_path.iterdir()] == ["march.warc.gz.open"]
    march.close()
    assert april.store.living_runs() == set()


# --- the frontier -------------------------------------------------------------------------------


def test_what_one_run_is_at_is_elsewhere_for_the_other_until_it_is_known(holding):
    march, april = holding(MARCH), holding(APRIL)
    assert discover(march, 1, 2) == [Standing.NEW, Standing.NEW]
    assert discover(april, 1, 3) == [Standing.ELSEWHERE, Standing.NEW]
    accept(march, crawled(1))
    assert discover(april, 1) == [Standing.FRESH]


def test_each_share_takes_up_its_own_pages_alone(holding):
    march, april = holding(MARCH), holding(APRIL)
    discover(march, 1, 2)
    discover(april, 3)
    assert [found.key for found in march.pending(DEFENSE)] == ["1", "2"]
    assert [found.key for found in april.pending(DEFENSE)] == ["3"]


def test_what_a_dead_run_left_is_taken_up_by_the_next_of_its_share(holding):
    discover(holding(MARCH), 1, 2)
    lose_connections(dead := holding(APRIL))
    discover(next_of_it := holding(APRIL), 3)
    assert [found.key for found in next_of_it.pending(DEFENSE)] == ["3"]
    with pytest.raises(LedgerLost):
        discover(dead, 4)


def test_what_a_dead_run_left_may_be_taken_by_any_run_that_meets_it(holding):
    march, foreign = holding(MARCH), holding(FOREIGN)
    discover(march, 1)
    march.close()
    assert discover(foreign, 1, section=FOREIGN) == [Standing.PENDING]
    foreign.close()
    # It is that section's page now, for the run after the next.
    assert [found.key for found in holding(FOREIGN).pending(FOREIGN)] == ["1"]


def test_what_a_run_ends_with_while_another_meets_it_is_not_taken_for_pending(holding, monkeypatch):
    """The other has read «pending», and asks for the page when the run that was at it is gone."""
    defense, foreign = holding(DEFENSE), holding(FOREIGN)
    discover(defense, 1, 2)
    claim = foreign.store.claim

    def end_first(*given):
        accept(defense, crawled(1))
        defense.finish_run("defense", {}, 0, NOW, complete=True)
        defense.close()
        return claim(*given)

    with monkeypatch.context() as patch:
        patch.setattr(foreign.store, "claim", end_first)
        assert discover(foreign, 1, 2, section=FOREIGN) == [Standing.ELSEWHERE, Standing.PENDING]
    assert discover(foreign, 1, 2, section=FOREIGN) == [Standing.FRESH, Standing.PENDING]


def test_the_section_s_own_run_takes_up_what_no_living_run_is_at(holding):
    march, april = holding(MARCH), holding(APRIL)
    discover(march, 1)
    discover(april, 2)
    march.close()
    assert [found.key for found in holding(DEFENSE).pending(DEFENSE)] == ["1"]


def test_a_page_that_fails_for_now_is_free_for_others_at_once(holding):
    march, april = holding(MARCH), holding(APRIL)
    discover(march, 1)
    march.fail("1", "timeout", retry=True, now=NOW, run_id="run")
    assert discover(april, 1) == [Standing.PENDING]


def test_a_month_asks_no_known_article_again(holding):
    march = holding(MARCH)
    discover(march, 1)
    accept(march, crawled(1))
    later = NOW + timedelta(days=1)
    assert march.due(later, 10) == []
    assert [found.link.key for found in holding(DEFENSE).due(later, 10)] == ["1"]


def test_a_complete_run_settles_what_its_share_met_and_no_more(holding):
    march, april = holding(MARCH), holding(APRIL)
    discover(march, 1)
    discover(april, 2)
    accept(march, crawled(1))
    accept(april, crawled(2))
    march.finish_run("defense-2025-03", {}, 0, NOW, complete=True)
    found = april.discover([link(1), link(2)], section=DEFENSE, run_id="run", now=NOW)
    assert [discovery.settled for discovery in found] == [True, False]


def test_two_runs_that_find_the_same_thousand_pages_share_them_and_do_not_wait_for_ever(holding):
    numbers = list(range(1000))
    found = {}

    def find(share, order):
        found[share] = discover(ledgers[share], *order)

    ledgers = {MARCH: holding(MARCH), APRIL: holding(APRIL)}
    finders = [
        threading.Thread(target=find, args=(MARCH, numbers)),
        threading.Thread(target=find, args=(APRIL, numbers[::-1])),
    ]
    for finder in finders:
        finder.start()
    for finder in finders:
        finder.join()
    counted = Counter(found[MARCH]) + Counter(found[APRIL])
    assert counted == {Standing.NEW: 1000, Standing.ELSEWHERE: 1000}


# --- articles -----------------------------------------------------------------------------------


def accept_at_once(holding, stories_of):
    """Four runs accept at once, each its stories in its order; how often each outcome was given."""
    outcomes = Counter()

    def accept_all(n, ledger):
        for story in stories_of(n):
            outcomes[accept(ledger, story).outcome] += 1

    return outcomes, at_once(holding, accept_all)


def test_an_article_that_four_runs_meet_at_once_is_accepted_once(holding):
    outcomes, ledger = accept_at_once(holding, lambda n: [crawled(number) for number in range(25)][:: (-1) ** n])
    assert outcomes == {"accepted": 25, "unchanged": 75}
    assert len(list(ledger.records())) == 25


def test_a_wire_story_under_four_numbers_at_once_is_accepted_once(holding):
    def copies(n):
        return [crawled(1000 * n + number, text=body(number), headline=f"{n}-{number}") for number in range(1, 16)]

    outcomes, ledger = accept_at_once(holding, copies)
    assert outcomes == {"accepted": 15, "duplicate": 45}
    assert len(list(ledger.records())) == 15


def test_revisions_that_four_runs_bring_at_once_are_numbered_one_after_the_other(holding):
    outcomes, ledger = accept_at_once(holding, lambda n: [crawled(1, headline=f"عنوان من العقدة {n}")])
    assert outcomes == {"accepted": 4}
    assert sorted(record["revision"] for record in ledger.records()) == [1, 2, 3, 4]


# --- pace ---------------------------------------------------------------------------------------


def test_runs_that_ask_the_same_host_take_turns(holding):
    march, april = holding(MARCH).store.pace, holding(APRIL).store.pace
    waits = [pace.reserve("site", 50.0)[0] for pace in (march, april, march, april)]
    assert [round(wait, -1) for wait in waits] == [0, 50, 100, 150]
    assert march.reserve("another", 50.0)[0] == 0


def test_a_host_that_asked_one_run_to_wait_is_left_alone_by_all(holding):
    march, april = holding(MARCH).store.pace, holding(APRIL).store.pace
    march.reserve("site", 0.0)
    march.hold("site", 100.0)
    march.hold("site", 10.0)
    assert 90 < april.held("site") <= 100
    wait, held = april.reserve("site", 0.0)
    assert 90 < wait <= 100
    assert 90 < held <= 100
    assert april.held("another") == 0


# --- the address --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (
            "postgresql://user:s3cret@127.0.0.1:1/corpus",
            r"postgresql://127\.0\.0\.1:1/corpus cannot be opened: .*refused",
        ),
        ("postgresql+psycopg2://user:s3cret@host/corpus", "must be sqlite:///<file> or postgresql://"),
        ("postgresql://user:s3cret@host", "names no database"),
        ("postgres:/user:s3cret@host", "is no database URL"),
        ("postgresql://user:s3cret@host:port/corpus", "is no database URL"),
        ("mysql://user:s3cret@host/corpus", "must be"),
    ],
)
def test_an_address_that_leads_nowhere_is_one_line_without_the_password(url, says, monkeypatch):
    monkeypatch.setattr(settings, "POSTGRESQL_OPENING_PATIENCE", 0.0)
    with pytest.raises((ConfigurationError, LedgerUnusable), match=says) as caught:
        opened(url)
    assert caught.value.exit_status == 2
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)
