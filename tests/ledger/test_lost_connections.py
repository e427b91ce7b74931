"""A run on PostgreSQL that loses its session: it continues if nobody has taken its lock, and writes nothing otherwise."""

import threading
from collections import Counter
from dataclasses import replace

import pytest
import sqlalchemy as sa
from ledger_scenario import NOW, accept, body, crawled, lines, link, live, opened, pending, publisher
from scrapyd_server import until

from alqahira.exceptions import LedgerBusy, LedgerLost, LedgerUnreachable
from alqahira.ledger.backends import postgresql
from alqahira.ledger.frontier import MAX_ATTEMPTS, MIN_FAILING
from alqahira.ledger.tables import meta, runs
from alqahira.publishing.manifest import part_files, read_manifest

pytestmark = [pytest.mark.postgres, pytest.mark.chaos]

DEFENSE = "scrapy crawl defense"


def discover(ledger, *numbers):
    return ledger.discover([link(number) for number in numbers], section="defense", run_id="run", now=NOW)


def lose_connection(ledger):
    """End the session of a run on the server, as a broken network does; the run does not notice."""
    pid = pid_of(ledger)
    killer = sa.create_engine(ledger.engine.url, isolation_level="AUTOCOMMIT")
    with killer.connect() as connection:
        connection.execute(sa.text("select pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    killer.dispose()


def pid_of(ledger):
    with ledger.store._connection.begin():
        return ledger.store._connection.scalar(sa.text("select pg_backend_pid()"))


def lose_lock(ledger):
    """Take the lock from the session of a run, which lives on, as a pooler's reset does."""
    with ledger.store._connection.begin():
        ledger.store._connection.execute(sa.text("select pg_advisory_unlock_all()"))


@pytest.fixture
def ledger(database):
    with opened(database, owner=DEFENSE) as made:
        made.start_run("run", "defense", NOW)
        yield made


def lose_the_next_commit(ledger, monkeypatch, *, is_committed=True):
    """The connection breaks while the ledger's next transaction commits, after or before the server has done it."""
    import psycopg  # not with the default tests' extra

    dialect, commit = ledger.engine.dialect, ledger.engine.dialect.do_commit

    def break_off(connection):
        monkeypatch.undo()
        if is_committed:
            commit(connection)
        connection.dbapi_connection.close()
        raise psycopg.OperationalError("server closed the connection")

    monkeypatch.setattr(dialect, "do_commit", break_off)


# --- the lock -----------------------------------------------------------------------------------


def test_write_of_run_that_was_taken_over_is_refused(ledger, database):
    discover(ledger, 1, 2)
    failures = []
    ledger.on_failure = failures.append
    lose_connection(ledger)
    with opened(database, owner="scrapy crawl foreign_affairs") as successor:
        successor.start_run("successor", "foreign_affairs", NOW)
        with pytest.raises(LedgerLost, match=r"another run has taken over the state .*, run successor"):
            accept(ledger, crawled(1))
        assert [type(error) for error in failures] == [LedgerLost]
        assert LedgerLost.exit_status == 3
        ledger.close()
        assert [link.key for link in pending(successor)] == ["1", "2"]
        assert list(successor.records()) == []
        accept(successor, crawled(1))  # its predecessor did not release this lock


def test_run_that_lost_its_lock_alone_writes_nothing_after_its_successor(ledger, database):
    discover(ledger, 1)
    lose_lock(ledger)
    with opened(database, owner="scrapy crawl foreign_affairs") as successor:
        with pytest.raises(LedgerLost, match=r"another run has taken over the state .*, scrapy crawl foreign_affairs"):
            discover(ledger, 2)
        ledger.close()
        with pytest.raises(LedgerBusy) as caught:  # it still has its name
            opened(database)
        assert caught.value.owner == "scrapy crawl foreign_affairs"
        assert [link.key for link in pending(successor)] == ["1"]


def test_run_that_lost_its_lock_continues_without_a_successor(ledger):
    lose_lock(ledger)
    assert accept(ledger, crawled(1)).outcome == "accepted"


def test_successor_waits_for_transaction_in_progress(ledger, database):
    lose_lock(ledger)
    done = []
    opening = threading.Thread(target=lambda: done.append(opened(database).close()))
    with ledger.transaction():
        opening.start()
        until(lambda: done or is_waiting(ledger), lambda: "neither")
        assert done == []
    opening.join()
    assert done == [None]


def is_waiting(ledger):
    """Whether a session waits for the end of another's transaction."""
    with ledger.engine.connect() as connection:
        waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
        return bool(connection.scalar(sa.text(waiting)))


def test_run_back_after_end_of_successor_writes_nothing(ledger, database):
    discover(ledger, 1)
    lose_connection(ledger)
    opened(database).close()
    with pytest.raises(LedgerLost, match="it has ended since"):
        accept(ledger, crawled(1))


def test_lost_connection_is_not_replaced_by_one_without_the_lock(ledger, database):
    """SQLAlchemy reconnects by itself."""
    lose_connection(ledger)
    for _ in range(2):
        with pytest.raises(LedgerUnreachable), ledger.transaction() as connection:
            connection.execute(sa.delete(meta))
    with opened(database, owner="scrapy crawl foreign_affairs"):
        ledger.close()  # without naming itself as the last holder
        with pytest.raises(LedgerBusy, match="scrapy crawl foreign_affairs"):
            opened(database)


def test_lost_run_continues_with_its_lock(ledger, database):
    discover(ledger, 1)
    lose_connection(ledger)
    assert accept(ledger, crawled(1)).outcome == "accepted"
    with pytest.raises(LedgerBusy) as caught:  # it holds its lock again
        opened(database)
    assert caught.value.owner == DEFENSE


def test_run_survives_restart_of_database(ledger, postgres):
    discover(ledger, 1, 2)
    accept(ledger, crawled(1))
    postgres.restart()
    assert accept(ledger, crawled(2)).outcome == "accepted"
    assert [record["article_id"] for record in ledger.records()] == ["1", "2"]


def test_lock_of_live_run_survives_restart(ledger, postgres, database):
    discover(ledger, 1)
    postgres.restart()
    with pytest.raises(LedgerBusy, match=f"has just been restarted under another run, .*{DEFENSE}, run run"):
        opened(database)
    assert accept(ledger, crawled(1)).outcome == "accepted"


def test_lock_of_dead_run_survives_restart_for_a_while_only(ledger, postgres, database, monkeypatch):
    lose_connection(ledger)
    postgres.restart()
    monkeypatch.setattr(postgresql, "PATIENCE", 0.0)
    opened(database).close()


def test_lock_of_ended_run_does_not_survive_restart(ledger, postgres, database):
    ledger.close()
    postgres.restart()
    opened(database).close()


def test_new_run_waits_for_restarting_database(database, postgres):
    opened(database).close()
    postgres.stop()
    done = []
    opening = threading.Thread(target=lambda: done.append(opened(database).close()))
    opening.start()
    postgres.start()
    opening.join()
    assert done == [None]


def test_missing_database_ends_run_with_one_line(ledger, postgres, monkeypatch):
    monkeypatch.setattr(postgresql, "PATIENCE", 0.5)
    postgres.stop()
    try:
        with pytest.raises(LedgerUnreachable, match=r"does not answer for 0\.5 s") as caught:
            discover(ledger, 1)
    finally:
        postgres.start()
    assert "\n" not in str(caught.value)
    assert caught.value.exit_status == 1


@pytest.mark.parametrize("code", ["40001", "40P01"])
def test_transaction_in_conflict_is_repeated_in_the_same_session(ledger, code):
    before, tries = pid_of(ledger), []

    def conflict_once():
        with ledger.transaction() as connection:
            tries.append(code)
            if len(tries) == 1:
                connection.execute(sa.text(f"do $$ begin raise exception using errcode = '{code}'; end $$"))

    ledger.persist(conflict_once)
    assert tries == [code, code]
    assert pid_of(ledger) == before  # and so keeps its lock


@pytest.mark.parametrize(
    "read",
    [
        lambda ledger: list(ledger.records()),
        lambda ledger: list(ledger.records(newest=True)),
        lambda ledger: ledger.is_empty(),
        lambda ledger: ledger.record_count(),
    ],
)
def test_reader_whose_session_ends_has_one_line(ledger, database, read):
    accept(ledger, crawled(1))
    with opened(database, read_only=True) as reader:
        read(reader)
        with ledger.transaction() as connection:
            others = "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
            others += "where backend_type = 'client backend' and pid <> pg_backend_pid()"
            connection.execute(sa.text(others))
        with pytest.raises(LedgerUnreachable, match="does not answer") as caught:
            read(reader)
    assert "\n" not in str(caught.value)


# --- lost commits -------------------------------------------------------------------------------


@pytest.mark.parametrize("is_committed", [True, False])
@pytest.mark.parametrize(
    ("story", "outcome", "cause"),
    [
        (crawled(9), "accepted", ""),
        (crawled(1, headline="عنوان معدل"), "accepted", "revision"),
        (crawled(8, text=body(1), headline="عنوان آخر"), "duplicate", "near_duplicate"),
    ],
)
def test_acceptance_with_lost_commit_is_done_once(ledger, monkeypatch, story, outcome, cause, is_committed):
    accept(ledger, crawled(1))
    story = replace(story, article=replace(story.article))
    lose_the_next_commit(ledger, monkeypatch, is_committed=is_committed)
    verdict = accept(ledger, story)
    assert (verdict.outcome, verdict.cause) == (outcome, cause)
    ids = Counter((record["article_id"], record["revision"]) for record in ledger.records(duplicates=True))
    assert ids.total() == 2
    assert max(ids.values()) == 1


def test_start_of_run_with_lost_commit_is_done_once(ledger, monkeypatch):
    lose_the_next_commit(ledger, monkeypatch)
    assert ledger.start_run("another", "defense", NOW) == "another"
    with ledger.transaction() as connection:
        assert sorted(connection.scalars(sa.select(runs.c.run_id))) == ["another", "run"]


def test_failure_with_lost_commit_is_counted_once(ledger, monkeypatch):
    discover(ledger, 1)
    for _ in range(MAX_ATTEMPTS - 1):
        lose_the_next_commit(ledger, monkeypatch)
        assert not ledger.fail("1", "http_500", retry=True, now=NOW)
    assert [found.key for found in pending(ledger)] == ["1"]
    assert ledger.fail("1", "http_500", retry=True, now=NOW + MIN_FAILING)


# --- parts --------------------------------------------------------------------------------------


def test_second_run_publishes_nothing_again(database, tmp_path):
    live(tmp_path, database)
    before = lines(tmp_path)
    live(tmp_path, database)
    assert lines(tmp_path) == before
    assert max(before.values()) == 1


def test_planned_part_is_written_by_next_run(ledger, database, tmp_path):
    accept(ledger, crawled(1))
    assert publisher(ledger, tmp_path)._plan_one("2026-11-24T12:00:00Z")
    lose_connection(ledger)
    with opened(database) as successor:
        publisher(successor, tmp_path).recover()
    assert lines(tmp_path) == {("1", 1): 1}


@pytest.mark.parametrize("step", ["_plan_one", "_place_planned", "_write_manifest"])
def test_run_with_lost_connection_seals_all_parts(ledger, tmp_path, monkeypatch, step):
    for number in range(5):
        accept(ledger, crawled(number))
    parts = publisher(ledger, tmp_path)
    whole, done = getattr(parts, step), []

    def lose_them_first(*given):
        if not done:
            lose_connection(ledger)
        done.append(True)
        return whole(*given)

    monkeypatch.setattr(parts, step, lose_them_first)
    parts.seal_all()
    assert len(done) >= 2
    assert lines(tmp_path) == {(str(number), 1): 1 for number in range(5)}
    assert {part.path for part in read_manifest(tmp_path)} == set(part_files(tmp_path))


def test_run_that_was_taken_over_does_not_write_manifest(ledger, database, tmp_path):
    accept(ledger, crawled(1))
    late = publisher(ledger, tmp_path)
    lose_connection(ledger)
    with opened(database) as successor:
        publisher(successor, tmp_path).seal_all()
        manifest = (tmp_path / "_manifest.json").read_bytes()
        with pytest.raises(LedgerLost):
            ledger.persist(late._write_manifest)
    assert (tmp_path / "_manifest.json").read_bytes() == manifest
